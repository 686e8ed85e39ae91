/*
 * message.c - struct msg in a SIP's memory: read and checked on the way in, written on the way out.
 *
 * All arithmetic on a SIP's offsets is in 64 bits, and SIP memory is touched by copy_checked
 * alone. A range that has been checked stays good: linear memories never shrink.
 */
#include "kernel/kernel.h"

void *sip_range(const struct sip *s, uint32_t off, uint64_t len)
{
    if ((uint64_t)off + len > (uint64_t)s->mem.pages * WASM_PAGE)
        return NULL;
    return s->mem.base + off;
}

err_t msg_read(const struct sip *s, uint32_t off, struct msg *m)
{
    const void *at = sip_range(s, off, sizeof *m);

    if (!at)
        return ERR_MEMORY;
    if (!copy_checked(m, at, sizeof *m))
        return ERR_NO_MEMORY;
    return 0;
}

err_t msg_rx(const struct sip *s, uint32_t off, const struct msg *m, struct rx *rx)
{
    if (m->cap && !sip_range(s, m->buf, m->cap))
        return ERR_MEMORY;
    rx->msg = off;
    rx->buf = m->buf;
    rx->cap = m->cap;
    return 0;
}

/* May o be passed on through `via`? What an endpoint still owes or is owed cannot move with it; and
 * one that holds handles in its queue stays, so that no endpoint can end up inside itself. */
static err_t may_pass(struct object *o, const struct endpoint *via)
{
    struct endpoint *e;

    if (!o)
        return ERR_HANDLE;
    if (o->kind == HANDLE_PROCESS)
        return o->waiter ? ERR_BUSY : 0;
    if (o->kind != HANDLE_CHANNEL)
        return ERR_RIGHTS;
    e = container_of(o, struct endpoint, o);
    if (via && (e == via || e == via->peer))
        return ERR_ARGUMENT;
    if (o->waiter || e->with_handles || !list_empty(&e->callers))
        return ERR_BUSY;
    if (e->peer)
        for (struct link *l = e->peer->callers.next; l != &e->peer->callers; l = l->next)
            if (container_of(l, struct thread, blocked)->call_delivered)
                return ERR_BUSY;
    return 0;
}

err_t msg_parcel(struct sip *s, const struct msg *m, const struct endpoint *via, struct parcel *p)
{
    err_t e;

    memset(p, 0, sizeof *p);
    if (m->len > MSG_BYTES_MAX)
        return ERR_TOO_BIG;
    if (m->nhandles > MSG_HANDLES_MAX)
        return ERR_ARGUMENT;
    if (m->len && !(p->data = sip_range(s, m->data, m->len)))
        return ERR_MEMORY;
    p->len = m->len;
    for (uint32_t i = 0; i < m->nhandles; i++) {
        struct object *o = handle_get(s, m->handle[i], 0);
        if ((e = may_pass(o, via)) < 0)
            return e;
        for (uint32_t j = 0; j < i; j++)
            if (p->obj[j] == o)
                return ERR_ARGUMENT;
        p->obj[i] = o;
    }
    p->nobj = m->nhandles;
    return 0;
}

void msg_take(struct parcel *p)
{
    for (uint32_t i = 0; i < p->nobj; i++)
        handle_take(p->obj[i]);
}

/* The fields from nhandles on are what the kernel writes. */
static bool write_head(struct sip *s, const struct rx *rx, struct msg *m)
{
    size_t at = offsetof(struct msg, nhandles);

    return copy_checked(s->mem.base + rx->msg + at, (uint8_t *)m + at, sizeof *m - at);
}

err_t msg_deliver(struct sip *s, const struct rx *rx, uint32_t from, const struct parcel *p)
{
    struct msg m = { .from = from, .kind = p->kind, .token = p->token, .received = p->len };
    err_t e = 0;

    if (p->len > rx->cap) {
        m.token = 0;
        write_head(s, rx, &m);
        return ERR_TOO_BIG;
    }
    if (p->nobj && (e = handle_reserve(s, p->nobj, m.handle)) < 0)
        return e;
    m.nhandles = p->nobj;
    if ((p->len && !copy_checked(s->mem.base + rx->buf, p->data, p->len))
            || !write_head(s, rx, &m)) {
        handle_unreserve(s, p->nobj, m.handle);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < p->nobj; i++) {
        if (p->obj[i]->owner)
            handle_take(p->obj[i]);
        handle_put(s, m.handle[i], p->obj[i]);
    }
    s->messages++;
    return (err_t)p->len;
}
