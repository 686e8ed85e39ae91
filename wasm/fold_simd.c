/*
 * fold_simd.c - algebra on vector operations: constants, neutral elements, negated operands,
 * lanes that were just put or spread, rotations of lanes by whole bytes. Part of pass_gvn; see
 * fold.c.
 */
#include "wasm/gvn.h"
#include "wasm/simd.h"

static const struct ir_vector zero = { 0, 0 }, ones = { UINT64_MAX, UINT64_MAX };

static bool equal(struct ir_vector x, struct ir_vector y)
{
    return x.lo == y.lo && x.hi == y.hi;
}

static bool is_vector(const struct gvn *g, uint32_t v, struct ir_vector *k)
{
    const struct ir_ins *x = &g->f->ins[v];
    if (x->op != IR_CONST || x->type != T_V128)
        return false;
    *k = ir_vector(g->f, x->b);
    return true;
}

static bool is_number(const struct gvn *g, uint32_t v, uint64_t *k)
{
    const struct ir_ins *x = &g->f->ins[v];
    if (x->op != IR_CONST || x->type == T_V128)
        return false;
    *k = ir_imm(x);
    return true;
}

static uint32_t vector(struct gvn *g, struct ir_vector k)
{
    return gvn_const(g, T_V128, ir_v128(g->f, k.lo, k.hi));
}

static uint32_t become(struct gvn *g, uint32_t i, int vop, uint32_t a, uint32_t b)
{
    struct ir_ins *x = &g->f->ins[i];
    x->op = vop_table[vop].flags & VF_COMM ? IR_V2C : IR_V2;
    x->aux = (uint16_t)vop;
    x->a = a;
    x->b = b;
    x->c = 0;
    return i;
}

static uint32_t become_shuffle(struct gvn *g, uint32_t i, uint32_t a, uint32_t b,
                               const uint8_t *lane)
{
    struct ir_vector k;
    memcpy(&k, lane, sizeof k);
    uint32_t index = ir_v128(g->f, k.lo, k.hi);
    struct ir_ins *x = &g->f->ins[i];
    x->op = IR_VSHUF;
    x->aux = 0;
    x->a = a;
    x->b = b;
    x->c = index;
    return i;
}

/* ---- lanes of constants -------------------------------------------------------------------- */

static unsigned lane_size(unsigned type)
{
    return type == LT_F32 ? 4 : type == LT_F64 ? 8 : 1u << type;
}

static uint64_t lane_of(struct ir_vector k, unsigned type, unsigned lane)
{
    uint64_t bits = 0;
    memcpy(&bits, (const uint8_t *)&k + lane * lane_size(type), lane_size(type));
    return bits;
}

static struct ir_vector with_lane(struct ir_vector k, unsigned type, unsigned lane, uint64_t bits)
{
    memcpy((uint8_t *)&k + lane * lane_size(type), &bits, lane_size(type));
    return k;
}

/* ---- bitwise operations -------------------------------------------------------------------- */

enum { BIT_NONE, BIT_AND, BIT_OR, BIT_XOR, BIT_ANDN };

static int bit_kind(unsigned vop)
{
    switch (vop) {
    case VOP_AND: case VOP_ANDPS: return BIT_AND;
    case VOP_OR: case VOP_ORPS: return BIT_OR;
    case VOP_XOR: case VOP_XORPS: return BIT_XOR;
    case VOP_ANDN: case VOP_ANDNPS: return BIT_ANDN;
    }
    return BIT_NONE;
}

static uint64_t bits(int kind, uint64_t x, uint64_t y)
{
    return kind == BIT_AND ? x & y : kind == BIT_OR ? x | y : kind == BIT_XOR ? x ^ y : ~x & y;
}

/* v = not y? */
static bool is_not(const struct gvn *g, uint32_t v, uint32_t *y)
{
    const struct ir_ins *x = &g->f->ins[v];
    struct ir_vector k;
    if (x->op != IR_V2C || bit_kind(x->aux) != BIT_XOR || !is_vector(g, x->b, &k) ||
        !equal(k, ones))
        return false;
    *y = x->a;
    return true;
}

/* v = lanes of y shifted by a constant? */
static bool is_shift(const struct gvn *g, uint32_t v, unsigned first, unsigned *size, uint32_t *y,
                     uint64_t *n)
{
    const struct ir_ins *x = &g->f->ins[v];
    if (x->op != IR_V2 || x->aux < first || x->aux > first + 2 || g->f->ins[x->b].op != IR_V1 ||
        !is_number(g, g->f->ins[x->b].a, n))
        return false;
    *size = 2u << (x->aux - first);
    *y = x->a;
    return true;
}

/* y << n | y >> (width - n), n whole bytes: a shuffle */
static uint32_t fold_rotate(struct gvn *g, uint32_t i, uint32_t a, uint32_t b)
{
    unsigned size, size2;
    uint64_t n, n2;
    uint32_t y, y2;
    uint8_t lane[16];
    if (!is_shift(g, a, VOP_SHL16, &size, &y, &n)) {
        uint32_t t = a;
        a = b;
        b = t;
        if (!is_shift(g, a, VOP_SHL16, &size, &y, &n))
            return 0;
    }
    if (!is_shift(g, b, VOP_SHRU16, &size2, &y2, &n2) || size != size2 || y != y2 ||
        n + n2 != 8 * size || n % 8)
        return 0;
    for (unsigned k = 0; k < 16; k++)
        lane[k] = (uint8_t)(k / size * size + (k + size - n / 8) % size);
    return become_shuffle(g, i, y, y, lane);
}

static uint32_t fold_bits_const(struct gvn *g, uint32_t i, int kind, struct ir_vector k)
{
    const struct ir_ins *n = g->f->ins, *x = &n[i];
    struct ir_vector k2;
    if (equal(k, zero))
        return kind == BIT_AND || kind == BIT_ANDN ? x->b : x->a;
    if (equal(k, ones) && kind == BIT_AND)
        return x->a;
    if (equal(k, ones) && kind == BIT_OR)
        return x->b;
    if (kind != BIT_ANDN && n[x->a].op == x->op && bit_kind(n[x->a].aux) == kind &&
        is_vector(g, n[x->a].b, &k2)) {
        k = (struct ir_vector){ bits(kind, k.lo, k2.lo), bits(kind, k.hi, k2.hi) };
        int vop = x->aux;
        uint32_t y = n[x->a].a;
        return become(g, i, vop, y, vector(g, k));
    }
    return 0;
}

static uint32_t fold_bits(struct gvn *g, uint32_t i, int kind)
{
    const struct ir_ins *x = &g->f->ins[i];
    uint32_t a = x->a, b = x->b, y;
    struct ir_vector ka, kb;
    bool ca = is_vector(g, a, &ka), cb = is_vector(g, b, &kb);
    if (ca && cb)
        return vector(g, (struct ir_vector){ bits(kind, ka.lo, kb.lo), bits(kind, ka.hi, kb.hi) });
    if (a == b)
        return kind == BIT_AND || kind == BIT_OR ? a : vector(g, zero);
    if (cb && (y = fold_bits_const(g, i, kind, kb)))
        return y;
    if (kind == BIT_ANDN && ca && equal(ka, zero))
        return b;
    if (kind == BIT_ANDN && ca && equal(ka, ones))
        return vector(g, zero);
    if (kind == BIT_ANDN && is_not(g, a, &y))
        return become(g, i, VOP_AND, y, b);
    if (kind == BIT_AND && is_not(g, a, &y))
        return become(g, i, VOP_ANDN, y, b);
    if (kind == BIT_AND && is_not(g, b, &y))
        return become(g, i, VOP_ANDN, y, a);
    return kind == BIT_OR ? fold_rotate(g, i, a, b) : 0;
}

/* ---- the others ---------------------------------------------------------------------------- */

/* x + y with saturation at 255, by bytes */
static uint64_t add_sat(uint64_t x, uint64_t y)
{
    uint64_t r = 0;
    for (unsigned k = 0; k < 64; k += 8) {
        uint64_t s = (x >> k & 255) + (y >> k & 255);
        r |= (s > 255 ? 255 : s) << k;
    }
    return r;
}

static uint32_t fold_two(struct gvn *g, uint32_t i)
{
    const struct ir_ins *x = &g->f->ins[i];
    unsigned vop = x->aux;
    struct ir_vector ka, kb;
    uint8_t lane[16];
    uint64_t n;
    int kind = bit_kind(vop);
    if (kind)
        return fold_bits(g, i, kind);
    if (vop_table[vop].flags & VF_SHIFT && g->f->ins[x->b].op == IR_V1 &&
        is_number(g, g->f->ins[x->b].a, &n) && n == 0)
        return x->a;
    if (!is_vector(g, x->b, &kb))
        return 0;
    if (vop <= VOP_SUBU16 && equal(kb, zero))       /* the additions and subtractions come first */
        return x->a;
    if (vop == VOP_ADDU8 && is_vector(g, x->a, &ka))
        return vector(g, (struct ir_vector){ add_sat(ka.lo, kb.lo), add_sat(ka.hi, kb.hi) });
    if (vop == VOP_PSHUFB) {
        memcpy(lane, &kb, sizeof lane);
        for (unsigned k = 0; k < 16; k++)
            lane[k] = lane[k] & 0x80 ? LANE_ZERO : lane[k] & 15;
        return become_shuffle(g, i, x->a, x->a, lane);
    }
    return 0;
}

static uint32_t fold_shuffle(struct gvn *g, uint32_t i)
{
    const struct ir_ins *x = &g->f->ins[i];
    struct ir_vector k = ir_vector(g->f, x->c), from[2], r;
    uint8_t lane[16], all[32];
    bool same_a = true, same_b = true;
    memcpy(lane, &k, sizeof lane);
    for (unsigned n = 0; n < 16; n++) {
        same_a &= lane[n] == n || (x->a == x->b && lane[n] == n + 16);
        same_b &= lane[n] == n + 16;
    }
    if (same_a || same_b)
        return same_a ? x->a : x->b;
    if (!is_vector(g, x->a, &from[0]) || !is_vector(g, x->b, &from[1]))
        return 0;
    memcpy(all, from, sizeof all);
    for (unsigned n = 0; n < 16; n++)
        lane[n] = lane[n] < 32 ? all[lane[n]] : 0;
    memcpy(&r, lane, sizeof r);
    return vector(g, r);
}

static uint32_t fold_splat(struct gvn *g, uint32_t i)
{
    const struct ir_ins *x = &g->f->ins[i], *y = &g->f->ins[x->a];
    unsigned type = x->aux, size = lane_size(type);
    struct ir_vector k = zero;
    uint64_t n;
    uint8_t lane[16];
    if (is_number(g, x->a, &n)) {
        for (unsigned l = 0; l < 16 / size; l++)
            k = with_lane(k, type, l, n);
        return vector(g, k);
    }
    if (y->op == IR_VGET && (y->aux & 255) == type) {
        for (unsigned l = 0; l < 16; l++)
            lane[l] = (uint8_t)((y->aux >> 8) * size + l % size);
        return become_shuffle(g, i, y->a, y->a, lane);
    }
    return 0;
}

static uint32_t fold_get(struct gvn *g, uint32_t i)
{
    struct ir_ins *x = &g->f->ins[i];
    const struct ir_ins *y = &g->f->ins[x->a];
    unsigned type = x->aux & 255;
    struct ir_vector k;
    if (is_vector(g, x->a, &k))
        return gvn_const(g, x->type, lane_of(k, type, x->aux >> 8));
    if (y->op == IR_VSPLAT && y->aux == type && type >= LT_I32)
        return y->a;
    if (y->op == IR_VPUT && y->aux == x->aux && type >= LT_I32)
        return y->b;
    if (y->op == IR_VPUT && y->aux != x->aux && (y->aux & 255) == type) {
        x->a = y->a;
        return i;
    }
    return 0;
}

/* Bytes of a lane of v if every lane is all ones or all zeros, else 0. */
static unsigned mask_size(const struct gvn *g, uint32_t v, unsigned depth)
{
    const struct ir_ins *x = &g->f->ins[v];
    if (x->op != IR_V2 && x->op != IR_V2C)
        return 0;
    if (x->aux >= VOP_EQ8 && x->aux <= VOP_EQ64)
        return 1u << (x->aux - VOP_EQ8);
    if (x->aux >= VOP_GT8 && x->aux <= VOP_GT64)
        return 1u << (x->aux - VOP_GT8);
    if (x->aux >= VOP_CMPEQPS && x->aux <= VOP_CMPNEPD)
        return (x->aux - VOP_CMPEQPS) & 1 ? 8 : 4;
    if (depth == 0 || (x->aux != VOP_AND && x->aux != VOP_OR))
        return 0;
    unsigned a = mask_size(g, x->a, depth - 1), b = mask_size(g, x->b, depth - 1);
    return a < b ? a : b;
}

/* Of a compare, is any lane set? Are not all of them? By its byte mask, which a branch compares. */
static uint32_t fold_any(struct gvn *g, uint32_t i)
{
    const struct ir_ins *n = g->f->ins;
    uint32_t m = n[i].a, k = 0;
    unsigned size = mask_size(g, m, 3);
    struct ir_vector none;
    if (!size)
        return 0;
    if (n[m].aux >= VOP_EQ8 && n[m].aux <= VOP_EQ64 && is_vector(g, n[m].b, &none) &&
        equal(none, zero) && mask_size(g, n[m].a, 3) >= size) {
        m = n[m].a;
        k = 0xffff;
    }
    m = gvn_make(g, IR_V1, T_I32, VOP_MOVMSK8, m, 0);
    k = gvn_const(g, T_I32, k);
    struct ir_ins *x = &g->f->ins[i];
    x->op = IR_NE;
    x->aux = T_I32;
    x->a = m;
    x->b = k;
    return i;
}

uint32_t fold_simd(struct gvn *g, uint32_t i)
{
    struct ir_ins *x = &g->f->ins[i];
    const struct ir_ins *y = &g->f->ins[x->a];
    struct ir_vector k;
    uint64_t n;
    switch (x->op) {
    case IR_V1:     /* what reads the low half does not mind what is above */
        if (!(vop_table[x->aux].flags & VF_HALF) || y->op != IR_V1 || y->aux != VOP_ZEXT64)
            return 0;
        if (x->aux == VOP_ZEXT64)
            return x->a;
        x->a = y->a;
        return i;
    case IR_V2: case IR_V2C: return fold_two(g, i);
    case IR_VSHUF: return fold_shuffle(g, i);
    case IR_VSPLAT: return fold_splat(g, i);
    case IR_VGET: return fold_get(g, i);
    case IR_VANY: return fold_any(g, i);
    case IR_VPUT:
        if (is_vector(g, x->a, &k) && is_number(g, x->b, &n))
            return vector(g, with_lane(k, x->aux & 255, x->aux >> 8, n));
        return 0;
    }
    return 0;
}
