/* regex.c - a small backtracking matcher: literals, dot, classes, star, plus, anchors. */
#include "../bench.h"

enum { SIZE = 4096 };

static char text[SIZE + 1];

static const char *const patterns[] = {
    "[a-f]+x[0-9]", "q.*z", "^[a-z]*k", "ab+c*d", "[0-9][0-9]*[a-c]y", ".u.*[xyz]+e",
};

/* Length of the pattern's first element. */
static int element(const char *p)
{
    int n = 1;

    if (*p == '[') {
        while (p[n] != ']')
            n++;
        n++;
    }
    return n;
}

static int matches(const char *p, int c)
{
    if (!c || c == '\n')
        return 0;
    if (*p == '.')
        return 1;
    if (*p != '[')
        return *p == c;
    for (p++; *p != ']'; p++) {
        if (p[1] == '-') {
            if (c >= p[0] && c <= p[2])
                return 1;
            p += 2;
        } else if (*p == c) {
            return 1;
        }
    }
    return 0;
}

static const char *match_here(const char *p, const char *s)
{
    while (*p) {
        int len = element(p);
        char op = p[len];
        if (op == '*' || op == '+') {
            const char *from = s;
            while (matches(p, *s))
                s++;
            if (op == '+')
                from++;
            for (; s >= from; s--) {
                const char *end = match_here(p + len + 1, s);
                if (end)
                    return end;
            }
            return NULL;
        }
        if (!matches(p, *s))
            return NULL;
        s++;
        p += len;
    }
    return s;
}

static NOINLINE uint32_t search(const char *p, const char *s)
{
    uint32_t found = 0;
    int anchored = *p == '^';

    if (anchored)
        p++;
    for (; *s; s++) {
        const char *end = match_here(p, s);
        if (end)
            found += 1 + (uint32_t)(end - s);
        if (anchored)
            while (*s && *s != '\n')
                s++;
        if (!*s)
            break;
    }
    return found;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 21;

    for (int i = 0; i < SIZE; i++) {
        uint32_t r = rnd(&s) >> 8;
        text[i] = r % 40 == 0 ? '\n' : r % 5 == 0 ? (char)('0' + r / 40 % 10)
                                                  : (char)('a' + r / 40 % 26);
    }
    for (uint32_t t = 0; t < n; t++) {
        for (int i = 0; i < (int)(sizeof patterns / sizeof *patterns); i++)
            h = mix(h, search(patterns[i], text));
        text[(t * 31) % SIZE] = (char)('a' + t % 26);
    }
    return h;
}
