/*
 * dwell.c - what tests/kernel/races.c lets a CPU stay in the middle of. The argument says what.
 */
#include "sips/thread.h"
#include "tests/sips/peer.h"
#include "iface/kernel_process.h"
#include "iface/test_a.h"
#include "iface/test_b.h"

USE(IFACE_KERNEL_PROCESS, PROCESS, 2);
SERVE(IFACE_TEST_A, SELF, 9);
USE_NOW(IFACE_TEST_B, NOBODY, 3);

static struct thread other;
static uint32_t never;
static volatile int32_t first;

static void wait_twice(void)
{
    struct msg m = { 0 };

    for (uint32_t i = 0; i < 2; i++)
        sys_wait(HANDLE_STDIO, ADDR(&m), sys_clock() + 3600000000000);
}

static void close(void *arg)
{
    sys_close((uint32_t)first);
}

/* A block takes the number, and hence the place, of one that the other thread is closing. */
static void blocks(void)
{
    int32_t b = 0;

    EXPECT((first = sys_block(4096)) > 0);
    *(uint32_t *)block_at((uint32_t)first) = 1;
    EXPECT(thread_create(&other, close, NULL, 0) > 0);
    for (uint32_t i = 0; i < 200 && b != first; i++) {
        int64_t until = sys_clock() + 5000000;
        while (sys_clock() < until)     /* a sleep might hang on the CPU that stays */
            sys_yield();
        b = sys_block(4096);
    }
    EXPECT(b == first);
    EXPECT(*(uint32_t *)block_at((uint32_t)b) == 0);
    exit(0);
}

static uint32_t side[2];
static volatile uint32_t given_up;

/* Its token stays as long as it does; it ends what is in the answer when the test says so. */
static void call_and_close(void *arg)
{
    struct msg m = { 0 };

    EXPECT(sys_call(side[0], ADDR(&m), sys_clock() + 20 * MS) == ERR_TIMEOUT);
    given_up = 1;
    EXPECT(sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER) >= 0 && m.kind == MSG_CLOSED);
    EXPECT(sys_close((uint32_t)first) == 0 && sys_block(4096) == first);
    *(uint32_t *)block_at((uint32_t)first) = 2;
}

/* The answer that nobody takes has a block. */
static void discard(void)
{
    struct msg m = { 0 };

    sys_close(NOBODY);      /* a dead end is news to who waits for anything */
    EXPECT(sys_channel(ADDR(side)) == 0 && (first = sys_block(4096)) > 0);
    EXPECT(thread_create(&other, call_and_close, NULL, 0) > 0);
    EXPECT(sys_wait(side[1], ADDR(&m), FOREVER) == 0 && m.kind == MSG_CALL);
    while (!given_up)
        sys_yield();
    m.nhandles = 1;
    m.handle[0] = (uint32_t)first;
    EXPECT(sys_answer_wait(m.token, ADDR(&m), sys_clock()) == ERR_TIMEOUT);
    EXPECT(*(uint32_t *)block_at((uint32_t)first) == 2 && sys_close((uint32_t)first) == 0);
    exit(0);
}

/* The handle is closed while it calls, for what the kernel answers later. */
static void call(void)
{
    static const char program[] = "test/quit 0";
    struct child c;

    EXPECT(spawn_with(PROCESS, KERNEL_PROCESS_REPLACE, NULL, program, sizeof program, 0, &c)
           == ERR_HANDLE);
    exit(0);
}

/* Somebody else connects first. */
static void connect(void)
{
    EXPECT(sys_connect(NOBODY) == ERR_EXISTS);
    exit(0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "wait"))
        wait_twice();
    if (argc > 1 && !strcmp(argv[1], "futex"))
        futex_wait(&never, 0, sys_clock() + 10000000);
    if (argc > 1 && !strcmp(argv[1], "blocks"))
        blocks();
    if (argc > 1 && !strcmp(argv[1], "serve"))
        return sys_close(SELF);
    if (argc > 1 && !strcmp(argv[1], "discard"))
        discard();
    if (argc > 1 && !strcmp(argv[1], "call"))
        call();
    if (argc > 1 && !strcmp(argv[1], "connect"))
        connect();
    return 1;
}
