/*
 * fragile.c - handles interface test-a, and traps on numbers that 13 divides.
 */
#include "tests/sips/peer.h"
#include "iface/test_a.h"

SERVE(IFACE_TEST_A, CLIENTS, 2);

static union { struct test_a_echo_req q; char bytes[MSG_BYTES_MAX]; } in;

int main(int argc, char **argv)
{
    struct msg m = { 0 };

    for (;;) {
        struct test_a_echo_ans a = { 0 };
        if (chan_serve(&m, &in, sizeof in, FOREVER) < 0)
            continue;
        if (m.kind == MSG_CLOSED)
            sys_close(m.from);
        if (m.kind != MSG_CALL)
            continue;
        if (in.q.number % 13 == 0)
            __builtin_trap();
        a.number = in.q.number;
        chan_answer(&m, &a, sizeof a, NULL, 0);
    }
}
