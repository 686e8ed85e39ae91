/* queens.c - counts solutions of the queens problem: recursion, bits, branches. */
#include "../bench.h"

static uint32_t place(uint32_t all, uint32_t cols, uint32_t left, uint32_t right)
{
    uint32_t count = 0;

    if (cols == all)
        return 1;
    for (uint32_t open = all & ~(cols | left | right); open;) {
        uint32_t bit = open & -open;
        open ^= bit;
        count += place(all, cols | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++)
        h = mix(h, place((1u << (7 + (t & 1))) - 1, 0, 0, 0));
    return h;
}
