/*
 * reclaim.c - gives memory back once nobody can look at it any more.
 *
 * Handles, peers and tokens are followed without a lock, in kernel text, which is not preempted. So
 * a pointer that was unlinked is dead once every CPU has been outside of kernel text, or between
 * two threads, since: each CPU then notes the epoch (`quiet`). What is handed over carries the
 * epoch at which it was unlinked, in a list of the CPU that did it; it goes when all CPUs are past
 * that. CPUs that run on and on in images are asked by an interrupt when the list is long. With one
 * CPU everything goes at once.
 */
#include "kernel/kernel.h"

#define PRESS 64u               /* so many wait: the others are interrupted */

static uint64_t epoch = 1;

/* The epoch that all CPUs have left behind. An idle CPU sleeps outside: its `quiet` is
 * UINT64_MAX. */
static uint64_t passed(void)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < cpus_up(); i++) {
        struct core *c = core_of(i);
        uint64_t q = c ? __atomic_load_n(&c->quiet, __ATOMIC_ACQUIRE) : UINT64_MAX;
        least = q < least ? q : least;
    }
    return least;
}

static void drain(struct core *c)
{
    uint64_t upto = passed();

    while (c->dead && c->dead->epoch < upto) {
        struct reclaim *r = c->dead;
        if (!(c->dead = r->next))
            c->dead_end = &c->dead;
        c->ndead--;
        r->fn(r);
    }
}

void reclaim_quiet(void)
{
    struct core *c = this_core();

    __atomic_store_n(&c->quiet, __atomic_load_n(&epoch, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
    if (c->dead)
        drain(c);
}

void reclaim_idle(bool idle)
{
    struct core *c = this_core();

    __atomic_store_n(&c->quiet, idle ? UINT64_MAX : __atomic_load_n(&epoch, __ATOMIC_ACQUIRE),
                     __ATOMIC_SEQ_CST);
}

static void press(void)
{
    for (unsigned i = 0; i < cpus_up(); i++) {
        struct core *c = core_of(i);
        if (c && c != this_core() && (glance(c->quiet) < glance(epoch) || glance(c->ndead)))
            cpu_wake(i);
    }
}

void reclaim(struct reclaim *r, void (*fn)(struct reclaim *r))
{
    struct core *c = this_core();

    if (!cpus_many) {
        fn(r);
        return;
    }
    assert(!r->fn, "what ends ends once");
    r->fn = fn;
    r->next = NULL;
    r->epoch = __atomic_fetch_add(&epoch, 1, __ATOMIC_SEQ_CST);
    *c->dead_end = r;
    c->dead_end = &r->next;
    if (++c->ndead % PRESS == 0)
        press();
}

void reclaim_settle(void)
{
    uint64_t mine = __atomic_fetch_add(&epoch, 1, __ATOMIC_SEQ_CST);
    bool more = cpus_many;

    while (more) {
        press();
        sched_sleep(NS_PER_MS);
        more = passed() <= mine;
        for (unsigned i = 0; i < cpus_up(); i++)
            more |= core_of(i) && glance(core_of(i)->ndead) != 0;
    }
}
