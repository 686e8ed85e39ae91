/*
 * contracts.c - what an interface does not allow is refused before the receiver sees it; who
 * handles an interface, and what a client sees of that.
 */
#include "tests/kernel/sips.h"

KTEST(contract_each_rule)
{
    struct process *h = start("test/strict", NULL), *c = start("test/breach", NULL);

    CHECK_EQ(finish(c, 5000, NULL), 0);
    CHECK_EQ(finish(h, 1000, NULL), 0);
}

KTEST(iface_two_of_one_handler)
{
    struct process *h = start("test/both", NULL);

    CHECK_EQ(run("test/uses", NULL, 2000), 0);
    CHECK_EQ(finish(h, 1000, NULL), 0);
}

/* A client that wants to be told: before there is a handler, with one, after its end. */
KTEST(iface_told_without_handler)
{
    struct process *h;

    CHECK_EQ(run("test/now 0", NULL, 2000), 0);
    h = start("test/handler", NULL);
    CHECK_EQ(run("test/now 1", NULL, 2000), 0);
    CHECK_EQ(finish(h, 0, NULL), TIMED_OUT);
    CHECK_EQ(run("test/now 0", NULL, 2000), 0);
}

/* The new handler takes the old one's place, what it owned is free, and its clients find the new
 * one. */
KTEST(iface_replaced)
{
    struct process *old = start("test/handler", NULL), *c, *new = NULL;
    struct spawn sp = { .args = "test/handler", .args_len = 13, .trusted = true, .replace = true };
    uint32_t trap = 0;
    char reason[160];

    c = start("test/client 200000", NULL);
    CHECK(old && c, "not started");
    while (c->sip && c->sip->messages < 50)
        sched_sleep(NS_PER_MS / 10);
    CHECK_EQ(store_find("test/handler", &sp.program), 0);
    CHECK_EQ(sip_spawn(&sp, &new, reason, sizeof reason), 0);
    finish(old, 1000, &trap);
    CHECK_EQ(trap, WASM_TRAP_KILLED);
    CHECK_EQ(finish(c, 60000, NULL), 1);
    finish(new, 0, NULL);
}
