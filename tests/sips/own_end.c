/*
 * own_end.c - asks the kernel to kill it, and sends a message to handle 1 if it goes on then.
 */
#include "tests/sips/peer.h"
#include "iface/kernel_process.h"

USE(IFACE_KERNEL_PROCESS, PROCESS, 2);

static char all[MSG_BYTES_MAX];

int main(int argc, char **argv)
{
    struct kernel_process_list_req list = { KERNEL_PROCESS_LIST, 0 };
    struct kernel_process_kill_req q = { .op = KERNEL_PROCESS_KILL };
    struct kernel_process_kill_ans a;
    struct kernel_process_sip one;
    int32_t n = chan_call(PROCESS, &list, sizeof list, all, sizeof all);

    for (uint32_t at = 4; at + sizeof one <= (uint32_t)n; at += sizeof one) {
        memcpy(&one, all + at, sizeof one);
        if (!strcmp((const char *)one.name, argv[0]))
            q.pid = one.pid;
    }
    EXPECT(n >= 4 && q.pid);
    chan_call(PROCESS, &q, sizeof q, &a, sizeof a);
    chan_send(HANDLE_STDIO, "still here", 10, SEND_NOWAIT);
    return 1;
}
