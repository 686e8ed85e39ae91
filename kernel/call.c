/*
 * call.c - calls from a kernel thread into the code of a SIP that has no life of its own: who made
 * it owns and frees it, and a trap is a result.
 *
 * The call runs as a SIP's code always does: in a thread of the SIP, on its stack, preempted like
 * any. Faults and traps take their usual way (fault.c) up to the point where they would end the
 * SIP; here they end the thread alone.
 */
#include "kernel/kernel.h"

struct sip_call {
    struct thread *caller, *thread;
    void (*fn)(void *);
    void *arg;
    int trap;
    bool ended;
};

static void run(void *arg)
{
    struct sip *s = arg;

    s->call->fn(s->call->arg);
    sip_call_end(s, WASM_TRAP_NONE);
}

static void drop_thread(struct sip_call *c)
{
    list_del(&c->thread->of_sip);
    sched_remove(c->thread);
    thread_free(c->thread);
    c->ended = true;
}

static void end(void *arg)
{
    struct sip_call *c = arg;

    drop_thread(c);
    if (c->caller->state == THREAD_KERNEL)      /* else its deadline has passed */
        sched_wake(c->caller, 0);
}

_Noreturn void sip_call_end(struct sip *s, int trap)
{
    s->call->trap = trap;
    sched_leave(end, s->call);
}

int sip_call(struct sip *s, void (*fn)(void *), void *arg, int64_t deadline)
{
    struct sip_call c = { .caller = this_thread(), .fn = fn, .arg = arg,
                          .trap = WASM_TRAP_KILLED };

    assert(list_empty(&s->threads) && !s->running, "sip_call: it lives");
    if (!(c.thread = thread_create(s, NULL, 0, run, s)))
        return WASM_TRAP_MEMORY;
    list_push(&s->threads, &c.thread->of_sip);
    s->call = &c;
    sched_start(c.thread);
    sched_block(THREAD_KERNEL, deadline);
    if (!c.ended)
        drop_thread(&c);
    s->call = NULL;
    return c.trap;
}
