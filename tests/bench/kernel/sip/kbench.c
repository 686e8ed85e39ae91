/*
 * kbench.c - the first program of `make bench-kernel`: what system calls, switches, messages and
 * starts cost, in picoseconds by the kernel's clock: the least of many batches. Its lines go to the
 * log: `kbench: NAME PICOSECONDS`.
 */
#include "sips/sip.h"
#include "iface/kernel_process.h"
#include "iface/kernel_system.h"
#include "iface/ping.h"

USE(IFACE_KERNEL_PROCESS, PROCESS, 2);
USE(IFACE_KERNEL_SYSTEM, SYSTEM, 3);
CHANNEL_OF(IFACE_PING, PING, 4);

#define BATCHES 50
#define BIG 4096u

static uint32_t peer;               /* our end of the channel to the partner */
static uint32_t bytes;
static char buf[MSG_BYTES_MAX] __attribute__((aligned(8)));

static void say(const char *name, uint64_t ps)
{
    static struct { uint32_t op; char text[100]; } q = { .op = KERNEL_SYSTEM_LOG_WRITE };
    int n = snprintf(q.text, sizeof q.text, "%s %llu", name, (unsigned long long)ps);

    chan_send(SYSTEM, &q, 4 + (uint32_t)n, 0);
}

static void measure(const char *name, void (*once)(void), uint32_t times)
{
    uint64_t best = UINT64_MAX;

    for (uint32_t b = 0; b < BATCHES; b++) {
        int64_t start = sys_clock(), ns;
        for (uint32_t i = 0; i < times; i++)
            once();
        ns = sys_clock() - start;
        if ((uint64_t)ns < best)
            best = (uint64_t)ns;
    }
    say(name, best * 1000 / times);
}

/* ---- what is measured ------------------------------------------------------------------------ */

/* A handle is looked up and refused: no system call does less that checks a right. */
static void null_call(void) { sys_close(200); }
static void clock_call(void) { sys_clock(); }
static void yield(void) { sys_yield(); }

static void call(void)
{
    static struct msg m = { .data = ADDR(buf), .buf = ADDR(buf), .cap = sizeof buf };

    m.len = bytes;
    if (sys_call(peer, ADDR(&m), FOREVER) != (int32_t)bytes)
        exit(1);
}

/* The same under a contract: operation, size and state are looked up, and the answer's. */
static void call_contract(void)
{
    *(uint32_t *)buf = PING_PING;
    call();
}

static void send_receive(void)
{
    struct msg m = { .data = ADDR(buf), .len = bytes, .buf = ADDR(buf), .cap = sizeof buf };

    if (sys_send(peer, ADDR(&m), 0) < 0 || sys_wait(peer, ADDR(&m), FOREVER) != (int32_t)bytes)
        exit(2);
}

/* Sixteen into the queue, sixteen back: one of them is a 32th of a round. */
static void batch(void)
{
    struct msg m = { .data = ADDR(buf), .len = bytes, .buf = ADDR(buf), .cap = sizeof buf };

    for (uint32_t i = 0; i < 16; i++)
        if (sys_send(peer, ADDR(&m), 0) < 0)
            exit(3);
    for (uint32_t i = 0; i < 16; i++)
        if (sys_wait(peer, ADDR(&m), FOREVER) != (int32_t)bytes)
            exit(4);
}

/* A block there and back, and a word of it used at both ends: two are handed over. */
static void hand_over(void)
{
    static uint32_t block, first;
    static struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };

    if (!block || block_size(block) != bytes) {
        sys_close(block);
        block = (uint32_t)sys_block(bytes);
        first = ADDR(block_at(block)) - block * BLOCK_MAX;
    }
    *(volatile uint32_t *)(uintptr_t)(first + block * BLOCK_MAX) = 1;
    m.handle[0] = block;
    m.nhandles = 1;
    if (sys_call(peer, ADDR(&m), FOREVER) < 0 || m.nhandles != 1)
        exit(8);
    block = m.handle[0];
    if (*(volatile uint32_t *)(uintptr_t)(first + block * BLOCK_MAX) != 2)
        exit(9);
}

static uint32_t start_program(const char *args, uint32_t n, uint32_t stdio)
{
    struct child c;

    if (spawn(PROCESS, args, n, stdio, &c) < 0)
        exit(5);
    return c.process;
}

static void live(void)
{
    struct { struct exit_info info; char rest[64]; } info;
    struct msg m = { 0 };
    uint32_t p = start_program("quit", sizeof "quit", 0);

    if (chan_wait(p, &m, &info, sizeof info, FOREVER) < 0 || m.kind != MSG_EXIT)
        exit(6);
    sys_close(p);
}

/* ---- with a partner -------------------------------------------------------------------------- */

/* The channel to the partner has the contract of `ping` if that is what is called. */
static void with(const char *args, uint32_t n, const char *name, void (*once)(void),
                 uint32_t size, uint32_t times)
{
    struct { struct exit_info info; char rest[64]; } info;
    uint32_t ends[2], p;
    struct msg m = { 0 };

    if ((once == call_contract ? sys_channel_of(PING, ADDR(ends)) : sys_channel(ADDR(ends))) < 0)
        exit(7);
    p = start_program(args, n, ends[0]);        /* the handler's */
    peer = ends[1];
    bytes = size;
    measure(name, once, times);
    sys_close(peer);
    while (chan_wait(p, &m, &info, sizeof info, FOREVER) == ERR_EMPTY)
        ;
    sys_close(p);
}

#define WITH(args, ...) with(args, sizeof (args), __VA_ARGS__)

int main(int argc, char **argv)
{
    uint32_t off = KERNEL_SYSTEM_POWEROFF;

    measure("null_call", null_call, 10000);
    measure("clock", clock_call, 10000);
    WITH("partner\0yield", "yield_pair", yield, 0, 2000);
    WITH("partner\0answer", "call_64", call, 64, 2000);
    WITH("partner\0ping", "call_64_contract", call_contract, 64, 2000);
    WITH("partner\0answer", "call_4096", call, BIG, 1000);
    WITH("partner\0echo", "queued_64", send_receive, 64, 2000);
    WITH("partner\0echo", "batch_64", batch, 64, 200);
    WITH("partner\0blocks", "block_4K", hand_over, 4096, 500);
    WITH("partner\0blocks", "block_64K", hand_over, 65536, 500);
    WITH("partner\0blocks", "block_1M", hand_over, 1 << 20, 500);
    WITH("partner\0blocks", "block_2M", hand_over, 2 << 20, 500);
    measure("spawn_run_exit", live, 20);
    chan_call(SYSTEM, &off, sizeof off, buf, sizeof buf);
}
