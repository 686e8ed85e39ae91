/* lz.c - a small LZ77 compressor and its decoder: hashes, byte compares, short copies. */
#include "../bench.h"

enum { SIZE = 16384, HASH = 4096 };

static uint8_t text[SIZE], packed[2 * SIZE], back[SIZE + 64];
static uint16_t last[HASH];

static uint32_t load32(const uint8_t *p)
{
    uint32_t w;

    memcpy(&w, p, 4);
    return w;
}

static NOINLINE uint32_t compress(const uint8_t *in, uint32_t n, uint8_t *out)
{
    uint8_t *o = out;
    uint32_t i = 0, literals = 0;

    memset(last, 0, sizeof last);
    while (i + 8 < n) {
        uint32_t h = load32(in + i) * 2654435761u >> 20, at = last[h];
        last[h] = (uint16_t)i;
        if (at >= i || load32(in + at) != load32(in + i) || i - at > 65535) {
            literals++;
            i++;
            continue;
        }
        uint32_t len = 4;
        while (i + len < n && len < 250 && in[at + len] == in[i + len])
            len++;
        while (literals) {
            uint32_t k = literals > 127 ? 127 : literals;
            *o++ = (uint8_t)k;
            for (uint32_t j = 0; j < k; j++)
                *o++ = in[i - literals + j];
            literals -= k;
        }
        *o++ = 128;
        *o++ = (uint8_t)len;
        *o++ = (uint8_t)(i - at);
        *o++ = (uint8_t)((i - at) >> 8);
        i += len;
    }
    return (uint32_t)(o - out);
}

static NOINLINE uint32_t expand(const uint8_t *in, uint32_t n, uint8_t *out)
{
    const uint8_t *end = in + n;
    uint8_t *o = out;

    while (in < end) {
        uint32_t c = *in++;
        if (c < 128) {
            while (c--)
                *o++ = *in++;
        } else {
            const uint8_t *from = o - (in[1] | in[2] << 8);
            c = in[0];
            in += 3;
            while (c--)
                *o++ = *from++;
        }
    }
    return (uint32_t)(o - out);
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 8;

    for (uint32_t i = 0; i < SIZE; i++)
        text[i] = i > 64 && rnd(&s) % 8 ? text[i - 1 - s % 61] : (uint8_t)(s >> 7 & 63);
    for (uint32_t t = 0; t < n; t++) {
        uint32_t len = compress(text, SIZE, packed);
        uint32_t got = expand(packed, len, back);
        h = mix(mix(h, len), got + back[t % got]);
        text[(t * 37) % SIZE] ^= 5;
    }
    return h;
}
