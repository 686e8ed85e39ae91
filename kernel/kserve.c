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

static err_t deliver(struct kcall *k, const struct rx *rx, uint32_t h)
{
    struct parcel a = { .kind = MSG_DATA, .data = k->answer, .len = k->answer_len };
    err_t r;

    if (k->answer_obj)
        a.obj[a.nobj++] = k->answer_obj;
    r = msg_deliver(k->sip, rx, h, &a);
    if (r < 0 && k->answer_obj)
        object_drop(k->answer_obj);
    return r;
}

static err_t wait_later(struct endpoint *e, uint32_t h, const struct rx *rx, int64_t deadline)
{
    struct thread *t = this_thread();
    err_t r;

    chan_call_begin(t, e, h, rx);
    r = sched_block(THREAD_CALLING, deadline);
    if (t->call_end)
        chan_call_done(t);
    return r;
}

err_t kserve_dispatch(struct sip *s, struct endpoint *e, uint32_t h, struct parcel *p,
                      const struct rx *rx, int64_t deadline)
{
    struct core *c = this_core();
    struct kcall k = { .sip = s, .request = c->request, .len = p->len, .nobj = p->nobj,
                       .answer = c->answer, .token = rx ? p->token : 0 };

    if (p->len && !copy_checked(c->request, p->data, p->len))
        return ERR_NO_MEMORY;
    msg_take(p);
    memcpy(k.obj, p->obj, sizeof k.obj);
    if (p->len < sizeof(uint32_t))
        kserve_status(&k, ERR_ARGUMENT);
    else
        e->kernel->call(&k);
    for (uint32_t i = 0; i < k.nobj; i++)
        if (k.obj[i])
            object_drop(k.obj[i]);
    if (k.end)
        sip_leave(s);
    if (k.later)
        return wait_later(e, h, rx, deadline);
    if (rx)
        return deliver(&k, rx, h);
    if (k.answer_obj)
        object_drop(k.answer_obj);
    return 0;
}

void kserve_answer(uint32_t token, const void *data, uint32_t len, struct object *obj)
{
    uint16_t gen;
    struct thread *t = thread_of_token(token, &gen);
    struct parcel a = { .kind = MSG_DATA, .data = data, .len = len };
    err_t r = ERR_PEER;

    if (obj)
        a.obj[a.nobj++] = obj;
    if (t && t->gen == gen && t->state == THREAD_CALLING && t->call_end && t->call_end->kernel) {
        r = msg_deliver(t->sip, &t->rx, t->call_handle, &a);
        chan_call_done(t);
        sched_wake(t, r);
    }
    if (r < 0 && obj)
        object_drop(obj);
}
