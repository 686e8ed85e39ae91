/*
 * line.c - editing of one line at a terminal: keys in, screen output out. It does no input or
 * output of its own, so that the console (for programs) and the shell share it.
 *
 * The line is shown in a window of `width` columns from where the cursor stood at line_start; only
 * relative cursor movement is used. Bytes above 126 are not taken.
 */
#include "sips/sip.h"

static void out(struct line *l, const char *s, uint32_t n)
{
    if (n)
        l->out(l->ctx, s, n);
}

/* Moves the screen's cursor by n columns, left if negative. */
static void move(struct line *l, int32_t n)
{
    char s[16];

    if (n)
        out(l, s, (uint32_t)snprintf(s, sizeof s, "\033[%d%c", n < 0 ? -n : n, n < 0 ? 'D' : 'C'));
}

/* Shows text from index `from` on; the screen's cursor is at index `cursor`, and at pos then. */
static void redraw(struct line *l, uint32_t from, uint32_t cursor)
{
    uint32_t at = cursor - l->first, first = l->first, end;

    if (l->pos < first)
        first = l->pos > l->width / 2 ? l->pos - l->width / 2 : 0;
    if (l->pos > first + l->width)
        first = l->pos - l->width / 2;
    if (first != l->first || from < first) {
        l->first = first;
        from = first;
    }
    end = l->len < first + l->width ? l->len : first + l->width;
    if (from > end)
        from = end;
    move(l, (int32_t)(from - first) - (int32_t)at);
    out(l, l->text + from, end - from);
    out(l, "\033[K", 3);
    move(l, (int32_t)l->pos - (int32_t)end);
}

static void go(struct line *l, uint32_t pos)
{
    uint32_t old = l->pos;

    l->pos = pos;
    if (pos >= l->first && pos <= l->first + l->width)
        move(l, (int32_t)pos - (int32_t)old);
    else
        redraw(l, 0, old);
}

/* Removes [from, to); saved for ctrl-Y if `keep`. The cursor goes to `from`. */
static void cut(struct line *l, uint32_t from, uint32_t to, bool keep)
{
    uint32_t old = l->pos;

    if (from == to)
        return;
    if (keep) {
        memcpy(l->killed, l->text + from, to - from);
        l->killed[to - from] = 0;
    }
    memmove(l->text + from, l->text + to, l->len - to + 1);
    l->len -= to - from;
    l->pos = from;
    redraw(l, from, old);
}

void line_start(struct line *l, uint32_t start, uint32_t columns)
{
    l->len = l->pos = l->first = l->nesc = 0;
    l->text[0] = 0;
    l->width = columns > start + 20 ? columns - start - 1 : 19;
}

void line_insert(struct line *l, const char *s, uint32_t n)
{
    uint32_t old = l->pos;

    if (n > LINE_MAX - 1 - l->len)
        n = LINE_MAX - 1 - l->len;
    memmove(l->text + old + n, l->text + old, l->len - old + 1);
    memcpy(l->text + old, s, n);
    l->len += n;
    l->pos += n;
    if (l->pos == l->len && l->pos <= l->first + l->width)
        out(l, s, n);
    else
        redraw(l, old, old);
}

void line_replace(struct line *l, const char *s)
{
    uint32_t old = l->pos;

    l->len = l->pos = (uint32_t)copy_text(l->text, LINE_MAX, s);
    redraw(l, 0, old);
}

void line_show(struct line *l)
{
    redraw(l, 0, l->first);
}

static uint32_t word_left(const struct line *l)
{
    uint32_t i = l->pos;

    while (i && l->text[i - 1] == ' ')
        i--;
    while (i && l->text[i - 1] != ' ')
        i--;
    return i;
}

static uint32_t word_right(const struct line *l)
{
    uint32_t i = l->pos;

    while (i < l->len && l->text[i] == ' ')
        i++;
    while (i < l->len && l->text[i] != ' ')
        i++;
    return i;
}

static void left(struct line *l)
{
    if (l->pos)
        go(l, l->pos - 1);
}

static void right(struct line *l)
{
    if (l->pos < l->len)
        go(l, l->pos + 1);
}

static void delete(struct line *l)
{
    if (l->pos < l->len)
        cut(l, l->pos, l->pos + 1, false);
}

/* The end of an escape sequence, whose middle is in l->esc (ECMA-48 5.4; xterm's keys). */
static enum line_event escape(struct line *l, char c)
{
    bool ctrl = l->nesc >= 4 && l->esc[l->nesc - 1] == '5';     /* ESC [ 1 ; 5 C */
    char digit = l->nesc > 2 ? l->esc[2] : 0;

    l->nesc = 0;
    switch (c) {
    case 'A': return LINE_UP;
    case 'B': return LINE_DOWN;
    case 'C': ctrl ? go(l, word_right(l)) : right(l); break;
    case 'D': ctrl ? go(l, word_left(l)) : left(l); break;
    case 'H': go(l, 0); break;
    case 'F': go(l, l->len); break;
    case '~':
        if (digit == '1' || digit == '7')
            go(l, 0);
        else if (digit == '4' || digit == '8')
            go(l, l->len);
        else if (digit == '3')
            delete(l);
        break;
    }
    return LINE_MORE;
}

static enum line_event escape_byte(struct line *l, char c)
{
    if (l->nesc == 1) {
        if (c == '[' || c == 'O') {
            l->esc[l->nesc++] = c;
        } else {
            l->nesc = 0;
            if (c == 'b')
                go(l, word_left(l));
            else if (c == 'f')
                go(l, word_right(l));
        }
        return LINE_MORE;
    }
    if (c >= 0x40 && c <= 0x7e)
        return escape(l, c);
    if (l->nesc < sizeof l->esc)
        l->esc[l->nesc++] = c;
    return LINE_MORE;
}

enum line_event line_key(struct line *l, char c)
{
    if (l->nesc)
        return escape_byte(l, c);
    switch (c) {
    case 1: go(l, 0); break;                                    /* ctrl-A */
    case 2: left(l); break;                                     /* ctrl-B */
    case 3: return LINE_BREAK;
    case 4:                                                     /* ctrl-D */
        if (!l->len)
            return LINE_EOF;
        delete(l);
        break;
    case 5: go(l, l->len); break;                               /* ctrl-E */
    case 6: right(l); break;                                    /* ctrl-F */
    case 8: case 127:                                           /* backspace */
        if (l->pos)
            cut(l, l->pos - 1, l->pos, false);
        break;
    case 9: return LINE_COMPLETE;
    case 10: case 13:
        go(l, l->len);
        return LINE_DONE;
    case 11: cut(l, l->pos, l->len, true); break;               /* ctrl-K */
    case 12: return LINE_REDRAW;
    case 14: return LINE_DOWN;                                  /* ctrl-N */
    case 16: return LINE_UP;                                    /* ctrl-P */
    case 21: cut(l, 0, l->pos, true); break;                    /* ctrl-U */
    case 23: cut(l, word_left(l), l->pos, true); break;         /* ctrl-W */
    case 25: line_insert(l, l->killed, (uint32_t)strlen(l->killed)); break;    /* ctrl-Y */
    case 27: l->esc[l->nesc++] = c; break;
    default:
        if (is_print((uint8_t)c))
            line_insert(l, &c, 1);
    }
    return LINE_MORE;
}
