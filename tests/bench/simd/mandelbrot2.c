/* mandelbrot2.c - escape times, two points a vector of doubles. */
#include "vec.h"

typedef int64_t i64x2 __attribute__((vector_size(16)));

enum { W = 64, H = 48, LIMIT = 200 };

static NOINLINE i64x2 escape(f64x2 cr, double y)
{
    f64x2 zr = { 0, 0 }, zi = { 0, 0 }, ci = { y, y }, four = { 4, 4 };
    i64x2 count = { 0, 0 };

    for (int i = 0; i < LIMIT; i++) {
        f64x2 r2 = zr * zr, i2 = zi * zi;
        i64x2 in = (i64x2)(r2 + i2 <= four);
        if (!(in[0] | in[1]))
            break;
        count -= in;
        zi = 2 * zr * zi + ci;
        zr = r2 - i2 + cr;
    }
    return count;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x += 2) {
                double at = x * (3.0 / W) - 2.2 + (t & 7) * 0.001;
                i64x2 c = escape((f64x2){ at, at + 3.0 / W }, y * (2.4 / H) - 1.2);
                h = mix(mix(h, (uint32_t)c[0]), (uint32_t)c[1]);
            }
    return h;
}
