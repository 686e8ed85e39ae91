/*
 * quotas.c - what a SIP may have, and the share of CPU time.
 */
#include "tests/kernel/sips.h"

static void expect(const char *args, struct quota quota)
{
    CHECK_EQ(finish(start_within(args, &quota), 10000, NULL), 0);
}

KTEST(quota_handles)
{
    expect("test/quota handles 20", (struct quota){ .handles = 20 });
    expect("test/quota handles 254", (struct quota){ .handles = 100000 });
}

KTEST(quota_memory)
{
    expect("test/quota memory 16", (struct quota){ .memory = 1 << 20 });
}

KTEST(quota_queued)
{
    expect("test/quota queued 100000", (struct quota){ .queued = 100000 });
}

KTEST(quota_threads)
{
    expect("test/threads limit", (struct quota){ .threads = 4 });
}

/* A child has no more than its parent, whatever it asks for. */
KTEST(quota_of_a_child)
{
    struct quota parent = { 1000, 2000, 30, 4, 0 }, q;

    q = quota_within(&(struct quota){ 0 }, &parent);
    CHECK(memcmp(&q, &parent, sizeof q) == 0, "what is not asked for is the parent's");
    q = quota_within(&(struct quota){ 5000, 500, 31, 3, 100 }, &parent);
    CHECK(q.memory == 1000 && q.queued == 500 && q.handles == 30 && q.threads == 3 && q.cpu == 100,
          "the lower one of both");
    parent.cpu = 50;
    q = quota_within(&(struct quota){ .cpu = 100 }, &parent);
    CHECK_EQ(q.cpu, 50);
}

/* Two that spin: one may have a tenth of a CPU, the other has what is left; ended, it has none. */
KTEST(quota_cpu_share)
{
    struct quota tenth = { .cpu = 100 };
    struct process *a = start_within("test/quota spin", &tenth);
    struct process *b = start("test/quota spin", NULL);
    unsigned long of_a, of_b;

    CHECK(a && b, "they did not start");
    sched_sleep(2 * NS_PER_S);
    of_a = time_of(a) / NS_PER_MS;
    of_b = time_of(b) / NS_PER_MS;
    CHECK_EQ(finish(a, 0, NULL), TIMED_OUT);
    CHECK_EQ(finish(b, 0, NULL), TIMED_OUT);
    CHECK(of_a > 50 && of_a < 600, "%lu ms", of_a);
    CHECK(of_b > 2 * of_a, "%lu and %lu ms", of_b, of_a);
    CHECK_EQ(quota_shares, 0);
}

/* It has no more than its share if nobody else wants the CPU, either. */
KTEST(quota_cpu_share_alone)
{
    struct quota tenth = { .cpu = 100 };
    struct process *a = start_within("test/quota spin", &tenth);
    unsigned long ms;

    CHECK(a, "it did not start");
    sched_sleep(NS_PER_S);
    ms = time_of(a) / NS_PER_MS;
    CHECK_EQ(finish(a, 0, NULL), TIMED_OUT);
    CHECK(ms > 20 && ms < 400, "%lu ms", ms);
}
