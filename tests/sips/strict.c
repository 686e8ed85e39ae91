/*
 * strict.c - handles test-b, and tries in its turn what a handler may not send or answer: poke and
 * badly tell the client which error the kernel gave for it.
 */
#include "tests/sips/peer.h"
#include "iface/test_b.h"

SERVE(IFACE_TEST_B, CLIENTS, 2);

static union { uint32_t op; uint32_t word[MSG_BYTES_MAX / 4]; } in;
static uint32_t received;

static int32_t try(const struct msg *m, uint32_t how)
{
    struct { uint32_t op, a, b; } q = { TEST_B_TOLD, 7, 0 };
    struct msg call = { .data = ADDR(&q), .len = 8 };
    uint32_t ends[2];

    switch (how) {
    case 0:
        return chan_send(m->from, &q, 8, 0);
    case 1:
        q.op = TEST_B_OPEN;
        return chan_send(m->from, &q, 8, 0);
    case 2:
        return chan_send(m->from, &q, 12, 0);
    case 3:
        return sys_call(m->from, ADDR(&call), 0);
    case 4:
        q.op = 99;
        return chan_send(m->from, &q, 8, 0);
    default:
        EXPECT(sys_channel(ADDR(ends)) == 0);
        call.nhandles = 1;
        call.handle[0] = ends[0];
        how = (uint32_t)sys_send(m->from, ADDR(&call), 0);
        EXPECT(sys_close(ends[0]) == 0 && sys_close(ends[1]) == 0);
        return (int32_t)how;
    }
}

static void poke(const struct msg *m)
{
    struct test_b_told_req told = { TEST_B_TOLD, try(m, in.word[1]) };

    EXPECT(chan_send(m->from, &told, sizeof told, 0) == 0);
}

/* Answers as it must not; what counts is that it may answer again. */
static void badly(const struct msg *m)
{
    static const uint32_t bytes[] = { 0, 4, 12, 8, 6, 8 };
    int32_t answer[3] = { 0 }, r;
    uint32_t how = in.word[1] % COUNT(bytes), ends[2], h = how == 3 || how == 5;

    EXPECT(sys_channel(ADDR(ends)) == 0);
    answer[0] = how >= 4 ? ERR_FULL : 0;
    r = chan_answer(m, answer, bytes[how], ends, h);
    answer[0] = 0;
    answer[1] = r;
    EXPECT(chan_answer(m, answer, 8, NULL, 0) == 0);
    EXPECT(chan_answer(m, answer, 8, NULL, 0) == ERR_TOKEN);
    EXPECT(sys_close(ends[0]) == 0 && sys_close(ends[1]) == 0);
}

static void request(const struct msg *m)
{
    uint32_t ans[2] = { 0, 0 };

    switch (in.op) {
    case TEST_B_OPEN:
        if (in.word[1] != 100)      /* that is never answered */
            chan_answer_status(m, in.word[1] % 2 ? ERR_FULL : 0);
        return;
    case TEST_B_PASS:
        for (uint32_t i = 0; i < m->nhandles; i++)
            sys_close(m->handle[i]);
        /* fallthrough */
    case TEST_B_CLOSE:
        chan_answer_status(m, 0);
        return;
    case TEST_B_WRITE:
        ans[1] = m->received - 4;
        break;
    case TEST_B_PAIRS:
        ans[1] = (m->received - 4) / sizeof(struct test_b_pair);
        break;
    case TEST_B_POKE:
        poke(m);
        return;
    case TEST_B_BADLY:
        badly(m);
        return;
    case TEST_B_COUNT:
        ans[1] = received;
    }
    chan_answer(m, ans, sizeof ans, NULL, 0);
}

int main(int argc, char **argv)
{
    struct msg m = { 0 };

    for (;;) {
        EXPECT(chan_wait(0, &m, &in, sizeof in, FOREVER) >= 0);
        if (m.kind == MSG_CLOSED)
            return 0;
        if (m.kind != MSG_DATA && m.kind != MSG_CALL)
            continue;
        received++;
        EXPECT(in.op >= 1 && in.op <= TEST_B_COUNT && in.op != TEST_B_TOLD);
        request(&m);
    }
}
