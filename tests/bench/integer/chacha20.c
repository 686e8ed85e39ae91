/* chacha20.c - the ChaCha20 stream (RFC 8439) over a buffer. */
#include "../bench.h"

enum { SIZE = 4096 };

static uint8_t buf[SIZE];
static uint32_t input[16];

#define QUARTER(a, b, c, d) \
    (a += b, d = rotl(d ^ a, 16), c += d, b = rotl(b ^ c, 12), \
     a += b, d = rotl(d ^ a, 8), c += d, b = rotl(b ^ c, 7))

static NOINLINE void block(uint8_t *out, const uint32_t *in)
{
    uint32_t x[16];

    for (int i = 0; i < 16; i++)
        x[i] = in[i];
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
    for (int i = 0; i < 16; i++) {
        uint32_t w, v = x[i] + in[i];
        memcpy(&w, out + 4 * i, 4);
        w ^= v;
        memcpy(out + 4 * i, &w, 4);
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    memset(buf, 0, sizeof buf);
    for (uint32_t i = 0; i < 16; i++)
        input[i] = i * 0x01234567 + 0x61707865;
    for (uint32_t t = 0; t < n; t++) {
        for (int i = 0; i < SIZE; i += 64) {
            block(buf + i, input);
            input[12]++;
        }
        h = mix(h, buf[t % SIZE]);
    }
    return h;
}
