/*
 * direct_wait.c - `wait`, when nothing out of the ordinary is asked for (direct.c): the next
 * message is taken out of a ring, or the next thread of this CPU goes on. wait.c does the rest.
 */
#include "kernel/hand.h"
#include "kernel/mailbox.h"

/* Not direct.c's: unlike what is there, it keeps registers, as those who call it from here want. */
bool direct_look(void)
{
    if (cpu_field(need_resched))
        return true;
    sched_charge(this_core());
    return false;
}

/* The next one of this CPU's, if it goes on with a fresh slice and from a context; NULL. */
always struct thread *next(struct core *c, bool many)
{
    struct thread *to = NULL;
    struct link *queue;
    uint64_t bits;
    unsigned bit;

    take(&c->lock, many);
    if (likely((bits = c->ready_bits))) {
        bit = 63 - (unsigned)__builtin_clzll(bits);
        queue = ready_queue(c, bit);
        to = container_of(queue->next, struct thread, run);
        if ((many && unlikely(to->preempted)) || unlikely(to->slice_left)) {
            to = NULL;
        } else {
            list_cut_first(queue);
            if (list_empty(queue))
                c->ready_bits = bits ^ 1ull << bit;
        }
    }
    drop(&c->lock, many);
    return to;
}

/* A message of e, an end of s, has been taken out of its ring. */
always void taken(struct sip *s, struct endpoint *e)
{
    struct object *o = &e->o;

    if (!chan_pending(e)) {
        list_del(&o->ready);
    } else if (o->ready.next != &s->ready) {
        list_del(&o->ready);                    /* it is the others' turn */
        list_push(&s->ready, &o->ready);
    }
}

/* The first message in the ring of e, an end of s, for t: its length, or below 0 if there is none,
 * or anything but bytes is to be seen to. */
always int32_t take_out(struct sip *s, struct endpoint *e, const struct rx *rx, bool many)
{
    struct object *o = &e->o;
    struct record *r;
    int32_t n = -1;

    take(e->o.lock, many);
    take(&s->lock, many);
    if (likely(!many || (guess(o->owner) == s && e->count && mail_here(e) < 0))
            && likely(list_empty(&e->senders))) {
        r = ring_first(e);
        if (!r->nobj && r->len <= rx->cap
                && write(rx, record_data(r), r->len, o->number, r->kind, &r->token, false)) {
            n = (int32_t)r->len;
            s->messages++;
            if (r->token)
                chan_delivered(e, r->token);
            ring_drop(e, r->size, r->len, 0);
            taken(s, e);
        }
    }
    drop(&s->lock, many);
    drop(e->o.lock, many);
    return n;
}

/* The message of n bytes that is in the mailbox for e, an end that s polls. */
always bool take_mail(struct sip *s, struct endpoint *e, const struct rx *rx, int64_t n)
{
    if (n > rx->cap || !write(rx, mail_bytes(e), (uint64_t)n, e->o.number, MSG_DATA, NULL,
                                 false))
        return false;
    s->messages++;
    mail_taken(e);
    return true;
}

/* Nothing was there for e, an end of s: a last look, if it is polled. */
always int32_t poll(struct sip *s, struct endpoint *e, const struct rx *rx)
{
    int64_t n;

    if (likely(e->polled)) {
        mail_pause(e);
        if (likely((n = mail_here(e)) >= 0) && take_mail(s, e, rx, n))
            return (int32_t)n;
    } else if (guess(e->peer) && !e->contract) {
        poll_begin(s, e);
    }
    return ERR_EMPTY;
}

/* From t, which waits, to `to`, with its own priority. The result of t's wait. */
always int32_t leave(struct thread *t, struct thread *to, struct core *c, bool many)
{
    if (!many)
        t->level = t->priority;
    c->slice_stale = true;
    return thread_switch(t, own(t, to, many));
}

/* What handle h of s names, or for 0 the first that has something; NULL. */
always struct object *wanted(struct sip *s, uint32_t h)
{
    struct link *l;

    if (h)
        return handle_get(s, h, HANDLE_CHANNEL);
    l = __atomic_load_n(&s->ready.next, __ATOMIC_RELAXED);
    return l == &s->ready ? NULL : container_of(l, struct object, ready);
}

/* Does nobody wait for o, or know all that is to be said of it? */
always bool awaits(const struct object *o)
{
    return !guess(o->waiter) && !guess(container_of(o, struct endpoint, o)->told);
}

/* Is there nothing to receive from o, or from anything if it is NULL, or to say of it? True for
 * good only with the lock of s. */
always bool nothing_for(const struct sip *s, const struct object *o)
{
    return o ? list_looks_empty(&o->ready) && awaits(o) : list_looks_empty(&s->ready);
}

always int32_t wait(struct sip *s, uint32_t h, uint32_t msg, int64_t deadline, bool many)
{
    struct thread *t = this_thread(), *to = NULL;
    struct core *c = this_core();
    struct endpoint *e;
    struct object *o;
    struct rx rx;
    int64_t n;

    stack_touch_little();
    if (looks(false) || !decode_in(view_of(s), msg, &rx)
            || (!(o = wanted(s, h)) && unlikely(h)) || (many && !h && s->polls))
        goto slow;
    e = container_of(o, struct endpoint, o);
    if (many && h && e->polled && (n = mail_here(e)) >= 0) {
        if (likely(deadline >= 0) && likely(take_mail(s, e, &rx, n)))
            return (int32_t)n;
        goto slow;
    }
    if (o && !list_looks_empty(&o->ready)) {
        if (likely(deadline >= 0) && likely(h || o->kind == HANDLE_CHANNEL)
                && likely(guess(e->count)) && likely((n = take_out(s, e, &rx, many)) >= 0))
            return (int32_t)n;
        goto slow;
    }
    if (unlikely(limited(&deadline))) {
        if (deadline == 0 && nothing_for(s, o))     /* who polls keeps nobody from the locks */
            return many && h ? poll(s, e, &rx) : ERR_EMPTY;
        goto slow;
    }
    if ((many && h && e->polled) || unlikely(guess(s->prompt)) || !guess(c->ready_bits))
        goto slow;
    take(&s->lock, many);
    if ((many ? likely(wanted(s, h) == o && (!o || guess(o->owner) == s)) && nothing_for(s, o)
              : !o || likely(awaits(o)))
            && (to = next(c, many))) {
        t->rx = rx;
        t->waits_on = o;
        if (o) {
            o->waiter = t;
        } else {
            t->next_waiter = s->any_waiter;
            s->any_waiter = t;
        }
        wait_here(t, THREAD_WAITING, &s->lock, many);
    }
    drop(&s->lock, many);
    if (to)
        return leave(t, to, c, many);
slow:
    return sys_wait_slow(t->in, h, msg, deadline);
}

int32_t sys_wait_many(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline)
{
    return wait(this_thread()->sip, h, msg, deadline, true);
}

/* Of one CPU, whatever is not plain: h is 0, too. Its arguments stay in their registers. */
static __attribute__((noipa)) int32_t wait_other(struct sip *s, uint32_t h, uint32_t msg,
                                                 int64_t deadline)
{
    return wait(s, h, msg, deadline, false);
}

/* The plain message that is next in the ring of e, an end of s, and its length; false. */
always bool take_plain(struct sip *s, struct endpoint *e, const struct rx *rx, uint64_t *len)
{
    struct record *r = (struct record *)(e->ring + e->head);
    uint64_t n;

    if (!likely(guess(e->count)) || !likely(list_empty(&e->senders))
            || unlikely(rx->cap < PLAIN_MAX) || unlikely(ring_goes(e))
            || !likely(record_is_bytes(r)))
        return false;
    n = r->len;
    if (!small(n) || !copy(rx->buf, (uint8_t *)(r + 1), n, true)
            || !write_head(rx, n, e->o.number, MSG_DATA, NULL))
        return false;
    in_register(e);             /* a place in it is computed anew, not kept in another */
    s->messages++;
    ring_take(e, record_size(0, (uint32_t)n), (uint32_t)n, 0);
    taken(s, e);
    *len = n;
    return true;
}

/* Saves no register, for few are in use: h and msg are found again where they have led. */
int32_t sys_wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline)
{
    struct sip *s = this_thread()->sip;
    struct thread *t, *to = NULL;
    struct core *c;
    struct endpoint *e;
    struct object *o;
    struct rx rx;
    uint64_t len;
    bool done;

    stack_touch_little();
    if (looks(true) || !decode_in(view_of(s), msg, &rx)
            || !(o = handle_get(s, h, HANDLE_CHANNEL)))
        return wait_other(s, h, msg, deadline);
    e = container_of(o, struct endpoint, o);
    if (!list_looks_empty(&o->ready)) {
        take(o->lock, false);
        take(&s->lock, false);
        done = likely(deadline >= 0) && take_plain(s, e, &rx, &len);
        drop(&s->lock, false);
        drop(o->lock, false);
        if (done)
            return (int32_t)len;
        goto other;
    }
    if (unlikely(limited(&deadline))) {
        if (deadline == 0 && awaits(o))
            return ERR_EMPTY;
        goto other;
    }
    t = this_thread();
    c = this_core();
    t->rx = rx;
    in_register(t);
    take(&s->lock, false);
    if (!unlikely(guess(s->prompt)) && likely(awaits(o)) && (to = next(c, false))) {
        t->waits_on = o;
        o->waiter = t;
        wait_here(t, THREAD_WAITING, &s->lock, false);
    }
    drop(&s->lock, false);
    if (to)
        return leave(t, to, c, false);
    rx.msg = t->rx.msg;
other:
    return wait_other(s, o->number, (uint32_t)(rx.msg - s->mem.base), deadline);
}
