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

/* Turns the request in `in` into its answer in place: both have the same length. */
static void serve(void)
{
    _Static_assert(sizeof(struct ping_ping_ans) == sizeof(struct ping_ping_req), "in place");

    in.q.op = 0;                /* the status */
    in.q.count++;
}

int main(int argc, char **argv)
{
    struct msg m = { .buf = ADDR(&in), .cap = sizeof in };
    int32_t n = sys_wait(0, ADDR(&m), FOREVER);

    for (;;) {
        if (n >= 0 && m.kind == MSG_CALL) {
            m.data = ADDR(&in);
            m.len = (uint32_t)n;
            serve();
            m.nhandles = 0;
            n = sys_answer_wait(m.token, ADDR(&m), FOREVER);
            continue;
        }
        if (n >= 0 && m.kind == MSG_CLOSED)
            sys_close(m.from);
        n = sys_wait(0, ADDR(&m), FOREVER);
    }
}
