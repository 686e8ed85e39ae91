/*
 * reader.h - a bounded cursor over module bytes, and LEB128 (wasm 5.2.2).
 *
 * The first error is recorded in *err and closes the range, so that all later reads return zero
 * and loops over counts end at once.
 */
#ifndef WASM_READER_H
#define WASM_READER_H

#include "wasm/text.h"

struct reader {
    const uint8_t *bytes;
    uint32_t pos, end;
    uint32_t size;              /* of all the bytes; may be 0 */
    uint32_t func;              /* for errors */
    struct wasm_error *err;
};

#define READER_FAIL(r, code, offset, ...) \
    (wasm_fail((r)->err, code, (r)->func, offset, __VA_ARGS__), (void)((r)->end = (r)->pos))

static inline bool rd_ok(const struct reader *r)
{
    return r->err->code == WASM_OK;
}

static inline uint32_t rd_left(const struct reader *r)
{
    return r->end - r->pos;
}

static inline void rd_eof(struct reader *r)
{
    READER_FAIL(r, WASM_MALFORMED, r->pos, "unexpected end of section or function");
}

static inline uint8_t rd_u8(struct reader *r)
{
    if (r->pos >= r->end) {
        rd_eof(r);
        return 0;
    }
    return r->bytes[r->pos++];
}

/* reader.c: the general case, `bits` wide */
uint64_t rd_leb(struct reader *r, unsigned bits, bool is_signed);

static inline uint32_t rd_u32(struct reader *r)
{
    if (r->pos < r->end && r->bytes[r->pos] < 0x80)
        return r->bytes[r->pos++];
    return (uint32_t)rd_leb(r, 32, false);
}

/* A number of one byte: its bit 6 is the sign. */
static inline int32_t rd_short(struct reader *r)
{
    return (int8_t)(r->bytes[r->pos++] << 1) >> 1;
}

static inline int32_t rd_s32(struct reader *r)
{
    if (r->pos < r->end && r->bytes[r->pos] < 0x80)
        return rd_short(r);
    return (int32_t)rd_leb(r, 32, true);
}

static inline int64_t rd_s33(struct reader *r)
{
    return (int64_t)rd_leb(r, 33, true);
}

static inline int64_t rd_s64(struct reader *r)
{
    if (r->pos < r->end && r->bytes[r->pos] < 0x80)
        return rd_short(r);
    return (int64_t)rd_leb(r, 64, true);
}

/* Little-endian integer of n <= 8 bytes. */
uint64_t rd_fixed(struct reader *r, unsigned n);

/* A vector's length: each element needs at least `least` bytes of what is left. */
uint32_t rd_count(struct reader *r, uint32_t least);

/* A name (wasm 5.2.4), checked to be UTF-8. */
struct wasm_name rd_name(struct reader *r);

#endif
