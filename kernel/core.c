/*
 * core.c - CPUs: what the scheduler keeps of each (struct core), and what one does that has nobody
 * to run.
 *
 * An idle CPU says so in sched_idle_bits before it looks for the last time, at its own queue and at
 * those of others.
 */
#include "kernel/sched.h"

#define CORE_STACK 65536ul

static struct core *cores[CPU_MAX];
uint64_t sched_idle_bits[CPU_MAX / 64];

struct core *core_of(unsigned cpu)
{
    return __atomic_load_n(&cores[cpu], __ATOMIC_ACQUIRE);
}

void core_init(struct cpu *cpu)
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

void kernel_cpu_init(void)
{
    core_init(this_cpu());
}

void sched_cpus(void)
{
    cpus_start();
    if (cpus_up() == 1)
        cpus_many = false;
}

static void idle_note(struct core *c, bool idle)
{
    uint64_t bit = 1ull << c->cpu->id % 64;

    if (idle)
        __atomic_fetch_or(&sched_idle_bits[c->cpu->id / 64], bit, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(&sched_idle_bits[c->cpu->id / 64], ~bit, __ATOMIC_SEQ_CST);
}

void core_wake_idle(void)
{
    for (unsigned w = 0; w < CPU_MAX / 64; w++) {
        uint64_t bits = __atomic_load_n(&sched_idle_bits[w], __ATOMIC_RELAXED);
        if (bits) {
            cpu_wake(w * 64 + (unsigned)__builtin_ctzll(bits));
            return;
        }
    }
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
        if (!guess(c->ready_bits) && !cpu_field(need_resched) && !sched_steal(c, false)) {
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
        sched_charge(c);                /* until now nobody ran */
        t = sched_pick(c);
        switch_to(c, c->idle, t);
    }
}

_Noreturn void kernel_cpu_main(void)
{
    sched_idle();
}
