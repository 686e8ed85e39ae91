/*
 * words.c - a typed line as words, and how near two words are. Pure.
 */
#include "shell.h"

/* One word at *s to *to; false if a quote is open at the end. */
static bool take(const char **s, char **to)
{
    char quote = 0;

    for (; **s && (quote || !is_space(**s)); ++*s) {
        if (quote && **s == quote)
            quote = 0;
        else if (!quote && (**s == '\'' || **s == '"'))
            quote = **s;
        else if (**s == '\\' && quote != '\'' && (*s)[1])
            *(*to)++ = *++*s;
        else
            *(*to)++ = **s;
    }
    *(*to)++ = 0;
    return !quote;
}

/* Cuts a trailing `&` that is not quoted off the line's end; returns the length that is left. */
static uint32_t cut_ampersand(const char *s, bool *background)
{
    uint32_t n = (uint32_t)strlen(s);

    while (n && is_space(s[n - 1]))
        n--;
    *background = n && s[n - 1] == '&' && (n < 2 || s[n - 2] != '\\');
    return *background ? n - 1 : n;
}

bool words_split(struct words *w, const char *s, const char **error)
{
    char line[LINE_MAX], *to = w->text;
    const char *p = line;

    w->count = 0;
    copy_text(line, sizeof line, s);
    line[cut_ampersand(line, &w->background)] = 0;
    for (;;) {
        while (is_space(*p))
            p++;
        if (!*p)
            break;
        if (w->count == WORDS_MAX) {
            *error = "too many words";
            return false;
        }
        w->word[w->count++] = to;
        if (!take(&p, &to)) {
            *error = "a quote is open";
            return false;
        }
    }
    w->word[w->count] = NULL;
    w->bytes = (uint32_t)(to - w->text);
    return true;
}

void words_drop(struct words *w, uint32_t n)
{
    uint32_t bytes;

    if (n > w->count)
        n = w->count;
    bytes = n < w->count ? (uint32_t)(w->word[n] - w->text) : w->bytes;
    memmove(w->text, w->text + bytes, w->bytes - bytes);
    w->bytes -= bytes;
    w->count -= n;
    for (uint32_t i = 0; i <= w->count; i++)
        w->word[i] = i < w->count ? w->word[i + n] - bytes : NULL;
}

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance with adjacent transpositions. */
uint32_t words_distance(const char *a, const char *b, uint32_t limit)
{
    uint32_t row[3][NAME_BYTES + 1], la = (uint32_t)strlen(a), lb = (uint32_t)strlen(b);

    if (la > NAME_BYTES || lb > NAME_BYTES)
        return limit;
    for (uint32_t j = 0; j <= lb; j++)
        row[0][j] = j;
    for (uint32_t i = 1; i <= la; i++) {
        uint32_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
        now[0] = i;
        for (uint32_t j = 1; j <= lb; j++) {
            now[j] = min(min(before[j], now[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = min(now[j], earlier[j - 2] + 1);
        }
    }
    return min(row[la % 3][lb], limit);
}
