/*
 * direct_send.c - `send`, when nothing out of the ordinary is asked for (direct.c): bytes go into
 * the buffer of who waits, or into the ring. It never switches, so it is a C function like others;
 * channel.c does the rest.
 */
#include "kernel/hand.h"
#include "kernel/mailbox.h"

/* Into the ring of e's peer, at which nobody waits, if there is room without more ado. */
always bool queue(struct endpoint *e, const uint8_t *data, uint64_t len)
{
    struct endpoint *p = e->peer;
    struct record *r = ring_behind(p, record_size(0, (uint32_t)len));
    uint64_t op;

    if (unlikely(!r) || unlikely(ring_full(p, len)))
        return false;
    record_head(r, MSG_DATA, 0, 0, (uint32_t)len);
    if (likely(!e->contract)) {
        if (!copy(record_data(r), data, len))
            return false;
    } else {
        if (!passes(e, data, len, MSG_DATA, &op) || !copy(record_data(r), data, len))
            return false;
        *(uint32_t *)record_data(r) = (uint32_t)op;
        passed(e, op);
    }
    ring_add(p, r);
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
            || unlikely(guess(s->nthreads) != 1) || !copy(mail_place(e), data, len))
        return false;
    mail_post(e, len);
    if (unlikely(!glance(p->polled)))
        chan_tell(e);
    return true;
}

always int32_t send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags, bool many)
{
    struct sip *s = this_thread()->sip, *to;
    struct thread *w;
    struct endpoint *e;
    struct object *o;
    const uint8_t *data;
    uint64_t len;
    bool done;

    stack_touch_little();
    if (unlikely(flags > SEND_NOWAIT) || unlikely(cpu_field(need_resched) != 0)
            || unlikely(!(o = handle_get(s, h, HANDLE_CHANNEL)))
            || !decode_out(view_of(s), msg, &data, &len))
        goto slow;
    e = container_of(o, struct endpoint, o);
    if (many && post(s, e, data, len))
        return 0;
    if (!(to = both(e, s, many)))
        goto slow;
    w = object_waiter(&e->peer->o);
    done = w ? hand(e, w, to, data, len, NULL) : queue(e, data, len);
    drop(&to->lock, many);
    drop(e->o.lock, many);
    if (done) {
        if (w && !enqueue(this_core(), w, many))
            sched_resume(w);
        return 0;
    }
slow:
    return sys_send_slow(in, h, msg, flags);
}

static __attribute__((noinline)) int32_t send_many(struct wasm_instance *in, uint32_t h,
                                                   uint32_t msg, uint32_t flags)
{
    return send(in, h, msg, flags, true);
}

int32_t sys_send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags)
{
    if (unlikely(cpus_many))
        return send_many(in, h, msg, flags);
    return send(in, h, msg, flags, false);
}
