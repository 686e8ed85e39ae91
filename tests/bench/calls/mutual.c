/* mutual.c - mutual recursion over an expression in text: a descent through levels of
 * precedence. */
#include "../bench.h"

static const char text[] = "(1+2*(3-4)+5)*(6+7*8-(9-1)*(2+3))+((4*5)-(6+7))*8-9*(1+(2+(3+(4+5))))";
static const char *at;

static int32_t expression(void);

static NOINLINE int32_t primary(void)
{
    int32_t v;

    if (*at == '(') {
        at++;
        v = expression();
        at++;
        return v;
    }
    return *at++ - '0';
}

static NOINLINE int32_t term(void)
{
    int32_t v = primary();

    while (*at == '*') {
        at++;
        v *= primary();
    }
    return v;
}

static NOINLINE int32_t expression(void)
{
    int32_t v = term();

    while (*at == '+' || *at == '-') {
        int minus = *at++ == '-';
        int32_t w = term();
        v = minus ? v - w : v + w;
    }
    return v;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (uint32_t t = 0; t < n; t++) {
        at = text + (t & 1) * 14;
        h = mix(h, (uint32_t)expression());
    }
    return h;
}
