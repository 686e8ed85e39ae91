/* bigint.c - products of 1024-bit integers in 32-bit limbs, and their remainders by a word. */
#include "../bench.h"

enum { LIMBS = 32 };

static uint32_t a[LIMBS], b[LIMBS], c[2 * LIMBS];

static NOINLINE void multiply(uint32_t *r, const uint32_t *x, const uint32_t *y, int n)
{
    memset(r, 0, (size_t)n * 8);
    for (int i = 0; i < n; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < n; j++) {
            uint64_t t = (uint64_t)x[i] * y[j] + r[i + j] + carry;
            r[i + j] = (uint32_t)t;
            carry = t >> 32;
        }
        r[i + n] = (uint32_t)carry;
    }
}

static NOINLINE uint32_t remainder_by(const uint32_t *x, int n, uint32_t d)
{
    uint64_t r = 0;

    for (int i = n; i-- > 0;)
        r = (r << 32 | x[i]) % d;
    return (uint32_t)r;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 31;

    for (int i = 0; i < LIMBS; i++) {
        a[i] = rnd(&s);
        b[i] = rnd(&s);
    }
    for (uint32_t t = 0; t < n; t++) {
        multiply(c, a, b, LIMBS);
        memcpy(a, c + LIMBS / 2, sizeof a);
        a[0] |= 1;
        if (t % 16 == 0)
            h = mix(h, remainder_by(c, 2 * LIMBS, 1000000007u + t));
        h = mix(h, c[t % (2 * LIMBS)]);
    }
    return h;
}
