/* divide.c - divisions and remainders by constants and by variables, decimal digits. */
#include "../bench.h"

static uint8_t text[24];

static NOINLINE int digits(uint64_t v, uint8_t *to)
{
    int n = 0;

    do {
        to[n++] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v);
    return n;
}

static NOINLINE uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

static NOINLINE int32_t calendar(int32_t day)
{
    int32_t era = day / 146097, doe = day % 146097;
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int32_t mp = (5 * doy + 2) / 153;

    return (yoe + era * 400) * 400 + mp * 32 + doy - (153 * mp + 2) / 5;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 17;

    for (uint32_t t = 0; t < n; t++)
        for (int i = 0; i < 100; i++) {
            uint32_t x = rnd(&s);
            h = mix(h, (uint32_t)digits((uint64_t)x * 977, text) + text[3]);
            h = mix(h, gcd(x, 1 + (h & 0xffff)));
            h = mix(h, (uint32_t)calendar((int32_t)(x >> 9)));
        }
    return h;
}
