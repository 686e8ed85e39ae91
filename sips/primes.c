/*
 * primes.c - counts the primes up to a limit with the sieve of Eratosthenes.
 */
#include "sips/sip.h"

static uint32_t sieve(uint8_t *composite, uint32_t limit, uint32_t *largest)
{
    uint32_t count = 0;

    for (uint32_t i = 2; i <= limit; i++) {
        if (composite[i])
            continue;
        count++;
        *largest = i;
        for (uint64_t j = (uint64_t)i * i; j <= limit; j += i)
            composite[j] = 1;
    }
    return count;
}

int main(int argc, char **argv)
{
    uint64_t limit = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
    uint32_t largest = 0, count;
    uint8_t *composite;
    int64_t start = sys_clock();

    if (limit < 2 || limit > 2000000000) {
        puts("usage: primes [LIMIT]   (2 to 2000000000)");
        return 2;
    }
    composite = malloc(limit + 1);
    if (!composite) {
        puts("primes: not enough memory");
        return 1;
    }
    memset(composite, 0, limit + 1);
    count = sieve(composite, (uint32_t)limit, &largest);
    printf("%u primes up to %llu, the largest is %u (%lld ms)\n", count,
           (unsigned long long)limit, largest, (long long)((sys_clock() - start) / MS));
    return 0;
}
