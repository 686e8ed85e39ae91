/*
 * pointers.c - every system call with every kind of bad pointer: each is refused, and nothing
 * happens.
 */
#include "tests/sips/peer.h"

static uint32_t ends[2];
static char buf[64];

static void with_msg(uint32_t at, int32_t want)
{
    EXPECT(sys_send(ends[0], at, SEND_NOWAIT) == want);
    EXPECT(sys_call(ends[0], at, 0) == want);
    EXPECT(sys_wait(ends[1], at, 0) == want);
    EXPECT(sys_wait(0, at, 0) == want);
}

static int32_t send_range(uint32_t data, uint32_t len)
{
    struct msg m = { .data = data, .len = len };
    return sys_send(ends[0], ADDR(&m), SEND_NOWAIT);
}

static int32_t wait_range(uint32_t to, uint32_t cap)
{
    struct msg m = { .buf = to, .cap = cap };
    return sys_wait(ends[1], ADDR(&m), 0);
}

static void numbers(void)
{
    struct msg m = { .buf = ADDR(buf), .cap = sizeof buf };

    EXPECT(sys_send(77, ADDR(&m), 0) == ERR_HANDLE);
    EXPECT(sys_send(UINT32_MAX, ADDR(&m), 0) == ERR_HANDLE);
    EXPECT(sys_call(0, ADDR(&m), FOREVER) == ERR_HANDLE);
    EXPECT(sys_wait(255, ADDR(&m), 0) == ERR_HANDLE);
    EXPECT(sys_wait(256, ADDR(&m), 0) == ERR_HANDLE);
    EXPECT(sys_wait(ends[1], ADDR(&m), -1) == ERR_ARGUMENT);
    EXPECT(sys_send(ends[0], ADDR(&m), 2) == ERR_ARGUMENT);
    for (uint32_t i = 0; i < 70; i++)
        EXPECT(sys_answer(i * 0x01010101u, ADDR(&m)) == ERR_TOKEN
               || sys_answer(i * 0x01010101u, ADDR(&m)) == ERR_PEER);
    EXPECT(sys_answer(0x80000104, ADDR(&m)) == ERR_TOKEN);
    EXPECT(sys_answer(0xffffffff, ADDR(&m)) == ERR_TOKEN);
    EXPECT(sys_close(0) == ERR_HANDLE && sys_close(UINT32_MAX) == ERR_HANDLE);
    EXPECT(sys_connect(5) == ERR_HANDLE && sys_connect(ends[0]) == ERR_HANDLE);
    m.nhandles = MSG_HANDLES_MAX + 1;
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == ERR_ARGUMENT);
    m.nhandles = UINT32_MAX;
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == ERR_ARGUMENT);
    m.nhandles = 1;
    m.handle[0] = 99;
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == ERR_HANDLE);
    m.handle[0] = ends[0];
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == ERR_ARGUMENT);
    m.handle[0] = ends[1];
    EXPECT(sys_send(ends[0], ADDR(&m), 0) == ERR_ARGUMENT);
}

int main(int argc, char **argv)
{
    uint32_t size = (uint32_t)__builtin_wasm_memory_size(0) * 65536u;
    struct handle_info info;

    EXPECT(sys_channel(ADDR(ends)) == 0);
    with_msg(size, ERR_MEMORY);
    with_msg(size - 4, ERR_MEMORY);
    with_msg(UINT32_MAX, ERR_MEMORY);
    with_msg(UINT32_MAX - sizeof(struct msg) + 1, ERR_MEMORY);
    with_msg(0x80000000u, ERR_MEMORY);

    EXPECT(send_range(size - 4, 8) == ERR_MEMORY);
    EXPECT(send_range(UINT32_MAX, 1) == ERR_MEMORY);
    EXPECT(send_range(UINT32_MAX - 3, 8) == ERR_MEMORY);
    EXPECT(send_range(0, MSG_BYTES_MAX + 1) == ERR_TOO_BIG);
    EXPECT(send_range(0, UINT32_MAX) == ERR_TOO_BIG);
    EXPECT(wait_range(size, 1) == ERR_MEMORY);
    EXPECT(wait_range(16, UINT32_MAX) == ERR_MEMORY);
    EXPECT(wait_range(UINT32_MAX, UINT32_MAX) == ERR_MEMORY);
    EXPECT(wait_range(UINT32_MAX - 15, 32) == ERR_MEMORY);

    EXPECT(sys_channel(size) == ERR_MEMORY && sys_channel(UINT32_MAX - 3) == ERR_MEMORY);
    EXPECT(sys_channel(size - 4) == ERR_MEMORY);
    EXPECT(sys_info(ends[0], UINT32_MAX - 8) == ERR_MEMORY);
    EXPECT(sys_info(ends[0], size - 8) == ERR_MEMORY);
    EXPECT(sys_args(UINT32_MAX, 2) == ERR_MEMORY && sys_args(16, UINT32_MAX) == ERR_MEMORY);
    numbers();
    EXPECT(sys_info(ends[0], ADDR(&info)) == 0 && info.kind == HANDLE_CHANNEL);
    EXPECT(wait_range(ADDR(buf), sizeof buf) == ERR_EMPTY);     /* nothing of all that arrived */
    return 0;
}
