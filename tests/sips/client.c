/*
 * client.c - `client N`: calls the handler of test-a; after the handler's end, which it must be
 * told of, it connects again. Ends after N answers with the number of handlers that it lost.
 */
#include "tests/sips/peer.h"
#include "iface/test_a.h"

USE(IFACE_TEST_A, HANDLER, 7);

int main(int argc, char **argv)
{
    uint32_t n = number_arg(argc, argv, 1, 10), lost = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct test_a_echo_req q = { TEST_A_ECHO, i };
        struct test_a_echo_ans a = { 0 };
        struct msg m = { .data = ADDR(&q), .len = sizeof q, .buf = ADDR(&a), .cap = sizeof a };
        int32_t r = sys_call(HANDLER, ADDR(&m), sys_clock() + 5000 * MS);
        if (r == ERR_PEER) {
            m = (struct msg){ 0 };
            EXPECT(sys_wait(HANDLER, ADDR(&m), 0) == 0 && m.kind == MSG_CLOSED);
            EXPECT(sys_wait(HANDLER, ADDR(&m), 0) == ERR_PEER);
            EXPECT(sys_connect(HANDLER) == 0);
            EXPECT(sys_connect(HANDLER) == ERR_EXISTS);
            lost++;
            i--;
            continue;
        }
        EXPECT(r == sizeof a && a.status == 0 && a.number == i);
    }
    return (int)lost;
}
