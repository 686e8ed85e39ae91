/* callback.c - sorts with a comparison function passed as a pointer, folds with another. */
#include "../bench.h"

enum { N = 1024 };

static uint32_t v[N];

static int rising(uint32_t a, uint32_t b) { return a < b ? -1 : a > b; }
static int falling(uint32_t a, uint32_t b) { return a > b ? -1 : a < b; }
static int by_low_bits(uint32_t a, uint32_t b) { return (int)(a & 1023) - (int)(b & 1023); }

static NOINLINE void shell_sort(uint32_t *a, int n, int (*cmp)(uint32_t, uint32_t))
{
    for (int gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (int i = gap; i < n; i++) {
            uint32_t x = a[i];
            int j = i;
            for (; j >= gap && cmp(a[j - gap], x) > 0; j -= gap)
                a[j] = a[j - gap];
            a[j] = x;
        }
}

uint32_t run(uint32_t n)
{
    static int (*const order[3])(uint32_t, uint32_t) = { rising, falling, by_low_bits };
    uint32_t h = 1, s = 23;

    for (uint32_t t = 0; t < n; t++) {
        for (int i = 0; i < N; i++)
            v[i] = rnd(&s);
        shell_sort(v, N, order[t % 3]);
        h = mix(mix(h, v[t % N] & 1023), v[N / 2] & 1023);
    }
    return h;
}
