/*
 * blocked.c - `blocked call|send|wait`: blocks for ever on handle 1, and says what ended it.
 */
#include "tests/sips/peer.h"

static char buf[1024];

int main(int argc, char **argv)
{
    struct msg m = { .data = ADDR(buf), .len = sizeof buf, .buf = ADDR(buf), .cap = sizeof buf };
    int32_t r = 0;

    if (argc > 1 && !strcmp(argv[1], "call"))
        r = sys_call(HANDLE_STDIO, ADDR(&m), FOREVER);
    else if (argc > 1 && !strcmp(argv[1], "send"))
        while ((r = sys_send(HANDLE_STDIO, ADDR(&m), 0)) == 0)
            ;
    else
        r = sys_wait(0, ADDR(&m), FOREVER) == 0 && m.kind == MSG_CLOSED ? ERR_PEER : 0;
    return r == ERR_PEER ? 0 : 1;
}
