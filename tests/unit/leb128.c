/*
 * leb128.c - the module reader's LEB128 (wasm 5.2.2): what an encoder writes is read back for all
 * widths and signs, with and without padding to the longest form; what is too long, too large or
 * cut off is refused in the specification's words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "wasm/reader.h"

static uint32_t test, failed;

static void ok(bool good, const char *name)
{
    failed += !good;
    printf("%s %" PRIu32 " - %s\n", good ? "ok" : "not ok", ++test, name);
}

/* Writes v in at least `least` bytes; returns how many. */
static uint32_t encode(uint8_t *p, uint64_t v, bool is_signed, uint32_t least)
{
    uint32_t n = 0;
    bool more = true;

    while (more) {
        uint8_t b = v & 127;
        v = is_signed ? (uint64_t)((int64_t)v >> 7) : v >> 7;
        bool done = is_signed ? (v == 0 && !(b & 64)) || (v == UINT64_MAX && (b & 64)) : v == 0;
        more = !done || n + 1 < least;
        p[n++] = b | (more ? 128 : 0);
    }
    return n;
}

static uint64_t decode(const uint8_t *p, uint32_t n, unsigned bits, bool is_signed, uint32_t *used,
                       struct wasm_error *err)
{
    struct reader r = { .bytes = p, .end = n, .size = n, .func = UINT32_MAX, .err = err };

    *err = (struct wasm_error){ .func = UINT32_MAX };
    uint64_t v = rd_leb(&r, bits, is_signed);
    *used = r.pos;
    return v;
}

static bool round_trips(unsigned bits, bool is_signed)
{
    uint32_t longest = (bits + 6) / 7, used;
    struct wasm_error err;
    uint8_t p[16];

    for (unsigned k = 0; k < bits * 4; k++) {
        uint64_t v = (1ull << k / 4) + (uint64_t)(int64_t)(int)(k % 4) - 2;
        unsigned drop = 64 - bits;
        v = is_signed ? (uint64_t)((int64_t)(v << drop) >> drop) : v << drop >> drop;
        for (uint32_t least = 1; least <= longest; least++) {
            uint32_t n = encode(p, v, is_signed, least);
            uint64_t got = decode(p, n, bits, is_signed, &used, &err);
            unsigned cut = bits == 33 ? 0 : drop;       /* the caller casts to the width */
            if (err.code != WASM_OK || used != n || got << cut != v << cut)
                return false;
            decode(p, n - 1, bits, is_signed, &used, &err);
            if (err.code != WASM_MALFORMED || strncmp(err.text, "unexpected end", 14) != 0)
                return false;
        }
    }
    return true;
}

static bool refused(const uint8_t *p, uint32_t n, unsigned bits, bool is_signed, const char *text)
{
    struct wasm_error err;
    uint32_t used;

    decode(p, n, bits, is_signed, &used, &err);
    return err.code == WASM_MALFORMED && strncmp(err.text, text, strlen(text)) == 0;
}

int main(void)
{
    static const uint8_t u32_long[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x00 };
    static const uint8_t u32_large[] = { 0xff, 0xff, 0xff, 0xff, 0x1f };
    static const uint8_t s32_large[] = { 0xff, 0xff, 0xff, 0xff, 0x4f };
    static const uint8_t s64_large[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0x7e };

    ok(round_trips(32, false), "u32");
    ok(round_trips(32, true), "s32");
    ok(round_trips(33, true), "s33");
    ok(round_trips(64, true), "s64");
    ok(round_trips(64, false), "u64");
    ok(refused(u32_long, sizeof u32_long, 32, false, "integer representation too long"),
       "too long");
    ok(refused(u32_large, sizeof u32_large, 32, false, "integer too large"), "u32 too large");
    ok(refused(s32_large, sizeof s32_large, 32, true, "integer too large"), "s32 too large");
    ok(refused(s64_large, sizeof s64_large, 64, true, "integer too large"), "s64 too large");
    printf("1..%" PRIu32 "\n", test);
    return failed != 0;
}
