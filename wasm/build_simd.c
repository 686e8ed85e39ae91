/*
 * build_simd.c - vector instructions that are more than one IR operation (wasm 4.3.3, 4.4.3);
 * those on floats are in build_simd_float.c.
 *
 * Everything is put together from the operations of simd.h and from scalar loads and stores, so
 * that constants fold, parts that do not change leave loops, and the selector sees simple patterns:
 * loads of lanes are a scalar load and a put, shifts of bytes are shifts of words and a mask...
 */
#include "wasm/build_simd.h"

/* ---- making operations --------------------------------------------------------------------- */

static uint32_t with_aux(struct build *b, uint32_t i, uint32_t aux)
{
    if (i)
        b->f->ins[i].aux = (uint16_t)aux;
    return i;
}

uint32_t simd_v1(struct build *b, int vop, uint32_t x)
{
    return with_aux(b, build_ins(b, IR_V1, T_V128, x, 0, 0), (uint32_t)vop);
}

uint32_t simd_v2(struct build *b, int vop, uint32_t x, uint32_t y)
{
    int op = vop_table[vop].flags & VF_COMM ? IR_V2C : IR_V2;
    return with_aux(b, build_ins(b, op, T_V128, x, y, 0), (uint32_t)vop);
}

uint32_t simd_const(struct build *b, uint64_t lo, uint64_t hi)
{
    return b->cur ? build_const(b, T_V128, ir_v128(b->f, lo, hi)) : 0;
}

uint32_t simd_all64(struct build *b, uint64_t k)
{
    return simd_const(b, k, k);
}

uint32_t simd_all32(struct build *b, uint32_t k)
{
    return simd_all64(b, k | (uint64_t)k << 32);
}

uint32_t simd_all16(struct build *b, uint16_t k)
{
    return simd_all32(b, k | (uint32_t)k << 16);
}

static uint32_t simd_all8(struct build *b, uint8_t k)
{
    return simd_all16(b, (uint16_t)(k | k << 8));
}

static uint32_t not(struct build *b, uint32_t x)
{
    return simd_v2(b, VOP_XOR, x, simd_all64(b, UINT64_MAX));
}

uint32_t simd_shuffle(struct build *b, uint32_t x, uint32_t y, uint64_t lo, uint64_t hi)
{
    return b->cur ? build_ins(b, IR_VSHUF, T_V128, x, y, ir_v128(b->f, lo, hi)) : 0;
}

static uint32_t splat(struct build *b, int lane, uint32_t x)
{
    return with_aux(b, build_ins(b, IR_VSPLAT, T_V128, x, 0, 0), (uint32_t)lane);
}

uint32_t simd_select(struct build *b, uint32_t x, uint32_t y, uint32_t mask)
{
    return simd_v2(b, VOP_OR, simd_v2(b, VOP_AND, x, mask), simd_v2(b, VOP_ANDN, mask, y));
}

uint32_t simd_shift(struct build *b, int vop, uint32_t x, uint32_t n)
{
    return simd_v2(b, vop, x, simd_v1(b, VOP_MOVD, build_const(b, T_I32, n)));
}

uint32_t simd_interleave(struct build *b, uint32_t x, uint32_t y, unsigned size, bool high)
{
    uint64_t half[2] = { 0, 0 };
    for (unsigned i = 0; i < 16; i++) {
        unsigned lane = i / size / 2 + (high ? 8 / size : 0);
        uint64_t byte = lane * size + i % size + (i / size % 2 ? 16 : 0);
        half[i / 8] |= byte << i % 8 * 8;
    }
    return simd_shuffle(b, x, y, half[0], half[1]);
}

/* ---- memory -------------------------------------------------------------------------------- */

static const uint8_t lane_mem[] = { MEM_8U, MEM_16U, MEM_FULL, MEM_FULL };

static uint32_t access(struct build *b, int op, int type, uint32_t addr, uint32_t v,
                       uint32_t offset, uint32_t aux)
{
    addr = build_address(b, addr, &offset);
    return with_aux(b, build_ins(b, op, type, addr, v, offset), aux);
}

static uint8_t lane_index(struct build *b, unsigned lanes)
{
    uint8_t i = rd_u8(&b->r);
    if (i >= lanes && rd_ok(&b->r))
        BUILD_INVALID(b, "invalid lane index %u", i);
    return i;
}

static int lane_ir_type(int lane)
{
    static const uint8_t types[] = { T_I32, T_I32, T_I32, T_I64, T_F32, T_F64 };
    return types[lane];
}

/* v128.load8_lane ... v128.store64_lane */
static void lane_access(struct build *b, const struct op_info *info)
{
    uint32_t v[3] = { 0, 0, 0 }, offset = 0, mem = build_memarg(b, info->arg, &offset) << 8;
    unsigned lane = lane_index(b, 16u >> info->arg);
    int type = lane_ir_type(info->arg);
    uint32_t aux = info->arg | lane << 8;
    if (!rd_ok(&b->r))
        return;
    build_pop_sig(b, info->sig, v);
    if (info->sig[0] == '-') {
        uint32_t x = with_aux(b, build_ins(b, IR_VGET, type, v[1], 0, 0), aux);
        access(b, IR_STORE, T_NONE, v[0], x, offset, lane_mem[info->arg] | mem);
    } else {
        uint32_t x = access(b, IR_LOAD, type, v[0], 0, offset, lane_mem[info->arg] | mem);
        build_push(b, with_aux(b, build_ins(b, IR_VPUT, T_V128, v[1], x, 0), aux), WASM_V128);
    }
}

/* Loads that widen, splat or zero: a scalar load and an operation. */
static void load(struct build *b, uint32_t op, const struct op_info *info)
{
    bool is_splat = op >= OP_v128_load8_splat && op <= OP_v128_load64_splat;
    uint32_t size = is_splat ? info->arg : op == OP_v128_load32_zero ? 2 : 3, offset = 0;
    uint32_t aux = build_memarg(b, size, &offset) << 8 | lane_mem[size], x;
    if (!rd_ok(&b->r))
        return;
    uint32_t addr = build_pop(b, WASM_I32);
    int type = size < 2 ? T_I32 : size == 2 ? T_F32 : T_F64;
    x = access(b, IR_LOAD, type, addr, 0, offset, aux);
    if (is_splat)
        x = splat(b, size < 2 ? (int)size : size == 2 ? LT_F32 : LT_F64, x);
    else
        x = simd_v1(b, info->arg, x);
    build_push(b, x, WASM_V128);
}

static void immediate(struct build *b, uint32_t op, const struct op_info *info)
{
    uint64_t lo, hi;
    uint32_t v[3] = { 0, 0, 0 };
    lo = rd_fixed(&b->r, 8);
    hi = rd_fixed(&b->r, 8);
    if (op == OP_v128_const) {
        build_push(b, simd_const(b, lo, hi), WASM_V128);
        return;
    }
    if ((lo | hi) & 0xe0e0e0e0e0e0e0e0u)
        BUILD_INVALID(b, "invalid lane index");
    build_pop_sig(b, info->sig, v);
    build_push(b, simd_shuffle(b, v[0], v[1], lo, hi), WASM_V128);
}

static void lane(struct build *b, uint32_t op, const struct op_info *info)
{
    static const uint8_t lanes[] = { 16, 8, 4, 2, 4, 2 };
    uint32_t v[3] = { 0, 0, 0 }, x;
    uint32_t aux = info->arg | (uint32_t)lane_index(b, lanes[info->arg]) << 8;
    build_pop_sig(b, info->sig, v);
    if (info->sig[0] == 'v') {
        x = with_aux(b, build_ins(b, IR_VPUT, T_V128, v[0], v[1], 0), aux);
        build_push(b, x, WASM_V128);
        return;
    }
    x = with_aux(b, build_ins(b, IR_VGET, lane_ir_type(info->arg), v[0], 0, 0), aux);
    if (op == OP_i8x16_extract_lane_s)
        x = build_ins(b, IR_SEXT8, T_I32, x, 0, 0);
    if (op == OP_i16x8_extract_lane_s)
        x = build_ins(b, IR_SEXT16, T_I32, x, 0, 0);
    build_push(b, x, build_sig_type(info->sig[0]));
}

/* ---- integers ------------------------------------------------------------------------------ */

static uint32_t count_of(struct build *b, uint32_t n)
{
    return simd_v1(b, VOP_MOVD, n);
}

/* Shift counts are taken modulo the lane size, which the instructions do not do. */
static uint32_t shifted(struct build *b, uint32_t op, int lane, uint32_t x, uint32_t n)
{
    static const uint8_t shl[] = { VOP_SHL16, VOP_SHL16, VOP_SHL32, VOP_SHL64 };
    static const uint8_t shru[] = { VOP_SHRU16, VOP_SHRU16, VOP_SHRU32, VOP_SHRU64 };
    static const uint8_t shrs[] = { 0, VOP_SHRS16, VOP_SHRS32, 0 };
    unsigned kind = (op - OP_i8x16_shl) & 31;       /* 0 shl, 1 shr_s, 2 shr_u */
    n = build_ins(b, IR_AND, T_I32, n, build_const(b, T_I32, (8u << lane) - 1), 0);
    if (kind == 0 && lane != LT_I8)
        return simd_v2(b, shl[lane], x, count_of(b, n));
    if (kind == 1 && shrs[lane])
        return simd_v2(b, shrs[lane], x, count_of(b, n));
    if (kind == 0) {
        uint32_t m = build_ins(b, IR_SHL, T_I32, build_const(b, T_I32, 0xff), n, 0);
        return simd_v2(b, VOP_AND, simd_v2(b, VOP_SHL16, x, count_of(b, n)), splat(b, LT_I8, m));
    }
    uint32_t y = simd_v2(b, shru[lane], x, count_of(b, n)), sign;
    if (lane == LT_I8) {
        uint32_t m = build_ins(b, IR_SHRU, T_I32, build_const(b, T_I32, 0xff), n, 0);
        y = simd_v2(b, VOP_AND, y, splat(b, LT_I8, m));
    }
    if (kind == 2)
        return y;
    /* signed from unsigned: (y ^ m) - m, m = where the sign has gone */
    if (lane == LT_I8) {
        sign = splat(b, LT_I8, build_ins(b, IR_SHRU, T_I32, build_const(b, T_I32, 0x80), n, 0));
        return simd_v2(b, VOP_SUB8, simd_v2(b, VOP_XOR, y, sign), sign);
    }
    n = build_ins(b, IR_EXTU, T_I64, n, 0, 0);
    n = build_ins(b, IR_SHRU, T_I64, build_const(b, T_I64, 1ull << 63), n, 0);
    sign = splat(b, LT_I64, n);
    return simd_v2(b, VOP_SUB64, simd_v2(b, VOP_XOR, y, sign), sign);
}

/* x > y, signed 64-bit lanes */
static uint32_t greater64(struct build *b, uint32_t x, uint32_t y)
{
    if (b->f->o->cpu & WASM_CPU_AVX)
        return simd_v2(b, VOP_GT64, x, y);
    /* by halves: high parts differ, or y - x borrows; then the high half is copied down */
    uint32_t d = simd_v2(b, VOP_AND, simd_v2(b, VOP_EQ32, x, y), simd_v2(b, VOP_SUB64, y, x));
    d = simd_v2(b, VOP_OR, d, simd_v2(b, VOP_GT32, x, y));
    return simd_shuffle(b, d, d, 0x0706050407060504u, 0x0f0e0d0c0f0e0d0cu);
}

enum { CMP_EQ, CMP_NE, CMP_LTS, CMP_LTU, CMP_GTS, CMP_GTU, CMP_LES, CMP_LEU, CMP_GES, CMP_GEU };

static uint32_t compare(struct build *b, unsigned kind, int lane, uint32_t x, uint32_t y)
{
    switch (kind) {
    case CMP_NE: return not(b, simd_v2(b, VOP_EQ8 + lane, x, y));
    case CMP_LTS: return simd_v2(b, VOP_GT8 + lane, y, x);
    case CMP_LTU: return not(b, simd_v2(b, VOP_EQ8 + lane, simd_v2(b, VOP_MINU8 + lane, y, x), y));
    case CMP_GTU: return not(b, simd_v2(b, VOP_EQ8 + lane, simd_v2(b, VOP_MINU8 + lane, x, y), x));
    case CMP_LES: return simd_v2(b, VOP_EQ8 + lane, simd_v2(b, VOP_MINS8 + lane, x, y), x);
    case CMP_LEU: return simd_v2(b, VOP_EQ8 + lane, simd_v2(b, VOP_MINU8 + lane, x, y), x);
    case CMP_GES: return simd_v2(b, VOP_EQ8 + lane, simd_v2(b, VOP_MINS8 + lane, y, x), y);
    default: return simd_v2(b, VOP_EQ8 + lane, simd_v2(b, VOP_MINU8 + lane, y, x), y);
    }
}

static uint32_t compare64(struct build *b, uint32_t op, uint32_t x, uint32_t y)
{
    switch (op) {
    case OP_i64x2_ne: return not(b, simd_v2(b, VOP_EQ64, x, y));
    case OP_i64x2_lt_s: return greater64(b, y, x);
    case OP_i64x2_gt_s: return greater64(b, x, y);
    case OP_i64x2_le_s: return not(b, greater64(b, x, y));
    default: return not(b, greater64(b, y, x));
    }
}

static uint32_t popcnt(struct build *b, uint32_t x)
{
    uint32_t nibble = simd_all8(b, 0x0f);
    uint32_t table = simd_const(b, 0x0302020102010100u, 0x0403030203020201u);
    uint32_t low = simd_v2(b, VOP_AND, x, nibble);
    uint32_t high = simd_v2(b, VOP_AND, simd_shift(b, VOP_SHRU16, x, 4), nibble);
    return simd_v2(b, VOP_ADD8, simd_v2(b, VOP_PSHUFB, table, low),
                   simd_v2(b, VOP_PSHUFB, table, high));
}

static uint32_t abs64(struct build *b, uint32_t x)
{
    uint32_t sign = simd_shuffle(b, x, x, 0x0706050407060504u, 0x0f0e0d0c0f0e0d0cu);
    sign = simd_shift(b, VOP_SHRS32, sign, 31);
    return simd_v2(b, VOP_SUB64, simd_v2(b, VOP_XOR, x, sign), sign);
}

static uint32_t mul64(struct build *b, uint32_t x, uint32_t y)
{
    uint32_t p = simd_v2(b, VOP_MULU32, simd_shift(b, VOP_SHRU64, x, 32), y);
    uint32_t q = simd_v2(b, VOP_MULU32, simd_shift(b, VOP_SHRU64, y, 32), x);
    p = simd_shift(b, VOP_SHL64, simd_v2(b, VOP_ADD64, p, q), 32);
    return simd_v2(b, VOP_ADD64, simd_v2(b, VOP_MULU32, x, y), p);
}

/* The high half of the lanes, twice as wide. */
static uint32_t extend_high(struct build *b, int lane, bool sign, uint32_t x)
{
    if (!sign)
        return simd_interleave(b, x, simd_const(b, 0, 0), 1u << lane, true);
    if (lane == LT_I32) {
        x = simd_shuffle(b, x, x, 0x0f0e0d0c0b0a0908u, 0x0f0e0d0c0b0a0908u);
        return simd_v1(b, VOP_SX32, x);
    }
    x = simd_interleave(b, x, x, 1u << lane, true);
    return simd_shift(b, lane == LT_I8 ? VOP_SHRS16 : VOP_SHRS32, x, 8u << lane);
}

static uint32_t extmul(struct build *b, int lane, bool sign, bool high, uint32_t x, uint32_t y)
{
    if (lane == LT_I8) {
        if (high)
            return simd_v2(b, VOP_MUL16, extend_high(b, lane, sign, x),
                           extend_high(b, lane, sign, y));
        int vop = sign ? VOP_SX8 : VOP_ZX8;
        return simd_v2(b, VOP_MUL16, simd_v1(b, vop, x), simd_v1(b, vop, y));
    }
    if (lane == LT_I16) {       /* low and high words of the products */
        uint32_t l = simd_v2(b, VOP_MUL16, x, y);
        uint32_t h = simd_v2(b, sign ? VOP_MULHS16 : VOP_MULHU16, x, y);
        return simd_interleave(b, l, h, 2, high);
    }
    uint64_t lo = high ? 0x0b0a09080b0a0908u : 0x0302010003020100u;
    uint64_t hi = high ? 0x0f0e0d0c0f0e0d0cu : 0x0706050407060504u;
    x = simd_shuffle(b, x, x, lo, hi);
    y = simd_shuffle(b, y, y, lo, hi);
    return simd_v2(b, sign ? VOP_MULS32 : VOP_MULU32, x, y);
}

static uint32_t extadd(struct build *b, uint32_t op, uint32_t x)
{
    switch (op) {
    case OP_i16x8_extadd_pairwise_i8x16_s: return simd_v2(b, VOP_MADDUB, simd_all8(b, 1), x);
    case OP_i16x8_extadd_pairwise_i8x16_u: return simd_v2(b, VOP_MADDUB, x, simd_all8(b, 1));
    case OP_i32x4_extadd_pairwise_i16x8_s: return simd_v2(b, VOP_MADD16, x, simd_all16(b, 1));
    }
    return simd_v2(b, VOP_ADD32, simd_shift(b, VOP_SHRU32, x, 16),
                   simd_v2(b, VOP_AND, x, simd_all32(b, 0xffff)));
}

static uint32_t swizzle(struct build *b, uint32_t x, uint32_t index)
{
    return simd_v2(b, VOP_PSHUFB, x, simd_v2(b, VOP_ADDU8, index, simd_all8(b, 0x70)));
}

static uint32_t q15mulr(struct build *b, uint32_t x, uint32_t y)
{
    uint32_t p = simd_v2(b, VOP_MULHRS, x, y);
    return simd_v2(b, VOP_XOR, p, simd_v2(b, VOP_EQ16, p, simd_all16(b, 0x8000)));    /* -1 * -1 */
}

/* ---- the dispatch -------------------------------------------------------------------------- */

/* v128 -> i32 */
static uint32_t test(struct build *b, uint32_t op, const struct op_info *info, uint32_t x)
{
    uint32_t zero = simd_const(b, 0, 0);
    if (op == OP_i16x8_bitmask)
        return with_aux(b, build_ins(b, IR_V1, T_I32, simd_v2(b, VOP_PACKS16, x, zero), 0, 0),
                        VOP_MOVMSK8);
    uint32_t any = build_ins(b, IR_VANY, T_I32, simd_v2(b, info->arg, x, zero), 0, 0);
    return with_aux(b, build_ins(b, IR_EQZ, T_I32, any, 0, 0), T_I32);
}

static uint32_t unary(struct build *b, uint32_t op, const struct op_info *info, uint32_t x)
{
    switch (op) {
    case OP_v128_not: return not(b, x);
    case OP_i64x2_abs: return abs64(b, x);
    case OP_i8x16_neg: case OP_i16x8_neg: case OP_i32x4_neg: case OP_i64x2_neg:
        return simd_v2(b, info->arg, simd_const(b, 0, 0), x);
    case OP_i8x16_popcnt: return popcnt(b, x);
    case OP_i16x8_extadd_pairwise_i8x16_s: case OP_i16x8_extadd_pairwise_i8x16_u:
    case OP_i32x4_extadd_pairwise_i16x8_s: case OP_i32x4_extadd_pairwise_i16x8_u:
        return extadd(b, op, x);
    case OP_i16x8_extend_high_i8x16_s: case OP_i32x4_extend_high_i16x8_s:
    case OP_i64x2_extend_high_i32x4_s:
        return extend_high(b, info->arg, true, x);
    }
    return extend_high(b, info->arg, false, x);
}

static uint32_t binary(struct build *b, uint32_t op, const struct op_info *info, uint32_t x,
                       uint32_t y)
{
    if (op >= OP_i8x16_eq && op <= OP_i32x4_ge_u)
        return compare(b, (op - OP_i8x16_eq) % 10, info->arg, x, y);
    if (op >= OP_i64x2_eq && op <= OP_i64x2_ge_s)
        return compare64(b, op, x, y);
    if (info->sig[2] == 'i')
        return shifted(b, op, info->arg, x, y);
    switch (op) {
    case OP_v128_andnot: return simd_v2(b, VOP_ANDN, y, x);
    case OP_i8x16_swizzle: return swizzle(b, x, y);
    case OP_i16x8_q15mulr_sat_s: return q15mulr(b, x, y);
    case OP_i64x2_mul: return mul64(b, x, y);
    }
    /* low_s, high_s, low_u, high_u */
    unsigned kind = (op & 31) - (OP_i16x8_extmul_low_i8x16_s & 31);
    return extmul(b, info->arg, kind < 2, kind & 1, x, y);
}

void build_simd(struct build *b, uint32_t op, const struct op_info *info)
{
    uint32_t v[3] = { 0, 0, 0 }, r;
    switch (info->imm) {
    case IMM_MEMARG: load(b, op, info); return;
    case IMM_MEMLANE: lane_access(b, info); return;
    case IMM_V128: case IMM_SHUFFLE: immediate(b, op, info); return;
    case IMM_LANE: lane(b, op, info); return;
    }
    build_pop_sig(b, info->sig, v);
    if (op == OP_v128_bitselect)
        r = simd_select(b, v[0], v[1], v[2]);
    else if (simd_float(b, op, info, v, &r))
        ;
    else if (info->sig[0] == 'i')
        r = test(b, op, info, v[0]);
    else if (!info->sig[2])
        r = unary(b, op, info, v[0]);
    else
        r = binary(b, op, info, v[0], v[1]);
    build_push(b, r, build_sig_type(info->sig[0]));
}
