/*
 * script.h - the WebAssembly specification's scripts in packed form, and what runs them. The same
 * code runs in the tools on Linux and inside the kernel: no libc, all else comes from the embedder.
 *
 * A pack is PACK_MAGIC and then scripts. All numbers are little-endian and unaligned:
 *   script   u32 length and bytes of its name; u32 features (WASM_F_*); u32 commands left out;
 *            u32 commands; u32 size of the commands in bytes; the commands
 *   command  u8 enum script_kind, u8 SCRIPT_* flags, u32 line; name, field, text and module, each
 *            u32 length and bytes; u32 arguments, u32 results, both struct script_value
 * What a command does not need is empty. tools/pack.c makes packs from JSON.
 */
#ifndef TESTS_SPEC_SCRIPT_H
#define TESTS_SPEC_SCRIPT_H

#include <stdarg.h>
#include "wasm/wasm.h"

#define PACK_MAGIC "wasmspec"

/* X(identifier, the name in JSON) */
#define SCRIPT_KINDS(X) \
    X(MODULE,           "module")               /* name: of the instance */ \
    X(DEFINITION,       "module_definition")    /* name: of the definition */ \
    X(INSTANCE,         "module_instance")  /* name: of the instance; field: the definition's */ \
    X(REGISTER,         "register")             /* name: of the instance; field: for imports */ \
    X(ACTION,           "action")               /* name: of the instance; field: of the export */ \
    X(RETURN,           "assert_return") \
    X(TRAP,             "assert_trap") \
    X(EXHAUSTION,       "assert_exhaustion") \
    X(EXCEPTION,        "assert_exception") \
    X(MALFORMED,        "assert_malformed") \
    X(INVALID,          "assert_invalid") \
    X(UNLINKABLE,       "assert_unlinkable") \
    X(UNINSTANTIABLE,   "assert_uninstantiable")
enum script_kind {
#define X(id, name) SCRIPT_##id,
    SCRIPT_KINDS(X)
#undef X
    SCRIPT_KIND_COUNT
};
#define SCRIPT_GET 1            /* the action reads a global */
#define SCRIPT_ACTS 2           /* there is an action */
#define SCRIPT_HAS_MODULE 4

/* An argument, or a result as it may be. */
enum { VALUE_BITS, VALUE_NULL, VALUE_ANY_REF, VALUE_UNKNOWN };
struct script_value {
    uint8_t kind, type;         /* type: enum wasm_type */
    uint8_t lane;               /* bytes of what is compared at a time */
    uint8_t more;               /* the next one is another possibility for the same result */
    uint16_t canonical, arithmetic;     /* lanes that are to be such a NaN (wasm 4.3.3) */
    uint8_t bits[16];           /* an external reference n is n + 1, since null is 0 */
};
_Static_assert(sizeof(struct script_value) == 24, "as it stands in packs");

struct script {
    struct wasm_name name;
    uint32_t features, left_out, ncommands;
    const uint8_t *commands;
    size_t size;
};

/* The script at *at (0: the first), and *at moves on; false: no more, or no pack. */
bool script_next(const uint8_t *pack, size_t size, size_t *at, struct script *s);

struct script_result { uint32_t passed, total, left_out, line; };

struct embed;
/* Runs it, counting in *r. Modules stay loaded until the embedder drops them all, since a module
 * may hold another's functions even when its own instantiation failed. */
void script_run(const struct script *s, struct embed *e, struct script_result *r);

/* ---- value.c */

/* Is v, of that type, what one of the possibilities that begin at `want` allows? */
bool value_matches(const struct script_value *want, uint8_t type, const union wasm_value *v);

/* ---- spectest.c: the module that scripts import */

struct spectest {
    struct embed *embed;
    struct wasm_table table;
    struct wasm_memory memory, shared;
    union wasm_value values[4];
    struct wasm_functype types[7];
};
bool spectest_find(struct spectest *t, struct wasm_name field, struct wasm_extern *out);
/* What all its functions do: nothing. */
void spectest_print(struct wasm_instance *in);

/* ---- the embedder: tools/script.c, tests/kernel/spec.c ---- */

struct embed_module;

/* Zeroed memory that stays to the end of the script, or NULL. */
void *embed_alloc(struct embed *e, size_t size);
/* Decodes, compiles, places. NULL with *err. `bytes` stay. */
struct embed_module *embed_load(struct embed *e, const uint8_t *bytes, size_t size,
                                uint32_t features, struct wasm_error *err);
void embed_unload(struct embed *e, struct embed_module *m);
/* Instantiates and runs `start`. NULL with *err if it does not link; a trap on the way in *trap. */
struct wasm_instance *embed_instantiate(struct embed *e, struct embed_module *m,
                                        wasm_resolve_fn *resolve, void *ctx, int *trap,
                                        struct wasm_error *err);
/* Calls a function with v[] as arguments and then results; returns the trap. */
int embed_call(struct embed *e, const struct wasm_extern *fn, union wasm_value *v);
/* Address space for a memory of no pages, until the end of the script. */
bool embed_memory(struct embed *e, struct wasm_memory *m);
/* Memory as wasm_host_alloc gives it to instances, until the end of the script. */
void *embed_table(struct embed *e, size_t bytes);
/* snprintf, as far as %s %.*s %u %lx go */
void embed_format(char *to, size_t n, const char *format, va_list ap);
/* The command at r->line begins. */
void embed_begins(struct embed *e, const struct script_result *r);
/* The command at `line` failed. */
void embed_failed(struct embed *e, uint32_t line, const char *kind, const char *why);

#endif
