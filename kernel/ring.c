/*
 * ring.c - rings that grow, and what all of them may hold. See ring.h.
 *
 * A ring is made by the first message that has to wait, doubles as needed, and is paid for by who
 * made the channel.
 */
#include "kernel/ring.h"

#define QUEUED_SHARE 8              /* rings may hold one part in 8 of all memory */
#define RING_MIN 1024u
#define RING_MAX (QUEUE_BYTES + QUEUE_MSGS * 64 + MSG_BYTES_MAX)   /* heads, and the end */

static size_t all_bytes;            /* of all rings; atomic */

size_t ring_bytes(void)
{
    return __atomic_load_n(&all_bytes, __ATOMIC_RELAXED);
}

void ring_free(struct endpoint *e)
{
    if (!e->ring)
        return;
    __atomic_fetch_sub(&all_bytes, e->cap, __ATOMIC_RELAXED);
    if (e->ch->account)
        __atomic_fetch_sub(&e->ch->account->queued, e->cap, __ATOMIC_RELAXED);
    kfree(e->ring);
    e->ring = NULL;
    e->cap = e->head = e->used = 0;
}

/* A ring twice as large, or more, for `need` bytes beside what is in it. */
static err_t grow(struct endpoint *e, uint32_t need)
{
    uint32_t cap = e->cap ? e->cap * 2 : RING_MIN;
    struct account *a = e->ch->account;
    struct endpoint old = *e;
    uint8_t *ring;

    while (cap < e->used + need)
        cap *= 2;
    if (e->cap == RING_MAX)
        return ERR_FULL;
    cap = cap < RING_MAX ? cap : RING_MAX;
    if (a && __atomic_load_n(&a->queued, __ATOMIC_RELAXED) + cap - e->cap > a->queued_max)
        return e->count ? ERR_FULL : ERR_LIMIT;
    if (ring_bytes() / PAGE_SIZE > page_count_total() / QUEUED_SHARE || !(ring = kmalloc(cap)))
        return e->count ? ERR_FULL : ERR_NO_MEMORY;
    __atomic_fetch_add(&all_bytes, cap - e->cap, __ATOMIC_RELAXED);
    if (a)
        __atomic_fetch_add(&a->queued, cap - e->cap, __ATOMIC_RELAXED);
    e->ring = ring;
    e->cap = cap;
    e->head = e->used = 0;
    for (uint32_t i = 0; i < e->count; i++) {
        struct record *r = ring_first(&old);
        memcpy(ring + e->used, r, r->size);
        e->used += r->size;
        ring_skip(&old, r->size);
    }
    kfree(old.ring);
    return 0;
}

err_t ring_place(struct endpoint *e, uint32_t size, struct record **r)
{
    uint32_t at = e->head + e->used, rest;
    err_t x;

    at -= at >= e->cap ? e->cap : 0;
    rest = at >= e->head ? e->cap - at : e->head - at;      /* in one piece */
    if (e->used == e->cap || (rest < size && (at < e->head || e->head < size))) {
        if ((x = grow(e, size)) < 0)
            return x;
        at = e->used;
    } else if (rest < size) {
        *(struct record *)(e->ring + at) = (struct record){ .size = rest };
        e->used += rest;
        at = 0;
    }
    *r = (struct record *)(e->ring + at);
    return 0;
}
