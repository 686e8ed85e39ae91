/*
 * kpair.c - what a message costs between two CPUs: the partner looks for one all the time, on the
 * other CPU, which takes it because nobody sleeps on this one. Before that, what a cache line takes
 * there and back between threads, for where a virtual machine's CPUs are changes by the second.
 */
#include "sips/thread.h"
#include "tests/bench/kernel/sip/measure.h"

#define LAST UINT32_MAX

static struct { uint32_t word; char rest[60]; } line __attribute__((aligned(64)));

static uint32_t peer;
static char buf[64] __attribute__((aligned(8)));

/* Stores are mere ones, as those of messages: wasm's atomic ones lock the bus. */
static inline void line_put(uint32_t w)
{
    *(volatile uint32_t *)&line.word = w;
}

static inline uint32_t line_get(void)
{
    return __atomic_load_n(&line.word, __ATOMIC_ACQUIRE);
}

static void bounce(void *arg)
{
    uint32_t w;

    while ((w = line_get()) != LAST)
        if (w & 1)
            line_put(w + 1);
}

static void line_there_and_back(void)
{
    uint32_t w = line_get() + 1;

    line_put(w);
    while (line_get() == w)
        ;
}

static void measure_line(void)
{
    struct thread t;

    if (thread_create(&t, bounce, NULL, 0) < 0)
        exit(5);
    measure("line", line_there_and_back, 1000);
    line_put(LAST);
    thread_join(&t);
}

/* `len` bytes there and back, both awake. */
static inline void there_and_back(uint32_t len)
{
    struct msg m = { .data = ADDR(buf), .len = len, .buf = ADDR(buf), .cap = sizeof buf };
    int32_t r;

    if (sys_send(peer, ADDR(&m), 0) < 0)
        exit(1);
    while ((r = sys_wait(peer, ADDR(&m), 0)) == ERR_EMPTY)
        ;
    if (r != (int32_t)len)
        exit(2);
}

static void of_64(void)
{
    there_and_back(64);
}

/* These fit in one cache line with their head. */
static void of_48(void)
{
    there_and_back(48);
}

/* The caller sleeps until its answer comes, and with it its CPU. */
static void call(void)
{
    struct msg m = { .data = ADDR(buf), .len = sizeof buf, .buf = ADDR(buf), .cap = sizeof buf };

    if (sys_call(peer, ADDR(&m), FOREVER) != sizeof buf)
        exit(3);
}

int main(int argc, char **argv)
{
    uint32_t ends[2], p;

    measure_line();
    if (sys_channel(ADDR(ends)) < 0)
        exit(4);
    p = start_program("partner\0poll", sizeof "partner\0poll", ends[0]);
    peer = ends[1];
    for (int64_t until = sys_clock() + 50 * MS; sys_clock() < until;)
        of_64();
    measure("cpus_64", of_64, 500);
    measure("cpus_48", of_48, 500);
    measure("cpus_call_64", call, 200);
    sys_close(peer);
    end_program(p);
    power_off();
}
