/*
 * direct_wait.c - `wait`, when nothing out of the ordinary is asked for (direct.c): the next
 * message is taken out of a ring, or the next thread of this CPU goes on. wait.c does the rest.
 */
#include "kernel/hand.h"
#include "kernel/mailbox.h"

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

/* The first message in the ring of o, which is an endpoint of s, for t: its length, or below 0 if
 * there is none, or anything but bytes is to be seen to. */
always int32_t take_out(struct sip *s, struct endpoint *e, struct rx rx, bool many, bool plain)
{
    struct object *o = &e->o;
    struct record *r;
    int32_t n = -1;

    take(e->o.lock, many);
    take(&s->lock, many);
    if (likely(!many || (guess(o->owner) == s && e->count && mail_here(e) < 0))
            && likely(list_empty(&e->senders))) {
        r = ring_first(e);
        if (!r->nobj && r->len <= rx.cap
                && !(plain && (!small(r->len) || unlikely(r->token) || ring_goes(e)))
                && copy(rx.buf, (uint8_t *)(r + 1), r->len, plain)
                && write_head(&rx, r->len, o->number, r->kind, plain ? NULL : &r->token)) {
            n = (int32_t)r->len;
            s->messages++;
            if (!plain && r->token)
                chan_delivered(e, r->token);
            if (plain)
                ring_take(e, r->size, r->len, 0);
            else
                ring_drop(e, r->size, r->len, 0);
            if (!chan_pending(e)) {
                list_del(&o->ready);
            } else if (o->ready.next != &s->ready) {
                list_del(&o->ready);            /* it is the others' turn */
                list_push(&s->ready, &o->ready);
            }
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

static int32_t wait_other(struct thread *t, uint32_t h, uint32_t msg, int64_t deadline);

always int32_t wait(struct thread *t, uint32_t h, uint32_t msg, int64_t deadline, bool many,
                    bool plain)
{
    struct sip *s = t->sip;
    struct thread *to = NULL;
    struct core *c = this_core();
    struct endpoint *e;
    struct object *o;
    struct rx rx;
    int64_t n;

    stack_touch_little();
    if (looks(plain) || !decode_in(view_of(s), msg, &rx)
            || (!(o = plain ? handle_get(s, h, HANDLE_CHANNEL) : wanted(s, h))
                && (plain || unlikely(h))) || (many && !h && s->polls))
        goto slow;
    e = container_of(o, struct endpoint, o);
    if (many && h && e->polled && (n = mail_here(e)) >= 0) {
        if (likely(deadline >= 0) && likely(take_mail(s, e, &rx, n)))
            return (int32_t)n;
        goto slow;
    }
    if (o && !list_looks_empty(&o->ready)) {
        if (likely(deadline >= 0) && likely(plain || h || o->kind == HANDLE_CHANNEL)
                && likely(guess(e->count)) && likely((n = take_out(s, e, rx, many, plain)) >= 0))
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
    if (to) {
        if (!many)
            t->level = t->priority;
        c->slice_stale = true;
        return own(t, to, many);
    }
slow:
    return plain ? wait_other(t, h, msg, deadline) : sys_wait_slow(t->in, h, msg, deadline);
}

int32_t direct_wait_many(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                         struct thread *t)
{
    return wait(t, h, msg, deadline, true, false);
}

/* Of one CPU, whatever is not plain: h is 0, too. */
static __attribute__((noinline)) int32_t wait_other(struct thread *t, uint32_t h, uint32_t msg,
                                                    int64_t deadline)
{
    return wait(t, h, msg, deadline, false, false);
}

int32_t direct_wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                    struct thread *t)
{
    return wait(t, h, msg, deadline, false, true);
}
