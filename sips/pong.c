/*
 * pong.c - handles the interface `ping`: sends back what comes, for any number of clients.
 */
#include "sips/sip.h"
#include "iface/ping.h"

SERVE(IFACE_PING, CLIENTS, 2);

static struct {
    struct ping_ping_req q;
    uint8_t bytes[MSG_BYTES_MAX - sizeof(struct ping_ping_req)];
} in;

/* Turns the request of n bytes in `in` into its answer in place; returns the answer's length. */
static uint32_t serve(uint32_t n)
{
    _Static_assert(sizeof(struct ping_ping_ans) == sizeof(struct ping_ping_req), "in place");

    if (n < sizeof in.q || in.q.op != PING_PING) {
        in.q.op = (uint32_t)ERR_UNSUPPORTED;
        return 4;
    }
    in.q.op = 0;
    in.q.count++;
    return n;
}

int main(int argc, char **argv)
{
    struct msg m = { .buf = ADDR(&in), .cap = sizeof in };
    int32_t n = sys_wait(0, ADDR(&m), FOREVER);

    for (;;) {
        if (n >= 0 && m.kind == MSG_CALL) {
            m.data = ADDR(&in);
            m.len = serve((uint32_t)n);
            m.nhandles = 0;
            n = sys_answer_wait(m.token, ADDR(&m), FOREVER);
            continue;
        }
        if (n >= 0 && m.kind == MSG_CLOSED)
            sys_close(m.from);
        n = sys_wait(0, ADDR(&m), FOREVER);
    }
}
