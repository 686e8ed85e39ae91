/*
 * segment.c - constant expressions (wasm 3.4.8), element and data segments (wasm 5.5.12, 5.5.14).
 */
#include "wasm/decode.h"
#include "wasm/opcodes.h"

/* Reads on where that is easy: malformed bytes after it go before what is invalid. */
static void not_constant(struct decoder *d, uint8_t op, uint32_t code)
{
    struct reader *r = &d->r;
    if (!op_info(code) || !op_enabled(d->m->features, code)) {
        READER_FAIL(r, WASM_MALFORMED, r->pos - 1, "illegal opcode %x", op);
        return;
    }
    INVALID(d, "constant expression required");
    switch (op_table[code].imm) {
    case IMM_NONE:
        break;
    case IMM_BLOCK:
        rd_s33(r);
        d->const_nesting++;
        break;
    case IMM_U32: case IMM_I32: case IMM_I64:
        rd_leb(r, 64, true);
        break;
    default:
        *r->err = d->invalid;
        r->end = r->pos;
    }
}

static uint8_t const_instruction(struct decoder *d, uint8_t op, struct wasm_constexpr *c)
{
    struct reader *r = &d->r;
    uint32_t sub = op;
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
    case OP_PREFIX_FD:
        sub = d->m->features & WASM_F_SIMD ? op_prefixed(op, rd_u32(r)) : OP_COUNT;
        if (sub != OP_v128_const)
            break;
        c->bits[0] = rd_fixed(r, 8);
        c->bits[1] = rd_fixed(r, 8);
        return WASM_V128;
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
        if (c->index >= (d->m->features & WASM_F_EXTCONST ? d->m->nglobals : d->nimport_globals)) {
            INVALID(d, "unknown global %u", c->index);
            return 0;
        }
        if (d->m->globals[c->index].mut)
            INVALID(d, "constant expression required");
        return d->m->globals[c->index].type;
    }
    not_constant(d, op, sub);
    return 0;
}

uint64_t constexpr_operate(uint32_t op, uint64_t a, uint64_t b)
{
    switch (op) {
    case OP_i32_add: return (uint32_t)(a + b);
    case OP_i32_sub: return (uint32_t)(a - b);
    case OP_i32_mul: return (uint32_t)(a * b);
    case OP_i64_add: return a + b;
    case OP_i64_sub: return a - b;
    default:         return a * b;
    }
}

static uint8_t operator_type(const struct decoder *d, uint8_t op)
{
    if (!(d->m->features & WASM_F_EXTCONST))
        return 0;
    return op == OP_i32_add || op == OP_i32_sub || op == OP_i32_mul ? WASM_I32 :
           op == OP_i64_add || op == OP_i64_sub || op == OP_i64_mul ? WASM_I64 : 0;
}

/* An expression being read: its list so far and the types on its stack. */
struct expr {
    struct wasm_constexpr *list;
    uint32_t n, cap, depth;
    uint8_t type[WASM_CONST_DEPTH];
};

static struct wasm_constexpr *expr_add(struct decoder *d, struct expr *x)
{
    if (x->n == x->cap) {
        uint32_t cap = x->cap ? 2 * x->cap : 4;
        x->list = arena_grow(d->m->arena, x->list, x->cap * sizeof *x->list,
                             cap * sizeof *x->list);
        x->cap = cap;
    }
    x->list[x->n] = (struct wasm_constexpr){ 0 };
    return &x->list[x->n++];
}

/* Two values on the top become one at once. */
static void expr_operator(struct decoder *d, struct expr *x, uint8_t op, uint8_t type)
{
    if (x->depth < 2 || x->type[x->depth - 1] != type || x->type[x->depth - 2] != type) {
        INVALID(d, "type mismatch in a constant expression");
        return;
    }
    x->depth--;
    struct wasm_constexpr *a = &x->list[x->n - 2], *b = a + 1;
    if (a->op == WASM_C_VALUE && b->op == WASM_C_VALUE) {
        a->bits[0] = constexpr_operate(op, a->bits[0], b->bits[0]);
        x->n--;
    } else {
        *expr_add(d, x) = (struct wasm_constexpr){ .op = WASM_C_OPERATOR, .index = op };
    }
}

static void expr_finish(struct decoder *d, struct expr *x, uint8_t type,
                        struct wasm_constexpr *out)
{
    if (x->depth != 1 || x->type[0] != type)
        INVALID(d, "type mismatch in a constant expression");
    else if (x->n == 1)
        *out = x->list[0];
    else
        *out = (struct wasm_constexpr){ .op = WASM_C_LIST, .index = x->n, .list = x->list };
    out->type = type;
}

/* The general case; what was read of it is in *out, of type `type`. */
static void constexpr_list(struct decoder *d, uint8_t want, uint8_t type,
                           struct wasm_constexpr *out)
{
    struct expr x = { .depth = 1, .type = { type } };
    *expr_add(d, &x) = *out;
    for (;;) {
        uint8_t op = rd_u8(&d->r), t;
        if (!rd_ok(&d->r))
            return;
        if (op == OP_end && !d->const_nesting)
            break;
        if (op == OP_end) {
            d->const_nesting--;
            continue;
        }
        if ((t = operator_type(d, op))) {
            expr_operator(d, &x, op, t);
            continue;
        }
        t = const_instruction(d, op, expr_add(d, &x));
        if (x.depth == WASM_CONST_DEPTH) {
            READER_FAIL(&d->r, WASM_LIMIT, d->r.pos, "constant expression too deep");
            return;
        }
        x.type[x.depth++] = t;
    }
    expr_finish(d, &x, want, out);
}

void decode_constexpr(struct decoder *d, uint8_t type, struct wasm_constexpr *out)
{
    uint8_t op = rd_u8(&d->r), found = 0;
    if (!rd_ok(&d->r))
        return;
    if (op != OP_end && !operator_type(d, op)) {
        found = const_instruction(d, op, out);
        if (rd_ok(&d->r) && rd_left(&d->r) && d->r.bytes[d->r.pos] != OP_end) {
            constexpr_list(d, type, found, out);
            return;
        }
        op = rd_u8(&d->r);
    }
    if (found != type || op != OP_end)
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
