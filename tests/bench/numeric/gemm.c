/* gemm.c - C += A B with the inner loop along rows (stride 1), sizes known at run time only. */
#include "../bench.h"

enum { MAX = 72 };

static double a[MAX * MAX], b[MAX * MAX], c[MAX * MAX];

static NOINLINE void gemm(int n, double alpha, double beta, double *x, const double *y,
                          const double *z)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            x[i * n + j] *= beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                x[i * n + j] += alpha * y[i * n + k] * z[k * n + j];
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < MAX * MAX; i++) {
        a[i] = i % 7 * 0.25;
        b[i] = i % 11 * 0.125;
        c[i] = 0;
    }
    for (uint32_t t = 0; t < n; t++) {
        int size = MAX - (int)(t & 3);
        gemm(size, 0.5, 0.25, c, a, b);
        h = mix_f64(h, c[t % (uint32_t)(size * size)]);
    }
    return h;
}
