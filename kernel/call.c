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
    struct event ended;
    struct thread *thread;
    void (*fn)(void *);
    void *arg;
    int trap;
};

static void run(void *arg)
{
    struct sip *s = arg;

    s->call->fn(s->call->arg);
    sip_call_end(s, WASM_TRAP_NONE);
}

static void drop_thread(struct thread *t)
{
    lock_take(&t->sip->lock);
    list_del(&t->of_sip);
    t->sip->nthreads--;
    lock_drop(&t->sip->lock);
    thread_free(t);
}

static void end(void *arg)
{
    struct sip_call *c = arg;

    drop_thread(c->thread);
    event_set(&c->ended);
}

_Noreturn void sip_call_end(struct sip *s, int trap)
{
    __atomic_store_n(&s->call->trap, trap, __ATOMIC_RELAXED);
    sched_leave(end, s->call);
}

/* It runs too long: its thread is stopped, or leaves. */
static void give_up(struct sip *s, struct sip_call *c)
{
    __atomic_store_n(&s->dying, true, __ATOMIC_RELEASE);
    __atomic_store_n(&c->trap, WASM_TRAP_KILLED, __ATOMIC_RELAXED);     /* or how it just ends */
    while (!event_wait(&c->ended, 0)) {
        if (thread_stop(c->thread)) {
            drop_thread(c->thread);
            break;
        }
        cpu_wake(glance(c->thread->core)->cpu->id);
        sched_sleep(NS_PER_MS / 10);
    }
    s->dying = false;
}

static int call(struct sip *s, struct sip_call *c, int64_t deadline)
{
    if (!(c->thread = thread_create(s, NULL, 0, run, s)))
        return WASM_TRAP_MEMORY;
    list_push(&s->threads, &c->thread->of_sip);
    s->nthreads = 1;
    s->call = c;
    sched_start(c->thread);
    if (!event_wait(&c->ended, deadline))
        give_up(s, c);
    s->call = NULL;
    return c->trap;
}

/* The event is not on the stack: the race detector sees no lock there (host/races/README.md). */
int sip_call(struct sip *s, void (*fn)(void *), void *arg, int64_t deadline)
{
    struct sip_call *c = kmalloc(sizeof *c);
    int trap;

    assert(list_empty(&s->threads) && !s->running, "sip_call: it lives");
    if (!c)
        return WASM_TRAP_MEMORY;
    *c = (struct sip_call){ .ended = EVENT, .fn = fn, .arg = arg };
    trap = call(s, c, deadline);
    kfree(c);
    return trap;
}
