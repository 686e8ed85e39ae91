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

/* ---- yielding to one of the same priority; of one CPU: switch.asm ---------------------------- */

int32_t direct_yield_many(struct wasm_instance *in, uint32_t a, uint32_t b, int64_t c_,
                          struct thread *t)
{
    struct core *c = this_core();
    struct thread *to = NULL;
    struct link *queue = &c->ready[t->priority];

    stack_touch_little();
    if (looks(false) || ready_from(c, t->priority) != 1)
        return sys_yield_slow(in);
    lock_take(&c->lock);
    if (queue->next != queue && !container_of(queue->next, struct thread, run)->preempted) {
        to = container_of(queue->next, struct thread, run);
        list_cut(&to->run);
        list_push(queue, &t->run);
        t->level = t->priority;
        t->result = 0;
        t->slice_left = 0;
    }
    lock_drop(&c->lock);
    if (!to)
        return sys_yield_slow(in);
    c->slice_stale = true;
    direct_go_many(own(t, to, true), t);
}

/* ---- the call -------------------------------------------------------------------------------- */

/* The call of t through e (handle h), which was handed to s, begins. */
always void begin(struct thread *t, struct endpoint *e, struct sip *s, uint32_t h, bool many)
{
    t->call_end = e;
    t->call_handle = h;
    t->server = s;
    caller_add(e, t);
    wait_here(t, THREAD_CALLING, e->o.lock, many);
}

always int32_t call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                    struct thread *t, bool many)
{
    struct sip *s = t->sip, *to;
    struct thread *w;
    struct view v = view_of(s);
    struct endpoint *e;
    struct object *o;
    const uint8_t *data;
    uint64_t len;

    stack_touch_little();
    if (looks(false) || unlikely(limited(&deadline))
            || unlikely(!(o = handle_get(s, h, HANDLE_CHANNEL)))
            || !decode_out(v, msg, &data, &len) || !decode_in(v, msg, &t->rx))
        return sys_call_slow(in, h, msg, deadline);
    e = container_of(o, struct endpoint, o);
    if (!both(e, s, &to, many))
        return sys_call_slow(in, h, msg, deadline);
    if (!(w = object_waiter(&e->peer->o))
            || !hand(e, w, to, data, len, t, false))
        w = NULL;
    else
        begin(t, e, to, h, many);
    drop(&to->lock, many);
    drop(e->o.lock, many);
    if (!w)
        return sys_call_slow(t->in, h, msg, FOREVER);
    switch_over(t, w, many);
}

int32_t direct_call_many(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                         struct thread *t)
{
    return call(in, h, msg, deadline, t, true);
}

int32_t direct_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                    struct thread *t)
{
    return call(in, h, msg, deadline, t, false);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Writes the answer to the call of t, if the contract of e allows it. */
always bool write_checked(struct thread *t, struct endpoint *e, const uint8_t *data, uint64_t len)
{
    const struct contract *c = e->contract;
    uint64_t word;

    if (len < 4 || !peek32(data, &word)
            || contract_check_answer(c, t->call_op, (int32_t)word, (uint32_t)len, 0) < 0
            || !write(&t->rx, data, len, t->call_handle, MSG_DATA, NULL, false)
            || !poke32(t->rx.buf, (uint32_t)word))
        return false;
    e->state = contract_next_answer(c, e->state, t->call_op, (int32_t)word);
    return true;
}

/* Writes the answer for t, whose channel's lock is held, and ends its call. */
always bool give(struct thread *t, uint32_t token, struct endpoint *e, const uint8_t *data,
                 uint64_t len)
{
    if (unlikely(len > t->rx.cap) || unlikely(guess_last(t->timed) != NULL))
        return false;
    if (likely(!e->contract) ? !write(&t->rx, data, len, t->call_handle, MSG_DATA, NULL, false)
                             : !write_checked(t, e, data, len))
        return false;
    t->answered = token;
    t->token = token_next(token);
    if (likely(e->caller == t))
        clear64(&e->caller);
    else
        caller_del(e, t);
    clear64(&t->call_end);
    claim(t, (int32_t)len);
    return true;
}

always int32_t answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg,
                           int64_t deadline, struct thread *t, bool many)
{
    struct sip *s = t->sip;
    struct thread *to;
    struct view v = view_of(s);
    struct endpoint *e;
    const uint8_t *data;
    uint64_t len;
    bool given, more;

    stack_touch_little();
    if (looks(false) || unlikely(limited(&deadline)) || !decode_out(v, msg, &data, &len)
            || !decode_in(v, msg, &t->rx) || unlikely(!(to = thread_of_token(token)))
            || unlikely(!(e = follow(to->call_end, many))))
        return sys_answer_wait_slow(in, token, msg, deadline);
    take(e->o.lock, many);
    take(&s->lock, many);
    given = likely(guess(to->token) == token)
        && likely(!many || (guess(to->call_end) == e && guess(to->guard)))
        && likely(to->server == s) && give(to, token, e, data, len);
    more = !list_empty(&s->ready) || (many && s->polls);
    if (likely(given && !more)) {
        t->next_waiter = s->any_waiter;
        s->any_waiter = t;
        wait_here(t, THREAD_WAITING, &s->lock, many);
    }
    drop(&s->lock, many);
    drop(e->o.lock, many);
    if (likely(given && !more))
        switch_over(t, to, many);
    if (!given)
        return sys_answer_wait_slow(in, token, msg, deadline);
    if (!enqueue(this_core(), to, many))
        sched_resume(to);
    return many ? sys_wait_many(t->in, 0, msg, FOREVER) : sys_wait(t->in, 0, msg, FOREVER);
}

int32_t direct_answer_wait_many(struct wasm_instance *in, uint32_t token, uint32_t msg,
                                int64_t deadline, struct thread *t)
{
    return answer_wait(in, token, msg, deadline, t, true);
}

int32_t direct_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg,
                           int64_t deadline, struct thread *t)
{
    return answer_wait(in, token, msg, deadline, t, false);
}
