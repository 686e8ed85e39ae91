/*
 * direct_send.c - `send`, when nothing out of the ordinary is asked for (direct.c): bytes go into
 * the buffer of who waits, or into the ring. It never switches, so it is a C function like others;
 * channel.c does the rest. On one CPU, what is not `plain` (hand.h) is found out at once or when
 * nothing has been done yet, and begun again.
 */
#include "kernel/hand.h"
#include "kernel/mailbox.h"

/* Into the ring of e's peer, at which nobody waits, if there is room without more ado. */
always bool queue(struct endpoint *e, const uint8_t *data, uint64_t len, bool plain)
{
    struct endpoint *p = e->peer;
    struct record *r = ring_behind(p, record_size(0, (uint32_t)len));
    uint64_t op;

    if (unlikely(!r) || unlikely(ring_full(p, len)))
        return false;
    record_head(r, MSG_DATA, 0, 0, (uint32_t)len);
    if (plain || likely(!e->contract)) {
        if (!copy(record_data(r), data, len, plain))
            return false;
    } else {
        if (!passes(e, data, len, MSG_DATA, &op) || !copy(record_data(r), data, len, plain))
            return false;
        *(uint32_t *)record_data(r) = (uint32_t)op;
        passed(e, op);
    }
    ring_add(p, 0, (uint32_t)len);
    if (list_empty(&p->o.ready))
        list_push(&p->o.owner->ready, &p->o.ready);
    return true;
}

/* Into the mailbox, without a lock, if the peer of e, an end of s, is polled and has nothing else
 * to receive. */
always bool post(const struct sip *s, struct endpoint *e, const uint8_t *data, uint64_t len)
{
    const struct endpoint *p = glance(e->peer);

    if (!p || !glance(p->polled) || !e->turn || unlikely(len > MAIL_BYTES)
            || unlikely(guess(p->count) != 0) || unlikely(e->contract != NULL)
            || unlikely(guess(s->nthreads) != 1) || !copy(mail_place(e), data, len, false))
        return false;
    mail_post(e, len);
    if (unlikely(!glance(p->polled)))
        chan_tell(e);
    return true;
}

/* For who saves no registers: he ends with it. */
static __attribute__((noinline)) int32_t resume(struct thread *w)
{
    stack_touch_little();
    sched_resume(w);
    return 0;
}

static __attribute__((noinline)) int32_t send_other(uint32_t flags, uint32_t h, uint32_t msg);

always int32_t send(uint32_t h, uint32_t msg, uint32_t flags, bool many, bool plain)
{
    struct sip *s = this_thread()->sip, *to;
    struct thread *w;
    struct endpoint *e;
    struct object *o;
    const uint8_t *data;
    uint64_t len;
    bool done;

    if (!plain || LOCK_CHECKED)
        stack_touch_little();
    if (plain && unlikely((flags | cpu_field(need_resched)) != 0))
        return send_other(flags, h, msg);
    if ((!plain && unlikely(flags > SEND_NOWAIT || cpu_field(need_resched) != 0))
            || unlikely(!(o = handle_get(s, h, HANDLE_CHANNEL))))
        goto slow;
    e = container_of(o, struct endpoint, o);
    if ((plain && unlikely(e->contract)) || !decode_out(view_of(s), msg, &data, &len)
            || (plain && !small(len)))
        goto slow;
    if (many && post(s, e, data, len))
        return 0;
    if (!both(e, s, &to, many))
        goto slow;
    w = e->peer->o.waiter;
    if (plain && likely(w))
        done = hand(e, w, to, data, len, NULL, plain);
    else if ((w = object_waiter(&e->peer->o)))
        done = !plain && hand(e, w, to, data, len, NULL, plain);
    else
        done = queue(e, data, len, plain);
    drop(&to->lock, many);
    drop(e->o.lock, many);
    if (done)
        return w && !enqueue(this_core(), w, many) ? resume(w) : 0;
slow:
    return plain ? send_other(0, h, msg) : sys_send_slow(this_thread()->in, h, msg, flags);
}

int32_t sys_send_many(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags)
{
    return send(h, msg, flags, true, false);
}

/* Of one CPU, whatever is not plain; h and msg stay in their registers. */
static int32_t send_other(uint32_t flags, uint32_t h, uint32_t msg)
{
    return send(h, msg, flags, false, false);
}

int32_t sys_send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags)
{
    return send(h, msg, flags, false, true);
}
