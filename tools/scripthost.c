/*
 * scripthost.c - the module "spectest" that the scripts import: print functions that print nothing,
 * globals of 666, a table of 10 to 20 elements and a memory of 1 to 2 pages. Made once a process.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/script.h"

static void print_nothing(struct wasm_instance *in)
{
}

struct host_func { const char *name; uint8_t nparams, params[2]; };

static const struct host_func funcs[] = {
    { "print", 0, { 0, 0 } },
    { "print_i32", 1, { WASM_I32, 0 } },
    { "print_i64", 1, { WASM_I64, 0 } },
    { "print_f32", 1, { WASM_F32, 0 } },
    { "print_f64", 1, { WASM_F64, 0 } },
    { "print_i32_f32", 2, { WASM_I32, WASM_F32 } },
    { "print_f64_f64", 2, { WASM_F64, WASM_F64 } },
};
#define NFUNCS (sizeof funcs / sizeof *funcs)

static bool name_is(struct wasm_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.s, s, n.len) == 0;
}

static bool find_func(struct wasm_name field, struct wasm_extern *out)
{
    static struct wasm_functype types[NFUNCS];

    for (size_t i = 0; i < NFUNCS; i++)
        if (name_is(field, funcs[i].name)) {
            types[i] = (struct wasm_functype){ funcs[i].nparams, 0, funcs[i].params,
                                               funcs[i].params };
            out->kind = WASM_FUNC;
            out->type = &types[i];
            out->code = (void *)print_nothing;
            return true;
        }
    return false;
}

static bool find_global(struct wasm_name field, struct wasm_extern *out)
{
    static union wasm_value i32 = { .i32 = 666 }, i64 = { .i64 = 666 };
    static union wasm_value f32 = { .f32 = 666.6f }, f64 = { .f64 = 666.6 };
    static const struct { const char *name; uint8_t type; union wasm_value *v; } globals[] = {
        { "global_i32", WASM_I32, &i32 }, { "global_i64", WASM_I64, &i64 },
        { "global_f32", WASM_F32, &f32 }, { "global_f64", WASM_F64, &f64 },
    };

    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        if (name_is(field, globals[i].name)) {
            out->kind = WASM_GLOBAL;
            out->global_type = globals[i].type;
            out->global_mut = false;
            out->global = globals[i].v;
            return true;
        }
    return false;
}

bool script_spectest(struct wasm_name field, struct wasm_extern *out)
{
    static struct wasm_table table = { .size = 10, .capacity = 10, .max = 20, .has_max = true,
                                       .type = WASM_FUNCREF };
    static struct wasm_memory memory = { .max = 2, .has_max = true };

    if (name_is(field, "table")) {
        if (!table.entries)
            table.entries = calloc(10, sizeof *table.entries);
        out->kind = WASM_TABLE;
        out->table = &table;
        return table.entries != NULL;
    }
    if (name_is(field, "shared_memory")) {
        static struct wasm_memory shared = { .max = 2, .has_max = true, .shared = true };
        out->kind = WASM_MEMORY;
        out->memory = &shared;
        return shared.base || (host_memory_reserve(&shared) && wasm_host_memory_grow(&shared, 1));
    }
    if (name_is(field, "memory")) {
        out->kind = WASM_MEMORY;
        out->memory = &memory;
        return memory.base || (host_memory_reserve(&memory) && wasm_host_memory_grow(&memory, 1));
    }
    return find_func(field, out) || find_global(field, out);
}
