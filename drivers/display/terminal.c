/*
 * terminal.c - a subset of ECMA-48 as xterm and the Linux console understand it: cursor
 * movement, erasing, inserting and deleting, colours, scrolling regions. What it does not know
 * it swallows.
 */
#include "sips/sip.h"
#include "terminal.h"

enum { GREY = 7, BLACK = 0, BRIGHT = 8, TAB = 8 };

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static struct cell blank(const struct terminal *t)
{
    return (struct cell){ ' ', t->pen.fg, t->pen.bg };
}

/* Erases [from, to) of the cells in reading order. */
static void erase(struct terminal *t, uint32_t from, uint32_t to)
{
    struct cell b = blank(t);

    for (uint32_t i = from; i < to; i++)
        t->cells[i] = b;
}

/* Moves rows [from, bottom) up by n, to `from`; or down by n if `down`. */
static void scroll(struct terminal *t, uint32_t from, uint32_t n, bool down)
{
    uint32_t c = t->columns, rows = t->bottom - from;
    struct cell *base = t->cells + from * c;

    n = min(n, rows);
    if (down) {
        memmove(base + n * c, base, (rows - n) * c * sizeof *base);
        erase(t, from * c, (from + n) * c);
    } else {
        memmove(base, base + n * c, (rows - n) * c * sizeof *base);
        erase(t, (t->bottom - n) * c, t->bottom * c);
    }
}

static void line_feed(struct terminal *t)
{
    if (t->y + 1 == t->bottom)
        scroll(t, t->top, 1, false);
    else if (t->y + 1 < t->rows)
        t->y++;
}

static void reverse_line_feed(struct terminal *t)
{
    if (t->y == t->top)
        scroll(t, t->top, 1, true);
    else if (t->y)
        t->y--;
}

static void go(struct terminal *t, uint32_t x, uint32_t y)
{
    t->x = min(x, t->columns - 1);
    t->y = min(y, t->rows - 1);
}

static void show(struct terminal *t, uint32_t rune)
{
    struct cell c = { (uint16_t)(rune > 0xffff ? '?' : rune), t->pen.fg, t->pen.bg };

    if (t->bold && c.fg < BRIGHT)
        c.fg += BRIGHT;
    if (t->inverse) {
        uint8_t fg = c.fg;
        c.fg = c.bg;
        c.bg = fg;
    }
    if (t->x >= t->columns) {
        t->x = 0;
        line_feed(t);
    }
    t->cells[t->y * t->columns + t->x++] = c;
}

static void control(struct terminal *t, char c)
{
    switch (c) {
    case '\b':
        if (t->x >= t->columns)
            t->x = t->columns - 1;
        if (t->x)
            t->x--;
        break;
    case '\t': t->x = min((t->x / TAB + 1) * TAB, t->columns - 1); break;
    case '\n': case '\v': case '\f': line_feed(t); break;
    case '\r': t->x = 0; break;
    case 27: t->state = ESCAPE; break;
    }
}

/* The nearest of the 16 colours to one of xterm's 256. */
static uint8_t nearest(uint32_t n)
{
    uint32_t r, g, b;

    if (n < 16)
        return (uint8_t)n;
    if (n >= 232)
        return n < 238 ? BLACK : n < 244 ? BRIGHT : n < 250 ? GREY : BRIGHT + GREY;
    n -= 16;
    r = n / 36 % 6, g = n / 6 % 6, b = n % 6;
    return (uint8_t)((r > 1) | (g > 1) << 1 | (b > 1) << 2 | (r > 3 || g > 3 || b > 3) << 3);
}

/* SGR (ECMA-48 8.3.117): colours and attributes. */
static void rendition(struct terminal *t)
{
    for (uint32_t i = 0; i < t->nparams; i++) {
        uint32_t p = t->param[i];
        if (p == 0) {
            t->pen = (struct cell){ ' ', GREY, BLACK };
            t->bold = t->inverse = false;
        } else if (p == 1 || p == 22) {
            t->bold = p == 1;
        } else if (p == 7 || p == 27) {
            t->inverse = p == 7;
        } else if ((p >= 30 && p <= 37) || (p >= 90 && p <= 97)) {
            t->pen.fg = (uint8_t)(p >= 90 ? p - 90 + BRIGHT : p - 30);
        } else if ((p >= 40 && p <= 47) || (p >= 100 && p <= 107)) {
            t->pen.bg = (uint8_t)(p >= 100 ? p - 100 + BRIGHT : p - 40);
        } else if (p == 39) {
            t->pen.fg = GREY;
        } else if (p == 49) {
            t->pen.bg = BLACK;
        } else if (p == 38 || p == 48) {
            if (i + 2 < t->nparams && t->param[i + 1] == 5)
                *(p == 38 ? &t->pen.fg : &t->pen.bg) = nearest(t->param[i + 2] & 255);
            return;
        }
    }
}

static void erase_display(struct terminal *t, uint32_t how)
{
    uint32_t at = t->y * t->columns + min(t->x, t->columns - 1), all = t->rows * t->columns;

    if (how == 0)
        erase(t, at, all);
    else if (how == 1)
        erase(t, 0, at + 1);
    else
        erase(t, 0, all);
}

static void erase_line(struct terminal *t, uint32_t how)
{
    uint32_t row = t->y * t->columns, x = min(t->x, t->columns - 1);

    erase(t, how == 0 ? row + x : row, how == 1 ? row + x + 1 : row + t->columns);
}

/* Inserts n blanks at the cursor, or deletes n characters there. */
static void shift_line(struct terminal *t, uint32_t n, bool insert)
{
    uint32_t x = min(t->x, t->columns - 1), rest = t->columns - x;
    struct cell *at = t->cells + t->y * t->columns + x;
    uint32_t base = t->y * t->columns;

    n = min(n, rest);
    memmove(insert ? at + n : at, insert ? at : at + n, (rest - n) * sizeof *at);
    if (insert)
        erase(t, base + x, base + x + n);
    else
        erase(t, base + t->columns - n, base + t->columns);
}

static void set_region(struct terminal *t, uint32_t top, uint32_t bottom)
{
    bottom = bottom ? min(bottom, t->rows) : t->rows;
    if (top < bottom) {
        t->top = top;
        t->bottom = bottom;
        go(t, 0, 0);
    }
}

static void private_mode(struct terminal *t, bool on)
{
    for (uint32_t i = 0; t->private == '?' && i < t->nparams; i++)
        if (t->param[i] == 25)
            t->hide_cursor = !on;
}

/* The final byte of a control sequence. */
static void sequence(struct terminal *t, char c)
{
    uint32_t p = t->param[0], n = p ? p : 1, q = t->nparams > 1 ? t->param[1] : 0;
    uint32_t x = min(t->x, t->columns - 1);

    t->state = TEXT;
    switch (c) {
    case '@': shift_line(t, n, true); break;
    case 'A': go(t, x, t->y - min(n, t->y)); break;
    case 'B': case 'e': go(t, x, t->y + min(n, t->rows)); break;
    case 'C': case 'a': go(t, x + min(n, t->columns), t->y); break;
    case 'D': go(t, x - min(n, x), t->y); break;
    case 'E': go(t, 0, t->y + min(n, t->rows)); break;
    case 'F': go(t, 0, t->y - min(n, t->y)); break;
    case 'G': case '`': go(t, n - 1, t->y); break;
    case 'H': case 'f': go(t, q ? q - 1 : 0, n - 1); break;
    case 'J': erase_display(t, p); break;
    case 'K': erase_line(t, p); break;
    case 'L': if (t->y >= t->top && t->y < t->bottom) scroll(t, t->y, n, true); break;
    case 'M': if (t->y >= t->top && t->y < t->bottom) scroll(t, t->y, n, false); break;
    case 'P': shift_line(t, n, false); break;
    case 'S': scroll(t, t->top, n, false); break;
    case 'T': scroll(t, t->top, n, true); break;
    case 'X': erase(t, t->y * t->columns + x, t->y * t->columns + min(x + min(n, t->columns),
                                                                      t->columns)); break;
    case 'd': go(t, x, n - 1); break;
    case 'h': private_mode(t, true); break;
    case 'l': private_mode(t, false); break;
    case 'm': rendition(t); break;
    case 'r': set_region(t, n - 1, q); break;
    case 's': t->saved_x = t->x, t->saved_y = t->y; break;
    case 'u': go(t, t->saved_x, t->saved_y); break;
    }
}

static void csi_byte(struct terminal *t, char c)
{
    uint32_t *p = &t->param[t->nparams - 1];

    if (is_digit(c)) {
        if (*p < 10000)
            *p = *p * 10 + (uint32_t)(c - '0');
    } else if (c == ';' || c == ':') {
        if (t->nparams < PARAMS)
            t->param[t->nparams++] = 0;
    } else if (c >= '<' && c <= '?') {
        t->private = c;
    } else if (c >= '@' && c <= '~') {
        sequence(t, c);
    } else if (c < ' ') {
        control(t, c);
    }
}

static void escape_byte(struct terminal *t, char c)
{
    t->state = TEXT;
    switch (c) {
    case '[':
        t->state = CSI;
        t->private = 0;
        t->nparams = 1;
        t->param[0] = 0;
        break;
    case ']': case 'P': case '^': case '_': t->state = STRING; break;
    case '7': t->saved_x = t->x, t->saved_y = t->y; break;
    case '8': go(t, t->saved_x, t->saved_y); break;
    case 'D': line_feed(t); break;
    case 'E': t->x = 0; line_feed(t); break;
    case 'M': reverse_line_feed(t); break;
    case 'c': terminal_init(t, t->cells, t->columns, t->rows); break;
    }
}

/* A byte of text: ASCII or part of UTF-8 (RFC 3629). */
static void text_byte(struct terminal *t, uint8_t c)
{
    if (c < 0x80) {
        t->more = 0;
        if (c < 32)
            control(t, (char)c);
        else if (c != 127)
            show(t, c);
    } else if (c < 0xc0) {
        t->rune = t->rune << 6 | (c & 0x3f);
        if (t->more && !--t->more)
            show(t, t->rune);
    } else {
        t->more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        t->rune = c & (0x3f >> t->more);
    }
}

void terminal_init(struct terminal *t, struct cell *cells, uint32_t columns, uint32_t rows)
{
    *t = (struct terminal){ .columns = columns, .rows = rows, .bottom = rows, .cells = cells,
                            .pen = { ' ', GREY, BLACK } };
    erase(t, 0, rows * columns);
}

void terminal_put(struct terminal *t, const char *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        switch (t->state) {
        case TEXT: text_byte(t, (uint8_t)s[i]); break;
        case ESCAPE: escape_byte(t, s[i]); break;
        case CSI: csi_byte(t, s[i]); break;
        case STRING:            /* up to BEL or ESC \ */
            if (s[i] == 7)
                t->state = TEXT;
            else if (s[i] == 27)
                t->state = ESCAPE;
            break;
        }
    }
}
