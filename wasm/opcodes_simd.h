/*
 * opcodes_simd.h - the rows of opcodes.h after prefix 0xfd (wasm 5.4.8): 0xfd n is OP_FD + n.
 *
 * 'v' in a signature is v128. Rows with an IR operation are one vector operation (arg = enum
 * vop), a splat (arg = lane type) or a plain access; the others are put together in build_simd.c,
 * where arg is the part that differs between rows of one family.
 */
#ifndef WASM_OPCODES_SIMD_H
#define WASM_OPCODES_SIMD_H

#include "wasm/simd.h"

#define WASM_SIMD_OPS(X) \
    X(0x200, v128_load, "v128.load", "vi", MEMARG, LOAD, MEM_FULL | 4 << 4) \
    X(0x201, v128_load8x8_s, "v128.load8x8_s", "vi", MEMARG, NONE, VOP_SX8) \
    X(0x202, v128_load8x8_u, "v128.load8x8_u", "vi", MEMARG, NONE, VOP_ZX8) \
    X(0x203, v128_load16x4_s, "v128.load16x4_s", "vi", MEMARG, NONE, VOP_SX16) \
    X(0x204, v128_load16x4_u, "v128.load16x4_u", "vi", MEMARG, NONE, VOP_ZX16) \
    X(0x205, v128_load32x2_s, "v128.load32x2_s", "vi", MEMARG, NONE, VOP_SX32) \
    X(0x206, v128_load32x2_u, "v128.load32x2_u", "vi", MEMARG, NONE, VOP_ZX32) \
    X(0x207, v128_load8_splat, "v128.load8_splat", "vi", MEMARG, NONE, LT_I8) \
    X(0x208, v128_load16_splat, "v128.load16_splat", "vi", MEMARG, NONE, LT_I16) \
    X(0x209, v128_load32_splat, "v128.load32_splat", "vi", MEMARG, NONE, LT_I32) \
    X(0x20a, v128_load64_splat, "v128.load64_splat", "vi", MEMARG, NONE, LT_I64) \
    X(0x20b, v128_store, "v128.store", "-iv", MEMARG, STORE, MEM_FULL | 4 << 4) \
    X(0x20c, v128_const, "v128.const", "v", V128, NONE, 0) \
    X(0x20d, i8x16_shuffle, "i8x16.shuffle", "vvv", SHUFFLE, NONE, 0) \
    X(0x20e, i8x16_swizzle, "i8x16.swizzle", "vvv", NONE, NONE, 0) \
    X(0x20f, i8x16_splat, "i8x16.splat", "vi", NONE, VSPLAT, LT_I8) \
    X(0x210, i16x8_splat, "i16x8.splat", "vi", NONE, VSPLAT, LT_I16) \
    X(0x211, i32x4_splat, "i32x4.splat", "vi", NONE, VSPLAT, LT_I32) \
    X(0x212, i64x2_splat, "i64x2.splat", "vI", NONE, VSPLAT, LT_I64) \
    X(0x213, f32x4_splat, "f32x4.splat", "vf", NONE, VSPLAT, LT_F32) \
    X(0x214, f64x2_splat, "f64x2.splat", "vF", NONE, VSPLAT, LT_F64) \
    X(0x215, i8x16_extract_lane_s, "i8x16.extract_lane_s", "iv", LANE, NONE, LT_I8) \
    X(0x216, i8x16_extract_lane_u, "i8x16.extract_lane_u", "iv", LANE, NONE, LT_I8) \
    X(0x217, i8x16_replace_lane, "i8x16.replace_lane", "vvi", LANE, NONE, LT_I8) \
    X(0x218, i16x8_extract_lane_s, "i16x8.extract_lane_s", "iv", LANE, NONE, LT_I16) \
    X(0x219, i16x8_extract_lane_u, "i16x8.extract_lane_u", "iv", LANE, NONE, LT_I16) \
    X(0x21a, i16x8_replace_lane, "i16x8.replace_lane", "vvi", LANE, NONE, LT_I16) \
    X(0x21b, i32x4_extract_lane, "i32x4.extract_lane", "iv", LANE, NONE, LT_I32) \
    X(0x21c, i32x4_replace_lane, "i32x4.replace_lane", "vvi", LANE, NONE, LT_I32) \
    X(0x21d, i64x2_extract_lane, "i64x2.extract_lane", "Iv", LANE, NONE, LT_I64) \
    X(0x21e, i64x2_replace_lane, "i64x2.replace_lane", "vvI", LANE, NONE, LT_I64) \
    X(0x21f, f32x4_extract_lane, "f32x4.extract_lane", "fv", LANE, NONE, LT_F32) \
    X(0x220, f32x4_replace_lane, "f32x4.replace_lane", "vvf", LANE, NONE, LT_F32) \
    X(0x221, f64x2_extract_lane, "f64x2.extract_lane", "Fv", LANE, NONE, LT_F64) \
    X(0x222, f64x2_replace_lane, "f64x2.replace_lane", "vvF", LANE, NONE, LT_F64) \
    X(0x223, i8x16_eq, "i8x16.eq", "vvv", NONE, V2C, VOP_EQ8) \
    X(0x224, i8x16_ne, "i8x16.ne", "vvv", NONE, NONE, LT_I8) \
    X(0x225, i8x16_lt_s, "i8x16.lt_s", "vvv", NONE, NONE, LT_I8) \
    X(0x226, i8x16_lt_u, "i8x16.lt_u", "vvv", NONE, NONE, LT_I8) \
    X(0x227, i8x16_gt_s, "i8x16.gt_s", "vvv", NONE, V2, VOP_GT8) \
    X(0x228, i8x16_gt_u, "i8x16.gt_u", "vvv", NONE, NONE, LT_I8) \
    X(0x229, i8x16_le_s, "i8x16.le_s", "vvv", NONE, NONE, LT_I8) \
    X(0x22a, i8x16_le_u, "i8x16.le_u", "vvv", NONE, NONE, LT_I8) \
    X(0x22b, i8x16_ge_s, "i8x16.ge_s", "vvv", NONE, NONE, LT_I8) \
    X(0x22c, i8x16_ge_u, "i8x16.ge_u", "vvv", NONE, NONE, LT_I8) \
    X(0x22d, i16x8_eq, "i16x8.eq", "vvv", NONE, V2C, VOP_EQ16) \
    X(0x22e, i16x8_ne, "i16x8.ne", "vvv", NONE, NONE, LT_I16) \
    X(0x22f, i16x8_lt_s, "i16x8.lt_s", "vvv", NONE, NONE, LT_I16) \
    X(0x230, i16x8_lt_u, "i16x8.lt_u", "vvv", NONE, NONE, LT_I16) \
    X(0x231, i16x8_gt_s, "i16x8.gt_s", "vvv", NONE, V2, VOP_GT16) \
    X(0x232, i16x8_gt_u, "i16x8.gt_u", "vvv", NONE, NONE, LT_I16) \
    X(0x233, i16x8_le_s, "i16x8.le_s", "vvv", NONE, NONE, LT_I16) \
    X(0x234, i16x8_le_u, "i16x8.le_u", "vvv", NONE, NONE, LT_I16) \
    X(0x235, i16x8_ge_s, "i16x8.ge_s", "vvv", NONE, NONE, LT_I16) \
    X(0x236, i16x8_ge_u, "i16x8.ge_u", "vvv", NONE, NONE, LT_I16) \
    X(0x237, i32x4_eq, "i32x4.eq", "vvv", NONE, V2C, VOP_EQ32) \
    X(0x238, i32x4_ne, "i32x4.ne", "vvv", NONE, NONE, LT_I32) \
    X(0x239, i32x4_lt_s, "i32x4.lt_s", "vvv", NONE, NONE, LT_I32) \
    X(0x23a, i32x4_lt_u, "i32x4.lt_u", "vvv", NONE, NONE, LT_I32) \
    X(0x23b, i32x4_gt_s, "i32x4.gt_s", "vvv", NONE, V2, VOP_GT32) \
    X(0x23c, i32x4_gt_u, "i32x4.gt_u", "vvv", NONE, NONE, LT_I32) \
    X(0x23d, i32x4_le_s, "i32x4.le_s", "vvv", NONE, NONE, LT_I32) \
    X(0x23e, i32x4_le_u, "i32x4.le_u", "vvv", NONE, NONE, LT_I32) \
    X(0x23f, i32x4_ge_s, "i32x4.ge_s", "vvv", NONE, NONE, LT_I32) \
    X(0x240, i32x4_ge_u, "i32x4.ge_u", "vvv", NONE, NONE, LT_I32) \
    X(0x241, f32x4_eq, "f32x4.eq", "vvv", NONE, V2C, VOP_CMPEQPS) \
    X(0x242, f32x4_ne, "f32x4.ne", "vvv", NONE, V2C, VOP_CMPNEPS) \
    X(0x243, f32x4_lt, "f32x4.lt", "vvv", NONE, V2, VOP_CMPLTPS) \
    X(0x244, f32x4_gt, "f32x4.gt", "vvv", NONE, NONE, VOP_CMPLTPS) \
    X(0x245, f32x4_le, "f32x4.le", "vvv", NONE, V2, VOP_CMPLEPS) \
    X(0x246, f32x4_ge, "f32x4.ge", "vvv", NONE, NONE, VOP_CMPLEPS) \
    X(0x247, f64x2_eq, "f64x2.eq", "vvv", NONE, V2C, VOP_CMPEQPD) \
    X(0x248, f64x2_ne, "f64x2.ne", "vvv", NONE, V2C, VOP_CMPNEPD) \
    X(0x249, f64x2_lt, "f64x2.lt", "vvv", NONE, V2, VOP_CMPLTPD) \
    X(0x24a, f64x2_gt, "f64x2.gt", "vvv", NONE, NONE, VOP_CMPLTPD) \
    X(0x24b, f64x2_le, "f64x2.le", "vvv", NONE, V2, VOP_CMPLEPD) \
    X(0x24c, f64x2_ge, "f64x2.ge", "vvv", NONE, NONE, VOP_CMPLEPD) \
    X(0x24d, v128_not, "v128.not", "vv", NONE, NONE, 0) \
    X(0x24e, v128_and, "v128.and", "vvv", NONE, V2C, VOP_AND) \
    X(0x24f, v128_andnot, "v128.andnot", "vvv", NONE, NONE, 0) \
    X(0x250, v128_or, "v128.or", "vvv", NONE, V2C, VOP_OR) \
    X(0x251, v128_xor, "v128.xor", "vvv", NONE, V2C, VOP_XOR) \
    X(0x252, v128_bitselect, "v128.bitselect", "vvvv", NONE, NONE, 0) \
    X(0x253, v128_any_true, "v128.any_true", "iv", NONE, VANY, 0) \
    X(0x254, v128_load8_lane, "v128.load8_lane", "viv", MEMLANE, NONE, LT_I8) \
    X(0x255, v128_load16_lane, "v128.load16_lane", "viv", MEMLANE, NONE, LT_I16) \
    X(0x256, v128_load32_lane, "v128.load32_lane", "viv", MEMLANE, NONE, LT_I32) \
    X(0x257, v128_load64_lane, "v128.load64_lane", "viv", MEMLANE, NONE, LT_I64) \
    X(0x258, v128_store8_lane, "v128.store8_lane", "-iv", MEMLANE, NONE, LT_I8) \
    X(0x259, v128_store16_lane, "v128.store16_lane", "-iv", MEMLANE, NONE, LT_I16) \
    X(0x25a, v128_store32_lane, "v128.store32_lane", "-iv", MEMLANE, NONE, LT_I32) \
    X(0x25b, v128_store64_lane, "v128.store64_lane", "-iv", MEMLANE, NONE, LT_I64) \
    X(0x25c, v128_load32_zero, "v128.load32_zero", "vi", MEMARG, NONE, VOP_ZEXT32) \
    X(0x25d, v128_load64_zero, "v128.load64_zero", "vi", MEMARG, NONE, VOP_ZEXT64) \
    X(0x25e, f32x4_demote_f64x2_zero, "f32x4.demote_f64x2_zero", "vv", NONE, V1, VOP_CVTPD2PS) \
    X(0x25f, f64x2_promote_low_f32x4, "f64x2.promote_low_f32x4", "vv", NONE, V1, VOP_CVTPS2PD) \
    X(0x260, i8x16_abs, "i8x16.abs", "vv", NONE, V1, VOP_ABS8) \
    X(0x261, i8x16_neg, "i8x16.neg", "vv", NONE, NONE, VOP_SUB8) \
    X(0x262, i8x16_popcnt, "i8x16.popcnt", "vv", NONE, NONE, 0) \
    X(0x263, i8x16_all_true, "i8x16.all_true", "iv", NONE, NONE, VOP_EQ8) \
    X(0x264, i8x16_bitmask, "i8x16.bitmask", "iv", NONE, V1, VOP_MOVMSK8) \
    X(0x265, i8x16_narrow_i16x8_s, "i8x16.narrow_i16x8_s", "vvv", NONE, V2, VOP_PACKS16) \
    X(0x266, i8x16_narrow_i16x8_u, "i8x16.narrow_i16x8_u", "vvv", NONE, V2, VOP_PACKU16) \
    X(0x267, f32x4_ceil, "f32x4.ceil", "vv", NONE, V1, VOP_CEILPS) \
    X(0x268, f32x4_floor, "f32x4.floor", "vv", NONE, V1, VOP_FLOORPS) \
    X(0x269, f32x4_trunc, "f32x4.trunc", "vv", NONE, V1, VOP_TRUNCPS) \
    X(0x26a, f32x4_nearest, "f32x4.nearest", "vv", NONE, V1, VOP_NEARESTPS) \
    X(0x26b, i8x16_shl, "i8x16.shl", "vvi", NONE, NONE, LT_I8) \
    X(0x26c, i8x16_shr_s, "i8x16.shr_s", "vvi", NONE, NONE, LT_I8) \
    X(0x26d, i8x16_shr_u, "i8x16.shr_u", "vvi", NONE, NONE, LT_I8) \
    X(0x26e, i8x16_add, "i8x16.add", "vvv", NONE, V2C, VOP_ADD8) \
    X(0x26f, i8x16_add_sat_s, "i8x16.add_sat_s", "vvv", NONE, V2C, VOP_ADDS8) \
    X(0x270, i8x16_add_sat_u, "i8x16.add_sat_u", "vvv", NONE, V2C, VOP_ADDU8) \
    X(0x271, i8x16_sub, "i8x16.sub", "vvv", NONE, V2, VOP_SUB8) \
    X(0x272, i8x16_sub_sat_s, "i8x16.sub_sat_s", "vvv", NONE, V2, VOP_SUBS8) \
    X(0x273, i8x16_sub_sat_u, "i8x16.sub_sat_u", "vvv", NONE, V2, VOP_SUBU8) \
    X(0x274, f64x2_ceil, "f64x2.ceil", "vv", NONE, V1, VOP_CEILPD) \
    X(0x275, f64x2_floor, "f64x2.floor", "vv", NONE, V1, VOP_FLOORPD) \
    X(0x276, i8x16_min_s, "i8x16.min_s", "vvv", NONE, V2C, VOP_MINS8) \
    X(0x277, i8x16_min_u, "i8x16.min_u", "vvv", NONE, V2C, VOP_MINU8) \
    X(0x278, i8x16_max_s, "i8x16.max_s", "vvv", NONE, V2C, VOP_MAXS8) \
    X(0x279, i8x16_max_u, "i8x16.max_u", "vvv", NONE, V2C, VOP_MAXU8) \
    X(0x27a, f64x2_trunc, "f64x2.trunc", "vv", NONE, V1, VOP_TRUNCPD) \
    X(0x27b, i8x16_avgr_u, "i8x16.avgr_u", "vvv", NONE, V2C, VOP_AVG8) \
    X(0x27c, i16x8_extadd_pairwise_i8x16_s, "i16x8.extadd_pairwise_i8x16_s", "vv", NONE, NONE, 0) \
    X(0x27d, i16x8_extadd_pairwise_i8x16_u, "i16x8.extadd_pairwise_i8x16_u", "vv", NONE, NONE, 0) \
    X(0x27e, i32x4_extadd_pairwise_i16x8_s, "i32x4.extadd_pairwise_i16x8_s", "vv", NONE, NONE, 0) \
    X(0x27f, i32x4_extadd_pairwise_i16x8_u, "i32x4.extadd_pairwise_i16x8_u", "vv", NONE, NONE, 0) \
    X(0x280, i16x8_abs, "i16x8.abs", "vv", NONE, V1, VOP_ABS16) \
    X(0x281, i16x8_neg, "i16x8.neg", "vv", NONE, NONE, VOP_SUB16) \
    X(0x282, i16x8_q15mulr_sat_s, "i16x8.q15mulr_sat_s", "vvv", NONE, NONE, 0) \
    X(0x283, i16x8_all_true, "i16x8.all_true", "iv", NONE, NONE, VOP_EQ16) \
    X(0x284, i16x8_bitmask, "i16x8.bitmask", "iv", NONE, NONE, 0) \
    X(0x285, i16x8_narrow_i32x4_s, "i16x8.narrow_i32x4_s", "vvv", NONE, V2, VOP_PACKS32) \
    X(0x286, i16x8_narrow_i32x4_u, "i16x8.narrow_i32x4_u", "vvv", NONE, V2, VOP_PACKU32) \
    X(0x287, i16x8_extend_low_i8x16_s, "i16x8.extend_low_i8x16_s", "vv", NONE, V1, VOP_SX8) \
    X(0x288, i16x8_extend_high_i8x16_s, "i16x8.extend_high_i8x16_s", "vv", NONE, NONE, LT_I8) \
    X(0x289, i16x8_extend_low_i8x16_u, "i16x8.extend_low_i8x16_u", "vv", NONE, V1, VOP_ZX8) \
    X(0x28a, i16x8_extend_high_i8x16_u, "i16x8.extend_high_i8x16_u", "vv", NONE, NONE, LT_I8) \
    X(0x28b, i16x8_shl, "i16x8.shl", "vvi", NONE, NONE, LT_I16) \
    X(0x28c, i16x8_shr_s, "i16x8.shr_s", "vvi", NONE, NONE, LT_I16) \
    X(0x28d, i16x8_shr_u, "i16x8.shr_u", "vvi", NONE, NONE, LT_I16) \
    X(0x28e, i16x8_add, "i16x8.add", "vvv", NONE, V2C, VOP_ADD16) \
    X(0x28f, i16x8_add_sat_s, "i16x8.add_sat_s", "vvv", NONE, V2C, VOP_ADDS16) \
    X(0x290, i16x8_add_sat_u, "i16x8.add_sat_u", "vvv", NONE, V2C, VOP_ADDU16) \
    X(0x291, i16x8_sub, "i16x8.sub", "vvv", NONE, V2, VOP_SUB16) \
    X(0x292, i16x8_sub_sat_s, "i16x8.sub_sat_s", "vvv", NONE, V2, VOP_SUBS16) \
    X(0x293, i16x8_sub_sat_u, "i16x8.sub_sat_u", "vvv", NONE, V2, VOP_SUBU16) \
    X(0x294, f64x2_nearest, "f64x2.nearest", "vv", NONE, V1, VOP_NEARESTPD) \
    X(0x295, i16x8_mul, "i16x8.mul", "vvv", NONE, V2C, VOP_MUL16) \
    X(0x296, i16x8_min_s, "i16x8.min_s", "vvv", NONE, V2C, VOP_MINS16) \
    X(0x297, i16x8_min_u, "i16x8.min_u", "vvv", NONE, V2C, VOP_MINU16) \
    X(0x298, i16x8_max_s, "i16x8.max_s", "vvv", NONE, V2C, VOP_MAXS16) \
    X(0x299, i16x8_max_u, "i16x8.max_u", "vvv", NONE, V2C, VOP_MAXU16) \
    X(0x29b, i16x8_avgr_u, "i16x8.avgr_u", "vvv", NONE, V2C, VOP_AVG16) \
    X(0x29c, i16x8_extmul_low_i8x16_s, "i16x8.extmul_low_i8x16_s", "vvv", NONE, NONE, LT_I8) \
    X(0x29d, i16x8_extmul_high_i8x16_s, "i16x8.extmul_high_i8x16_s", "vvv", NONE, NONE, LT_I8) \
    X(0x29e, i16x8_extmul_low_i8x16_u, "i16x8.extmul_low_i8x16_u", "vvv", NONE, NONE, LT_I8) \
    X(0x29f, i16x8_extmul_high_i8x16_u, "i16x8.extmul_high_i8x16_u", "vvv", NONE, NONE, LT_I8) \
    X(0x2a0, i32x4_abs, "i32x4.abs", "vv", NONE, V1, VOP_ABS32) \
    X(0x2a1, i32x4_neg, "i32x4.neg", "vv", NONE, NONE, VOP_SUB32) \
    X(0x2a3, i32x4_all_true, "i32x4.all_true", "iv", NONE, NONE, VOP_EQ32) \
    X(0x2a4, i32x4_bitmask, "i32x4.bitmask", "iv", NONE, V1, VOP_MOVMSK32) \
    X(0x2a7, i32x4_extend_low_i16x8_s, "i32x4.extend_low_i16x8_s", "vv", NONE, V1, VOP_SX16) \
    X(0x2a8, i32x4_extend_high_i16x8_s, "i32x4.extend_high_i16x8_s", "vv", NONE, NONE, LT_I16) \
    X(0x2a9, i32x4_extend_low_i16x8_u, "i32x4.extend_low_i16x8_u", "vv", NONE, V1, VOP_ZX16) \
    X(0x2aa, i32x4_extend_high_i16x8_u, "i32x4.extend_high_i16x8_u", "vv", NONE, NONE, LT_I16) \
    X(0x2ab, i32x4_shl, "i32x4.shl", "vvi", NONE, NONE, LT_I32) \
    X(0x2ac, i32x4_shr_s, "i32x4.shr_s", "vvi", NONE, NONE, LT_I32) \
    X(0x2ad, i32x4_shr_u, "i32x4.shr_u", "vvi", NONE, NONE, LT_I32) \
    X(0x2ae, i32x4_add, "i32x4.add", "vvv", NONE, V2C, VOP_ADD32) \
    X(0x2b1, i32x4_sub, "i32x4.sub", "vvv", NONE, V2, VOP_SUB32) \
    X(0x2b5, i32x4_mul, "i32x4.mul", "vvv", NONE, V2C, VOP_MUL32) \
    X(0x2b6, i32x4_min_s, "i32x4.min_s", "vvv", NONE, V2C, VOP_MINS32) \
    X(0x2b7, i32x4_min_u, "i32x4.min_u", "vvv", NONE, V2C, VOP_MINU32) \
    X(0x2b8, i32x4_max_s, "i32x4.max_s", "vvv", NONE, V2C, VOP_MAXS32) \
    X(0x2b9, i32x4_max_u, "i32x4.max_u", "vvv", NONE, V2C, VOP_MAXU32) \
    X(0x2ba, i32x4_dot_i16x8_s, "i32x4.dot_i16x8_s", "vvv", NONE, V2C, VOP_MADD16) \
    X(0x2bc, i32x4_extmul_low_i16x8_s, "i32x4.extmul_low_i16x8_s", "vvv", NONE, NONE, LT_I16) \
    X(0x2bd, i32x4_extmul_high_i16x8_s, "i32x4.extmul_high_i16x8_s", "vvv", NONE, NONE, LT_I16) \
    X(0x2be, i32x4_extmul_low_i16x8_u, "i32x4.extmul_low_i16x8_u", "vvv", NONE, NONE, LT_I16) \
    X(0x2bf, i32x4_extmul_high_i16x8_u, "i32x4.extmul_high_i16x8_u", "vvv", NONE, NONE, LT_I16) \
    X(0x2c0, i64x2_abs, "i64x2.abs", "vv", NONE, NONE, 0) \
    X(0x2c1, i64x2_neg, "i64x2.neg", "vv", NONE, NONE, VOP_SUB64) \
    X(0x2c3, i64x2_all_true, "i64x2.all_true", "iv", NONE, NONE, VOP_EQ64) \
    X(0x2c4, i64x2_bitmask, "i64x2.bitmask", "iv", NONE, V1, VOP_MOVMSK64) \
    X(0x2c7, i64x2_extend_low_i32x4_s, "i64x2.extend_low_i32x4_s", "vv", NONE, V1, VOP_SX32) \
    X(0x2c8, i64x2_extend_high_i32x4_s, "i64x2.extend_high_i32x4_s", "vv", NONE, NONE, LT_I32) \
    X(0x2c9, i64x2_extend_low_i32x4_u, "i64x2.extend_low_i32x4_u", "vv", NONE, V1, VOP_ZX32) \
    X(0x2ca, i64x2_extend_high_i32x4_u, "i64x2.extend_high_i32x4_u", "vv", NONE, NONE, LT_I32) \
    X(0x2cb, i64x2_shl, "i64x2.shl", "vvi", NONE, NONE, LT_I64) \
    X(0x2cc, i64x2_shr_s, "i64x2.shr_s", "vvi", NONE, NONE, LT_I64) \
    X(0x2cd, i64x2_shr_u, "i64x2.shr_u", "vvi", NONE, NONE, LT_I64) \
    X(0x2ce, i64x2_add, "i64x2.add", "vvv", NONE, V2C, VOP_ADD64) \
    X(0x2d1, i64x2_sub, "i64x2.sub", "vvv", NONE, V2, VOP_SUB64) \
    X(0x2d5, i64x2_mul, "i64x2.mul", "vvv", NONE, NONE, 0) \
    X(0x2d6, i64x2_eq, "i64x2.eq", "vvv", NONE, V2C, VOP_EQ64) \
    X(0x2d7, i64x2_ne, "i64x2.ne", "vvv", NONE, NONE, LT_I64) \
    X(0x2d8, i64x2_lt_s, "i64x2.lt_s", "vvv", NONE, NONE, LT_I64) \
    X(0x2d9, i64x2_gt_s, "i64x2.gt_s", "vvv", NONE, NONE, LT_I64) \
    X(0x2da, i64x2_le_s, "i64x2.le_s", "vvv", NONE, NONE, LT_I64) \
    X(0x2db, i64x2_ge_s, "i64x2.ge_s", "vvv", NONE, NONE, LT_I64) \
    X(0x2dc, i64x2_extmul_low_i32x4_s, "i64x2.extmul_low_i32x4_s", "vvv", NONE, NONE, LT_I32) \
    X(0x2dd, i64x2_extmul_high_i32x4_s, "i64x2.extmul_high_i32x4_s", "vvv", NONE, NONE, LT_I32) \
    X(0x2de, i64x2_extmul_low_i32x4_u, "i64x2.extmul_low_i32x4_u", "vvv", NONE, NONE, LT_I32) \
    X(0x2df, i64x2_extmul_high_i32x4_u, "i64x2.extmul_high_i32x4_u", "vvv", NONE, NONE, LT_I32) \
    X(0x2e0, f32x4_abs, "f32x4.abs", "vv", NONE, NONE, LT_F32) \
    X(0x2e1, f32x4_neg, "f32x4.neg", "vv", NONE, NONE, LT_F32) \
    X(0x2e3, f32x4_sqrt, "f32x4.sqrt", "vv", NONE, V1, VOP_SQRTPS) \
    X(0x2e4, f32x4_add, "f32x4.add", "vvv", NONE, V2C, VOP_ADDPS) \
    X(0x2e5, f32x4_sub, "f32x4.sub", "vvv", NONE, V2, VOP_SUBPS) \
    X(0x2e6, f32x4_mul, "f32x4.mul", "vvv", NONE, V2C, VOP_MULPS) \
    X(0x2e7, f32x4_div, "f32x4.div", "vvv", NONE, V2, VOP_DIVPS) \
    X(0x2e8, f32x4_min, "f32x4.min", "vvv", NONE, NONE, LT_F32) \
    X(0x2e9, f32x4_max, "f32x4.max", "vvv", NONE, NONE, LT_F32) \
    X(0x2ea, f32x4_pmin, "f32x4.pmin", "vvv", NONE, NONE, VOP_MINPS) \
    X(0x2eb, f32x4_pmax, "f32x4.pmax", "vvv", NONE, NONE, VOP_MAXPS) \
    X(0x2ec, f64x2_abs, "f64x2.abs", "vv", NONE, NONE, LT_F64) \
    X(0x2ed, f64x2_neg, "f64x2.neg", "vv", NONE, NONE, LT_F64) \
    X(0x2ef, f64x2_sqrt, "f64x2.sqrt", "vv", NONE, V1, VOP_SQRTPD) \
    X(0x2f0, f64x2_add, "f64x2.add", "vvv", NONE, V2C, VOP_ADDPD) \
    X(0x2f1, f64x2_sub, "f64x2.sub", "vvv", NONE, V2, VOP_SUBPD) \
    X(0x2f2, f64x2_mul, "f64x2.mul", "vvv", NONE, V2C, VOP_MULPD) \
    X(0x2f3, f64x2_div, "f64x2.div", "vvv", NONE, V2, VOP_DIVPD) \
    X(0x2f4, f64x2_min, "f64x2.min", "vvv", NONE, NONE, LT_F64) \
    X(0x2f5, f64x2_max, "f64x2.max", "vvv", NONE, NONE, LT_F64) \
    X(0x2f6, f64x2_pmin, "f64x2.pmin", "vvv", NONE, NONE, VOP_MINPD) \
    X(0x2f7, f64x2_pmax, "f64x2.pmax", "vvv", NONE, NONE, VOP_MAXPD) \
    X(0x2f8, i32x4_trunc_sat_f32x4_s, "i32x4.trunc_sat_f32x4_s", "vv", NONE, NONE, 0) \
    X(0x2f9, i32x4_trunc_sat_f32x4_u, "i32x4.trunc_sat_f32x4_u", "vv", NONE, NONE, 0) \
    X(0x2fa, f32x4_convert_i32x4_s, "f32x4.convert_i32x4_s", "vv", NONE, V1, VOP_CVTDQ2PS) \
    X(0x2fb, f32x4_convert_i32x4_u, "f32x4.convert_i32x4_u", "vv", NONE, NONE, 0) \
    X(0x2fc, i32x4_trunc_sat_f64x2_s_zero, "i32x4.trunc_sat_f64x2_s_zero", "vv", NONE, NONE, 0) \
    X(0x2fd, i32x4_trunc_sat_f64x2_u_zero, "i32x4.trunc_sat_f64x2_u_zero", "vv", NONE, NONE, 0) \
    X(0x2fe, f64x2_convert_low_i32x4_s, "f64x2.convert_low_i32x4_s", "vv", NONE, V1, VOP_CVTDQ2PD) \
    X(0x2ff, f64x2_convert_low_i32x4_u, "f64x2.convert_low_i32x4_u", "vv", NONE, NONE, 0) \
    X(0x300, i8x16_relaxed_swizzle, "i8x16.relaxed_swizzle", "vvv", NONE, V2, VOP_PSHUFB) \
    X(0x301, i32x4_relaxed_trunc_f32x4_s, "i32x4.relaxed_trunc_f32x4_s", \
      "vv", NONE, V1, VOP_CVTTPS2DQ) \
    X(0x302, i32x4_relaxed_trunc_f32x4_u, "i32x4.relaxed_trunc_f32x4_u", "vv", NONE, NONE, 0) \
    X(0x303, i32x4_relaxed_trunc_f64x2_s_zero, "i32x4.relaxed_trunc_f64x2_s_zero", \
      "vv", NONE, V1, VOP_CVTTPD2DQ) \
    X(0x304, i32x4_relaxed_trunc_f64x2_u_zero, "i32x4.relaxed_trunc_f64x2_u_zero", \
      "vv", NONE, NONE, 0) \
    X(0x305, f32x4_relaxed_madd, "f32x4.relaxed_madd", "vvvv", NONE, NONE, VOP_FMAPS) \
    X(0x306, f32x4_relaxed_nmadd, "f32x4.relaxed_nmadd", "vvvv", NONE, NONE, VOP_FNMAPS) \
    X(0x307, f64x2_relaxed_madd, "f64x2.relaxed_madd", "vvvv", NONE, NONE, VOP_FMAPD) \
    X(0x308, f64x2_relaxed_nmadd, "f64x2.relaxed_nmadd", "vvvv", NONE, NONE, VOP_FNMAPD) \
    X(0x309, i8x16_relaxed_laneselect, "i8x16.relaxed_laneselect", "vvvv", NONE, NONE, 0) \
    X(0x30a, i16x8_relaxed_laneselect, "i16x8.relaxed_laneselect", "vvvv", NONE, NONE, 0) \
    X(0x30b, i32x4_relaxed_laneselect, "i32x4.relaxed_laneselect", "vvvv", NONE, NONE, 0) \
    X(0x30c, i64x2_relaxed_laneselect, "i64x2.relaxed_laneselect", "vvvv", NONE, NONE, 0) \
    X(0x30d, f32x4_relaxed_min, "f32x4.relaxed_min", "vvv", NONE, V2, VOP_MINPS) \
    X(0x30e, f32x4_relaxed_max, "f32x4.relaxed_max", "vvv", NONE, V2, VOP_MAXPS) \
    X(0x30f, f64x2_relaxed_min, "f64x2.relaxed_min", "vvv", NONE, V2, VOP_MINPD) \
    X(0x310, f64x2_relaxed_max, "f64x2.relaxed_max", "vvv", NONE, V2, VOP_MAXPD) \
    X(0x311, i16x8_relaxed_q15mulr_s, "i16x8.relaxed_q15mulr_s", "vvv", NONE, V2C, VOP_MULHRS) \
    X(0x312, i16x8_relaxed_dot_i8x16_i7x16_s, "i16x8.relaxed_dot_i8x16_i7x16_s", \
      "vvv", NONE, NONE, 0) \
    X(0x313, i32x4_relaxed_dot_i8x16_i7x16_add_s, "i32x4.relaxed_dot_i8x16_i7x16_add_s", \
      "vvvv", NONE, NONE, 0)

#endif
