/* matmul.c - product of two matrices of doubles, rows times columns. */
#include "../bench.h"

enum { N = 64 };

static double a[N][N], b[N][N], c[N][N];

static NOINLINE void multiply(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double s = 0;
            for (int k = 0; k < N; k++)
                s += a[i][k] * b[k][j];
            c[i][j] = s;
        }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 3 + j) % 17 - 8;
            b[i][j] = (i + j * 5) % 13 - 6;
        }
    for (uint32_t t = 0; t < n; t++) {
        multiply();
        a[t % N][0] = c[0][t % N] * 0.001;
        h = mix_f64(h, c[t % N][(t * 7) % N]);
    }
    return h;
}
