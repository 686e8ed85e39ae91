/*
 * starts.c - what the kernel's workers do if who asks goes, asks twice, or cannot take the answer.
 */
#include "tests/kernel/sips.h"
#include "kernel/sha256.h"

/* False: they are still at work after a minute. */
static bool wait_for_workers(void)
{
    for (unsigned ms = 0; ms < 60000 && !workers_idle(); ms++)
        sched_sleep(NS_PER_MS);
    return workers_idle();
}

/* Who asked is killed while the program is compiled: it does not start. */
KTEST(start_asker_killed)
{
    struct process *asker, *next;
    uint32_t images, before;

    CHECK_EQ(run("test/starts test/quit 1", NULL, 5000), 0);
    settled_pages();            /* no image is kept */
    CHECK((asker = start("test/starts test/huge 1", NULL)), "it does not start");
    before = asker->pid;
    images = image_count();
    while (image_count() == images && alive(asker))
        sched_sleep(NS_PER_MS / 10);
    CHECK_EQ(finish(asker, 0, NULL), TIMED_OUT);
    CHECK(!workers_idle(), "it was compiled before the asker was killed");
    CHECK(wait_for_workers(), "the workers are at work");
    CHECK((next = start("test/huge", NULL)), "it does not start");
    CHECK_EQ(next->pid, before + 1);                /* nothing has run meanwhile */
    CHECK_EQ(finish(next, 5000, NULL), 0);
    CHECK_EQ(image_count(), images + 1);            /* its image was there */
}

/* Several who start one program at the same time have it compiled once. */
KTEST(start_compiles_once)
{
    enum { N = 3 };
    struct process *p[N];
    uint32_t images;

    CHECK_EQ(run("test/starts test/quit 1", NULL, 5000), 0);
    settled_pages();
    CHECK_EQ(run("test/starts test/quit 1", NULL, 5000), 0);
    images = image_count();
    for (unsigned i = 0; i < N; i++)
        p[i] = start("test/starts test/huge 2", NULL);
    for (unsigned i = 0; i < N; i++)
        CHECK_EQ(finish(p[i], 60000, NULL), 0);
    CHECK_EQ(image_count(), images + 1);
}

/* Who has no handle free for the process gets an error, and nothing runs. */
KTEST(start_without_handle)
{
    uint32_t before;

    CHECK_EQ(run("test/starts test/forever 0", NULL, 5000), 0);
    finish(start("test/forever", NULL), 0, NULL);   /* its image is there: the short way */
    before = newest_pid();
    CHECK_EQ(run("test/starts test/forever full", NULL, 5000), 0);
    CHECK(wait_for_workers(), "the workers are at work");
    for (unsigned ms = 0; ms < 5000 && sip_next(before); ms++)
        sched_sleep(NS_PER_MS);
    CHECK(!sip_next(before), "a program runs that nobody knows");
}

/* A start that fails for want of memory, in a slot that one with tables has left: what stood there
 * is nobody's any more. Memory fails in the checked build alone. */
KTEST(start_fails_in_a_kept_slot)
{
    struct spawn sp = { .args = "test/victim", .args_len = 12, .trusted = true };
    uint64_t failed = ktest_faulted();
    size_t before;

    CHECK(store_find("test/victim", &sp.program) >= 0, "no such program");
    finish(start("test/victim", NULL), 0, NULL);
    before = settled_pages();
    for (unsigned i = 0; i < 300; i++) {
        struct process *p = NULL;
        char reason[START_REASON_MAX];
        err_t e;
        ktest_faults(6, UINT32_MAX);
        e = sip_spawn(&sp, &p, reason, sizeof reason);
        ktest_faults(0, 0);
        if (e >= 0)
            finish(p, 0, NULL);
    }
    CHECK_EQ(settled_pages(), before);
    CHECK(!LOCK_CHECKED || ktest_faulted() > failed, "no memory was ever refused");
}

/* A token comes round again, and its thread's number goes to threads of others: what one SIP has
 * asked for, no other one is answered. */
KTEST(start_is_the_askers)
{
    struct endpoint *end[2];
    struct process *p;
    struct thread *t;
    struct sip *s;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    p = start("test/blocked call", end[1]);
    for (t = NULL; (s = alive(p)) && !t; sched_sleep(NS_PER_MS)) {
        lock_take(&s->lock);
        t = container_of(s->threads.next, struct thread, of_sip);
        t = !list_empty(&s->threads) && t->call_end && thread_blocked(t) ? t : NULL;
        lock_drop(&s->lock);
    }
    CHECK(t, "it does not call");
    CHECK(kserve_waits(t->token, p->pid), "it does not wait");
    CHECK(!kserve_waits(t->token, p->pid + 1), "it waits for what another one asked");
    CHECK_EQ(finish(p, 0, NULL), TIMED_OUT);
    object_drop(&end[0]->o);
}

/* What a program or a file goes by is computed before anybody runs: who looks one up does not hold
 * the CPU for as long as the whole archive takes. */
KTEST(start_hashes_are_there)
{
    static const uint8_t abc[4] = { 0xba, 0x78, 0x16, 0xbf };       /* FIPS 180-4, example B.1 */
    const struct program *all = store_at(0);
    uint8_t hash[32];

    sha256("abc", 3, hash);
    CHECK(memcmp(hash, abc, sizeof abc) == 0, "it is not SHA-256");
    for (uint32_t i = 0; i < store_count(); i++) {
        sha256(all[i].bytes, all[i].size, hash);
        CHECK(memcmp(all[i].hash, hash, sizeof hash) == 0, "%s has no hash yet", all[i].name);
    }
}

/* SIPs are listed in the order of their pids, each once, as many as there is room for. */
KTEST(start_list)
{
    struct process *p[3];
    struct sip *some[4];
    uint32_t after;

    for (unsigned i = 0; i < 3; i++)
        CHECK((p[i] = start("test/quota spin", NULL)), "it does not start");
    after = p[0]->pid - 1;
    CHECK_EQ(sip_list(after, some, 2), 2);
    CHECK(some[0] == p[0]->sip && some[1] == p[1]->sip, "others are listed");
    CHECK_EQ(sip_list(after, some, 4), 3);
    CHECK(some[2] == p[2]->sip && sip_next(p[1]->pid) == some[2], "others are listed");
    CHECK_EQ(sip_list(p[2]->pid, some, 4), 0);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(finish(p[i], 0, NULL), TIMED_OUT);
}
