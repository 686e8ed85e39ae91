/* copy_large.c - copies, moves over themselves and fills of 1 to 16 KiB. */
#include "../bench.h"

static uint8_t buf[65536];

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 43;

    for (int i = 0; i < 65536; i++)
        buf[i] = (uint8_t)rnd(&s);
    for (uint32_t t = 0; t < n; t++) {
        uint32_t len = 1024 + (t * 977 & 16383);
        memcpy(buf + 40000, buf + (t & 255), len);
        memmove(buf + 17 + (t & 63), buf + 1, len);
        memset(buf + 60000, (int)t, len / 4);
        h = mix(h, buf[40000 + (t * 31 & 8191)]);
    }
    return h;
}
