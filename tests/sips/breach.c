/*
 * breach.c - breaks each rule of test-b in turn: the right error, the right words, and in the end
 * the handler (test/strict) has received what was allowed and nothing else.
 */
#include "tests/sips/peer.h"
#include "iface/test_a.h"
#include "iface/test_b.h"

USE(IFACE_TEST_B, STRICT, 2);
CHANNEL_OF(IFACE_TEST_A, A, 3);

static uint32_t out[MSG_BYTES_MAX / 4], in[MSG_BYTES_MAX / 4];
static uint32_t allowed;        /* messages that the handler must have received */

static int32_t call(uint32_t op, uint32_t word, uint32_t bytes)
{
    out[0] = op;
    out[1] = word;
    in[1] = 0;
    allowed++;
    return chan_call(STRICT, out, bytes, in, sizeof in);
}

static int32_t send(uint32_t op, uint32_t word, uint32_t bytes)
{
    out[0] = op;
    out[1] = word;
    allowed++;
    return chan_send(STRICT, out, bytes, 0);
}

/* The last message was refused for this reason. */
static bool refused(int32_t r, int32_t rule, const char *words)
{
    allowed--;
    if (r != rule || !strstr(chan_why(), words)) {
        printf("%s: %s, not %s\n", error_text(r), chan_why(), words);
        return false;
    }
    return true;
}

static int32_t pass(uint32_t a, uint32_t b, uint32_t n)
{
    struct msg m = { .nhandles = n, .handle = { a, b, a, b } };

    out[0] = TEST_B_PASS;
    allowed++;
    return chan_call_msg(STRICT, &m, out, 4, in, sizeof in);
}

static void operations(void)
{
    EXPECT(refused(call(0, 0, 4), ERR_OPERATION, "test-b: there is no operation 0, but 1 to 9"));
    EXPECT(refused(call(10, 0, 4), ERR_OPERATION, "no operation 10"));
    EXPECT(refused(send(UINT32_MAX, 0, 4), ERR_OPERATION, "no operation 4294967295"));
    EXPECT(refused(call(TEST_B_COUNT, 0, 3), ERR_OPERATION, "no operation 0"));
    EXPECT(refused(send(TEST_B_COUNT, 0, 0), ERR_OPERATION, "no operation 0"));
    EXPECT(refused(send(TEST_B_COUNT, 0, 4), ERR_WAY, "count is the client's, with call"));
    EXPECT(refused(call(TEST_B_POKE, 0, 8), ERR_WAY, "poke is the client's, with send"));
    EXPECT(refused(send(TEST_B_TOLD, 0, 8), ERR_WAY, "told is the handler's, with send"));
    EXPECT(refused(call(TEST_B_TOLD, 0, 8), ERR_WAY, "told is the handler's, with send"));
}

static void order(void)
{
    EXPECT(refused(call(TEST_B_WRITE, 0, 8), ERR_ORDER,
                   "write is not allowed in state closed, but in opened"));
    EXPECT(call(TEST_B_OPEN, 3, 8) == ERR_FULL);
    EXPECT(refused(call(TEST_B_CLOSE, 0, 4), ERR_ORDER, "state closed"));
    EXPECT(call(TEST_B_OPEN, 2, 8) == 4);
    EXPECT(refused(call(TEST_B_OPEN, 2, 8), ERR_ORDER, "open is not allowed in state opened"));
    EXPECT(call(TEST_B_WRITE, 0, 4 + 100) == 8 && in[1] == 100);
    EXPECT(call(TEST_B_CLOSE, 0, 4) == 4);
    EXPECT(refused(call(TEST_B_WRITE, 0, 8), ERR_ORDER, "state closed"));
    EXPECT(call(TEST_B_OPEN, 4, 8) == 4);
}

static void sizes(void)
{
    EXPECT(refused(call(TEST_B_CLOSE, 0, 8), ERR_SIZE, "close has 4 bytes, not 8"));
    EXPECT(refused(call(TEST_B_BADLY, 0, 4), ERR_SIZE, "badly has 8 bytes, not 4"));
    EXPECT(call(TEST_B_WRITE, 0, 4) == 8 && in[1] == 0);
    EXPECT(call(TEST_B_WRITE, 0, MSG_BYTES_MAX) == 8 && in[1] == MSG_BYTES_MAX - 4);
    EXPECT(call(TEST_B_PAIRS, 0, 4) == 8 && in[1] == 0);
    EXPECT(call(TEST_B_PAIRS, 0, 4 + 24) == 8 && in[1] == 3);
    EXPECT(refused(call(TEST_B_PAIRS, 0, 4 + 20), ERR_SIZE, "pairs has 4 to 28 by 8 bytes"));
    EXPECT(refused(call(TEST_B_PAIRS, 0, 4 + 32), ERR_SIZE, "not 36"));
}

static void handles(void)
{
    uint32_t a[2], plain[2];

    EXPECT(sys_channel_of(A, ADDR(a)) == 0 && sys_channel(ADDR(plain)) == 0);
    EXPECT(sys_channel_of(HANDLE_STDIO, ADDR(in)) == ERR_HANDLE);
    EXPECT(refused(pass(0, 0, 0), ERR_HANDLE_COUNT, "pass has 1 to 2 handles, not 0"));
    EXPECT(refused(pass(plain[0], a[1], 2), ERR_HANDLE_KIND, "handle[0] has to be the client's"));
    EXPECT(refused(pass(a[0], plain[0], 2), ERR_HANDLE_KIND, "handle[0] has to be the client's"));
    EXPECT(refused(pass(STRICT, 0, 1), ERR_ARGUMENT, ""));
    EXPECT(pass(a[1], plain[0], 2) == 4);
    EXPECT(sys_close(a[1]) == ERR_HANDLE && sys_close(plain[0]) == ERR_HANDLE);
    EXPECT(sys_close(a[0]) == 0 && sys_close(plain[1]) == 0);
    EXPECT(sys_channel_of(A, ADDR(a)) == 0);
    EXPECT(pass(a[1], 0, 1) == 4);
    EXPECT(sys_close(a[0]) == 0);
    out[0] = TEST_B_COUNT;
    EXPECT(sys_channel(ADDR(plain)) == 0);
    struct msg m = { .nhandles = 1, .handle = { plain[0] } };
    EXPECT(chan_call_msg(STRICT, &m, out, 4, in, sizeof in) == ERR_HANDLE_COUNT);
    EXPECT(sys_close(plain[0]) == 0 && sys_close(plain[1]) == 0);
}

/* What the handler got for what it tried. */
static int32_t poked(uint32_t how)
{
    struct test_b_told_req told;
    struct msg m = { 0 };

    EXPECT(send(TEST_B_POKE, how, 8) == 0);
    EXPECT(chan_wait(STRICT, &m, &told, sizeof told, FOREVER) == sizeof told);
    EXPECT(m.kind == MSG_DATA && told.op == TEST_B_TOLD);
    return told.result;
}

static void other_end(void)
{
    static const int32_t answers[] = { ERR_SIZE, ERR_SIZE, ERR_SIZE, ERR_HANDLE_COUNT, ERR_SIZE,
                                       ERR_HANDLE_COUNT };

    EXPECT(poked(0) == 7 && poked(1) == 0);     /* two messages at the first: 7, then 0 */
    EXPECT(poked(2) == ERR_WAY && poked(3) == ERR_SIZE && poked(4) == ERR_WAY);
    EXPECT(poked(5) == ERR_OPERATION && poked(6) == ERR_HANDLE_COUNT);
    for (uint32_t i = 0; i < COUNT(answers); i++)
        EXPECT(call(TEST_B_BADLY, i, 8) == 8 && (int32_t)in[1] == answers[i]);
}

/* A call that is not answered leaves the session where the interface says. */
static void unanswered(void)
{
    struct msg m = { .data = ADDR(out), .len = 8 };

    EXPECT(call(TEST_B_CLOSE, 0, 4) == 4);
    out[0] = TEST_B_OPEN;
    out[1] = 100;
    allowed++;
    EXPECT(sys_call(STRICT, ADDR(&m), sys_clock() + 5 * MS) == ERR_TIMEOUT);
    EXPECT(refused(call(TEST_B_OPEN, 2, 8), ERR_ORDER, "state opening, but in closed"));
    EXPECT(refused(call(TEST_B_CLOSE, 0, 4), ERR_ORDER, "state opening, but in opened"));
}

int main(int argc, char **argv)
{
    EXPECT(call(TEST_B_COUNT, 0, 4) == 8 && in[1] == 1);
    EXPECT(!chan_why()[0]);
    operations();
    order();
    sizes();
    handles();
    other_end();
    unanswered();
    EXPECT(call(TEST_B_COUNT, 0, 4) == 8 && in[1] == allowed);
    EXPECT(sys_close(STRICT) == 0);
    return 0;
}
