/* horner.c - polynomials and conversions: floor, int to double and back, minimum and maximum. */
#include "../bench.h"

enum { N = 2048 };

static double x[N];
static int32_t q[N];

/* sine on one period by range reduction and a polynomial */
static double wave(double a)
{
    double t = a * 0.15915494309189535;
    double f = t - __builtin_floor(t) - 0.5;
    double g = f * f;

    return f * (-6.28318 + g * (41.3416 + g * (-81.6 + g * (76.7 - g * 39.7))));
}

static NOINLINE void pass(double shift)
{
    for (int i = 0; i < N; i++) {
        double y = wave(x[i] + shift) * 1000.0;
        if (y > 900)
            y = 900;
        q[i] = (int32_t)y;
        x[i] += (double)(q[i] >> 4) * 0.01;
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < N; i++)
        x[i] = i * 0.37 - 50;
    for (uint32_t t = 0; t < n; t++) {
        pass(t * 0.001);
        h = mix(h, (uint32_t)q[t % N]);
    }
    return h;
}
