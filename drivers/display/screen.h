/*
 * screen.h - where cells are drawn: a framebuffer of 24 or 32 bits a pixel, or VGA text.
 */
#ifndef DISPLAY_SCREEN_H
#define DISPLAY_SCREEN_H

#include "sips/sip.h"
#include "terminal.h"

struct screen {
    uint8_t *pixels;            /* the window, volatile to nobody: only this SIP writes it */
    uint32_t pitch, bytes;      /* bytes a row and a pixel; bytes = 0: VGA text */
    uint32_t columns, rows;
    struct cell *shown;         /* what is drawn now; ch = 0: unknown */
};

/* Makes a screen of the window; false if it is of no use. */
bool screen_init(struct screen *s, const struct handle_info *window);
/* Draws what differs from what is shown. */
void screen_draw(struct screen *s, const struct terminal *t);

/* Font, made by fontgen: 16 bytes a glyph. */
const uint8_t *font_glyph(uint16_t ch);

#endif
