/* heat3d.c - seven-point stencil in three dimensions. */
#include "../bench.h"

enum { N = 24 };

static double a[N][N][N], b[N][N][N];

static NOINLINE void step(double (*to)[N][N], double (*from)[N][N])
{
    for (int i = 1; i < N - 1; i++)
        for (int j = 1; j < N - 1; j++)
            for (int k = 1; k < N - 1; k++)
                to[i][j][k] = 0.125 * (from[i + 1][j][k] - 2.0 * from[i][j][k] + from[i - 1][j][k])
                            + 0.125 * (from[i][j + 1][k] - 2.0 * from[i][j][k] + from[i][j - 1][k])
                            + 0.125 * (from[i][j][k + 1] - 2.0 * from[i][j][k] + from[i][j][k - 1])
                            + from[i][j][k];
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++)
                a[i][j][k] = b[i][j][k] = (i + j + (N - k)) * 10.0 / N;
    for (uint32_t t = 0; t < n; t++) {
        step(b, a);
        step(a, b);
        h = mix_f64(h, a[1 + t % (N - 2)][N / 2][N / 3]);
    }
    return h;
}
