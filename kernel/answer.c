/*
 * answer.c - the answer to a call: who waits for it is found by its token, and gets the bytes
 * straight into its buffer. What nobody waits for any more goes to nobody, and the server is told.
 */
#include "kernel/kernel.h"

/* The thread that waits for the answer to this token from s, with its channel's lock and those of
 * the parcel's objects held. */
static err_t caller_lock(struct sip *s, uint32_t token, const struct parcel *p,
                         struct thread **caller, struct lock **lock)
{
    struct thread *t = thread_of_token(token);
    struct endpoint *e;

    if (!t)
        return token % (1u << TOKEN_BITS) ? ERR_PEER : ERR_TOKEN;   /* it has ended, or never was */
    while ((e = __atomic_load_n(&t->call_end, __ATOMIC_ACQUIRE))) {
        *lock = &e->ch->lock;
        msg_lock(*lock, p);
        if (guess(t->token) == token && guess(t->call_end) == e
                && guess(t->state) == THREAD_CALLING) {
            *caller = t;
            if (t->server == s)
                return 0;
            msg_unlock(*lock, p);
            return ERR_TOKEN;
        }
        msg_unlock(*lock, p);
        if (guess(t->token) != token || guess(t->call_end) == e)
            break;
    }
    return guess(t->answered) == token ? ERR_TOKEN : ERR_PEER;
}

/* Gives the answer to t, whose channel's lock is held, and ends its call. *e: what became of it; a
 * result below 0: the answer itself is wrong, and nothing has happened. */
static err_t give(struct sip *s, struct thread *t, struct parcel *p, err_t *e)
{
    struct endpoint *end = t->call_end;
    struct sip *to = t->sip;
    err_t r = 0;

    p->checked = false;
    if (end->contract && (r = session_check_answer(s, end, t->call_op, p)) < 0)
        return r;
    if (__builtin_expect(p->nobj, 0)) {
        lock_two(&s->lock, &to->lock);
        if ((r = msg_may_pass(s, p, end)) >= 0
                && (*e = msg_deliver(to, &t->rx, t->call_handle, p)) >= 0)
            chan_landed(to, p);
        lock_drop_two(&s->lock, &to->lock);
        if (r < 0)
            return r;
    } else {
        *e = msg_deliver(to, &t->rx, t->call_handle, p);
    }
    if (end->contract)
        session_move(end, p);
    t->answered = t->token;
    chan_call_done(t);
    sched_claim(t, *e);
    return 0;
}

/* Nobody took the answer: what was to go with it ends. */
static void discard_objects(struct sip *s, struct parcel *p)
{
    bool mine[MSG_HANDLES_MAX];

    dwell(DWELL_DISCARDED, this_thread());
    lock_take(&s->lock);
    for (uint32_t i = 0; i < p->nobj; i++)
        if ((mine[i] = handle_get(s, p->handle[i], 0) == p->obj[i]))
            handle_end(p->obj[i]);
    lock_drop(&s->lock);
    for (uint32_t i = 0; i < p->nobj; i++)
        if (mine[i])
            object_drop(p->obj[i]);
}

err_t chan_answer(struct sip *s, uint32_t token, uint32_t msg, bool discard, struct thread **wake)
{
    struct thread *t = NULL;
    struct lock *lock;
    struct parcel p;
    struct msg_in m;
    err_t r, found;

    if (__builtin_expect(token & TOKEN_IRQ, 0))
        return irq_answer(s, token);
    if ((r = msg_read(s, msg, &m)) < 0 || (r = msg_parcel(s, &m, NULL, &p)) < 0)
        return r;
    p.kind = MSG_DATA;
    p.token = 0;
    found = caller_lock(s, token, &p, &t, &lock);
    if (found == ERR_TOKEN)
        return found;
    if (t) {
        r = give(s, t, &p, &found);
        msg_unlock(lock, &p);
        if (r < 0)
            return r;
        if (wake)
            *wake = t;
        else
            sched_resume(t);
    }
    if (__builtin_expect(found < 0, 0) && discard)
        discard_objects(s, &p);
    return found < 0 ? found : 0;
}
