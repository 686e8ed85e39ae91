/*
 * sched.c - who runs: round robin with time slices within a priority; when the timer is to fire
 * for that, and whose CPU time it was. Who is ready is in sched_queue.c, how a thread leaves the
 * CPU and comes back in sched_switch.c, what interrupts have to do with it in sched_interrupt.c and
 * preempt.c, and what a CPU does that has nobody to run in core.c.
 *
 * A thread that an interrupt or its deadline wakes runs at once if it has left some of its slice;
 * the one that it displaces keeps the rest of its own slice and its place. A slice used up means
 * the end of the queue. So whoever waits a lot answers quickly, and nobody gets more than a slice
 * a round.
 */
#include "kernel/options.h"
#include "kernel/sched.h"

#define RETRY_NS 100000ull
#define SPREAD_NS 30000ull
#define SLICES_LEAST 100            /* a rest of a slice below this part of it is none */

uint64_t sched_slice_ticks, sched_slice_least, sched_spread, sched_retry;

static uint64_t ticks_in(uint64_t ns)
{
    uint64_t hz = clock_tsc_hz();

    return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
}

void sched_slice(uint64_t ns)
{
    sched_slice_ticks = sooner(ticks_in(ns), UINT32_MAX);
    sched_slice_least = sched_slice_ticks / SLICES_LEAST;
}

void sched_init(void)
{
    sched_retry = ticks_in(RETRY_NS);
    sched_spread = ticks_in(SPREAD_NS);
    sched_slice(option_number(OPT_SLICE) * 1000);
    core_init(this_cpu());
}

void sched_arm(struct core *c)
{
    uint64_t want = __atomic_load_n(&c->due, __ATOMIC_RELAXED);

    if (unlikely(!list_looks_empty(&c->ready[PARKED])))
        want = sooner(want, clock_ticks((clock_ns() / PERIOD_NS + 1) * PERIOD_NS));
    if ((guess(c->ready_bits) || guess(quota_shares)) && this_thread() != c->idle) {
        want = sooner(want, c->slice_end);
        if (unlikely(cpus_many) && any_idle())
            want = sooner(want, clock_tsc() + sched_spread);
    }
    if (want < cpu_field(timer_deadline))
        timer_arm(want);
}

void sched_charge(struct core *c)
{
    charge(c, this_thread(), clock_tsc());
}

struct thread *sched_pick(struct core *c)
{
    struct thread *t;

    if (cpu_field(need_resched))
        sched_drain(c);
    if (cpus_many)
        reclaim_quiet();
    if (!(t = sched_pop(c)) && !(t = sched_steal(c, true)))
        t = c->idle;
    if (--cpu_field(handoffs) <= 0 || t == c->idle || guess(quota_shares))
        sched_charge(c);
    t->urgent = false;
    c->slice_stale = !t->slice_left;
    if (t->slice_left)
        c->slice_end = clock_tsc() + t->slice_left;
    own(c, t);
    sched_arm(c);
    return t;
}

/* The running thread goes back into the queue: to the front while it has a slice. */
static void requeue(struct core *c, struct thread *t, uint32_t rest)
{
    t->slice_left = rest;
    t->urgent = false;
    lock_take(&c->lock);
    sched_push(c, t, rest != 0);
    lock_drop(&c->lock);
}

/* No clock is read: the next one gets a fresh slice from when the timer next looks. */
void sched_yield(void)
{
    struct thread *t = this_thread(), *to;
    struct core *c;

    if (__builtin_expect(cpu_field(need_resched) != 0, 0))
        sched_out();
    c = this_core();            /* perhaps another one than before */
    t->level = t->priority;     /* who yields by turns with others has a fresh slice each time */
    if (!ready_from(c, t->level))
        return;
    to = sched_pop(c);
    if (!to)
        return;
    requeue(c, t, 0);
    if (--cpu_field(handoffs) <= 0)
        sched_charge(c);
    c->slice_stale = true;
    own(c, to);
    switch_to(c, t, to);
}

void sched_out(void)
{
    struct core *c = this_core();
    struct thread *t = this_thread();
    uint32_t rest;

    if (c->hold)
        return;
    sched_drain(c);
    if (dying(t))
        sip_leave();
    if (t == c->idle || !give_way(c, t, clock_tsc(), &rest)) {
        if (cpus_many)
            reclaim_quiet();
        sched_arm(c);
        return;
    }
    requeue(c, t, rest);
    switch_to(c, t, sched_pick(c));
    if (dying(t))
        sip_leave();
}

/* With what it has used since its CPU last looked. */
static uint64_t ticks_of(const struct thread *t)
{
    const struct core *c = glance(t->core);
    uint64_t since = glance(c->since), now = clock_tsc();
    bool runs = __atomic_load_n(&c->cpu->current, __ATOMIC_RELAXED) == t;

    return glance(t->tsc) + (runs && now > since ? now - since : 0);
}

uint64_t sched_sip_ns(const struct sip *s)
{
    uint64_t tsc = s->tsc, hz = clock_tsc_hz();

    for (const struct link *l = s->threads.next; l != &s->threads; l = l->next)
        tsc += ticks_of(container_of(l, struct thread, of_sip));
    return tsc / hz * NS_PER_S + tsc % hz * NS_PER_S / hz;
}
