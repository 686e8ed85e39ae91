/* sieve.c - primes below 64 Ki, a byte each. */
#include "../bench.h"

enum { N = 65536 };

static uint8_t composite[N];

static NOINLINE uint32_t sieve(uint32_t limit)
{
    uint32_t count = 0;

    memset(composite, 0, sizeof composite);
    for (uint32_t i = 2; i < limit; i++) {
        if (composite[i])
            continue;
        count++;
        for (uint32_t j = i + i; j < limit; j += i)
            composite[j] = 1;
    }
    return count;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++)
        h = mix(h, sieve(N - (t & 1023)));
    return h;
}
