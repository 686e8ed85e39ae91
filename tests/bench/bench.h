/*
 * bench.h - what every kernel of tests/bench includes.
 *
 * A kernel is one C file that is compiled natively and to wasm. It defines run(n): do the work n
 * times and return a checksum, the same for every compiler and engine. Each turn depends on the one
 * before, so that none can be dropped. Data whose size matters uses sized types: pointers differ.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

__attribute__((visibility("default"))) uint32_t run(uint32_t n);

static inline uint32_t rotl(uint32_t x, int k)
{
    return x << k | x >> (32 - k);
}

/* xorshift32; *s must not be 0 */
static inline uint32_t rnd(uint32_t *s)
{
    uint32_t x = *s;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *s = x;
}

static inline uint32_t mix(uint32_t h, uint32_t v)
{
    return (rotl(h, 5) ^ v) * 0x9e3779b1u;
}

static inline uint32_t mix64(uint32_t h, uint64_t v)
{
    return mix(mix(h, (uint32_t)v), (uint32_t)(v >> 32));
}

static inline uint32_t mix_f64(uint32_t h, double d)
{
    uint64_t b;

    memcpy(&b, &d, 8);
    return mix64(h, b);
}

static inline uint32_t mix_f32(uint32_t h, float f)
{
    uint32_t b;

    memcpy(&b, &f, 4);
    return mix(h, b);
}

#endif
