/*
 * both.c - handles two interfaces, test-a and test-b (of which it knows `count`): by the handle on
 * which a client arrives it knows which one that client speaks.
 */
#include "tests/sips/peer.h"
#include "iface/test_a.h"
#include "iface/test_b.h"

SERVE(IFACE_TEST_A, CLIENTS_A, 2);
SERVE(IFACE_TEST_B, CLIENTS_B, 3);

static union { uint32_t word[2]; char bytes[MSG_BYTES_MAX]; } in;
static bool speaks_b[HANDLES_MAX];

int main(int argc, char **argv)
{
    struct msg m = { 0 };

    for (;;) {
        uint32_t ans[2] = { 0, 1000 };
        EXPECT(chan_wait(0, &m, &in, sizeof in, FOREVER) >= 0);
        if (m.kind == MSG_CONNECT) {
            EXPECT(m.from == CLIENTS_A || m.from == CLIENTS_B);
            speaks_b[m.handle[0]] = m.from == CLIENTS_B;
        } else if (m.kind == MSG_CLOSED) {
            return 0;
        } else {
            EXPECT(in.word[0] == (speaks_b[m.from] ? TEST_B_COUNT : TEST_A_ECHO));
            if (!speaks_b[m.from])
                ans[1] = in.word[1];
            chan_answer(&m, ans, sizeof ans, NULL, 0);
        }
    }
}
