/*
 * sched.h - what the files of the scheduler share (sched*.c, preempt.c, core.c): who is next, how
 * long, and when the timer is to fire. All times are TSC ticks. Nobody else includes it.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "kernel/kernel.h"

/* How long a thread runs if others wait, and what rest of that is none; after what time a ready one
 * is worth waking an idle CPU, or what was recorded is worth another look. Set before threads run,
 * the first two by tests, too. */
extern uint64_t sched_slice_ticks, sched_slice_least, sched_spread, sched_retry;
extern uint64_t sched_idle_bits[CPU_MAX / 64];      /* CPUs that sleep or are about to; atomic */

/* sched.c. Takes the next thread, perhaps another CPU's; it becomes current. */
struct thread *sched_pick(struct core *c);
/* Sees to it that the timer fires for the next deadline, and for the slice if somebody waits. */
void sched_arm(struct core *c);

/* sched_queue.c. The first thread of c's queues, taken out; or one that waits on another CPU and
 * may move, of the highest queue that has one, taken out or only looked for. NULL: there is
 * none. */
struct thread *sched_pop(struct core *c);
struct thread *sched_steal(struct core *c, bool take);
/* Those of c that were parked, whose SIPs have CPU time again, are ready. */
void sched_unpark(struct core *c);

/* sched_switch.c. From the caller, which is put aside, to t, which is current already. */
void switch_to(struct core *c, struct thread *from, struct thread *t);
/* Runs t, which is current already, from a stack of the CPU's. */
_Noreturn void sched_run(struct thread *t);

/* sched_interrupt.c. The interrupt that came must be looked at on the way out of the kernel.
 * Interrupts are off. */
void sched_record(void);
/* Acts on interrupts and deadlines that have come; the caller sees to the timer then. */
void sched_drain(struct core *c);

/* preempt.c. Code that can be put aside was interrupted, t runs it: acts on whatever has come. */
_Noreturn void preempt(struct core *c, struct thread *t);
/* switch.asm: preempt_timer for C */
void preempt_here(void);
/* The same by the timer, from an entry that has saved all registers; it keeps rbp and rsp alone. */
void preempt_timer(void);

/* core.c. Makes the struct core of `cpu`, which is this CPU, and its idle thread, who runs then. */
void core_init(struct cpu *cpu);
/* A CPU that sleeps, if any does, is woken. */
void core_wake_idle(void);

/* Does any CPU sleep, or is about to? Does c? */
always bool any_idle(void)
{
    for (unsigned w = 0; w < CPU_MAX / 64; w++)
        if (__atomic_load_n(&sched_idle_bits[w], __ATOMIC_RELAXED))
            return true;
    return false;
}

always bool is_idle(const struct core *c)
{
    unsigned id = c->cpu->id;

    return __atomic_load_n(&sched_idle_bits[id / 64], __ATOMIC_RELAXED) >> id % 64 & 1;
}

always uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Is t to end? */
always bool dying(const struct thread *t)
{
    return t->sip && __atomic_load_n(&t->sip->dying, __ATOMIC_RELAXED);
}

/* Has the SIP of t used up its share of CPU time? */
always bool spent(const struct thread *t)
{
    return unlikely(guess(quota_shares)) && t->sip && t->sip->quota.cpu
        && quota_spent(t->sip);
}

/* t into the run queue of c. lock: the core's */
always void sched_push(struct core *c, struct thread *t, bool head)
{
    unsigned level = t->urgent && t->slice_left ? PRIORITY_URGENT : t->level;

    thread_on(t, c);
    if (spent(t)) {
        list_push(&c->ready[PARKED], &t->run);
        return;
    }
    if (head)
        list_push_head(&c->ready[level], &t->run);
    else
        list_push(&c->ready[level], &t->run);
    ready_some(c, level);
}

/* t out of the queue of `level`. lock: the core's */
always void unlink(struct core *c, struct thread *t, unsigned level)
{
    list_cut(&t->run);
    if (list_empty(&c->ready[level]))
        ready_none(c, level);
}

/* The next one, taken out; NULL if there is none. lock: the core's */
always struct thread *first(struct core *c)
{
    struct thread *t;
    unsigned level;

    if (unlikely(!c->ready_bits))
        return NULL;
    level = ready_highest(c);
    t = container_of(c->ready[level].next, struct thread, run);
    unlink(c, t, level);
    return t;
}

/* t is about to run here, once its stack is free. */
always void own(struct core *c, struct thread *t)
{
    assert(!LOCK_CHECKED || c == this_core(), "a CPU switches for itself alone");
    thread_on(t, c);
    cpu_field(current) = t;
}

/* CPU time until now is t's, who runs. */
always void charge(struct core *c, struct thread *t, uint64_t now)
{
    t->tsc += now - c->since;
    cpu_field(handoffs) = HANDOFFS_CHARGED;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (unlikely(cpu_field(need_resched) != 0))     /* perhaps just now */
        sched_ask();
    if (unlikely(guess(quota_shares))) {
        cpu_field(handoffs) = 0;
        if (t->sip && t->sip->quota.cpu)
            quota_charge(t->sip, now - c->since);
    }
    c->since = now;
}

/* What the one who runs has left of its slice. */
always uint32_t slice_rest(const struct core *c, uint64_t now)
{
    return (uint32_t)(unlikely(c->slice_stale) ? glance(sched_slice_ticks)
        : now + glance(sched_slice_least) < c->slice_end ? c->slice_end - now : 0);
}

/* Is the turn of t, who runs, over? *rest: of its slice, with which a lent level ends. One that
 * began since the timer last looked is counted from now on. */
always bool turn_over(struct core *c, struct thread *t, uint64_t now, uint32_t *rest)
{
    uint64_t ready;

    *rest = slice_rest(c, now);
    if (!*rest)
        t->level = t->priority;
    ready = ready_from(c, t->level);
    if (ready > 1 || (ready && !*rest))
        return true;
    if (!*rest || c->slice_stale) {
        c->slice_end = now + glance(sched_slice_ticks);
        c->slice_stale = false;
    }
    return false;
}

/* The same, or is its share of CPU time used up? */
always bool give_way(struct core *c, struct thread *t, uint64_t now, uint32_t *rest)
{
    if (unlikely(guess(quota_shares)))
        charge(c, t, now);
    return turn_over(c, t, now, rest) || spent(t);
}

#endif
