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
