/*
 * kill.c - programs that are killed, whatever they are doing. What that takes is asserted where
 * time is counted in instructions: `kill-ms` on the command line, with QEMU's -icount.
 */
#include "kernel/options.h"
#include "tests/kernel/sips.h"

#define MOMENTS 250u

/* One that asks the kernel to kill it does not go on. */
KTEST(kill_itself)
{
    struct endpoint *end[2];
    size_t queued;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    CHECK_EQ(run("test/own_end", end[0], 5000), 128 + WASM_TRAP_KILLED);
    queued = ring_bytes();
    object_drop(&end[1]->o);
    CHECK_EQ(queued, 0);
}

/* Kills it; the time until who holds the process is told. */
static uint64_t kill(struct process *p, const char *args)
{
    uint64_t start = clock_ns(), ns, max = option_number(OPT_KILL_MS) * NS_PER_MS;
    struct sip *s = alive(p);

    if (!s) {
        ktest_fail("%s: it ended by itself with %d: %s", args, p->info.status, p->info.text);
        return 0;
    }
    if (!sip_kill(s))
        ktest_fail("%s: it was dying already", args);
    if (!process_wait(p, (int64_t)(start + 10 * NS_PER_S)))
        panic("%s: it does not end", args);
    ns = clock_ns() - start;
    if (p->info.trap != WASM_TRAP_KILLED)
        ktest_fail("%s: ended by trap %u: %s", args, p->info.trap, p->info.text);
    if (max && ns > max)
        ktest_fail("%s: its end took %lu us", args, ns / 1000);
    return ns;
}

/* Starts it, leaves it alone for a while, and kills it; nothing of it may stay. */
static void kill_after(const char *args, const struct quota *quota, uint64_t ns)
{
    struct endpoint *end[2];
    struct process *p;
    uint64_t took;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    if ((p = start_with(args, end[0], quota))) {
        sched_sleep(ns);
        took = kill(p, args);
        ktest_say("%lu us", took / 1000);
        object_drop(&p->o);
    }
    object_drop(&end[1]->o);
}

/* Twice: what the first one leaves in caches is not counted. */
static void kill_doing(const char *args, const struct quota *quota, uint64_t ms)
{
    size_t before;

    kill_after(args, quota, ms * NS_PER_MS);
    before = settled_pages();
    kill_after(args, quota, ms * NS_PER_MS);
    CHECK_EQ(settled_pages(), before);
}

#define KILL(what, ms) KTEST(kill_##what) { kill_doing("test/victim " #what, NULL, ms); }
KILL(spin, 20)
KILL(yield, 20)
KILL(fill, 100)
KILL(copy, 100)
KILL(fault, 100)
KILL(grow, 20)
KILL(send, 20)
KILL(messages, 20)
KILL(handles, 20)
KILL(blocks, 300)
KILL(threads, 50)
KILL(sleep, 20)
KILL(futex, 20)
KILL(call, 20)
KILL(wait, 20)

KTEST(kill_vectors) { kill_doing("test/vectors 3 1000000", NULL, 20); }

/* It has used its share of the CPU up, and is put aside for most of the time. */
KTEST(kill_parked)
{
    struct quota q = { .cpu = 1 };

    kill_doing("test/victim spin", &q, 300);
}

/* Before its first instruction. */
KTEST(kill_at_the_start)
{
    kill_doing("test/victim spin", NULL, 0);
}

/* While the kernel compiles what it has asked to be started, which ends by itself: hundreds of
 * them, once it is compiled. */
KTEST(kill_compiling)
{
    uint32_t before = newest_pid();

    for (unsigned i = 0; i < 3; i++) {
        settled_pages();            /* no image is kept */
        kill_after("test/victim start", NULL, (2 + 3 * i) * NS_PER_MS);
        for (unsigned ms = 0; ms < 20000 && (!workers_idle() || sip_next(before)); ms++)
            sched_sleep(NS_PER_MS);
        CHECK(!sip_next(before), "what it started does not end");
    }
}

/* Moments that are no multiples of anything it does. */
KTEST(kill_at_any_moment)
{
    uint64_t worst = 0;

    quiet(true);
    for (unsigned i = 0; i < MOMENTS && !ktest_failed(); i++) {
        struct endpoint *end[2];
        struct process *p;
        uint64_t ns;
        CHECK(chan_create(NULL, end) >= 0, "no channel");
        if ((p = start_with("test/victim mix", end[0], NULL))) {
            sched_sleep(i * 12347);
            ns = kill(p, "test/victim mix");
            worst = ns > worst ? ns : worst;
            object_drop(&p->o);
        }
        object_drop(&end[1]->o);
    }
    quiet(false);
    ktest_say("%lu us at worst", worst / 1000);
}
