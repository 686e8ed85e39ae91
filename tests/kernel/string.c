/*
 * string.c - what moves and fills memory, against bytes one by one: every alignment of both sides
 * to a word, and some to a line; lengths around every limit in the code, what lies before and
 * behind, and overlaps; with the widest registers and without.
 */
#include "kernel/ktest.h"
#include "kernel/kernel.h"

#define SPACE 8192u
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
    static const uint32_t off[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 31, 32, 63 };

    for (uint32_t d = 0; d < sizeof off / sizeof *off; d++) {
        for (uint32_t s = 0; s < sizeof off / sizeof *off; s++)
            CHECK(copies(PAD + off[d], off[s], n), "%u bytes from %u to %u", n, off[s], off[d]);
        CHECK(fills(PAD + off[d], n), "%u bytes at %u", n, off[d]);
    }
}

static void want_moved(uint32_t d, uint32_t s, uint32_t n)
{
    prepare();
    for (uint32_t k = 0; k < n; k++)
        want[d + k] = to[s + k];
}

/* Within one memory, by a few bytes or many, both ways; copy_checked goes upwards only. */
static void overlaps(uint32_t n)
{
    static const uint32_t by[] = { 0, 1, 3, 7, 8, 9, 16, 24, 63, 64, 65, 100, 1000 };

    for (uint32_t i = 0; i < sizeof by / sizeof *by; i++) {
        want_moved(PAD + by[i], PAD, n);
        memmove(to + PAD + by[i], to + PAD, n);
        CHECK(same(PAD + by[i], n), "%u bytes up by %u", n, by[i]);
        want_moved(PAD, PAD + by[i], n);
        memmove(to + PAD, to + PAD + by[i], n);
        CHECK(same(PAD, n), "%u bytes down by %u", n, by[i]);
        want_moved(PAD, PAD + by[i], n);
        CHECK(copy_checked(to + PAD, to + PAD + by[i], n) && same(PAD, n),
              "%u bytes copied down by %u", n, by[i]);
    }
}

static void every_length(void)
{
    prepare();
    for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths && !ktest_failed(); i++) {
        all(lengths[i]);
        overlaps(lengths[i]);
    }
}

KTEST(string_moves_and_fills)
{
    from = kmalloc(SPACE);
    to = kmalloc(SPACE);
    want = kmalloc(SPACE);
    if (from && to && want) {
        every_length();
        if (copy_wide) {
            copy_wide = false;
            every_length();
            copy_wide = true;
        }
    } else {
        ktest_fail("no memory");
    }
    kfree(from);
    kfree(to);
    kfree(want);
}
