/* small.c - many small functions, not inlined by the C compiler: several arguments, mixed types. */
#include "../bench.h"

static NOINLINE uint32_t clamp(int32_t v, int32_t lo, int32_t hi)
{
    return (uint32_t)(v < lo ? lo : v > hi ? hi : v);
}

static NOINLINE uint32_t blend(uint32_t a, uint32_t b, uint32_t k)
{
    return (a * (256 - k) + b * k) >> 8;
}

static NOINLINE uint64_t wide(uint64_t a, uint32_t b)
{
    return a * 6364136223846793005u + b;
}

static NOINLINE double scale(double a, double b, int shift)
{
    return a * b + (double)(1 << shift);
}

static NOINLINE uint32_t six(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
    return (a ^ b) + (c ^ d) + (e ^ f);
}

static NOINLINE uint32_t nothing(uint32_t a)
{
    return a;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;
    uint64_t w = 1;
    double d = 1;

    for (uint32_t t = 0; t < n; t++)
        for (uint32_t i = 0; i < 100; i++) {
            h += clamp((int32_t)h >> 4, -1000, (int32_t)i);
            h = blend(h, i, t & 255);
            w = wide(w, h);
            d = scale(d, 0.5, i & 7);
            h = six(h, i, t, (uint32_t)w, nothing(i), nothing(h));
        }
    return mix_f64(mix64(h, w), d);
}
