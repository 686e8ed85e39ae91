/*
 * quota.c - takes what the first argument names until it is refused: as much as the second one
 * says. The status is 0, or the line that failed.
 */
#include "tests/sips/peer.h"

/* Bytes in the queues of a few channels to itself, a refused message at a time. */
static uint32_t queue_up(int32_t *last)
{
    static char data[4000];
    uint32_t end[2], n = 0;

    for (uint32_t c = 0; c < 20; c++) {
        EXPECT(sys_channel(ADDR(end)) == 0);
        while ((*last = chan_send(end[0], data, sizeof data, SEND_NOWAIT)) == 0)
            n += sizeof data;
    }
    return n;
}

int main(int argc, char **argv)
{
    uint32_t want = number_arg(argc, argv, 2, 0), end[2], n = 0;
    int32_t r;

    if (!strcmp(argv[1], "handles")) {
        while ((r = sys_channel(ADDR(end))) == 0)
            n += 2;
        EXPECT(r == ERR_LIMIT && n == want);
        sys_close(end[0]);
        EXPECT(sys_channel(ADDR(end)) == ERR_LIMIT);
        sys_close(end[1]);
        EXPECT(sys_channel(ADDR(end)) == 0);
    } else if (!strcmp(argv[1], "memory")) {
        while (__builtin_wasm_memory_grow(0, 1) != (size_t)-1)
            ;
        EXPECT(__builtin_wasm_memory_size(0) == want);
    } else if (!strcmp(argv[1], "queued")) {
        n = queue_up(&r);
        EXPECT(r == ERR_LIMIT || r == ERR_FULL);
        EXPECT(n <= want && n > want / 4);
    } else {
        for (;;)
            ;
    }
    return 0;
}
