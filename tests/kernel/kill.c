/*
 * kill.c - programs that are killed, whatever they are doing.
 */
#include "tests/kernel/sips.h"

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
