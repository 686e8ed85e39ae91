/* fib.c - Fibonacci numbers the slow way. */
#include "../bench.h"

static NOINLINE uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++)
        h = mix(h, fib(16 + (t & 1)));
    return h;
}
