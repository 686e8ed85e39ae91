/*
 * fold.c - algebra on single instructions: constants, identities, canonical forms.
 *
 * Canonical: the constant of a commutative operation and of a compare is on the right, x - c is
 * x + -c, multiplications and unsigned divisions by powers of two are shifts and masks, x == 0 is
 * eqz. Integers only: of floats, just what is exact on bits (neg, abs, reinterpret), so that no
 * floating-point code is needed here and NaNs are as the machine makes them.
 */
#include "wasm/fold.h"

unsigned fold_low_bits(const struct gvn *g, uint32_t v, unsigned depth)
{
    static const uint8_t load_bits[] = { 64, 64, 8, 64, 16, 64, 32 };
    const struct ir_ins *x = &g->f->ins[v];
    unsigned w = width(x->type), a, b;
    uint64_t k;
    uint32_t y;
    if (x->op == IR_CONST)
        return ir_imm(x) ? 64 - (unsigned)__builtin_clzll(ir_imm(x)) : 0;
    if (is_compare(x->op))
        return 1;
    if (depth == 0 || x->type > T_I64)
        return w;
    switch (x->op) {
    case IR_LOAD:
        a = load_bits[x->aux & 15];
        return a < w ? a : w;
    case IR_EXTU:
        return fold_low_bits(g, x->a, depth - 1);
    case IR_CLZ: case IR_CTZ: case IR_POPCNT:
        return 7;
    case IR_AND:
        a = fold_low_bits(g, x->a, depth - 1);
        b = fold_low_bits(g, x->b, depth - 1);
        return a < b ? a : b;
    case IR_OR: case IR_XOR: case IR_SELECT:
        a = fold_low_bits(g, x->a, depth - 1);
        b = fold_low_bits(g, x->b, depth - 1);
        return a > b ? a : b;
    case IR_SHRU:
        if (!is_op_const(g, v, IR_SHRU, &y, &k))
            return w;
        a = fold_low_bits(g, y, depth - 1);
        return a > (k & (w - 1)) ? a - (unsigned)(k & (w - 1)) : 0;
    case IR_SHL:
        if (!is_op_const(g, v, IR_SHL, &y, &k))
            return w;
        a = fold_low_bits(g, y, depth - 1) + (unsigned)(k & (w - 1));
        return a < w ? a : w;
    }
    return w;
}

bool fold_safe_division(const struct ir_func *f, const struct ir_ins *x)
{
    const struct ir_ins *d = &f->ins[x->b];
    if (x->op < IR_DIVS || x->op > IR_REMU || d->op != IR_CONST || !ir_imm(d))
        return false;
    return x->op != IR_DIVS || ir_imm(d) != ones(width(x->type));
}

/* ---- rules, by operation ------------------------------------------------------------------- */

static uint32_t fold_add(struct gvn *g, uint32_t i, uint32_t a, uint32_t b)
{
    const struct ir_ins *n = g->f->ins;
    uint64_t k, k2;
    uint32_t y;
    if (is_const(g, b, &k)) {
        if (k == 0)
            return a;
        if (is_op_const(g, a, IR_ADD, &y, &k2))
            return become_const(g, i, IR_ADD, y, k + k2);
        if (n[a].op == IR_SUB && is_const(g, n[a].a, &k2))
            return become(g, i, IR_SUB, constant(g, i, k + k2), n[a].b);
        return 0;
    }
    if (n[a].op == IR_SUB && n[a].b == b)           /* (x - y) + y */
        return n[a].a;
    if (n[b].op == IR_SUB && n[b].b == a)
        return n[b].a;
    if (n[b].op == IR_SUB && is_const(g, n[b].a, &k) && k == 0)
        return become(g, i, IR_SUB, a, n[b].b);
    if (n[a].op == IR_SUB && is_const(g, n[a].a, &k) && k == 0)
        return become(g, i, IR_SUB, b, n[a].b);
    return 0;
}

static uint32_t fold_sub(struct gvn *g, uint32_t i, uint32_t a, uint32_t b)
{
    const struct ir_ins *n = g->f->ins;
    uint64_t k, k2;
    uint32_t y;
    if (a == b)
        return constant(g, i, 0);
    if (is_const(g, b, &k))
        return become_const(g, i, IR_ADD, a, 0 - k);
    if (n[a].op == IR_ADD && n[a].b == b)           /* (x + y) - y */
        return n[a].a;
    if (n[a].op == IR_ADD && n[a].a == b)
        return n[a].b;
    if (n[b].op == IR_SUB && is_const(g, n[b].a, &k) && k == 0)
        return become(g, i, IR_ADD, a, n[b].b);
    if (is_const(g, a, &k) && is_op_const(g, b, IR_ADD, &y, &k2))
        return become(g, i, IR_SUB, constant(g, i, k - k2), y);
    if (is_const(g, a, &k) && k == 0 && n[b].op == IR_SUB)
        return become(g, i, IR_SUB, n[b].b, n[b].a);
    return 0;
}

static uint32_t fold_mul(struct gvn *g, uint32_t i, uint32_t a, uint32_t b)
{
    unsigned w = width(g->f->ins[i].type);
    uint64_t k, k2;
    uint32_t y;
    if (!is_const(g, b, &k))
        return 0;
    if (k == 0)
        return b;
    if (k == 1)
        return a;
    if (k == ones(w))
        return become(g, i, IR_SUB, constant(g, i, 0), a);
    if ((k & (k - 1)) == 0)
        return become_const(g, i, IR_SHL, a, (uint64_t)__builtin_ctzll(k));
    if (is_op_const(g, a, IR_MUL, &y, &k2))
        return become_const(g, i, IR_MUL, y, k * k2);
    if (is_op_const(g, a, IR_SHL, &y, &k2))
        return become_const(g, i, IR_MUL, y, k << (k2 & (w - 1)));
    return 0;
}

/* Signed division by 2^n rounds to zero: add 2^n - 1 to negative numbers first. */
static uint32_t biased(struct gvn *g, uint32_t x, unsigned n)
{
    int type = g->f->ins[x].type;
    unsigned w = width(type);
    uint32_t s = gvn_make(g, IR_SHRS, type, 0, x, gvn_const(g, type, w - 1));
    s = gvn_make(g, IR_SHRU, type, 0, s, gvn_const(g, type, w - n));
    return gvn_make(g, IR_ADD, type, 0, x, s);
}

static uint32_t fold_div(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b)
{
    int type = g->f->ins[i].type;
    unsigned w = width(type);
    uint64_t k;
    if (!is_const(g, b, &k) || k == 0)
        return 0;
    bool power = (k & (k - 1)) == 0;
    unsigned n = (unsigned)__builtin_ctzll(k);
    bool positive = k < (uint64_t)1 << (w - 1);
    if (op == IR_DIVU || op == IR_DIVS) {
        if (k == 1)
            return a;
        if (power && op == IR_DIVU)
            return become_const(g, i, IR_SHRU, a, n);
        if (power && positive)
            return become_const(g, i, IR_SHRS, biased(g, a, n), n);
        return 0;
    }
    if (k == 1 || (op == IR_REMS && k == ones(w)))
        return constant(g, i, 0);
    if (power && op == IR_REMU)
        return become_const(g, i, IR_AND, a, k - 1);
    if (power && positive) {
        uint32_t mask = gvn_const(g, type, (0 - k) & ones(w));
        return become(g, i, IR_SUB, a, gvn_make(g, IR_AND, type, 0, biased(g, a, n), mask));
    }
    return 0;
}

static uint32_t fold_and(struct gvn *g, uint32_t i, uint32_t a, uint32_t b)
{
    const struct ir_ins *n = g->f->ins;
    unsigned w = width(n[i].type);
    uint64_t k, k2;
    uint32_t y;
    if (a == b)
        return a;
    if (!is_const(g, b, &k))
        return 0;
    if (k == 0)
        return b;
    if ((ones(fold_low_bits(g, a, 4)) & ones(w) & ~k) == 0)
        return a;
    if (is_op_const(g, a, IR_AND, &y, &k2))
        return become_const(g, i, IR_AND, y, k & k2);
    if ((n[a].op == IR_SEXT8 && k <= 0xff) || (n[a].op == IR_SEXT16 && k <= 0xffff) ||
        (n[a].op == IR_SEXT32 && k <= 0xffffffff))
        return become(g, i, IR_AND, n[a].a, b);
    if (n[a].op == IR_EXTS && k == 0xffffffff)
        return become(g, i, IR_EXTU, n[a].a, 0);
    return 0;
}

static uint32_t fold_or(struct gvn *g, uint32_t i, uint32_t a, uint32_t b)
{
    uint64_t k, k2;
    uint32_t y;
    if (a == b)
        return a;
    if (!is_const(g, b, &k))
        return 0;
    if (k == 0)
        return a;
    if (k == ones(width(g->f->ins[i].type)))
        return b;
    if (is_op_const(g, a, IR_OR, &y, &k2))
        return become_const(g, i, IR_OR, y, k | k2);
    return 0;
}

static uint32_t fold_xor(struct gvn *g, uint32_t i, uint32_t a, uint32_t b)
{
    uint64_t k, k2;
    uint32_t y;
    if (a == b)
        return constant(g, i, 0);
    if (!is_const(g, b, &k))
        return 0;
    if (k == 0)
        return a;
    if (is_op_const(g, a, IR_XOR, &y, &k2))
        return become_const(g, i, IR_XOR, y, k ^ k2);
    if (k == 1 && is_compare(g->f->ins[a].op) && g->f->ins[i].type == T_I32)
        return become_compare(g, i, IR_EQZ, a, 0);
    return 0;
}

/* Shifts left and back right by the same amount. */
static uint32_t fold_shift_pair(struct gvn *g, uint32_t i, int op, uint32_t a, uint64_t k)
{
    struct ir_ins *x = &g->f->ins[i];
    unsigned w = width(x->type);
    uint64_t k2;
    uint32_t y;
    if (op == IR_SHRU && is_op_const(g, a, IR_SHL, &y, &k2) && (k2 & (w - 1)) == k)
        return become_const(g, i, IR_AND, y, ones(w) >> k);
    if (op == IR_SHL && (is_op_const(g, a, IR_SHRU, &y, &k2) ||
                         is_op_const(g, a, IR_SHRS, &y, &k2)) && (k2 & (w - 1)) == k)
        return become_const(g, i, IR_AND, y, ones(w) << k);
    if (op == IR_SHRS && is_op_const(g, a, IR_SHL, &y, &k2) && (k2 & (w - 1)) == k) {
        if (k == w - 8)
            return become(g, i, IR_SEXT8, y, 0);
        if (k == w - 16)
            return become(g, i, IR_SEXT16, y, 0);
        if (k == w - 32 && w == 64)
            return become(g, i, IR_SEXT32, y, 0);
    }
    return 0;
}

static uint32_t fold_shift(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b)
{
    const struct ir_ins *n = g->f->ins;
    unsigned w = width(n[i].type);
    uint64_t k, k2, all;
    uint32_t y, r;
    if (is_op_const(g, b, IR_AND, &y, &k) && (k & (w - 1)) == w - 1)
        return become(g, i, op, a, y);              /* the amount is taken modulo w anyway */
    if (is_const(g, a, &k) && k == 0)
        return a;
    if (!is_const(g, b, &k))
        return 0;
    if (k != (k & (w - 1)))
        return become_const(g, i, op, a, k & (w - 1));
    if (k == 0)
        return a;
    if (op == IR_ROTR)
        return become_const(g, i, IR_ROTL, a, w - k);
    r = fold_shift_pair(g, i, op, a, k);
    if (r || !is_op_const(g, a, op, &y, &k2))
        return r;
    all = k + (k2 & (w - 1));
    if (op == IR_ROTL)
        return become_const(g, i, op, y, all & (w - 1));
    if (all < w)
        return become_const(g, i, op, y, all);
    return op == IR_SHRS ? become_const(g, i, op, y, w - 1) : constant(g, i, 0);
}

static uint32_t fold_extend(struct gvn *g, uint32_t i, int op, uint32_t a)
{
    const struct ir_ins *n = g->f->ins, *x = &n[a];
    unsigned bits = op == IR_SEXT8 ? 8 : op == IR_SEXT16 ? 16 : 32;
    unsigned have = x->op == IR_SEXT8 ? 8 : x->op == IR_SEXT16 ? 16 : x->op == IR_SEXT32 ||
                    x->op == IR_EXTS ? 32 : 64;
    uint64_t k;
    uint32_t y;
    if (x->op == IR_LOAD) {
        int mem = x->aux & 15;
        have = mem == MEM_8S ? 8 : mem == MEM_16S ? 16 : mem == MEM_32S ? 32 : 64;
    }
    if (have <= bits || fold_low_bits(g, a, 4) < bits)
        return a;
    if (x->op == IR_SEXT8 || x->op == IR_SEXT16 || x->op == IR_SEXT32)
        return become(g, i, op, x->a, 0);
    if (is_op_const(g, a, IR_AND, &y, &k) && (k & ones(bits)) == ones(bits))
        return become(g, i, op, y, 0);
    if (op == IR_SEXT32 && x->op == IR_EXTU)
        return become(g, i, IR_EXTS, x->a, 0);
    return 0;
}

static uint32_t fold_convert(struct gvn *g, uint32_t i, int op, uint32_t a)
{
    const struct ir_ins *n = g->f->ins, *x = &n[a];
    uint64_t k;
    uint32_t y;
    switch (op) {
    case IR_WRAP:
        if (x->op == IR_EXTS || x->op == IR_EXTU)
            return x->a;
        if (x->op == IR_SEXT32)
            return become(g, i, IR_WRAP, x->a, 0);
        if (is_op_const(g, a, IR_AND, &y, &k) && (k & 0xffffffff) == 0xffffffff)
            return become(g, i, IR_WRAP, y, 0);
        return 0;
    case IR_EXTS:
        if (x->op == IR_WRAP)
            return become(g, i, IR_SEXT32, x->a, 0);
        if (fold_low_bits(g, a, 4) < 32)
            return become(g, i, IR_EXTU, a, 0);
        return 0;
    case IR_EXTU:
        if (x->op == IR_WRAP && fold_low_bits(g, x->a, 4) <= 32)
            return x->a;
        return 0;
    case IR_BITCAST:
        if (x->op == IR_BITCAST)        /* types alternate between two of one size */
            return x->a;
        return 0;
    case IR_FNEG:
        return x->op == IR_FNEG ? x->a : 0;
    case IR_FABS:
        if (x->op == IR_FABS)
            return a;
        return x->op == IR_FNEG ? become(g, i, IR_FABS, x->a, 0) : 0;
    }
    return 0;
}

uint32_t fold(struct gvn *g, uint32_t i)
{
    struct ir_ins *x = &g->f->ins[i];
    uint32_t v = fold_constants(g, i);
    if (v)
        return v;
    x = &g->f->ins[i];
    if (ir_op_mode(x->op) & M_COMM) {
        bool right = g->f->ins[x->b].op == IR_CONST;
        if (!right && (x->a > x->b || g->f->ins[x->a].op == IR_CONST)) {
            uint32_t t = x->a;
            x->a = x->b;
            x->b = t;
        }
    }
    switch (x->op) {
    case IR_ADD: return fold_add(g, i, x->a, x->b);
    case IR_SUB: return fold_sub(g, i, x->a, x->b);
    case IR_MUL: return fold_mul(g, i, x->a, x->b);
    case IR_DIVS: case IR_DIVU: case IR_REMS: case IR_REMU:
        return fold_div(g, i, x->op, x->a, x->b);
    case IR_AND: return fold_and(g, i, x->a, x->b);
    case IR_OR:
        v = fold_or(g, i, x->a, x->b);
        return v ? v : fold_bytes(g, i);
    case IR_XOR: return fold_xor(g, i, x->a, x->b);
    case IR_SHL: case IR_SHRS: case IR_SHRU: case IR_ROTL: case IR_ROTR:
        return fold_shift(g, i, x->op, x->a, x->b);
    case IR_SEXT8: case IR_SEXT16: case IR_SEXT32:
        return fold_extend(g, i, x->op, x->a);
    case IR_WRAP: case IR_EXTS: case IR_EXTU: case IR_BITCAST: case IR_FNEG: case IR_FABS:
        return fold_convert(g, i, x->op, x->a);
    case IR_EQZ: return fold_eqz(g, i, x->a);
    case IR_EQ: case IR_NE: case IR_LTS: case IR_LTU: case IR_GTS: case IR_GTU: case IR_LES:
    case IR_LEU: case IR_GES: case IR_GEU:
        return fold_compare(g, i, x->op, x->a, x->b);
    case IR_SELECT: return fold_select(g, i);
    case IR_V1: case IR_V2: case IR_V2C: case IR_VSHUF: case IR_VSPLAT: case IR_VGET: case IR_VPUT:
    case IR_VANY:
        return fold_simd(g, i);
    }
    return 0;
}
