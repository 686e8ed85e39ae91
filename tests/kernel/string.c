/*
 * string.c - what moves and fills memory, against bytes one by one: every alignment of both sides
 * to a word, lengths around every limit in the code, what lies before and behind, and overlaps.
 */
#include "kernel/ktest.h"
#include "kernel/kernel.h"

#define SPACE 8192u
#define ALIGNMENTS 9u
#define PAD 80u                 /* that is looked at beside what is written */

static const uint32_t lengths[] = {
    0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 40, 47, 63, 64, 65, 71, 96, 127, 128,
    129, 135, 136, 200, 255, 256, 257, 263, 511, 1024, 4095, 4096, 4099,
};

static uint8_t *from, *to, *want;

static void prepare(void)
{
    for (uint32_t i = 0; i < SPACE; i++) {
        from[i] = (uint8_t)(i * 7 + i / 256);
        to[i] = want[i] = (uint8_t)(i * 13 + 5);
    }
}

static bool same(uint32_t first, uint32_t n)
{
    for (uint32_t i = first - PAD; i < first + n + PAD; i++)
        if (to[i] != want[i])
            return false;
    return true;
}

static bool copies(uint32_t d, uint32_t s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        want[d + i] = from[s + i];
    if (memcpy(to + d, from + s, n) != to + d || !same(d, n))
        return false;
    memset(to + d, 0, n);
    if (!copy_checked(to + d, from + s, n) || !same(d, n))
        return false;
    memset(to + d, 0, n);
    return memmove(to + d, from + s, n) == to + d && same(d, n);
}

static bool fills(uint32_t d, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        want[d + i] = 0xa5;
    if (memset(to + d, 0x7a5, n) != to + d || !same(d, n))
        return false;
    for (uint32_t i = 0; i < n; i++)
        want[d + i] = 0x3c;
    return fill_checked(to + d, 0x3c, n) && same(d, n);
}

static void all(uint32_t n)
{
    for (uint32_t d = PAD; d < PAD + ALIGNMENTS; d++) {
        for (uint32_t s = 0; s < ALIGNMENTS; s++)
            CHECK(copies(d, s, n), "%u bytes from %u to %u", n, s, d);
        CHECK(fills(d, n), "%u bytes at %u", n, d);
    }
}

/* Within one memory, by a few bytes or many, both ways. */
static void overlaps(uint32_t n)
{
    static const uint32_t by[] = { 0, 1, 3, 7, 8, 9, 16, 24, 63, 64, 65, 100, 1000 };

    for (uint32_t i = 0; i < sizeof by / sizeof *by; i++)
        for (uint32_t up = 0; up < 2; up++) {
            uint32_t d = PAD + (up ? by[i] : 0), s = PAD + (up ? 0 : by[i]);
            prepare();
            for (uint32_t k = 0; k < n; k++)
                want[d + k] = to[s + k];
            memmove(to + d, to + s, n);
            CHECK(same(d, n), "%u bytes %s by %u", n, up ? "up" : "down", by[i]);
        }
}

KTEST(string_moves_and_fills)
{
    from = kmalloc(SPACE);
    to = kmalloc(SPACE);
    want = kmalloc(SPACE);
    if (from && to && want) {
        prepare();
        for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths && !ktest_failed(); i++) {
            all(lengths[i]);
            overlaps(lengths[i]);
        }
    } else {
        ktest_fail("no memory");
    }
    kfree(from);
    kfree(to);
    kfree(want);
}
