/*
 * handler.c - `handler N`: handles interface test-a: answers each call with its bytes; after N
 * calls it ends (0: never) with the last one, and whatever waits, unanswered.
 */
#include "tests/sips/peer.h"

SERVE(IFACE_TEST_A, SELF, 9);

static char buf[MSG_BYTES_MAX];

int main(int argc, char **argv)
{
    uint32_t left = number_arg(argc, argv, 1, 0);

    for (;;) {
        struct msg m;
        EXPECT(chan_wait(0, &m, buf, sizeof buf, FOREVER) >= 0);
        if (m.kind == MSG_CONNECT)
            EXPECT(m.from == SELF && m.nhandles == 1);
        if (m.kind == MSG_CLOSED)
            sys_close(m.from);
        if (m.kind != MSG_CALL)
            continue;
        if (left && --left == 0)
            return 42;
        chan_answer(&m, buf, m.received, NULL, 0);
    }
}
