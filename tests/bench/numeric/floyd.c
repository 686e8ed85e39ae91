/* floyd.c - shortest paths between all pairs: two-dimensional integer arrays, minimum. */
#include "../bench.h"

enum { N = 64 };

static int32_t d[N][N];

static NOINLINE void paths(int n)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                d[i][j] = d[i][j] < d[i][k] + d[k][j] ? d[i][j] : d[i][k] + d[k][j];
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 12345;

    for (uint32_t t = 0; t < n; t++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                d[i][j] = i == j ? 0 : (int32_t)(rnd(&s) % 1000);
        paths(N);
        h = mix(h, (uint32_t)d[t % N][(t * 3) % N]);
    }
    return h;
}
