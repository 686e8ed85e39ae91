/* strings.c - string functions written plainly: length, compare, search, copy, upper case. */
#include "../bench.h"

enum { WORDS = 256, ROOM = 24 };

static char word[WORDS][ROOM], line[WORDS * ROOM];

static NOINLINE size_t length(const char *s)
{
    const char *p = s;

    while (*p)
        p++;
    return (size_t)(p - s);
}

static NOINLINE int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

static NOINLINE const char *find(const char *s, const char *what)
{
    for (; *s; s++) {
        const char *a = s, *b = what;
        while (*b && *a == *b) {
            a++;
            b++;
        }
        if (!*b)
            return s;
    }
    return NULL;
}

static NOINLINE char *append(char *to, const char *from)
{
    while ((*to = *from++))
        to++;
    return to;
}

static NOINLINE void upper(char *s)
{
    for (; *s; s++)
        if (*s >= 'a' && *s <= 'z')
            *s ^= 32;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 19;

    for (int i = 0; i < WORDS; i++) {
        int len = 3 + (int)(rnd(&s) % (ROOM - 5));
        for (int k = 0; k < len; k++)
            word[i][k] = (char)('a' + rnd(&s) % 4);
        word[i][len] = 0;
    }
    for (uint32_t t = 0; t < n; t++) {
        char *end = line;
        for (int i = 0; i < WORDS; i++) {
            end = append(end, word[i]);
            h += (uint32_t)compare(word[i], word[(i + t) % WORDS]);
        }
        h = mix(h, (uint32_t)length(line));
        const char *p = find(line, "dcbaabc");
        h = mix(h, p ? (uint32_t)(p - line) : 0);
        upper(line);
        h = mix(h, (uint8_t)line[t % (uint32_t)(end - line)]);
        word[t % WORDS][1] = (char)('a' + t % 4);
    }
    return h;
}
