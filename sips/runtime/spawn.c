/*
 * spawn.c - starting a program through kernel-process.
 */
#include "sips/sip.h"
#include "iface/kernel_process.h"

#define ARGS_BYTES 4096u

int32_t spawn(uint32_t kernel_process, const char *args, uint32_t n, uint32_t stdio,
              struct child *child)
{
    return spawn_with(kernel_process, 0, NULL, args, n, stdio, child);
}

int32_t spawn_with(uint32_t kernel_process, uint32_t flags, const struct limits *limits,
                   const char *args, uint32_t n, uint32_t stdio, struct child *child)
{
    static struct { struct kernel_process_spawn_req q; char args[ARGS_BYTES]; } req;
    struct { struct kernel_process_spawn_ans a; char reason[sizeof child->reason]; } ans;
    struct msg m = { .nhandles = stdio ? 1 : 0, .handle = { stdio } };
    int32_t r;

    child->pid = child->process = 0;
    child->reason[0] = 0;
    if (n > ARGS_BYTES)
        return ERR_TOO_BIG;
    req.q.op = KERNEL_PROCESS_SPAWN;
    req.q.flags = flags;
    req.q.limits = (struct kernel_process_limits){ 0 };
    if (limits)
        req.q.limits = (struct kernel_process_limits){
            limits->memory, limits->queued, limits->handles, limits->threads, limits->cpu,
        };
    memcpy(req.args, args, n);
    ans.reason[0] = 0;
    r = chan_call_msg(kernel_process, &m, &req, sizeof req.q + n, &ans, sizeof ans - 1);
    if (r < 0) {
        if (m.received > sizeof ans.a && m.received < sizeof ans)
            ((char *)&ans)[m.received] = 0;
        copy_text(child->reason, sizeof child->reason,
                  ans.reason[0] ? ans.reason : error_text(r));
        return r;
    }
    child->pid = ans.a.pid;
    child->process = m.nhandles ? m.handle[0] : 0;
    return 0;
}
