/* spectral.c - spectral norm of a matrix given by a formula: integer arithmetic and divisions. */
#include "../bench.h"

enum { N = 64 };

static double u[N], v[N], w[N];

static double element(int i, int j)
{
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static NOINLINE void times(const double *x, double *y)
{
    for (int i = 0; i < N; i++) {
        y[i] = 0;
        for (int j = 0; j < N; j++)
            y[i] += element(i, j) * x[j];
    }
}

static NOINLINE void times_transposed(const double *x, double *y)
{
    for (int i = 0; i < N; i++) {
        y[i] = 0;
        for (int j = 0; j < N; j++)
            y[i] += element(j, i) * x[j];
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < N; i++)
        u[i] = 1;
    for (uint32_t t = 0; t < n; t++) {
        times(u, w);
        times_transposed(w, v);
        times(v, w);
        times_transposed(w, u);
        double norm = u[0];
        for (int i = 0; i < N; i++)
            u[i] /= norm;
        h = mix_f64(h, norm);
    }
    return h;
}
