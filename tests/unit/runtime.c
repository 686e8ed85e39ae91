/*
 * runtime.c - what wasm/runtime.c does for compiled code, called directly with arguments at the
 * edges of 32 bits, against a model of memory and tables with 64-bit bounds: either all happens, or
 * it traps and nothing does. And wasm/instance.c: what it says of imports with hostile names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/host.h"

enum { ROUNDS = 6000, PAGES = 3, ENTRIES = 40, DATA = 16, ELEMS = 3 };

/* Types () -> (); two functions; tables of 5 to 9 funcrefs and of 4 externrefs; a memory of 1 to 3
 * pages; a passive element and a passive data segment. */
static const uint8_t module[] = {
    0, 'a', 's', 'm', 1, 0, 0, 0,
    1, 4, 1, 0x60, 0, 0,                            3, 3, 2, 0, 0,
    4, 8, 2, 0x70, 1, 5, 9, 0x6f, 0, 4,             5, 4, 1, 1, 1, 3,
    9, 7, 1, 1, 0, 3, 0, 1, 0,                      12, 1, 1,
    10, 7, 2, 2, 0, 0x0b, 2, 0, 0x0b,
    11, 19, 1, 1, 16, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p',
};

static uint8_t memory[PAGES << 16];                 /* the model */
static uint32_t pages = 1;
static void *table[2][ENTRIES];
static uint32_t size[2] = { 5, 4 };
static const uint32_t most[2] = { 9, ENTRIES };
static bool dropped[2];                             /* data, elements */
static void *funcs[ELEMS];

static uint32_t seed = 1;
static int cases, failures;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static uint32_t edge(void)
{
    static const uint32_t edges[] = { 0, 1, 15, 16, 17, 65535, 65536, 65537, 131072, 196608,
        0x7fffffff, 0x80000000, 0xfffffff0, 0xffff0000, 0xfffffffe, 0xffffffff };

    return rnd(3) ? rnd(12) : rnd(2) ? edges[rnd(16)] : 65536 * pages - rnd(20);
}

static void check(bool ok, const char *what)
{
    printf("%sok %d - %s\n", ok ? "" : "not ", ++cases, what);
    failures += !ok;
}

/* Calls a function of the runtime with up to five arguments; its result in v[0]. */
static int call(struct wasm_instance *in, void *code, uint64_t *v, uint32_t n, bool result)
{
    static const uint8_t i64[] = { WASM_I64, WASM_I64, WASM_I64, WASM_I64, WASM_I64 };
    struct wasm_functype t = { .nparams = n, .nresults = result, .params = i64, .results = i64 };
    struct wasm_extern x = { .code = code, .in = in, .type = &t };
    union wasm_value w[6];

    for (uint32_t k = 0; k < n; k++)
        w[k].i64 = v[k];
    int trap = host_call(&x, w);
    v[0] = w[0].i64;
    return trap;
}

static bool fits(uint64_t at, uint64_t n, uint64_t end)
{
    return at + n <= end;
}

/* One operation of memory 0 here and in the model; false: they differ. */
static bool memory_step(struct wasm_instance *in, const struct wasm_memory *m)
{
    uint64_t v[6] = { edge(), edge(), edge() }, bytes = (uint64_t)pages << 16;
    uint32_t to = (uint32_t)v[0], from = (uint32_t)v[1], n = (uint32_t)v[2], what = rnd(40);
    bool ok;

    if (what == 0) {
        v[0] = 0, v[1] = rnd(4) ? 0 : edge();
        bool grows = pages + v[1] <= PAGES;
        uint32_t old = pages;
        pages += grows ? (uint32_t)v[1] : 0;
        return call(in, (void *)in->rt->memory_grow, v, 2, true) == 0
            && (uint32_t)v[0] == (grows ? old : UINT32_MAX) && m->pages == pages;
    }
    if (what < 15) {
        if ((ok = fits(to, n, bytes) && fits(from, n, bytes)))
            memmove(memory + to, memory + from, n);
        ok = (call(in, (void *)in->rt->memory_copy, v, 4, false) == 0) == ok;
    } else if (what < 28) {
        if ((ok = fits(to, n, bytes)))
            memset(memory + to, (uint8_t)from, n);
        ok = (call(in, (void *)in->rt->memory_fill, v, 4, false) == 0) == ok;
    } else {
        if ((ok = fits(to, n, bytes) && fits(from, n, dropped[0] ? 0 : DATA)))
            memcpy(memory + to, module + sizeof module - DATA + from, n);
        ok = (call(in, (void *)in->rt->memory_init, v, 4, false) == 0) == ok;
    }
    return ok && memcmp(memory, m->base, bytes) == 0;
}

static void *any_ref(uint32_t t)
{
    return rnd(4) == 0 ? NULL : t ? (void *)(uintptr_t)(rnd(9) + 1) : funcs[rnd(ELEMS)];
}

static bool same_table(struct wasm_instance *in, uint32_t t)
{
    struct wasm_table *is = ((struct wasm_table **)((char *)in + in->module->off_tables))[t];

    if (is->size != size[t])
        return false;
    for (uint32_t k = 0; k < size[t]; k++)
        if (is->entries[k].ref != table[t][k] || (!t && !is->entries[k].code != !table[t][k]))
            return false;
    return true;
}

/* The model's table.copy and the like: entries from `from`, which has `have`; false: a trap. */
static bool move(uint32_t t, uint64_t to, void **from, uint64_t at, uint64_t n, uint64_t have)
{
    if (!fits(to, n, size[t]) || !fits(at, n, have))
        return false;
    memmove(&table[t][to], from + at, n * sizeof *from);
    return true;
}

static bool table_step(struct wasm_instance *in)
{
    const struct wasm_runtime *rt = in->rt;
    uint64_t v[6] = { edge(), edge(), edge() };
    uint32_t t = rnd(2), at = (uint32_t)v[0], from = (uint32_t)v[1], n = (uint32_t)v[2];
    void *ref = any_ref(t);
    bool ok;

    switch (rnd(7)) {
    case 0:
        v[1] = t;
        ok = (call(in, (void *)rt->table_get, v, 2, true) == 0) == (at < size[t]);
        return ok && (at >= size[t] || (void *)(uintptr_t)v[0] == table[t][at]);
    case 1:
        v[1] = (uintptr_t)ref, v[2] = t;
        if ((ok = at < size[t]))
            table[t][at] = ref;
        return (call(in, (void *)rt->table_set, v, 3, false) == 0) == ok && same_table(in, t);
    case 2:
        n = rnd(4) ? rnd(2) : n;
        v[0] = (uintptr_t)ref, v[1] = n, v[2] = t;
        uint32_t old = size[t];
        if (!t ? (ok = fits(old, n, most[0])) : (ok = n < 2 && fits(old, n, ENTRIES)))
            for (uint32_t k = 0; k < n; k++)
                table[t][size[t]++] = ref;
        else if (t && n < 1u << 24)
            return true;            /* the second one has no limit: not tried */
        return call(in, (void *)rt->table_grow, v, 3, true) == 0
            && (uint32_t)v[0] == (ok ? old : UINT32_MAX) && same_table(in, t);
    case 3:
        v[1] = (uintptr_t)ref, v[3] = t;
        if ((ok = fits(at, n, size[t])))
            for (uint32_t k = 0; k < n; k++)
                table[t][at + k] = ref;
        return (call(in, (void *)rt->table_fill, v, 4, false) == 0) == ok && same_table(in, t);
    case 4: case 5:
        v[3] = t | t << 16;
        ok = move(t, at, table[t], from, n, size[t]);
        return (call(in, (void *)rt->table_copy, v, 4, false) == 0) == ok && same_table(in, t);
    default:
        v[3] = 0;
        ok = move(0, at, funcs, from, n, dropped[1] ? 0 : ELEMS);
        return (call(in, (void *)rt->table_init, v, 4, false) == 0) == ok && same_table(in, 0);
    }
}

static struct host_module *load(const uint8_t *bytes, size_t n)
{
    struct wasm_options o;
    struct wasm_error err;
    uint8_t *own = malloc(n);

    host_options(&o);
    memcpy(own, bytes, n);
    struct host_module *m = host_module_load(own, n, &o, &err);
    if (!m) {
        printf("Bail out! %s (byte 0x%llx)\n", err.text, (long long)err.offset);
        exit(1);
    }
    return m;
}

static void steps(void)
{
    struct wasm_error err;
    int trap = 0;
    struct host_instance *hi = host_instance_make(load(module, sizeof module), NULL, NULL, NULL,
                                                  &trap, &err);
    struct wasm_instance *in = hi->in;
    struct wasm_funcref *f = (struct wasm_funcref *)((char *)in + in->module->off_funcrefs);
    bool ok = true;

    for (int k = 0; k < ELEMS; k++)
        funcs[k] = &f[k % 2];
    for (int k = 0; k < ROUNDS && ok; k++) {
        ok = memory_step(in, &hi->mems[0]);
        if (k == ROUNDS / 2) {
            dropped[0] = true;
            ok = ok && call(in, (void *)in->rt->data_drop, (uint64_t[6]){ 0 }, 1, false) == 0;
        }
    }
    check(ok, "memory.grow, copy, fill, init, data.drop do all or nothing");
    ok = true;
    for (int k = 0; k < ROUNDS && ok; k++) {
        ok = table_step(in);
        if (k == ROUNDS / 2) {
            dropped[1] = true;
            ok = ok && call(in, (void *)in->rt->elem_drop, (uint64_t[6]){ 0 }, 1, false) == 0;
        }
    }
    check(ok, "table.get, set, grow, fill, copy, init, elem.drop do all or nothing");
    check(size[0] == most[0] && pages > 1, "both have grown");
}

static bool nothing(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    return false;
}

/* An import whose names are n bytes of `with`. */
static bool refused(uint32_t n, uint8_t with)
{
    static uint8_t bytes[1000];
    static const uint8_t head[] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2 };
    uint32_t at = sizeof head, body = 1 + 2 * (2 + n) + 2;
    struct wasm_error err;
    int trap = 0;

    memcpy(bytes, head, at);
    bytes[at++] = (uint8_t)(body | 128), bytes[at++] = (uint8_t)(body >> 7);
    bytes[at++] = 1;
    for (int k = 0; k < 2; k++) {
        bytes[at++] = (uint8_t)(n | 128), bytes[at++] = (uint8_t)(n >> 7);
        memset(bytes + at, with, n);
        at += n;
    }
    bytes[at++] = 0, bytes[at++] = 0;
    if (host_instance_make(load(bytes, at), nothing, NULL, NULL, &trap, &err))
        return false;
    for (size_t k = 0; k < sizeof err.text; k++) {
        if (!err.text[k])
            return k > 20 && strncmp(err.text, "unknown import", 14) == 0;
        if (err.text[k] < 0x20 || err.text[k] > 0x7e)
            return false;
    }
    return false;
}

int main(void)
{
    printf("1..4\n");
    steps();
    check(refused(3, 'x') && refused(0, 'x') && refused(400, 'x') && refused(200, 0x1b)
          && refused(300, '\n') && refused(90, 0x7f),
          "an unknown import is named, in printable text that ends");
    return failures != 0;
}
