/*
 * answer.c - answers calls on handle 1 with the complement of what they carry, until it is closed.
 * `answer N` ends after N requests, with the last one unanswered.
 */
#include "tests/sips/peer.h"

static uint32_t buf[MSG_BYTES_MAX / 4];

int main(int argc, char **argv)
{
    uint32_t left = number_arg(argc, argv, 1, 0);
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };
    int32_t r = sys_wait(0, ADDR(&m), FOREVER);

    for (;;) {
        EXPECT(r >= 0);
        if (m.kind == MSG_CLOSED)
            return 0;
        EXPECT(m.kind == MSG_CALL && m.from == HANDLE_STDIO && m.token != 0);
        if (left && --left == 0)
            return 42;
        for (uint32_t k = 0; k < m.received / 4; k++)
            buf[k] = ~buf[k];
        m.data = ADDR(buf);
        m.len = m.received;
        m.nhandles = 0;
        r = sys_answer_wait(m.token, ADDR(&m), FOREVER);
    }
}
