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

/* ---- sharing -------------------------------------------------------------------------------- */

/* A program that computes with all registers until *end is dropped. */
static struct process *start_vectors(const char *args, struct endpoint **end)
{
    struct endpoint *both[2];

    if (chan_create(NULL, both) < 0)
        return NULL;
    *end = both[1];
    return start(args, both[0]);
}

/* What each got of how many ns, and the ticker's status. */
struct shares { uint64_t x, y, of; int32_t late; };

static void share(struct shares *s)
{
    struct endpoint *end[2];
    struct process *a = start_vectors("test/vectors 3 0", &end[0]);
    struct process *b = start_vectors("test/vectors 7 0", &end[1]);
    struct process *c = start("test/ticker 80 20", NULL);

    CHECK(a && b && c, "not started");
    s->of = clock_ns();
    s->x = time_of(a);
    s->y = time_of(b);
    sched_sleep(2 * NS_PER_S);
    CHECK(alive(a) && alive(b), "a spinner ended early: %d %d", a->info.status, b->info.status);
    s->x = time_of(a) - s->x;
    s->y = time_of(b) - s->y;
    s->of = clock_ns() - s->of;
    for (unsigned i = 0; i < 2; i++)
        object_drop(&end[i]->o);
    CHECK_EQ(finish(a, 60000, NULL), 0);
    CHECK_EQ(finish(b, 60000, NULL), 0);
    s->late = finish(c, 60000, NULL);
    CHECK(s->late >= 0, "the ticker ended with %d", s->late);
}

/* Two that compute with all registers and one that ticks share the CPU. The registers are always as
 * they were; of the shares, what another program of this computer takes away in one piece counts as
 * that of whoever it is taken from, so the least disturbed time of several counts. */
KTEST(share_registers_and_cpu)
{
    const unsigned long ms = NS_PER_MS;
    bool fair = false, quick = false;
    struct shares s = { 0 };

    for (unsigned i = 0; i < 8 && !(fair && quick) && !ktest_failed(); i++) {
        uint64_t cpus;
        share(&s);
        cpus = cpus_up() > 1 ? 2 * s.of : s.of;
        fair |= s.x > s.y - s.y / 10 && s.y > s.x - s.x / 10 && s.x + s.y > cpus - cpus / 10;
        /* several CPUs may be threads of a Linux that has fewer to give */
        quick |= s.late < 250 || cpus_up() > 1;
    }
    ktest_note("shares of %lu ms: %lu ms, %lu ms; late by %d ms at worst", s.of / ms, s.x / ms,
               s.y / ms, s.late);
    CHECK(fair, "shares of %lu ms: %lu, %lu ms", s.of / ms, s.x / ms, s.y / ms);
    CHECK(quick, "the ticker was late by %d ms", s.late);
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
