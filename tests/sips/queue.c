/*
 * queue.c - messages that wait in a queue, both ends in one program's hands: order, contents and
 * limits against a model, with sizes and handles at random; and what else a receiver may find.
 */
#include "tests/sips/peer.h"
#include "iface/test_b.h"

CHANNEL_OF(IFACE_TEST_B, STRICT, 2);

#define ROUNDS 60000u
#define CHANNELS 3u

static uint32_t out[MSG_BYTES_MAX / 4], in[MSG_BYTES_MAX / 4];

static struct queue {
    uint32_t ends[2], sent, received, bytes, held;
    uint32_t size[QUEUE_MSGS];
    bool handle[QUEUE_MSGS];
} queues[CHANNELS];

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    return mix(++seed) % n;
}

static uint32_t word_of(const struct queue *q, uint32_t number, uint32_t i)
{
    return mix(number * 3 + (uint32_t)(q - queues) + i * 77777);
}

/* Mostly small, sometimes what hardly fits. */
static uint32_t any_size(void)
{
    static const uint32_t most[] = { 4, 64, 64, 64, 128, 1024, MSG_BYTES_MAX };

    return random_below(most[random_below(COUNT(most))] / 4 + 1) * 4;
}

static void send(struct queue *q)
{
    uint32_t n = any_size(), ends[2], count = q->sent - q->received;
    struct msg m = { .data = ADDR(out), .len = n };
    bool handle = random_below(8) == 0;

    for (uint32_t i = 0; i < n / 4; i++)
        out[i] = word_of(q, q->sent, i);
    if (handle) {
        EXPECT(sys_channel(ADDR(ends)) == 0);
        m.nhandles = 1;
        m.handle[0] = ends[0];
    }
    if (sys_send(q->ends[0], ADDR(&m), SEND_NOWAIT) == 0) {
        EXPECT(count < QUEUE_MSGS && q->bytes + n <= QUEUE_BYTES);
        q->size[q->sent % QUEUE_MSGS] = n;
        q->handle[q->sent++ % QUEUE_MSGS] = handle;
        q->bytes += n;
    } else {
        EXPECT(count == QUEUE_MSGS || q->bytes + n > QUEUE_BYTES);
        EXPECT(!handle || sys_close(ends[0]) == 0);
    }
    EXPECT(!handle || sys_close(ends[1]) == 0);
}

static void check(struct queue *q, const struct msg *m, int32_t r)
{
    uint32_t n = q->size[q->received % QUEUE_MSGS];

    EXPECT(r == (int32_t)n && m->received == n && m->kind == MSG_DATA && m->token == 0);
    for (uint32_t i = 0; i < n / 4; i++)
        EXPECT(in[i] == word_of(q, q->received, i));
    EXPECT(m->nhandles == q->handle[q->received % QUEUE_MSGS]);
    EXPECT(!m->nhandles || sys_close(m->handle[0]) == 0);
    q->bytes -= n;
    q->received++;
}

static struct queue *queue_of(uint32_t h)
{
    for (uint32_t i = 0; i < CHANNELS; i++)
        if (queues[i].ends[1] == h)
            return &queues[i];
    exit(__LINE__);
}

/* From one, or from whichever is first; with a buffer that is too small now and then. */
static void receive(struct queue *q)
{
    bool any = random_below(2), small = random_below(10) == 0;
    struct msg m = { .buf = ADDR(in), .cap = small ? 32 : sizeof in };
    int64_t deadline = random_below(2) ? 0 : sys_clock() + 1000000;
    int32_t r;

    if (!any && q->sent == q->received)
        deadline = 0;
    r = sys_wait(any ? 0 : q->ends[1], ADDR(&m), deadline);
    if (r == ERR_EMPTY || r == ERR_TIMEOUT) {
        for (uint32_t i = 0; i < CHANNELS; i++)
            EXPECT((!any && q != &queues[i]) || queues[i].sent == queues[i].received);
        return;
    }
    q = queue_of(m.from);
    EXPECT(q->sent != q->received);
    if (r == ERR_TOO_BIG) {
        EXPECT(small && m.received == q->size[q->received % QUEUE_MSGS] && m.received > 32);
        m = (struct msg){ .buf = ADDR(in), .cap = sizeof in };
        r = sys_wait(q->ends[1], ADDR(&m), FOREVER);
    }
    check(q, &m, r);
}

static void against_model(void)
{
    for (uint32_t i = 0; i < CHANNELS; i++)
        EXPECT(sys_channel(ADDR(queues[i].ends)) == 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        /* now more are sent than received, now fewer */
        if (random_below(16) < (i / 1000 % 2 ? 10u : 6u))
            send(&queues[random_below(CHANNELS)]);
        else
            receive(&queues[random_below(CHANNELS)]);
    }
}

/* What was sent before the end is received before it is told; then the end, once. */
static void closed(void)
{
    struct queue *q = &queues[0];
    struct msg m;

    send(q);
    EXPECT(sys_close(q->ends[0]) == 0);
    while (q->received != q->sent) {
        m = (struct msg){ .buf = ADDR(in), .cap = sizeof in };
        check(q, &m, sys_wait(q->ends[1], ADDR(&m), FOREVER));
    }
    m = (struct msg){ .buf = ADDR(in), .cap = sizeof in };
    EXPECT(sys_wait(q->ends[1], ADDR(&m), FOREVER) == 0 && m.kind == MSG_CLOSED);
    EXPECT(sys_wait(q->ends[1], ADDR(&m), FOREVER) == ERR_PEER);
    EXPECT(chan_send(q->ends[1], out, 4, 0) == ERR_PEER);
}

/* Whoever waits for anything gets from each in turn. */
static void in_turn(void)
{
    struct queue *a = &queues[1], *b = &queues[2];
    uint32_t last = 0;

    while (a->sent - a->received < 8)
        send(a);
    while (b->sent - b->received < 8)
        send(b);
    for (uint32_t i = 0; i < 16; i++) {
        struct msg m = { .buf = ADDR(in), .cap = sizeof in };
        int32_t r = sys_wait(0, ADDR(&m), FOREVER);
        EXPECT(m.from != last);
        last = m.from;
        check(queue_of(last), &m, r);
    }
}

static int32_t sent(uint32_t h, uint32_t op, uint32_t bytes)
{
    out[0] = op;
    out[1] = 7;
    return chan_send(h, out, bytes, SEND_NOWAIT);
}

/* What a contract refuses is not in the queue. */
static void refused(void)
{
    struct msg m = { .buf = ADDR(in), .cap = sizeof in };
    uint32_t ends[2];

    EXPECT(sys_channel_of(STRICT, ADDR(ends)) == 0);
    for (uint32_t i = 0; i < 2 * QUEUE_MSGS; i++) {
        EXPECT(sent(ends[1], TEST_B_POKE, 12) == ERR_SIZE);
        EXPECT(sent(ends[1], TEST_B_POKE, 8) == 0);
        EXPECT(sent(ends[1], TEST_B_OPEN, 8) == ERR_WAY);
        EXPECT(sent(ends[1], 99, 8) == ERR_OPERATION && sent(ends[1], 99, 0) == ERR_OPERATION);
        EXPECT(sent(ends[0], TEST_B_POKE, 8) == ERR_WAY);
        EXPECT(sent(ends[0], TEST_B_TOLD, 8) == 0);
        for (uint32_t end = 0; end < 2; end++) {
            EXPECT(sys_wait(ends[end], ADDR(&m), 0) == 8 && in[1] == 7);
            EXPECT(in[0] == (end ? TEST_B_TOLD : TEST_B_POKE));
            EXPECT(sys_wait(ends[end], ADDR(&m), 0) == ERR_EMPTY);
        }
    }
}

int main(int argc, char **argv)
{
    refused();
    against_model();
    closed();
    in_turn();
    return 0;
}
