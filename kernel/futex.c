/*
 * futex.c - threads of a SIP that wait at places of its shared memories, and are woken in the order
 * in which they came (memory.atomic.wait, notify).
 *
 * Each SIP has a table of its own, made when one of its threads first waits: what one does costs
 * no other anything. A bucket's lock guards its list and is the guard of those who wait in it. The
 * value is read with that lock held, and whoever changes it takes the lock afterwards to notify:
 * so he either finds the waiter there, or the waiter sees the new value.
 */
#include "kernel/kernel.h"
#include "kernel/x64/access.h"

#define BUCKETS 64u

struct futexes {
    struct bucket { struct lock lock; struct link waiters; } bucket[BUCKETS];
    struct reclaim reclaim;
};

/* The table, made if it is not there: NULL if there is no memory for it. */
static struct futexes *table_of(struct sip *s)
{
    struct futexes *f = __atomic_load_n(&s->futexes, __ATOMIC_ACQUIRE), *none = NULL;

    if (f || !(f = kzalloc(sizeof *f)))
        return f;
    for (unsigned i = 0; i < BUCKETS; i++) {
        f->bucket[i].lock = (struct lock)LOCK(RANK_EVENT);
        list_init(&f->bucket[i].waiters);
    }
    if (__atomic_compare_exchange_n(&s->futexes, &none, f, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return f;
    kfree(f);
    return none;
}

static void give_back(struct reclaim *r)
{
    kfree(container_of(r, struct futexes, reclaim));
}

/* A deadline may just be looking at the guard of who waited. */
void futexes_free(struct futexes *f)
{
    if (f)
        reclaim(&f->reclaim, give_back);
}

static struct bucket *bucket_of(struct futexes *f, const void *at)
{
    return &f->bucket[((uintptr_t)at >> 2) * 0x9e3779b97f4a7c15ull >> 58];
}

/* FUTEX_WOKEN: it is what was expected. */
static uint32_t compare(const void *at, uint64_t expected, uint32_t bytes)
{
    uint64_t value;

    if (bytes == 8 ? !peek64(at, &value) : !peek32(at, &value))
        return FUTEX_NO_MEMORY;
    return value == expected ? FUTEX_WOKEN : FUTEX_UNEQUAL;
}

uint32_t futex_wait(struct sip *s, const void *at, uint64_t expected, uint32_t bytes,
                    int64_t deadline)
{
    struct thread *t = this_thread();
    struct futexes *f = table_of(s);
    struct bucket *b;
    uint32_t r;

    if (!f)
        return FUTEX_NO_MEMORY;
    b = bucket_of(f, at);
    lock_take(&b->lock);
    if ((r = compare(at, expected, bytes)) != FUTEX_WOKEN) {
        lock_drop(&b->lock);
        return r;
    }
    t->futex = at;
    list_push(&b->waiters, &t->blocked);
    return sched_block(THREAD_KERNEL, &b->lock, deadline) < 0 ? FUTEX_TIMEOUT : FUTEX_WOKEN;
}

uint32_t futex_notify(struct sip *s, const void *at, uint32_t count)
{
    struct futexes *f = __atomic_load_n(&s->futexes, __ATOMIC_ACQUIRE);
    struct bucket *b;
    struct link *next;
    uint32_t n = 0;

    if (!f)
        return 0;
    b = bucket_of(f, at);
    lock_take(&b->lock);
    for (struct link *l = b->waiters.next; l != &b->waiters && n < count; l = next) {
        struct thread *t = container_of(l, struct thread, blocked);
        next = l->next;
        if (t->futex != at)
            continue;
        list_del(&t->blocked);
        sched_wake(t, 0);
        n++;
    }
    lock_drop(&b->lock);
    return n;
}
