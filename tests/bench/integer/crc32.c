/* crc32.c - CRC-32 by a table, a byte at a time, and by four tables, a word at a time. */
#include "../bench.h"

enum { SIZE = 16384 };

static uint32_t table[4][256];
static uint8_t data[SIZE];

static void tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        table[0][i] = c;
    }
    for (int t = 1; t < 4; t++)
        for (int i = 0; i < 256; i++)
            table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
}

static NOINLINE uint32_t crc_bytes(uint32_t c, const uint8_t *p, size_t n)
{
    c = ~c;
    while (n--)
        c = c >> 8 ^ table[0][(c ^ *p++) & 255];
    return ~c;
}

static NOINLINE uint32_t crc_words(uint32_t c, const uint8_t *p, size_t n)
{
    c = ~c;
    for (; n >= 4; n -= 4, p += 4) {
        uint32_t w;
        memcpy(&w, p, 4);
        c ^= w;
        c = table[3][c & 255] ^ table[2][c >> 8 & 255] ^
            table[1][c >> 16 & 255] ^ table[0][c >> 24];
    }
    return ~c;
}

uint32_t run(uint32_t n)
{
    uint32_t c = 0, s = 5;

    tables();
    for (int i = 0; i < SIZE; i++)
        data[i] = (uint8_t)rnd(&s);
    for (uint32_t t = 0; t < n; t++) {
        c = crc_bytes(c, data, SIZE);
        c = crc_words(c, data, SIZE);
    }
    return c;
}
