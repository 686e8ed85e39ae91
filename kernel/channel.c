/*
 * channel.c - endpoints, their queues, and messages that are sent or called; answer.c has the rest.
 *
 * A message goes by one of two ways. (1) The receiver waits: bytes go straight from the sender's
 * memory into the buffer that it posted. (2) Nobody waits: bytes go into the ring of the
 * receiving end. (1) is only taken while the queue is empty, which a waiting receiver
 * implies, so order is kept. If (1) fails because of the receiver (buffer too small, no handle
 * free), the message takes way (2) and the receiver's wait returns the error; it may try again
 * with a larger buffer. Before both a message that is sent may go by the mailbox (mailbox.h), which
 * is received from first.
 *
 * A call is a message with a token (thread.c). The caller is THREAD_CALLING, in the `callers` list
 * of its own endpoint, until (A) the answer, (B) the deadline, (C) the end of either endpoint. In
 * case (B) the request may still be in the queue; it is received like any other, and its token is
 * stale.
 *
 * What blocks here owns nothing: the message is either still the sender's or already in the ring.
 * Bounds: QUEUE_MSGS and QUEUE_BYTES a direction, CHANNELS_MAX and its quota a SIP, QUEUED_SHARE
 * of memory in all.
 */
#include "kernel/mailbox.h"
#include "kernel/ring.h"

/* ---- making and closing ---------------------------------------------------------------------- */

void account_put(struct account *a)
{
    if (a && __atomic_sub_fetch(&a->refs, 1, __ATOMIC_ACQ_REL) == 0)
        kfree(a);
}

void chan_bind(struct endpoint *client, struct endpoint *handler, struct contract *c)
{
    client->contract = contract_ref(c);
    if (handler) {
        handler->contract = contract_ref(c);
        handler->handler = true;
    }
}

static struct channel *make(struct sip *payer, unsigned ends)
{
    struct account *a = payer ? payer->account : NULL;
    struct channel *ch = kzalloc(sizeof *ch);

    if (!ch)
        return NULL;
    ch->lock = (struct lock)LOCK(RANK_OBJECT);
    ch->ends = ends;
    if ((ch->account = a)) {
        __atomic_fetch_add(&a->refs, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&a->channels, 1, __ATOMIC_RELAXED);
    }
    for (unsigned i = 0; i < ends; i++) {
        struct endpoint *e = &ch->end[i];
        object_init(&e->o, HANDLE_CHANNEL, &ch->lock);
        e->ch = ch;
        e->peer = ends == 2 ? &ch->end[1 - i] : NULL;
        e->turn = i == 0;
        list_init(&e->senders);
        list_init(&e->callers);
    }
    return ch;
}

static bool may_make(struct sip *payer)
{
    return !payer || __atomic_load_n(&payer->account->channels, __ATOMIC_RELAXED) < CHANNELS_MAX;
}

err_t chan_create(struct sip *payer, struct endpoint *end[2])
{
    struct channel *ch;

    if (!may_make(payer))
        return ERR_LIMIT;
    if (!(ch = make(payer, 2)))
        return ERR_NO_MEMORY;
    end[0] = &ch->end[0];
    end[1] = &ch->end[1];
    return 0;
}

err_t chan_create_kernel(struct sip *payer, const struct kserve *k, struct endpoint **end)
{
    struct channel *ch;

    if (!may_make(payer))
        return ERR_LIMIT;
    if (!(ch = make(payer, 1)))
        return ERR_NO_MEMORY;
    ch->end[0].kernel = k;
    *end = &ch->end[0];
    return 0;
}

static void give_back(struct reclaim *r)
{
    kfree(container_of(r, struct channel, reclaim));
}

static void unmake(struct channel *ch)
{
    contract_put(ch->end[0].contract);
    contract_put(ch->end[1].contract);
    if (ch->account)
        __atomic_fetch_sub(&ch->account->channels, 1, __ATOMIC_RELAXED);
    account_put(ch->account);
    reclaim(&ch->reclaim, give_back);
}

void chan_tell(struct endpoint *e)
{
    lock_take(&e->ch->lock);
    if (e->peer)
        object_notify(&e->peer->o);
    lock_drop(&e->ch->lock);
}

/* Wakes every thread of a list of blocked ones. */
static void abort_all(struct link *list, err_t e)
{
    struct link *l;

    while ((l = list_pop(list))) {
        struct thread *t = container_of(l, struct thread, blocked);
        if (t->call_end)
            chan_call_done(t);
        if (thread_blocked(t))
            sched_wake(t, e);
    }
}

static void abort_calls(struct endpoint *e)
{
    if (e->caller) {
        struct thread *t = e->caller;
        chan_call_done(t);
        if (thread_blocked(t))
            sched_wake(t, ERR_PEER);
    }
    abort_all(&e->callers, ERR_PEER);
}

/* ---- the queue ------------------------------------------------------------------------------- */

/* Copies the parcel into the ring of p; its objects are in flight from then on, and its sender's
 * lock is held if there are any. */
static err_t enqueue(struct endpoint *p, struct parcel *c)
{
    struct record *r;
    err_t x;

    if (ring_full(p, c->len))
        return ERR_FULL;
    if ((x = ring_place(p, record_size(c->nobj, c->len), &r)) < 0)
        return x;
    record_head(r, c->kind, c->token, c->nobj, c->len);
    if (c->len && !copy_checked(record_data(r), c->data, c->len))
        return ERR_NO_MEMORY;
    if (c->checked)
        *(uint32_t *)record_data(r) = c->word;
    msg_take(c);
    for (uint32_t i = 0; i < c->nobj; i++)
        r->obj[i] = c->obj[i];
    ring_add(p, c->nobj, c->len);
    return 0;
}

static void throw_away(struct endpoint *e, struct link *orphans)
{
    while (e->count) {
        struct record *r = ring_first(e);
        for (uint32_t i = 0; i < r->nobj; i++)
            list_push(orphans, &r->obj[i]->ready);
        ring_drop(e, r->size, r->len, r->nobj);
    }
    ring_free(e);
}

void chan_close(struct endpoint *e, struct link *orphans)
{
    struct channel *ch = e->ch;
    struct endpoint *p;
    bool last;

    lock_take(&ch->lock);
    p = e->peer;
    e->peer = NULL;
    throw_away(e, orphans);
    abort_all(&e->senders, ERR_PEER);
    abort_calls(e);
    if (p) {
        p->peer = NULL;
        object_notify(&p->o);           /* before a caller wakes, who may ask for it at once */
        abort_calls(p);
        abort_all(&p->senders, ERR_PEER);
    }
    last = --ch->ends == 0;
    lock_drop(&ch->lock);
    if (p && iface_forget(p))
        list_push(orphans, &p->o.ready);
    if (last)
        unmake(ch);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static err_t receive_closed(struct endpoint *e, const struct rx *rx)
{
    struct parcel p = { .kind = MSG_CLOSED };
    err_t r;

    if (e->peer || e->kernel)
        return ERR_EMPTY;
    if (e->told)
        return ERR_PEER;
    r = msg_deliver(e->o.owner, rx, e->o.number, &p);
    e->told = r >= 0;
    return r;
}

static err_t receive_mail(struct endpoint *e, uint32_t len, const struct rx *rx)
{
    struct parcel p = { .kind = MSG_DATA, .data = mail_bytes(e), .len = len };
    err_t r = msg_deliver(e->o.owner, rx, e->o.number, &p);

    if (r >= 0)
        mail_taken(e);
    return r;
}

err_t chan_receive(struct endpoint *e, const struct rx *rx)
{
    struct record *m;
    struct link *l;
    struct parcel p;
    int64_t len;
    err_t r;

    if (cpus_many && (len = mail_here(e)) >= 0)
        return receive_mail(e, (uint32_t)len, rx);
    if (!e->count)
        return receive_closed(e, rx);
    m = ring_first(e);
    p.data = record_data(m);
    p.len = m->len;
    p.kind = m->kind;
    p.token = m->token;
    p.nobj = m->nobj;
    p.checked = false;
    for (uint32_t i = 0; i < m->nobj; i++)
        p.obj[i] = m->obj[i];
    if ((r = msg_deliver(e->o.owner, rx, e->o.number, &p)) < 0)
        return r;
    if (m->token)
        chan_delivered(e, m->token);
    ring_drop(e, m->size, m->len, m->nobj);
    if (__builtin_expect(!list_empty(&e->senders), 0) && (l = list_pop(&e->senders)))
        sched_wake(container_of(l, struct thread, blocked), 0);
    return r;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* PUSHED_NOW: *to has it and may run. PUSHED_AHEAD: into the queue of an end that was in flight,
 * and may have landed meanwhile ((2) in wait.c): it is to be notified, once a call has begun. */
enum pushed { PUSHED = 0, PUSHED_NOW = 1, PUSHED_AHEAD = 2 };

/* The receiver's lock, and the sender's if handles move; NULL: in flight, nobody receives. */
static struct sip *sides_lock(struct sip *from, struct object *o, uint32_t nobj)
{
    struct sip *s;

    for (;;) {
        s = __atomic_load_n(&o->owner, __ATOMIC_ACQUIRE);
        if (s && nobj)
            lock_two(&from->lock, &s->lock);
        else if (s)
            lock_take(&s->lock);
        else if (nobj)
            lock_take(&from->lock);
        if (__builtin_expect(guess(o->owner) == s, 1))
            return s;
        if (s)
            lock_drop(&s->lock);
        if (nobj && s != from)
            lock_drop(&from->lock);
    }
}

void chan_landed(const struct sip *s, const struct parcel *c)
{
    for (uint32_t i = 0; i < c->nobj && s->any_waiter; i++)
        if (guess(c->obj[i]->owner) == s)
            object_notify_owned(c->obj[i]);
}

static void sides_unlock(struct sip *from, struct sip *s, const struct parcel *c)
{
    if (__builtin_expect(c->nobj, 0)) {
        if (s)
            chan_landed(s, c);
        if (s != from)
            lock_drop(&from->lock);
    }
    if (s)
        lock_drop(&s->lock);
}

/* Nobody waits, or can take it now. */
static err_t push_queued(struct endpoint *p, struct parcel *c, struct sip *owner)
{
    err_t r = enqueue(p, c);

    if (r >= 0 && owner)
        object_notify_owned(&p->o);
    return r;
}

/* Way (1) or (2) to the other end p. */
static err_t push_to(struct sip *from, struct endpoint *p, struct parcel *c, struct thread **to)
{
    struct sip *s = sides_lock(from, &p->o, c->nobj);
    struct thread *t = s ? object_waiter(&p->o) : NULL;
    err_t r = 0;

    if (__builtin_expect(c->nobj, 0))
        r = msg_may_pass(from, c, p);
    if (r < 0) {
    } else if (!t) {
        r = push_queued(p, c, s);
    } else if ((r = msg_deliver(s, &t->rx, p->o.number, c)) >= 0) {
        wait_done(t);
        sched_claim(t, r);
        *to = t;
        r = PUSHED_NOW;
    } else if (r != ERR_NO_MEMORY && (r = enqueue(p, c)) >= 0) {
        object_notify_owned(&p->o);         /* the receiver learns what is wrong */
    }
    sides_unlock(from, s, c);
    return r == PUSHED && !s ? PUSHED_AHEAD : r;
}

/*
 * Moves a parcel through e. ERR_FULL if it must wait for room; the error of a rule that its
 * contract has. With PUSHED_NOW the receiver's wait is over, it is claimed. The channel's lock is
 * held, and those of the objects.
 */
static err_t push(struct sip *from, struct endpoint *e, struct parcel *c, struct thread **to)
{
    err_t r;

    c->checked = false;
    if (!e->contract)
        return push_to(from, e->peer, c, to);
    if ((r = session_check(from, e, c, c->kind == MSG_CALL)) >= 0
            && (r = push_to(from, e->peer, c, to)) >= 0)
        session_move(e, c);
    return r;
}

/* After PUSHED_AHEAD to o. */
static void notify_ahead(struct object *o, const struct parcel *c)
{
    struct sip *s = object_owner_lock(o);

    if (!s)
        return;
    object_notify_owned(o);
    chan_landed(s, c);
    lock_drop(&s->lock);
}

static err_t lookup(struct sip *s, uint32_t h, struct endpoint **e)
{
    struct object *o = handle_get(s, h, HANDLE_CHANNEL);

    if (!o)
        return ERR_HANDLE;
    *e = container_of(o, struct endpoint, o);
    return 0;
}

/* With the locks held: is e still what h names, and is there somebody at the other end? */
static err_t still_there(struct sip *s, const struct endpoint *e)
{
    if (__builtin_expect(guess(e->o.owner) != s, 0))
        return ERR_HANDLE;
    return e->peer || e->kernel ? 0 : ERR_PEER;
}

/* Waits until the queue of the other end may have room. Drops the locks. */
static err_t wait_for_room(struct endpoint *e, struct parcel *c, int64_t deadline)
{
    struct thread *t = this_thread();

    list_push(&e->peer->senders, &t->blocked);
    sched_wait_until(t, THREAD_SENDING, &e->ch->lock, deadline, NULL);
    msg_unlock(&e->ch->lock, c);
    return sched_switch(NULL);
}

err_t chan_send(struct sip *s, uint32_t h, uint32_t msg, uint32_t flags)
{
    struct thread *to;
    struct endpoint *e;
    struct parcel p;
    struct msg_in m;
    err_t r;

    if (flags & ~(uint32_t)SEND_NOWAIT)
        return ERR_ARGUMENT;
    if ((r = msg_read(s, msg, &m)) < 0)
        return r;
    for (;;) {
        if ((r = lookup(s, h, &e)) < 0 || (r = msg_parcel(s, &m, e, &p)) < 0)
            return r;
        p.kind = MSG_DATA;
        p.token = 0;
        if (__builtin_expect(e->kernel != NULL, 0)) {
            if (e->contract && (r = session_check(s, e, &p, false)) < 0)
                return r;
            return kserve_dispatch(s, e, h, &p, NULL, 0);
        }
        msg_lock(&e->ch->lock, &p);
        if ((r = still_there(s, e)) >= 0)
            r = push(s, e, &p, &to);
        if (r != ERR_FULL || flags & SEND_NOWAIT)
            break;
        if ((r = wait_for_room(e, &p, FOREVER)) < 0)
            return r;
    }
    if (r == PUSHED_AHEAD)
        notify_ahead(&e->peer->o, &p);
    msg_unlock(&e->ch->lock, &p);
    if (r == PUSHED_NOW)
        sched_resume(to);
    return r < 0 ? r : 0;
}

/* The current thread's call begins: it is in the list that its answer, or the end, is found by. */
void chan_call_begin(struct thread *t, struct endpoint *e, uint32_t h, const struct rx *rx)
{
    t->rx = *rx;
    t->call_end = e;
    t->call_handle = h;
    t->server = NULL;
    caller_add(e, t);
}

void chan_call_done(struct thread *t)
{
    if (t->call_end)                    /* else its end was closed during the kernel's answer */
        caller_del(t->call_end, t);
    t->call_end = NULL;
    t->server = NULL;
    t->token = token_next(t->token);
}

err_t chan_call(struct sip *s, uint32_t h, uint32_t msg, int64_t deadline)
{
    struct thread *t = this_thread(), *to = NULL;
    struct endpoint *e;
    struct parcel p;
    struct msg_in m;
    err_t r;

    if (deadline < 0)
        return ERR_ARGUMENT;
    if ((r = msg_read(s, msg, &m)) < 0)
        return r;
    for (;;) {
        if ((r = lookup(s, h, &e)) < 0 || (r = msg_parcel(s, &m, e, &p)) < 0)
            return r;
        p.kind = MSG_CALL;
        p.token = t->token;
        if (__builtin_expect(e->kernel != NULL, 0)) {
            if (e->contract && (r = session_check(s, e, &p, true)) < 0)
                return r;
            return kserve_dispatch(s, e, h, &p, &m.rx, deadline);
        }
        msg_lock(&e->ch->lock, &p);
        if ((r = still_there(s, e)) >= 0)
            r = push(s, e, &p, &to);
        if (r != ERR_FULL)
            break;
        if ((r = wait_for_room(e, &p, deadline)) < 0)
            return r;
    }
    if (r >= 0) {
        chan_call_begin(t, e, h, &m.rx);
        t->call_op = (uint8_t)p.op;
        t->server = r == PUSHED_NOW ? to->sip : NULL;
        sched_wait_until(t, THREAD_CALLING, &e->ch->lock, deadline, to);
    }
    if (r == PUSHED_AHEAD)
        notify_ahead(&e->peer->o, &p);
    msg_unlock(&e->ch->lock, &p);
    return r < 0 ? r : sched_switch(to);
}
