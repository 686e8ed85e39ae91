/*
 * mutator.c - how libFuzzer changes an input: mostly inside of a section or a function body, whose
 * sizes are put right afterwards, so that a change reaches the code that reads it.
 *
 * An input is two bytes of configuration, then a module (compile_fuzz.c). What does not look like
 * sections is changed as bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

enum { HEAD = 2 + 8, CODE = 10, ROOM = 10 };   /* ROOM: for sizes that get longer */

struct span { size_t size_at, from, to; };     /* a size in LEB128, and the bytes it counts */

static uint32_t rnd(unsigned *seed, size_t n)
{
    *seed = *seed * 1664525 + 1013904223;
    return (uint32_t)((*seed >> 8) % n);
}

static size_t leb_put(uint8_t *p, uint32_t v)
{
    size_t n = 0;

    for (; v >= 128; v >>= 7)
        p[n++] = (uint8_t)(v | 128);
    p[n++] = (uint8_t)v;
    return n;
}

/* Reads at *at; false: too long, or the end comes first. */
static int leb_get(const uint8_t *d, size_t size, size_t *at, uint32_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 35 && *at < size; shift += 7) {
        uint8_t b = d[(*at)++];
        *v |= (uint32_t)(b & 127) << (shift & 31);
        if (b < 128)
            return 1;
    }
    return 0;
}

static int span_at(const uint8_t *d, size_t size, size_t at, struct span *s)
{
    uint32_t n;

    s->size_at = at;
    if (!leb_get(d, size, &at, &n) || n > size - at)
        return 0;
    s->from = at;
    s->to = at + n;
    return 1;
}

/* A section; if that is code, mostly one of its bodies, too. Number of spans, outermost first. */
static int choose(const uint8_t *d, size_t size, unsigned *seed, struct span *out)
{
    struct span s, code = { 0, 0, 0 };
    uint32_t n, count = 0;
    size_t at;

    for (at = HEAD; at + 1 < size && span_at(d, size, at + 1, &s); at = s.to) {
        if (d[at] == CODE)
            code = s;
        if (rnd(seed, ++count) == 0)
            out[0] = s;
    }
    if (!count || !code.to || rnd(seed, 4) == 0)
        return count > 0;
    out[0] = code;
    at = code.from;
    if (!leb_get(d, code.to, &at, &n) || n == 0)
        return 1;
    for (n = rnd(seed, n < 64 ? n : 64) + 1; n && span_at(d, code.to, at, &out[1]); n--)
        at = out[1].to;
    return n ? 1 : 2;
}

/* Replaces [from, to) of the input by n bytes. */
static size_t splice(uint8_t *d, size_t size, size_t from, size_t to, const uint8_t *by, size_t n)
{
    memmove(d + from + n, d + to, size - to);
    memcpy(d + from, by, n);
    return size - (to - from) + n;
}

/* Writes the size of a span that now has n bytes; returns by how much the input grew. */
static size_t put_size(uint8_t *d, size_t *size, const struct span *s, size_t n)
{
    uint8_t leb[8];
    size_t k = leb_put(leb, (uint32_t)n), old = *size;

    *size = splice(d, *size, s->size_at, s->from, leb, k);
    return *size - old;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct span s[2], *inner;
    size_t room, n, grown;
    uint8_t *part;
    int depth;

    if (size <= HEAD || size + ROOM + 16 > max || rnd(&seed, 8) == 0
        || !(depth = choose(data, size, &seed, s)))
        return LLVMFuzzerMutate(data, size, max);
    if (rnd(&seed, 8) == 0)
        data[rnd(&seed, 2)] = (uint8_t)rnd(&seed, 256);
    inner = &s[depth - 1];
    room = inner->to - inner->from + (max - size - ROOM);
    if (!(part = malloc(room)))
        return size;
    memcpy(part, data + inner->from, inner->to - inner->from);
    n = LLVMFuzzerMutate(part, inner->to - inner->from, room);
    grown = n - (inner->to - inner->from);
    size = splice(data, size, inner->from, inner->to, part, n);
    free(part);
    grown += put_size(data, &size, inner, n);
    if (depth == 2)
        put_size(data, &size, &s[0], s[0].to - s[0].from + grown);
    return size;
}
