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
#include "kernel/hand.h"

/* ---- yielding to one of the same priority ---------------------------------------------------- */

always struct direct yield(struct wasm_instance *in, bool many)
{
    struct core *c = this_core();
    struct thread *t = this_thread(), *to;
    struct link *queue = &c->ready[t->level], *first;

    stack_touch_little();
    if (unlikely(cpu_field(need_resched) != 0) || unlikely(guess(c->ready_bits) >> t->level != 1))
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
    if (many)
        t->slice_left = 0;
    drop(&c->lock, many);
    c->slice_stale = true;
    return own(c, t, to, many);
}

static __attribute__((noinline)) struct direct yield_many(struct wasm_instance *in)
{
    return yield(in, true);
}

struct direct direct_yield(struct wasm_instance *in)
{
    if (unlikely(cpus_many))
        return yield_many(in);
    return yield(in, false);
}

/* ---- the call -------------------------------------------------------------------------------- */

/* The call of t through e (handle h), which was handed to s, begins. */
always void begin(struct thread *t, struct endpoint *e, struct sip *s, uint32_t h, uint64_t op,
                  bool many)
{
    t->call_end = e;
    t->call_handle = h;
    t->call_op = (uint8_t)op;
    t->server = s;
    list_push(&e->callers, &t->blocked);
    wait_here(t, THREAD_CALLING, &e->ch->lock, many);
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
    if (unlikely(deadline != FOREVER))
        return (struct direct){ NULL, (uint32_t)sys_call_slow(in, h, msg, deadline) };
    if (unlikely(cpu_field(need_resched) != 0) || unlikely(!(o = handle_get(s, h, HANDLE_CHANNEL)))
            || !decode_out(v, msg, &data, &len) || !decode_in(v, msg, &t->rx))
        goto slow;
    e = container_of(o, struct endpoint, o);
    if (!(to = both(e, s, many)))
        goto slow;
    if (!(w = object_waiter(&e->peer->o))
            || !hand(e, w, to, data, len, MSG_CALL, t->token, &op))
        w = NULL;
    else
        begin(t, e, to, h, op, many);
    drop(&to->lock, many);
    drop(&e->ch->lock, many);
    if (w)
        return switch_over(t, w, many);
slow:
    return (struct direct){ NULL, (uint32_t)sys_call_slow(t->in, h, msg, FOREVER) };
}

static __attribute__((noinline)) struct direct call_many(struct wasm_instance *in, uint32_t h,
                                                         uint32_t msg, int64_t deadline)
{
    return call(in, h, msg, deadline, true);
}

struct direct direct_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline)
{
    if (unlikely(cpus_many))
        return call_many(in, h, msg, deadline);
    return call(in, h, msg, deadline, false);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Writes the answer to the call of t, if the contract of e allows it. */
always bool write_checked(struct thread *t, struct endpoint *e, const uint8_t *data, uint64_t len)
{
    const struct contract *c = e->contract;
    uint64_t word;

    if (len < 4 || !peek32(data, &word)
            || contract_check_answer(c, t->call_op, (int32_t)word, (uint32_t)len, 0) < 0
            || !write(&t->rx, data, len, t->call_handle, MSG_DATA, 0)
            || !poke32(t->rx.buf, (uint32_t)word))
        return false;
    e->state = contract_next_answer(c, e->state, t->call_op, (int32_t)word);
    return true;
}

/* Writes the answer for t, whose channel's lock is held, and ends its call. */
always bool give(struct thread *t, struct endpoint *e, const uint8_t *data, uint64_t len)
{
    if (unlikely(len > t->rx.cap) || unlikely(__atomic_load_n(&t->timed, __ATOMIC_ACQUIRE)))
        return false;
    if (likely(!e->contract) ? !write(&t->rx, data, len, t->call_handle, MSG_DATA, 0)
                             : !write_checked(t, e, data, len))
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
    struct thread *t = this_thread(), *to;
    struct view v = view_of(s);
    struct endpoint *e;
    const uint8_t *data;
    uint64_t len;
    bool given, more;

    stack_touch_little();
    if (unlikely(deadline != FOREVER))
        return (struct direct){ NULL, (uint32_t)sys_answer_wait_slow(in, token, msg, deadline) };
    if (unlikely(cpu_field(need_resched) != 0) || !decode_out(v, msg, &data, &len)
            || !decode_in(v, msg, &t->rx) || unlikely(!(to = thread_of_token(token)))
            || unlikely(!(e = follow(to->call_end, many))))
        goto slow;
    take(&e->ch->lock, many);
    take(&s->lock, many);
    given = likely(guess(to->token) == token)
        && likely(!many || (guess(to->call_end) == e && guess(to->guard)))
        && likely(to->server == s) && give(to, e, data, len);
    more = !list_empty(&s->ready);
    if (likely(given && !more)) {
        t->next_waiter = s->any_waiter;
        s->any_waiter = t;
        t->waits_on = NULL;
        wait_here(t, THREAD_WAITING, &s->lock, many);
    }
    drop(&s->lock, many);
    drop(&e->ch->lock, many);
    if (likely(given && !more))
        return switch_over(t, to, many);
    if (given) {
        if (!enqueue(this_core(), to, many))
            sched_resume(to);
        return direct_wait(t->in, 0, msg, FOREVER);
    }
slow:
    return (struct direct){ NULL, (uint32_t)sys_answer_wait_slow(t->in, token, msg, FOREVER) };
}

static __attribute__((noinline)) struct direct answer_wait_many(struct wasm_instance *in,
                                                                uint32_t token, uint32_t msg,
                                                                int64_t deadline)
{
    return answer_wait(in, token, msg, deadline, true);
}

struct direct direct_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg,
                                 int64_t deadline)
{
    if (unlikely(cpus_many))
        return answer_wait_many(in, token, msg, deadline);
    return answer_wait(in, token, msg, deadline, false);
}
