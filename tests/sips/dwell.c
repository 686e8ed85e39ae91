/*
 * dwell.c - what tests/kernel/races.c lets a CPU stay in the middle of. The argument says what.
 */
#include "sips/thread.h"
#include "tests/sips/peer.h"
#include "iface/test_a.h"

SERVE(IFACE_TEST_A, SELF, 9);

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
    return 1;
}
