/*
 * client.c - `client N`: calls the handler of test-a; after the handler's end, which it must be
 * told of, it connects again. Ends with 0 after N answers.
 */
#include "tests/sips/peer.h"

USE(IFACE_TEST_A, HANDLER, 7);

int main(int argc, char **argv)
{
    uint32_t n = number_arg(argc, argv, 1, 10), lost = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t in = 0;
        struct msg m = { .data = ADDR(&i), .len = 4, .buf = ADDR(&in), .cap = 4 };
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
        EXPECT(r == 4 && in == i);
    }
    return (int)lost;
}
