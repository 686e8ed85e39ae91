/* blake2s.c - the compression function of BLAKE2s (RFC 7693). */
#include "../bench.h"

static const uint8_t sigma[10][16] = {
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
    { 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
    { 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
    { 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
    { 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
    { 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
    { 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
    { 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
    { 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
    { 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};
static const uint32_t iv[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
static uint32_t state[8], msg[16];

static void mixture(uint32_t *v, int a, int b, int c, int d, uint32_t x, uint32_t y)
{
    v[a] += v[b] + x;
    v[d] = rotl(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotl(v[b] ^ v[c], 20);
    v[a] += v[b] + y;
    v[d] = rotl(v[d] ^ v[a], 24);
    v[c] += v[d];
    v[b] = rotl(v[b] ^ v[c], 25);
}

static NOINLINE void compress(uint32_t *h, const uint32_t *m, uint32_t count)
{
    uint32_t v[16];

    memcpy(v, h, 32);
    memcpy(v + 8, iv, 32);
    v[12] ^= count;
    for (int i = 0; i < 10; i++) {
        const uint8_t *s = sigma[i];
        mixture(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
        mixture(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
        mixture(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
        mixture(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
        mixture(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
        mixture(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
        mixture(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
        mixture(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[i + 8];
}

uint32_t run(uint32_t n)
{
    memcpy(state, iv, sizeof state);
    for (uint32_t i = 0; i < 16; i++)
        msg[i] = i * 0x11223344;
    for (uint32_t t = 0; t < n; t++) {
        compress(state, msg, t);
        msg[t & 15] ^= state[0];
    }
    return mix(state[0], state[7]);
}
