/*
 * reader.c - the parts of reader.h that are not worth inlining.
 */
#include "wasm/reader.h"

/* Most numbers are of two bytes here: one, and the inline functions have read it. */
static bool two_bytes(struct reader *r, unsigned bits, bool is_signed, uint64_t *v)
{
    const uint8_t *p = r->bytes + r->pos;
    if (rd_left(r) < 2 || p[0] < 0x80 || p[1] >= 0x80 || bits < 32)
        return false;
    *v = (uint64_t)(p[0] & 0x7f) | (uint64_t)p[1] << 7;
    if (is_signed && p[1] & 0x40)
        *v |= ~(uint64_t)0 << 14;
    r->pos += 2;
    return true;
}

/* A number that the range cuts off is looked at to its end: what is wrong with it goes first. */
uint64_t rd_leb(struct reader *r, unsigned bits, bool is_signed)
{
    uint64_t v = 0;
    uint32_t start = r->pos;
    if (two_bytes(r, bits, is_signed, &v))
        return v;
    for (unsigned shift = 0; ; shift += 7) {
        if (r->pos >= r->end && (r->pos >= r->size || r->pos == start)) {
            rd_eof(r);
            return 0;
        }
        uint8_t byte = r->bytes[r->pos++];
        unsigned left = bits - shift;       /* bits that still fit */
        if (left < 7) {
            /* the unused bits of the last byte: zero, or copies of the sign */
            uint8_t rest = (uint8_t)(byte & 0x7f) >> (is_signed ? left - 1 : left);
            uint8_t ones = (uint8_t)(0x7f >> (is_signed ? left - 1 : left));
            if (byte & 0x80) {
                READER_FAIL(r, WASM_MALFORMED, start, "integer representation too long");
                return 0;
            }
            if (rest != 0 && !(is_signed && rest == ones)) {
                READER_FAIL(r, WASM_MALFORMED, start, "integer too large");
                return 0;
            }
        }
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            if (r->pos > r->end)
                rd_eof(r);
            if (is_signed && shift + 7 < 64 && (byte & 0x40))
                v |= ~(uint64_t)0 << (shift + 7);
            return v;
        }
    }
}

uint64_t rd_fixed(struct reader *r, unsigned n)
{
    uint64_t v = 0;
    if (rd_left(r) < n) {
        rd_eof(r);
        return 0;
    }
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)r->bytes[r->pos++] << 8 * i;
    return v;
}

uint32_t rd_count(struct reader *r, uint32_t least)
{
    uint32_t at = r->pos, n = rd_u32(r);
    if (n > rd_left(r) / least) {
        READER_FAIL(r, WASM_MALFORMED, at, "unexpected end of section or function: "
                    "%u elements announced", n);
        return 0;
    }
    return n;
}

/* Length of the well-formed UTF-8 sequence at p (Unicode 3.9, table 3-7), 0 if there is none. */
static unsigned utf8_sequence(const uint8_t *p, uint32_t left)
{
    uint8_t c = p[0], low = 0x80, high = 0xbf;
    unsigned n;
    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c <= 0xdf) {
        n = 2;
    } else if (c >= 0xe0 && c <= 0xef) {
        n = 3;
        low = c == 0xe0 ? 0xa0 : 0x80;
        high = c == 0xed ? 0x9f : 0xbf;
    } else if (c >= 0xf0 && c <= 0xf4) {
        n = 4;
        low = c == 0xf0 ? 0x90 : 0x80;
        high = c == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (left < n || p[1] < low || p[1] > high)
        return 0;
    for (unsigned i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

struct wasm_name rd_name(struct reader *r)
{
    uint32_t at = r->pos, n = rd_u32(r), start = r->pos;
    if (n > rd_left(r)) {
        READER_FAIL(r, WASM_MALFORMED, at, "length out of bounds");
        return (struct wasm_name){ "", 0 };
    }
    for (uint32_t i = 0, k; i < n; i += k) {
        k = utf8_sequence(r->bytes + start + i, n - i);
        if (!k) {
            READER_FAIL(r, WASM_MALFORMED, start + i, "malformed UTF-8 encoding");
            return (struct wasm_name){ "", 0 };
        }
    }
    r->pos = start + n;
    return (struct wasm_name){ (const char *)r->bytes + start, n };
}
