/*
 * format.c - vsnprintf: d i u x X c s p %, flags - 0 + and space, width, precision and `*` for
 * both, lengths hh h l ll z. No floating point.
 */
#include "sips/sip.h"

struct sink { char *s; size_t cap, n; };

struct spec { bool left, zero, plus, space; int width, precision; char length, conv; };

static void emit(struct sink *k, char c)
{
    if (k->n + 1 < k->cap)
        k->s[k->n] = c;
    k->n++;
}

static void pad(struct sink *k, char c, int n)
{
    while (n-- > 0)
        emit(k, c);
}

static int number(const char **p, va_list *ap)
{
    int n = 0;

    if (**p == '*') {
        ++*p;
        return va_arg(*ap, int);
    }
    while (is_digit(**p) && n < 100000)
        n = n * 10 + (*(*p)++ - '0');
    return n;
}

static struct spec parse(const char **p, va_list *ap)
{
    struct spec f = { .precision = -1 };

    for (;; ++*p) {
        if (**p == '-')
            f.left = true;
        else if (**p == '0')
            f.zero = true;
        else if (**p == '+')
            f.plus = true;
        else if (**p == ' ')
            f.space = true;
        else
            break;
    }
    f.width = number(p, ap);
    if (f.width < 0) {
        f.left = true;
        f.width = -f.width;
    }
    if (**p == '.') {
        ++*p;
        f.precision = number(p, ap);
    }
    for (; **p == 'l' || **p == 'h' || **p == 'z'; ++*p)
        f.length = f.length == 'l' && **p == 'l' ? 'L' : **p;
    f.conv = **p;
    if (**p)
        ++*p;
    return f;
}

static void text(struct sink *k, const struct spec *f, const char *s)
{
    int n = 0;

    if (!s)
        s = "(null)";
    while ((f->precision < 0 || n < f->precision) && s[n])
        n++;
    if (!f->left)
        pad(k, ' ', f->width - n);
    for (int i = 0; i < n; i++)
        emit(k, s[i]);
    if (f->left)
        pad(k, ' ', f->width - n);
}

static void integer(struct sink *k, const struct spec *f, uint64_t v, unsigned base, char sign)
{
    const char *digits = f->conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char s[24];
    int n = 0, zeros, total;

    while (v || (n == 0 && f->precision != 0)) {
        s[n++] = digits[v % base];
        v /= base;
    }
    zeros = f->precision > n ? f->precision - n : 0;
    total = n + zeros + (sign != 0);
    if (f->zero && !f->left && f->precision < 0 && f->width > total) {
        zeros += f->width - total;
        total = f->width;
    }
    if (!f->left)
        pad(k, ' ', f->width - total);
    if (sign)
        emit(k, sign);
    pad(k, '0', zeros);
    while (n)
        emit(k, s[--n]);
    if (f->left)
        pad(k, ' ', f->width - total);
}

static void signed_integer(struct sink *k, const struct spec *f, int64_t v)
{
    char sign = v < 0 ? '-' : f->plus ? '+' : f->space ? ' ' : 0;

    integer(k, f, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, sign);
}

static void convert(struct sink *k, const struct spec *f, va_list *ap)
{
    char c[2] = { 0 };

    switch (f->conv) {
    case 'd':
    case 'i':
        signed_integer(k, f, f->length == 'L' ? va_arg(*ap, long long) : va_arg(*ap, int));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'p':
        integer(k, f, f->length == 'L' ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned),
                f->conv == 'u' ? 10 : 16, 0);
        break;
    case 's':
        text(k, f, va_arg(*ap, const char *));
        break;
    case 'c':
        c[0] = (char)va_arg(*ap, int);
        text(k, f, c);
        break;
    default:
        emit(k, '%');
        if (f->conv && f->conv != '%')
            emit(k, f->conv);
    }
}

int vsnprintf(char *s, size_t cap, const char *fmt, va_list args)
{
    struct sink k = { s, cap, 0 };
    va_list ap;

    va_copy(ap, args);
    while (*fmt) {
        if (*fmt != '%') {
            emit(&k, *fmt++);
            continue;
        }
        fmt++;
        struct spec f = parse(&fmt, &ap);
        convert(&k, &f, &ap);
    }
    va_end(ap);
    if (cap)
        s[k.n < cap ? k.n : cap - 1] = 0;
    return (int)k.n;
}

int snprintf(char *s, size_t cap, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(s, cap, fmt, ap);
    va_end(ap);
    return n;
}
