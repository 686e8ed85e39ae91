/* quicksort.c - sorts random integers: compares, branches, swaps. */
#include "../bench.h"

enum { N = 4096 };

static int32_t v[N];

static void sort(int32_t *a, int lo, int hi)
{
    while (lo < hi) {
        int32_t p = a[(lo + hi) / 2];
        int i = lo, j = hi;
        while (i <= j) {
            while (a[i] < p)
                i++;
            while (a[j] > p)
                j--;
            if (i <= j) {
                int32_t t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        sort(a, lo, j);
        lo = i;
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 99;

    for (uint32_t t = 0; t < n; t++) {
        for (int i = 0; i < N; i++)
            v[i] = (int32_t)rnd(&s);
        sort(v, 0, N - 1);
        h = mix(h, (uint32_t)v[t % N]);
    }
    return h;
}
