/*
 * direct_queue.c - the direct path of messages that are sent and received, from whichever queue:
 * bytes go into the buffer of who waits, or into the ring and out of it again. See direct.c for
 * what is ordinary; channel.c and wait.c do the rest.
 */
#include "kernel/hand.h"

/* ---- sending --------------------------------------------------------------------------------- */

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

always struct direct send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags,
                          bool many)
{
    struct sip *s = sip_of(in), *to;
    struct thread *w;
    struct endpoint *e;
    struct object *o;
    const uint8_t *data;
    uint64_t len, op;
    bool done;

    stack_touch_little();
    if (unlikely(flags > SEND_NOWAIT) || unlikely(cpu_field(need_resched) != 0)
            || unlikely(!(o = handle_get(s, h, HANDLE_CHANNEL)))
            || !decode_out(view_of(s), msg, &data, &len))
        goto slow;
    e = container_of(o, struct endpoint, o);
    if (!(to = both(e, s, many)))
        goto slow;
    w = object_waiter(&e->peer->o);
    done = w ? hand(e, w, to, data, len, MSG_DATA, 0, &op) : queue(e, data, len);
    drop(&to->lock, many);
    drop(&e->ch->lock, many);
    if (done) {
        if (w && !enqueue(this_core(), w, many))
            sched_resume(w);
        return (struct direct){ NULL, 0 };
    }
slow:
    return (struct direct){ NULL, (uint32_t)sys_send_slow(this_thread()->in, h, msg, flags) };
}

static __attribute__((noinline)) struct direct send_many(struct wasm_instance *in, uint32_t h,
                                                         uint32_t msg, uint32_t flags)
{
    return send(in, h, msg, flags, true);
}

struct direct direct_send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags)
{
    if (unlikely(cpus_many))
        return send_many(in, h, msg, flags);
    return send(in, h, msg, flags, false);
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* The next one of this CPU's, if it goes on with a fresh slice and from a context; NULL. */
always struct thread *next(struct core *c, bool many)
{
    struct thread *to = NULL;
    unsigned level;

    take(&c->lock, many);
    if (likely(c->ready_bits)) {
        level = 31 - (unsigned)__builtin_clz(c->ready_bits);
        to = container_of(c->ready[level].next, struct thread, run);
        if (unlikely(to->preempted) || unlikely(to->slice_left)) {
            to = NULL;
        } else {
            list_del(&to->run);
            if (list_empty(&c->ready[level]))
                c->ready_bits &= ~(1u << level);
        }
    }
    drop(&c->lock, many);
    return to;
}

/* The first message in the ring of o, which is an endpoint of s, for t: its length, or below 0 if
 * there is none, or anything but bytes is to be seen to. */
always int32_t take_out(struct thread *t, struct sip *s, struct object *o, bool many)
{
    struct endpoint *e = container_of(o, struct endpoint, o);
    struct record *r;
    int32_t n = -1;

    take(&e->ch->lock, many);
    take(&s->lock, many);
    if (likely(!many || o->owner == s) && e->count && likely(list_empty(&e->senders))) {
        r = ring_first(e);
        if (!r->nobj && r->len <= t->rx.cap
                && write(&t->rx, record_data(r), r->len, o->number, r->kind, r->token)) {
            n = (int32_t)r->len;
            s->messages++;
            if (r->token)
                chan_delivered(e, r->token);
            ring_drop(e, r);
            list_del(&o->ready);
            if (chan_pending(e))
                list_push(&s->ready, &o->ready);
        }
    }
    drop(&s->lock, many);
    drop(&e->ch->lock, many);
    return n;
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

/* Is there nothing to receive from o, or from anything if it is NULL, or to say of it? True for
 * good only with the lock of s. */
always bool nothing_for(const struct sip *s, const struct object *o)
{
    return o ? list_empty(&o->ready) && !o->waiter && !container_of(o, struct endpoint, o)->told
             : list_empty(&s->ready);
}

always struct direct wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                          bool many)
{
    struct sip *s = sip_of(in);
    struct thread *t = this_thread(), *to = NULL;
    struct core *c = this_core();
    struct object *o;
    int32_t n;

    stack_touch_little();
    if (unlikely(deadline < 0) || unlikely(cpu_field(need_resched) != 0)
            || !decode_in(view_of(s), msg, t) || (!(o = wanted(s, h)) && unlikely(h)))
        goto slow;
    if (o && !list_empty(&o->ready)) {
        if (likely(o->kind == HANDLE_CHANNEL) && likely((n = take_out(t, s, o, many)) >= 0))
            return (struct direct){ NULL, (uint32_t)n };
        goto slow;
    }
    if (unlikely(deadline != FOREVER) || unlikely(s->prompt) || !c->ready_bits)
        goto slow;
    take(&s->lock, many);
    if (likely(!many || (wanted(s, h) == o && (!o || o->owner == s))) && nothing_for(s, o)
            && (to = next(c, many))) {
        t->waits_on = o;
        if (o) {
            o->waiter = t;
        } else {
            t->next_waiter = s->any_waiter;
            s->any_waiter = t;
        }
        sched_wait(t, THREAD_WAITING, &s->lock);
    }
    drop(&s->lock, many);
    if (to) {
        t->level = t->priority;
        c->slice_stale = true;
        to->urgent = false;
        return own(c, t, to, many);
    }
slow:
    return (struct direct){ NULL, (uint32_t)sys_wait_slow(t->in, h, msg, deadline) };
}

static __attribute__((noinline)) struct direct wait_many(struct wasm_instance *in, uint32_t h,
                                                         uint32_t msg, int64_t deadline)
{
    return wait(in, h, msg, deadline, true);
}

struct direct direct_wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline)
{
    if (unlikely(cpus_many))
        return wait_many(in, h, msg, deadline);
    return wait(in, h, msg, deadline, false);
}
