/*
 * steady.c - `steady N`: asks the handler of test-a for numbers from 1 to N. When that ends with
 * a request unanswered it says so, connects anew and goes on with the next.
 */
#include "tests/sips/peer.h"
#include "iface/test_a.h"

USE(IFACE_TEST_A, PEER, 2);

int main(int argc, char **argv)
{
    uint32_t n = number_arg(argc, argv, 1, 30), answered = 0;

    for (uint32_t i = 1; i <= n; i++) {
        struct test_a_echo_req q = { TEST_A_ECHO, i };
        struct test_a_echo_ans a = { 0 };
        int32_t r = chan_call(PEER, &q, sizeof q, &a, sizeof a);
        if (r < 0) {
            printf("request %u: %s\n", i, error_text(r));
            EXPECT(sys_connect(PEER) == 0);
        } else {
            EXPECT(a.number == i);
            answered++;
        }
    }
    printf("%u of %u requests were answered\n", answered, n);
    return 0;
}
