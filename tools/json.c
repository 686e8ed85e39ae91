/*
 * json.c - a recursive JSON reader (RFC 8259). Input is trusted test data: errors give a line, no
 * more; depth is limited. Strings are decoded into fresh memory, \u escapes as UTF-8.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/json.h"

#define DEPTH 100

struct reader { const char *p, *end; int line; bool bad; };

static void skip_space(struct reader *r)
{
    while (r->p < r->end && strchr(" \t\r\n", *r->p)) {
        if (*r->p == '\n')
            r->line++;
        r->p++;
    }
}

static bool accept(struct reader *r, char c)
{
    skip_space(r);
    if (r->p < r->end && *r->p == c) {
        r->p++;
        return true;
    }
    return false;
}

static void expect(struct reader *r, char c)
{
    if (!accept(r, c))
        r->bad = true;
}

static unsigned hex4(struct reader *r)
{
    unsigned v = 0;

    for (int i = 0; i < 4; i++) {
        char c = r->p < r->end ? *r->p++ : 0;
        const char *digits = "0123456789abcdef", *d = c ? strchr(digits, c | 0x20) : NULL;
        if (!d) {
            r->bad = true;
            return 0;
        }
        v = v * 16 + (unsigned)(d - digits);
    }
    return v;
}

static char *put_utf8(char *o, unsigned c)
{
    if (c < 0x80) {
        *o++ = (char)c;
    } else if (c < 0x800) {
        *o++ = (char)(0xc0 | c >> 6);
        *o++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *o++ = (char)(0xe0 | c >> 12);
        *o++ = (char)(0x80 | (c >> 6 & 0x3f));
        *o++ = (char)(0x80 | (c & 0x3f));
    } else {
        *o++ = (char)(0xf0 | c >> 18);
        *o++ = (char)(0x80 | (c >> 12 & 0x3f));
        *o++ = (char)(0x80 | (c >> 6 & 0x3f));
        *o++ = (char)(0x80 | (c & 0x3f));
    }
    return o;
}

static char *escape(struct reader *r, char *o)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = r->p < r->end ? *r->p++ : 0;
    const char *at = c ? strchr(from, c) : NULL;

    if (c == 'u') {
        unsigned u = hex4(r);
        if (u >= 0xd800 && u < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u') {
            r->p += 2;
            u = 0x10000 + ((u - 0xd800) << 10) + (hex4(r) - 0xdc00);
        }
        return put_utf8(o, u & 0x1fffff);
    }
    if (!at)
        r->bad = true;
    else
        *o++ = to[at - from];
    return o;
}

static char *read_string(struct reader *r, size_t *len)
{
    const char *q = r->p;
    char *s, *o;

    while (q < r->end && *q != '"')
        q += *q == '\\' ? 2 : 1;
    s = o = malloc((size_t)(q - r->p) + 8);
    while (!r->bad && r->p < r->end && *r->p != '"') {
        if (*r->p == '\\') {
            r->p++;
            o = escape(r, o);
        } else {
            *o++ = *r->p++;
        }
    }
    expect(r, '"');
    *o = 0;
    *len = (size_t)(o - s);
    return s;
}

static struct json *read_value(struct reader *r, int depth);

static void read_members(struct reader *r, struct json *j, char close, int depth)
{
    struct json **tail = &j->first;
    size_t len;

    if (accept(r, close))
        return;
    do {
        const char *key = NULL;
        if (close == '}') {
            expect(r, '"');
            key = r->bad ? NULL : read_string(r, &len);
            expect(r, ':');
        }
        if (r->bad)
            return;
        *tail = read_value(r, depth + 1);
        (*tail)->key = key;
        tail = &(*tail)->next;
    } while (!r->bad && accept(r, ','));
    expect(r, close);
}

static bool word(struct reader *r, const char *w)
{
    size_t n = strlen(w);

    if ((size_t)(r->end - r->p) < n || memcmp(r->p, w, n) != 0)
        return false;
    r->p += n;
    return true;
}

static struct json *read_value(struct reader *r, int depth)
{
    struct json *j = calloc(1, sizeof *j);
    char *end;

    if (depth > DEPTH) {
        r->bad = true;
    } else if (accept(r, '{')) {
        j->type = JSON_OBJECT;
        read_members(r, j, '}', depth);
    } else if (accept(r, '[')) {
        j->type = JSON_ARRAY;
        read_members(r, j, ']', depth);
    } else if (accept(r, '"')) {
        j->type = JSON_STRING;
        j->s = read_string(r, &j->len);
    } else if (word(r, "true")) {
        j->type = JSON_TRUE;
    } else if (word(r, "false")) {
        j->type = JSON_FALSE;
    } else if (word(r, "null")) {
        j->type = JSON_NULL;
    } else {
        j->type = JSON_NUMBER;
        j->number = r->p < r->end ? strtod(r->p, &end) : 0;
        if (r->p == r->end || end == r->p)
            r->bad = true;
        else
            r->p = end;
    }
    return j;
}

struct json *json_parse(const char *text, size_t size, int *line)
{
    struct reader r = { .p = text, .end = text + size, .line = 1 };
    struct json *j = read_value(&r, 0);

    skip_space(&r);
    *line = r.line;
    return r.bad || r.p != r.end ? NULL : j;
}

const struct json *json_get(const struct json *j, const char *key)
{
    if (!j || j->type != JSON_OBJECT)
        return NULL;
    for (j = j->first; j; j = j->next)
        if (strcmp(j->key, key) == 0)
            return j;
    return NULL;
}

const char *json_str(const struct json *j, const char *key, const char *otherwise)
{
    const struct json *v = json_get(j, key);

    return v && v->type == JSON_STRING ? v->s : otherwise;
}

long json_int(const struct json *j, const char *key, long otherwise)
{
    const struct json *v = json_get(j, key);

    return v && v->type == JSON_NUMBER ? (long)v->number : otherwise;
}
