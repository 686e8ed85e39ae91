/*
 * spectest.c - the module "spectest" that the scripts import: print functions that print nothing,
 * globals of 666, a table of 10 to 20 elements, and memories of 1 to 2 pages.
 */
#include "tests/spec/script.h"

static const struct { const char *name; uint8_t nparams, params[2]; } funcs[] = {
    { "print", 0, { 0, 0 } },
    { "print_i32", 1, { WASM_I32, 0 } },
    { "print_i64", 1, { WASM_I64, 0 } },
    { "print_f32", 1, { WASM_F32, 0 } },
    { "print_f64", 1, { WASM_F64, 0 } },
    { "print_i32_f32", 2, { WASM_I32, WASM_F32 } },
    { "print_f64_f64", 2, { WASM_F64, WASM_F64 } },
};
static const struct { const char *name; uint8_t type; uint64_t bits; } globals[] = {
    { "global_i32", WASM_I32, 666 },
    { "global_i64", WASM_I64, 666 },
    { "global_f32", WASM_F32, 0x4426a666 },             /* 666.6 */
    { "global_f64", WASM_F64, 0x4084d4cccccccccd },
};

void spectest_print(struct wasm_instance *in)
{
}

static bool name_is(struct wasm_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.s, s, n.len) == 0;
}

static bool find_memory(struct spectest *t, struct wasm_memory *m, bool shared,
                        struct wasm_extern *out)
{
    out->kind = WASM_MEMORY;
    out->memory = m;
    if (m->base)
        return true;
    m->max = 2;
    m->has_max = true;
    m->shared = shared;
    return embed_memory(t->embed, m) && wasm_host_memory_grow(m, 0, 1);
}

bool spectest_find(struct spectest *t, struct wasm_name field, struct wasm_extern *out)
{
    if (name_is(field, "memory"))
        return find_memory(t, &t->memory, false, out);
    if (name_is(field, "shared_memory"))
        return find_memory(t, &t->shared, true, out);
    if (name_is(field, "table")) {
        if (!t->table.entries)
            t->table = (struct wasm_table){
                .entries = embed_table(t->embed, 10 * sizeof *t->table.entries), .size = 10,
                .capacity = 10, .max = 20, .has_max = true, .type = WASM_FUNCREF };
        out->kind = WASM_TABLE;
        out->table = &t->table;
        return t->table.entries;
    }
    for (unsigned i = 0; i < sizeof funcs / sizeof *funcs; i++)
        if (name_is(field, funcs[i].name)) {
            t->types[i] = (struct wasm_functype){ funcs[i].nparams, 0, funcs[i].params,
                                                  funcs[i].params };
            out->kind = WASM_FUNC;
            out->type = &t->types[i];
            out->code = (void *)spectest_print;
            return true;
        }
    for (unsigned i = 0; i < sizeof globals / sizeof *globals; i++)
        if (name_is(field, globals[i].name)) {
            t->values[i].i64 = globals[i].bits;
            out->kind = WASM_GLOBAL;
            out->global_type = globals[i].type;
            out->global = &t->values[i];
            return true;
        }
    return false;
}
