/*
 * text.c - see text.h.
 */
#include "wasm/text.h"

struct out { char *to; size_t at, size; };
struct spec { bool left, zero, wide; int width, prec; };

static void put(struct out *o, char c)
{
    if (o->at + 1 < o->size)
        o->to[o->at++] = c;
}

static void put_padded(struct out *o, const struct spec *s, const char *p, size_t n, char fill)
{
    size_t pad = s->width > 0 && (size_t)s->width > n ? (size_t)s->width - n : 0;
    if (!s->left)
        for (size_t i = 0; i < pad; i++)
            put(o, fill);
    for (size_t i = 0; i < n; i++)
        put(o, p[i]);
    if (s->left)
        for (size_t i = 0; i < pad; i++)
            put(o, ' ');
}

static void put_number(struct out *o, const struct spec *s, uint64_t v, unsigned base, bool minus)
{
    char buf[24];
    size_t at = sizeof buf;
    do {
        buf[--at] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    if (minus)
        buf[--at] = '-';
    put_padded(o, s, buf + at, sizeof buf - at, s->zero && !s->left ? '0' : ' ');
}

static const char *parse_spec(const char *f, struct spec *s, va_list *ap)
{
    *s = (struct spec){ .prec = -1 };
    for (; *f == '-' || *f == '0'; f++) {
        s->left |= *f == '-';
        s->zero |= *f == '0';
    }
    for (; *f >= '0' && *f <= '9'; f++)
        s->width = s->width * 10 + (*f - '0');
    if (f[0] == '.' && f[1] == '*') {
        s->prec = va_arg(*ap, int);
        f += 2;
    }
    for (; *f == 'l' || *f == 'z'; f++)
        s->wide = true;
    return f;
}

static void convert(struct out *o, const struct spec *s, char kind, va_list *ap)
{
    switch (kind) {
    case 's': {
        const char *p = va_arg(*ap, const char *);
        put_padded(o, s, p, s->prec >= 0 ? (size_t)s->prec : strlen(p), ' ');
        break;
    }
    case 'c':
        put(o, (char)va_arg(*ap, int));
        break;
    case 'd': {
        int64_t v = s->wide ? va_arg(*ap, int64_t) : va_arg(*ap, int);
        put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0);
        break;
    }
    case 'u':
    case 'x': {
        uint64_t v = s->wide ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned);
        put_number(o, s, v, kind == 'x' ? 16 : 10, false);
        break;
    }
    default:
        put(o, kind);
    }
}

size_t text_vformat(char *to, size_t size, const char *fmt, va_list list)
{
    struct out o = { to, 0, size };
    struct spec s;
    va_list ap;
    va_copy(ap, list);
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            put(&o, *fmt);
            continue;
        }
        fmt = parse_spec(fmt + 1, &s, &ap);
        if (!*fmt)
            break;
        convert(&o, &s, *fmt, &ap);
    }
    va_end(ap);
    if (size)
        to[o.at] = 0;
    return o.at;
}

size_t text_format(char *to, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t n = text_vformat(to, size, fmt, ap);
    va_end(ap);
    return n;
}

void text_print(const struct wasm_options *o, const char *fmt, ...)
{
    char buf[512];
    va_list ap;
    if (!o || !o->print)
        return;
    va_start(ap, fmt);
    size_t n = text_vformat(buf, sizeof buf, fmt, ap);
    va_end(ap);
    o->print(o->print_ctx, buf, n);
}

void wasm_fail(struct wasm_error *e, enum wasm_errcode code, uint32_t func, uint64_t offset,
               const char *fmt, ...)
{
    va_list ap;
    if (e->code != WASM_OK)
        return;
    e->code = code;
    e->func = func;
    e->offset = offset;
    va_start(ap, fmt);
    text_vformat(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
}
