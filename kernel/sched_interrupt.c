/*
 * sched_interrupt.c - interrupts and deadlines that have come: recorded, and acted on later.
 *
 * An interrupt that lands in kernel text only records what happened and sets need_resched;
 * sched_drain() acts on it, in sched_point() on the way out. Between that look and the return into
 * an image there is a gap of a few instructions; therefore whatever is recorded also arms the timer
 * to fire again soon (sched_retry), and by then the CPU is out of the kernel, or records again.
 *
 * One that lands in code that can be put aside goes to preempt.c.
 */
#include "kernel/sched.h"

void sched_record(void)
{
    sched_ask();
    if (this_thread() != this_core()->idle || this_core()->hold)
        timer_arm(clock_tsc() + sched_retry);
}

/* The deadline that is due next, its thread taken out; NULL if none is. */
static struct thread *expired(struct core *c, uint64_t now, uint32_t *seq)
{
    struct thread *t = NULL;

    if (__atomic_load_n(&c->due, __ATOMIC_RELAXED) > now)
        return NULL;
    lock_take(&c->lock);
    if (c->timers && c->timers->deadline <= now) {
        t = c->timers;
        *seq = t->timed_seq;
        timer_del(c, t);
    }
    lock_drop(&c->lock);
    return t;
}

void sched_drain(struct core *c)
{
    struct thread *t;
    uint64_t now;
    uint32_t seq;

    cpu_field(need_resched) = 0;
    c->draining = true;
    for (unsigned w = 0; w < IRQ_MAX / 64; w++) {
        uint64_t bits = __atomic_load_n(&c->irq_pending[w], __ATOMIC_RELAXED);
        if (bits)
            bits = __atomic_exchange_n(&c->irq_pending[w], 0, __ATOMIC_ACQUIRE);
        for (; bits; bits &= bits - 1)
            irq_fired(w * 64 + (unsigned)__builtin_ctzll(bits));
    }
    if (guess(c->timers))
        for (now = clock_tsc(); (t = expired(c, now, &seq)); )
            thread_cancel(t, seq, ERR_TIMEOUT);
    c->draining = false;
    if (!list_looks_empty(&c->ready[PARKED]))
        sched_unpark(c);
    if (cpus_many && guess(c->ready_bits) && any_idle())
        core_wake_idle();
}

/* ---- called by the machine with interrupts off, on a stack of the CPU's ---------------------- */

void kernel_irq(struct trap_frame *f, unsigned irq)
{
    struct core *c = this_core();

    __atomic_fetch_or(&c->irq_pending[irq / 64], 1ull << irq % 64, __ATOMIC_RELEASE);
    kernel_wake(f);
}

void kernel_timer(struct trap_frame *f)
{
    if (f == &this_thread()->frame)
        preempt_here();
    else
        sched_record();
}

void kernel_wake(struct trap_frame *f)
{
    if (f == &this_thread()->frame && !this_core()->hold)
        preempt(this_core(), this_thread());
    sched_record();
}
