/*
 * screen.c - draws cells. The framebuffer is never read, which is slow: `shown` remembers it.
 */
#include "screen.h"

#define CELL_WIDTH 8u
#define CELL_HEIGHT 16u
#define COLUMNS_MAX 512u
#define ROWS_MAX 256u

PORTS(3d4, 3d5);
PORT_OUT8(vga_select, 0x3d4);
PORT_OUT8(vga_write, 0x3d5);
enum { CRTC_CURSOR_HIGH = 14, CRTC_CURSOR_LOW = 15 };

/* the 16 colours as 0xrrggbb: those of VGA, in the order of ANSI */
static const uint32_t colours[16] = {
    0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x2a5cd8, 0xaa00aa, 0x00aaaa, 0xbbbbbb,
    0x666666, 0xff5555, 0x55ff55, 0xffff55, 0x6c8cff, 0xff55ff, 0x55ffff, 0xffffff,
};

bool screen_init(struct screen *s, const struct handle_info *window)
{
    uint64_t used;

    s->pixels = (uint8_t *)(uintptr_t)window->offset;
    s->pitch = window->c;
    s->bytes = window->d / 8;
    if (window->d == 0) {
        s->columns = window->a;
        s->rows = window->b;
        used = 2ull * s->columns * s->rows;
    } else {
        s->columns = window->a / CELL_WIDTH;
        s->rows = window->b / CELL_HEIGHT;
        used = (uint64_t)s->pitch * window->b;
        if ((window->d != 24 && window->d != 32) || (uint64_t)window->a * s->bytes > s->pitch)
            return false;
    }
    if (s->columns > COLUMNS_MAX)
        s->columns = COLUMNS_MAX;
    if (s->rows > ROWS_MAX)
        s->rows = ROWS_MAX;
    if (s->columns < 20 || s->rows < 5 || used > window->size)
        return false;
    s->shown = calloc(s->columns * s->rows, sizeof *s->shown);
    return s->shown != NULL;
}

static void draw32(uint8_t *at, uint32_t pitch, const uint8_t *glyph, uint32_t fg, uint32_t bg)
{
    for (uint32_t y = 0; y < CELL_HEIGHT; y++, at += pitch) {
        uint32_t *p = (uint32_t *)at, bits = glyph[y];
        for (uint32_t x = 0; x < CELL_WIDTH; x++)
            p[x] = bits << x & 0x80 ? fg : bg;
    }
}

static void draw24(uint8_t *at, uint32_t pitch, const uint8_t *glyph, uint32_t fg, uint32_t bg)
{
    for (uint32_t y = 0; y < CELL_HEIGHT; y++, at += pitch)
        for (uint32_t x = 0; x < CELL_WIDTH; x++) {
            uint32_t c = (uint32_t)glyph[y] << x & 0x80 ? fg : bg;
            at[3 * x] = (uint8_t)c;
            at[3 * x + 1] = (uint8_t)(c >> 8);
            at[3 * x + 2] = (uint8_t)(c >> 16);
        }
}

/* ANSI's order of colours is red, green, blue from bit 0; VGA's blue, green, red. */
static uint8_t vga_colour(uint8_t c)
{
    return (uint8_t)((c & 10) | (c & 1) << 2 | (c & 4) >> 2);
}

static void draw_vga(const struct screen *s, uint32_t at, struct cell c)
{
    volatile uint16_t *p = (volatile uint16_t *)s->pixels + at;

    p[0] = (uint16_t)((c.ch < 127 ? c.ch : '?') | vga_colour(c.fg) << 8 | vga_colour(c.bg) << 12);
}

static void draw_cell(const struct screen *s, uint32_t x, uint32_t y, struct cell c)
{
    uint8_t *at = s->pixels + y * CELL_HEIGHT * s->pitch + x * CELL_WIDTH * s->bytes;

    if (s->bytes == 4)
        draw32(at, s->pitch, font_glyph(c.ch), colours[c.fg & 15], colours[c.bg & 15]);
    else if (s->bytes == 3)
        draw24(at, s->pitch, font_glyph(c.ch), colours[c.fg & 15], colours[c.bg & 15]);
    else
        draw_vga(s, y * s->columns + x, c);
}

static void vga_cursor(uint32_t at)
{
    vga_select(CRTC_CURSOR_HIGH);
    vga_write(at >> 8);
    vga_select(CRTC_CURSOR_LOW);
    vga_write(at & 255);
}

void screen_draw(struct screen *s, const struct terminal *t)
{
    uint32_t cx = t->x < t->columns ? t->x : t->columns - 1, cursor = t->y * t->columns + cx;

    for (uint32_t y = 0, i = 0; y < t->rows; y++)
        for (uint32_t x = 0; x < t->columns; x++, i++) {
            struct cell c = t->cells[i], *o = &s->shown[i];
            if (i == cursor && s->bytes && !t->hide_cursor)
                c = (struct cell){ c.ch, c.bg, c.fg };
            if (c.ch == o->ch && c.fg == o->fg && c.bg == o->bg)
                continue;
            draw_cell(s, x, y, c);
            *o = c;
        }
    if (!s->bytes)
        vga_cursor(t->hide_cursor ? t->columns * t->rows : cursor);
}
