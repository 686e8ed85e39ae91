/*
 * uses.c - a client of two interfaces, which one program handles (test/both).
 */
#include "tests/sips/peer.h"
#include "iface/test_a.h"
#include "iface/test_b.h"

USE(IFACE_TEST_A, A, 2);
USE(IFACE_TEST_B, B, 3);

int main(int argc, char **argv)
{
    struct test_a_echo_req q = { TEST_A_ECHO, 77 };
    struct test_b_count_req count = { TEST_B_COUNT };
    struct test_a_echo_ans a;
    struct test_b_count_ans b;

    EXPECT(chan_call(A, &q, sizeof q, &a, sizeof a) == sizeof a && a.number == 77);
    EXPECT(chan_call(B, &count, sizeof count, &b, sizeof b) == sizeof b && b.count == 1000);
    q.op = TEST_B_OPEN;
    EXPECT(chan_call(A, &q, sizeof q, &a, sizeof a) == sizeof a);   /* there it is `echo` */
    q.op = TEST_B_CLOSE;
    EXPECT(chan_call(A, &q, sizeof q, &a, sizeof a) == ERR_OPERATION);
    EXPECT(chan_call(B, &q, sizeof q, &a, sizeof a) == ERR_ORDER);
    return 0;
}
