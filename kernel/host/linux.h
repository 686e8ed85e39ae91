/*
 * linux.h - Linux as this folder calls it: raw system calls, no C library, so that FS is the
 * kernel's own and a thread may be on any stack. And what the files here tell each other.
 */
#ifndef KERNEL_HOST_LINUX_H
#define KERNEL_HOST_LINUX_H

#include <asm/unistd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/x64/machine.h"

/* Negative results are -errno. */
static inline long linux_call(long n, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long r;

    __asm__ volatile("syscall" : "=a"(r)
                     : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}
#define LINUX3(name, a, b, c) \
    linux_call(__NR_##name, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define LINUX6(name, a, b, c, d, e, f) \
    linux_call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* A CPU: FS points to it. Nothing else is per CPU in this folder. */
struct host_cpu {
    struct cpu cpu;
    int thread;                     /* Linux' number of it */
    int timer;
    uint32_t wake;                  /* cpu_wake was called and not yet heard; atomic */
    uint32_t refused;               /* signals in a row that found interrupts off */
    uintptr_t fault_at;             /* of the last fault */
    uintptr_t signal_stack;         /* top */
};
static inline struct host_cpu *this_host(void) { return (struct host_cpu *)this_cpu(); }
#define SIGNAL_STACK 131072ul

/* start.c: says why on stderr, gives the terminal back, ends the process */
_Noreturn void host_fail(const char *what, const char *which);
_Noreturn void host_exit(int status);
bool host_write(int fd, const void *p, size_t n);

/* memory.c */
void memory_init(size_t megabytes);
void *memory_ram(void);             /* physical address 0 */
size_t memory_bytes(void);
void memory_reserve(size_t low);    /* RAM below is taken; before pmm_init */

/* archive.c: a ustar file, or the files of a directory as one, to `to`; its size */
size_t archive_load(const char *path, uint8_t *to, size_t room);

/* cpu.c */
void cpu_boot(void);                /* first of all: this_cpu() */
void cpu_set_count(unsigned n);     /* what machine_cpu_count says */
void cpu_kick_boot(void);           /* SIGUSR1 to the boot CPU; from any thread */
_Noreturn void cpu_park(void);      /* this CPU does no more */

/* trap.c */
void trap_init(void);
void trap_cpu_init(void);           /* on each CPU */
void trap_raise(unsigned irq);      /* a device's line; from any thread */
bool trap_pending(void);            /* this CPU needs a retry whatever the deadline */

/* clock.c; its other functions are machine.h's */
#define RETRY_NS 20000u
void clock_fired(struct trap_frame *f);     /* SIGALRM, interrupts on */
/* SIGALRM in RETRY_NS, whatever is armed; the more signals were refused, the later. */
void clock_retry(void);

/* terminal.c: standard input and output as a serial line */
void terminal_init(void);
void terminal_restore(void);
bool terminal_ready(void);          /* a byte can be read */
int terminal_read(uint8_t *to, int n);      /* only if it is ready */
bool terminal_note(bool take);      /* input has come; `take`: asked only once for it */
bool terminal_shown(void);          /* output is a terminal */
#define TERMINAL_IRQ 4u

/* ports.c: in and out of the image that f interrupted; false: f is at neither */
bool ports_access(struct trap_frame *f);
void ports_flush(void);             /* writes what the UART was given */
bool ports_unflushed(void);
void ports_input(void);             /* there is something to read: may raise the UART's line */

/* start.asm */
long host_clone(unsigned long flags, void *stack_top, void (*fn)(void), void *fs);
void host_restorer(void);
void host_vectors_load(const void *xmm);    /* xmm0 to 15, 16-byte aligned */

#endif
