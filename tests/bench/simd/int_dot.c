/* int_dot.c - dot products and prefix sums of integers by fours; minimum and maximum. */
#include "vec.h"

enum { N = 1024 };

static int32_t a[N], b[N];

static NOINLINE uint32_t dot(void)
{
    u32x4 s = { 0 };

    for (int i = 0; i < N; i += 4)
        s += LOAD(u32x4, a + i) * LOAD(u32x4, b + i);
    return s[0] + s[1] + s[2] + s[3];
}

static NOINLINE uint32_t range(void)
{
    i32x4 lo = LOAD(i32x4, a), hi = lo;

    for (int i = 4; i < N; i += 4) {
        i32x4 v = LOAD(i32x4, a + i), less = v < lo, more = v > hi;
        lo = (v & less) | (lo & ~less);
        hi = (v & more) | (hi & ~more);
    }
    return (uint32_t)(lo[0] ^ lo[1] ^ lo[2] ^ lo[3]) + (uint32_t)(hi[0] ^ hi[1] ^ hi[2] ^ hi[3]);
}

static NOINLINE void stir(int32_t k)
{
    i32x4 v = { k, k, k, k };

    for (int i = 0; i < N; i += 4) {
        u32x4 x = (u32x4)(LOAD(i32x4, a + i) ^ v);
        STORE(a + i, x << 3 ^ x >> 5);
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 59;

    for (int i = 0; i < N; i++) {
        a[i] = (int32_t)rnd(&s) >> 12;
        b[i] = (int32_t)rnd(&s) >> 12;
    }
    for (uint32_t t = 0; t < n; t++) {
        h = mix(h, dot());
        h = mix(h, range());
        stir((int32_t)h);
    }
    return h;
}
