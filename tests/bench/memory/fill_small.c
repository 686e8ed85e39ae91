/* fill_small.c - memset of 1 to 100 bytes, lengths known at run time only. */
#include "../bench.h"

static uint8_t buf[8192];
static uint16_t lengths[256];

static NOINLINE void fills(uint32_t shift)
{
    uint32_t at = 0;

    for (int i = 0; i < 64; i++) {
        uint32_t n = lengths[(uint32_t)i + shift & 255];
        memset(buf + at, (int)(n + shift), n);
        at += n;
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 41;

    for (int i = 0; i < 256; i++)
        lengths[i] = (uint16_t)(1 + rnd(&s) % 100);
    for (uint32_t t = 0; t < n; t++) {
        fills(t);
        h = mix(h, buf[t & 2047]);
    }
    return h;
}
