/*
 * timer.c - deadlines of a CPU's threads: a pairing heap, so that adding is constant and taking out
 * is logarithmic on average. (Fredman, Sedgewick, Sleator, Tarjan: The pairing heap, 1986.)
 *
 * heap_prev is the left sibling, or the parent of a first child.
 */
#include "kernel/kernel.h"

static struct thread *meld(struct thread *a, struct thread *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    if (b->deadline < a->deadline) {
        struct thread *x = a;
        a = b;
        b = x;
    }
    b->heap_prev = a;
    b->heap_next = a->heap_child;
    if (a->heap_child)
        a->heap_child->heap_prev = b;
    a->heap_child = b;
    a->heap_next = a->heap_prev = NULL;
    return a;
}

/* Melds a list of siblings: in pairs from the left, then the pairs from the right. */
static struct thread *meld_all(struct thread *first)
{
    struct thread *pairs = NULL, *root = NULL;

    while (first) {
        struct thread *a = first, *b = a->heap_next;
        first = b ? b->heap_next : NULL;
        a->heap_next = a->heap_prev = NULL;
        if (b)
            b->heap_next = b->heap_prev = NULL;
        a = meld(a, b);
        a->heap_next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct thread *next = pairs->heap_next;
        pairs->heap_next = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

void timer_add(struct core *c, struct thread *t, uint64_t deadline)
{
    assert(!t->timed, "a thread has one deadline");
    t->timed = c;
    t->timed_seq = t->wait_seq;
    t->deadline = deadline;
    t->heap_child = t->heap_next = t->heap_prev = NULL;
    c->timers = meld(c->timers, t);
    __atomic_store_n(&c->due, c->timers->deadline, __ATOMIC_RELAXED);
}

void timer_del(struct core *c, struct thread *t)
{
    struct thread *rest;

    rest = meld_all(t->heap_child);
    if (c->timers == t) {
        c->timers = rest;
    } else {
        if (t->heap_prev->heap_child == t)
            t->heap_prev->heap_child = t->heap_next;
        else
            t->heap_prev->heap_next = t->heap_next;
        if (t->heap_next)
            t->heap_next->heap_prev = t->heap_prev;
        c->timers = meld(c->timers, rest);
    }
    __atomic_store_n(&c->due, c->timers ? c->timers->deadline : UINT64_MAX, __ATOMIC_RELAXED);
    t->heap_child = t->heap_next = t->heap_prev = NULL;
    /* last: who finds this without the lock may put t into another heap at once */
    __atomic_store_n(&t->timed, NULL, __ATOMIC_RELEASE);
    dwell(DWELL_UNTIMED, t);
}

void timer_cancel(struct thread *t)
{
    struct core *c;

    while ((c = __atomic_load_n(&t->timed, __ATOMIC_ACQUIRE))) {
        lock_take(&c->lock);
        if (t->timed == c)
            timer_del(c, t);
        lock_drop(&c->lock);
    }
}
