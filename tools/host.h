/*
 * host.h - Linux as an embedder of compiled wasm: what the tools share.
 *
 *   host_module     bytes, decoded, compiled and placed in executable memory
 *   host_instance   an instance with its own linear memory reservation
 *   host_call       runs an exported function on the wasm stack; traps come back as a number
 *
 * One thread, one process: a trap leaves by siglongjmp to the innermost host_call.
 */
#ifndef TOOLS_HOST_H
#define TOOLS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "wasm/wasm.h"

struct host_module {
    uint8_t *bytes;
    size_t size;
    struct wasm_module *module;
    struct wasm_image *image;
    uint8_t *code;
    size_t code_mapped;
    uint8_t *map; size_t map_size;  /* of image_file.c: all of the above are in it */
    struct host_module *next;       /* all that are loaded, for look-ups by address */
};

struct host_instance {
    struct wasm_instance *in;
    struct host_module *mod;
    struct wasm_memory *mems;       /* those that the module defines */
    uint32_t nmems;
};

/* host.c */

/* The allocator of the compiler; counts bytes held. */
extern struct wasm_host host_heap;
size_t host_heap_peak(void);        /* most bytes held since the last call */

/* Options for this CPU: all features of the language, nothing dumped. */
void host_options(struct wasm_options *o);
/* "base,simd,tail,...", "all": WASM_F_* bits; false if there is an unknown name. */
bool host_features(const char *list, uint32_t *features);
/* Of the CPU's features, use only those that the list names (none, all, lzcnt, avx2, ...). */
bool host_cpu(const char *list);
/* The names of WASM_CPU_* bits, with commas. */
void host_cpu_names(uint32_t bits, char *to, size_t size);
/* wasm_options.passes_off and .stress that host_options gives from now on */
void host_passes(uint32_t off, uint32_t stress);
/* Whole file in malloc'ed memory; NULL with errno set. */
uint8_t *host_read_file(const char *path, size_t *size);

/* Takes `bytes` over (free), even on failure. NULL with *err filled. */
struct host_module *host_module_load(uint8_t *bytes, size_t size, const struct wasm_options *o,
                                     struct wasm_error *err);
/* Makes a module known to host_module_at. */
void host_module_add(struct host_module *m);
void host_module_free(struct host_module *m);
struct host_module *host_module_at(const void *pc);

/*
 * Instantiates and runs the start function. NULL with *err filled when it does not link. A trap on
 * the way is returned in *trap, and the instance lives on, for its functions may sit in tables.
 */
struct host_instance *host_instance_make(struct host_module *m, wasm_resolve_fn *resolve, void *ctx,
                                         void *embedder, int *trap, struct wasm_error *err);
void host_instance_free(struct host_instance *hi);

/* Reserves address space for a linear memory of no pages yet; false: none left. */
bool host_memory_reserve(struct wasm_memory *m);
void host_memory_release(struct wasm_memory *m);

/* trap.c */

#define HOST_EXIT (-1)              /* host_call was left by host_leave */

struct host_frame { const struct host_module *mod; struct wasm_site site; };
#define HOST_FRAMES 48
struct host_trace {
    uint32_t n, total;              /* frames kept, frames found */
    struct host_frame frames[HOST_FRAMES];
};

/*
 * Calls a function: arguments in v[], results in v[] afterwards; v holds the larger number of both.
 * Returns WASM_TRAP_NONE, a trap, or HOST_EXIT. May be called again from inside.
 */
int host_call(const struct wasm_extern *fn, union wasm_value *v);
/* From a function that wasm called: ends the innermost host_call, which returns HOST_EXIT. */
_Noreturn void host_leave(void);
/* Where the last trap was. */
const struct host_trace *host_last_trace(void);
void host_trace_print(FILE *f, const struct host_trace *t);
/* "out of bounds memory access", or what stands for HOST_EXIT */
const char *host_trap_text(int trap);
/* lowest rsp for calls out of compiled code; sets signals and the stack up at the first call */
uintptr_t host_stack_limit(void);

#endif
