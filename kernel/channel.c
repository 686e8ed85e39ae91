/*
 * channel.c - endpoints, their queues, and the three ways of a message: sent, called, answered.
 *
 * A message goes by one of two ways. (1) The receiver waits: bytes go straight from the sender's
 * memory into the buffer that it posted. (2) Nobody waits: bytes go into a struct message in the
 * queue of the receiving end. (1) is only taken while the queue is empty, which a waiting receiver
 * implies, so order is kept. If (1) fails because of the receiver (buffer too small, no handle
 * free), the message takes way (2) and the receiver's wait returns the error; it may try again
 * with a larger buffer.
 *
 * A call is a message with a token (thread.c). The caller is THREAD_CALLING, in the `callers` list
 * of its own endpoint, until (A) the answer, (B) the deadline, (C) the end of either endpoint. In
 * case (B) the request may still be in the queue; it is received like any other, and its token is
 * stale.
 *
 * What blocks here owns nothing: the message is either still the sender's or already in the queue.
 * Bounds: QUEUE_MSGS and QUEUE_BYTES a direction, CHANNELS_MAX and QUEUED_MAX a SIP, QUEUED_SHARE
 * of memory in all.
 */
#include "kernel/kernel.h"

#define QUEUED_SHARE 8              /* queues may hold one part in 8 of all memory */

struct message {
    struct link link;
    uint32_t len, nobj, kind, token;
    struct account *account;    /* the sender's */
    struct object *obj[MSG_HANDLES_MAX];
    uint8_t data[];
};

static size_t queued_bytes;         /* lock: the heap's */

size_t chan_queued_bytes(void)
{
    return queued_bytes;
}

/* ---- making and closing ---------------------------------------------------------------------- */

static struct endpoint *make(struct account *a)
{
    struct endpoint *e = kzalloc(sizeof *e);

    if (!e)
        return NULL;
    object_init(&e->o, HANDLE_CHANNEL);
    list_init(&e->queue);
    list_init(&e->senders);
    list_init(&e->callers);
    if ((e->account = a)) {
        a->refs++;
        a->channels++;
    }
    return e;
}

void account_put(struct account *a)
{
    if (a && --a->refs == 0)
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

static void unmake(struct endpoint *e)
{
    contract_put(e->contract);
    if (e->account)
        e->account->channels--;
    account_put(e->account);
    kfree(e);
}

err_t chan_create(struct sip *payer, struct endpoint *end[2])
{
    struct account *a = payer ? payer->account : NULL;

    if (a && a->channels + 2 > 2 * CHANNELS_MAX)
        return ERR_LIMIT;
    if (!(end[0] = make(a)))
        return ERR_NO_MEMORY;
    if (!(end[1] = make(a))) {
        unmake(end[0]);
        return ERR_NO_MEMORY;
    }
    end[0]->peer = end[1];
    end[1]->peer = end[0];
    return 0;
}

err_t chan_create_kernel(struct sip *payer, const struct kserve *k, struct endpoint **end)
{
    struct account *a = payer ? payer->account : NULL;

    if (a && a->channels + 1 > 2 * CHANNELS_MAX)
        return ERR_LIMIT;
    if (!(*end = make(a)))
        return ERR_NO_MEMORY;
    (*end)->kernel = k;
    return 0;
}

static void message_free(struct message *m)
{
    queued_bytes -= sizeof *m + m->len;
    m->account->queued -= sizeof *m + m->len;
    account_put(m->account);
    kfree(m);
}

/* Wakes every thread of a list of blocked ones. */
static void abort_all(struct link *list, err_t e)
{
    struct link *l;

    while ((l = list_pop(list))) {
        struct thread *t = container_of(l, struct thread, blocked);
        if (t->state == THREAD_CALLING)
            chan_call_done(t);
        if (t->state == THREAD_CALLING || t->state == THREAD_SENDING)
            sched_wake(t, e);
    }
}

void chan_close(struct endpoint *e, struct link *orphans)
{
    struct endpoint *p = e->peer;
    struct link *l;

    if (e->connecting)
        iface_forget(e);
    while ((l = list_pop(&e->queue))) {
        struct message *m = container_of(l, struct message, link);
        for (uint32_t i = 0; i < m->nobj; i++)
            list_push(orphans, &m->obj[i]->ready);
        message_free(m);
    }
    abort_all(&e->senders, ERR_PEER);
    abort_all(&e->callers, ERR_PEER);
    if (p) {
        p->peer = NULL;
        abort_all(&p->callers, ERR_PEER);
        abort_all(&p->senders, ERR_PEER);
        if (p->connecting) {
            iface_forget(p);
            list_push(orphans, &p->o.ready);
        } else {
            object_notify(&p->o);
        }
    }
    unmake(e);
}

/* ---- the queue ------------------------------------------------------------------------------- */

static bool has_room(const struct endpoint *p, uint32_t len)
{
    return p->count < QUEUE_MSGS && p->bytes + len <= QUEUE_BYTES;
}

/* Copies the parcel into the queue of p; its objects are in flight from then on. */
static err_t enqueue(struct endpoint *p, struct parcel *c)
{
    struct account *a = this_thread()->sip->account;
    struct message *m;

    if (a->queued + sizeof *m + c->len > QUEUED_MAX)
        return ERR_LIMIT;
    if (queued_bytes / PAGE_SIZE > page_count_total() / QUEUED_SHARE
            || !(m = kmalloc(sizeof *m + c->len)))
        return ERR_NO_MEMORY;
    if (c->len && !copy_checked(m->data, c->data, c->len)) {
        kfree(m);
        return ERR_NO_MEMORY;
    }
    msg_take(c);
    list_init(&m->link);
    m->account = a;
    a->refs++;
    a->queued += sizeof *m + c->len;
    m->len = c->len;
    m->nobj = c->nobj;
    m->kind = c->kind;
    m->token = c->token;
    memcpy(m->obj, c->obj, sizeof m->obj);
    list_push(&p->queue, &m->link);
    queued_bytes += sizeof *m + m->len;
    p->count++;
    p->bytes += m->len;
    p->with_handles += m->nobj != 0;
    return 0;
}

bool chan_pending(const struct endpoint *e)
{
    return !list_empty(&e->queue) || (!e->peer && !e->kernel && !e->told);
}

/* The call with this token is now in the hands of whoever received it. */
static void mark_delivered(uint32_t token)
{
    uint16_t gen;
    struct thread *t = thread_of_token(token, &gen);

    if (t && t->gen == gen && t->state == THREAD_CALLING)
        t->call_delivered = true;
}

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

err_t chan_receive(struct endpoint *e, const struct rx *rx)
{
    struct message *m;
    struct link *l;
    struct parcel p;
    err_t r;

    if (list_empty(&e->queue))
        return receive_closed(e, rx);
    m = container_of(e->queue.next, struct message, link);
    p = (struct parcel){ m->data, m->len, m->nobj, { NULL }, m->kind, m->token, 0, 0 };
    memcpy(p.obj, m->obj, sizeof p.obj);
    if ((r = msg_deliver(e->o.owner, rx, e->o.number, &p)) < 0)
        return r;
    if (m->token)
        mark_delivered(m->token);
    list_del(&m->link);
    e->count--;
    e->bytes -= m->len;
    e->with_handles -= m->nobj != 0;
    message_free(m);
    if ((l = list_pop(&e->senders))) {
        struct thread *t = container_of(l, struct thread, blocked);
        if (t->state == THREAD_SENDING)
            sched_wake(t, 0);
    }
    return r;
}

/* ---- sending --------------------------------------------------------------------------------- */

enum pushed { PUSHED = 0, PUSHED_NOW = 1 };     /* PUSHED_NOW: *to has it and may run */

/*
 * Moves a parcel to the other end p, by way (1) or (2). ERR_FULL if it must wait for room.
 * With PUSHED_NOW the receiver's wait is over; the caller wakes it or hands off to it.
 */
static err_t push(struct endpoint *p, struct parcel *c, struct thread **to)
{
    struct thread *t = object_waiter(&p->o);
    err_t r, q;

    if (!t) {
        if (!has_room(p, c->len))
            return ERR_FULL;
        if ((r = enqueue(p, c)) < 0)
            return r;
        object_notify(&p->o);
        return PUSHED;
    }
    r = msg_deliver(t->sip, &t->rx, p->o.number, c);
    if (r == ERR_NO_MEMORY)
        return r;
    if (r < 0) {
        if ((q = enqueue(p, c)) < 0)
            return q;
        wait_done(t);
        sched_wake(t, r);
        object_notify(&p->o);
        return PUSHED;
    }
    wait_done(t);
    t->result = r;
    *to = t;
    return PUSHED_NOW;
}

static err_t lookup(struct sip *s, uint32_t h, struct endpoint **e)
{
    struct object *o = handle_get(s, h, HANDLE_CHANNEL);

    if (!o)
        return ERR_HANDLE;
    *e = container_of(o, struct endpoint, o);
    return (*e)->peer || (*e)->kernel ? 0 : ERR_PEER;
}

/* Waits until the queue of the other end may have room. */
static err_t wait_for_room(struct endpoint *e, int64_t deadline)
{
    struct thread *t = this_thread();
    err_t r;

    list_push(&e->peer->senders, &t->blocked);
    r = sched_block(THREAD_SENDING, deadline);
    list_del(&t->blocked);
    return r;
}

err_t chan_send(struct sip *s, uint32_t h, uint32_t msg, uint32_t flags)
{
    struct thread *to;
    struct endpoint *e;
    struct parcel p;
    struct msg m;
    err_t r;

    if (flags & ~(uint32_t)SEND_NOWAIT)
        return ERR_ARGUMENT;
    if ((r = msg_read(s, msg, &m)) < 0)
        return r;
    for (;;) {
        if ((r = lookup(s, h, &e)) < 0 || (r = msg_parcel(s, &m, e, &p)) < 0)
            return r;
        p.kind = MSG_DATA;
        if (e->contract && (r = session_check(s, e, &p, false)) < 0)
            return r;
        if (e->kernel)
            return kserve_dispatch(s, e, h, &p, NULL, 0);
        r = push(e->peer, &p, &to);
        if (r >= 0 && e->contract)
            session_move(e, &p);
        if (r == PUSHED_NOW)
            sched_wake(to, to->result);
        if (r >= 0)
            return 0;
        if (r != ERR_FULL || flags & SEND_NOWAIT)
            return r;
        if ((r = wait_for_room(e, FOREVER)) < 0)
            return r;
    }
}

/* The current thread's call begins: it is in the list that its answer, or the end, is found by. */
void chan_call_begin(struct thread *t, struct endpoint *e, uint32_t h, const struct rx *rx)
{
    t->rx = *rx;
    t->call_end = e;
    t->call_handle = h;
    t->call_delivered = false;
    list_push(&e->callers, &t->blocked);
}

void chan_call_done(struct thread *t)
{
    list_del(&t->blocked);
    t->call_end = NULL;
    t->gen++;
}

err_t chan_call(struct sip *s, uint32_t h, uint32_t msg, int64_t deadline)
{
    struct thread *t = this_thread(), *to = NULL;
    struct endpoint *e;
    struct parcel p;
    struct msg m;
    struct rx rx;
    err_t r;

    if (deadline < 0)
        return ERR_ARGUMENT;
    if ((r = msg_read(s, msg, &m)) < 0 || (r = msg_rx(s, msg, &m, &rx)) < 0)
        return r;
    for (;;) {
        if ((r = lookup(s, h, &e)) < 0 || (r = msg_parcel(s, &m, e, &p)) < 0)
            return r;
        p.kind = MSG_CALL;
        p.token = thread_token(t);
        if (e->contract && (r = session_check(s, e, &p, true)) < 0)
            return r;
        if (e->kernel)
            return kserve_dispatch(s, e, h, &p, &rx, deadline);
        if ((r = push(e->peer, &p, &to)) >= 0)
            break;
        if (r != ERR_FULL)
            return r;
        if ((r = wait_for_room(e, deadline)) < 0)
            return r;
    }
    chan_call_begin(t, e, h, &rx);
    if (e->contract) {
        t->call_op = (uint8_t)p.op;
        session_move(e, &p);
    }
    t->call_delivered = r == PUSHED_NOW;
    if (r == PUSHED_NOW)
        r = sched_handoff(to, THREAD_CALLING, deadline);
    else
        r = sched_block(THREAD_CALLING, deadline);
    if (t->call_end)
        chan_call_done(t);      /* the deadline passed */
    return r;
}

/* ---- answering ------------------------------------------------------------------------------- */

/* The thread that waits for the answer to this token from s. */
static err_t caller_of(struct sip *s, uint32_t token, struct thread **caller)
{
    uint16_t gen;
    struct thread *t = thread_of_token(token, &gen);

    if (!t)
        return ERR_TOKEN;
    if (t->gen != gen || t->state != THREAD_CALLING)
        return t->answered == gen ? ERR_TOKEN : ERR_PEER;
    if (!t->call_delivered || !t->call_end || !t->call_end->peer
            || t->call_end->peer->o.owner != s)
        return ERR_TOKEN;
    *caller = t;
    return 0;
}

err_t chan_answer(struct sip *s, uint32_t token, uint32_t msg, bool discard, struct thread **wake)
{
    struct thread *t = NULL;
    struct parcel p;
    struct msg m;
    err_t r, found;

    if (token & TOKEN_IRQ)
        return irq_answer(s, token);
    if ((r = msg_read(s, msg, &m)) < 0)
        return r;
    found = caller_of(s, token, &t);
    if (found == ERR_TOKEN)
        return found;
    if ((r = msg_parcel(s, &m, t ? t->call_end->peer : NULL, &p)) < 0)
        return r;
    p.kind = MSG_DATA;
    if (t && t->call_end->contract) {
        if ((r = session_check_answer(s, t->call_end, t->call_op, &p)) < 0)
            return r;
        session_move(t->call_end, &p);
    }
    if (t) {
        found = msg_deliver(t->sip, &t->rx, t->call_handle, &p);
        t->answered = t->gen;
        chan_call_done(t);
        t->result = found;
        if (wake)
            *wake = t;
        else
            sched_wake(t, found);
    }
    if (found < 0 && discard) {
        msg_take(&p);
        for (uint32_t i = 0; i < p.nobj; i++)
            object_drop(p.obj[i]);
    }
    return found < 0 ? found : 0;
}
