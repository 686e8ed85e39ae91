/*
 * range.c - bounds of i32 values: from constants, masks, shifts, narrow loads, and from loops.
 *
 * A loop's induction variable is a phi x of its header with x(0) = start and x(t+1) = x(t) + step,
 * step a constant: in round t, counted from 0, it is congruent to start + t * step. If the branch
 * that leaves the loop stands in a block that every round passes (it dominates the only branch
 * back) and compares y(t) = x(t) + d with k, then the number n of rounds in which it goes on has a
 * bound, and every induction variable of that loop is within start .. start + n * step. The proofs
 * stand at count_up. Headers are visited outer ones first, so that bounds may depend on bounds.
 *
 * Needs: no aliases, loops, dominators. Values that other passes add have no range.
 */
#include "wasm/build.h"
#include "wasm/range.h"

#define TWO32 ((int64_t)1 << 32)
enum { DEPTH = 6, CHAIN = 4, PHI_ARGS = 4, EXITS = 8 };

static const struct range unknown = { 0, UINT32_MAX };

/* The same set of 32-bit numbers within the bounds of struct range, or all of them. */
static struct range normal(int64_t lo, int64_t hi)
{
    if (hi - lo >= UINT32_MAX || lo < -4 * TWO32 || hi > 4 * TWO32)
        return unknown;
    while (lo < INT32_MIN) {
        lo += TWO32;
        hi += TWO32;
    }
    while (hi > UINT32_MAX) {
        lo -= TWO32;
        hi -= TWO32;
    }
    return lo < INT32_MIN ? unknown : (struct range){ lo, hi };
}

struct range range_unsigned(struct range r)
{
    if (r.lo >= 0)
        return r;
    return r.hi < 0 ? (struct range){ r.lo + TWO32, r.hi + TWO32 } : unknown;
}

static struct range range_signed(struct range r)
{
    if (r.hi <= INT32_MAX)
        return r;
    return r.lo > INT32_MAX ? (struct range){ r.lo - TWO32, r.hi - TWO32 }
                            : (struct range){ INT32_MIN, INT32_MAX };
}

static bool is_const(const struct ir_func *f, uint32_t v, uint32_t *k)
{
    const struct ir_ins *x = &f->ins[v];
    *k = x->b;
    return x->op == IR_CONST && x->type == T_I32;
}

/* ---- values -------------------------------------------------------------------------------- */

static struct range eval(const struct ir_func *f, uint32_t v, unsigned depth);

static struct range times(struct range a, int64_t k)
{
    int64_t lo, hi;
    if (__builtin_mul_overflow(k < 0 ? a.hi : a.lo, k, &lo) ||
        __builtin_mul_overflow(k < 0 ? a.lo : a.hi, k, &hi))
        return unknown;
    return normal(lo, hi);
}

static struct range load_range(const struct ir_ins *x)
{
    switch (x->aux & 15) {
    case MEM_8U: return (struct range){ 0, UINT8_MAX };
    case MEM_16U: return (struct range){ 0, UINT16_MAX };
    case MEM_8S: return (struct range){ INT8_MIN, INT8_MAX };
    case MEM_16S: return (struct range){ INT16_MIN, INT16_MAX };
    }
    return unknown;
}

static struct range hull(struct range a, struct range b)
{
    return normal(a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi);
}

/* A phi that is no induction variable: what its operands can be. */
static struct range phi_range(const struct ir_func *f, const struct ir_ins *x, unsigned depth)
{
    if (x->b == 0 || x->b > PHI_ARGS)
        return unknown;
    struct range r = eval(f, f->args[x->a], depth);
    for (uint32_t i = 1; i < x->b && r.hi - r.lo < UINT32_MAX; i++)
        r = hull(r, eval(f, f->args[x->a + i], depth));
    return r;
}

/* a op k with a constant k != 0; shifts take their amount modulo 32 (wasm 4.3.2) */
static struct range with_const(int op, struct range a, uint32_t k)
{
    struct range u = range_unsigned(a), s = range_signed(a);
    int64_t most = (int32_t)k < 0 ? -(int64_t)(int32_t)k : (int32_t)k;
    switch (op) {
    case IR_SHL: return times(a, (int64_t)1 << (k & 31));
    case IR_SHRU: return (struct range){ u.lo >> (k & 31), u.hi >> (k & 31) };
    case IR_SHRS: return (struct range){ s.lo >> (k & 31), s.hi >> (k & 31) };
    case IR_DIVU: return (struct range){ u.lo / k, u.hi / k };
    case IR_REMU: return (struct range){ 0, u.hi < k ? u.hi : k - 1 };
    case IR_REMS: return (struct range){ s.lo >= 0 ? 0 : 1 - most, most - 1 };
    }
    return unknown;
}

/* a & b, a | b, a ^ b; a number that may be negative counts as anything */
static struct range bits(int op, struct range a, struct range b)
{
    a = range_unsigned(a);
    b = range_unsigned(b);
    if (op == IR_AND)
        return (struct range){ 0, a.hi < b.hi ? a.hi : b.hi };
    int64_t top = a.hi > b.hi ? a.hi : b.hi;
    return (struct range){ 0, top ? (2ll << (63 - __builtin_clzll((uint64_t)top))) - 1 : 0 };
}

static struct range binary(const struct ir_func *f, const struct ir_ins *x, unsigned depth)
{
    uint32_t k;
    struct range a = eval(f, x->a, depth), b;
    switch (x->op) {
    case IR_SHL: case IR_SHRU: case IR_SHRS: case IR_DIVU: case IR_REMU: case IR_REMS:
        return is_const(f, x->b, &k) && k ? with_const(x->op, a, k) : unknown;
    case IR_MUL:
        return is_const(f, x->b, &k) ? times(a, (int32_t)k) : unknown;
    case IR_ADD: case IR_SUB:
        if (a.hi - a.lo == UINT32_MAX)
            return unknown;
    }
    b = eval(f, x->b, depth);
    switch (x->op) {
    case IR_ADD: return normal(a.lo + b.lo, a.hi + b.hi);
    case IR_SUB: return normal(a.lo - b.hi, a.hi - b.lo);
    }
    return bits(x->op, a, b);
}

/* Any 32-bit number v: the set of v is within the result. */
static struct range eval(const struct ir_func *f, uint32_t v, unsigned depth)
{
    const struct ir_ins *x = &f->ins[v];
    if (x->type != T_I32)
        return unknown;
    if (x->op == IR_CONST)
        return (struct range){ (int32_t)x->b, (int32_t)x->b };
    if (v < f->nrange_at && f->range_at[v])
        return f->ranges[f->range_at[v]].r;
    if (depth == 0)
        return unknown;
    switch (x->op) {
    case IR_ADD: case IR_SUB: case IR_MUL: case IR_AND: case IR_OR: case IR_XOR:
    case IR_SHL: case IR_SHRU: case IR_SHRS: case IR_DIVU: case IR_REMU: case IR_REMS:
        return binary(f, x, depth - 1);
    case IR_PHI: return phi_range(f, x, depth - 1);
    case IR_SELECT: return hull(eval(f, x->a, depth - 1), eval(f, x->b, depth - 1));
    case IR_LOAD: return load_range(x);
    case IR_SEXT8: return (struct range){ INT8_MIN, INT8_MAX };
    case IR_SEXT16: return (struct range){ INT16_MIN, INT16_MAX };
    case IR_CLZ: case IR_CTZ: case IR_POPCNT: return (struct range){ 0, 64 };
    }
    bool compare = (x->op >= IR_EQZ && x->op <= IR_GEU) || (x->op >= IR_FEQ && x->op <= IR_FGE);
    return compare ? (struct range){ 0, 1 } : unknown;
}

struct range range_of(const struct ir_func *f, uint32_t v)
{
    return eval(f, v, DEPTH);
}

uint64_t range_upper(const struct ir_func *f, uint32_t v)
{
    return (uint64_t)range_unsigned(eval(f, v, DEPTH)).hi;
}

/* How many low bits of v are zero, at least. */
static uint32_t zeros_of(const struct ir_func *f, uint32_t v, unsigned depth)
{
    const struct ir_ins *x = &f->ins[v];
    uint32_t k, a, b;
    if (is_const(f, v, &k))
        return k ? (uint32_t)__builtin_ctz(k) : 32;
    if (v < f->nrange_at && f->range_at[v])
        return f->ranges[f->range_at[v]].zeros;
    if (depth == 0 || x->type != T_I32)
        return 0;
    switch (x->op) {
    case IR_SHL:
        a = is_const(f, x->b, &k) ? zeros_of(f, x->a, depth - 1) + (k & 31) : 0;
        return a < 32 ? a : 32;
    case IR_ADD: case IR_SUB:
        a = zeros_of(f, x->a, depth - 1);
        b = a ? zeros_of(f, x->b, depth - 1) : 0;
        return a < b ? a : b;
    case IR_MUL: case IR_AND:
        a = zeros_of(f, x->a, depth - 1);
        b = zeros_of(f, x->b, depth - 1);
        return a > b ? a : b;
    }
    return 0;
}

/* ---- loops --------------------------------------------------------------------------------- */

/* indices of the edges among the operands of phis; the block of the branch back */
struct counted { uint32_t header, end, entry, back, latch; };

/* y(t) = x(t) + d against k: what is known of the rounds in which it goes on */
struct test {
    uint32_t x;
    int64_t d, step;
    struct range y, k;
    int op;
    bool fixed;
};
struct count { int64_t rounds; struct range y; };

/* v = x + k, through several additions */
static uint32_t strip(const struct ir_func *f, uint32_t v, uint32_t *k)
{
    uint32_t more;
    *k = 0;
    for (unsigned n = 0; n < CHAIN && f->ins[v].op == IR_ADD && f->ins[v].type == T_I32 &&
         is_const(f, f->ins[v].b, &more); n++) {
        *k += more;
        v = f->ins[v].a;
    }
    return v;
}

/* Is v an induction variable of the loop? */
static bool is_induction(const struct ir_func *f, const struct counted *l, uint32_t v,
                         uint32_t *start, uint32_t *step)
{
    const struct ir_ins *p = &f->ins[v];
    if (p->op != IR_PHI || p->type != T_I32 || p->b != 2)
        return false;
    *start = f->args[p->a + l->entry];
    return strip(f, f->args[p->a + l->back], step) == v && *step != 0;
}

static bool in_header(const struct ir_func *f, uint32_t header, uint32_t v)
{
    uint32_t i = f->blocks[header].first;
    while (i && i != v && f->ins[i].op == IR_PHI)
        i = f->ins[i].next;
    return i == v;
}

/*
 * y(t) goes up by step > 0 and the loop goes on while y != k, y < k or y <= k.
 *
 * !=: y(0) + n * step = k + m * 2^32 for the first n with y(n) = k, if there is one. k is the same
 * in all rounds (fixed) and step divides the distance (checked by the caller), so the first such
 * n is distance / step where distance is the least non-negative number congruent to k - y(0). With
 * some representative K of k, K >= y.hi and K - y.lo < 2^32, it is K - y(0) for every y(0).
 * <: while it goes on y < k <= k.hi, so the next y is at most k.hi - 1 + step. That must not pass
 * `top`, the largest number as the compare reads it, so no addition wraps: y(t) = y(0) + t * step.
 * Round t goes on only if y(0) + t * step < k.hi, for less than (k.hi - y.lo) / step, rounded up.
 * k may be another one in each round, as long as it is within its range.
 */
static bool count_up(const struct test *e, int64_t top, struct count *c)
{
    if (e->op == IR_NE) {
        for (int64_t k = e->k.lo - TWO32; k <= e->k.lo + TWO32; k += TWO32) {
            if (k < e->y.hi)
                continue;
            c->rounds = (k - e->y.lo) / e->step;
            c->y = (struct range){ e->y.lo, k };
            return k - e->y.lo < TWO32;
        }
        return false;
    }
    int64_t last = e->k.hi - (e->op == IR_LTU) + e->step;
    if (last > top)
        return false;
    c->rounds = last < e->y.lo ? 0 : (last - e->y.lo) / e->step;
    c->y = (struct range){ e->y.lo, last > e->y.hi ? last : e->y.hi };
    return true;
}

static struct range mirror(struct range r)
{
    return (struct range){ -r.hi, -r.lo };
}

/* IR_NE; for going up IR_LTU (<), IR_LEU (<=), whatever the sign; 0 if it gives no bound */
static int direction(int op, bool up)
{
    switch (op) {
    case IR_NE: return IR_NE;
    case IR_LTU: case IR_LTS: return up ? IR_LTU : 0;
    case IR_LEU: case IR_LES: return up ? IR_LEU : 0;
    case IR_GTU: case IR_GTS: return up ? 0 : IR_LTU;
    case IR_GEU: case IR_GES: return up ? 0 : IR_LEU;
    }
    return 0;
}

/* Counts the rounds of a test whose op is that of the IR. Going down is going up in the mirror. */
static bool count_rounds(struct test *e, struct count *c)
{
    bool is_signed = e->op == IR_LTS || e->op == IR_LES || e->op == IR_GTS || e->op == IR_GES;
    bool up = e->step > 0;
    int64_t top = is_signed ? INT32_MAX : UINT32_MAX, bottom = is_signed ? INT32_MIN : 0;
    e->op = direction(e->op, up);
    if (!e->op || (e->op == IR_NE && !e->fixed))
        return false;
    if (e->op != IR_NE) {
        e->y = is_signed ? range_signed(e->y) : range_unsigned(e->y);
        e->k = is_signed ? range_signed(e->k) : range_unsigned(e->k);
    }
    if (up)
        return count_up(e, top, c);
    e->y = mirror(e->y);
    e->k = mirror(e->k);
    e->step = -e->step;
    if (!count_up(e, -bottom, c))
        return false;
    c->y = mirror(c->y);
    return true;
}

static int opposite(int op)
{
    switch (op) {
    case IR_EQ: return IR_NE;
    case IR_NE: return IR_EQ;
    case IR_LTU: return IR_GEU;
    case IR_LTS: return IR_GES;
    case IR_GEU: return IR_LTU;
    case IR_GES: return IR_LTS;
    case IR_GTU: return IR_LEU;
    case IR_GTS: return IR_LES;
    case IR_LEU: return IR_GTU;
    case IR_LES: return IR_GTS;
    }
    return IR_NONE;
}

static int swapped(int op)
{
    switch (op) {
    case IR_LTU: return IR_GTU;
    case IR_LTS: return IR_GTS;
    case IR_GEU: return IR_LEU;
    case IR_GES: return IR_LES;
    case IR_GTU: return IR_LTU;
    case IR_GTS: return IR_LTS;
    case IR_LEU: return IR_GEU;
    case IR_LES: return IR_GES;
    }
    return op;
}

/* Goes on while y op k, where y is of an induction variable of the loop? */
static bool test_of(const struct ir_func *f, const struct counted *l, int op, uint32_t y,
                    uint32_t k, struct test *e)
{
    uint32_t d, start, step, c = 0;
    e->x = strip(f, y, &d);
    if (!is_induction(f, l, e->x, &start, &step) || !in_header(f, l->header, e->x))
        return false;
    struct range from = eval(f, start, DEPTH);
    e->d = (int32_t)d;
    e->y = normal(from.lo + e->d, from.hi + e->d);
    e->k = k ? eval(f, k, DEPTH) : (struct range){ 0, 0 };
    e->step = (int32_t)step;
    e->op = op;
    e->fixed = !k || is_const(f, k, &c);
    if (op == IR_NE && e->fixed) {
        uint32_t left = c - d, by = e->step < 0 ? 0 - step : step, first;
        if (is_const(f, start, &first))
            e->fixed = (e->step < 0 ? first - left : left - first) % by == 0;
        else        /* a power of two that divides both k - d and start */
            e->fixed = !(by & (by - 1)) && !(left & (by - 1)) &&
                       zeros_of(f, start, DEPTH) >= (uint32_t)__builtin_ctz(by);
    }
    return true;
}

/*
 * May the loop go on behind this edge of block b? From the latch only to the header. From others,
 * which dominate the latch, to any block of the loop's range: it holds all that reach the latch.
 * Blocks behind the latch in the text reach it only by way of the header, or of an inner loop that
 * holds both.
 */
static bool stays(const struct ir_func *f, const struct counted *l, uint32_t b, uint32_t to)
{
    if (b == l->latch)
        return to == l->header;
    if (to > l->latch && f->blocks[l->latch].loop == l->header)
        return false;
    return to >= l->header && to <= l->end;
}

/* Does block b leave the loop unless a compare of an induction variable holds? */
static bool exit_of(const struct ir_func *f, const struct counted *l, uint32_t b, struct test *e,
                    struct count *c)
{
    const struct ir_block *k = &f->blocks[b];
    if (k->term != TERM_BR)
        return false;
    bool in0 = stays(f, l, b, k->succ[0]), in1 = stays(f, l, b, k->succ[1]);
    if (in0 == in1)
        return false;
    const struct ir_ins *x = &f->ins[k->a];
    if (x->op < IR_EQZ || x->op > IR_GEU)
        return in0 && test_of(f, l, IR_NE, k->a, 0, e) && count_rounds(e, c);
    if (x->aux != T_I32)
        return false;
    if (x->op == IR_EQZ)
        return in1 && test_of(f, l, IR_NE, x->a, 0, e) && count_rounds(e, c);
    int op = in0 ? x->op : opposite(x->op);
    return (test_of(f, l, op, x->a, x->b, e) || test_of(f, l, swapped(op), x->b, x->a, e)) &&
           count_rounds(e, c);
}

static void add_range(struct ir_func *f, uint32_t *cap, uint32_t v, struct range r, uint32_t zeros)
{
    GROW(f->arena, f->ranges, f->nranges, *cap, 1);
    f->ranges[f->nranges] = (struct ir_range){ r, zeros };
    f->range_at[v] = f->nranges++;
}

/* The ranges of all induction variables of a loop that goes on `rounds` times at most. */
static void bound_phis(struct ir_func *f, uint32_t *cap, const struct counted *l,
                       const struct test *e, const struct count *c)
{
    uint32_t start, step;
    for (uint32_t v = f->blocks[l->header].first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next) {
        if (!is_induction(f, l, v, &start, &step))
            continue;
        struct range r = eval(f, start, DEPTH);
        int64_t by = (int32_t)step, all = by;
        if (c->rounds > 2 * TWO32 || __builtin_mul_overflow(all, c->rounds, &all) ||
            all < -2 * TWO32 || all > 2 * TWO32)
            continue;
        r = normal(by < 0 ? r.lo + all : r.lo, by < 0 ? r.hi : r.hi + all);
        if (v == e->x) {
            struct range own = normal(c->y.lo - e->d, c->y.hi - e->d);
            if (own.hi - own.lo < r.hi - r.lo)
                r = own;
        }
        uint32_t zeros = zeros_of(f, start, DEPTH), z = (uint32_t)__builtin_ctz(step);
        if (r.hi - r.lo < UINT32_MAX)
            add_range(f, cap, v, r, zeros < z ? zeros : z);
    }
}

static bool loop_of(const struct ir_func *f, uint32_t header, struct counted *l)
{
    const struct ir_block *k = &f->blocks[header];
    if (k->npreds != 2)
        return false;
    uint32_t back = f->args[k->preds] >= header ? 0 : 1;
    *l = (struct counted){ .header = header, .end = k->loop_end, .entry = !back, .back = back,
                           .latch = f->args[k->preds + back] };
    return f->args[k->preds + l->entry] < header && l->latch >= header;
}

bool range_rounds(const struct ir_func *f, uint32_t block, uint64_t *rounds)
{
    struct counted l;
    struct test e;
    struct count c;
    if (!loop_of(f, block, &l) || l.latch != block || !exit_of(f, &l, block, &e, &c) ||
        e.y.lo != e.y.hi || e.k.lo != e.k.hi)
        return false;
    *rounds = (uint64_t)c.rounds + 1;
    return true;
}

/* The test that allows the fewest rounds, of the blocks that each round passes. */
static void bound_loop(struct ir_func *f, uint32_t *cap, uint32_t header)
{
    struct counted l;
    if (!loop_of(f, header, &l))
        return;
    struct test best = { 0 }, e;
    struct count fewest = { 0 }, c;
    uint32_t b = l.latch;
    for (unsigned n = 0; n < EXITS && b >= header; n++, b = f->blocks[b].idom)
        if (exit_of(f, &l, b, &e, &c) && (!best.x || c.rounds < fewest.rounds)) {
            best = e;
            fewest = c;
        }
    if (best.x)
        bound_phis(f, cap, &l, &best, &fewest);
}

void range_loops(struct ir_func *f)
{
    uint32_t cap = 0;
    f->nrange_at = f->nins;
    f->range_at = arena_alloc(f->arena, f->nins * sizeof *f->range_at);
    f->nranges = 1;
    GROW(f->arena, f->ranges, 0, cap, 1);
    for (uint32_t b = 1; b < f->nblocks; b++)
        if (f->blocks[b].header)
            bound_loop(f, &cap, b);
}
