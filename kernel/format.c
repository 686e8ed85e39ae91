/*
 * format.c - ksnprintf and kvsnprintf: the printf subset that log.h lists.
 */
#include "kernel/log.h"
#include "kernel/string.h"

struct out { char *to; size_t n, len; };
struct spec { bool left, zero, alt; int width, prec; int size; };

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->n)
        o->to[o->len] = c;
    o->len++;
}

static void put_padded(struct out *o, const char *s, size_t n, const struct spec *p)
{
    size_t pad = p->width > 0 && (size_t)p->width > n ? (size_t)p->width - n : 0;

    for (size_t i = 0; !p->left && i < pad; i++)
        put(o, ' ');
    for (size_t i = 0; i < n; i++)
        put(o, s[i]);
    for (size_t i = 0; p->left && i < pad; i++)
        put(o, ' ');
}

static void put_number(struct out *o, uint64_t v, bool negative, unsigned base, bool upper,
                       struct spec *p)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char buf[72];
    size_t i = sizeof buf;
    int min = p->prec >= 0 ? p->prec : 1;

    if (p->zero && !p->left && p->prec < 0)
        min = p->width - (p->alt ? 2 : negative);
    if (min > 64)
        min = 64;
    for (int n = 0; v || n < min; n++) {
        buf[--i] = digits[v % base];
        v /= base;
    }
    if (p->alt) {
        buf[--i] = 'x';
        buf[--i] = '0';
    }
    if (negative)
        buf[--i] = '-';
    put_padded(o, buf + i, sizeof buf - i, p);
}

static uint64_t take(va_list *ap, int size, bool is_signed)
{
    uint64_t v;

    if (size >= 1)
        return va_arg(*ap, uint64_t);
    v = va_arg(*ap, uint32_t);
    if (size == -1)
        return is_signed ? (uint64_t)(int16_t)v : (uint16_t)v;
    if (size == -2)
        return is_signed ? (uint64_t)(int8_t)v : (uint8_t)v;
    return is_signed ? (uint64_t)(int32_t)v : v;
}

static int parse_count(const char **f, va_list *ap)
{
    int n = 0;

    if (**f == '*') {
        (*f)++;
        return va_arg(*ap, int);
    }
    while (**f >= '0' && **f <= '9')
        n = n * 10 + *(*f)++ - '0';
    return n;
}

/* Parses flags, width, precision and length behind a '%'. */
static struct spec parse_spec(const char **f, va_list *ap)
{
    struct spec p = { .prec = -1 };

    for (;; (*f)++) {
        if (**f == '-')
            p.left = true;
        else if (**f == '0')
            p.zero = true;
        else if (**f == '#')
            p.alt = true;
        else
            break;
    }
    p.width = parse_count(f, ap);
    if (p.width < 0) {
        p.left = true;
        p.width = -p.width;
    }
    if (**f == '.') {
        (*f)++;
        p.prec = parse_count(f, ap);
    }
    for (;; (*f)++) {
        if (**f == 'l' || **f == 'z' || **f == 'j' || **f == 't')
            p.size++;
        else if (**f == 'h')
            p.size--;
        else
            return p;
    }
}

static void put_string(struct out *o, const char *s, const struct spec *p)
{
    if (!s)
        s = "(null)";
    put_padded(o, s, p->prec >= 0 ? strnlen(s, (size_t)p->prec) : strlen(s), p);
}

static void put_one(struct out *o, char conv, struct spec *p, va_list *ap)
{
    int64_t v;
    char c;

    switch (conv) {
    case 'd': case 'i':
        v = (int64_t)take(ap, p->size, true);
        put_number(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0, 10, false, p);
        break;
    case 'u':
        put_number(o, take(ap, p->size, false), false, 10, false, p);
        break;
    case 'x': case 'X':
        put_number(o, take(ap, p->size, false), false, 16, conv == 'X', p);
        break;
    case 'p':
        p->alt = true;
        put_number(o, va_arg(*ap, uint64_t), false, 16, false, p);
        break;
    case 'c':
        c = (char)va_arg(*ap, int);
        put_padded(o, &c, 1, p);
        break;
    case 's':
        put_string(o, va_arg(*ap, const char *), p);
        break;
    default:
        put(o, conv);
    }
}

int kvsnprintf(char *to, size_t n, const char *fmt, va_list args)
{
    struct out o = { to, n, 0 };
    va_list ap;

    va_copy(ap, args);
    while (*fmt) {
        struct spec p;
        if (*fmt != '%') {
            put(&o, *fmt++);
            continue;
        }
        fmt++;
        p = parse_spec(&fmt, &ap);
        if (!*fmt)
            break;
        put_one(&o, *fmt++, &p, &ap);
    }
    va_end(ap);
    if (n)
        to[o.len < n ? o.len : n - 1] = 0;
    return (int)o.len;
}

int ksnprintf(char *to, size_t n, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = kvsnprintf(to, n, fmt, ap);
    va_end(ap);
    return len;
}
