/*
 * sched.c - who runs: round robin with time slices, and what interrupts have to do with it.
 *
 * A thread leaves the CPU in one of two ways. It blocks or yields in the kernel (sched_block: a
 * context of six registers on its own stack), or an interrupt takes it away from image or compiler
 * code (preempt: the whole frame with vector registers, put aside in the thread). resume() undoes
 * either.
 *
 * An interrupt that lands in kernel text only records what happened and sets need_resched; drain()
 * acts on it, in sched_point() on the way out. Between that look and the return into an image
 * there is a gap of a few instructions; therefore whatever is recorded also arms the timer to fire
 * again soon (RETRY_NS), and by then the CPU is out of the kernel, or records again.
 *
 * A thread that an interrupt or its deadline wakes runs at once if it has left some of its slice;
 * the one that it displaces keeps the rest of its own slice and its place. A slice used up means
 * the end of the queue. So whoever waits a lot answers quickly, and nobody gets more than a slice
 * a round.
 *
 * A hand-off (sched_handoff) passes the CPU and the rest of the slice to the thread at the other
 * end of a channel, past the run queue.
 */
#include "kernel/kernel.h"
#include "kernel/options.h"

#define RETRY_NS 100000ull
#define CORE_STACK 65536ul

static struct core boot_core;
static uint64_t slice_ns = 10 * NS_PER_MS;
static uint64_t slice_least = NS_PER_MS / 10;   /* a rest below this is none */

/* ---- the timer ------------------------------------------------------------------------------ */

/* Sees to it that the timer fires for the next deadline, and for the slice if somebody waits. */
static void arm(struct core *c)
{
    uint64_t want = c->timers ? c->timers->deadline : UINT64_MAX;

    if (this_thread() != c->idle && c->slice_end < want
            && (!list_empty(&c->ready) || !list_empty(&c->urgent)))
        want = c->slice_end;
    if (want < cpu_field(timer_deadline))
        timer_arm(want);
}

/* Notes that the kernel must look at something on its way out. Interrupts are off. */
static void record(void)
{
    cpu_field(need_resched) = 1;
    if (this_thread() != this_core()->idle || this_core()->hold)
        timer_arm(clock_ns() + RETRY_NS);
}

/* May the interrupted code be put aside? */
static bool may_preempt(const struct trap_frame *f)
{
    return this_core()->hold == 0 && !frame_in_kernel_text(f);
}

void sched_hold(void)
{
    this_core()->hold++;
}

void sched_unhold(void)
{
    assert(this_core()->hold, "sched_unhold without sched_hold");
    this_core()->hold--;
}

/* ---- run queues ----------------------------------------------------------------------------- */

static void make_ready(struct core *c, struct thread *t)
{
    t->state = THREAD_READY;
    if (t->urgent && t->slice_left)
        list_push(&c->urgent, &t->run);
    else
        list_push(&c->ready, &t->run);
}

static bool waits_for(const struct thread *t)
{
    return t->state == THREAD_SENDING || t->state == THREAD_CALLING
        || t->state == THREAD_WAITING || t->state == THREAD_KERNEL;
}

static void wake(struct thread *t, int32_t result, bool urgent)
{
    struct core *c = this_core();

    assert(waits_for(t), "only a blocked thread can be woken");
    timer_del(c, t);
    t->result = result;
    t->urgent = urgent;
    make_ready(c, t);
}

void sched_wake(struct thread *t, int32_t result)
{
    wake(t, result, this_core()->draining);
    arm(this_core());
}

void sched_start(struct thread *t)
{
    make_ready(this_core(), t);
    arm(this_core());
}

/* Acts on interrupts and deadlines that have come. */
static void drain(struct core *c)
{
    uint64_t now;

    cpu_field(need_resched) = 0;
    c->draining = true;
    for (unsigned w = 0; w < IRQ_MAX / 64; w++) {
        uint64_t bits = __atomic_exchange_n(&c->irq_pending[w], 0, __ATOMIC_ACQUIRE);
        for (; bits; bits &= bits - 1)
            irq_fired(w * 64 + (unsigned)__builtin_ctzll(bits));
    }
    now = clock_ns();
    while (c->timers && c->timers->deadline <= now)
        wake(c->timers, ERR_TIMEOUT, true);
    c->draining = false;
}

/* Must the running thread give way? */
static bool give_way(struct core *c)
{
    if (!list_empty(&c->urgent))
        return true;
    if (clock_ns() < c->slice_end)
        return false;
    if (!list_empty(&c->ready))
        return true;
    c->slice_end = clock_ns() + slice_ns;
    return false;
}

static void keep_slice(struct core *c, struct thread *t)
{
    uint64_t now = clock_ns();

    t->slice_left = now + slice_least < c->slice_end ? c->slice_end - now : 0;
}

/* The running thread goes back into the queue: to the front while it has a slice. */
static void requeue(struct core *c, struct thread *t)
{
    keep_slice(c, t);
    t->state = THREAD_READY;
    if (t->slice_left)
        list_push_head(&c->ready, &t->run);
    else
        list_push(&c->ready, &t->run);
}

/* Takes the next thread; it becomes current. */
static struct thread *pick(struct core *c)
{
    struct link *l;
    struct thread *t = c->idle;
    uint64_t tsc = clock_tsc();

    if (cpu_field(need_resched))
        drain(c);
    if ((l = list_pop(&c->urgent)) || (l = list_pop(&c->ready)))
        t = container_of(l, struct thread, run);
    this_thread()->tsc += tsc - c->since;
    c->since = tsc;
    t->state = THREAD_RUNNING;
    t->urgent = false;
    c->slice_end = clock_ns() + (t->slice_left ? t->slice_left : slice_ns);
    cpu_field(current) = t;
    arm(c);
    return t;
}

/* ---- switching ------------------------------------------------------------------------------ */

static _Noreturn void resume(struct thread *t)
{
    if (!t->preempted)
        context_resume(&t->ctx);
    t->preempted = false;
    frame_resume(&t->frame);
}

static void resume_between(void *arg)
{
    struct thread *t = arg;

    t->preempted = false;
    frame_resume(&t->frame);
}

/* From the caller, which is put aside, to t. */
static void switch_to(struct core *c, struct thread *from, struct thread *t)
{
    if (t == from)
        return;
    if (t->preempted) {
        context_init(&c->between, c->stack_top, resume_between, t);
        thread_switch(&from->ctx, &c->between);
    } else {
        thread_switch(&from->ctx, &t->ctx);
    }
    irq_on();       /* it may have been an interrupt that switched back */
}

int32_t sched_block(enum thread_state state, int64_t deadline)
{
    struct core *c = this_core();
    struct thread *t = this_thread();

    t->state = (uint8_t)state;
    keep_slice(c, t);
    if (deadline != FOREVER)
        timer_add(c, t, (uint64_t)deadline);
    switch_to(c, t, pick(c));
    return t->result;
}

int32_t sched_handoff(struct thread *to, enum thread_state state, int64_t deadline)
{
    struct core *c = this_core();
    struct thread *t = this_thread();
    uint64_t tsc;

    timer_del(c, to);
    if (cpu_field(need_resched)) {
        to->slice_left = slice_ns;
        to->urgent = true;
        make_ready(c, to);
        return sched_block(state, deadline);
    }
    t->state = (uint8_t)state;
    t->slice_left = 0;
    if (deadline != FOREVER) {
        timer_add(c, t, (uint64_t)deadline);
        arm(c);
    }
    tsc = clock_tsc();
    t->tsc += tsc - c->since;
    c->since = tsc;
    to->state = THREAD_RUNNING;
    cpu_field(current) = to;
    switch_to(c, t, to);
    return t->result;
}

void sched_yield(void)
{
    struct core *c = this_core();
    struct thread *t = this_thread();

    if (cpu_field(need_resched))
        drain(c);
    if (list_empty(&c->ready) && list_empty(&c->urgent))
        return;
    t->state = THREAD_READY;
    t->slice_left = 0;
    list_push(&c->ready, &t->run);
    switch_to(c, t, pick(c));
}

void sched_out(void)
{
    struct core *c = this_core();
    struct thread *t = this_thread();

    if (c->hold)
        return;
    drain(c);
    if (t == c->idle || !give_way(c)) {
        arm(c);
        return;
    }
    requeue(c, t);
    switch_to(c, t, pick(c));
}

void sched_sleep(uint64_t ns)
{
    sched_block(THREAD_KERNEL, (int64_t)(clock_ns() + ns));
}

struct leave { void (*fn)(void *); void *arg; };

static void leave_on_core_stack(void *arg)
{
    struct leave l = *(struct leave *)arg;

    irq_on();
    sched_hold();
    l.fn(l.arg);
    sched_unhold();
    resume(pick(this_core()));
}

_Noreturn void sched_leave(void (*fn)(void *), void *arg)
{
    struct core *c = this_core();
    struct leave l = { fn, arg };
    struct leave *kept = (struct leave *)(c->stack_top - sizeof *kept);
    uint64_t tsc = clock_tsc();

    irq_off();
    *kept = l;
    this_thread()->tsc += tsc - c->since;
    c->since = tsc;
    cpu_field(current) = c->idle;
    thread_start(leave_on_core_stack, kept, (c->stack_top - 64) & ~15ul);
}

void sched_remove(struct thread *t)
{
    assert(t->state != THREAD_RUNNING || t != this_thread(), "the running thread stays");
    timer_del(this_core(), t);
    list_del(&t->run);
    t->state = THREAD_ENDED;
}

uint64_t sched_cpu_ns(const struct thread *t)
{
    uint64_t tsc = t->tsc, hz = clock_tsc_hz();

    if (t == this_thread())
        tsc += clock_tsc() - this_core()->since;
    return tsc / hz * NS_PER_S + tsc % hz * NS_PER_S / hz;
}

/* ---- interrupts: called by the machine with interrupts off, on a stack of the CPU's ---------- */

/* The interrupted code can be put aside: acts at once. */
static void preempt(struct trap_frame *f)
{
    struct core *c = this_core();
    struct thread *t = this_thread();

    drain(c);
    if (!give_way(c)) {
        arm(c);
        return;
    }
    t->frame = *f;
    t->preempted = true;
    requeue(c, t);
    resume(pick(c));
}

void kernel_irq(struct trap_frame *f, unsigned irq)
{
    this_core()->irq_pending[irq / 64] |= 1ull << irq % 64;
    if (may_preempt(f))
        preempt(f);
    else
        record();
}

void kernel_timer(struct trap_frame *f)
{
    if (may_preempt(f))
        preempt(f);
    else
        record();
}

void kernel_wake(struct trap_frame *f)
{
    if (may_preempt(f))
        preempt(f);
}

/* ---- idle ----------------------------------------------------------------------------------- */

void sched_init(void)
{
    struct core *c = &boot_core;
    struct cpu *cpu = this_cpu();
    uintptr_t top = kstack_alloc(CORE_STACK);

    slice_ns = option_number(OPT_SLICE) * 1000;
    slice_least = slice_ns / 100;
    list_init(&c->ready);
    list_init(&c->urgent);
    c->stack_top = top;
    c->request = kmalloc(MSG_BYTES_MAX);
    c->answer = kmalloc(MSG_BYTES_MAX);
    c->idle = thread_create(NULL, "idle", 0, NULL, NULL);
    assert(top && c->request && c->answer && c->idle, "no memory for the scheduler");
    c->idle->state = THREAD_RUNNING;
    c->since = clock_tsc();
    cpu->core = c;
    cpu->current = c->idle;
}

_Noreturn void sched_idle(void)
{
    struct core *c = this_core();

    for (;;) {
        irq_off();
        if (cpu_field(need_resched))
            drain(c);
        if (list_empty(&c->ready) && list_empty(&c->urgent)) {
            arm(c);
            cpu_idle();
            continue;
        }
        irq_on();
        c->idle->state = THREAD_READY;
        switch_to(c, c->idle, pick(c));
    }
}
