/* heapsort.c - sorts random integers in a heap: data-dependent branches and indices. */
#include "../bench.h"

enum { N = 4096 };

static uint32_t v[N];

static NOINLINE void sift(uint32_t *a, uint32_t root, uint32_t n)
{
    uint32_t x = a[root];

    for (;;) {
        uint32_t c = 2 * root + 1;
        if (c >= n)
            break;
        if (c + 1 < n && a[c + 1] > a[c])
            c++;
        if (a[c] <= x)
            break;
        a[root] = a[c];
        root = c;
    }
    a[root] = x;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 77;

    for (uint32_t t = 0; t < n; t++) {
        for (int i = 0; i < N; i++)
            v[i] = rnd(&s);
        for (uint32_t i = N / 2; i-- > 0;)
            sift(v, i, N);
        for (uint32_t i = N - 1; i > 0; i--) {
            uint32_t x = v[0];
            v[0] = v[i];
            v[i] = x;
            sift(v, 0, i);
        }
        h = mix(h, v[t % N]);
    }
    return h;
}
