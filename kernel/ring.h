/*
 * ring.h - the ring of an endpoint: what was sent to it and is not received yet. Its channel's lock
 * is held, for everything here.
 *
 * It holds records, each a whole number of RECORD_ALIGN: head, objects, bytes. One that does not
 * fit before the end of the ring stands at its beginning, behind a record of kind 0 that fills up.
 * Bounds: QUEUE_MSGS and QUEUE_BYTES; the quota of who made the channel, and a share of memory for
 * all rings (ring.c).
 */
#ifndef KERNEL_RING_H
#define KERNEL_RING_H

#include "kernel/kernel.h"

#define RECORD_ALIGN 16u
#define RING_KEPT 4096u             /* an empty one that is larger goes */

struct record {
    uint32_t size, len, token;
    uint16_t kind, nobj;
    struct object *obj[];           /* then the bytes */
};

static inline uint8_t *record_data(struct record *r)
{
    return (uint8_t *)(r->obj + r->nobj);
}

static inline uint32_t record_size(uint32_t nobj, uint32_t len)
{
    return ((uint32_t)sizeof(struct record) + nobj * 8 + len + RECORD_ALIGN - 1)
        & ~(RECORD_ALIGN - 1);
}

static inline void record_head(struct record *r, uint32_t kind, uint32_t token, uint32_t nobj,
                               uint32_t len)
{
    *r = (struct record){ record_size(nobj, len), len, token, (uint16_t)kind, (uint16_t)nobj };
}

/* Has it as many messages, or bytes beside `len` more, as it may have? */
static inline bool ring_full(const struct endpoint *e, uint64_t len)
{
    return e->count >= QUEUE_MSGS || e->bytes + len > QUEUE_BYTES;
}

/* Place for a record of `size` bytes behind the last one, if that is in front of the end; NULL. */
static inline struct record *ring_behind(const struct endpoint *e, uint32_t size)
{
    uint32_t at = e->head + e->used;

    return at + size <= e->cap ? (struct record *)(e->ring + at) : NULL;
}

/* Place for it wherever it may be, with a larger ring if need be; not yet in the ring: ERR_FULL,
 * ERR_LIMIT, ERR_NO_MEMORY. */
err_t ring_place(struct endpoint *e, uint32_t size, struct record **r);

/* Bytes that were sent, and nothing else? */
static inline bool record_is_bytes(const struct record *r)
{
    _Static_assert(offsetof(struct record, kind) == offsetof(struct record, token) + 4
                   && offsetof(struct record, nobj) == offsetof(struct record, token) + 6, "");
    return *(const uint64_t *)&r->token == (uint64_t)MSG_DATA << 32;
}

/* The record at the place that was got last, head and all, is in the ring. */
static inline void ring_add(struct endpoint *e, uint32_t nobj, uint32_t len)
{
    e->used += record_size(nobj, len);
    e->count++;
    e->bytes += len;
    e->with_handles += nobj != 0;
}

/* The next `n` bytes are done with. */
static inline void ring_skip(struct endpoint *e, uint32_t n)
{
    e->head += n;
    e->head -= e->head >= e->cap ? e->cap : 0;
    e->used -= n;
}

/* The next record, past what fills up the end. There is one. */
static inline struct record *ring_first(struct endpoint *e)
{
    struct record *r = (struct record *)(e->ring + e->head);

    if (__builtin_expect(!r->kind, 0)) {
        ring_skip(e, r->size);
        r = (struct record *)(e->ring + e->head);
    }
    return r;
}

__attribute__((cold)) void ring_free(struct endpoint *e);

/* Does it go when it is empty? */
static inline bool ring_goes(const struct endpoint *e)
{
    return e->cap > RING_KEPT;
}

/* The first record, of `size` bytes with len of data, is done with; the ring stays. */
always void ring_take(struct endpoint *e, uint32_t size, uint32_t len, uint32_t nobj)
{
    e->bytes -= len;
    e->with_handles -= nobj != 0;
    ring_skip(e, size);
    if (!--e->count)
        e->head = e->used = 0;
}

/* The same, and it goes if it is empty and large. */
always void ring_drop(struct endpoint *e, uint32_t size, uint32_t len, uint32_t nobj)
{
    ring_take(e, size, len, nobj);
    if (!e->count && unlikely(ring_goes(e)))
        ring_free(e);
}

#endif
