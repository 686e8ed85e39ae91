/* ackermann.c - Ackermann's function: deep recursion. */
#include "../bench.h"

static NOINLINE uint32_t ack(uint32_t m, uint32_t n)
{
    if (m == 0)
        return n + 1;
    return n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1));
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++)
        h = mix(h, ack(2, 60 + (t & 7)) + ack(3, 4));
    return h;
}
