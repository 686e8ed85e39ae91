/* lu.c - LU decomposition in place and the solution of one system. */
#include "../bench.h"

enum { N = 48 };

static double m[N][N], f[N][N], x[N], y[N];

static NOINLINE void decompose(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < i; j++) {
            double w = f[i][j];
            for (int k = 0; k < j; k++)
                w -= f[i][k] * f[k][j];
            f[i][j] = w / f[j][j];
        }
        for (int j = i; j < N; j++) {
            double w = f[i][j];
            for (int k = 0; k < i; k++)
                w -= f[i][k] * f[k][j];
            f[i][j] = w;
        }
    }
}

static NOINLINE void solve(void)
{
    for (int i = 0; i < N; i++) {
        double w = 1.0 + i * 0.5;
        for (int j = 0; j < i; j++)
            w -= f[i][j] * y[j];
        y[i] = w;
    }
    for (int i = N - 1; i >= 0; i--) {
        double w = y[i];
        for (int j = i + 1; j < N; j++)
            w -= f[i][j] * x[j];
        x[i] = w / f[i][i];
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            m[i][j] = i == j ? N + 1 : (double)((i * 7 + j * 3) % 10) / 10;
    for (uint32_t t = 0; t < n; t++) {
        memcpy(f, m, sizeof f);
        decompose();
        solve();
        m[t % N][(t * 5 + 1) % N] = x[t % N];
        h = mix_f64(h, x[N / 2]);
    }
    return h;
}
