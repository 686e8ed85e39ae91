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

uintptr_t range_alloc(struct range_space *s, size_t size)
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

bool range_free(struct range_space *s, uintptr_t start, size_t size)
{
    struct range **at = &s->free, *prev = NULL, *next;

    for (; *at && (*at)->start < start; at = &(*at)->next)
        prev = *at;
    next = *at;
    assert(!prev || prev->start + prev->size <= start, "range_free: already free");
    assert(!next || start + size <= next->start, "range_free: already free");
    if (prev && prev->start + prev->size == start) {
        prev->size += size;
        if (next && prev->start + prev->size == next->start) {
            prev->size += next->size;
            prev->next = next->next;
            kfree(next);
        }
        return true;
    }
    if (next && start + size == next->start) {
        next->start = start;
        next->size += size;
        return true;
    }
    return insert(at, start, size);
}
