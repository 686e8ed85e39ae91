/*
 * range.c - address space by first fit: a sorted list of free ranges, neighbours merged.
 */
#include "kernel/range.h"
#include "kernel/memory.h"
#include "kernel/panic.h"

struct range { uintptr_t start; size_t size; struct range *next; };

static bool insert(struct range **at, uintptr_t start, size_t size)
{
    struct range *r = kmalloc(sizeof *r);

    if (!r)
        return false;
    *r = (struct range){ start, size, *at };
    *at = r;
    return true;
}

static uintptr_t take(struct range_space *s, size_t size)
{
    uintptr_t start;

    if (!s->ready)
        s->ready = insert(&s->free, s->base, s->size);
    for (struct range **at = &s->free; *at; at = &(*at)->next) {
        struct range *r = *at;
        if (r->size < size)
            continue;
        start = r->start;
        r->start += size;
        r->size -= size;
        if (!r->size) {
            *at = r->next;
            kfree(r);
        }
        return start;
    }
    return 0;
}

uintptr_t range_alloc(struct range_space *s, size_t size)
{
    uintptr_t start;

    lock_take(&s->lock);
    start = take(s, size);
    lock_drop(&s->lock);
    return start;
}

/* Where two neighbours meet, the later one stays: in the end that is the range that there was at
 * first, so that what was allocated in between leaves nothing in the heap. */
static bool give(struct range_space *s, uintptr_t start, size_t size)
{
    struct range **at = &s->free, **prev_at = NULL, *prev, *next;

    for (; *at && (*at)->start < start; at = &(*at)->next)
        prev_at = at;
    prev = prev_at ? *prev_at : NULL;
    next = *at;
    assert(!prev || prev->start + prev->size <= start, "range_free: already free");
    assert(!next || start + size <= next->start, "range_free: already free");
    if (next && start + size == next->start) {
        next->start = start;
        next->size += size;
        if (prev && prev->start + prev->size == start) {
            next->start = prev->start;
            next->size += prev->size;
            *prev_at = next;
            kfree(prev);
        }
        return true;
    }
    if (prev && prev->start + prev->size == start) {
        prev->size += size;
        return true;
    }
    return insert(at, start, size);
}

bool range_free(struct range_space *s, uintptr_t start, size_t size)
{
    bool ok;

    lock_take(&s->lock);
    ok = give(s, start, size);
    lock_drop(&s->lock);
    return ok;
}
