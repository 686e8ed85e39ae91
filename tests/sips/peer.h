/*
 * peer.h - what the test programs share: a pattern of bytes that depends on a number, and checks
 * whose failure is the exit status.
 */
#ifndef TESTS_SIPS_PEER_H
#define TESTS_SIPS_PEER_H

#include "sips/sip.h"

/* Ends the program with the number of the line that failed. */
#define EXPECT(cond) do { if (!(cond)) exit(__LINE__); } while (0)

static inline uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    return x * 0x846ca68bu;
}

static inline uint32_t number_arg(int argc, char **argv, int i, uint32_t otherwise)
{
    return argc > i ? (uint32_t)strtoull(argv[i], NULL, 0) : otherwise;
}

#endif
