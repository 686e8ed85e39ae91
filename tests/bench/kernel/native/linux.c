/*
 * linux.c - what Linux does for the same jobs as sip/kbench.c, in TSC cycles: the least of many
 * batches, on one CPU. `NAME CYCLES` a line, first `hz N`, then `steps N`, what 3,000 cycles of the
 * core are. `linux quit` ends at once.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define BATCHES 50

static int to, from, size;
static char buf[8192], *self;

static void measure(const char *name, void (*once)(void), unsigned times)
{
    uint64_t best = UINT64_MAX;

    for (unsigned b = 0; b < BATCHES; b++) {
        uint64_t start = __rdtsc(), ticks;
        for (unsigned i = 0; i < times; i++)
            once();
        ticks = __rdtsc() - start;
        if (ticks < best)
            best = ticks;
    }
    printf("%s %.1f\n", name, (double)best / times);
    fflush(stdout);
}

#define STEPS 1000

/* Each multiplication needs the one before, and takes three cycles of the core's. */
static void steps(void)
{
    uint64_t x = 0;

    for (unsigned i = 0; i < STEPS / 10; i++)
        __asm__ volatile(".rept 10\n\timul $3,%0\n\t.endr" : "+r"(x));
}

static void pid(void) { syscall(SYS_getpid); }
static void yield(void) { sched_yield(); }

static void there_and_back(void)
{
    if (write(to, buf, (size_t)size) != size || read(from, buf, sizeof buf) != size)
        exit(1);
}

static void live(void)
{
    pid_t child = vfork();

    if (!child) {
        execl(self, self, "quit", (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
}

/* ---- threads --------------------------------------------------------------------------------- */

static uint32_t turn;

static void give(uint32_t to)
{
    __atomic_store_n(&turn, to, __ATOMIC_RELEASE);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *other(void *arg)
{
    uint32_t t;

    while ((t = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != 2)
        if (t == 1)
            give(0);
        else
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

static void futex_pair(void)
{
    give(1);
    while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == 1)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
}

static void *nothing(void *arg)
{
    return arg;
}

static pthread_t start(void *(*fn)(void *))
{
    pthread_t t;

    if (pthread_create(&t, NULL, fn, NULL))
        exit(1);
    return t;
}

static void thread_life(void)
{
    pthread_join(start(nothing), NULL);
}

static void threads(void)
{
    pthread_t t = start(other);

    measure("futex_pair", futex_pair, 1000);
    give(2);
    pthread_join(t, NULL);
    measure("thread_life", thread_life, 100);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void echo(int in, int out)
{
    ssize_t n;

    while ((n = read(in, buf, sizeof buf)) > 0)
        if (write(out, buf, (size_t)n) != n)
            break;
    _exit(0);
}

static void ping(const char *name, int a[2], int b[2], int bytes, unsigned times)
{
    pid_t child = fork();

    if (!child)
        echo(a[0], b[1]);
    to = a[1];
    from = b[0];
    size = bytes;
    measure(name, there_and_back, times);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static double tsc_hz(void)
{
    struct timespec a, b;
    uint64_t start, end;

    clock_gettime(CLOCK_MONOTONIC, &a);
    start = __rdtsc();
    do
        clock_gettime(CLOCK_MONOTONIC, &b);
    while ((double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec) < 0.1);
    end = __rdtsc();
    return (double)(end - start)
         / ((double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec));
}

int main(int argc, char **argv)
{
    int a[2], b[2], s[2];
    pid_t child;

    if (argc > 1 && !strcmp(argv[1], "quit"))
        return 0;
    self = argv[0];
    if (pipe(a) || pipe(b) || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s))
        return 1;
    printf("hz %.0f\n", tsc_hz());
    measure("steps", steps, 100);
    measure("getpid", pid, 10000);
    if (!(child = fork()))
        for (;;)
            sched_yield();
    measure("sched_yield_pair", yield, 2000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ping("pipe_64", a, b, 64, 1000);
    ping("pipe_4096", a, b, 4096, 1000);
    ping("seqpacket_64", (int[2]){ s[0], s[1] }, (int[2]){ s[1], s[0] }, 64, 1000);
    measure("vfork_exec", live, 20);
    threads();
    return 0;
}
