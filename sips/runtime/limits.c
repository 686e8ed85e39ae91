/*
 * limits.c - the words in which a person says what a program may have.
 */
#include "sips/sip.h"

/* A number, perhaps with K, M or G behind it. */
static bool read_size(const char *s, uint64_t max, uint64_t *to)
{
    char *end;
    uint64_t v = strtoull(s, &end, 10);
    int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;

    if (end == s || !v || v > max >> shift || end[shift != 0])
        return false;
    *to = v << shift;
    return true;
}

/* Percents with at most one decimal, in thousandths. */
static bool read_percent(const char *s, uint32_t *to)
{
    char *end;
    uint64_t v = strtoull(s, &end, 10);

    if (end == s || v > 100000)
        return false;
    v *= 10;
    if (*end == '.' && is_digit(end[1])) {
        v += (uint64_t)(end[1] - '0');
        end += 2;
    }
    *to = (uint32_t)v;
    return v && (!*end || (*end == '%' && !end[1]));
}

static bool read_count(const char *s, uint32_t *to)
{
    uint64_t v;

    if (!read_size(s, UINT32_MAX, &v))
        return false;
    *to = (uint32_t)v;
    return true;
}

/* What follows the name in the word; NULL if it is another name. */
static const char *value_of(const char *word, const char *name)
{
    size_t n = strlen(name);

    return strncmp(word, name, n) ? NULL : word + n;
}

bool limits_read(struct limits *l, const char *word)
{
    const char *v;

    if ((v = value_of(word, "memory=")))
        return read_size(v, UINT64_MAX, &l->memory);
    if ((v = value_of(word, "queued=")))
        return read_count(v, &l->queued);
    if ((v = value_of(word, "handles=")))
        return read_count(v, &l->handles);
    if ((v = value_of(word, "threads=")))
        return read_count(v, &l->threads);
    if ((v = value_of(word, "cpu=")))
        return read_percent(v, &l->cpu);
    return false;
}
