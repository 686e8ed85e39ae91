/*
 * blocks.c - memory that is handed on. Alone: made, moved through a channel of its own, limits, and
 * every wrong use that is refused. `blocks give` and `blocks take`, at the two ends of a channel,
 * hand blocks of all sizes to each other; `blocks give-up N` and `blocks discard N` are a caller
 * who does not take the answer, with a block in it, and who answers. `blocks trap HOW` touches what
 * is not or no more its own; `blocks leave HOW` ends with as many as it can, its own and in queues.
 */
#include "tests/sips/peer.h"

static char buf[256];

static uint32_t make(uint32_t bytes)
{
    int32_t h = sys_block(bytes);

    EXPECT(h > 1);
    return (uint32_t)h;
}

static int32_t pass(uint32_t through, uint32_t h)
{
    struct msg m = { .data = ADDR("x"), .len = 1, .nhandles = 1, .handle = { h } };
    return sys_send(through, ADDR(&m), SEND_NOWAIT);
}

static uint32_t receive(uint32_t h)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };

    EXPECT(sys_wait(h, ADDR(&m), FOREVER) == 1 && m.nhandles == 1);
    return m.handle[0];
}

/* A word in each 512 bytes, that depends on its place. */
static void fill(uint32_t h, uint32_t seed)
{
    volatile uint32_t *p = block_at(h);

    for (uint32_t i = 0; i < block_size(h) / 4; i += 128)
        p[i] = mix(seed + i);
    p[block_size(h) / 4 - 1] = seed;
}

static bool filled(uint32_t h, uint32_t seed)
{
    const volatile uint32_t *p = block_at(h);

    for (uint32_t i = 0; i < block_size(h) / 4; i += 128)
        if (p[i] != mix(seed + i))
            return false;
    return p[block_size(h) / 4 - 1] == seed;
}

/* ---- alone ----------------------------------------------------------------------------------- */

static void sizes(void)
{
    static const uint32_t ask[] = { 1, 4096, 4097, 100000, 1 << 20, (1 << 20) + 1, BLOCK_MAX };
    static const uint32_t get[] = { 4096, 4096, 8192, 131072, 1 << 20, BLOCK_MAX, BLOCK_MAX };
    uint32_t h[COUNT(ask)];

    EXPECT(sys_block(0) == ERR_ARGUMENT && sys_block(BLOCK_MAX + 1) == ERR_ARGUMENT);
    EXPECT(sys_block(UINT32_MAX) == ERR_ARGUMENT && sys_block(1u << 31) == ERR_ARGUMENT);
    for (uint32_t i = 0; i < COUNT(ask); i++) {
        h[i] = make(ask[i]);
        EXPECT(block_size(h[i]) == get[i] && ADDR(block_at(h[i])) % 4096 == 0);
        EXPECT(ADDR(block_at(h[i])) - ADDR(block_at(h[0])) == (h[i] - h[0]) * BLOCK_MAX);
        for (uint32_t at = 0; at < get[i]; at += 1000)
            EXPECT(((volatile uint8_t *)block_at(h[i]))[at] == 0);
        fill(h[i], i);
    }
    for (uint32_t i = 0; i < COUNT(ask); i++) {
        EXPECT(filled(h[i], i));
        EXPECT(sys_close(h[i]) == 0 && sys_close(h[i]) == ERR_HANDLE && !block_at(h[i]));
    }
}

static void copies(void)
{
    uint32_t h = make(4096);
    char *p = block_at(h);

    block_copy(p + 1, "some words that are copied", 27);
    memset(buf, 0, sizeof buf);
    block_copy(buf + 3, p + 1, 27);
    EXPECT(!strcmp(buf + 3, "some words that are copied"));
    block_fill(p + 5, 0x5a, 4091);
    EXPECT(p[4] == 'e' && p[5] == 0x5a && p[4095] == 0x5a);
    EXPECT(sys_close(h) == 0);
}

/* The kernel neither reads nor writes there, and a block is no channel. */
static void wrong_uses(void)
{
    uint32_t h = make(8192), at = ADDR(block_at(h)), ends[2];
    struct msg m = { .data = at, .len = 4, .buf = ADDR(buf), .cap = 4 };

    EXPECT(sys_channel(ADDR(ends)) == 0);
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == ERR_MEMORY);
    EXPECT(sys_send(ends[0], at, 0) == ERR_MEMORY && sys_wait(ends[1], at, 0) == ERR_MEMORY);
    m = (struct msg){ .buf = at, .cap = 64 };
    EXPECT(sys_wait(ends[1], ADDR(&m), 0) == ERR_MEMORY);
    EXPECT(sys_info(h, at) == ERR_MEMORY && sys_channel(at) == ERR_MEMORY);
    EXPECT(sys_args(at, 64) == ERR_MEMORY && sys_why(at, 64) == ERR_MEMORY);
    m = (struct msg){ .buf = ADDR(buf), .cap = sizeof buf };
    EXPECT(sys_wait(h, ADDR(&m), 0) == ERR_HANDLE && sys_wait(h, ADDR(&m), FOREVER) == ERR_HANDLE);
    EXPECT(sys_send(h, ADDR(&m), 0) == ERR_HANDLE && sys_call(h, ADDR(&m), 0) == ERR_HANDLE);
    EXPECT(sys_connect(h) == ERR_HANDLE && pass(h, h) == ERR_HANDLE);
    m = (struct msg){ .nhandles = 2, .handle = { h, h } };
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == ERR_ARGUMENT);
    m.handle[1] = 200;
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == ERR_HANDLE);
    fill(h, 1);
    EXPECT(filled(h, 1));
    EXPECT(sys_close(h) == 0 && sys_close(ends[0]) == 0 && sys_close(ends[1]) == 0);
}

/* Through a queue of its own; what is refused leaves it where it was. */
static void queued(void)
{
    uint32_t h = make(65536), ends[2], n = 0;

    EXPECT(sys_channel(ADDR(ends)) == 0);
    fill(h, 7);
    EXPECT(pass(ends[0], h) == 0 && pass(ends[0], h) == ERR_HANDLE && !block_at(h));
    h = receive(ends[1]);
    EXPECT(filled(h, 7));
    while (chan_send(ends[0], buf, 1, SEND_NOWAIT) == 0)
        n++;
    EXPECT(n == QUEUE_MSGS && pass(ends[0], h) == ERR_FULL && filled(h, 7));
    EXPECT(sys_close(ends[1]) == 0 && pass(ends[0], h) == ERR_PEER && filled(h, 7));
    EXPECT(sys_close(h) == 0 && sys_close(ends[0]) == 0);
}

/* As many of 2 MiB as it gets, `most` of them in queues; the number. */
static uint32_t hoard(uint32_t list[], uint32_t most, uint32_t through)
{
    uint32_t n = 0;
    int32_t h;

    while ((h = sys_block(BLOCK_MAX)) > 0) {
        list[n] = (uint32_t)h;
        if (n < most)
            EXPECT(pass(through, list[n]) == 0);
        n++;
    }
    EXPECT(h == ERR_LIMIT || h == ERR_NO_MEMORY);
    return n;
}

/* Blocks count like memory, in queues too. */
static void limits(void)
{
    uint32_t list[256], ends[2], n, sent = 20;

    EXPECT(sys_channel(ADDR(ends)) == 0);
    n = hoard(list, 0, 0);
    EXPECT(n > 30 && n <= 128);
    EXPECT(__builtin_wasm_memory_grow(0, 64) == (size_t)-1);
    for (uint32_t i = 0; i < n; i++)
        EXPECT(sys_close(list[i]) == 0);
    EXPECT(hoard(list, sent, ends[0]) == n);
    EXPECT(sys_close(receive(ends[1])) == 0);
    EXPECT(sys_close(make(BLOCK_MAX)) == 0);
    EXPECT(sys_close(ends[0]) == 0 && sys_close(ends[1]) == 0);
    for (uint32_t i = 0; i < sent; i++)
        EXPECT(sys_close(make(BLOCK_MAX)) == 0);
    for (uint32_t i = sent; i < n; i++)
        EXPECT(sys_close(list[i]) == 0);
    EXPECT(__builtin_wasm_memory_grow(0, 64) != (size_t)-1);
}

static void handle_limit(void)
{
    uint32_t n = 0;
    int32_t h;

    while ((h = sys_block(1)) > 0)
        fill((uint32_t)h, n++);
    EXPECT(h == ERR_LIMIT && n > 200 && n < HANDLES_MAX);
    for (h = 2; h < (int32_t)HANDLES_MAX; h++)
        n -= block_at((uint32_t)h) && sys_close((uint32_t)h) == 0;
    EXPECT(n == 0);
}

/* ---- two ------------------------------------------------------------------------------------- */

static void give(void)
{
    for (uint32_t size = BLOCK_MIN; size <= BLOCK_MAX; size *= 2) {
        uint32_t h = make(size);
        struct msg m = { .nhandles = 1, .handle = { h } };
        fill(h, size);
        EXPECT(chan_call_msg(HANDLE_STDIO, &m, "call", 4, buf, sizeof buf) == 4);
        EXPECT(m.nhandles == 1 && block_size(m.handle[0]) == size);
        EXPECT(filled(m.handle[0], size + 1));
        h = m.handle[0];
        fill(h, size + 2);
        EXPECT(pass(HANDLE_STDIO, h) == 0);
        EXPECT(!block_at(h));
        h = receive(HANDLE_STDIO);
        EXPECT(filled(h, size + 3) && sys_close(h) == 0);
    }
}

static void take(void)
{
    struct msg m = { 0 };
    int32_t r;

    while ((r = chan_wait(HANDLE_STDIO, &m, buf, sizeof buf, FOREVER)) > 0) {
        uint32_t h = m.handle[0], size;
        EXPECT(m.nhandles == 1 && (size = block_size(h)));
        EXPECT(filled(h, m.kind == MSG_CALL ? size : size + 2));
        fill(h, m.kind == MSG_CALL ? size + 1 : size + 3);
        if (m.kind == MSG_CALL)
            EXPECT(chan_answer(&m, "back", 4, &h, 1) == 0);
        else
            EXPECT(pass(HANDLE_STDIO, h) == 0);
        EXPECT(!block_at(h));
    }
}

/* Every other call has no room for the answer; nobody waits for the others', and who made the last
 * one is gone. */
static void give_up(uint32_t n)
{
    struct msg m = { 0 };

    for (uint32_t i = 0; i < n; i++) {
        if (i % 2) {
            EXPECT(sys_call(HANDLE_STDIO, ADDR(&m), FOREVER) == ERR_TOO_BIG);
        } else {
            EXPECT(sys_call(HANDLE_STDIO, ADDR(&m), sys_clock()) == ERR_TIMEOUT);
            EXPECT(i + 1 == n || sys_send(HANDLE_STDIO, ADDR(&m), 0) == 0);
        }
    }
}

static void discard(uint32_t n)
{
    struct msg m = { 0 }, news = { 0 };

    EXPECT(sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER) == 0);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t h = make(BLOCK_MAX);
        bool last = i + 1 == n;
        EXPECT(m.kind == MSG_CALL);
        EXPECT(i % 2 || sys_wait(HANDLE_STDIO, ADDR(&news), FOREVER) == 0);
        EXPECT((news.kind == MSG_CLOSED) == last);
        m.data = ADDR("x");
        m.len = m.nhandles = 1;
        m.handle[0] = h;
        EXPECT(sys_answer_wait(m.token, ADDR(&m), last ? 0 : FOREVER) == (last ? ERR_EMPTY : 0));
        EXPECT(!block_at(h) && sys_close(h) == ERR_HANDLE);
    }
}

/* ---- what ends it ---------------------------------------------------------------------------- */

static void touch(const char *how)
{
    uint32_t h = make(8192), ends[2];
    volatile uint8_t *p = block_at(h);

    EXPECT(sys_channel(ADDR(ends)) == 0);
    p[8191] = 1;
    if (!strcmp(how, "beyond"))
        p[8192] = 1;
    if (!strcmp(how, "before"))
        p[-1] = 1;
    if (!strcmp(how, "copy"))
        memset((void *)p, 1, number_arg(0, NULL, 1, 4000));  /* few are plain stores */
    if (!strcmp(how, "sent") && pass(ends[0], h) == 0)
        p[0] = 1;
    if (!strcmp(how, "read") && pass(ends[0], h) == 0)
        exit(p[8191]);
    if (!strcmp(how, "closed") && sys_close(h) == 0)
        p[0] = 1;
    if (!strcmp(how, "given") && pass(HANDLE_STDIO, h) == 0) {
        sys_wait(HANDLE_STDIO, ADDR(&(struct msg){ 0 }), sys_clock() + 10 * MS);
        p[0] = 1;
    }
}

static void leave(const char *how)
{
    uint32_t list[256], ends[2];

    EXPECT(sys_channel(ADDR(ends)) == 0);
    EXPECT(hoard(list, 10, ends[0]) > 30);
    for (uint32_t i = 0; i < 5; i++)
        EXPECT(pass(HANDLE_STDIO, list[10 + i]) == 0);
    if (!strcmp(how, "trap"))
        __builtin_trap();
    if (!strcmp(how, "wait"))
        sys_wait(ends[0], ADDR(&(struct msg){ 0 }), FOREVER);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "give")) {
        give();
    } else if (argc > 1 && !strcmp(argv[1], "take")) {
        take();
    } else if (argc > 2 && !strcmp(argv[1], "give-up")) {
        give_up(number_arg(argc, argv, 2, 0));
    } else if (argc > 2 && !strcmp(argv[1], "discard")) {
        discard(number_arg(argc, argv, 2, 0));
    } else if (argc > 2 && !strcmp(argv[1], "trap")) {
        touch(argv[2]);
    } else if (argc > 2 && !strcmp(argv[1], "leave")) {
        leave(argv[2]);
    } else {
        sizes();
        copies();
        wrong_uses();
        queued();
        limits();
        handle_limit();
    }
    return 0;
}
