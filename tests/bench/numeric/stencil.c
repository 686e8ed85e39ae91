/* stencil.c - five-point stencil over a grid of doubles, there and back. */
#include "../bench.h"

enum { N = 96 };

static double g[2][N][N];

static NOINLINE void sweep(double (*to)[N], double (*from)[N])
{
    for (int i = 1; i < N - 1; i++)
        for (int j = 1; j < N - 1; j++)
            to[i][j] = 0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] + from[i - 1][j]
                              + from[i + 1][j]);
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            g[0][i][j] = g[1][i][j] = (i * j) % 29;
    for (uint32_t t = 0; t < n; t++) {
        sweep(g[1], g[0]);
        sweep(g[0], g[1]);
        h = mix_f64(h, g[0][1 + t % (N - 2)][N / 2]);
    }
    return h;
}
