/*
 * handles.c - messages that carry handles: they move, come back on failure, cannot be inside
 * themselves, and closing one end tells the other once. `handles leak` leaves as much behind as it
 * can.
 */
#include "tests/sips/peer.h"

static char buf[256];

static void make(uint32_t ends[2])
{
    EXPECT(sys_channel(ADDR(ends)) == 0);
}

static int32_t pass(uint32_t through, uint32_t h)
{
    struct msg m = { .data = ADDR("x"), .len = 1, .nhandles = 1, .handle = { h } };
    return sys_send(through, ADDR(&m), SEND_NOWAIT);
}

static int32_t receive(uint32_t h, struct msg *m)
{
    *m = (struct msg){ .buf = ADDR(buf), .cap = sizeof buf };
    return sys_wait(h, ADDR(m), 0);
}

static void moving(void)
{
    uint32_t a[2], b[2], got;
    struct msg m;

    make(a);
    make(b);
    EXPECT(chan_send(b[0], "early", 5, 0) == 0);
    EXPECT(pass(a[0], b[1]) == 0);
    EXPECT(sys_close(b[1]) == ERR_HANDLE);
    EXPECT(chan_send(b[0], "late", 4, 0) == 0);
    EXPECT(receive(a[1], &m) == 1 && m.nhandles == 1 && m.from == a[1] && m.kind == MSG_DATA);
    got = m.handle[0];
    EXPECT(receive(0, &m) == 5 && m.from == got && !memcmp(buf, "early", 5));
    EXPECT(receive(got, &m) == 4 && !memcmp(buf, "late", 4));
    EXPECT(receive(got, &m) == ERR_EMPTY);
    EXPECT(sys_close(b[0]) == 0);
    EXPECT(receive(0, &m) == 0 && m.from == got && m.kind == MSG_CLOSED);
    EXPECT(receive(got, &m) == ERR_PEER && receive(0, &m) == ERR_EMPTY);
    EXPECT(pass(got, a[0]) == ERR_PEER);
    EXPECT(sys_close(got) == 0 && sys_close(a[0]) == 0 && sys_close(a[1]) == 0);
}

/* An endpoint that holds handles in its queue cannot itself be passed on. */
static void no_cycles(void)
{
    uint32_t a[2], b[2];
    struct msg m;

    make(a);
    make(b);
    EXPECT(pass(a[0], b[1]) == 0);
    EXPECT(pass(b[0], a[1]) == ERR_BUSY);
    EXPECT(receive(a[1], &m) == 1);
    EXPECT(pass(m.handle[0], a[1]) == 0);
    EXPECT(sys_close(a[0]) == 0 && sys_close(b[0]) == 0 && sys_close(m.handle[0]) == 0);
}

static void full(void)
{
    uint32_t a[2], n = 0;
    struct msg m;
    int32_t r;

    make(a);
    while ((r = chan_send(a[0], buf, 16, SEND_NOWAIT)) == 0)
        n++;
    EXPECT(r == ERR_FULL && n == QUEUE_MSGS);
    EXPECT(receive(a[1], &m) == 16);
    EXPECT(chan_send(a[0], buf, 16, 0) == 0);
    while (receive(a[1], &m) == 16)
        n--;
    EXPECT(n == 0);
    m = (struct msg){ .data = ADDR(buf), .len = 1 };
    EXPECT(sys_call(a[0], ADDR(&m), sys_clock() + 5 * MS) == ERR_TIMEOUT);
    EXPECT(receive(a[1], &m) == 1 && m.kind == MSG_CALL);
    EXPECT(chan_answer(&m, "late", 4, NULL, 0) == ERR_PEER);
    m = (struct msg){ .buf = ADDR(buf), .cap = 4 };
    EXPECT(chan_send(a[0], buf, 5, 0) == 0);
    EXPECT(sys_wait(a[1], ADDR(&m), 0) == ERR_TOO_BIG && m.received == 5 && m.from == a[1]);
    EXPECT(receive(0, &m) == 5);
    EXPECT(sys_close(a[0]) == 0 && sys_close(a[1]) == 0);
}

/* Handles and channels are limited; at the limit nothing is lost. */
static void limits(void)
{
    uint32_t a[2], n = 0, list[256], out[2];
    int32_t r;

    make(a);
    while ((r = sys_channel(ADDR(out))) == 0) {
        list[n++] = out[0];
        list[n++] = out[1];
    }
    EXPECT(r == ERR_LIMIT && n > 200);
    while (n)
        EXPECT(sys_close(list[--n]) == 0);
    EXPECT(sys_close(a[0]) == 0 && sys_close(a[1]) == 0);
}

/* What one program can leave in queues altogether is limited, before the system's memory is. */
static void much(void)
{
    static uint8_t page[MSG_BYTES_MAX];
    uint32_t ends[120][2], n = 0, sent = 0;
    int32_t r = 0;

    for (; n < 120 && r != ERR_LIMIT; n++) {
        make(ends[n]);
        while ((r = chan_send(ends[n][0], page, sizeof page, SEND_NOWAIT)) == 0)
            sent++;
        EXPECT(r == ERR_FULL || r == ERR_LIMIT);
    }
    EXPECT(r == ERR_LIMIT && sent > 400 && sent < 520);
    while (n--)
        EXPECT(sys_close(ends[n][0]) == 0 && sys_close(ends[n][1]) == 0);
}

/* A chain of channels inside messages, each inside the next, as long as it is allowed. */
static void leak(void)
{
    uint32_t first[2], end, n = 0, next[2];

    make(first);
    end = first[0];
    while (sys_channel(ADDR(next)) == 0) {
        chan_send(next[0], buf, sizeof buf, SEND_NOWAIT);
        if (pass(end, next[1]) != 0)
            break;
        if (end != first[0])
            sys_close(end);
        end = next[0];
        n++;
    }
    exit(n > 100 ? 0 : 1);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "leak"))
        leak();
    moving();
    no_cycles();
    full();
    limits();
    much();
    return 0;
}
