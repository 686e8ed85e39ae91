/*
 * build_simd_float.c - vector instructions on floats that are more than one IR operation, and
 * relaxed ones (wasm 4.3.3, 4.4.3; relaxed SIMD proposal). NaNs and zeros come out as the
 * specification says.
 */
#include "wasm/build_simd.h"

/* ---- floats -------------------------------------------------------------------------------- */

/*
 * Both orders of the instruction, combined, so that zeros have the right sign and a NaN in either
 * operand shows; then NaNs lose their payload.
 */
static uint32_t minimum(struct build *b, bool f64, uint32_t x, uint32_t y)
{
    int min = f64 ? VOP_MINPD : VOP_MINPS;
    uint32_t r = simd_v2(b, VOP_ORPS, simd_v2(b, min, x, y), simd_v2(b, min, y, x));
    uint32_t nan = simd_v2(b, f64 ? VOP_CMPUNPD : VOP_CMPUNPS, r, r);
    r = simd_v2(b, VOP_ORPS, r, nan);
    nan = simd_shift(b, f64 ? VOP_SHRU64 : VOP_SHRU32, nan, f64 ? 13 : 10);
    return simd_v2(b, VOP_ANDNPS, nan, r);
}

static uint32_t maximum(struct build *b, bool f64, uint32_t x, uint32_t y)
{
    int max = f64 ? VOP_MAXPD : VOP_MAXPS;
    uint32_t p = simd_v2(b, max, x, y), q = simd_v2(b, max, y, x);
    uint32_t d = simd_v2(b, VOP_XORPS, p, q), r = simd_v2(b, VOP_ORPS, p, d);
    r = simd_v2(b, f64 ? VOP_SUBPD : VOP_SUBPS, r, d);       /* -0 - 0 ... +0 - -0; quiets NaNs */
    uint32_t nan = simd_v2(b, f64 ? VOP_CMPUNPD : VOP_CMPUNPS, r, r);
    nan = simd_shift(b, f64 ? VOP_SHRU64 : VOP_SHRU32, nan, f64 ? 13 : 10);
    return simd_v2(b, VOP_ANDNPS, nan, r);
}

/* An overflow to above converts to 0x80000000, which the compare turns into 0x7fffffff. */
static uint32_t trunc_s(struct build *b, uint32_t x)
{
    uint32_t y = simd_v2(b, VOP_ANDPS, x, simd_v2(b, VOP_CMPEQPS, x, x));
    uint32_t over = simd_v2(b, VOP_CMPLEPS, simd_all32(b, 0x4f000000), x);
    return simd_v2(b, VOP_XOR, simd_v1(b, VOP_CVTTPS2DQ, y), over);
}

/* Below 2^31 the first conversion has the value and the second one 0; above, the sum is right. */
static uint32_t trunc_u(struct build *b, uint32_t x)
{
    uint32_t zero = simd_const(b, 0, 0), two31 = simd_all32(b, 0x4f000000);
    x = simd_v2(b, VOP_MAXPS, x, zero);                      /* NaN becomes 0 */
    uint32_t y = simd_v2(b, VOP_SUBPS, x, two31);
    uint32_t high = simd_v2(b, VOP_XOR, simd_v1(b, VOP_CVTTPS2DQ, y),
                            simd_v2(b, VOP_CMPLEPS, two31, y));
    high = simd_v2(b, VOP_MAXS32, high, zero);
    return simd_v2(b, VOP_ADD32, simd_v1(b, VOP_CVTTPS2DQ, x), high);
}

static uint32_t trunc_f64_s(struct build *b, uint32_t x)
{
    uint32_t max = simd_all64(b, 0x41dfffffffc00000u);
    max = simd_v2(b, VOP_ANDPS, simd_v2(b, VOP_CMPEQPD, x, x), max);
    return simd_v1(b, VOP_CVTTPD2DQ, simd_v2(b, VOP_MINPD, x, max));
}

static uint32_t trunc_f64_u(struct build *b, uint32_t x)
{
    uint32_t zero = simd_const(b, 0, 0);
    x = simd_v2(b, VOP_MAXPD, x, zero);
    x = simd_v2(b, VOP_MINPD, x, simd_all64(b, 0x41efffffffe00000u));
    x = simd_v1(b, VOP_TRUNCPD, x);
    /* + 2^52: the integer is below */
    x = simd_v2(b, VOP_ADDPD, x, simd_all64(b, 0x4330000000000000u));
    return simd_shuffle(b, x, zero, 0x0b0a090803020100u, 0x1716151413121110u);
}

/* Both halves as the fractions of big powers of two, which are then taken away: one rounding. */
static uint32_t convert_u(struct build *b, uint32_t x)
{
    uint32_t low = simd_v2(b, VOP_AND, x, simd_all32(b, 0xffff));
    low = simd_v2(b, VOP_OR, low, simd_all32(b, 0x4b000000));
    uint32_t high = simd_v2(b, VOP_OR, simd_shift(b, VOP_SHRU32, x, 16), simd_all32(b, 0x53000000));
    high = simd_v2(b, VOP_SUBPS, high, simd_all32(b, 0x53000080));        /* 2^39 + 2^23 */
    return simd_v2(b, VOP_ADDPS, high, low);
}

static uint32_t convert_low_u(struct build *b, uint32_t x)
{
    x = simd_interleave(b, x, simd_all32(b, 0x43300000), 4, false);
    return simd_v2(b, VOP_SUBPD, x, simd_all64(b, 0x4330000000000000u));
}

static uint32_t float_sign(struct build *b, bool neg, int lane, uint32_t x)
{
    uint64_t sign = lane == LT_F32 ? 0x8000000080000000u : 1ull << 63;
    return neg ? simd_v2(b, VOP_XORPS, x, simd_all64(b, sign))
               : simd_v2(b, VOP_ANDPS, x, simd_all64(b, ~sign));
}

/* ---- relaxed ------------------------------------------------------------------------------- */

static uint32_t madd(struct build *b, int vop, uint32_t x, uint32_t y, uint32_t z)
{
    bool f64 = vop == VOP_FMAPD || vop == VOP_FNMAPD, neg = vop == VOP_FNMAPS || vop == VOP_FNMAPD;
    if (b->f->o->cpu & WASM_CPU_FMA) {
        uint32_t i = build_ins(b, IR_V3, T_V128, x, y, z);
        if (i)
            b->f->ins[i].aux = (uint16_t)vop;
        return i;
    }
    uint32_t p = simd_v2(b, f64 ? VOP_MULPD : VOP_MULPS, x, y);
    if (neg)
        return simd_v2(b, f64 ? VOP_SUBPD : VOP_SUBPS, z, p);
    return simd_v2(b, f64 ? VOP_ADDPD : VOP_ADDPS, p, z);
}

static uint32_t relaxed(struct build *b, uint32_t op, const struct op_info *info,
                        const uint32_t *v)
{
    uint32_t p;
    switch (op) {
    case OP_i32x4_relaxed_trunc_f32x4_u: return trunc_u(b, v[0]);
    case OP_i32x4_relaxed_trunc_f64x2_u_zero: return trunc_f64_u(b, v[0]);
    case OP_i8x16_relaxed_laneselect: case OP_i16x8_relaxed_laneselect:
    case OP_i32x4_relaxed_laneselect: case OP_i64x2_relaxed_laneselect:
        return simd_select(b, v[0], v[1], v[2]);
    case OP_i16x8_relaxed_dot_i8x16_i7x16_s: return simd_v2(b, VOP_MADDUB, v[1], v[0]);
    case OP_i32x4_relaxed_dot_i8x16_i7x16_add_s:
        p = simd_v2(b, VOP_MADD16, simd_v2(b, VOP_MADDUB, v[1], v[0]), simd_all16(b, 1));
        return simd_v2(b, VOP_ADD32, p, v[2]);
    }
    return madd(b, info->arg, v[0], v[1], v[2]);
}

/* ---- the dispatch -------------------------------------------------------------------------- */

bool simd_float(struct build *b, uint32_t op, const struct op_info *info, const uint32_t *v,
                uint32_t *r)
{
    uint32_t x = v[0], y = v[1];
    switch (op) {
    case OP_f32x4_abs: case OP_f64x2_abs: *r = float_sign(b, false, info->arg, x); return true;
    case OP_f32x4_neg: case OP_f64x2_neg: *r = float_sign(b, true, info->arg, x); return true;
    case OP_i32x4_trunc_sat_f32x4_s: *r = trunc_s(b, x); return true;
    case OP_i32x4_trunc_sat_f32x4_u: *r = trunc_u(b, x); return true;
    case OP_i32x4_trunc_sat_f64x2_s_zero: *r = trunc_f64_s(b, x); return true;
    case OP_i32x4_trunc_sat_f64x2_u_zero: *r = trunc_f64_u(b, x); return true;
    case OP_f32x4_convert_i32x4_u: *r = convert_u(b, x); return true;
    case OP_f64x2_convert_low_i32x4_u: *r = convert_low_u(b, x); return true;
    case OP_f32x4_gt: case OP_f32x4_ge: case OP_f64x2_gt: case OP_f64x2_ge:
    case OP_f32x4_pmin: case OP_f32x4_pmax: case OP_f64x2_pmin: case OP_f64x2_pmax:
        *r = simd_v2(b, info->arg, y, x);
        return true;
    case OP_f32x4_min: case OP_f64x2_min: *r = minimum(b, info->arg == LT_F64, x, y); return true;
    case OP_f32x4_max: case OP_f64x2_max: *r = maximum(b, info->arg == LT_F64, x, y); return true;
    }
    if (op >= OP_RELAXED)
        *r = relaxed(b, op, info, v);
    return op >= OP_RELAXED;
}
