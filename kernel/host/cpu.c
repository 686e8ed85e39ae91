/*
 * cpu.c - a CPU is a thread of Linux. Its FS is its struct host_cpu; its signals come on its own
 * alternate stack, its deadline from a timer of its own. Devices interrupt the boot CPU.
 */
#include "kernel/host/linux.h"
#include "kernel/kernel.h"
#include <asm/prctl.h>
#include <asm/signal.h>
#include <linux/sched.h>

#define START_STACK 65536u

static struct host_cpu boot;
static unsigned count = 1;

/* ---- on the CPU itself ----------------------------------------------------------------------- */

void cpu_boot(void)
{
    boot.cpu.self = &boot.cpu;
    boot.cpu.timer_deadline = UINT64_MAX;
    LINUX3(arch_prctl, ARCH_SET_FS, &boot, 0);          /* this_cpu() works from here */
    cpus_enter(&boot.cpu);
    cpus_join(&boot.cpu);
}

/* The first of another one; all signals are masked. */
static void start(void)
{
    struct host_cpu *h = this_host();
    uint64_t none = 0;

    trap_cpu_init();
    clock_cpu_init();
    LINUX6(rt_sigprocmask, SIG_SETMASK, &none, 0, 8, 0, 0);
    if (!cpus_enter(&h->cpu))
        cpu_park();
    kernel_cpu_init();
    cpus_join(&h->cpu);
    kernel_cpu_main();
}

_Noreturn void cpu_park(void)
{
    uint64_t all = ~0ul;

    cpu_stopped();
    for (;;)
        LINUX3(rt_sigsuspend, &all, 8, 0);
}

/* ---- from others ----------------------------------------------------------------------------- */

void cpu_set_count(unsigned n)
{
    count = n;
}

unsigned machine_cpu_count(void)
{
    return count;
}

bool cpus_prepare(void)
{
    return true;
}

void cpus_prepared(void)
{
}

void cpu_assist(void)
{
    LINUX3(sched_yield, 0, 0, 0);
}

struct cpu *cpu_make(uint32_t id, unsigned n)
{
    struct host_cpu *h = n ? kzalloc(sizeof *h) : NULL;

    if (!h) {
        if (n)
            kprintf("cpus: no memory for CPU %u\n", id);
        return NULL;
    }
    h->cpu.self = &h->cpu;
    h->cpu.id = id;
    h->cpu.apic_id = n;
    h->cpu.timer_deadline = UINT64_MAX;
    h->signal_stack = kstack_alloc(SIGNAL_STACK);
    return &h->cpu;
}

bool cpu_launch(struct cpu *c)
{
    struct host_cpu *h = (struct host_cpu *)c;
    uintptr_t top = h->signal_stack ? kstack_alloc(START_STACK) : 0;
    uint64_t all = ~0ul, old;
    long r;

    if (!top)
        return false;
    LINUX6(rt_sigprocmask, SIG_SETMASK, &all, &old, 8, 0, 0);
    r = host_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
                   | CLONE_SETTLS, (void *)top, start, h);
    LINUX6(rt_sigprocmask, SIG_SETMASK, &old, 0, 8, 0, 0);
    return r > 0;
}

static void tell(struct cpu *c, int sig)
{
    LINUX3(tgkill, LINUX3(getpid, 0, 0, 0), ((struct host_cpu *)c)->thread, sig);
}

void cpu_wake(unsigned id)
{
    struct host_cpu *h = (struct host_cpu *)cpu_of(id);

    if (!__atomic_exchange_n(&h->wake, 1, __ATOMIC_SEQ_CST))
        tell(&h->cpu, SIGUSR1);
}

void cpu_kick_boot(void)
{
    tell(&boot.cpu, SIGUSR1);
}

void cpu_stop(struct cpu *c)
{
    tell(c, SIGUSR2);
}
