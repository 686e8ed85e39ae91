/*
 * cycles.c - thousands of lives: what a SIP held is free again to the page; and the sharing of the
 * CPU.
 */
#include "tests/kernel/sips.h"

#define CYCLES 20000u

static void cycles(const char *args, int32_t want)
{
    size_t before;
    uint64_t start_ns;
    int32_t status = want;

    for (unsigned i = 0; i < 10; i++)
        CHECK_EQ(run(args, NULL, 2000), want);
    before = settled_pages();
    start_ns = clock_ns();
    quiet(true);      /* a line for each trap */
    for (unsigned i = 0; i < CYCLES && status == want; i++)
        status = run(args, NULL, 2000);
    quiet(false);
    CHECK_EQ(status, want);
    ktest_note("%lu ns a cycle of %s", (clock_ns() - start_ns) / CYCLES, args);
    CHECK_EQ(settled_pages(), before);
}

KTEST(cycles_spawn_run_exit) { cycles("test/quit 3", 3); }
KTEST(cycles_trap_kill) { cycles("test/crash", 128 + WASM_TRAP_UNREACHABLE); }

/* Many at the same time: slots, threads and handles come back in another order. */
KTEST(cycles_many_at_once)
{
    enum { N = 100 };
    struct process *p[N];
    size_t before = settled_pages();

    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < N; i++)
            CHECK((p[i] = start("test/ticker 1 1", NULL)), "number %u", i);
        for (unsigned i = 0; i < N; i++)
            CHECK(finish(p[i * 37 % N], 20000, NULL) >= 0, "a ticker did not end");
    }
    CHECK_EQ(settled_pages(), before);
}

/* Two that compute with all registers and one that ticks share the CPU for ten seconds. */
KTEST(share_registers_and_cpu)
{
    struct process *a = start("test/vectors 3 10500", NULL);
    struct process *b = start("test/vectors 7 10500", NULL);
    struct process *c = start("test/ticker 400 20", NULL);
    const unsigned long ms = NS_PER_MS;
    unsigned long x, y;
    int32_t late;

    CHECK(a && b && c, "not started");
    sched_sleep(10 * NS_PER_S);
    CHECK(alive(a) && alive(b), "a spinner ended early: %d %d", a->info.status, b->info.status);
    x = time_of(a);
    y = time_of(b);
    ktest_note("shares of 10 s: %lu ms, %lu ms", x / ms, y / ms);
    CHECK(x > y - y / 10 && y > x - x / 10, "shares: %lu, %lu ms", x / ms, y / ms);
    CHECK(x + y > (cpus_up() > 1 ? 18 : 9) * NS_PER_S, "only %lu ms were used", (x + y) / ms);
    CHECK_EQ(finish(a, 5000, NULL), 0);
    CHECK_EQ(finish(b, 5000, NULL), 0);
    late = finish(c, cpus_up() > 1 ? 60000 : 5000, NULL);
    ktest_note("the ticker was late by %d ms at worst", late);
    /* several CPUs may be threads of a Linux that has fewer to give */
    CHECK(late >= 0 && (late < 250 || cpus_up() > 1), "the ticker ended with %d", late);
}

/* One that yields to those who were interrupted: they go on from where they were. */
KTEST(share_yield_to_preempted)
{
    struct process *a = start("test/vectors 3 300", NULL);
    struct process *b = start("test/vectors 5 300", NULL);

    CHECK_EQ(run("test/yields 300", NULL, 5000), 0);
    CHECK_EQ(finish(a, 5000, NULL), 0);
    CHECK_EQ(finish(b, 5000, NULL), 0);
}
