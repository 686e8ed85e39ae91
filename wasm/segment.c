/*
 * segment.c - constant expressions (wasm 3.4.8), element and data segments (wasm 5.5.12, 5.5.14).
 */
#include "wasm/decode.h"
#include "wasm/opcodes.h"

static uint8_t const_instruction(struct decoder *d, uint8_t op, struct wasm_constexpr *c)
{
    struct reader *r = &d->r;
    *c = (struct wasm_constexpr){ .op = WASM_C_VALUE };
    switch (op) {
    case OP_i32_const:
        c->bits[0] = (uint32_t)rd_s32(r);
        return WASM_I32;
    case OP_i64_const:
        c->bits[0] = (uint64_t)rd_s64(r);
        return WASM_I64;
    case OP_f32_const:
        c->bits[0] = rd_fixed(r, 4);
        return WASM_F32;
    case OP_f64_const:
        c->bits[0] = rd_fixed(r, 8);
        return WASM_F64;
    case OP_ref_null:
        c->op = WASM_C_REFNULL;
        return decode_reftype(d);
    case OP_ref_func:
        c->op = WASM_C_REFFUNC;
        c->index = rd_u32(r);
        if (c->index >= d->m->nfuncs)
            INVALID(d, "unknown function %u", c->index);
        else
            module_func_ref(d->m, c->index);
        return WASM_FUNCREF;
    case OP_global_get:
        c->op = WASM_C_GLOBAL;
        c->index = rd_u32(r);
        if (c->index >= d->nimport_globals) {
            INVALID(d, "unknown global %u", c->index);
            return 0;
        }
        if (d->m->globals[c->index].mut)
            INVALID(d, "constant expression required");
        return d->m->globals[c->index].type;
    }
    if (op_info(op))
        READER_FAIL(r, WASM_INVALID, r->pos - 1, "constant expression required");
    else
        READER_FAIL(r, WASM_MALFORMED, r->pos - 1, "illegal opcode 0x%x", op);
    return 0;
}

void decode_constexpr(struct decoder *d, uint8_t type, struct wasm_constexpr *out)
{
    uint32_t n = 0;
    uint8_t found = 0;
    for (;;) {
        uint8_t op = rd_u8(&d->r);
        if (!rd_ok(&d->r))
            return;
        if (op == OP_end)
            break;
        found = const_instruction(d, op, out);
        n++;
    }
    if (n != 1 || found != type)
        INVALID(d, "type mismatch in a constant expression");
    out->type = type;
}

static uint8_t elem_kind(struct decoder *d)
{
    uint8_t k = rd_u8(&d->r);
    if (k != 0)
        READER_FAIL(&d->r, WASM_MALFORMED, d->r.pos - 1, "malformed element kind 0x%x", k);
    return WASM_FUNCREF;
}

static void elem_init(struct decoder *d, struct wasm_elem *e, bool expressions)
{
    e->count = rd_count(&d->r, 1);
    e->init = decode_array(d, e->count, sizeof *e->init);
    for (uint32_t i = 0; i < e->count && rd_ok(&d->r); i++) {
        if (expressions)
            decode_constexpr(d, e->type, &e->init[i]);
        else
            e->init[i].type = const_instruction(d, OP_ref_func, &e->init[i]);
    }
}

/* Flags: bit 0 passive or declarative, bit 1 explicit table (or declarative), bit 2 expressions. */
static void elem(struct decoder *d, struct wasm_elem *e)
{
    struct wasm_module *m = d->m;
    uint32_t flags = rd_u32(&d->r);
    if (flags > 7) {
        MALFORMED(d, "malformed elements segment kind %u", flags);
        return;
    }
    e->mode = !(flags & 1) ? 0 : flags & 2 ? 2 : 1;
    e->type = WASM_FUNCREF;
    if (e->mode == 0) {
        e->table = flags & 2 ? rd_u32(&d->r) : 0;
        if (e->table >= m->ntables && rd_ok(&d->r))
            INVALID(d, "unknown table %u", e->table);
        decode_constexpr(d, WASM_I32, &e->offset);
    }
    if (flags & 3)
        e->type = flags & 4 ? decode_reftype(d) : elem_kind(d);
    if (!rd_ok(&d->r))
        return;
    if (e->mode == 0 && e->table < m->ntables && m->tables[e->table].type != e->type)
        INVALID(d, "type mismatch between table and element segment");
    elem_init(d, e, flags & 4);
}

void decode_elems(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = rd_count(&d->r, 2);
    m->elems = decode_array(d, n, sizeof *m->elems);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++)
        elem(d, &m->elems[i]);
    m->nelems = n;
}

static void data(struct decoder *d, struct wasm_data *s)
{
    uint32_t flags = rd_u32(&d->r);
    if (flags > 2) {
        MALFORMED(d, "malformed data segment kind %u", flags);
        return;
    }
    s->mode = flags == 1;
    if (s->mode == 0) {
        s->memory = flags == 2 ? rd_u32(&d->r) : 0;
        if (s->memory >= d->m->nmems && rd_ok(&d->r))
            INVALID(d, "unknown memory %u", s->memory);
        decode_constexpr(d, WASM_I32, &s->offset);
    }
    s->size = rd_count(&d->r, 1);
    s->at = d->r.pos;
    d->r.pos += s->size;
}

void decode_datas(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = rd_count(&d->r, 2);
    m->datas = decode_array(d, n, sizeof *m->datas);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++)
        data(d, &m->datas[i]);
    m->ndatas = n;
}
