/*
 * flood.c - fills queues. `flood channel` sends to itself until the queue is full, checks that
 * nothing was lost, and ends; `flood output` writes to its stream for ever.
 */
#include "sips/sip.h"

static int channel(void)
{
    uint32_t ends[2], sent = 0, got = 0, v;
    struct msg m = { 0 };
    int32_t r = sys_channel(ADDR(ends));

    if (r < 0) {
        printf("flood: %s\n", error_text(r));
        return 1;
    }
    while ((r = chan_send(ends[0], &sent, sizeof sent, SEND_NOWAIT)) >= 0)
        sent++;
    printf("%u messages until: %s\n", sent, error_text(r));
    while (chan_wait(ends[1], &m, &v, sizeof v, 0) == sizeof v && v == got)
        got++;
    printf("%u came out in order\n", got);
    return r == ERR_FULL && got == sent ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "channel"))
        return channel();
    if (argc == 2 && !strcmp(argv[1], "output"))
        for (uint32_t i = 0; ; i++)
            printf("flood %u\n", i);
    puts("usage: flood channel | output");
    return 2;
}
