/*
 * pool.c - slots of SIPs that have ended, kept with their pages for the next ones: no mapping, no
 * unmapping, no flushing of TLBs, hence most of what a start and an end would cost.
 *
 * Kept is a small slot (SLOT_NOTED pages at most, all near its base) while memory is plenty. Memory
 * is zeroed at once, but for the part that a SIP of the same image begins by writing
 * (slot_initial); that, and the block in the control area, is zeroed when another one takes the
 * slot. The stack is not: no SIP can address it, and compiled code reads nothing of it that it has
 * not written. A slot is taken for a SIP with as many pages of stack and control area; pages beyond
 * the new one's memory are unmapped, so that its guard has no hole. So are, after some like it,
 * those that none of them writes: they were an earlier program's, and zeroing them is most of a
 * small life.
 *
 * There is a list for each of a few CPUs (those of one number modulo LISTS share), short, newest
 * first: what was just zeroed is still in the cache. Who finds his own empty looks at the others'.
 */
#include "kernel/lock.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/pmm.h"
#include "kernel/string.h"

#define LISTS 16u
#define LENGTH 8u
#define THIN_OUT_LIVES 16u          /* so many alike in a row */

static struct list { struct lock lock; unsigned n; struct slot *first; } lists[LISTS] = {
    [0 ... LISTS - 1] = { .lock = LOCK(RANK_POOL) },
};

static void forget_page(struct slot *s, uintptr_t va)
{
    unmap_range(va, PAGE_SIZE);
    memset(s->spot, 0, sizeof s->spot);
}

static bool page_is_zero(uintptr_t va)
{
    const uint64_t *end = (const uint64_t *)(va + PAGE_SIZE);

    for (const uint64_t *at = (const uint64_t *)va; at < end; at += 8)
        if (at[0] | at[1] | at[2] | at[3] | at[4] | at[5] | at[6] | at[7])
            return false;
    return true;
}

/* Unmaps what the SIP has not written, if it was like those before: it would be zeroed again and
 * again, for another program once used it. */
static void thin_out(struct slot *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->pages; i++) {
        uintptr_t va = slot_noted(s, i);
        if (s->noted[i] < SLOT_NEAR && va >= s->base && page_is_zero(va))
            forget_page(s, va);
        else
            s->noted[n++] = s->noted[i];
    }
    s->pages = n;
}

/* Zeroes a page of the memory of s; but for what the next one writes first, if it is alike. */
static void clean_page(const struct slot *s, uintptr_t va)
{
    uintptr_t from = s->base + s->from, to = s->base + s->to;

    if (!s->initial || to <= va || from >= va + PAGE_SIZE) {
        memset((void *)va, 0, PAGE_SIZE);
    } else {
        if (from > va)
            memset((void *)va, 0, from - va);
        if (to < va + PAGE_SIZE)
            memset((void *)to, 0, va + PAGE_SIZE - to);
    }
}

/* Zeroes what a SIP could read; false: a page is too far off to be known. */
static bool clean(struct slot *s)
{
    if (s->pages > SLOT_NOTED)
        return false;
    if (++s->lives % THIN_OUT_LIVES == 0)
        thin_out(s);
    for (size_t i = 0; i < s->pages; i++) {
        uintptr_t va = slot_noted(s, i);
        if (s->noted[i] >= SLOT_NEAR)
            return false;
        if (va >= s->base)
            clean_page(s, va);
    }
    return true;
}

bool pool_keep(struct slot *s)
{
    struct list *l = &lists[cpu_field(id) % LISTS];
    bool room;

    if (guess(l->n) >= LENGTH || !page_plenty() || !clean(s))
        return false;
    lock_take(&l->lock);
    room = l->n < LENGTH;
    if (room) {
        s->next = l->first;
        l->first = s;
        l->n++;
    }
    lock_drop(&l->lock);
    return room;
}

/* Unmaps the pages of linear memory from `bytes` on. */
static void cut(struct slot *s, uint64_t bytes)
{
    size_t n = 0;

    if (s->extent <= bytes)
        return;
    s->extent = bytes;
    for (size_t i = 0; i < s->pages; i++) {
        uintptr_t va = slot_noted(s, i);
        if (va < s->base || va - s->base < bytes) {
            s->noted[n++] = s->noted[i];
            continue;
        }
        forget_page(s, va);
    }
    s->pages = n;
}

/* Zeroes what clean has left in memory, for one that is not like the one before. */
static void clean_rest(struct slot *s)
{
    for (size_t i = 0; i < s->pages; i++) {
        uintptr_t va = slot_noted(s, i), from = s->base + s->from, to = s->base + s->to;
        if (va < s->base)
            continue;
        if (from < va)
            from = va;
        if (to > va + PAGE_SIZE)
            to = va + PAGE_SIZE;
        if (from < to)
            memset((void *)from, 0, to - from);
    }
}

static struct slot *take(struct list *l, size_t control, size_t stack)
{
    struct slot *s = NULL;

    if (!guess(l->n))
        return NULL;
    lock_take(&l->lock);
    for (struct slot **at = &l->first; *at; at = &(*at)->next) {
        s = *at;
        if (s->control_size == control && s->stack_size == stack) {
            *at = s->next;
            l->n--;
            break;
        }
        s = NULL;
    }
    lock_drop(&l->lock);
    return s;
}

struct slot *pool_take(size_t control, size_t stack, uint64_t memory, uint64_t initial)
{
    struct slot *s = NULL;

    for (unsigned i = 0; i < LISTS && !s; i++)
        s = take(&lists[(cpu_field(id) + i) % LISTS], slot_control_size(control), stack);
    if (!s)
        return NULL;
    cut(s, memory);
    if (s->initial && s->initial == initial)
        return s;
    s->lives = 0;
    if (s->initial)
        clean_rest(s);
    slot_lay_out(s, control, stack);
    memset((void *)s->control, 0, control);
    return s;
}

size_t slot_trim(void)
{
    size_t n = grave_clear();

    for (unsigned i = 0; i < LISTS; i++) {
        struct slot *s, *next;
        lock_take(&lists[i].lock);
        s = lists[i].first;
        lists[i].first = NULL;
        lists[i].n = 0;
        lock_drop(&lists[i].lock);
        for (; s; s = next, n++) {
            next = s->next;
            slot_destroy(s);
        }
    }
    return n;
}
