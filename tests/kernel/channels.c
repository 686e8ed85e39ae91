/*
 * channels.c - messages between SIPs: content, order, bounds, and what the end of one means to the
 * other.
 */
#include "tests/kernel/sips.h"

#define CALLS 1000000u

KTEST(channel_million_calls)
{
    uint64_t start_ns = clock_ns();
    int32_t status[2];

    run_pair("test/call 1000000 64", "test/answer", 120000, status);
    CHECK_EQ(status[0], 0);
    CHECK_EQ(status[1], 0);
    ktest_note("%lu ns a call of 64 bytes and its answer", (clock_ns() - start_ns) / CALLS);
}

KTEST(channel_calls_of_all_sizes)
{
    static const char *const sizes[] = { "test/call 2000 0", "test/call 2000 4",
                                         "test/call 500 4096", "test/call 300 8192" };
    int32_t status[2];

    for (unsigned i = 0; i < 4; i++) {
        run_pair(sizes[i], "test/answer", 20000, status);
        CHECK(status[0] == 0 && status[1] == 0, "%s: %d, %d", sizes[i], status[0], status[1]);
    }
}

/* A handler that ends with a request unanswered: the caller learns it (line 21 of call.c). */
KTEST(channel_handler_dies)
{
    int32_t status[2];

    run_pair("test/call 1000 64", "test/answer 500", 10000, status);
    CHECK_EQ(status[1], 42);
    CHECK(status[0] > 0 && status[0] != TIMED_OUT, "the caller ended with %d", status[0]);
}

static void blocked_then_killed(const char *how)
{
    struct endpoint *end[2];
    struct process *p, *q;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    p = start(how, end[0]);
    q = start("test/forever", end[1]);
    CHECK(p && q, "not started");
    sched_sleep(60 * NS_PER_MS);
    CHECK(alive(p), "%s did not block", how);
    CHECK(sip_kill(q->sip), "it was dying already");
    finish(q, 1000, NULL);
    CHECK_EQ(finish(p, 1000, NULL), 0);
}

KTEST(channel_peer_killed_calling) { blocked_then_killed("test/blocked call"); }
KTEST(channel_peer_killed_sending) { blocked_then_killed("test/blocked send"); }
KTEST(channel_peer_killed_waiting) { blocked_then_killed("test/blocked wait"); }

/* The other way round: who is blocked is killed, and the other one goes on. */
KTEST(channel_blocked_is_killed)
{
    static const char *const how[] = { "test/blocked call", "test/blocked send",
                                       "test/blocked wait" };

    for (unsigned i = 0; i < 3; i++) {
        struct endpoint *end[2];
        struct process *p;
        CHECK(chan_create(NULL, end) >= 0, "no channel");
        p = start(how[i], end[0]);
        CHECK(p, "not started");
        sched_sleep(20 * NS_PER_MS);
        CHECK(sip_kill(alive(p)), "it was dying already");
        CHECK(process_wait(p, (int64_t)(clock_ns() + NS_PER_S)), "it did not end");
        CHECK_EQ(p->info.trap, WASM_TRAP_KILLED);
        object_drop(&p->o);
        CHECK(!end[1]->peer, "the other end was not told");
        object_drop(&end[1]->o);
    }
}

KTEST(channel_handles_move)
{
    CHECK_EQ(run("test/handles", NULL, 5000), 0);
}

KTEST(channel_queue_against_model)
{
    CHECK_EQ(run("test/queue", NULL, 30000), 0);
    CHECK_EQ(ring_bytes(), 0);
}

/* Two that poll, among other things, so that with several CPUs messages go by the mailbox, too. */
static void mail(uint32_t seed, uint32_t *number)
{
    struct endpoint *end[2];
    struct process *p, *q;
    const struct channel *ch;
    char first[32], second[32];

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    ch = end[0]->ch;
    ksnprintf(first, sizeof first, "test/mail 3000 %u", seed);
    ksnprintf(second, sizeof second, "test/mail 3000 %u", seed + 1);
    p = start(first, end[0]);
    q = start(second, end[1]);
    while (alive(p) && alive(q)) {      /* so the channel is, or stays memory until we sleep */
        *number = (uint32_t)glance(ch->box.head);
        sched_sleep(NS_PER_MS);
    }
    CHECK_EQ(finish(p, 20000, NULL), 0);
    CHECK_EQ(finish(q, 20000, NULL), 0);
}

KTEST(channel_mail)
{
    uint32_t number = 0, n = 0;

    for (uint32_t seed = 1; seed < 12 && !ktest_failed(); seed += 2) {
        mail(seed, &number);
        n += number;
    }
    CHECK_EQ(n != 0, cpus_up() > 1);
    ktest_note("%u by the mailbox", n);
    CHECK_EQ(ring_bytes(), 0);
}

KTEST(channel_bad_pointers)
{
    CHECK_EQ(run("test/pointers", NULL, 5000), 0);
}

/* Chains of channels inside messages that nobody can receive any more are freed with their
 * maker. */
KTEST(channel_leaks_are_freed)
{
    run_without_loss("test/handles leak", 20);
    CHECK_EQ(ring_bytes(), 0);
}

/* ---- the registry ---------------------------------------------------------------------------- */

KTEST(iface_client_waits_for_handler)
{
    struct process *c = start("test/client 100", NULL), *h;

    sched_sleep(20 * NS_PER_MS);
    CHECK(c && alive(c), "the client did not wait");
    h = start("test/handler", NULL);
    CHECK_EQ(finish(c, 2000, NULL), 0);
    finish(h, 0, NULL);
}

/* Handlers die with requests pending; the client reconnects to the next one. */
KTEST(iface_handler_restarts)
{
    struct process *c = start("test/client 20", NULL);

    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(run("test/handler 5", NULL, 2000), 42);
    CHECK_EQ(finish(start("test/handler", NULL), 200, NULL), TIMED_OUT);
    CHECK_EQ(finish(c, 2000, NULL), 3);
}

KTEST(iface_two_handlers)
{
    struct process *h = start("test/handler", NULL);

    expect_refusal("test/handler", true, ERR_BUSY,
                   "busy: serve test-a is owned by test/handler (pid");
    finish(h, 0, NULL);
}

/* Of two threads that wait for anything one gets an endpoint, the other what is in its queue. */
KTEST(channel_lands_with_messages)
{
    int32_t status[2];

    run_pair("test/landing takes sent", "test/landing gives sent", 20000, status);
    CHECK_EQ(status[0], 0);
    run_pair("test/landing takes large", "test/landing gives large", 20000, status);
    CHECK_EQ(status[0], 0);
    run_pair("test/landing takes answered", "test/landing gives answered", 20000, status);
    CHECK_EQ(status[0], 0);
}
