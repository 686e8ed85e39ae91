/*
 * terminal.c - standard input and output as what is at the other end of a serial line. A terminal
 * is put into raw mode, and given back at the end; ctrl-a x ends the process, ctrl-a ctrl-a is
 * ctrl-a.
 *
 * A second Linux thread waits for input and raises the line's interrupt; then it sleeps until the
 * UART has taken all there was. It has no signals and uses nothing of the kernel.
 */
#include "kernel/host/linux.h"
#include "kernel/x64/machine.h"
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <asm/termbits.h>
#include <linux/futex.h>
#include <linux/sched.h>

#define CTRL_A 1
#define STACK 16384u

static struct termios before;
static bool raw, shown, ended, escape;
static bool note;                   /* it is to be told */
static uint32_t waiting;            /* there is input that nobody has taken; a futex */
static uint8_t stack[STACK] __attribute__((aligned(16)));

static bool readable(int timeout)
{
    struct pollfd p = { 0, POLLIN, 0 };

    return LINUX3(poll, &p, 1, timeout) > 0;
}

static void watch(void)
{
    while (!__atomic_load_n(&ended, __ATOMIC_RELAXED)) {
        if (!readable(-1))
            continue;
        __atomic_store_n(&waiting, 1, __ATOMIC_RELEASE);
        __atomic_store_n(&note, true, __ATOMIC_RELEASE);
        cpu_kick_boot();
        while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE))
            LINUX6(futex, &waiting, FUTEX_WAIT, 1, 0, 0, 0);
    }
}

void terminal_init(void)
{
    uint64_t all = ~0ul, old;
    struct termios t;

    shown = LINUX3(ioctl, 1, TCGETS, &t) >= 0;
    if (LINUX3(ioctl, 0, TCGETS, &before) >= 0) {
        t = before;
        t.c_iflag &= ~(unsigned)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
        t.c_oflag &= ~(unsigned)OPOST;
        t.c_lflag &= ~(unsigned)(ECHO | ICANON | IEXTEN | ISIG);
        raw = LINUX3(ioctl, 0, TCSETS, &t) >= 0;
    }
    LINUX6(rt_sigprocmask, SIG_SETMASK, &all, &old, 8, 0, 0);
    host_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
               stack + STACK, watch, NULL);
    LINUX6(rt_sigprocmask, SIG_SETMASK, &old, 0, 8, 0, 0);
}

void terminal_restore(void)
{
    if (raw)
        LINUX3(ioctl, 0, TCSETS, &before);
    raw = false;
}

bool terminal_note(bool take)
{
    return __atomic_load_n(&note, __ATOMIC_RELAXED)
        && (!take || __atomic_exchange_n(&note, false, __ATOMIC_ACQUIRE));
}

bool terminal_shown(void)
{
    return shown;
}

bool terminal_ready(void)
{
    return !ended && readable(0);
}

/* All that there was has been taken: the next byte shall be told. */
static void rearm(void)
{
    if (__atomic_exchange_n(&waiting, 0, __ATOMIC_ACQ_REL))
        LINUX6(futex, &waiting, FUTEX_WAKE, 1, 0, 0, 0);
}

/* Follows ctrl-a; returns how many of the bytes are meant for the machine. */
static int escapes(uint8_t *s, int n)
{
    int k = 0;

    for (int i = 0; i < n; i++) {
        if (raw && !escape && s[i] == CTRL_A) {
            escape = true;
            continue;
        }
        if (escape && s[i] == 'x')
            host_exit(0);
        escape = false;
        s[k++] = s[i];
    }
    return k;
}

int terminal_read(uint8_t *to, int n)
{
    long got = terminal_ready() ? LINUX3(read, 0, to, n) : -1;

    if (got == 0)
        __atomic_store_n(&ended, true, __ATOMIC_RELAXED);
    if (got <= 0 || !terminal_ready())
        rearm();
    return got > 0 ? escapes(to, (int)got) : 0;
}
