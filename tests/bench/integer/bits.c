/* bits.c - counting, rotating and searching bits in 32- and 64-bit words. */
#include "../bench.h"

enum { N = 1024 };

static uint64_t set[N];

static NOINLINE uint32_t members(const uint64_t *p, int n)
{
    uint32_t h = 0;

    for (int i = 0; i < n; i++)
        for (uint64_t w = p[i]; w; w &= w - 1)
            h = h * 31 + (uint32_t)(i * 64 + __builtin_ctzll(w));
    return h;
}

static NOINLINE uint32_t counts(const uint64_t *p, int n)
{
    uint32_t h = 0;

    for (int i = 0; i < n; i++)
        h += (uint32_t)__builtin_popcountll(p[i]) + (uint32_t)__builtin_clzll(p[i] | 1)
           + (uint32_t)__builtin_popcount((uint32_t)p[i] ^ 0x0f0f0f0f);
    return h;
}

static NOINLINE void stir(uint64_t *p, int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t x = p[i];
        x = (x << 29 | x >> 35) ^ (x << 7 | x >> 57);
        p[i] = x & p[(i + 1) & (N - 1)] ^ x >> 1;
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 3;

    for (int i = 0; i < N; i++)
        set[i] = (uint64_t)rnd(&s) << 32 | rnd(&s);
    for (uint32_t t = 0; t < n; t++) {
        h = mix(h, members(set, N));
        h = mix(h, counts(set, N));
        stir(set, N);
        set[t % N] |= (uint64_t)rnd(&s) << 20 | 1;
    }
    return h;
}
