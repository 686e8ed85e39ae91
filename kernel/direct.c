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

/*
 * Decodes the struct msg at `off`: bytes to send, and where t, which runs, is to receive.
 */
always bool decode(struct thread *t, const struct sip *s, uint32_t off, const uint8_t **data,
                   uint64_t *len)
{
    uint8_t *base = s->mem.base, *at = base + off;
    uint64_t size = (uint64_t)s->mem.pages * WASM_PAGE, out, in;
    uint32_t nhandles;

    if (unlikely(off + sizeof(struct msg) > size) || !peek64(at, &out) || !peek64(at + 8, &in)
            || !peek32(at + 16, &nhandles))
        return false;
    *data = base + (uint32_t)out;
    *len = out >> 32;
    t->rx.msg = at;
    t->rx.buf = base + (uint32_t)in;
    t->rx.cap = (uint32_t)(in >> 32);
    return !(unlikely(nhandles != 0) || unlikely(*len > MSG_BYTES_MAX)
             || unlikely((uint32_t)out + *len > size)
             || unlikely((uint32_t)in + (in >> 32) > size));
}

/* Writes the message where rx says. */
always bool write(const struct rx *rx, const uint8_t *data, uint64_t len, uint64_t from_kind,
                  uint32_t token)
{
    uint8_t *to = rx->buf, *head = rx->msg;

    return (__builtin_expect(len - 33 < 32, 1) ? copy_64(to, data, len)
            : !len || copy_checked(to, data, len))
        && poke32(head + 16, 0) && poke64(head + 36, from_kind)
        && poke64(head + 44, token | len << 32);
}

always void claim(struct thread *t, int32_t result)
{
    t->result = result;
    t->guard = NULL;
}

/* The CPU is to's from here on. */
always struct direct own(struct core *c, struct thread *t, struct thread *to, bool many)
{
    if (unlikely(++c->handoffs >= HANDOFFS_CHARGED))
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

/* What goes to one that waits: bytes, and the call that they are, if they are one. */
struct outgoing {
    const uint8_t *data;
    uint64_t len;
    bool call;
    uint32_t token;             /* of the call */
    uint32_t op;                /* out: of the call under a contract */
};

always bool write_to(struct endpoint *e, struct thread *w, const struct outgoing *g)
{
    uint64_t kind = g->call ? MSG_CALL : MSG_DATA;

    return write(&w->rx, g->data, g->len, e->peer->o.number | kind << 32, g->token);
}

/* The same under a contract: what was checked is delivered. */
static bool write_checked(struct endpoint *e, struct thread *w, struct outgoing *g)
{
    const struct contract *c = e->contract;
    uint8_t *state = e->handler ? &e->peer->state : &e->state;

    if (g->len < 4 || !peek32(g->data, &g->op)
            || contract_check(c, *state, (e->handler ? WAY_EVENT : WAY_SEND) | g->call, g->op,
                              (uint32_t)g->len, 0) < 0
            || !write_to(e, w, g) || !poke32(w->rx.buf, g->op))
        return false;
    *state = contract_next(c, *state, g->op);
    return true;
}

/* To the thread w of s, which waits at e's peer and is claimed then. */
always bool hand(struct endpoint *e, struct thread *w, struct sip *s, struct outgoing *g)
{
    if (unlikely(g->len > w->rx.cap) || unlikely(w->timed != NULL))
        return false;
    if (e->contract ? !write_checked(e, w, g) : !write_to(e, w, g))
        return false;
    s->messages++;
    if (unlikely(((uintptr_t)w->waits_on | (uintptr_t)w->next_waiter) != 0))
        wait_done(w);
    else
        s->any_waiter = NULL;
    claim(w, (int32_t)g->len);
    return true;
}

/* The call of t through e (handle h), which was handed to s, begins. */
always void begin(struct thread *t, struct endpoint *e, struct sip *s, uint32_t h, uint32_t op)
{
    t->call_end = e;
    t->call_handle = h;
    t->call_op = (uint8_t)op;
    t->server = s;
    list_push(&e->callers, &t->blocked);
    sched_wait(t, THREAD_CALLING, &e->ch->lock);
}

/* Through o, handle h of s, to who waits at the other end: the claimed thread, or NULL. */
always struct thread *pass(struct thread *t, struct sip *s, struct object *o, uint32_t h,
                           struct outgoing *g, bool many)
{
    struct endpoint *e = container_of(o, struct endpoint, o);
    struct thread *w = NULL;
    struct sip *to;

    take(&e->ch->lock, many);
    if (likely(e->peer) && likely(!many || o->owner == s) && likely((to = e->peer->o.owner))) {
        take(&to->lock, many);
        if (unlikely(many && e->peer->o.owner != to) || !(w = object_waiter(&e->peer->o))
                || !hand(e, w, to, g))
            w = NULL;
        else if (g->call)
            begin(t, e, to, h, g->op);
        drop(&to->lock, many);
    }
    drop(&e->ch->lock, many);
    return w;
}

/* A look without locks, lest all be decoded in vain. */
always bool somebody_waits(const struct endpoint *e)
{
    const struct endpoint *p = e->peer;
    const struct sip *s = p ? p->o.owner : NULL;

    return s && (p->o.waiter || s->any_waiter);
}

always struct direct send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags,
                          bool many)
{
    struct sip *s = sip_of(in);
    struct thread *t = this_thread(), *w;
    struct outgoing g = { .call = false };
    struct object *o;

    stack_touch_little();
    if (unlikely(flags > SEND_NOWAIT) || unlikely(cpu_field(need_resched) != 0)
            || unlikely(!(o = handle_get(s, h, HANDLE_CHANNEL)))
            || !somebody_waits(container_of(o, struct endpoint, o))
            || !decode(t, s, msg, &g.data, &g.len))
        goto slow;
    if ((w = pass(t, s, o, h, &g, many))) {
        if (!enqueue(this_core(), w, many))
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

/* Is there nothing to receive, or to say, at once? True for good only with the lock of s. */
always bool nothing_for(struct sip *s, uint32_t h, struct object **on)
{
    struct object *o;

    *on = NULL;
    if (h == 0)
        return list_empty(&s->ready);
    *on = o = handle_get(s, h, HANDLE_CHANNEL);
    return o && list_empty(&o->ready) && !o->waiter && !container_of(o, struct endpoint, o)->told;
}

always struct direct wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                          bool many)
{
    struct sip *s = sip_of(in);
    struct thread *t = this_thread(), *to = NULL;
    struct core *c = this_core();
    const uint8_t *data;
    struct object *o;
    uint64_t len;

    stack_touch_little();
    if (unlikely(deadline != FOREVER) || unlikely(cpu_field(need_resched) != 0)
            || unlikely(s->prompt) || !c->ready_bits || !nothing_for(s, h, &o)
            || !decode(t, s, msg, &data, &len))
        goto slow;
    take(&s->lock, many);
    if (nothing_for(s, h, &o) && (to = next(c, many))) {
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

always struct direct call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                          bool many)
{
    struct sip *s = sip_of(in);
    struct thread *t = this_thread(), *w;
    struct outgoing g = { .call = true, .token = t->token };
    struct object *o;

    stack_touch_little();
    if (unlikely(deadline != FOREVER) || unlikely(cpu_field(need_resched) != 0)
            || !decode(t, s, msg, &g.data, &g.len)
            || unlikely(!(o = handle_get(s, h, HANDLE_CHANNEL))))
        goto slow;
    if ((w = pass(t, s, o, h, &g, many)))
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

/* What the contract of e says of the answer; what was checked is delivered. */
static bool write_answer(struct thread *t, struct endpoint *e, const uint8_t *data, uint64_t len)
{
    const struct contract *c = e->contract;
    uint32_t word;

    if (len < 4 || !peek32(data, &word)
            || contract_check_answer(c, t->call_op, (int32_t)word, (uint32_t)len, 0) < 0
            || !write(&t->rx, data, len, t->call_handle | (uint64_t)MSG_DATA << 32, 0)
            || !poke32(t->rx.buf, word))
        return false;
    e->state = contract_next_answer(c, e->state, t->call_op, (int32_t)word);
    return true;
}

/* Writes the answer for t, whose channel's lock is held, and ends its call. */
always bool give(struct thread *t, struct endpoint *e, const uint8_t *data, uint64_t len)
{
    if (unlikely(len > t->rx.cap) || unlikely(t->timed != NULL))
        return false;
    if (e->contract ? !write_answer(t, e, data, len)
            : !write(&t->rx, data, len, t->call_handle | (uint64_t)MSG_DATA << 32, 0))
        return false;
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
    struct thread *t = this_thread(), *to = NULL;
    struct endpoint *e;
    const uint8_t *data;
    uint64_t len;

    stack_touch_little();
    if (unlikely(deadline != FOREVER) || unlikely(cpu_field(need_resched) != 0)
            || !decode(t, s, msg, &data, &len) || unlikely(!(to = thread_of_token(token)))
            || unlikely(!(e = to->call_end)))
        goto slow;
    take(&e->ch->lock, many);
    take(&s->lock, many);
    if (unlikely(to->token != token) || unlikely(to->server != s)
            || unlikely(many && (to->call_end != e || !to->guard))
            || unlikely(!list_empty(&s->ready))
            || !give(to, e, data, len)) {
        to = NULL;
    } else {
        t->next_waiter = s->any_waiter;
        s->any_waiter = t;
        t->waits_on = NULL;
        sched_wait(t, THREAD_WAITING, &s->lock);
    }
    drop(&s->lock, many);
    drop(&e->ch->lock, many);
    if (to)
        return switch_over(t, to, many);
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
