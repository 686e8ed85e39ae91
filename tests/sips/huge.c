/*
 * huge.c - takes long to compile, for tests of what goes on meanwhile, and ends at once: a thousand
 * functions, which the compiler here is told to leave as they are.
 */
#include "sips/sip.h"

#define TEN(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7) X(n##8) X(n##9)
#define HUNDRED(X, n) TEN(X, n##0) TEN(X, n##1) TEN(X, n##2) TEN(X, n##3) TEN(X, n##4) \
    TEN(X, n##5) TEN(X, n##6) TEN(X, n##7) TEN(X, n##8) TEN(X, n##9)
#define ALL(X) HUNDRED(X, 1) HUNDRED(X, 2) HUNDRED(X, 3) HUNDRED(X, 4) HUNDRED(X, 5) \
    HUNDRED(X, 6) HUNDRED(X, 7) HUNDRED(X, 8) HUNDRED(X, 9)

#define DEFINE(n) \
    __attribute__((optnone, noinline)) static uint32_t f##n(uint32_t a, uint32_t b) \
    { \
        for (uint32_t i = 0; i < b; i++) { \
            a = a * 31 + (b ^ i); \
            b -= a >> 5; \
            if (a & 1u << n % 30) \
                a += b / (i + 1); \
            else \
                b ^= a << 3; \
            a = (a << 7 | a >> 25) ^ b * (n + 3u); \
            b += a > b ? i * a : b - i; \
        } \
        return a ^ b; \
    }
#define NAME(n) f##n,

ALL(DEFINE)
static uint32_t (*const all[])(uint32_t, uint32_t) = { ALL(NAME) };

int main(int argc, char **argv)
{
    return argc > 1 ? (int)all[argc % COUNT(all)](1, 2) : 0;
}
