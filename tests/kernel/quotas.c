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

/* ---- shares of CPU time ---------------------------------------------------------------------- */

#define TENTH 100u

/* What p, of a tenth, has used is what it was given and no more: a slice that was too long is a
 * debt. Whoever else uses this computer makes slices longer, but takes nothing from this. */
static void check_account(struct process *p, uint64_t since)
{
    uint64_t hz = clock_tsc_hz(), periods = (clock_ns() - since) / PERIOD_NS + 2;
    int64_t budget = (int64_t)(hz / NS_PER_MS * TENTH / 1000 * (PERIOD_NS / 1000));
    int64_t used = (int64_t)(time_of(p) / 1000 * (hz / 1000000)), left = glance(alive(p)->cpu_left);

    CHECK(used + left <= (int64_t)periods * budget + budget,
          "%ld ms used, %ld ms left, of %lu periods", (long)(used / (int64_t)(hz / 1000)),
          (long)(left / (int64_t)(hz / 1000)), periods);
}

/* Who read the clock before a period began, and looks after another CPU has begun it, neither ends
 * it nor forgives a debt. */
KTEST(quota_cpu_share_late)
{
    static struct sip s;
    uint64_t period = clock_ns() / PERIOD_NS + 1000;

    s.quota.cpu = TENTH;
    s.cpu_period = period;
    s.cpu_left = -1;
    CHECK(quota_spent(&s), "a period that has passed gives no budget");
    CHECK_EQ(s.cpu_left, -1);
    CHECK_EQ(s.cpu_period, period);
}

struct spin { uint64_t a, b; };

/* Two that spin for two seconds, the first with a tenth of a CPU. */
static void spin_beside(struct spin *ms, bool other)
{
    uint64_t since = clock_ns();
    struct process *a = start_within("test/quota spin", &(struct quota){ .cpu = TENTH });
    struct process *b = other ? start("test/quota spin", NULL) : NULL;

    CHECK(a && (b || !other), "they did not start");
    sched_sleep(2 * NS_PER_S);
    ms->a = time_of(a) / NS_PER_MS;
    ms->b = b ? time_of(b) / NS_PER_MS : 0;
    check_account(a, since);
    CHECK_EQ(finish(a, 0, NULL), TIMED_OUT);
    if (b)
        CHECK_EQ(finish(b, 0, NULL), TIMED_OUT);
    CHECK_EQ(quota_shares, 0);
}

/* One has a tenth, the other what is left; ended, it has none. The least disturbed time counts. */
KTEST(quota_cpu_share)
{
    struct spin ms = { 0 };

    for (unsigned i = 0; i < 8 && !ktest_failed(); i++) {
        spin_beside(&ms, true);
        if (ms.a > 50 && ms.a < 600 && ms.b > 2 * ms.a)
            return;
    }
    CHECK(false, "%lu and %lu ms", ms.a, ms.b);
}

/* It has no more than its share if nobody else wants the CPU, either. */
KTEST(quota_cpu_share_alone)
{
    struct spin ms = { 0 };

    for (unsigned i = 0; i < 8 && !ktest_failed(); i++) {
        spin_beside(&ms, false);
        if (ms.a > 40 && ms.a < 600)
            return;
    }
    CHECK(false, "%lu ms", ms.a);
}

/* One that computes and hands the CPU to and fro meanwhile is charged for what it computes, and
 * who answers it is not. */
KTEST(quota_cpu_share_of_calls)
{
    struct quota half = { .cpu = 500 };
    struct endpoint *end[2];
    struct process *a, *b;
    unsigned long of_a, of_b;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    b = start("test/answer", end[1]);
    a = start_with("test/call 1000000 64 20000", end[0], &half);
    CHECK(a && b, "they did not start");
    sched_sleep(NS_PER_S);
    of_a = time_of(a) / 1000;
    of_b = time_of(b) / 1000;
    CHECK_EQ(finish(a, 0, NULL), TIMED_OUT);
    CHECK(finish(b, 5000, NULL) != TIMED_OUT, "who answers does not end");
    /* on another CPU it is woken each time, and looks for more before it sleeps */
    CHECK(of_a > 4 * of_b || cpus_up() > 1, "%lu and %lu us", of_a, of_b);
}
