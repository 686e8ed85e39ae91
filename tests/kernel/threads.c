/*
 * threads.c - SIPs with several threads: tests/sips/threads.c, and their end.
 */
#include "tests/kernel/sips.h"

#define PART(name) KTEST(threads_##name) { CHECK_EQ(run("test/threads " #name, NULL, 30000), 0); }
PART(count)
PART(own)
PART(notify)
PART(timeouts)
PART(sync)
PART(serve)
PART(discard)
PART(memory)
PART(limit)
PART(ends)

/* A program that is a folder can have threads like one of a single file. */
KTEST(threads_of_a_folder)
{
    CHECK_EQ(run("test/team", NULL, 30000), 0);
}

/* Those that run, spin, wait and sleep end with the program; nothing of them is left. */
KTEST(threads_exit_ends_all)
{
    run_without_loss("test/threads exit", 1);
}

/* One in the middle of a call, too. The first thread lives, or has ended. */
static void kill_all(const char *args)
{
    struct endpoint *end[2];
    struct process *p;
    struct sip *s;
    uint32_t trap = 0;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    p = start(args, end[1]);
    CHECK(p, "it did not start");
    while ((s = alive(p)) && glance(s->nthreads) < 12)
        sched_sleep(NS_PER_MS);
    sched_sleep(5 * NS_PER_MS);
    CHECK_EQ(finish(p, 0, &trap), TIMED_OUT);
    CHECK_EQ(trap, WASM_TRAP_KILLED);
    object_drop(&end[0]->o);
}

KTEST(threads_killed)
{
    for (unsigned i = 0; i < 10; i++)
        kill_all("test/threads forever");
}

KTEST(threads_killed_without_first)
{
    kill_all("test/threads last");
}

KTEST(threads_stack_overflow_of_one)
{
    struct process *p = start("test/threads overflow", NULL);

    CHECK(p && process_wait(p, (int64_t)(clock_ns() + 10 * NS_PER_S)), "it did not end");
    CHECK_EQ(p->info.trap, WASM_TRAP_STACK);
    CHECK(contains(p->info.text, "call stack exhausted in deep (byte "), "%s", p->info.text);
    CHECK(contains(p->info.text, "deep (byte"), "%s", p->info.text);
    object_drop(&p->o);
    CHECK_EQ(run("test/quit 5", NULL, 2000), 5);
}
