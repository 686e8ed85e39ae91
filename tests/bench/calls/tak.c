/* tak.c - Takeuchi's function in integers and in doubles: three arguments. */
#include "../bench.h"

static NOINLINE int32_t tak(int32_t x, int32_t y, int32_t z)
{
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static NOINLINE double takf(double x, double y, double z)
{
    return y >= x ? z : takf(takf(x - 1, y, z), takf(y - 1, z, x), takf(z - 1, x, y));
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++) {
        int32_t x = 10 + (int32_t)(t & 1);
        h = mix(h, (uint32_t)tak(x, 6, 3));
        h = mix_f64(h, takf(x, 6, 2));
    }
    return h;
}
