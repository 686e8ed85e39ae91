/*
 * host.h - all that the compiler and the instance runtime need of their embedder.
 *
 * The compiler has no libc and no static mutable data. Its memory comes in chunks from here, and
 * the instance runtime (instance.c) reaches linear memory, traps and grows through here. The kernel
 * implements this in kernel/wasm_host.c, the Linux tools in tools/host.c.
 */
#ifndef WASM_HOST_H
#define WASM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wasm_instance;
struct wasm_memory;
struct wasm_table;

/* Memory for the compiler. `alloc` returns `bytes` bytes (any content, 16-byte aligned) or NULL. */
struct wasm_host {
    void *ctx;
    void *(*alloc)(void *ctx, size_t bytes);
    void (*release)(void *ctx, void *p, size_t bytes);
};

/* freestanding subset that the embedder links in */
void *memcpy(void *restrict d, const void *restrict s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

/*
 * Called by the instance runtime on behalf of running wasm code, on the SIP's stack.
 * wasm_host_trap ends the SIP (kernel) or unwinds to the invocation (tools); it does not return.
 */
_Noreturn void wasm_host_trap(struct wasm_instance *in, int trap);

/* Makes memory usable up to new_pages (64 KiB each; old <= new <= max) and sets m->pages, if that
 * is `old`: of several threads that grow it one succeeds. False: refused, or it is not. */
bool wasm_host_memory_grow(struct wasm_memory *m, uint32_t old, uint32_t new_pages);

/* Copies, fills and moves inside linear memories; ranges are already checked. */
void wasm_host_memory_write(struct wasm_memory *m, uint64_t to, const void *from, uint64_t n);
void wasm_host_memory_fill(struct wasm_memory *m, uint64_t to, uint8_t byte, uint64_t n);
void wasm_host_memory_move(struct wasm_memory *to_m, uint64_t to,
                           struct wasm_memory *from_m, uint64_t from, uint64_t n);

/*
 * memory.atomic.wait and notify on a naturally aligned place inside of a memory. wait sleeps while
 * the `bytes` (4 or 8) there are `expected`, for at most ns nanoseconds if that is not negative,
 * and returns 0 = woken, 1 = not equal, 2 = timed out. notify returns how many it woke.
 */
uint32_t wasm_host_wait(struct wasm_instance *in, struct wasm_memory *m, uint64_t at,
                        uint64_t expected, uint32_t bytes, int64_t ns);
uint32_t wasm_host_notify(struct wasm_instance *in, struct wasm_memory *m, uint64_t at,
                          uint32_t count);

/* Storage of tables and instances: zeroed, 16-byte aligned; NULL = out of memory. */
void *wasm_host_alloc(struct wasm_instance *in, size_t bytes);
void wasm_host_free(struct wasm_instance *in, void *p, size_t bytes);

/* A number for a function type, equal exactly for structurally equal types; 0 = out of memory. */
struct wasm_functype;
uint32_t wasm_host_type_id(const struct wasm_functype *t);

#endif
