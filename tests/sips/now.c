/*
 * now.c - `now 0`: nobody handles test-a, and that is told at once; `now 1`: somebody does.
 */
#include "tests/sips/peer.h"
#include "iface/test_a.h"

USE_NOW(IFACE_TEST_A, HANDLER, 7);

int main(int argc, char **argv)
{
    struct test_a_echo_req q = { TEST_A_ECHO, 5 };
    struct test_a_echo_ans a;
    struct msg m = { 0 };

    if (number_arg(argc, argv, 1, 0)) {
        EXPECT(chan_call(HANDLER, &q, sizeof q, &a, sizeof a) == sizeof a && a.number == 5);
        return 0;
    }
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT(chan_call(HANDLER, &q, sizeof q, &a, sizeof a) == ERR_PEER);
        EXPECT(sys_wait(0, ADDR(&m), 0) == 0 && m.kind == MSG_CLOSED && m.from == HANDLER);
        EXPECT(sys_wait(HANDLER, ADDR(&m), 0) == ERR_PEER);
        EXPECT(sys_connect(HANDLER) == 0);
    }
    return 0;
}
