/*
 * fold_const.c - what operations on integer constants give (wasm 4.3.2), for fold.c.
 */
#include "wasm/fold.h"

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

uint32_t fold_constants(struct gvn *g, uint32_t i)
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
