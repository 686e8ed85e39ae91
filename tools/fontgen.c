/*
 * fontgen.c - takes 8x16 glyphs from a GRUB font (PF2, as in /usr/share/grub/unicode.pf2) and
 * writes them as C for the display driver: ASCII, Latin-1 and box drawing.
 *
 * PF2: sections of a 4-byte name, a 32-bit big-endian length and data. CHIX is the index: 9
 * bytes a glyph (code point, flags, offset in the file). A glyph: width, height, x and y
 * offset, advance (16 bits each), then its bits without padding. The baseline stands `ASCE`
 * rows below the top.
 */
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 16

struct font { uint8_t *b; size_t n; const uint8_t *index; uint32_t nindex; int ascent; };

static const struct { uint32_t first, last; } ranges[] = {
    { 0x20, 0x7e }, { 0xa0, 0xff }, { 0x2500, 0x259f },
};

static uint32_t be(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "fontgen: %s\n", what);
    exit(1);
}

static struct font load(const char *path)
{
    struct font f = { 0 };
    FILE *in = fopen(path, "rb");

    if (!in)
        fail("cannot open the font (Debian package grub-common)");
    fseek(in, 0, SEEK_END);
    f.n = (size_t)ftell(in);
    rewind(in);
    f.b = malloc(f.n + 1);
    if (!f.b || fread(f.b, 1, f.n, in) != f.n)
        fail("cannot read the font");
    fclose(in);
    for (size_t at = 0; at + 8 <= f.n; ) {
        uint32_t len = be(f.b + at + 4, 4);
        if (!memcmp(f.b + at, "DATA", 4))
            break;
        if (len > f.n - at - 8)
            fail("a section goes beyond the end of the file");
        if (!memcmp(f.b + at, "ASCE", 4))
            f.ascent = (int)be(f.b + at + 8, 2);
        if (!memcmp(f.b + at, "CHIX", 4)) {
            f.index = f.b + at + 8;
            f.nindex = len / 9;
        }
        at += 8 + len;
    }
    if (!f.index || !f.ascent)
        fail("this is not a PF2 font");
    return f;
}

/* Draws the glyph of a code point into rows; 0 if the font has none that fits. */
static int glyph(const struct font *f, uint32_t ch, uint8_t rows[ROWS])
{
    for (uint32_t i = 0; i < f->nindex; i++) {
        const uint8_t *e = f->index + 9 * i, *g;
        uint32_t at = be(e + 5, 4), w, h, bit = 0;
        int x0, y0;
        if (be(e, 4) != ch)
            continue;
        if (at + 10 > f->n)
            fail("a glyph lies outside of the file");
        g = f->b + at;
        w = be(g, 2), h = be(g + 2, 2);
        x0 = (int16_t)be(g + 4, 2);
        y0 = f->ascent - (int)h - (int16_t)be(g + 6, 2);
        if (w > 8 || h > ROWS || at + 10 + (w * h + 7) / 8 > f->n)
            return 0;
        for (uint32_t y = 0; y < h; y++)
            for (uint32_t x = 0; x < w; x++, bit++) {
                int px = x0 + (int)x, py = y0 + (int)y;
                if (g[10 + bit / 8] << bit % 8 & 0x80 && px >= 0 && px < 8 && py >= 0 && py < ROWS)
                    rows[py] |= (uint8_t)(0x80 >> px);
            }
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct font f;
    uint32_t count = 1;

    if (argc != 3) {
        fprintf(stderr, "usage: fontgen FONT.pf2 OUT.c\n");
        return 2;
    }
    f = load(argv[1]);
    if (!freopen(argv[2], "w", stdout))
        fail("cannot write");
    printf("/* Made by fontgen from %s. */\n#include \"drivers/display/screen.h\"\n\n", argv[1]);
    printf("static const uint8_t glyphs[][16] = {\n"
           "    { 0, 0, 0, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 0, 0, 0 },\n");
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
        for (uint32_t ch = ranges[r].first; ch <= ranges[r].last; ch++) {
            uint8_t rows[ROWS] = { 0 };
            glyph(&f, ch, rows);
            printf("    {");
            for (int i = 0; i < ROWS; i++)
                printf(" %u,", rows[i]);
            printf(" },\n");
        }
    printf("};\n\nconst uint8_t *font_glyph(uint16_t ch)\n{\n");
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
        printf("    if (ch >= 0x%x && ch <= 0x%x)\n        return glyphs[ch - 0x%x + %u];\n",
               ranges[r].first, ranges[r].last, ranges[r].first, count);
        count += ranges[r].last - ranges[r].first + 1;
    }
    printf("    return glyphs[0];\n}\n");
    return fclose(stdout) ? 1 : 0;
}
