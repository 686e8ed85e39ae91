/* matrix_i32.c - product of integer matrices. */
#include "../bench.h"

enum { N = 56 };

static uint32_t a[N][N], b[N][N], c[N][N];

static NOINLINE void multiply(int n, uint32_t (*x)[N], uint32_t (*y)[N], uint32_t (*z)[N])
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            uint32_t s = 0;
            for (int k = 0; k < n; k++)
                s += x[i][k] * y[k][j];
            z[i][j] = s;
        }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 6;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = rnd(&s);
            b[i][j] = rnd(&s);
        }
    for (uint32_t t = 0; t < n; t++) {
        multiply(N, a, b, c);
        a[t % N][0] = c[0][t % N];
        h = mix(h, c[t % N][(t * 7) % N]);
    }
    return h;
}
