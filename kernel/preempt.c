/*
 * preempt.c - an interrupt of code that can be put aside: that of an image, or the compiler's. Its
 * general registers are in the frame of its thread, the vector registers still in the CPU, which no
 * C of the kernel's uses.
 *
 * Most often it is the timer, for the time slice alone: then one look at the clock and at a few
 * words says that the thread goes on, or the next of the queue instead. Anything else first saves
 * the vector registers, for messages are copied by them, and acts on what has come.
 *
 * This file is compiled to keep no register but rbp and rsp: what enters here has saved them all.
 */
#include "kernel/sched.h"

_Static_assert(offsetof(struct thread, frame) == 336, "frame.inc");

/* Sees to it that the timer fires for the next deadline, and for the slice: somebody waits. */
always void arm_slice(struct core *c, uint64_t now)
{
    uint64_t want = sooner(__atomic_load_n(&c->due, __ATOMIC_RELAXED), c->slice_end);

    if (unlikely(cpus_many) && any_idle())
        want = sooner(want, now + sched_spread);
    if (want < cpu_field(timer_deadline))
        timer_arm(want);
}

/* t goes back into the queue, and whoever is found runs. The lock of c is held, which it drops. */
static __attribute__((noinline)) _Noreturn void put_back(struct core *c, struct thread *t,
                                                         bool head)
{
    cpu_field(current) = c->idle;
    sched_push(c, t, head);
    lock_drop(&c->lock);
    sched_run(sched_pick(c));
}

/* t, whose frame is complete, goes back into the queue, and the next one runs. Who finds t there
 * finds its stack free. */
static _Noreturn void put_aside(struct core *c, struct thread *t, uint64_t now, uint32_t rest)
{
    struct link *queue = &c->ready[t->level];
    struct thread *to;

    t->preempted = true;
    t->ctx.rsp = (uintptr_t)context_aside;
    charge(c, t, now);
    t->slice_left = rest;
    t->urgent = false;
    lock_take(&c->lock);
    __atomic_store_n(&t->on_cpu, 0, __ATOMIC_RELEASE);
    /* another CPU may have taken the one that is to run */
    if ((unlikely(cpus_many) && unlikely(!ready_from(c, t->level)))
            || unlikely(guess(quota_shares)))
        put_back(c, t, rest != 0);
    if (!c->ready_bits)
        __builtin_unreachable();        /* with one CPU, give_way has seen them */
    to = first(c);
    list_insert(rest ? queue->next : queue, &t->run);
    ready_some(c, t->level);
    own(c, to);
    lock_drop(&c->lock);
    to->urgent = false;
    c->slice_end = now + (to->slice_left ? to->slice_left : glance(sched_slice_ticks));
    c->slice_stale = false;
    arm_slice(c, now);
    sched_run(to);
}

_Noreturn void preempt(struct core *c, struct thread *t)
{
    uint64_t now;
    uint32_t rest;

    vectors_save(&t->frame);
    sched_drain(c);
    if (cpus_many)
        reclaim_quiet();
    if (dying(t) && t != c->idle)
        sip_leave();
    now = clock_tsc();
    if (give_way(c, t, now, &rest))
        put_aside(c, t, now, rest);
    sched_arm(c);
    frame_resume(&t->frame);
}

/* Is there anything to see to but the time slice of t? */
always bool busy(struct core *c, const struct thread *t, uint64_t now)
{
    if (cpu_field(need_resched) || guess(quota_shares) || dying(t)
            || __atomic_load_n(&c->due, __ATOMIC_RELAXED) <= now)
        return true;
    if (likely(!cpus_many))
        return false;
    if (c->dead || (guess(c->ready_bits) && any_idle()))
        return true;
    reclaim_quiet();
    return false;
}

void preempt_timer(void)
{
    struct core *c = this_core();
    struct thread *t = this_thread();
    uint64_t now = clock_tsc();
    uint32_t rest;

    if (unlikely(c->hold)) {
        sched_record();
        return;
    }
    if (unlikely(busy(c, t, now)))
        preempt(c, t);
    if (!guess(c->ready_bits)) {
        if (unlikely(glance(c->due) < cpu_field(timer_deadline)))
            timer_arm(glance(c->due));
        return;
    }
    if (turn_over(c, t, now, &rest)) {
        vectors_save(&t->frame);
        put_aside(c, t, now, rest);
    }
    arm_slice(c, now);
}
