/*
 * irqs.c - `irqs N`: receives N interrupts of line 5 and answers each once. `irqs N pass`: after
 * each the line goes to another handle, in a message; one that comes meanwhile is not lost.
 */
#include "tests/sips/peer.h"

IRQ(5, LINE, 3);

static int32_t send_line(uint32_t through, uint32_t line)
{
    struct msg m = { .nhandles = 1, .handle = { line } };

    return sys_send(through, ADDR(&m), SEND_NOWAIT);
}

/* The line out of the channel, at its new handle. */
static uint32_t take_line(uint32_t from)
{
    struct msg m = { 0 };

    EXPECT(sys_wait(from, ADDR(&m), 0) == 0 && m.nhandles == 1);
    return m.handle[0];
}

static void passing(uint32_t n)
{
    uint32_t line = LINE, ends[2], before;

    EXPECT(sys_channel(ADDR(ends)) == 0);
    for (uint32_t i = 0; i < n; i++) {
        struct msg m = { 0 };
        EXPECT(sys_wait(line, ADDR(&m), FOREVER) == 0 && m.from == line && m.kind == MSG_IRQ);
        EXPECT(send_line(ends[0], line) == ERR_BUSY);       /* its token is out */
        EXPECT(sys_answer(m.token, ADDR(&m)) == 0);
        before = line;
        EXPECT(send_line(ends[0], line) == 0);
        EXPECT(sys_wait(before, ADDR(&m), 0) == ERR_HANDLE);
        EXPECT(sys_sleep(sys_clock() + 2000000) == 0);      /* in flight meanwhile */
        line = take_line(ends[1]);
    }
    EXPECT(send_line(ends[0], line) == 0);                  /* it ends in a queue: nobody's */
}

int main(int argc, char **argv)
{
    uint32_t n = number_arg(argc, argv, 1, 1);

    if (argc > 2) {
        passing(n);
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct msg m = { 0 };
        uint32_t token;
        EXPECT(sys_wait(i % 2 ? LINE : 0, ADDR(&m), FOREVER) == 0);
        EXPECT(m.kind == MSG_IRQ && m.from == LINE && (token = m.token) != 0);
        EXPECT(sys_wait(LINE, ADDR(&m), 0) == ERR_EMPTY);
        EXPECT(sys_answer(token + 256, ADDR(&m)) == ERR_TOKEN);
        EXPECT(sys_answer(token + 1, ADDR(&m)) == ERR_TOKEN);
        EXPECT(sys_answer(token, ADDR(&m)) == 0);
        EXPECT(sys_answer(token, ADDR(&m)) == ERR_TOKEN);
    }
    return 0;
}
