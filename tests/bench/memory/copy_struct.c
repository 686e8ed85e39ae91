/* copy_struct.c - assignments of structures of 24, 40 and 80 bytes: copies of known size. */
#include "../bench.h"

struct small { uint32_t w[6]; };
struct medium { uint32_t w[10]; };
struct large { uint32_t w[20]; };

static struct small a[64];
static struct medium b[64];
static struct large c[64];

static NOINLINE void shuffle(uint32_t k)
{
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t j = i * 5 + k & 63;
        struct small x = a[i];
        a[i] = a[j];
        a[j] = x;
        b[j] = b[i];
        c[i] = c[j];
        b[i].w[k % 10]++;
        c[j].w[k % 20] += i;
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    memset(b, 0, sizeof b);
    memset(c, 0, sizeof c);
    for (uint32_t i = 0; i < 64; i++)
        for (uint32_t k = 0; k < 6; k++)
            a[i].w[k] = i * 6 + k;
    for (uint32_t t = 0; t < n; t++) {
        shuffle(t);
        h = mix(h, a[t & 63].w[t % 6] + b[t & 63].w[1] + c[t & 63].w[2]);
    }
    return h;
}
