/*
 * victim.c - `victim WHAT` does one thing until it is killed. Handle 1 is a channel whose other end
 * takes nothing.
 */
#include "sips/thread.h"
#include "tests/sips/peer.h"
#include "tests/sips/stay.h"
#include "iface/kernel_process.h"

USE(IFACE_KERNEL_PROCESS, PROCESS, 2);

#define MIB (1u << 20)
#define BIG (64 * MIB)
#define THREADS 200u

static char small[2048];
static uint32_t never;
static struct thread threads[THREADS];

/* So many bytes behind all others. */
static char *more(uint32_t bytes)
{
    size_t page = __builtin_wasm_memory_grow(0, bytes / 65536);

    EXPECT(page != (size_t)-1);
    return (char *)(page * 65536);
}

static void spin(void)
{
    for (volatile uint32_t n = 0; ; n++)
        ;
}

static void fill(void)
{
    char *p = more(BIG);

    for (int i = 1; ; i++)
        memset(p, i, BIG);
}

static void copy(void)
{
    char *p = more(BIG);

    for (uint32_t i = 0; ; i++)
        memmove(p + (i & 1), p + (~i & 1), BIG - 1);
}

static void fault(void)
{
    char *p = more(200 * MIB);

    for (uint32_t i = 0; ; i++)
        p[i % (200 * MIB / 4096) * 4096]++;
}

static void grow(void)
{
    while (__builtin_wasm_memory_grow(0, 1) != (size_t)-1)
        ;
    spin();
}

static void send(void)
{
    for (;;)
        chan_send(HANDLE_STDIO, small, sizeof small, 0);
}

/* Sends to itself what it takes out again. */
static void messages(void)
{
    uint32_t end[2];
    struct msg m = { 0 };

    EXPECT(sys_channel(ADDR(end)) == 0);
    for (uint32_t i = 0; ; i++) {
        EXPECT(chan_send(end[0], small, i % sizeof small, 0) == 0);
        EXPECT(chan_wait(end[1], &m, small, sizeof small, FOREVER) >= 0);
    }
}

/* All the handles that it may have, each channel with something in its queue. */
static void handles(void)
{
    uint32_t end[2];

    while (sys_channel(ADDR(end)) == 0)
        for (uint32_t i = 0; i < 8; i++)
            chan_send(end[0], small, sizeof small, SEND_NOWAIT);
    sys_sleep(FOREVER);
}

/* Blocks of all sizes with all their pages, half of them in a queue. */
static void blocks(void)
{
    uint32_t end[2], size = BLOCK_MIN;
    int32_t h;

    EXPECT(sys_channel(ADDR(end)) == 0);
    while ((h = sys_block(size)) > 0) {
        struct msg m = { .data = ADDR(small), .len = 1, .nhandles = 1, .handle = { (uint32_t)h } };
        block_fill(block_at((uint32_t)h), 1, size);
        if (size > 65536)
            sys_send(end[0], ADDR(&m), SEND_NOWAIT);
        size = size == BLOCK_MAX ? BLOCK_MIN : size * 2;
    }
    sys_sleep(FOREVER);
}

static void start_others(void)
{
    static const char args[] = "test/threads\0count";
    struct child child;

    for (;;)
        if (spawn(PROCESS, args, sizeof args, 0, &child) == 0)
            sys_close(child.process);
}

static void live(void *arg)
{
    stay((uint32_t)(uintptr_t)arg);
    exit(__LINE__);
}

static void many_threads(void)
{
    for (uint32_t i = 0; i < THREADS; i++)
        EXPECT(thread_create(&threads[i], live, (void *)(uintptr_t)i, 256) > 0);
    sys_sleep(FOREVER);
}

/* A bit of everything, round and round. */
static void mix_all(void)
{
    char *p = more(MIB);
    struct msg m = { 0 };
    uint32_t end[2];

    for (int i = 0; ; i++) {
        memset(p, i, MIB / 2);
        memmove(p + 1, p, 1000);
        EXPECT(sys_channel(ADDR(end)) == 0);
        chan_send(end[0], small, 100, 0);
        chan_wait(end[1], &m, small, sizeof small, FOREVER);
        sys_close(end[0]);
        sys_close(end[1]);
        sys_sleep(sys_clock() + 1000);
        futex_wait(&never, 0, sys_clock() + 1000);
        EXPECT(thread_create(&threads[0], live, (void *)4, 0) > 0);
        EXPECT(sys_block(BLOCK_MIN) > 0 || i > 20);
        sys_yield();
    }
}

static void sleep(void) { sys_sleep(FOREVER); }
static void futex(void) { futex_wait(&never, 0, FOREVER); }
static void call(void) { chan_call(HANDLE_STDIO, small, 4, small, 4); }
static void wait(void) { struct msg m = { 0 }; sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER); }
static void yield(void) { for (;;) sys_yield(); }

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*run)(void); } table[] = {
        { "spin", spin }, { "fill", fill }, { "copy", copy }, { "fault", fault }, { "grow", grow },
        { "send", send }, { "messages", messages }, { "handles", handles }, { "blocks", blocks },
        { "start", start_others }, { "threads", many_threads }, { "mix", mix_all },
        { "sleep", sleep }, { "futex", futex }, { "call", call }, { "wait", wait },
        { "yield", yield },
    };

    for (uint32_t i = 0; i < COUNT(table); i++)
        if (argc > 1 && !strcmp(argv[1], table[i].name))
            table[i].run();
    return 1;
}
