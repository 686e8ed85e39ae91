/* blend16.c - alpha blending of pixels: bytes widened to 16 bits, multiplied, narrowed. */
#include "vec.h"

enum { PIXELS = 1024 };

static uint8_t a[PIXELS * 4], b[PIXELS * 4];

typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint8_t u8x8 __attribute__((vector_size(8)));

static NOINLINE void blend(uint16_t alpha)
{
    u16x8 k = { alpha, alpha, alpha, alpha, alpha, alpha, alpha, alpha }, rest = 256 - k;

    for (int i = 0; i < PIXELS * 4; i += 8) {
        u8x8 x, y, r;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        u16x8 wide = (__builtin_convertvector(x, u16x8) * k
                      + __builtin_convertvector(y, u16x8) * rest) >> 8;
        r = __builtin_convertvector(wide, u8x8);
        memcpy(a + i, &r, 8);
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 53;

    for (int i = 0; i < PIXELS * 4; i++) {
        a[i] = (uint8_t)rnd(&s);
        b[i] = (uint8_t)rnd(&s);
    }
    for (uint32_t t = 0; t < n; t++) {
        blend((uint16_t)(t & 255));
        b[(t * 13) % (PIXELS * 4)] ^= 0x80;
        h = mix(h, a[t % (PIXELS * 4)]);
    }
    return h;
}
