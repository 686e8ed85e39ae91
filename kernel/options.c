/*
 * options.c - the command line, parsed once into a value per row of the table in options.h.
 */
#include "kernel/options.h"
#include "kernel/log.h"
#include "kernel/string.h"

#define VALUE_MAX 256u

static const struct { const char *name, *dflt; } table[OPT_COUNT] = {
#define X(id, name, dflt, help) [OPT_##id] = { name, dflt },
    OPTIONS(X)
#undef X
};
static char values[OPT_COUNT][VALUE_MAX];
static bool given[OPT_COUNT];

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Copies the next word without its quotes, wherever they stand; returns where it ends. */
static const char *take_word(const char *s, char *to, size_t n)
{
    bool quoted = false;
    size_t len = 0;

    for (; *s && (quoted || !is_space(*s)); s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (len + 1 < n)
            to[len++] = *s;
    }
    to[len] = 0;
    return s;
}

static void set(const char *name, size_t len, const char *value)
{
    for (unsigned i = 0; i < OPT_COUNT; i++) {
        if (strlen(table[i].name) != len || strncmp(table[i].name, name, len) != 0)
            continue;
        memcpy(values[i], value, strlen(value) + 1);
        given[i] = true;
        return;
    }
    if (name[0] != '/' && name[0] != '(')       /* loaders put their own path first */
        kprintf("options: unknown: %.*s\n", (int)len, name);
}

void options_parse(const char *s)
{
    char word[VALUE_MAX], *eq;

    for (;;) {
        while (is_space(*s))
            s++;
        if (!*s)
            return;
        s = take_word(s, word, sizeof word);
        eq = strchr(word, '=');
        set(word, eq ? (size_t)(eq - word) : strlen(word), eq ? eq + 1 : "1");
    }
}

const char *option_string(enum option o)
{
    return given[o] ? values[o] : table[o].dflt;
}

uint64_t option_number(enum option o)
{
    const char *s = option_string(o);
    unsigned base = 10;
    uint64_t v = 0;

    if (s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
    }
    for (; *s; s++) {
        unsigned d = *s >= 'a' ? (unsigned)*s - 'a' + 10 : (unsigned)*s - '0';
        if (d >= base)
            return 0;
        v = v * base + d;
    }
    return v;
}

bool option_bool(enum option o)
{
    const char *s = option_string(o);

    return *s && strcmp(s, "0") != 0;
}

bool option_given(enum option o)
{
    return given[o];
}
