/*
 * wait.c - receiving: from one handle, or from whichever of them has something first.
 *
 * Objects with something to receive stand in their owner's ready list in the order in which they
 * became so; wait(0) takes one message from the first and puts it last if there is more. The cost
 * does not depend on the number of handles. A thread that waits gets its message written by whoever
 * causes it (object_notify, or push in channel.c), and finds its result when it runs.
 */
#include "kernel/mailbox.h"

/* Has e something for whoever waits for anything? What is posted to one that is polled is not. */
static bool end_pending(const struct endpoint *e)
{
    return chan_pending(e) || (cpus_many && !e->polled && mail_here(e) >= 0);
}

static bool pending(const struct object *o)
{
    switch (o->kind) {
    case HANDLE_CHANNEL:
        return end_pending(container_of(o, struct endpoint, o));
    case HANDLE_INTERFACE:
        return !list_empty(&container_of(o, struct iface, o)->waiting);
    case HANDLE_IRQ:
        return container_of(o, struct irq, o)->fired && !container_of(o, struct irq, o)->out;
    case HANDLE_PROCESS:
        return !guess(container_of(o, struct process, o)->sip)
            && !container_of(o, struct process, o)->told;
    default:
        return false;
    }
}

/* One message from o; ERR_EMPTY if there is none. Keeps its place in the ready list up to date.
 * Both locks are held. */
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

static void set_polled(struct sip *s, struct endpoint *e, bool polled)
{
    s->polls = polled ? e : NULL;
    __atomic_store_n(&e->polled, polled, __ATOMIC_RELAXED);
}

void poll_begin(struct sip *s, struct endpoint *e)
{
    lock_take(&s->lock);
    if (guess(e->o.owner) == s && s->nthreads == 1) {
        if (s->polls)
            poll_end(s);
        set_polled(s, e, true);
    }
    lock_drop(&s->lock);
}

void poll_end(struct sip *s)
{
    struct endpoint *e = s->polls;

    set_polled(s, e, false);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);    /* of mailbox.h */
    object_ready(&e->o);
}

void wait_done(struct thread *t)
{
    if (t->waits_on) {
        t->waits_on->waiter = NULL;
        t->waits_on = NULL;
        return;
    }
    waiter_del(&t->sip->any_waiter, t);
}

struct sip *object_owner_lock(struct object *o)
{
    struct sip *s;

    if (!__atomic_load_n(&o->owner, __ATOMIC_ACQUIRE))
        __atomic_thread_fence(__ATOMIC_SEQ_CST);    /* (2) what was put into o is there, see (1) */
    while ((s = __atomic_load_n(&o->owner, __ATOMIC_ACQUIRE))) {
        lock_take(&s->lock);
        if (guess(o->owner) == s)
            break;
        lock_drop(&s->lock);
    }
    return s;
}

void object_ready(struct object *o)
{
    if (pending(o)) {
        list_del(&o->ready);
        list_push(&o->owner->ready, &o->ready);
    }
}

void object_notify_owned(struct object *o)
{
    struct thread *t;
    err_t r;

    if (!pending(o))
        return;
    if (list_empty(&o->ready))
        list_push(&o->owner->ready, &o->ready);
    if ((t = object_waiter(o))) {
        r = receive(o, &t->rx);
        wait_done(t);
        sched_wake(t, r);
    }
}

void object_notify(struct object *o)
{
    struct sip *s = object_owner_lock(o);

    if (!s)
        return;
    object_notify_owned(o);
    lock_drop(&s->lock);
}

/* What h names, or for h = 0 the first that is ready; NULL with ERR_HANDLE or ERR_EMPTY. */
static struct object *wanted(struct sip *s, uint32_t h, err_t *e)
{
    struct object *o;

    *e = ERR_EMPTY;
    if (h == 0 && s->polls)
        poll_end(s);
    if (h == 0)
        return list_empty(&s->ready) ? NULL : container_of(s->ready.next, struct object, ready);
    if (!(o = handle_get(s, h, 0)))
        *e = ERR_HANDLE;
    return o;
}

/* Can something be received from o, or be said of it, at once? Its owner's lock is held. */
static bool has_news(const struct object *o)
{
    const struct endpoint *e = container_of(o, struct endpoint, o);

    if (!list_empty(&o->ready))
        return true;
    switch (o->kind) {
    case HANDLE_CHANNEL:
        return e->told || (e->polled && mail_here(e) >= 0);
    case HANDLE_PROCESS:
        return container_of(o, struct process, o)->told;
    case HANDLE_WINDOW:
    case HANDLE_BLOCK:
        return true;                    /* that it is of the wrong kind */
    default:
        return false;
    }
}

/* Takes the locks of o and then of s, which was held alone; false: o is no longer of s. */
static bool lock_both(struct sip *s, struct object *o)
{
    struct lock *l = o->lock;

    lock_drop(&s->lock);
    if (l)
        lock_take(l);
    lock_take(&s->lock);
    if (guess(o->owner) == s)
        return true;
    if (l) {
        lock_drop(&s->lock);
        lock_drop(l);
        lock_take(&s->lock);
    }
    return false;
}

/* A message was received; if there is more, as in the queue of an endpoint that came with it,
 * others that wait for anything get that. */
static __attribute__((noinline)) void share(struct sip *s)
{
    struct object *o;

    lock_take(&s->lock);
    for (unsigned i = 0; i < MSG_HANDLES_MAX && s->any_waiter && !list_empty(&s->ready); i++) {
        o = container_of(s->ready.next, struct object, ready);
        if (!lock_both(s, o))
            continue;
        object_notify_owned(o);
        if (o->lock)
            lock_drop(o->lock);
    }
    lock_drop(&s->lock);
}

/* The message that is there already: ERR_EMPTY if there is none; then, and only then, the lock of s
 * is still held, and *on is what was asked for. */
static err_t try_receive(struct sip *s, uint32_t h, const struct rx *rx, struct object **on)
{
    struct object *o;
    err_t r;

    lock_take(&s->lock);
    for (;;) {
        o = wanted(s, h, &r);
        *on = h ? o : NULL;
        if (!o || !has_news(o))
            break;
        if (!lock_both(s, o))
            continue;
        r = receive(o, rx);
        if (o->lock && r != ERR_EMPTY) {
            lock_drop(&s->lock);
            lock_drop(o->lock);
            if (__builtin_expect(guess(s->any_waiter) != NULL, 0) && r >= 0)
                share(s);
            return r;
        }
        if (o->lock)
            lock_drop(o->lock);
        if (r != ERR_EMPTY || has_news(o))
            break;
    }
    if (r != ERR_EMPTY)
        lock_drop(&s->lock);
    return r;
}

/* The wait of t for o, or for anything, begins; false: something has come by the mailbox. The lock
 * of s is held. */
static bool begin(struct sip *s, struct thread *t, struct object *o, const struct rx *rx)
{
    if (!o) {
        t->next_waiter = s->any_waiter;
        s->any_waiter = t;
    } else {
        if (object_polled(o)) {
            poll_end(s);
            if (has_news(o))
                return false;
        }
        o->waiter = t;
    }
    t->waits_on = o;
    t->rx = *rx;
    return true;
}

err_t wait_message(struct sip *s, uint32_t h, uint32_t msg, int64_t deadline, struct thread *next)
{
    struct thread *t = this_thread();
    struct object *o = NULL;
    struct msg_in m;
    err_t r = msg_read(s, msg, &m);

    if (r >= 0 && deadline < 0)
        r = ERR_ARGUMENT;
    while (r >= 0 && (r = try_receive(s, h, &m.rx, &o)) == ERR_EMPTY) {
        if (deadline != 0 && o && o->waiter) {
            r = ERR_BUSY;
        } else if (deadline != 0) {
            if (begin(s, t, o, &m.rx)) {
                sched_wait_until(t, THREAD_WAITING, &s->lock, deadline, next);
                lock_drop(&s->lock);
                return sched_switch(next);
            }
            r = 0;
        }
        lock_drop(&s->lock);
    }
    if (next)
        sched_resume(next);
    return r;
}
