/*
 * fold.c - algebra on single instructions: constants, identities, canonical forms.
 *
 * Canonical: the constant of a commutative operation and of a compare is on the right, x - c is
 * x + -c, multiplications and unsigned divisions by powers of two are shifts and masks, x == 0 is
 * eqz. Integers only: of floats, just what is exact on bits (neg, abs, reinterpret), so that no
 * floating-point code is needed here and NaNs are as the machine makes them.
 */
#include "wasm/gvn.h"

static unsigned width(int type)
{
    return type == T_I32 ? 32 : 64;
}

static uint64_t ones(unsigned bits)
{
    return bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;
}

static bool is_const(const struct gvn *g, uint32_t v, uint64_t *k)
{
    const struct ir_ins *x = &g->f->ins[v];
    if (x->op != IR_CONST)
        return false;
    *k = ir_imm(x);
    return true;
}

/* Is v `op y k` with a constant k? */
static bool is_op_const(const struct gvn *g, uint32_t v, int op, uint32_t *y, uint64_t *k)
{
    const struct ir_ins *x = &g->f->ins[v];
    if (x->op != op || !is_const(g, x->b, k))
        return false;
    *y = x->a;
    return true;
}

static bool is_compare(int op)
{
    return (op >= IR_EQZ && op <= IR_GEU) || (op >= IR_FEQ && op <= IR_FGE);
}

/* Bits of v from this number up are zero. */
static unsigned low_bits(const struct gvn *g, uint32_t v, unsigned depth)
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
        return low_bits(g, x->a, depth - 1);
    case IR_CLZ: case IR_CTZ: case IR_POPCNT:
        return 7;
    case IR_AND:
        a = low_bits(g, x->a, depth - 1);
        b = low_bits(g, x->b, depth - 1);
        return a < b ? a : b;
    case IR_OR: case IR_XOR: case IR_SELECT:
        a = low_bits(g, x->a, depth - 1);
        b = low_bits(g, x->b, depth - 1);
        return a > b ? a : b;
    case IR_SHRU:
        if (!is_op_const(g, v, IR_SHRU, &y, &k))
            return w;
        a = low_bits(g, y, depth - 1);
        return a > (k & (w - 1)) ? a - (unsigned)(k & (w - 1)) : 0;
    case IR_SHL:
        if (!is_op_const(g, v, IR_SHL, &y, &k))
            return w;
        a = low_bits(g, y, depth - 1) + (unsigned)(k & (w - 1));
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

/* ---- rewriting ----------------------------------------------------------------------------- */

/* Instruction i becomes `op a b` of the same type. */
static uint32_t become(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b)
{
    struct ir_ins *x = &g->f->ins[i];
    x->op = (uint8_t)op;
    x->a = a;
    x->b = b;
    x->c = 0;
    return i;
}

static uint32_t become_const(struct gvn *g, uint32_t i, int op, uint32_t a, uint64_t k)
{
    return become(g, i, op, a, gvn_const(g, g->f->ins[a].type, k & ones(width(g->f->ins[a].type))));
}

/* A compare of other operands, or of another kind. */
static uint32_t become_compare(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b)
{
    g->f->ins[i].aux = g->f->ins[a].type;
    return become(g, i, op, a, b);
}

static uint32_t constant(struct gvn *g, uint32_t i, uint64_t k)
{
    int type = g->f->ins[i].type;
    return gvn_const(g, type, k & ones(width(type)));
}

/* ---- constants ----------------------------------------------------------------------------- */

static int64_t sign(uint64_t v, unsigned bits)
{
    return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static uint64_t rotate_left(uint64_t x, unsigned n, unsigned w)
{
    n &= w - 1;
    return n ? (x << n | (x & ones(w)) >> (w - n)) & ones(w) : x;
}

/* x op y of w bits (unsigned representation); false if it traps. */
static bool compute(int op, unsigned w, uint64_t x, uint64_t y, uint64_t *r)
{
    int64_t sx = sign(x, w), sy = sign(y, w);
    unsigned n = (unsigned)(y & (w - 1));
    bool overflow = sy == -1 && x == (uint64_t)1 << (w - 1);
    switch (op) {
    case IR_ADD: *r = x + y; return true;
    case IR_SUB: *r = x - y; return true;
    case IR_MUL: *r = x * y; return true;
    case IR_AND: *r = x & y; return true;
    case IR_OR: *r = x | y; return true;
    case IR_XOR: *r = x ^ y; return true;
    case IR_SHL: *r = x << n; return true;
    case IR_SHRU: *r = x >> n; return true;
    case IR_SHRS: *r = (uint64_t)(sx >> n); return true;
    case IR_ROTL: *r = rotate_left(x, n, w); return true;
    case IR_ROTR: *r = rotate_left(x, w - n, w); return true;
    case IR_DIVU: *r = y ? x / y : 0; return y;
    case IR_REMU: *r = y ? x % y : 0; return y;
    case IR_DIVS: *r = y && !overflow ? (uint64_t)(sx / sy) : 0; return y && !overflow;
    case IR_REMS: *r = y && !overflow ? (uint64_t)(sx % sy) : 0; return y;
    case IR_EQ: *r = x == y; return true;
    case IR_NE: *r = x != y; return true;
    case IR_LTS: *r = sx < sy; return true;
    case IR_LTU: *r = x < y; return true;
    case IR_GTS: *r = sx > sy; return true;
    case IR_GTU: *r = x > y; return true;
    case IR_LES: *r = sx <= sy; return true;
    case IR_LEU: *r = x <= y; return true;
    case IR_GES: *r = sx >= sy; return true;
    case IR_GEU: *r = x >= y; return true;
    }
    return false;
}

static unsigned count_ones(uint64_t x)
{
    unsigned n = 0;
    for (; x; x &= x - 1)
        n++;
    return n;
}

/* op x, where x has the bits and w is its width; `to` is the result type. */
static bool compute1(int op, unsigned w, int to, uint64_t x, uint64_t *r)
{
    switch (op) {
    case IR_CLZ: *r = x ? (uint64_t)__builtin_clzll(x) - (64 - w) : w; return true;
    case IR_CTZ: *r = x ? (uint64_t)__builtin_ctzll(x) : w; return true;
    case IR_POPCNT: *r = count_ones(x); return true;
    case IR_BSWAP: *r = __builtin_bswap64(x) >> (64 - w); return true;
    case IR_SEXT8: *r = (uint64_t)sign(x, 8); return true;
    case IR_SEXT16: *r = (uint64_t)sign(x, 16); return true;
    case IR_SEXT32: case IR_EXTS: *r = (uint64_t)sign(x, 32); return true;
    case IR_WRAP: case IR_EXTU: *r = x & 0xffffffff; return true;
    case IR_EQZ: *r = x == 0; return true;
    case IR_BITCAST: *r = x; return true;
    case IR_FNEG: *r = x ^ (uint64_t)1 << (to == T_F32 ? 31 : 63); return true;
    case IR_FABS: *r = x & ones(to == T_F32 ? 31 : 63); return true;
    }
    return false;
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
    if ((ones(low_bits(g, a, 4)) & ones(w) & ~k) == 0)
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
    if (have <= bits || low_bits(g, a, 4) < bits)
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
        if (low_bits(g, a, 4) < 32)
            return become(g, i, IR_EXTU, a, 0);
        return 0;
    case IR_EXTU:
        if (x->op == IR_WRAP && low_bits(g, x->a, 4) <= 32)
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

static int inverse(int op)
{
    switch (op) {
    case IR_EQ: return IR_NE;
    case IR_NE: return IR_EQ;
    case IR_LTS: return IR_GES;
    case IR_LTU: return IR_GEU;
    case IR_GTS: return IR_LES;
    case IR_GTU: return IR_LEU;
    case IR_LES: return IR_GTS;
    case IR_LEU: return IR_GTU;
    case IR_GES: return IR_LTS;
    case IR_GEU: return IR_LTU;
    case IR_FEQ: return IR_FNE;
    case IR_FNE: return IR_FEQ;
    }
    return 0;
}

static int swapped(int op)
{
    switch (op) {
    case IR_EQ: case IR_NE: return op;
    case IR_LTS: return IR_GTS;
    case IR_LTU: return IR_GTU;
    case IR_GTS: return IR_LTS;
    case IR_GTU: return IR_LTU;
    case IR_LES: return IR_GES;
    case IR_LEU: return IR_GEU;
    case IR_GES: return IR_LES;
    case IR_GEU: return IR_LEU;
    }
    return 0;
}

static uint32_t fold_eqz(struct gvn *g, uint32_t i, uint32_t a)
{
    const struct ir_ins *n = g->f->ins, *x = &n[a];
    if (x->op == IR_EQZ && x->aux == T_REF)
        return 0;
    if (x->op == IR_EQZ)
        return become_compare(g, i, IR_NE, x->a, gvn_const(g, n[x->a].type, 0));
    if (is_compare(x->op) && inverse(x->op))
        return become_compare(g, i, inverse(x->op), x->a, x->b);
    if (x->op == IR_SUB || x->op == IR_XOR)
        return become_compare(g, i, IR_EQ, x->a, x->b);
    if (x->op == IR_EXTU || x->op == IR_EXTS)
        return become_compare(g, i, IR_EQZ, x->a, 0);
    return 0;
}

/* x op 0 and x op 1, and what else is decided by the constant. */
static uint32_t compare_const(struct gvn *g, uint32_t i, int op, uint32_t a, uint64_t k)
{
    const struct ir_ins *n = g->f->ins, *x = &n[a];
    uint64_t k2;
    uint32_t y;
    unsigned bits;
    if (k == 0 && (op == IR_EQ || op == IR_LEU))
        return become_compare(g, i, IR_EQZ, a, 0);
    if (k == 1 && op == IR_LTU)
        return become_compare(g, i, IR_EQZ, a, 0);
    if (k == 0 && op == IR_GTU)
        return become_const(g, i, IR_NE, a, 0);
    if (k == 1 && op == IR_GEU)
        return become_const(g, i, IR_NE, a, 0);
    if (k == 0 && (op == IR_LTU || op == IR_GEU))
        return constant(g, i, op == IR_GEU);
    if (k == 0 && op == IR_NE) {
        if (is_compare(x->op))
            return a;
        if (x->op == IR_SUB || x->op == IR_XOR)
            return become_compare(g, i, IR_NE, x->a, x->b);
    }
    if (k == 1 && (op == IR_NE || op == IR_EQ) && is_compare(x->op))
        return op == IR_EQ ? a : become_compare(g, i, IR_EQZ, a, 0);
    if ((op == IR_EQ || op == IR_NE) && is_op_const(g, a, IR_ADD, &y, &k2))
        return become_const(g, i, op, y, k - k2);
    bits = low_bits(g, a, 4);
    if (bits < width(x->type) && k >> bits) {       /* a < k */
        if (op == IR_EQ || op == IR_GTU || op == IR_GEU)
            return constant(g, i, 0);
        if (op == IR_NE || op == IR_LTU || op == IR_LEU)
            return constant(g, i, 1);
    }
    if (x->op == IR_EXTU && k <= 0xffffffff && (op == IR_EQ || op == IR_NE || op == IR_LTU ||
        op == IR_GTU || op == IR_LEU || op == IR_GEU))
        return become_compare(g, i, op, x->a, gvn_const(g, T_I32, k));
    return 0;
}

static uint32_t fold_compare(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b)
{
    uint64_t k;
    if (a == b)
        return constant(g, i, op == IR_EQ || op == IR_LES || op == IR_LEU || op == IR_GES ||
                              op == IR_GEU);
    if (is_const(g, a, &k))
        return become_compare(g, i, swapped(op), b, a);
    return is_const(g, b, &k) ? compare_const(g, i, op, a, k) : 0;
}

static uint32_t fold_select(struct gvn *g, uint32_t i)
{
    struct ir_ins *x = &g->f->ins[i];
    const struct ir_ins *c = &g->f->ins[x->c];
    uint64_t k, ka, kb;
    if (x->a == x->b)
        return x->a;
    if (is_const(g, x->c, &k))
        return k ? x->a : x->b;
    if (c->op == IR_EQZ && g->f->ins[c->a].type == T_I32) {
        uint32_t t = x->a;
        x->a = x->b;
        x->b = t;
        x->c = c->a;
        return i;
    }
    if (c->op == IR_NE && c->aux == T_I32 && is_const(g, c->b, &k) && k == 0) {
        x->c = c->a;
        return i;
    }
    if (x->type == T_I32 && is_compare(c->op) && is_const(g, x->a, &ka) && is_const(g, x->b, &kb)) {
        if (ka == 1 && kb == 0)
            return x->c;
        if (ka == 0 && kb == 1)
            return become_compare(g, i, IR_EQZ, x->c, 0);
    }
    return 0;
}

/* Both operands constant: the value, or 0. */
static uint32_t fold_constants(struct gvn *g, uint32_t i)
{
    const struct ir_ins *x = &g->f->ins[i], *a = &g->f->ins[x->a];
    uint64_t ka, kb, r;
    uint8_t uses = ir_op_uses(x->op);
    if (!(uses & USES_A) || x->op == IR_LOAD || !is_const(g, x->a, &ka))
        return 0;
    if (uses == USES_A)
        return compute1(x->op, width(a->type), x->type, ka, &r) ? constant(g, i, r) : 0;
    if (uses != (USES_A | USES_B) || a->type > T_I64 || !is_const(g, x->b, &kb))
        return 0;
    return compute(x->op, width(a->type), ka, kb, &r) ? constant(g, i, r) : 0;
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
