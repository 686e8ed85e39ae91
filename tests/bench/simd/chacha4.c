/* chacha4.c - ChaCha20 (RFC 8439), four blocks at a time, a word of each in one vector. */
#include "vec.h"

static uint32_t out[64];

#define ROT(v, k) ((v) << (k) | (v) >> (32 - (k)))
#define QUARTER(a, b, c, d) \
    (a += b, d ^= a, d = ROT(d, 16), c += d, b ^= c, b = ROT(b, 12), \
     a += b, d ^= a, d = ROT(d, 8), c += d, b ^= c, b = ROT(b, 7))

static NOINLINE void blocks(uint32_t counter)
{
    u32x4 x[16], start[16];

    for (uint32_t i = 0; i < 16; i++) {
        uint32_t w = i * 0x01234567 + 0x61707865;
        start[i] = (u32x4){ w, w, w, w };
    }
    start[12] = (u32x4){ counter, counter + 1, counter + 2, counter + 3 };
    for (int i = 0; i < 16; i++)
        x[i] = start[i];
    for (int i = 0; i < 10; i++) {
        QUARTER(x[0], x[4], x[8], x[12]);
        QUARTER(x[1], x[5], x[9], x[13]);
        QUARTER(x[2], x[6], x[10], x[14]);
        QUARTER(x[3], x[7], x[11], x[15]);
        QUARTER(x[0], x[5], x[10], x[15]);
        QUARTER(x[1], x[6], x[11], x[12]);
        QUARTER(x[2], x[7], x[8], x[13]);
        QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (int i = 0; i < 16; i++)
        STORE(out + 4 * i, x[i] + start[i]);
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++) {
        blocks(t * 4);
        h = mix(h, out[t & 63]);
    }
    return h;
}
