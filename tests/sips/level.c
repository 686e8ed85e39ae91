/*
 * level.c - what tests/kernel/levels.c hands the CPU to. After twenty seconds it ends: what another
 * one had wanted the CPU for by then has not come about.
 */
#include "tests/sips/peer.h"

static int64_t end;
static volatile uint32_t n;

static void leave_in_time(void)
{
    if (sys_clock() > end)
        exit(1);
}

static void spin(void)
{
    for (;;)
        if (++n % 1000000 == 0)
            leave_in_time();
}

static void yield(void)
{
    for (;;) {
        EXPECT(sys_yield() == 0);
        leave_in_time();
    }
}

static void call(uint32_t times)
{
    struct msg m = { 0 };

    while (times--) {
        EXPECT(sys_call(HANDLE_STDIO, ADDR(&m), FOREVER) == 0);
        leave_in_time();
    }
}

static void serve(void)
{
    struct msg m = { 0 };

    EXPECT(sys_wait(0, ADDR(&m), FOREVER) == 0);
    while (m.kind == MSG_CALL)
        EXPECT(sys_answer_wait(m.token, ADDR(&m), FOREVER) == 0);
    exit(0);
}

int main(int argc, char **argv)
{
    struct msg m = { 0 };

    EXPECT(argc == 2);
    if (!strcmp(argv[1], "serve"))
        serve();
    EXPECT(sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER) == 0);
    end = sys_clock() + 20 * 1000 * MS;
    if (!strcmp(argv[1], "wait"))
        sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER);
    if (!strcmp(argv[1], "yield"))
        yield();
    if (!strcmp(argv[1], "call"))
        call(UINT32_MAX);
    if (!strcmp(argv[1], "call-once"))
        call(1);
    spin();
}
