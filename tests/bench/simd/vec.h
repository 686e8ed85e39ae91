/* vec.h - 128-bit vectors in the C compilers' own notation, native and wasm alike. */
#ifndef BENCH_VEC_H
#define BENCH_VEC_H

#include "../bench.h"

typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));

/* 16 bytes at any address */
#define LOAD(type, p) ({ type v_; memcpy(&v_, (p), 16); v_; })
#define STORE(p, v) ({ __typeof__(v) v_ = (v); memcpy((p), &v_, 16); })

#endif
