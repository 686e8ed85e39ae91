/*
 * simd.h - vector operations: a row for each x86 instruction that an IR operation V1, V2, V2C or V3
 * stands for. All that wasm has is put together from these by build_simd.c.
 *
 * X(name, prefix, map, opcode byte, immediate or -1, flags). The first operand of V2 is the one
 * that the legacy SSE form overwrites.
 */
#ifndef WASM_SIMD_H
#define WASM_SIMD_H

#include <stdint.h>

enum lane_type { LT_I8, LT_I16, LT_I32, LT_I64, LT_F32, LT_F64 };

enum vop_flag {
    VF_COMM = 1,        /* a op b == b op a */
    VF_HALF = 2,        /* reads only the low 8 bytes of its (last) operand */
    VF_INT = 4,         /* the operand (V1) is an integer */
    VF_W = 8,           /* needs REX.W or VEX.W */
    VF_SHIFT = 16,      /* by the low 64 bits of the second operand */
    VF_REG = 32,        /* the operand must be in a register */
};

#define VOPS(X) \
    /* integers */ \
    X(ADD8, 66, 0F, 0xfc, -1, VF_COMM) X(ADD16, 66, 0F, 0xfd, -1, VF_COMM) \
    X(ADD32, 66, 0F, 0xfe, -1, VF_COMM) X(ADD64, 66, 0F, 0xd4, -1, VF_COMM) \
    X(SUB8, 66, 0F, 0xf8, -1, 0) X(SUB16, 66, 0F, 0xf9, -1, 0) \
    X(SUB32, 66, 0F, 0xfa, -1, 0) X(SUB64, 66, 0F, 0xfb, -1, 0) \
    X(ADDS8, 66, 0F, 0xec, -1, VF_COMM) X(ADDS16, 66, 0F, 0xed, -1, VF_COMM) \
    X(ADDU8, 66, 0F, 0xdc, -1, VF_COMM) X(ADDU16, 66, 0F, 0xdd, -1, VF_COMM) \
    X(SUBS8, 66, 0F, 0xe8, -1, 0) X(SUBS16, 66, 0F, 0xe9, -1, 0) \
    X(SUBU8, 66, 0F, 0xd8, -1, 0) X(SUBU16, 66, 0F, 0xd9, -1, 0) \
    X(MUL16, 66, 0F, 0xd5, -1, VF_COMM) X(MUL32, 66, 38, 0x40, -1, VF_COMM) \
    X(MULHS16, 66, 0F, 0xe5, -1, VF_COMM) X(MULHU16, 66, 0F, 0xe4, -1, VF_COMM) \
    X(MULS32, 66, 38, 0x28, -1, VF_COMM)        /* even lanes to 64 bits */ \
    X(MULU32, 66, 0F, 0xf4, -1, VF_COMM) \
    X(MULHRS, 66, 38, 0x0b, -1, VF_COMM) \
    X(MADD16, 66, 0F, 0xf5, -1, VF_COMM) \
    X(MADDUB, 66, 38, 0x04, -1, 0)              /* unsigned bytes of a, signed ones of b */ \
    X(AVG8, 66, 0F, 0xe0, -1, VF_COMM) X(AVG16, 66, 0F, 0xe3, -1, VF_COMM) \
    X(MINS8, 66, 38, 0x38, -1, VF_COMM) X(MINS16, 66, 0F, 0xea, -1, VF_COMM) \
    X(MINS32, 66, 38, 0x39, -1, VF_COMM) X(MINU8, 66, 0F, 0xda, -1, VF_COMM) \
    X(MINU16, 66, 38, 0x3a, -1, VF_COMM) X(MINU32, 66, 38, 0x3b, -1, VF_COMM) \
    X(MAXS8, 66, 38, 0x3c, -1, VF_COMM) X(MAXS16, 66, 0F, 0xee, -1, VF_COMM) \
    X(MAXS32, 66, 38, 0x3d, -1, VF_COMM) X(MAXU8, 66, 0F, 0xde, -1, VF_COMM) \
    X(MAXU16, 66, 38, 0x3e, -1, VF_COMM) X(MAXU32, 66, 38, 0x3f, -1, VF_COMM) \
    X(EQ8, 66, 0F, 0x74, -1, VF_COMM) X(EQ16, 66, 0F, 0x75, -1, VF_COMM) \
    X(EQ32, 66, 0F, 0x76, -1, VF_COMM) X(EQ64, 66, 38, 0x29, -1, VF_COMM) \
    X(GT8, 66, 0F, 0x64, -1, 0) X(GT16, 66, 0F, 0x65, -1, 0) \
    X(GT32, 66, 0F, 0x66, -1, 0) \
    X(GT64, 66, 38, 0x37, -1, 0)                /* SSE4.2: only where there is AVX */ \
    X(AND, 66, 0F, 0xdb, -1, VF_COMM) X(OR, 66, 0F, 0xeb, -1, VF_COMM) \
    X(XOR, 66, 0F, 0xef, -1, VF_COMM) X(ANDN, 66, 0F, 0xdf, -1, 0)      /* ~a & b */ \
    X(PACKS16, 66, 0F, 0x63, -1, 0) X(PACKU16, 66, 0F, 0x67, -1, 0) \
    X(PACKS32, 66, 0F, 0x6b, -1, 0) X(PACKU32, 66, 38, 0x2b, -1, 0) \
    X(PSHUFB, 66, 38, 0x00, -1, 0) \
    X(SHL16, 66, 0F, 0xf1, -1, VF_SHIFT) X(SHL32, 66, 0F, 0xf2, -1, VF_SHIFT) \
    X(SHL64, 66, 0F, 0xf3, -1, VF_SHIFT) X(SHRU16, 66, 0F, 0xd1, -1, VF_SHIFT) \
    X(SHRU32, 66, 0F, 0xd2, -1, VF_SHIFT) X(SHRU64, 66, 0F, 0xd3, -1, VF_SHIFT) \
    X(SHRS16, 66, 0F, 0xe1, -1, VF_SHIFT) X(SHRS32, 66, 0F, 0xe2, -1, VF_SHIFT) \
    X(ABS8, 66, 38, 0x1c, -1, 0) X(ABS16, 66, 38, 0x1d, -1, 0) X(ABS32, 66, 38, 0x1e, -1, 0) \
    X(SX8, 66, 38, 0x20, -1, VF_HALF) X(SX16, 66, 38, 0x23, -1, VF_HALF) \
    X(SX32, 66, 38, 0x25, -1, VF_HALF) X(ZX8, 66, 38, 0x30, -1, VF_HALF) \
    X(ZX16, 66, 38, 0x33, -1, VF_HALF) X(ZX32, 66, 38, 0x35, -1, VF_HALF) \
    X(MOVMSK8, 66, 0F, 0xd7, -1, VF_REG) X(MOVMSK32, P0, 0F, 0x50, -1, VF_REG) \
    X(MOVMSK64, 66, 0F, 0x50, -1, VF_REG) \
    X(MOVD, 66, 0F, 0x6e, -1, VF_INT)           /* a shift count */ \
    X(ZEXT32, F3, 0F, 0x10, -1, 0)              /* an f32, the rest zero; see isel_simd.c */ \
    X(ZEXT64, F3, 0F, 0x7e, -1, VF_HALF)        /* an f64 */ \
    /* floats */ \
    X(ANDPS, P0, 0F, 0x54, -1, VF_COMM) X(ANDNPS, P0, 0F, 0x55, -1, 0) \
    X(ORPS, P0, 0F, 0x56, -1, VF_COMM) X(XORPS, P0, 0F, 0x57, -1, VF_COMM) \
    X(ADDPS, P0, 0F, 0x58, -1, VF_COMM) X(ADDPD, 66, 0F, 0x58, -1, VF_COMM) \
    X(SUBPS, P0, 0F, 0x5c, -1, 0) X(SUBPD, 66, 0F, 0x5c, -1, 0) \
    X(MULPS, P0, 0F, 0x59, -1, VF_COMM) X(MULPD, 66, 0F, 0x59, -1, VF_COMM) \
    X(DIVPS, P0, 0F, 0x5e, -1, 0) X(DIVPD, 66, 0F, 0x5e, -1, 0) \
    X(MINPS, P0, 0F, 0x5d, -1, 0) X(MINPD, 66, 0F, 0x5d, -1, 0)     /* a < b ? a : b */ \
    X(MAXPS, P0, 0F, 0x5f, -1, 0) X(MAXPD, 66, 0F, 0x5f, -1, 0)     /* a > b ? a : b */ \
    X(CMPEQPS, P0, 0F, 0xc2, 0, VF_COMM) X(CMPEQPD, 66, 0F, 0xc2, 0, VF_COMM) \
    X(CMPLTPS, P0, 0F, 0xc2, 1, 0) X(CMPLTPD, 66, 0F, 0xc2, 1, 0) \
    X(CMPLEPS, P0, 0F, 0xc2, 2, 0) X(CMPLEPD, 66, 0F, 0xc2, 2, 0) \
    X(CMPUNPS, P0, 0F, 0xc2, 3, VF_COMM) X(CMPUNPD, 66, 0F, 0xc2, 3, VF_COMM) \
    X(CMPNEPS, P0, 0F, 0xc2, 4, VF_COMM) X(CMPNEPD, 66, 0F, 0xc2, 4, VF_COMM) \
    X(SQRTPS, P0, 0F, 0x51, -1, 0) X(SQRTPD, 66, 0F, 0x51, -1, 0) \
    X(NEARESTPS, 66, 3A, 0x08, 8, 0) X(NEARESTPD, 66, 3A, 0x09, 8, 0) \
    X(FLOORPS, 66, 3A, 0x08, 9, 0) X(FLOORPD, 66, 3A, 0x09, 9, 0) \
    X(CEILPS, 66, 3A, 0x08, 10, 0) X(CEILPD, 66, 3A, 0x09, 10, 0) \
    X(TRUNCPS, 66, 3A, 0x08, 11, 0) X(TRUNCPD, 66, 3A, 0x09, 11, 0) \
    X(CVTDQ2PS, P0, 0F, 0x5b, -1, 0) X(CVTTPS2DQ, F3, 0F, 0x5b, -1, 0) \
    X(CVTDQ2PD, F3, 0F, 0xe6, -1, VF_HALF) X(CVTTPD2DQ, 66, 0F, 0xe6, -1, 0) \
    X(CVTPD2PS, 66, 0F, 0x5a, -1, 0) X(CVTPS2PD, P0, 0F, 0x5a, -1, VF_HALF) \
    /* V3, FMA only: a * b + c, -(a * b) + c; the 213 forms */ \
    X(FMAPS, 66, 38, 0xa8, -1, 0) X(FMAPD, 66, 38, 0xa8, -1, VF_W) \
    X(FNMAPS, 66, 38, 0xac, -1, 0) X(FNMAPD, 66, 38, 0xac, -1, VF_W)

enum vop {
#define X(name, pfx, map, byte, imm, flags) VOP_##name,
    VOPS(X)
#undef X
    VOP_COUNT
};

struct vop_info { uint32_t op; int16_t imm; uint8_t flags; const char *name; };
extern const struct vop_info vop_table[VOP_COUNT];

/* lanes of a shuffle: 0-15 of the first operand, 16-31 of the second */
enum { LANE_ZERO = 128 };

#endif
