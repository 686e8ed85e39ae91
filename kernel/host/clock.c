/*
 * clock.c - time from the TSC, whose rate is measured against Linux' monotonic clock; one deadline
 * by a POSIX timer that sends SIGALRM.
 */
#include "kernel/host/linux.h"
#include "kernel/kernel.h"
#include "kernel/x64/machine.h"
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/time.h>

#define NS 1000000000ul
#define CALIBRATE_NS 20000000ul
#define RETRY_SHIFT_MAX 10u         /* 20 ms */

static uint64_t tsc_hz, tsc_start, ns_mul;      /* x 2^-32 */

static uint64_t monotonic_ns(void)
{
    struct timespec t;

    LINUX3(clock_gettime, CLOCK_MONOTONIC, &t, 0);
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

struct sample { uint64_t tsc, ns; };

/* The reading least disturbed of several. */
static struct sample take(void)
{
    uint64_t best = UINT64_MAX;
    struct sample s = { 0 };

    for (unsigned i = 0; i < 16; i++) {
        uint64_t before = clock_tsc(), ns = monotonic_ns(), after = clock_tsc();
        if (after - before < best) {
            best = after - before;
            s = (struct sample){ before + best / 2, ns };
        }
    }
    return s;
}

void clock_mark_start(uint64_t tsc)
{
    tsc_start = tsc;
}

void clock_init(void)
{
    struct sample a, b;

    do {
        a = take();
        do
            b = take();
        while (b.ns - a.ns < CALIBRATE_NS);
    } while (b.ns - a.ns > NS);                 /* stopped meanwhile; and no product overflows */
    tsc_hz = (b.tsc - a.tsc) * NS / (b.ns - a.ns);
    ns_mul = (NS << 32) / tsc_hz;
    clock_cpu_init();
}

void clock_cpu_init(void)
{
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };

    ev._sigev_un._tid = this_host()->thread;
    if (LINUX3(timer_create, CLOCK_MONOTONIC, &ev, &this_host()->timer) < 0)
        host_fail("no timer", "");
}

static uint64_t ns_of(uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * ns_mul >> 32);
}

uint64_t clock_ns(void)
{
    return ns_of(clock_tsc() - tsc_start);
}

uint64_t clock_tsc_hz(void)
{
    return tsc_hz;
}

uint64_t clock_ticks(uint64_t ns)
{
    return tsc_start + unscale(ns, ns_mul);
}

/* This CPU's, in so many nanoseconds from now; 0 stops it. */
static void set(uint64_t ns)
{
    struct itimerspec t = { .it_value = { (long)(ns / NS), (long)(ns % NS) } };

    LINUX6(timer_settime, this_host()->timer, 0, &t, 0, 0, 0);
}

void timer_arm(uint64_t deadline)
{
    uint64_t on = irq_save(), now = clock_tsc();

    cpu_field(timer_deadline) = deadline;
    set(deadline == UINT64_MAX ? 0 : deadline > now ? ns_of(deadline - now) + 1 : 1);
    if (trap_pending())                         /* a signal has come, or just came, for nothing */
        set(RETRY_NS);
    irq_restore(on);
}

/* Where Linux takes longer than RETRY_NS to come back from `set`, a signal that is refused would
 * call for the next one before it returns, and so on down the stack of signals. */
void clock_retry(void)
{
    uint32_t n = this_host()->refused;

    set((uint64_t)RETRY_NS << (n < RETRY_SHIFT_MAX ? n : RETRY_SHIFT_MAX));
}

void clock_fired(struct trap_frame *f)
{
    uint64_t deadline = cpu_field(timer_deadline);

    if (deadline == UINT64_MAX)
        return;
    if (clock_tsc() < deadline) {               /* it came early, or for a retry */
        timer_arm(deadline);
        return;
    }
    cpu_field(timer_deadline) = UINT64_MAX;
    kernel_timer(f);
}

void delay_ns(uint64_t ns)
{
    uint64_t end = clock_ns() + ns;

    while (clock_ns() < end)
        cpu_relax();
}

uint64_t machine_entropy(void)
{
    uint64_t v = 0;

    LINUX3(getrandom, &v, sizeof v, 0);
    return v;
}
