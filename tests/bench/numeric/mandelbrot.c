/* mandelbrot.c - escape times of a small picture: a dependent chain of multiplications. */
#include "../bench.h"

enum { W = 64, H = 48, LIMIT = 200 };

static NOINLINE uint32_t escape(double cr, double ci)
{
    double zr = 0, zi = 0;
    uint32_t i = 0;

    while (i < LIMIT) {
        double r2 = zr * zr, i2 = zi * zi;
        if (r2 + i2 > 4.0)
            break;
        zi = 2 * zr * zi + ci;
        zr = r2 - i2 + cr;
        i++;
    }
    return i;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                h = mix(h, escape(x * (3.0 / W) - 2.2 + (t & 7) * 0.001, y * (2.4 / H) - 1.2));
    return h;
}
