/* copy_small.c - memcpy of 1 to 64 bytes, lengths known at run time only. */
#include "../bench.h"

enum { SIZE = 4096 };

static uint8_t from[SIZE], to[SIZE];
static uint16_t lengths[256];

static NOINLINE void copies(uint32_t shift)
{
    uint32_t at = 0;

    for (int i = 0; i < 100; i++) {
        uint32_t n = lengths[(uint32_t)i + shift & 255];
        memcpy(to + at, from + at / 2, n);
        at += n;
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 37;

    for (int i = 0; i < SIZE; i++)
        from[i] = (uint8_t)i;
    for (int i = 0; i < 256; i++)
        lengths[i] = (uint16_t)(1 + (rnd(&s) & rnd(&s)) % 40);
    for (uint32_t t = 0; t < n; t++) {
        copies(t);
        h = mix(h, to[t & 1023]);
        from[t % SIZE]++;
    }
    return h;
}
