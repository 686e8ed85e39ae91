/*
 * wait.c - receiving: from one handle, or from whichever of them has something first.
 *
 * Objects with something to receive stand in their owner's ready list in the order in which they
 * became so; wait(0) takes one message from the first and puts it last if there is more. The cost
 * does not depend on the number of handles. A thread that waits gets its message written by whoever
 * causes it (object_notify, or push in channel.c), and finds its result when it runs.
 */
#include "kernel/kernel.h"

static bool pending(const struct object *o)
{
    switch (o->kind) {
    case HANDLE_CHANNEL:
        return chan_pending(container_of(o, struct endpoint, o));
    case HANDLE_INTERFACE:
        return !list_empty(&container_of(o, struct iface, o)->waiting);
    case HANDLE_IRQ:
        return container_of(o, struct irq, o)->fired && !container_of(o, struct irq, o)->out;
    case HANDLE_PROCESS:
        return !container_of(o, struct process, o)->sip
            && !container_of(o, struct process, o)->told;
    default:
        return false;
    }
}

/* One message from o; ERR_EMPTY if there is none. Keeps its place in the ready list up to date. */
static err_t receive(struct object *o, const struct rx *rx)
{
    err_t r;

    switch (o->kind) {
    case HANDLE_CHANNEL:
        r = chan_receive(container_of(o, struct endpoint, o), rx);
        break;
    case HANDLE_INTERFACE:
        r = iface_receive(container_of(o, struct iface, o), rx);
        break;
    case HANDLE_IRQ:
        r = irq_receive(container_of(o, struct irq, o), rx);
        break;
    case HANDLE_PROCESS:
        r = process_receive(container_of(o, struct process, o), rx);
        break;
    default:
        return ERR_HANDLE;
    }
    if (r != ERR_TOO_BIG && r != ERR_LIMIT && r != ERR_NO_MEMORY) {
        list_del(&o->ready);
        if (pending(o))
            list_push(&o->owner->ready, &o->ready);
    }
    return r;
}

struct thread *object_waiter(const struct object *o)
{
    struct thread *t;

    if (!o->owner)
        return NULL;
    t = o->waiter ? o->waiter : o->owner->any_waiter;
    return t && t->state == THREAD_WAITING ? t : NULL;      /* its deadline may just have passed */
}

void wait_done(struct thread *t)
{
    if (t->waits_on)
        t->waits_on->waiter = NULL;
    else if (t->sip->any_waiter == t)
        t->sip->any_waiter = NULL;
    t->waits_on = NULL;
}

void object_ready(struct object *o)
{
    if (pending(o)) {
        list_del(&o->ready);
        list_push(&o->owner->ready, &o->ready);
    }
}

void object_notify(struct object *o)
{
    struct thread *t;
    err_t r;

    if (!o->owner || !pending(o))
        return;
    if (list_empty(&o->ready))
        list_push(&o->owner->ready, &o->ready);
    if ((t = object_waiter(o))) {
        r = receive(o, &t->rx);
        wait_done(t);
        sched_wake(t, r);
    }
}

/* h = 0: the first that has something. */
static err_t try_receive(struct sip *s, uint32_t h, const struct rx *rx, struct object **on)
{
    struct object *o;

    *on = NULL;
    if (h == 0) {
        if (list_empty(&s->ready))
            return ERR_EMPTY;
        return receive(container_of(s->ready.next, struct object, ready), rx);
    }
    if (!(o = handle_get(s, h, 0)))
        return ERR_HANDLE;
    *on = o;
    return receive(o, rx);
}

/*
 * next, if not NULL: a thread whose result is set and that is to run: at once if the caller blocks,
 * else it goes into the run queue.
 */
err_t wait_message(struct sip *s, uint32_t h, uint32_t msg, int64_t deadline, struct thread *next)
{
    struct thread *t = this_thread();
    struct object *o = NULL;
    struct msg m;
    err_t r;

    if ((r = msg_read(s, msg, &m)) >= 0 && (r = msg_rx(s, msg, &m, &t->rx)) >= 0)
        r = deadline < 0 ? ERR_ARGUMENT : try_receive(s, h, &t->rx, &o);
    if (r == ERR_EMPTY && deadline != 0 && (o ? o->waiter : s->any_waiter))
        r = ERR_BUSY;
    if (r != ERR_EMPTY || deadline == 0) {
        if (next)
            sched_wake(next, next->result);
        return r;
    }
    if (o)
        o->waiter = t;
    else
        s->any_waiter = t;
    t->waits_on = o;
    if (next)
        r = sched_handoff(next, THREAD_WAITING, deadline);
    else
        r = sched_block(THREAD_WAITING, deadline);
    if (r == ERR_TIMEOUT)
        wait_done(t);
    return r;
}
