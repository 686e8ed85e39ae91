/*
 * module.c - what wasm_open computes once the sections are read: canonical types, the layout of the
 * instance block, function names; and small checks that need a hash table or the manifest.
 */
#include "wasm/decode.h"

bool module_valtype(const struct wasm_module *m, uint8_t type)
{
    switch (type) {
    case WASM_I32: case WASM_I64: case WASM_F32: case WASM_F64:
    case WASM_FUNCREF: case WASM_EXTERNREF:
        return true;
    case WASM_V128:
        return m->features & WASM_F_SIMD;
    case WASM_EXNREF:
        return m->features & WASM_F_EH;
    }
    return false;
}

void module_func_ref(struct wasm_module *m, uint32_t func)
{
    m->funcs[func].escapes = true;
    m->funcs[func].declared = true;
}

/* ---- port I/O imports ---------------------------------------------------------------------- */

static bool name_is(struct wasm_name n, const char *s)
{
    return n.len == strlen(s) && !memcmp(n.s, s, n.len);
}

/* "in8:0x3fd": direction, width in bits, port in hexadecimal. Returns port_op, or 0. */
static uint8_t parse_port(struct wasm_name n, uint32_t *port)
{
    static const struct { const char *prefix; uint8_t op; } ops[] = {
        { "in8:0x", 1 }, { "in16:0x", 2 }, { "in32:0x", 4 },
        { "out8:0x", 0x81 }, { "out16:0x", 0x82 }, { "out32:0x", 0x84 },
    };
    for (unsigned i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        uint32_t len = (uint32_t)strlen(ops[i].prefix), v = 0;
        if (n.len <= len || n.len > len + 4 || memcmp(n.s, ops[i].prefix, len))
            continue;
        for (uint32_t k = len; k < n.len; k++) {
            char c = n.s[k];
            if (c >= '0' && c <= '9')
                v = v * 16 + (uint32_t)(c - '0');
            else if (c >= 'a' && c <= 'f')
                v = v * 16 + (uint32_t)(c - 'a' + 10);
            else
                return 0;
        }
        *port = v;
        return ops[i].op;
    }
    return 0;
}

void module_port_import(struct decoder *d, struct wasm_import *im, struct wasm_func *f)
{
    uint32_t port = 0;
    if (!name_is(im->module, "port"))
        return;
    const struct wasm_functype *t = &d->m->types[f->type];
    uint8_t op = parse_port(im->field, &port);
    uint32_t n = op & 0x7f;
    bool out = op & 0x80;
    if (!op || port + n > 0x10000) {
        READER_FAIL(&d->r, WASM_REFUSED, d->r.pos, "unknown port import \"%.*s\"",
                    im->field.len > 40 ? 40 : (int)im->field.len, im->field.s);
        return;
    }
    if (t->nparams != out || t->nresults != !out ||
        (out ? t->params[0] : t->results[0]) != WASM_I32) {
        READER_FAIL(&d->r, WASM_UNLINKABLE, d->r.pos, "incompatible import type of port import "
                    "\"%.*s\"", (int)im->field.len, im->field.s);
        return;
    }
    if (!d->o->port_ok || !d->o->port_ok(d->o->port_ctx, (uint16_t)port, (uint16_t)n)) {
        READER_FAIL(&d->r, WASM_REFUSED, d->r.pos, "port 0x%x..0x%x is not in the manifest",
                    port, port + n - 1);
        return;
    }
    f->port_op = op;
    f->port = (uint16_t)port;
}

/* ---- hash tables of one use ---------------------------------------------------------------- */

static uint32_t hash_bytes(uint32_t h, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * 16777619u;
    return h;
}

/* Slots for n entries (index + 1, 0 = empty), at most half full. */
static uint32_t *hash_table(struct decoder *d, uint32_t n, uint32_t *mask)
{
    uint32_t size = 4;
    while (size < 2 * n)
        size *= 2;
    *mask = size - 1;
    return decode_array(d, size, sizeof(uint32_t));
}

void module_check_exports(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t mask, *slots = hash_table(d, m->nexports, &mask);
    if (!rd_ok(&d->r))
        return;
    for (uint32_t i = 0; i < m->nexports; i++) {
        struct wasm_name *a = &m->exports[i].name;
        uint32_t h = hash_bytes(2166136261u, a->s, a->len);
        h ^= h >> 15;
        for (; slots[h & mask]; h++) {
            struct wasm_name *b = &m->exports[slots[h & mask] - 1].name;
            if (a->len == b->len && !memcmp(a->s, b->s, a->len)) {
                INVALID(d, "duplicate export name");
                return;
            }
        }
        slots[h & mask] = i + 1;
    }
}

static bool same_type(const struct wasm_functype *a, const struct wasm_functype *b)
{
    return a->nparams == b->nparams && a->nresults == b->nresults &&
           !memcmp(a->params, b->params, a->nparams + a->nresults);
}

static void canonical_types(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t mask, *slots = hash_table(d, m->ntypes, &mask);
    m->type_canon = decode_array(d, m->ntypes, sizeof *m->type_canon);
    for (uint32_t i = 0; i < m->ntypes; i++) {
        struct wasm_functype *t = &m->types[i];
        uint32_t h = hash_bytes(2166136261u ^ t->nparams, t->params, t->nparams + t->nresults);
        h ^= h >> 15;
        while (slots[h & mask] && !same_type(t, &m->types[slots[h & mask] - 1]))
            h++;
        if (!slots[h & mask])
            slots[h & mask] = i + 1;
        m->type_canon[i] = slots[h & mask] - 1;
    }
}

/* ---- instance layout ----------------------------------------------------------------------- */

static uint32_t place(uint64_t *at, uint64_t bytes)
{
    uint32_t off = (uint32_t)*at;
    *at = (*at + bytes + 15) & ~(uint64_t)15;
    return off;
}

static void layout(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint64_t at = sizeof(struct wasm_instance);
    m->off_imports = place(&at, (uint64_t)m->nimport_funcs * sizeof(struct wasm_import_slot));
    m->off_types = place(&at, (uint64_t)m->ntypes * sizeof(uint32_t));
    m->off_tables = place(&at, (uint64_t)m->ntables * sizeof(void *));
    m->off_mems = place(&at, (uint64_t)m->nmems * sizeof(void *));
    m->off_globals = place(&at, (uint64_t)m->nglobals * 16);
    m->off_funcrefs = place(&at, (uint64_t)m->nfuncs * sizeof(struct wasm_funcref));
    m->off_tags = place(&at, (uint64_t)m->ntags * sizeof(struct wasm_tag_slot));
    m->off_dropped = place(&at, (uint64_t)m->nelems + m->ndatas);
    if (at > 1u << 30)
        READER_FAIL(&d->r, WASM_LIMIT, 0, "instance too large: %lu bytes", at);
    m->inst_size = (uint32_t)at;
    for (uint32_t i = 0; i < m->nglobals; i++)
        m->globals[i].offset = m->off_globals + 16 * i;
}

/* ---- custom sections ----------------------------------------------------------------------- */

const struct wasm_custom *wasm_custom_find(const struct wasm_module *m, const char *name)
{
    for (uint32_t i = 0; i < m->ncustoms; i++)
        if (name_is(m->customs[i].name, name))
            return &m->customs[i];
    return NULL;
}

/* Function names (wasm 7.4.1, subsection 1). An error in this section is no error of the module. */
static void function_names(struct decoder *d)
{
    struct wasm_module *m = d->m;
    const struct wasm_custom *c = wasm_custom_find(m, "name");
    struct wasm_error err = { 0 };
    if (!c || !m->nfuncs)
        return;
    struct reader r = { .bytes = m->bytes, .pos = c->at, .end = c->at + c->size, .err = &err };
    while (rd_left(&r) && rd_ok(&r)) {
        uint8_t id = rd_u8(&r);
        uint32_t size = rd_u32(&r);
        if (size > rd_left(&r))
            return;
        if (id != 1) {
            r.pos += size;
            continue;
        }
        r.end = r.pos + size;
        m->func_names = decode_array(d, m->nfuncs, sizeof *m->func_names);
        for (uint32_t n = rd_count(&r, 2); n && rd_ok(&r); n--) {
            uint32_t i = rd_u32(&r);
            struct wasm_name name = rd_name(&r);
            if (i < m->nfuncs && rd_ok(&r))
                m->func_names[i] = name;
        }
        return;
    }
}

void module_finish(struct decoder *d)
{
    canonical_types(d);
    layout(d);
    function_names(d);
}
