/*
 * string.c - strings and numbers, as in C11 7.24 and 7.22.1. Copying and filling are single
 * instructions of wasm (bulk memory); these are for calls through pointers and for the linker.
 */
#include "sips/sip.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    return __builtin_memmove(to, from, n);
}

void *memmove(void *to, const void *from, size_t n)
{
    return __builtin_memmove(to, from, n);
}

void *memset(void *to, int c, size_t n)
{
    return __builtin_memset(to, c, n);
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

size_t strlen(const char *s)
{
    const char *p = s;

    while (*p)
        p++;
    return (size_t)(p - s);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++)
        if (*a != *b || !*a)
            return (uint8_t)*a - (uint8_t)*b;
    return 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (!*s)
            return NULL;
    return (char *)s;
}

char *strstr(const char *s, const char *what)
{
    size_t n = strlen(what);

    for (; ; s++) {
        if (!strncmp(s, what, n))
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

size_t copy_text(char *to, size_t cap, const char *s)
{
    size_t n = 0;

    for (; n + 1 < cap && s[n]; n++)
        to[n] = s[n];
    if (cap)
        to[n] = 0;
    return n;
}

static int digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

unsigned long long strtoull(const char *s, char **end, int base)
{
    const char *p = s;
    unsigned long long v = 0;
    bool any = false;

    while (is_space(*p))
        p++;
    if ((base == 0 || base == 16) && p[0] == '0' && (p[1] | 32) == 'x' && digit(p[2]) < 16) {
        p += 2;
        base = 16;
    } else if (base == 0) {
        base = 10;
    }
    for (; digit(*p) < base; p++, any = true) {
        unsigned d = (unsigned)digit(*p), b = (unsigned)base;
        v = v > (UINT64_MAX - d) / b ? UINT64_MAX : v * b + d;
    }
    if (end)
        *end = (char *)(any ? p : s);
    return v;
}
