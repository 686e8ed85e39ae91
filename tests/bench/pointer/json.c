/* json.c - a recursive JSON reader that sums what it sees: byte tests, a switch, short loops. */
#include "../bench.h"

enum { SIZE = 8192 };

static char text[SIZE + 64];
static const char *at;

static uint32_t value(void);

static void space(void)
{
    while (*at == ' ' || *at == '\n' || *at == '\t')
        at++;
}

static uint32_t string(void)
{
    uint32_t h = 5381;

    for (at++; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        h = h * 33 + (uint8_t)*at;
    }
    at++;
    return h;
}

static uint32_t number(void)
{
    double v = 0, scale = 1;
    int negative = *at == '-';

    if (negative)
        at++;
    while (*at >= '0' && *at <= '9')
        v = v * 10 + (*at++ - '0');
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++)
            v += (*at - '0') * (scale *= 0.1);
    return mix_f64(7, negative ? -v : v);
}

static uint32_t members(char close, int keyed)
{
    uint32_t h = 3;

    at++;
    for (space(); *at != close; space()) {
        if (keyed) {
            h = mix(h, string());
            space();
            at++;
        }
        h = mix(h, value());
        space();
        if (*at == ',')
            at++;
    }
    at++;
    return h;
}

static NOINLINE uint32_t value(void)
{
    space();
    switch (*at) {
    case '{':
        return members('}', 1);
    case '[':
        return members(']', 0);
    case '"':
        return string();
    case 't':
    case 'n':
        at += 4;
        return 1;
    case 'f':
        at += 5;
        return 2;
    default:
        return number();
    }
}

static void make(void)
{
    static const char *const piece[] = {
        "{\"id\": 123, \"name\": \"a small \\\"thing\\\"\", \"tags\": [\"x\", \"yy\", \"zzz\"]}",
        "[1.5, -20, 3.25, 400, null, true, false]",
        "{\"nested\": {\"deep\": [[], [[1]], {\"k\": -0.125}]}, \"empty\": \"\"}",
    };
    char *p = text;

    *p++ = '[';
    for (int i = 0; p < text + SIZE - 100; i++) {
        size_t n = strlen(piece[i % 3]);
        memcpy(p, piece[i % 3], n);
        p += n;
        *p++ = ',';
        *p++ = i % 4 ? ' ' : '\n';
    }
    strcpy(p, "0]");
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    make();
    for (uint32_t t = 0; t < n; t++) {
        at = text;
        h = mix(h, value());
        text[9] = (char)('0' + t % 10);
    }
    return h;
}
