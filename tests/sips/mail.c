/*
 * mail.c - one of two that send each other numbered messages of all sizes, at random, and receive
 * by polling, or waiting for, the handle or anything, while the end itself goes through another
 * channel now and then: every message comes once, whole and in order. Arguments: how many, a seed.
 */
#include "tests/sips/peer.h"

static uint32_t out[MSG_BYTES_MAX / 4], in[MSG_BYTES_MAX / 4];
static uint32_t peer = HANDLE_STDIO, seed, sent, received;

static uint32_t random_below(uint32_t n)
{
    return mix(++seed) % n;
}

/* Mostly what goes into a cache line or two, and so that both sides know it. */
static uint32_t size_of(uint32_t number)
{
    static const uint32_t most[] = { 13, 25, 29, 33, 200 };

    return mix(number + 99) % most[mix(number) % COUNT(most)] * 4;
}

static void send(void)
{
    uint32_t n = size_of(sent);
    struct msg m = { .data = ADDR(out), .len = n };
    int32_t r;

    for (uint32_t i = 0; i < n / 4; i++)
        out[i] = mix(sent * 256 + i);
    if ((r = sys_send(peer, ADDR(&m), SEND_NOWAIT)) == 0)
        sent++;
    else
        EXPECT(r == ERR_FULL);
}

static void check(const struct msg *m, int32_t r)
{
    EXPECT(m->kind == MSG_DATA && m->from == peer && m->token == 0 && m->nhandles == 0);
    EXPECT(r == (int32_t)size_of(received) && m->received == (uint32_t)r);
    for (uint32_t i = 0; i < (uint32_t)r / 4; i++)
        EXPECT(in[i] == mix(received * 256 + i));
    received++;
}

static bool receive(uint32_t h, int64_t deadline)
{
    bool small = random_below(20) == 0;
    struct msg m = { .buf = ADDR(in), .cap = small ? 8 : sizeof in };
    int32_t r = sys_wait(h, ADDR(&m), deadline);

    if (r == ERR_EMPTY || r == ERR_TIMEOUT)
        return false;
    if (r == ERR_TOO_BIG) {
        EXPECT(small && size_of(received) > 8);
        return false;
    }
    check(&m, r);
    return true;
}

static void poll(void)
{
    for (uint32_t i = random_below(200); i && !receive(peer, 0); i--)
        ;
}

/* The end goes away and comes back, with whatever is on its way to it. */
static void travel(void)
{
    struct msg m = { .nhandles = 1, .handle = { peer }, .buf = ADDR(in), .cap = sizeof in };
    uint32_t ends[2];

    EXPECT(sys_channel(ADDR(ends)) == 0);
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == 0);
    m.nhandles = 0;
    EXPECT(sys_wait(ends[1], ADDR(&m), FOREVER) == 0 && m.nhandles == 1);
    peer = m.handle[0];
    EXPECT(sys_close(ends[0]) == 0 && sys_close(ends[1]) == 0);
}

static void act(uint32_t all)
{
    switch (random_below(16)) {
    default:
        if (sent < all)
            send();
        return;
    case 0 ... 5:
        poll();
        return;
    case 6:
        receive(peer, sys_clock() + random_below(50000));
        return;
    case 7:
        receive(0, 0);
        return;
    case 8:
        receive(0, sys_clock() + random_below(50000));
        return;
    case 9:
        if (random_below(16) == 0)
            travel();
        return;
    }
}

int main(int argc, char **argv)
{
    uint32_t all = number_arg(argc, argv, 1, 1000);

    seed = number_arg(argc, argv, 2, 1) << 20;
    while (sent < all || received < all)
        act(all);
    return 0;
}
