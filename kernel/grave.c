/*
 * grave.c - slots with much memory, given back bit by bit: nobody waits for the end of a large SIP,
 * neither who is told of it nor who wants the CPU or the page tables meanwhile.
 *
 * Who is short of memory gives back what is here first (slot_trim).
 */
#include "kernel/lock.h"
#include "kernel/memory.h"

#define LARGE 1024u             /* pages of a slot that comes here */
#define STEP (4ul << 20)        /* bytes of addresses that are given back at once */

static struct lock lock = LOCK(RANK_POOL);
static struct slot *first;
static unsigned digging;        /* steps that are being made; atomic */

bool grave_take(struct slot *s)
{
    if (s->pages < LARGE)
        return false;
    lock_take(&lock);
    s->next = first;
    __atomic_store_n(&first, s, __ATOMIC_RELAXED);
    lock_drop(&lock);
    return true;
}

bool grave_any(void)
{
    return __atomic_load_n(&first, __ATOMIC_RELAXED);
}

static struct slot *take(void)
{
    struct slot *s;

    lock_take(&lock);
    if ((s = first)) {
        __atomic_store_n(&first, s->next, __ATOMIC_RELAXED);
        __atomic_fetch_add(&digging, 1, __ATOMIC_RELAXED);
    }
    lock_drop(&lock);
    return s;
}

bool grave_step(void)
{
    struct slot *s = take();

    if (!s)
        return false;
    s->extent = (s->extent + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    if (s->extent <= STEP) {
        slot_destroy(s);
    } else {
        s->extent -= STEP;
        s->pages -= unmap_range(s->base + s->extent, STEP);
        lock_take(&lock);
        s->next = first;
        __atomic_store_n(&first, s, __ATOMIC_RELAXED);
        lock_drop(&lock);
    }
    __atomic_fetch_sub(&digging, 1, __ATOMIC_RELEASE);
    return true;
}

/* Has everything been given back? Who is at work has either a slot out of the list, and is counted,
 * or has put it back: both are looked at at once. */
static bool is_clear(void)
{
    bool clear;

    lock_take(&lock);
    clear = !first && !__atomic_load_n(&digging, __ATOMIC_ACQUIRE);
    lock_drop(&lock);
    return clear;
}

size_t grave_clear(void)
{
    size_t n = 0;

    for (;;) {
        while (grave_step())
            n++;
        if (is_clear())
            return n;
        cpu_relax();
    }
}
