/*
 * gvn_address.c - constants in addresses, part of pass_gvn: [x + k] + offset becomes [x] + (offset
 * + k).
 *
 * A static offset is added with 33 bits and i32.add wraps, so it must be known that x + k does not.
 * The upper bound of x comes from masks, narrow loads and shifts, and from loops: where the branch
 * back to a header compares an induction variable that starts at a constant with a constant, the
 * number of rounds is bounded, and so is every variable that grows by a constant in each of them.
 */
#include "wasm/gvn.h"

#define UNKNOWN UINT32_MAX
enum { DEPTH = 6, CHAIN = 4 };

struct address {
    struct ir_func *f;
    uint32_t *max;          /* per phi: upper bound + 1, 0 = none known */
    uint8_t *carried;       /* per value: goes round a loop */
};

static bool is_const(const struct address *s, uint32_t v, uint32_t *k)
{
    const struct ir_ins *x = &s->f->ins[v];
    *k = x->b;
    return x->op == IR_CONST && x->type == T_I32;
}

/* v = x + k? */
static bool is_sum(const struct address *s, uint32_t v, uint32_t *x, uint32_t *k)
{
    const struct ir_ins *i = &s->f->ins[v];
    *x = i->a;
    return i->op == IR_ADD && i->type == T_I32 && is_const(s, i->b, k);
}

static uint64_t limit(uint64_t v)
{
    return v < UNKNOWN ? v : UNKNOWN;
}

/* The largest value that v, an i32, can have; UNKNOWN is that of the type. */
static uint64_t upper(const struct address *s, uint32_t v, unsigned depth)
{
    const struct ir_ins *x = &s->f->ins[v];
    uint64_t a, b;
    uint32_t k;
    if (x->type != T_I32 || depth == 0)
        return UNKNOWN;
    switch (x->op) {
    case IR_CONST:
        return x->b;
    case IR_PHI:
        return s->max[v] ? s->max[v] - 1 : UNKNOWN;
    case IR_ADD:
        a = upper(s, x->a, depth - 1);
        return a == UNKNOWN ? a : limit(a + upper(s, x->b, depth - 1));
    case IR_SHL:
        return is_const(s, x->b, &k) ? limit(upper(s, x->a, depth - 1) << (k & 31)) : UNKNOWN;
    case IR_SHRU:
        return is_const(s, x->b, &k) ? upper(s, x->a, depth - 1) >> (k & 31) : UNKNOWN;
    case IR_AND:
        a = upper(s, x->a, depth - 1);
        b = upper(s, x->b, depth - 1);
        return a < b ? a : b;
    case IR_SELECT:
        a = upper(s, x->a, depth - 1);
        b = upper(s, x->b, depth - 1);
        return a > b ? a : b;
    case IR_LOAD:
        return (x->aux & 15) == MEM_8U ? 255 : (x->aux & 15) == MEM_16U ? 65535 : UNKNOWN;
    }
    return UNKNOWN;
}

/* ---- rounds of loops ----------------------------------------------------------------------- */

static int opposite(int op)
{
    switch (op) {
    case IR_EQ: return IR_NE;
    case IR_GEU: return IR_LTU;
    case IR_GES: return IR_LTS;
    case IR_GTU: return IR_LEU;
    case IR_GTS: return IR_LES;
    }
    return IR_NONE;
}

/* How often y, y + step, y + 2 step ... is below k at first; false if they may pass it unseen. */
static bool count_below(int64_t y, int64_t k, uint32_t step, int64_t top, uint64_t *n)
{
    if (step == 0 || step > INT32_MAX || k - 1 + (int64_t)step > top)
        return false;
    *n = y >= k ? 0 : (uint64_t)(k - y + step - 1) / step;
    return true;
}

static bool count_rounds(int op, uint32_t y, uint32_t k, uint32_t step, uint64_t *n)
{
    uint32_t left = step > INT32_MAX ? y - k : k - y, by = step > INT32_MAX ? 0 - step : step;
    switch (op) {
    case IR_NE:
        *n = by ? left / by : 0;
        return by && left % by == 0;
    case IR_LTU: return count_below(y, k, step, UINT32_MAX, n);
    case IR_LEU: return count_below(y, (int64_t)k + 1, step, UINT32_MAX, n);
    case IR_LTS: return count_below((int32_t)y, (int32_t)k, step, INT32_MAX, n);
    case IR_LES: return count_below((int32_t)y, (int64_t)(int32_t)k + 1, step, INT32_MAX, n);
    }
    return false;
}

/* indices of the edges among the operands of phis */
struct rounds { uint32_t header, entry, back; };

/* A phi of the header that a constant is added to in each round? */
static bool is_induction(const struct address *s, const struct rounds *l, uint32_t v,
                         uint32_t *start,
                         uint32_t *step)
{
    const struct ir_func *f = s->f;
    const struct ir_ins *p = &f->ins[v];
    uint32_t x;
    if (p->op != IR_PHI || p->type != T_I32 || p->b != 2)
        return false;
    *start = f->args[p->a + l->entry];
    return is_sum(s, f->args[p->a + l->back], &x, step) && x == v;
}

static bool in_header(const struct ir_func *f, uint32_t header, uint32_t v)
{
    uint32_t i = f->blocks[header].first;
    while (i && i != v && f->ins[i].op == IR_PHI)
        i = f->ins[i].next;
    return i == v;
}

/* Upper bound of how often the branch back is taken. */
static bool rounds_of(const struct address *s, const struct rounds *l, uint64_t *n)
{
    const struct ir_func *f = s->f;
    const struct ir_block *latch = &f->blocks[f->args[f->blocks[l->header].preds + l->back]];
    if (latch->term != TERM_BR)
        return false;
    const struct ir_ins *c = &f->ins[latch->a];
    bool goes_on = latch->succ[0] == l->header;
    uint32_t y = latch->a, k = 0, phi, add = 0, start, c0, step;
    int op = IR_NE;
    if (c->op >= IR_EQ && c->op <= IR_GEU) {
        if (c->aux != T_I32 || !is_const(s, c->b, &k))
            return false;
        y = c->a;
        op = c->op;
        if (!goes_on)
            op = opposite(op);
    } else if (!goes_on) {
        return false;
    }
    if (!is_sum(s, y, &phi, &add)) {
        phi = y;
        add = 0;
    }
    return is_induction(s, l, phi, &start, &step) && in_header(f, l->header, phi) &&
           is_const(s, start, &c0) && count_rounds(op, c0 + add, k, step, n);
}

static void bound_phis(struct address *s, const struct rounds *l, uint64_t n)
{
    const struct ir_func *f = s->f;
    uint32_t start, step;
    for (uint32_t v = f->blocks[l->header].first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next) {
        if (!is_induction(s, l, v, &start, &step) || step > INT32_MAX)
            continue;
        uint64_t first = upper(s, start, DEPTH), last = first + n * step;
        if (first != UNKNOWN && last < UNKNOWN)
            s->max[v] = (uint32_t)last + 1;
    }
}

static void bound_loop(struct address *s, uint32_t header)
{
    struct ir_func *f = s->f;
    const struct ir_block *k = &f->blocks[header];
    uint64_t n;
    for (uint32_t v = k->first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next)
        for (uint32_t i = 0; i < f->ins[v].b; i++)
            s->carried[f->args[f->ins[v].a + i]] = 1;
    if (k->npreds != 2)
        return;
    uint32_t back = f->args[k->preds] >= header ? 0 : 1;
    struct rounds l = { .header = header, .entry = !back, .back = back };
    if (f->args[k->preds + l.entry] < header && f->args[k->preds + back] >= header &&
        rounds_of(s, &l, &n))
        bound_phis(s, &l, n);
}

/* ---- the addresses ------------------------------------------------------------------------- */

static void fold_address(const struct address *s, struct ir_ins *x)
{
    uint32_t y, k;
    for (unsigned n = 0; n < CHAIN && is_sum(s, x->a, &y, &k) && !s->carried[x->a]; n++) {
        if (upper(s, y, DEPTH) + k > UINT32_MAX || (uint64_t)x->c + k > INT32_MAX)
            return;
        x->a = y;
        x->c += k;
    }
}

void gvn_addresses(struct ir_func *f)
{
    struct address s = { .f = f };
    s.max = arena_alloc(f->arena, f->nins * sizeof *s.max);
    s.carried = arena_alloc(f->arena, f->nins);
    for (uint32_t b = 1; b < f->nblocks; b++)
        if (f->blocks[b].header)
            bound_loop(&s, b);
    for (uint32_t b = 1; b < f->nblocks; b++)
        for (uint32_t i = f->blocks[b].first; i; i = f->ins[i].next)
            if (f->ins[i].op == IR_LOAD || f->ins[i].op == IR_STORE)
                fold_address(&s, &f->ins[i]);
}
