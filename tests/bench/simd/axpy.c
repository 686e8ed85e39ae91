/* axpy.c - y += a x and a dot product over arrays of floats. */
#include "vec.h"

enum { N = 2048 };

static float x[N], y[N];

static NOINLINE void axpy(float a)
{
    f32x4 k = { a, a, a, a };

    for (int i = 0; i < N; i += 4)
        STORE(y + i, LOAD(f32x4, y + i) + k * LOAD(f32x4, x + i));
}

static NOINLINE float dot(void)
{
    f32x4 s = { 0 }, t = { 0 };

    for (int i = 0; i < N; i += 8) {
        s += LOAD(f32x4, x + i) * LOAD(f32x4, y + i);
        t += LOAD(f32x4, x + i + 4) * LOAD(f32x4, y + i + 4);
    }
    s += t;
    return s[0] + s[1] + s[2] + s[3];
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < N; i++) {
        x[i] = (float)(i % 13) - 6;
        y[i] = (float)(i % 7);
    }
    for (uint32_t t = 0; t < n; t++) {
        axpy(t & 1 ? 0.5f : -0.5f);
        h = mix_f32(h, dot());
    }
    return h;
}
