/* bytes.c - bytes by sixteen: counts of a letter, upper case, sums, unequal bytes of two
 * strings. */
#include "vec.h"

enum { SIZE = 4096 };

static uint8_t text[SIZE], copy[SIZE];

static NOINLINE uint32_t count(uint8_t c)
{
    uint32_t n = 0;

    for (int i = 0; i < SIZE; i += 16 * 8) {
        u8x16 acc = { 0 };
        for (int k = 0; k < 8; k++)
            acc -= (u8x16)(LOAD(u8x16, text + i + k * 16) == c);
        for (int k = 0; k < 16; k++)
            n += acc[k];
    }
    return n;
}

static NOINLINE void upper(void)
{
    for (int i = 0; i < SIZE; i += 16) {
        u8x16 v = LOAD(u8x16, text + i);
        u8x16 low = (u8x16)(v - 'a' < 26);
        STORE(copy + i, v ^ (low & 32));
    }
}

static NOINLINE void saturate(void)
{
    for (int i = 0; i < SIZE; i += 16) {
        u8x16 v = LOAD(u8x16, copy + i), s = v + 90;
        STORE(copy + i, s | (u8x16)(s < v));
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 47;

    for (int i = 0; i < SIZE; i++)
        text[i] = (uint8_t)(rnd(&s) & 127);
    for (uint32_t t = 0; t < n; t++) {
        h = mix(h, count((uint8_t)(t & 127)));
        upper();
        saturate();
        h = mix(h, copy[t % SIZE]);
        text[(t * 7) % SIZE] = (uint8_t)(t & 127);
    }
    return h;
}
