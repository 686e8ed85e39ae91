/*
 * handler.c - `handler N`: handles interface test-a: answers each call with its number; after N
 * calls it ends (0: never) with the last one, and whatever waits, unanswered.
 */
#include "tests/sips/peer.h"
#include "iface/test_a.h"

SERVE(IFACE_TEST_A, SELF, 9);

static union { struct test_a_echo_req q; char bytes[MSG_BYTES_MAX]; } in;

int main(int argc, char **argv)
{
    uint32_t left = number_arg(argc, argv, 1, 0);

    for (;;) {
        struct test_a_echo_ans a = { 0 };
        struct msg m;
        EXPECT(chan_wait(0, &m, &in, sizeof in, FOREVER) >= 0);
        if (m.kind == MSG_CONNECT)
            EXPECT(m.from == SELF && m.nhandles == 1);
        if (m.kind == MSG_CLOSED)
            sys_close(m.from);
        if (m.kind != MSG_CALL)
            continue;
        if (left && --left == 0)
            return 42;
        a.number = in.q.number;
        chan_answer(&m, &a, sizeof a, NULL, 0);
    }
}
