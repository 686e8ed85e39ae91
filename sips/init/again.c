/*
 * again.c - init has ended and the kernel has started it again: what an earlier one started is
 * taken over.
 *
 * The policy is the kernel's, with what a person has changed since the boot, so that grants of
 * init.conf are left alone if anything runs: init starts nothing before it has made them all.
 */
#include "sips/init/init.h"
#include "iface/kernel_process.h"

static struct { struct kernel_process_list_ans a; char sips[MSG_BYTES_MAX]; } found;

/* Calls `each` with every SIP; how many there are. */
static uint32_t each_process(void (*each)(const struct kernel_process_sip *p))
{
    struct kernel_process_list_req q = { KERNEL_PROCESS_LIST, 0 };
    struct kernel_process_sip p;
    uint32_t n = 0, at;
    int32_t r;

    do {
        r = chan_call(PROCESS, &q, sizeof q, &found, sizeof found);
        for (at = sizeof found.a; r > 0 && at + sizeof p <= (uint32_t)r; at += sizeof p, n++) {
            memcpy(&p, (const char *)&found + at, sizeof p);
            q.after = p.pid;
            if (each)
                each(&p);
        }
    } while (at > sizeof found.a);
    return n;
}

bool again_alone(void)
{
    return each_process(NULL) <= 1;
}

static void take_over(const struct kernel_process_sip *p)
{
    struct service *s = service_named((const char *)p->name);
    struct kernel_process_adopt_req q = { KERNEL_PROCESS_ADOPT, p->pid };
    struct kernel_process_adopt_ans a;
    struct msg m = { 0 };

    if (s && !s->process && chan_call_msg(PROCESS, &m, &q, sizeof q, &a, sizeof a) >= 0)
        service_runs(s, p->pid, m.handle[0]);
}

void again_take_over(void)
{
    each_process(take_over);
    for (uint32_t i = 0; i < nservices; i++)
        if (!services[i].process && !services[i].restart.times)
            service_leave(&services[i]);        /* it has done what it was to do */
}
