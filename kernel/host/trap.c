/*
 * trap.c - signals are the traps and interrupts. A handler runs on the alternate stack, makes a
 * struct trap_frame of what Linux saved, and goes the machine's way: trap_exception, kernel_irq,
 * kernel_timer. It returns through Linux, or leaves through frame_resume and the like.
 *
 * No signal is ever masked while the kernel runs (SA_NODEFER), so that a handler may leave. That
 * interrupts are off is a word, and a signal that finds it so does nothing but arm the timer to
 * come again in RETRY_NS. A signal that finds several causes sees to one, for that may leave, and
 * calls for another one. Linux begins at the top of the alternate stack unless it is in use, so
 * that what a handler left behind when it went costs nothing.
 */
#include "kernel/host/linux.h"
#include "kernel/kernel.h"
#include "kernel/x64/machine.h"
#include <asm/signal.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/ucontext.h>

_Static_assert(offsetof(struct cpu, interrupts) == 40, "start.asm");

static uint64_t raised;             /* interrupt lines, a bit each; atomic */
static uint64_t opened;             /* atomic */

uintptr_t fault_address(void)
{
    return this_host()->fault_at;
}

static const uint64_t IO = 1ul << (SIGUSR1 - 1), ALARM = 1ul << (SIGALRM - 1);

/* ---- frames ---------------------------------------------------------------------------------- */

static void frame_load(struct trap_frame *f, const struct ucontext *uc, uint64_t on)
{
    const struct sigcontext *m = &uc->uc_mcontext;

    f->r15 = m->r15, f->r14 = m->r14, f->r13 = m->r13, f->r12 = m->r12;
    f->r11 = m->r11, f->r10 = m->r10, f->r9 = m->r9, f->r8 = m->r8;
    f->rdi = m->rdi, f->rsi = m->rsi, f->rbp = m->rbp, f->rbx = m->rbx;
    f->rdx = m->rdx, f->rcx = m->rcx, f->rax = m->rax;
    f->vector = (uint32_t)m->trapno;
    f->error = m->err;
    f->rip = m->rip, f->rsp = m->rsp;
    f->cs = m->cs, f->ss = m->ss;
    f->rflags = (m->eflags & ~0x200ul) | on << 9;
}

/* An interrupt leaves them in the CPU; Linux has put them aside. */
static void vectors_load(const struct ucontext *uc)
{
    const struct _fpstate_64 *fp = (const void *)uc->uc_mcontext.fpstate;

    host_vectors_load(fp->xmm_space);
}

/* What a handler that returns may have changed. */
static void frame_store(const struct trap_frame *f, struct ucontext *uc)
{
    uc->uc_mcontext.rip = f->rip;
    uc->uc_mcontext.rax = f->rax;
}

/* ---- interrupts ------------------------------------------------------------------------------ */

void trap_raise(unsigned irq)
{
    __atomic_fetch_or(&raised, 1ul << irq, __ATOMIC_RELEASE);
    cpu_kick_boot();
}

bool trap_pending(void)
{
    return __atomic_load_n(&this_host()->wake, __ATOMIC_RELAXED) || ports_unflushed()
        || (!cpu_field(id) && (__atomic_load_n(&raised, __ATOMIC_RELAXED) || terminal_note(false)));
}

bool irq_open(unsigned irq)
{
    if (irq >= 64)
        return false;
    __atomic_fetch_or(&opened, 1ul << irq, __ATOMIC_RELAXED);
    return true;
}

void irq_close(unsigned irq)
{
    __atomic_fetch_and(&opened, ~(1ul << irq), __ATOMIC_RELAXED);
}

/* All lines are edges: there is nothing to unmask. */
void irq_ack(unsigned irq)
{
}

/* One line; if there are more, another signal brings them. */
static void devices(struct trap_frame *f)
{
    uint64_t lines = __atomic_load_n(&raised, __ATOMIC_ACQUIRE);
    unsigned irq = (unsigned)__builtin_ctzll(lines | 1ul << 63);

    if (!lines)
        return;
    if (__atomic_and_fetch(&raised, ~(1ul << irq), __ATOMIC_ACQ_REL))
        cpu_kick_boot();
    if (__atomic_load_n(&opened, __ATOMIC_RELAXED) & 1ul << irq) {
        f->vector = VEC_IRQ + irq;
        kernel_irq(f, irq);
    }
}

/* ---- the handlers ---------------------------------------------------------------------------- */

/* What came goes first to whom it can be told without leaving: the terminal and its UART. */
static void on_interrupt(int sig, siginfo_t *info, void *context)
{
    struct ucontext *uc = context;
    uint64_t on = cpu_field(interrupts);
    struct trap_frame kernels, *f = &kernels;

    if (!on) {
        this_host()->refused++;
        clock_retry();
        return;
    }
    irq_off();
    this_host()->refused = 0;
    f->rip = uc->uc_mcontext.rip;
    if (!frame_in_kernel_text(f))
        f = &this_thread()->frame;
    frame_load(f, uc, on);
    f->vector = VEC_TIMER;
    ports_flush();
    if (!cpu_field(id) && terminal_note(true))
        ports_input();
    vectors_load(uc);
    if (__atomic_exchange_n(&this_host()->wake, 0, __ATOMIC_SEQ_CST)) {
        if (sig == SIGALRM || trap_pending())
            clock_retry();          /* the deadline and the devices are looked at then */
        f->vector = VEC_WAKE;
        kernel_wake(f);
    } else if (trap_pending()) {
        if (sig == SIGALRM)
            clock_retry();
        if (!cpu_field(id))
            devices(f);
    } else if (sig == SIGALRM) {
        clock_fired(f);
    }
    irq_set(on);
}

static void on_exception(int sig, siginfo_t *info, void *context)
{
    struct ucontext *uc = context;
    uint64_t on = cpu_field(interrupts);
    struct trap_frame f;

    irq_off();
    frame_load(&f, uc, on);
    this_host()->fault_at = uc->uc_mcontext.cr2;
    if (sig == SIGBUS)              /* Linux has no page for a mapping: no fault of ours helps */
        f.error |= 1;
    if (!(f.vector == VEC_GP && ports_access(&f)))
        trap_exception(&f);
    frame_store(&f, uc);
    irq_set(on);
}

/* The kernel dies on another CPU. */
static void on_stop(int sig, siginfo_t *info, void *context)
{
    cpu_park();
}

/* Somebody on Linux wants this process to end. */
static void on_end(int sig, siginfo_t *info, void *context)
{
    host_exit(128 + sig);
}

static void handle(int sig, void (*fn)(int, siginfo_t *, void *))
{
    struct sigaction a = {
        .sa_handler = (__sighandler_t)(uintptr_t)fn,
        .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART | 0x04000000ul,
        .sa_restorer = host_restorer,
    };

    LINUX6(rt_sigaction, sig, &a, 0, 8, 0, 0);
}

void trap_init(void)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
    static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

    this_host()->signal_stack = kstack_alloc(SIGNAL_STACK);
    assert(this_host()->signal_stack, "no memory for the stack of signals");
    trap_cpu_init();
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
        handle(faults[i], on_exception);
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
        handle(ends[i], on_end);
    handle(SIGALRM, on_interrupt);
    handle(SIGUSR1, on_interrupt);
    handle(SIGUSR2, on_stop);
}

void trap_cpu_init(void)
{
    struct host_cpu *h = this_host();
    stack_t stack = { .ss_sp = (void *)(h->signal_stack - SIGNAL_STACK), .ss_size = SIGNAL_STACK };

    h->thread = (int)LINUX3(gettid, 0, 0, 0);
    LINUX3(sigaltstack, &stack, 0, 0);
}

/* Both kinds are masked while nobody sleeps, so that none is missed. */
void cpu_idle(void)
{
    uint64_t both = IO | ALARM, none = 0;

    LINUX6(rt_sigprocmask, SIG_BLOCK, &both, 0, 8, 0, 0);
    irq_on();
    if (!cpu_field(need_resched))
        LINUX3(rt_sigsuspend, &none, 8, 0);
    irq_off();
    LINUX6(rt_sigprocmask, SIG_UNBLOCK, &both, 0, 8, 0, 0);
}
