/*
 * dirty.c - expects fresh memory to be zero, then leaves a mark in every page of it, and in the
 * stack.
 */
#include "tests/sips/peer.h"

static uint8_t fresh[256 * 1024];

static uint32_t deep(uint32_t n)
{
    volatile uint32_t mark[64];

    for (uint32_t i = 0; i < 64; i++)
        mark[i] = 0xdeadbeef;
    return n ? deep(n - 1) + mark[n % 64] : mark[0];
}

int main(int argc, char **argv)
{
    for (uint32_t i = 0; i < sizeof fresh; i += 512)
        EXPECT(fresh[i] == 0);
    for (uint32_t i = 0; i < sizeof fresh; i++)
        fresh[i] = 0xa5;
    return deep(50) ? 0 : 1;
}
