/*
 * direct.c - the direct path of a message: a call to a handler that waits, and its answer, when
 * nothing out of the ordinary is asked for. Everything else is channel.c's and wait.c's, which do
 * the same in general; what is checked here is checked there in the same words.
 *
 * Ordinary is: no handles, no deadline, no interrupt to be looked at, the receiver's buffer holds
 * the message, and nothing waits for the server when it answers. The caller's wait is set up, the
 * message copied straight into the buffer that the receiver posted, and switch.asm goes from the
 * one stack to the other, back into the image by pop and jmp: a ret on another stack than that of
 * its call is mispredicted.
 *
 * Each function looks at everything first, under the locks of the channel and of the receiver, and
 * gives up without a trace (`slow`) as soon as something is out of the ordinary.
 */
#include "kernel/direct.h"
#include "kernel/kernel.h"
#include "kernel/ring.h"
#include "kernel/x64/access.h"

#define unlikely(x) __builtin_expect(!!(x), 0)
#define likely(x) __builtin_expect(!!(x), 1)
#define always static inline __attribute__((always_inline))

/* Each path is compiled twice, for one CPU without what only others make necessary. */
always void take(struct lock *l, bool many)
{
    if (many || LOCK_CHECKED)
        lock_take(l);
}

always void drop(struct lock *l, bool many)
{
    if (many || LOCK_CHECKED)
        lock_drop(l);
}

/* The linear memory of a SIP. */
struct view { uint8_t *base; uint64_t size; };

always struct view view_of(const struct sip *s)
{
    return (struct view){ s->mem.base, (uint64_t)s->mem.pages * WASM_PAGE };
}

/* The bytes that the struct msg at `off` sends. */
always bool decode_out(struct view v, uint32_t off, const uint8_t **data, uint64_t *len)
{
    const uint8_t *at = v.base + off;
    uint64_t out, nhandles;

    if (unlikely(off + sizeof(struct msg) > v.size) || !peek32(at, &out) || !peek32(at + 4, len)
            || !peek32(at + 16, &nhandles))
        return false;
    *data = v.base + out;
    return !(unlikely(nhandles != 0) || unlikely(*len > MSG_BYTES_MAX)
             || unlikely(out + *len > v.size));
}

/* Where t, which runs, is to receive by the struct msg at `off`. */
always bool decode_in(struct view v, uint32_t off, struct thread *t)
{
    uint8_t *at = v.base + off;
    uint64_t in, cap;

    if (unlikely(off + sizeof(struct msg) > v.size) || !peek32(at + 8, &in)
            || !peek32(at + 12, &cap) || unlikely(in + cap > v.size))
        return false;
    t->rx.msg = at;
    t->rx.buf = v.base + in;
    t->rx.cap = (uint32_t)cap;
    return true;
}

always bool copy(uint8_t *to, const uint8_t *data, uint64_t len)
{
    return likely(len - 33 < 32) ? copy_64(to, data, len)
        : !len || copy_checked(to, data, len);
}

/* Writes the message where rx says. */
always bool write(const struct rx *rx, const uint8_t *data, uint64_t len, uint32_t from,
                  uint32_t kind, uint32_t token)
{
    uint8_t *head = rx->msg;

    return copy(rx->buf, data, len) && poke32(head + 16, 0) && poke32(head + 36, from)
        && poke32(head + 40, kind) && poke32(head + 44, token)
        && poke32(head + 48, (uint32_t)len);
}

always void claim(struct thread *t, int32_t result)
{
    t->result = result;
    t->guard = NULL;
}

/* The CPU is to's from here on. */
always struct direct own(struct core *c, struct thread *t, struct thread *to, bool many)
{
    if (unlikely(--cpu_field(handoffs) == 0))
        sched_charge(c);
    t->slice_left = 0;
    if (many)
        thread_on(to, c);
    to->state = THREAD_RUNNING;
    cpu_field(current) = to;
    if (many && unlikely(__atomic_load_n(&to->on_cpu, __ATOMIC_ACQUIRE)))
        return (struct direct){ sched_between(c, to), (uintptr_t)t };
    to->on_cpu = 1;
    return (struct direct){ &to->ctx, (uintptr_t)t };
}

/* The same, with the priority of t. */
always struct direct switch_over(struct thread *t, struct thread *to, bool many)
{
    if (unlikely(to->level < t->level))
        to->level = t->level;
    t->level = t->priority;
    return own(this_core(), t, to, many);
}

/* ---- yielding to one of the same priority ---------------------------------------------------- */

always struct direct yield(struct wasm_instance *in, bool many)
{
    struct core *c = this_core();
    struct thread *t = this_thread(), *to;
    struct link *queue = &c->ready[t->level], *first;

    stack_touch_little();
    if (unlikely(cpu_field(need_resched) != 0) || unlikely(c->ready_bits >> t->level != 1))
        return (struct direct){ NULL, (uint32_t)sys_yield_slow(in) };
    take(&c->lock, many);
    first = queue->next;
    to = container_of(first, struct thread, run);
    if (many && unlikely(first == queue)) {
        drop(&c->lock, many);
        return (struct direct){ NULL, 0 };
    }
    if (unlikely(to->preempted)) {              /* it goes on from its frame */
        drop(&c->lock, many);
        return (struct direct){ NULL, (uint32_t)sys_yield_slow(in) };
    }
    list_del(first);
    list_push(queue, &t->run);
    t->state = THREAD_READY;
    t->result = 0;
    drop(&c->lock, many);
    c->slice_stale = true;
    return own(c, t, to, many);
}

struct direct direct_yield(struct wasm_instance *in)
{
    if (__builtin_expect(cpus_many, 0))
        return yield(in, true);
    return yield(in, false);
}

/* ---- sending to one that waits, and waiting -------------------------------------------------- */

/* w, claimed, runs in its turn. False: it belongs elsewhere, or the timer has to be set. */
always bool enqueue(struct core *c, struct thread *w, bool many)
{
    if (many || unlikely(w->core != c) || unlikely(c->slice_end < cpu_field(timer_deadline)))
        return false;
    w->urgent = false;
    w->state = THREAD_READY;
    list_push(&c->ready[w->level], &w->run);
    c->ready_bits |= 1u << w->level;
    return true;
}

/*
 * What the contract of e, if it has one, says of these bytes: false if it refuses them. *op is the
 * operation then, else 0: what was checked is what is delivered, whatever other threads write.
 */
always bool passes(struct endpoint *e, const uint8_t *data, uint64_t len, uint32_t kind,
                   uint64_t *op)
{
    unsigned way = (e->handler ? WAY_EVENT : WAY_SEND) | (kind == MSG_CALL);

    *op = 0;
    return likely(!e->contract)
        || (len >= 4 && peek32(data, op)
            && contract_check(e->contract, e->handler ? e->peer->state : e->state, way,
                              (uint32_t)*op, (uint32_t)len, 0) >= 0);
}

/* Operation op has gone through e. */
always void passed(struct endpoint *e, uint64_t op)
{
    uint8_t *state = e->handler ? &e->peer->state : &e->state;

    *state = contract_next(e->contract, *state, (uint32_t)op);
}

/* To the thread w of s, which waits at e's peer and is claimed then. */
always bool hand(struct endpoint *e, struct thread *w, struct sip *s, const uint8_t *data,
                 uint64_t len, uint32_t kind, uint32_t token, uint64_t *op)
{
    if (unlikely(len > w->rx.cap) || unlikely(w->timed != NULL)
            || unlikely(!passes(e, data, len, kind, op))
            || !write(&w->rx, data, len, e->peer->o.number, kind, token))
        return false;
    if (unlikely(*op)) {
        if (!poke32(w->rx.buf, (uint32_t)*op))
            return false;
        passed(e, *op);
    }
    s->messages++;
    if (w->waits_on) {
        w->waits_on->waiter = NULL;
        w->waits_on = NULL;
    } else {
        s->any_waiter = w->next_waiter;         /* w is the first of them */
        w->next_waiter = NULL;
    }
    claim(w, (int32_t)len);
    return true;
}

/* Into the ring of e's peer, at which nobody waits, if there is room without more ado. */
always bool queue(struct endpoint *e, const uint8_t *data, uint64_t len)
{
    struct endpoint *p = e->peer;
    struct record *r = ring_behind(p, record_size(0, (uint32_t)len));
    uint64_t op;

    if (unlikely(!r) || unlikely(ring_full(p, len))
            || unlikely(!passes(e, data, len, MSG_DATA, &op)))
        return false;
    record_head(r, MSG_DATA, 0, 0, (uint32_t)len);
    if (!copy(record_data(r), data, len))
        return false;
    if (unlikely(op)) {
        *(uint32_t *)record_data(r) = (uint32_t)op;
        passed(e, op);
    }
    ring_add(p, r);
    if (list_empty(&p->o.ready))
        list_push(&p->o.owner->ready, &p->o.ready);
    return true;
}

/* Takes the locks of e, which is handle o of s, and of who has the other end: that, or NULL. */
always struct sip *both(struct endpoint *e, const struct sip *s, bool many)
{
    struct sip *to;

    take(&e->ch->lock, many);
    if (likely(e->peer) && likely(!many || e->o.owner == s) && likely((to = e->peer->o.owner))) {
        take(&to->lock, many);
        if (likely(!many) || e->peer->o.owner == to)
            return to;
        drop(&to->lock, many);
    }
    drop(&e->ch->lock, many);
    return NULL;
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
    return (struct direct){ NULL, (uint32_t)sys_send_slow(in, h, msg, flags) };
}

struct direct direct_send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags)
{
    if (__builtin_expect(cpus_many, 0))
        return send(in, h, msg, flags, true);
    return send(in, h, msg, flags, false);
}

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
    return (struct direct){ NULL, (uint32_t)sys_wait_slow(in, h, msg, deadline) };
}

struct direct direct_wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline)
{
    if (__builtin_expect(cpus_many, 0))
        return wait(in, h, msg, deadline, true);
    return wait(in, h, msg, deadline, false);
}

/* ---- the call -------------------------------------------------------------------------------- */

/* The call of t through e (handle h), which was handed to s, begins. */
always void begin(struct thread *t, struct endpoint *e, struct sip *s, uint32_t h, uint64_t op)
{
    t->call_end = e;
    t->call_handle = h;
    t->call_op = (uint8_t)op;
    t->server = s;
    list_push(&e->callers, &t->blocked);
    sched_wait(t, THREAD_CALLING, &e->ch->lock);
}

always struct direct call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                          bool many)
{
    struct sip *s = sip_of(in), *to;
    struct thread *t = this_thread(), *w;
    struct view v = view_of(s);
    struct endpoint *e;
    struct object *o;
    const uint8_t *data;
    uint64_t len, op;

    stack_touch_little();
    if (unlikely(deadline != FOREVER) || unlikely(cpu_field(need_resched) != 0)
            || !decode_out(v, msg, &data, &len) || !decode_in(v, msg, t)
            || unlikely(!(o = handle_get(s, h, HANDLE_CHANNEL))))
        goto slow;
    e = container_of(o, struct endpoint, o);
    if (!(to = both(e, s, many)))
        goto slow;
    if (!(w = object_waiter(&e->peer->o))
            || !hand(e, w, to, data, len, MSG_CALL, t->token, &op))
        w = NULL;
    else
        begin(t, e, to, h, op);
    drop(&to->lock, many);
    drop(&e->ch->lock, many);
    if (w)
        return switch_over(t, w, many);
slow:
    return (struct direct){ NULL, (uint32_t)sys_call_slow(in, h, msg, deadline) };
}

struct direct direct_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline)
{
    if (__builtin_expect(cpus_many, 0))
        return call(in, h, msg, deadline, true);
    return call(in, h, msg, deadline, false);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* What the contract of e says of the answer to the call of t. *word is its status; *checked: there
 * is one. */
always bool answers(struct thread *t, struct endpoint *e, const uint8_t *data, uint64_t len,
                    uint64_t *word)
{
    return likely(!e->contract)
        || (len >= 4 && peek32(data, word)
            && contract_check_answer(e->contract, t->call_op, (int32_t)*word, (uint32_t)len, 0)
               >= 0);
}

/* Writes the answer for t, whose channel's lock is held, and ends its call. */
always bool give(struct thread *t, struct endpoint *e, const uint8_t *data, uint64_t len)
{
    uint64_t word = 0;

    if (unlikely(len > t->rx.cap) || unlikely(t->timed != NULL)
            || unlikely(!answers(t, e, data, len, &word))
            || !write(&t->rx, data, len, t->call_handle, MSG_DATA, 0))
        return false;
    if (unlikely(e->contract != NULL)) {
        if (!poke32(t->rx.buf, (uint32_t)word))
            return false;
        e->state = contract_next_answer(e->contract, e->state, t->call_op, (int32_t)word);
    }
    t->answered = t->token;
    t->token = token_next(t->token);
    list_del(&t->blocked);
    t->call_end = NULL;
    t->server = NULL;
    claim(t, (int32_t)len);
    return true;
}

always struct direct answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg,
                                 int64_t deadline, bool many)
{
    struct sip *s = sip_of(in);
    struct thread *t = this_thread(), *to;
    struct view v = view_of(s);
    struct endpoint *e;
    const uint8_t *data;
    uint64_t len;
    bool given, more;

    stack_touch_little();
    if (unlikely(deadline != FOREVER) || unlikely(cpu_field(need_resched) != 0)
            || !decode_out(v, msg, &data, &len) || !decode_in(v, msg, t)
            || unlikely(!(to = thread_of_token(token))) || unlikely(!(e = to->call_end)))
        goto slow;
    take(&e->ch->lock, many);
    take(&s->lock, many);
    given = likely(to->token == token) && likely(to->server == s)
        && likely(!many || (to->call_end == e && to->guard)) && give(to, e, data, len);
    more = !list_empty(&s->ready);
    if (likely(given && !more)) {
        t->next_waiter = s->any_waiter;
        s->any_waiter = t;
        t->waits_on = NULL;
        sched_wait(t, THREAD_WAITING, &s->lock);
    }
    drop(&s->lock, many);
    drop(&e->ch->lock, many);
    if (likely(given && !more))
        return switch_over(t, to, many);
    if (given) {
        if (!enqueue(this_core(), to, many))
            sched_resume(to);
        return direct_wait(in, 0, msg, deadline);
    }
slow:
    return (struct direct){ NULL, (uint32_t)sys_answer_wait_slow(in, token, msg, deadline) };
}

struct direct direct_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg,
                                 int64_t deadline)
{
    if (__builtin_expect(cpus_many, 0))
        return answer_wait(in, token, msg, deadline, true);
    return answer_wait(in, token, msg, deadline, false);
}
