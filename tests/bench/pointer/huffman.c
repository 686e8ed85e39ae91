/* huffman.c - decodes a bit stream by walking a tree, then by a table. */
#include "../bench.h"

enum { SYMBOLS = 32, BITS = 32768, PEEK = 9 };

struct node { int16_t child[2]; int16_t symbol; };

static struct node tree[2 * SYMBOLS];
static uint8_t stream[BITS / 8 + 8];
static struct { uint8_t symbol, len; } table[1 << PEEK];

/* symbol i < 8 has 4 bits, the next 8 have 5, the last 16 have 6: a full tree */
static int code_of(int i, int *len)
{
    *len = i < 8 ? 4 : i < 16 ? 5 : 6;
    return i < 8 ? i : i < 16 ? 16 + i - 8 : 48 + i - 16;
}

static void make(void)
{
    int used = 1, len;

    memset(tree, 0, sizeof tree);
    for (int i = 0; i < SYMBOLS; i++) {
        int code = code_of(i, &len), at = 0;
        for (int b = len - 1; b >= 0; b--) {
            int16_t *c = &tree[at].child[code >> b & 1];
            if (!*c)
                *c = (int16_t)used++;
            at = *c;
        }
        tree[at].symbol = (int16_t)i;
    }
    for (int v = 0; v < 1 << PEEK; v++)
        for (int i = 0; i < SYMBOLS; i++) {
            int code = code_of(i, &len);
            if (v >> (PEEK - len) == code) {
                table[v].symbol = (uint8_t)i;
                table[v].len = (uint8_t)len;
            }
        }
}

static NOINLINE uint32_t by_tree(void)
{
    uint32_t h = 0;
    int at = 0;

    for (int i = 0; i < BITS; i++) {
        at = tree[at].child[stream[i >> 3] >> (7 - (i & 7)) & 1];
        if (!tree[at].child[0]) {
            h = h * 31 + (uint32_t)tree[at].symbol;
            at = 0;
        }
    }
    return h;
}

static NOINLINE uint32_t by_table(void)
{
    uint32_t h = 0;

    for (uint32_t i = 0; i + 16 < BITS;) {
        const uint8_t *p = stream + (i >> 3);
        uint32_t w = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        uint32_t v = w >> (24 - PEEK - (i & 7)) & ((1 << PEEK) - 1);
        h = h * 31 + table[v].symbol;
        i += table[v].len;
    }
    return h;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 13;

    make();
    for (int i = 0; i < (int)sizeof stream; i++)
        stream[i] = (uint8_t)rnd(&s);
    for (uint32_t t = 0; t < n; t++) {
        h = mix(mix(h, by_tree()), by_table());
        stream[t % (BITS / 8)] ^= 3;
    }
    return h;
}
