/*
 * wit_token.c - the words of an interface's text.
 *
 * A canonical text is its tokens with one space between them. In the source of one, comments and
 * spacing are free; a line of a documentation comment that begins with @ is a note, whose tokens
 * count, with a ';' for the line's end.
 */
#include "kernel/wit_parser.h"
#include "kernel/string.h"

static const struct wit_name none = { "", 0 };

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool wit_is(struct wit_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.s, s, n.len) == 0;
}

bool name_same(struct wit_name a, struct wit_name b)
{
    return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

static void add_text(char *to, size_t *n, const char *s, size_t len)
{
    for (size_t i = 0; i < len && *n + 1 < WIT_ERROR_MAX; i++)
        to[(*n)++] = s[i] >= ' ' && s[i] < 127 ? s[i] : '?';
}

void token_fail(struct parser *ps, const char *at, const char *words, struct wit_name name)
{
    struct wit *w = ps->w;
    size_t n = 0;

    if (ps->failed)
        return;
    ps->failed = true;
    for (; *words; words++) {
        if (*words == '%')
            add_text(w->error, &n, name.s, name.len < 40 ? name.len : 40);
        else
            add_text(w->error, &n, words, 1);
    }
    w->error[n] = 0;
    w->error_at = (size_t)(at - ps->text);
    ps->p = ps->end;
    ps->tok = (struct wit_name){ ps->end, 0 };
    ps->note = ps->line_end = false;
}

void token_expected(struct parser *ps, const char *what)
{
    char words[96];
    size_t n = 0;

    add_text(words, &n, "expected ", 9);
    for (; *what && n < 60; what++)
        words[n++] = *what;
    if (ps->line_end)
        add_text(words, &n, ", found the end of the line", 27);
    else if (ps->tok.len)
        add_text(words, &n, ", found '%'", 11);
    else
        add_text(words, &n, ", found the end of the text", 27);
    words[n] = 0;
    token_fail(ps, ps->tok.s, words, ps->tok);
}

/* ---- the source's free form ------------------------------------------------------------------ */

/* Behind a comment at p, or p if there is none. Turns into a note what is one. */
static const char *skip_comment(struct parser *ps, const char *p)
{
    if (ps->end - p < 2 || p[0] != '/')
        return p;
    if (p[1] == '/') {
        const char *q = p + 2;
        if (q < ps->end && *q == '/')
            for (q++; q < ps->end && is_blank(*q); q++)
                ;
        if (q < ps->end && *q == '@' && q - p > 2 && !ps->note) {
            ps->note = true;
            return q;
        }
        while (q < ps->end && *q != '\n')
            q++;
        return q;
    }
    if (p[1] != '*')
        return p;
    for (const char *q = p + 2; ps->end - q >= 2; q++)
        if (q[0] == '*' && q[1] == '/')
            return q + 2;
    token_fail(ps, p, "this comment has no end; close it with */", none);
    return ps->end;
}

static void skip_space(struct parser *ps)
{
    const char *p = ps->p, *before;

    do {
        before = p;
        while (p < ps->end && (is_blank(*p) || (*p == '\n' && !ps->note)))
            p++;
        p = skip_comment(ps, p);
    } while (p != before && !(ps->note && p < ps->end && *p == '@'));
    ps->p = p;
}

/* The length of the token at p; 0: none begins so. */
static uint32_t token_length(const struct parser *ps, const char *p)
{
    const char *q = p;

    if (*q == '@' || *q == '%')
        q++;
    if (q < ps->end && is_word(*q)) {
        while (q < ps->end && (is_word(*q) || (*q == '-' && (q + 1 == ps->end || q[1] != '>'))))
            q++;
        /* the id of another interface, in canonical texts only */
        if (!ps->src && q < ps->end && *q == '@')
            for (q++; q < ps->end && is_word(*q); q++)
                ;
        return (uint32_t)(q - p);
    }
    if (q != p)
        return 0;
    if (ps->end - p >= 2 && p[0] == '-' && p[1] == '>')
        return 2;
    return *p && strchr("{}():;,<>|", *p) ? 1 : 0;
}

void token_add(struct parser *ps, const char *s, size_t n)
{
    struct wit_source *src = ps->src;

    if (!src)
        return;
    if (n > src->cap - src->ncanon) {
        token_fail(ps, ps->tok.s, "the text is too long", none);
        return;
    }
    memcpy(src->canon + src->ncanon, s, n);
    src->ncanon += n;
}

static void take(struct parser *ps, const char *at, const char *s, uint32_t len)
{
    ps->tok = (struct wit_name){ at, ps->line_end ? 0 : len };
    if (ps->src && ps->src->ncanon)
        token_add(ps, " ", 1);
    token_add(ps, s, len);
}

void token_next(struct parser *ps)
{
    uint32_t len;

    if (ps->src)
        skip_space(ps);
    else if (ps->p < ps->end && ps->p > ps->text && *ps->p == ' ')
        ps->p++;
    ps->line_end = ps->note && (ps->p == ps->end || *ps->p == '\n');
    if (ps->line_end) {
        ps->note = false;
        take(ps, ps->p, ";", 1);
        return;
    }
    if (ps->p == ps->end) {
        ps->tok = (struct wit_name){ ps->end, 0 };
        return;
    }
    len = token_length(ps, ps->p);
    if (!len || (ps->src && *ps->p == '@' && !ps->note)) {
        token_fail(ps, ps->p, *ps->p == '@' ? "'%' stands in a line of its own: /// @state .."
                   : "unexpected character '%'", (struct wit_name){ ps->p, 1 });
        return;
    }
    ps->p += len;
    take(ps, ps->p - len, ps->p - len, len);
}

/* ---- what the grammar asks ------------------------------------------------------------------- */

bool token_is(const struct parser *ps, const char *s)
{
    if (ps->line_end)
        return s[0] == ';' && !s[1];
    return wit_is(ps->tok, s);
}

bool token_accept(struct parser *ps, const char *s)
{
    if (!token_is(ps, s))
        return false;
    token_next(ps);
    return true;
}

void token_expect(struct parser *ps, const char *s)
{
    char quoted[40] = "'";
    size_t n = 1;

    if (token_accept(ps, s))
        return;
    add_text(quoted, &n, s, strlen(s) < 30 ? strlen(s) : 30);
    quoted[n++] = '\'';
    quoted[n] = 0;
    token_expected(ps, quoted);
}

struct wit_name token_name(struct parser *ps)
{
    struct wit_name n = ps->tok;

    if (n.len && *n.s == '%') {
        n.s++;
        n.len--;
    }
    if (!n.len || !is_lower(*n.s)) {
        token_expected(ps, "a name of lower-case words joined by '-'");
        return none;
    }
    for (uint32_t i = 0; i < n.len; i++)
        if (!is_lower(n.s[i]) && !is_digit(n.s[i]) && n.s[i] != '-')
            token_fail(ps, n.s + i, "in '%': names are lower-case words joined by '-'", n);
    if (n.len > WIT_NAME_MAX)
        token_fail(ps, n.s, "'%..' is longer than 31 characters; choose a shorter name", n);
    token_next(ps);
    return ps->failed ? none : n;
}

uint32_t token_number(struct parser *ps, uint32_t most, const char *what)
{
    uint64_t v = 0;
    bool good = ps->tok.len > 0 && ps->tok.len < 10;

    for (uint32_t i = 0; i < ps->tok.len && good; i++) {
        good = is_digit(ps->tok.s[i]);
        v = v * 10 + (uint32_t)(ps->tok.s[i] - '0');
    }
    if (!good || v < 1 || v > most || *ps->tok.s == '0') {
        token_expected(ps, what);
        return 1;
    }
    token_next(ps);
    return (uint32_t)v;
}
