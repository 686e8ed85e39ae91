/*
 * cpus.c - who is there: starting the other CPUs, one after the other, and stopping them when the
 * kernel dies. The same on Linux; how a CPU is started and told something is cpu_launch's and the
 * like of machine.h.
 *
 * A CPU that comes up too late finds that it was given up and sleeps for good: ids have no gaps.
 * Once the others are stopped, what they hold does not count: locks are free again.
 */
#include "kernel/x64/machine.h"
#include "kernel/lock.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/options.h"
#include "kernel/pmm.h"

#define PATIENCE_NS 5000000000ul
#define STOP_NS 10000000ul

enum { STARTING, UP, GIVEN_UP, STOPPED };    /* struct cpu.state */

static struct cpu *cpus[CPU_MAX];
static unsigned entered, up;

unsigned cpus_up(void)
{
    return __atomic_load_n(&up, __ATOMIC_ACQUIRE);
}

unsigned cpus_entered(void)
{
    return __atomic_load_n(&entered, __ATOMIC_ACQUIRE);
}

struct cpu *cpu_of(unsigned id)
{
    return cpus[id];
}

bool cpus_enter(struct cpu *c)
{
    uint32_t was = STARTING;

    if (!__atomic_compare_exchange_n(&c->state, &was, UP, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
        return false;
    cpus[c->id] = c;
    __atomic_store_n(&entered, c->id + 1, __ATOMIC_RELEASE);
    return true;
}

void cpus_join(struct cpu *c)
{
    __atomic_store_n(&up, c->id + 1, __ATOMIC_RELEASE);
}

/* Has it come up? What a CPU does meanwhile may need an answer: cpu_assist. */
static bool await(struct cpu *c)
{
    uint64_t end = clock_ns() + PATIENCE_NS;
    uint32_t was = STARTING;

    while (__atomic_load_n(&c->state, __ATOMIC_ACQUIRE) == STARTING && clock_ns() < end)
        cpu_assist();
    if (__atomic_compare_exchange_n(&c->state, &was, GIVEN_UP, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED))
        return false;
    while (cpus_up() <= c->id)
        cpu_relax();
    return true;
}

void cpus_start(void)
{
    uint64_t most = option_number(OPT_CPUS);
    unsigned n = machine_cpu_count();
    struct cpu *c;

    if (most && most < n)
        n = (unsigned)most;
    if (n == 1 || !cpus_prepare())
        return;
    cpus_many = true;
    for (unsigned i = 0; i < machine_cpu_count() && cpus_up() < n; i++) {
        if (!(c = cpu_make(cpus_up(), i)))
            continue;
        c->pages = page_stack_make();
        c->heap = heap_stock_make();
        if (!c->pages || !c->heap) {
            kprintf("cpus: no memory for CPU %u\n", c->id);
            break;
        }
        if (!cpu_launch(c) || !await(c))
            kprintf("cpus: the one with APIC id %u does not come up and is left out\n",
                    c->apic_id);
    }
    cpus_prepared();
    kprintf("Selkie: %u CPU%s up\n", cpus_up(), cpus_up() == 1 ? "" : "s");
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool stopping;

bool cpus_stopping(void)
{
    return __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
}

void cpus_stop(void)
{
    uint64_t end = clock_ns() + STOP_NS;
    unsigned left = 0;

    if (cpus_entered() < 2 || __atomic_exchange_n(&stopping, true, __ATOMIC_ACQ_REL))
        return;
    for (unsigned i = 0; i < cpus_entered(); i++)
        if (cpus[i] != this_cpu())
            cpu_stop(cpus[i]);
    do {
        left = 0;
        for (unsigned i = 0; i < cpus_entered(); i++)
            left += cpus[i] != this_cpu()
                && __atomic_load_n(&cpus[i]->state, __ATOMIC_ACQUIRE) != STOPPED;
    } while (left && clock_ns() < end);
    cpus_many = false;
}

void cpu_stopped(void)
{
    __atomic_store_n(&this_cpu()->state, STOPPED, __ATOMIC_RELEASE);
}

__attribute__((weak)) void kernel_cpu_init(void)
{
}

__attribute__((weak)) void kernel_cpu_main(void)
{
    for (;;)
        cpu_idle();
}
