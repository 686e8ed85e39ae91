/*
 * blocks.c - memory that is handed from SIP to SIP: content, access, limits, and that none is lost.
 */
#include "tests/kernel/sips.h"

KTEST(block_alone)
{
    size_t before = settled_pages();

    CHECK_EQ(run("test/blocks", NULL, 20000), 0);
    CHECK_EQ(settled_pages(), before);
}

/* Both ways, called and sent, 4 KiB to 2 MiB. */
KTEST(block_handed_over)
{
    size_t before = settled_pages();
    int32_t status[2];

    for (unsigned i = 0; i < 3; i++) {
        run_pair("test/blocks give", "test/blocks take", 10000, status);
        CHECK(status[0] == 0 && status[1] == 0, "lines %d, %d", status[0], status[1]);
    }
    CHECK_EQ(settled_pages(), before);
}

/* In answers that nobody takes, more than it may have at a time. */
KTEST(block_in_answers_discarded)
{
    size_t before = settled_pages();
    int32_t status[2];

    run_pair("test/blocks give-up 151", "test/blocks discard 151", 20000, status);
    CHECK(status[0] == 0 && status[1] == 0, "lines %d, %d", status[0], status[1]);
    CHECK_EQ(settled_pages(), before);
}

/* What is not there, or is another's, traps like any address outside of the memory. */
KTEST(block_access_traps)
{
    static const char *const how[] = { "beyond", "before", "copy", "sent", "read", "closed" };
    size_t before = settled_pages();
    char args[40];
    uint32_t trap;

    for (unsigned i = 0; i < sizeof how / sizeof *how; i++) {
        ksnprintf(args, sizeof args, "test/blocks trap %s", how[i]);
        finish(start(args, NULL), 5000, &trap);
        CHECK(trap == WASM_TRAP_MEMORY, "%s: %s", how[i], wasm_trap_text((int)trap));
    }
    CHECK_EQ(settled_pages(), before);
}

/* Who gave it to another one that uses it now. */
KTEST(block_access_after_giving)
{
    size_t before = settled_pages();
    struct endpoint *end[2];
    struct process *p, *q;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    p = start("test/blocks trap given", end[0]);
    q = start("test/blocks leave wait", end[1]);
    CHECK_EQ(finish(p, 20000, NULL), 128 + WASM_TRAP_MEMORY);
    finish(q, 0, NULL);
    CHECK_EQ(settled_pages(), before);
}

/* Its own, in its own queues, and in those of somebody who does not receive them. */
static void leave(const char *args, bool kill)
{
    size_t before = settled_pages();
    struct endpoint *end[2];
    struct process *p;

    for (unsigned i = 0; i < 3; i++) {
        CHECK(chan_create(NULL, end) >= 0, "no channel");
        p = start(args, end[0]);
        for (unsigned ms = 0; ms < 20000 && alive(p) && glance(end[1]->count) < 5; ms++)
            sched_sleep(NS_PER_MS);
        finish(p, kill ? 0 : 20000, NULL);
        CHECK_EQ(end[1]->count, 5);
        CHECK_EQ(end[1]->with_handles, 5);
        object_drop(&end[1]->o);
    }
    CHECK_EQ(settled_pages(), before);
}

KTEST(block_left_at_exit) { leave("test/blocks leave exit", false); }
KTEST(block_left_at_trap) { leave("test/blocks leave trap", false); }
KTEST(block_left_when_killed) { leave("test/blocks leave wait", true); }
