/*
 * kserve.c - interfaces that the kernel handles itself: their channels have no other end, a call
 * becomes a function call.
 *
 * A handler runs on the caller's stack, is not preempted and does not block. What takes long it
 * hands to a kernel thread and sets `later`; the caller then waits like in any call, until
 * kserve_answer.
 */
#include "kernel/kernel.h"

extern const struct kserve kserve_process, kserve_store, kserve_policy, kserve_system;
const struct kserve *const kserves[] = {
    &kserve_process, &kserve_store, &kserve_policy, &kserve_system, NULL,
};

void *kserve_reply(struct kcall *k, size_t size)
{
    memset(k->answer, 0, size);
    k->answer_len = (uint32_t)size;
    return k->answer;
}

void kserve_status(struct kcall *k, err_t status)
{
    *(int32_t *)kserve_reply(k, sizeof(int32_t)) = status;
}

const void *kserve_request(struct kcall *k, size_t size)
{
    if (k->len >= size)
        return k->request;
    kserve_status(k, ERR_ARGUMENT);
    return NULL;
}

void kserve_text(struct kcall *k, const char *text)
{
    size_t n = strlen(text);

    if (n > MSG_BYTES_MAX - k->answer_len)
        n = MSG_BYTES_MAX - k->answer_len;
    memcpy(k->answer + k->answer_len, text, n);
    k->answer_len += (uint32_t)n;
}

/* Builds with checks hold the kernel itself to what it says in its interfaces. */
static void check_answer(const struct endpoint *e, uint32_t op, const void *data, uint32_t len,
                         uint32_t nobj)
{
    if (LOCK_CHECKED)
        assert(contract_check_answer(e->contract, op, *(const int32_t *)data, len, nobj) >= 0,
               "the kernel answers as its interface says");
}

static err_t deliver(struct kcall *k, const struct rx *rx, uint32_t h)
{
    struct parcel a = { .kind = MSG_DATA, .data = k->answer, .len = k->answer_len };
    err_t r;

    if (k->answer_obj)
        a.obj[a.nobj++] = k->answer_obj;
    lock_take(&k->sip->lock);
    r = msg_deliver(k->sip, rx, h, &a);
    lock_drop(&k->sip->lock);
    if (r < 0 && k->answer_obj)
        (k->undo ? k->undo : object_drop)(k->answer_obj);
    return r;
}

/* The objects leave their owner; ERR_HANDLE, ERR_BUSY ...: they cannot. */
static err_t take_objects(struct sip *s, struct endpoint *e, struct parcel *p)
{
    err_t r;

    if (!p->nobj)
        return 0;
    msg_lock(&e->ch->lock, p);
    lock_take(&s->lock);
    if ((r = msg_may_pass(s, p, e)) >= 0)
        msg_take(p);
    lock_drop(&s->lock);
    msg_unlock(&e->ch->lock, p);
    return r;
}

/* The call begins before its handler runs, for a kernel thread may answer it soon. But not through
 * an end that another thread has closed, or passed on, since it was looked up: nobody would end a
 * call through what is about to be freed. */
static err_t begin(struct sip *s, struct endpoint *e, uint32_t h, const struct rx *rx)
{
    bool ours;

    dwell(DWELL_CALLING, this_thread());
    lock_take(&e->ch->lock);
    if ((ours = guess(e->o.owner) == s))
        chan_call_begin(this_thread(), e, h, rx);
    lock_drop(&e->ch->lock);
    return ours ? 0 : ERR_HANDLE;
}

static void end(struct endpoint *e)
{
    lock_take(&e->ch->lock);
    chan_call_done(this_thread());
    lock_drop(&e->ch->lock);
}

static err_t wait_later(struct endpoint *e, int64_t deadline)
{
    lock_take(&e->ch->lock);
    if (this_thread()->call_end == e)
        return sched_block(THREAD_CALLING, &e->ch->lock, deadline);
    lock_drop(&e->ch->lock);
    return ERR_PEER;            /* another thread has closed the handle */
}

err_t kserve_dispatch(struct sip *s, struct endpoint *e, uint32_t h, struct parcel *p,
                      const struct rx *rx, int64_t deadline)
{
    struct core *c = this_core();
    struct kcall k = { .sip = s, .request = c->request, .len = p->len, .nobj = p->nobj,
                       .answer = c->answer, .token = rx ? p->token : 0 };
    err_t r;

    if (p->len && !copy_checked(c->request, p->data, p->len))
        return ERR_NO_MEMORY;
    if (rx && (r = begin(s, e, h, rx)) < 0)
        return r;
    if ((r = take_objects(s, e, p)) < 0) {
        if (rx)
            end(e);
        return r;
    }
    memcpy(c->request, &p->op, sizeof p->op);   /* what was checked is what is handled */
    this_thread()->call_op = (uint8_t)p->op;
    memcpy(k.obj, p->obj, p->nobj * sizeof *k.obj);     /* the others stay NULL */
    e->kernel->call(&k);
    for (uint32_t i = 0; i < k.nobj; i++)
        if (k.obj[i])
            object_drop(k.obj[i]);
    if (k.later)
        return wait_later(e, deadline);
    if (rx) {
        end(e);
        check_answer(e, p->op, k.answer, k.answer_len, k.answer_obj != NULL);
        return deliver(&k, rx, h);
    }
    if (k.answer_obj)
        object_drop(k.answer_obj);
    return 0;
}

/* Gives the answer to t if its call is still this one; the lock of its channel is held. ERR_EMPTY:
 * it is about to block in it, but does not yet. */
static err_t answer(struct thread *t, uint32_t token, uint32_t pid, struct endpoint *e,
                    const struct parcel *p)
{
    err_t r;

    if (t->token != token || t->call_end != e || !e->kernel || t->sip->pid != pid)
        return ERR_PEER;
    if (!thread_blocked(t))
        return ERR_EMPTY;
    check_answer(e, t->call_op, p->data, p->len, p->nobj);
    lock_take(&t->sip->lock);
    r = msg_deliver(t->sip, &t->rx, t->call_handle, p);
    lock_drop(&t->sip->lock);
    chan_call_done(t);
    sched_wake(t, r);
    return r;
}

bool kserve_waits(uint32_t token, uint32_t pid)
{
    const struct thread *t = thread_of_token(token);

    return t && glance(t->token) == token && __atomic_load_n(&t->call_end, __ATOMIC_ACQUIRE)
        && t->sip->pid == pid;
}

bool kserve_answer(uint32_t token, uint32_t pid, const void *data, uint32_t len,
                   struct object *obj)
{
    struct thread *t = thread_of_token(token);
    struct parcel a = { .kind = MSG_DATA, .data = data, .len = len };
    struct endpoint *e;
    err_t r = ERR_PEER;

    if (obj)
        a.obj[a.nobj++] = obj;
    while (t && (e = __atomic_load_n(&t->call_end, __ATOMIC_ACQUIRE))) {
        lock_take(&e->ch->lock);
        r = answer(t, token, pid, e, &a);
        lock_drop(&e->ch->lock);
        if (r != ERR_EMPTY)
            break;
        cpu_relax();
    }
    return r >= 0;
}
