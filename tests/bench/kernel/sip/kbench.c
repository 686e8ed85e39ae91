/*
 * kbench.c - the first program of `make bench-kernel`: what system calls, switches, messages and
 * starts cost on one CPU.
 */
#include "tests/bench/kernel/sip/measure.h"
#include "iface/ping.h"

CHANNEL_OF(IFACE_PING, PING, 4);

#define BIG 4096u

static uint32_t peer;               /* our end of the channel to the partner */
static uint32_t bytes;
static char buf[MSG_BYTES_MAX] __attribute__((aligned(64)));

/* One after the other: the loop around them, and a return that is mispredicted after a switch, are
 * not theirs. */
#define EIGHT(x) { x; x; x; x; x; x; x; x; }

/* ---- what is measured ------------------------------------------------------------------------ */

/* A handle is looked up and refused: no system call does less that checks a right. */
static void null_call(void) { EIGHT(sys_close(200)) }
static void clock_call(void) { EIGHT(sys_clock()) }
static void yield(void) { EIGHT(sys_yield()) }

static inline void one_call(void)
{
    static struct msg m = { .data = ADDR(buf), .buf = ADDR(buf), .cap = sizeof buf };

    m.len = bytes;
    if (sys_call(peer, ADDR(&m), FOREVER) != (int32_t)bytes)
        exit(1);
}

static void call(void) { EIGHT(one_call()) }

/* The same under a contract: operation, size and state are looked up, and the answer's. */
static void call_contract(void)
{
    EIGHT(*(uint32_t *)buf = PING_PING; one_call())
}

static inline void one_there_and_back(void)
{
    static struct msg m = { .data = ADDR(buf), .buf = ADDR(buf), .cap = sizeof buf };

    m.len = bytes;
    if (sys_send(peer, ADDR(&m), 0) < 0 || sys_wait(peer, ADDR(&m), FOREVER) != (int32_t)bytes)
        exit(2);
}

static void send_receive(void) { EIGHT(one_there_and_back()) }

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

static void live(void)
{
    end_program(start_program("quit", sizeof "quit", 0));
}

static void live_64K(void)
{
    end_program(start_program("quit64", sizeof "quit64", 0));
}

/* ---- a ring ---------------------------------------------------------------------------------- */

#define RING 256u

static uint32_t ring_in, ring_out;

/* Once around. */
static void around(void)
{
    struct msg m = { .data = ADDR(buf), .len = 8, .buf = ADDR(buf), .cap = sizeof buf };

    if (sys_send(ring_out, ADDR(&m), 0) < 0 || sys_wait(ring_in, ADDR(&m), FOREVER) != 8)
        exit(10);
}

/*
 * So many SIPs, this one counted, each with a channel to the next; the price of a hop. A member is
 * handed its way out in a message, and hands on what comes when it has one.
 */
static void ring(const char *name, uint32_t n, uint32_t times)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf }, way = { .nhandles = 1 };
    uint32_t ends[2];

    for (uint32_t i = 0; i < n; i++) {
        if (sys_channel(ADDR(ends)) < 0)
            exit(11);
        way.handle[0] = ends[1];
        if (i && sys_send(ring_out, ADDR(&way), 0) < 0)
            exit(12);
        ring_out = i ? ring_out : ends[1];
        ring_in = ends[0];
        if (i + 1 < n)
            sys_close(start_program("partner\0ring", sizeof "partner\0ring", ends[0]));
    }
    measure(name, around, times);
    sys_close(ring_out);
    if (sys_wait(ring_in, ADDR(&m), FOREVER) < 0 || m.kind != MSG_CLOSED)
        exit(13);
    sys_close(ring_in);
}

/* ---- with a partner -------------------------------------------------------------------------- */

/* The channel to the partner has the contract of `ping` if that is what is called. */
static void with(const char *args, uint32_t n, const char *name, void (*once)(void),
                 uint32_t size, uint32_t times)
{
    uint32_t ends[2], p;

    if ((once == call_contract ? sys_channel_of(PING, ADDR(ends)) : sys_channel(ADDR(ends))) < 0)
        exit(7);
    p = start_program(args, n, ends[0]);        /* the handler's */
    peer = ends[1];
    bytes = size;
    measure(name, once, times);
    sys_close(peer);
    end_program(p);
}

#define WITH(args, ...) with(args, sizeof (args), __VA_ARGS__)

int main(int argc, char **argv)
{
    measure("null_call", null_call, 1250);
    measure("clock", clock_call, 1250);
    WITH("partner\0yield", "yield_pair", yield, 0, 250);
    WITH("partner\0answer", "call_64", call, 64, 250);
    WITH("partner\0ping", "call_64_contract", call_contract, 64, 250);
    WITH("partner\0answer", "call_4096", call, BIG, 125);
    WITH("partner\0echo", "queued_64", send_receive, 64, 250);
    WITH("partner\0echo", "batch_64", batch, 64, 200);
    WITH("partner\0blocks", "block_4K", hand_over, 4096, 500);
    WITH("partner\0blocks", "block_64K", hand_over, 65536, 500);
    WITH("partner\0blocks", "block_1M", hand_over, 1 << 20, 500);
    WITH("partner\0blocks", "block_2M", hand_over, 2 << 20, 500);
    measure("spawn_4K", live, 20);
    measure("spawn_64K", live_64K, 20);
    ring("ring_2", 2, 1000);
    ring("ring_256", RING, 10);
    power_off();
}
