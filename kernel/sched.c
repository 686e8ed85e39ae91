/*
 * sched.c - who runs: run queues of each CPU, round robin with time slices within a priority, and
 * what interrupts have to do with it.
 *
 * A thread leaves the CPU in one of two ways. It blocks or yields in the kernel (sched_block: a
 * context of six registers on its own stack), or an interrupt takes it away from image or compiler
 * code (preempt.c: the whole frame with vector registers, in the thread). sched_run() undoes
 * either. Its stack is in use until the switch has left it: `on_cpu`, which the switch itself
 * clears and whoever picks the thread waits for, on the CPU's own stack.
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
 * A hand-off (sched_switch) passes the CPU and the rest of the slice to the thread at the other
 * end of a channel, past the run queue, and the caller's level with it, which ends with that slice
 * or before, when the other one waits or yields. It reads no clock: CPU
 * time is charged to whoever runs at every HANDOFFS_CHARGED-th one, an odd number so that both
 * sides of a dialogue are hit alike. While any SIP has a share of CPU time, it is at each one.
 *
 * Woken threads go to the CPU where they ran last if that is idle, else here; if they still wait
 * after SPREAD_NS, an idle CPU is woken and takes one (steal). So a thread that is woken by one
 * that then blocks, as in most dialogues, is not moved.
 */
#include "kernel/options.h"
#include "kernel/sched.h"

#define RETRY_NS 100000ull
#define SPREAD_NS 30000ull
#define SLICES_LEAST 100            /* a rest of a slice below this part of it is none */
#define FAR_AWAY (1ull << 60)       /* ns, 36 years: no arithmetic on it overflows */
#define CORE_STACK 65536ul

static struct core *cores[CPU_MAX];
static uint64_t retry;                          /* RETRY_NS */
uint64_t sched_slice_ticks, sched_slice_least, sched_spread;
uint64_t sched_idle_bits[CPU_MAX / 64];

struct core *core_of(unsigned cpu)
{
    return __atomic_load_n(&cores[cpu], __ATOMIC_ACQUIRE);
}

/* ---- the timer ------------------------------------------------------------------------------ */

static uint64_t ticks_in(uint64_t ns)
{
    uint64_t hz = clock_tsc_hz();

    return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
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

void sched_record(void)
{
    sched_ask();
    if (this_thread() != this_core()->idle || this_core()->hold)
        timer_arm(clock_tsc() + retry);
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

static inline void push(struct core *c, struct thread *t, bool head)
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

void sched_push(struct core *c, struct thread *t, bool head)
{
    push(c, t, head);
}

static struct thread *pop(struct core *c)
{
    struct thread *t;

    if (!guess(c->ready_bits))
        return NULL;
    lock_take(&c->lock);
    t = first(c);
    lock_drop(&c->lock);
    return t;
}

/* One that waits on another CPU and may move; the first of the highest queue that has one. It is
 * taken out, or only looked for. */
static struct thread *steal_from(struct core *from, bool take)
{
    struct thread *found = NULL, *t;

    if (!from || !__atomic_load_n(&from->ready_bits, __ATOMIC_RELAXED))
        return NULL;
    lock_take(&from->lock);
    for (unsigned p = PRIORITIES; p-- > 0 && !found;)
        for (struct link *l = from->ready[p].next; l != &from->ready[p]; l = l->next)
            if (!(t = container_of(l, struct thread, run))->pinned) {
                found = t;
                if (take)
                    unlink(from, t, p);
                break;
            }
    lock_drop(&from->lock);
    return found;
}

static struct thread *steal(struct core *c, bool take)
{
    unsigned n = cpus_many ? cpus_up() : 1, me = c->cpu->id;
    struct thread *t = NULL;

    for (unsigned i = 1; i < n && !t; i++)
        t = steal_from(core_of((me + i) % n), take);
    return t;
}

static bool is_idle(const struct core *c)
{
    unsigned id = c->cpu->id;

    return __atomic_load_n(&sched_idle_bits[id / 64], __ATOMIC_RELAXED) >> id % 64 & 1;
}

static void wake_an_idle_one(void)
{
    for (unsigned w = 0; w < CPU_MAX / 64; w++) {
        uint64_t bits = __atomic_load_n(&sched_idle_bits[w], __ATOMIC_RELAXED);
        if (bits) {
            cpu_wake(w * 64 + (unsigned)__builtin_ctzll(bits));
            return;
        }
    }
}

/* Into a run queue: of its last CPU if that is idle or it may not move, else of this one. */
static void make_ready(struct thread *t)
{
    struct core *here = this_core(), *c = here;

    if (t->core != here && (t->pinned || is_idle(t->core)))
        c = t->core;
    lock_take(&c->lock);
    push(c, t, false);
    lock_drop(&c->lock);
    if (c != here)
        cpu_wake(c->cpu->id);
    else if (!c->draining)          /* else drain's caller does */
        sched_arm(c);
}

void sched_resume(struct thread *t)
{
    t->urgent = this_core()->draining;
    make_ready(t);
}

void sched_wake(struct thread *t, int32_t result)
{
    assert(thread_blocked(t), "only a blocked thread can be woken");
    sched_claim(t, result);
    sched_resume(t);
}

void sched_start(struct thread *t)
{
    make_ready(t);
}

/* The level of the queue that t is in; lock: the core's. */
static unsigned queued_at(const struct core *c, const struct thread *t)
{
    const struct link *l = t->run.next;

    while (l < c->ready || l > c->ready + PARKED)
        l = l->next;
    return (unsigned)(l - c->ready);
}

bool sched_remove(struct thread *t)
{
    struct core *c;
    bool found = false;

    do {
        c = glance(t->core);
        lock_take(&c->lock);
        if (guess(t->core) == c && guess(t->run.next)) {
            unlink(c, t, queued_at(c, t));
            t->state = THREAD_ENDED;
            found = true;
        }
        lock_drop(&c->lock);
    } while (guess(t->core) != c);
    return found;
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

/* Those whose SIPs have CPU time again are ready. */
static void unpark(struct core *c)
{
    struct link all, *l;

    list_init(&all);
    lock_take(&c->lock);
    while ((l = list_pop(&c->ready[PARKED])))
        list_push(&all, l);
    while ((l = list_pop(&all)))
        sched_push(c, container_of(l, struct thread, run), false);
    lock_drop(&c->lock);
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
        unpark(c);
    if (cpus_many && guess(c->ready_bits) && any_idle())
        wake_an_idle_one();
}

void sched_slice(uint64_t ns)
{
    sched_slice_ticks = sooner(ticks_in(ns), UINT32_MAX);
    sched_slice_least = sched_slice_ticks / SLICES_LEAST;
}

void sched_charge(struct core *c)
{
    charge(c, this_thread(), clock_tsc());
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

struct thread *sched_pick(struct core *c)
{
    struct thread *t;

    if (cpu_field(need_resched))
        sched_drain(c);
    if (cpus_many)
        reclaim_quiet();
    if (!(t = pop(c)) && !(t = steal(c, true)))
        t = c->idle;
    if (--cpu_field(handoffs) <= 0 || t == c->idle || this_thread() == c->idle
            || guess(quota_shares))
        sched_charge(c);
    t->urgent = false;
    c->slice_stale = !t->slice_left;
    if (t->slice_left)
        c->slice_end = clock_tsc() + t->slice_left;
    own(c, t);
    sched_arm(c);
    return t;
}

/* ---- switching ------------------------------------------------------------------------------ */

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
static void switch_to(struct core *c, struct thread *from, struct thread *t)
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
        make_ready(to);
        return switch_away(c, t);
    }
    if (--cpu_field(handoffs) <= 0)
        sched_charge(c);
    lend(t, to);
    own(c, to);
    switch_to(c, t, to);
    return t->result;
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
    to = pop(c);
    if (!to)
        return;
    t->slice_left = 0;
    lock_take(&c->lock);
    sched_push(c, t, false);
    lock_drop(&c->lock);
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

/* ---- interrupts: called by the machine with interrupts off, on a stack of the CPU's ---------- */

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

/* ---- idle ----------------------------------------------------------------------------------- */

static void core_init(struct cpu *cpu)
{
    struct core *c = (struct core *)cpu->room;
    uintptr_t top = kstack_alloc(CORE_STACK);

    c->lock = (struct lock)LOCK(RANK_CPU);
    for (unsigned p = 0; p <= PARKED; p++)
        list_init(&c->ready[p]);
    c->cpu = cpu;
    c->stack_top = top;
    c->request = kmalloc(MSG_BYTES_MAX);
    c->answer = kmalloc(MSG_BYTES_MAX);
    c->dead_end = &c->dead;
    c->due = UINT64_MAX;
    c->since = clock_tsc();
    cpu->core = c;
    cpu->handoffs = HANDOFFS_CHARGED;
    c->idle = thread_create(NULL, "idle", 0, NULL, NULL);
    assert(top && c->request && c->answer && c->idle, "no memory for the scheduler");
    c->idle->priority = c->idle->level = PRIORITY_LOW;
    c->idle->on_cpu = 1;
    c->idle->core = c;
    cpu->current = c->idle;
    __atomic_store_n(&cores[cpu->id], c, __ATOMIC_RELEASE);
}

void sched_init(void)
{
    retry = ticks_in(RETRY_NS);
    sched_spread = ticks_in(SPREAD_NS);
    sched_slice(option_number(OPT_SLICE) * 1000);
    core_init(this_cpu());
}

void sched_cpus(void)
{
    cpus_start();
    if (cpus_up() == 1)
        cpus_many = false;
}

void kernel_cpu_init(void)
{
    core_init(this_cpu());
}

_Noreturn void kernel_cpu_main(void)
{
    sched_idle();
}

static void idle_note(struct core *c, bool idle)
{
    uint64_t bit = 1ull << c->cpu->id % 64;

    if (idle)
        __atomic_fetch_or(&sched_idle_bits[c->cpu->id / 64], bit, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(&sched_idle_bits[c->cpu->id / 64], ~bit, __ATOMIC_SEQ_CST);
}

_Noreturn void sched_idle(void)
{
    struct core *c = this_core();
    struct thread *t;

    for (;;) {
        irq_off();
        if (cpu_field(need_resched))
            sched_drain(c);
        if (cpus_many)
            idle_note(c, true);
        if (!guess(c->ready_bits) && !cpu_field(need_resched) && !steal(c, false)) {
            if (cpus_many)
                reclaim_quiet(), reclaim_idle(true);
            sched_arm(c);
            c->naps++;
            cpu_idle();
            if (cpus_many)
                reclaim_idle(false), idle_note(c, false);
            continue;
        }
        if (cpus_many)
            idle_note(c, false);
        irq_on();
        t = sched_pick(c);
        switch_to(c, c->idle, t);
    }
}
