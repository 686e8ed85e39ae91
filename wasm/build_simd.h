/* build_simd.h - making vector operations: shared by build_simd.c and build_simd_float.c. */
#ifndef WASM_BUILD_SIMD_H
#define WASM_BUILD_SIMD_H

#include "wasm/build.h"
#include "wasm/simd.h"

/* One operation; v2 makes it IR_V2C if it is commutative. */
uint32_t simd_v1(struct build *b, int vop, uint32_t x);
uint32_t simd_v2(struct build *b, int vop, uint32_t x, uint32_t y);
/* Constants: two halves, or one lane in all of them. */
uint32_t simd_const(struct build *b, uint64_t lo, uint64_t hi);
uint32_t simd_all64(struct build *b, uint64_t k);
uint32_t simd_all32(struct build *b, uint32_t k);
uint32_t simd_all16(struct build *b, uint16_t k);
/* x shifted by a constant */
uint32_t simd_shift(struct build *b, int vop, uint32_t x, uint32_t n);
/* Lanes of x and y by the numbers in lo and hi (enum LANE_ZERO). */
uint32_t simd_shuffle(struct build *b, uint32_t x, uint32_t y, uint64_t lo, uint64_t hi);
/* The lanes of the low (high) half of both, alternating; size = bytes of a lane. */
uint32_t simd_interleave(struct build *b, uint32_t x, uint32_t y, unsigned size, bool high);
/* Bits of x where the mask has ones, else of y. */
uint32_t simd_select(struct build *b, uint32_t x, uint32_t y, uint32_t mask);

/* build_simd_float.c: instructions on floats, and relaxed ones; false: op is none of them */
bool simd_float(struct build *b, uint32_t op, const struct op_info *info, const uint32_t *v,
                uint32_t *r);

#endif
