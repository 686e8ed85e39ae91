/*
 * terminal.h - a screen of characters in memory and the escape sequences that change it. Pure: the
 * drawing is screen.c's.
 */
#ifndef DISPLAY_TERMINAL_H
#define DISPLAY_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

struct cell {
    uint16_t ch;            /* Unicode */
    uint8_t fg, bg;         /* the 16 colours of ANSI */
};

#define PARAMS 8

struct terminal {
    uint32_t columns, rows;
    uint32_t x, y;          /* the cursor; x == columns: the next character wraps first */
    uint32_t top, bottom;   /* rows that scroll: [top, bottom) */
    uint32_t saved_x, saved_y;
    struct cell pen;        /* colours of what is written; ch is a space */
    bool bold, inverse, hide_cursor;
    enum { TEXT, ESCAPE, CSI, STRING } state;
    char private;           /* '?' in a CSI */
    uint32_t param[PARAMS], nparams;
    uint32_t rune, more;    /* UTF-8 on its way: bytes to come */
    struct cell *cells;     /* rows * columns */
};

/* Cleared, with the cursor in the corner; cells holds rows * columns. */
void terminal_init(struct terminal *t, struct cell *cells, uint32_t columns, uint32_t rows);
void terminal_put(struct terminal *t, const char *s, uint32_t n);

#endif
