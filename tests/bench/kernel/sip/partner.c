/*
 * partner.c - the other end of kbench.c and kpair.c: yields, answers calls, or sends back or on
 * what it receives, until its handle 1 is closed.
 */
#include "sips/sip.h"

static char buf[MSG_BYTES_MAX] __attribute__((aligned(64)));

/* status: the answer begins with a status of 0, as a contract wants it. */
static int answer(bool status)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };
    int32_t r = sys_wait(0, ADDR(&m), FOREVER);

    while (r >= 0 && m.kind == MSG_CALL) {
        m.data = ADDR(buf);
        m.len = m.received;
        if (status)
            *(int32_t *)buf = 0;
        r = sys_answer_wait(m.token, ADDR(&m), FOREVER);
    }
    return 0;
}

static int echo(void)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };

    while (sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER) >= 0 && m.kind == MSG_DATA) {
        m.data = ADDR(buf);
        m.len = m.received;
        if (sys_send(HANDLE_STDIO, ADDR(&m), 0) < 0)
            break;
    }
    return 0;
}

static int yield(void)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };

    for (;;) {
        for (uint32_t i = 0; i < 1000000; i++)
            sys_yield();
        if (sys_wait(HANDLE_STDIO, ADDR(&m), 0) >= 0)
            return 0;
    }
}

/* Answers each block with itself, one word of it counted up. */
static int blocks(void)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };
    int32_t r = sys_wait(0, ADDR(&m), FOREVER);
    uint32_t first = 0;

    if (r >= 0 && m.nhandles == 1)
        first = ADDR(block_at(m.handle[0])) - m.handle[0] * BLOCK_MAX;
    while (r >= 0 && m.nhandles == 1) {
        ++*(volatile uint32_t *)(uintptr_t)(first + m.handle[0] * BLOCK_MAX);
        r = sys_answer_wait(m.token, ADDR(&m), FOREVER);
    }
    return 0;
}

/* A member of a ring: what comes goes on; first comes the way. */
static int ring(void)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };
    uint32_t out = 0;

    while (sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER) >= 0 && m.kind == MSG_DATA) {
        m.data = ADDR(buf);
        m.len = m.received;
        if (!out)
            out = m.handle[0];
        else if (sys_send(out, ADDR(&m), 0) < 0)
            break;
        m.nhandles = 0;
    }
    return 0;
}

/* The same as echo, but never asleep: for two CPUs. */
static int poll(void)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };
    int32_t r;

    for (;;) {
        while ((r = sys_wait(HANDLE_STDIO, ADDR(&m), 0)) == ERR_EMPTY)
            ;
        if (r < 0 || m.kind == MSG_CLOSED)
            return 0;
        m.data = ADDR(buf);
        m.len = m.received;
        if (m.kind == MSG_CALL ? sys_answer(m.token, ADDR(&m)) < 0
                               : sys_send(HANDLE_STDIO, ADDR(&m), 0) < 0)
            return 1;
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "yield"))
        return yield();
    if (argc > 1 && !strcmp(argv[1], "echo"))
        return echo();
    if (argc > 1 && !strcmp(argv[1], "blocks"))
        return blocks();
    if (argc > 1 && !strcmp(argv[1], "ring"))
        return ring();
    if (argc > 1 && !strcmp(argv[1], "poll"))
        return poll();
    return answer(argc > 1 && !strcmp(argv[1], "ping"));
}
