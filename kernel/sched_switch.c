/*
 * sched_switch.c - how a thread leaves the CPU, and how it comes back.
 *
 * It leaves in one of two ways. It blocks or yields in the kernel (sched_block: a context of six
 * registers on its own stack), or an interrupt takes it away from image or compiler code
 * (preempt.c: the whole frame with vector registers, in the thread). sched_run() undoes either. Its
 * stack is in use until the switch has left it: `on_cpu`, which the switch itself clears and
 * whoever picks the thread waits for, on the CPU's own stack.
 *
 * A hand-off (sched_switch) passes the CPU and the rest of the slice to the thread at the other
 * end of a channel, past the run queue, and the caller's level with it, which ends with that slice
 * or before, when the other one waits or yields. It reads no clock: CPU time is charged to whoever
 * runs at every HANDOFFS_CHARGED-th one, an odd number so that both sides of a dialogue are hit
 * alike. While any SIP has a share of CPU time, it is at each one.
 */
#include "kernel/sched.h"

#define FAR_AWAY (1ull << 60)       /* ns, 36 years: no arithmetic on it overflows */

_Static_assert(offsetof(struct thread, run) == 0 && offsetof(struct thread, ctx) == 16
               && offsetof(struct thread, result) == 24 && offsetof(struct thread, slice_left) == 28
               && offsetof(struct thread, on_cpu) == 48 && offsetof(struct thread, priority) == 53
               && offsetof(struct thread, level) == 54,
               "switch.asm");
_Static_assert(offsetof(struct cpu, current) == 80 && offsetof(struct cpu, handoffs) == 96
               && offsetof(struct cpu, room) == 128, "switch.asm");
_Static_assert(offsetof(struct core, ready_bits) == 8 && offsetof(struct core, slice_stale) == 24
               && offsetof(struct core, ready) == 32 && offsetof(struct core, stack_top) == 176,
               "switch.asm");

/* From a stack of the CPU's own: another CPU may still be leaving that of t. Whoever waits for that
 * has left his own, or two that leave for each other's threads would wait for ever. */
_Noreturn void sched_run(struct thread *t)
{
    while (thread_on_cpu(t))
        cpu_relax();
    t->on_cpu = 1;
    if (!t->preempted)
        context_resume(t);
    t->preempted = false;
    frame_resume(&t->frame);
}

static void resume_between(void *arg)
{
    sched_run(arg);
}

struct thread *sched_between(struct core *c, struct thread *t)
{
    context_init(&c->between.ctx, c->stack_top, resume_between, t);
    return container_of(&c->between.ctx, struct thread, ctx);
}

/* The direct path of one CPU switches to a thread that was put aside like to others. */
_Noreturn void sched_aside(void)
{
    sched_run(this_thread());
}

/* From the caller, which is put aside, to t, which is current already. */
void switch_to(struct core *c, struct thread *from, struct thread *t)
{
    if (t == from)
        return;
    if (__builtin_expect(t->preempted, 0)
            || __builtin_expect(thread_on_cpu(t), 0)) {
        thread_switch(from, sched_between(c, t));
    } else {
        t->on_cpu = 1;
        thread_switch(from, t);
    }
    irq_on();       /* it may have been an interrupt that switched back */
}

/* t, whose wait has begun, may be woken by an interrupt or its deadline: what is left of its slice
 * counts then. */
void sched_wait_prompt(struct thread *t, int64_t deadline, const struct thread *to)
{
    struct core *c = this_core();
    uint64_t ticks;

    if (!to || cpu_field(need_resched))
        t->slice_left = slice_rest(c, clock_tsc());
    if (deadline == FOREVER)
        return;
    ticks = clock_ticks(sooner((uint64_t)deadline, FAR_AWAY));
    lock_take(&c->lock);
    timer_add(c, t, ticks);
    lock_drop(&c->lock);
    sched_arm(c);
}

int32_t sched_block(enum thread_state state, struct lock *guard, int64_t deadline)
{
    struct thread *t = this_thread();

    sched_wait_until(t, state, guard, deadline, NULL);
    lock_drop(guard);
    return sched_switch(NULL);
}

/* To somebody from the run queues. */
static int32_t switch_away(struct core *c, struct thread *t)
{
    switch_to(c, t, sched_pick(c));
    return t->result;
}

/* The level of t, which waits, goes on to whom it hands the CPU to, and the slice with it. */
static inline void lend(const struct thread *t, struct thread *to)
{
    if (to->level < t->lent)
        to->level = t->lent;
}

int32_t sched_switch(struct thread *to)
{
    struct core *c = this_core();
    struct thread *t = this_thread();

    dwell(to ? DWELL_HANDING : DWELL_LEAVING, t);
    if (!to)
        return switch_away(c, t);
    if (__builtin_expect(cpu_field(need_resched) != 0, 0)) {
        to->slice_left = slice_rest(c, clock_tsc());
        if (to->slice_left)
            lend(t, to);
        to->urgent = true;
        sched_start(to);
        return switch_away(c, t);
    }
    if (--cpu_field(handoffs) <= 0)
        sched_charge(c);
    lend(t, to);
    own(c, to);
    switch_to(c, t, to);
    return t->result;
}

void sched_sleep(uint64_t ns)
{
    static struct lock l = LOCK(RANK_EVENT);    /* who wakes us drops it when we run already */

    lock_take(&l);
    sched_block(THREAD_KERNEL, &l, (int64_t)(clock_ns() + ns));
}

struct leave { void (*fn)(void *); void *arg; };

static void leave_on_core_stack(void *arg)
{
    struct leave l = *(struct leave *)arg;

    irq_on();
    sched_hold();
    l.fn(l.arg);
    sched_charge(this_core());      /* however long an end takes, it is not the next one's time */
    sched_unhold();
    sched_run(sched_pick(this_core()));
}

/* The thread keeps on_cpu set: who forgets it frees it, in fn. */
_Noreturn void sched_leave(void (*fn)(void *), void *arg)
{
    struct core *c = this_core();
    struct leave l = { fn, arg };
    struct leave *kept = (struct leave *)(c->stack_top - sizeof *kept);

    irq_off();
    *kept = l;
    sched_charge(c);
    cpu_field(current) = c->idle;
    thread_start(leave_on_core_stack, kept, (c->stack_top - 64) & ~15ul);
}
