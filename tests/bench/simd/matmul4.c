/* matmul4.c - products of 4x4 matrices of floats, a row a vector. */
#include "vec.h"

enum { N = 64 };

static f32x4 m[N][4], v[N];

static NOINLINE void transform(void)
{
    for (int i = 0; i < N; i++) {
        f32x4 x = v[i];
        f32x4 x0 = { x[0], x[0], x[0], x[0] }, x1 = { x[1], x[1], x[1], x[1] };
        f32x4 x2 = { x[2], x[2], x[2], x[2] }, x3 = { x[3], x[3], x[3], x[3] };
        v[i] = x0 * m[i][0] + x1 * m[i][1] + x2 * m[i][2] + x3 * m[i][3];
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < N; i++) {
        v[i] = (f32x4){ 1, 2, 3, (float)i };
        for (int r = 0; r < 4; r++)
            for (int c = 0; c < 4; c++)
                m[i][r][c] = (r == c ? 0.6f : 0.1f) + (float)((i + r) % 3) * 0.01f;
    }
    for (uint32_t t = 0; t < n; t++) {
        transform();
        h = mix_f32(h, v[t % N][t & 3]);
        v[t % N] += (f32x4){ 1, 1, 1, 1 };
    }
    return h;
}
