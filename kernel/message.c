/*
 * message.c - struct msg in a SIP's memory: read and checked on the way in, written on the way out.
 *
 * All arithmetic on a SIP's offsets is in 64 bits, and SIP memory is touched by copy_checked and
 * access.h alone. A range that has been checked stays good: linear memories never shrink. Each
 * field is read once, since another thread of the SIP may write it.
 */
#include "kernel/kernel.h"
#include "kernel/x64/access.h"

_Static_assert(sizeof(struct msg) == 52 && offsetof(struct msg, nhandles) == 16
               && offsetof(struct msg, from) == 36, "fields are read and written in pairs");

static inline bool inside(const struct sip *s, uint32_t off, uint64_t len)
{
    return off + len <= (uint64_t)guess(s->mem.pages) * WASM_PAGE;
}

void *sip_range(const struct sip *s, uint32_t off, uint64_t len)
{
    return inside(s, off, len) ? s->mem.base + off : NULL;
}

err_t msg_read(const struct sip *s, uint32_t off, struct msg_in *m)
{
    const uint8_t *at = s->mem.base + off;
    uint64_t out, in, nhandles;

    if (!inside(s, off, sizeof(struct msg)))
        return ERR_MEMORY;
    if (!peek64(at, &out) || !peek64(at + 8, &in) || !peek32(at + 16, &nhandles))
        return ERR_NO_MEMORY;
    m->nhandles = (uint32_t)nhandles;
    m->data = (uint32_t)out;
    m->len = (uint32_t)(out >> 32);
    m->rx = (struct rx){ s->mem.base + off, s->mem.base + (uint32_t)in, (uint32_t)(in >> 32) };
    return m->rx.cap && !inside(s, (uint32_t)in, m->rx.cap) ? ERR_MEMORY : 0;
}

static err_t read_handles(struct sip *s, const struct msg_in *m, const struct endpoint *via,
                          struct parcel *p)
{
    const uint8_t *at = m->rx.msg + offsetof(struct msg, handle);
    uint64_t h;

    if (m->nhandles > MSG_HANDLES_MAX)
        return ERR_ARGUMENT;
    for (uint32_t i = 0; i < m->nhandles; i++) {
        if (!peek32(at + 4 * i, &h))
            return ERR_NO_MEMORY;
        p->handle[i] = (uint32_t)h;
        if (!(p->obj[i] = handle_get(s, p->handle[i], 0)))
            return ERR_HANDLE;
        if (via && p->obj[i]->lock == &via->ch->lock)
            return ERR_ARGUMENT;
        for (uint32_t j = 0; j < i; j++)
            if (p->obj[j] == p->obj[i])
                return ERR_ARGUMENT;
    }
    return 0;
}

err_t msg_parcel(struct sip *s, const struct msg_in *m, const struct endpoint *via,
                 struct parcel *p)
{
    p->len = m->len;
    p->nobj = m->nhandles;
    p->data = s->mem.base + m->data;
    if (m->len > MSG_BYTES_MAX)
        return ERR_TOO_BIG;
    if (m->len && !inside(s, m->data, m->len))
        return ERR_MEMORY;
    return m->nhandles ? read_handles(s, m, via, p) : 0;
}

/* What an endpoint still owes or is owed cannot move with it; and one that holds handles in its
 * queue stays, so that no endpoint can end up inside itself. */
static err_t endpoint_may_pass(const struct endpoint *e, const struct endpoint *via)
{
    if (via && e->ch == via->ch)
        return ERR_ARGUMENT;
    if (e->o.waiter || e->with_handles || e->caller || !list_empty(&e->callers))
        return ERR_BUSY;
    if (e->peer && e->peer->caller && e->peer->caller->server)
        return ERR_BUSY;
    if (e->peer)
        for (struct link *l = e->peer->callers.next; l != &e->peer->callers; l = l->next)
            if (container_of(l, struct thread, blocked)->server)
                return ERR_BUSY;
    return 0;
}

err_t msg_may_pass(struct sip *s, const struct parcel *p, const struct endpoint *via)
{
    err_t e;

    for (uint32_t i = 0; i < p->nobj; i++) {
        struct object *o = handle_get(s, p->handle[i], 0);
        if (o != p->obj[i])
            return ERR_HANDLE;          /* closed or passed on meanwhile */
        if (o->kind == HANDLE_PROCESS) {
            if (o->waiter)
                return ERR_BUSY;
        } else if (o->kind == HANDLE_IRQ) {
            if ((e = irq_may_pass(container_of(o, struct irq, o))) < 0)
                return e;
        } else if (o->kind == HANDLE_BLOCK) {
            continue;
        } else if (o->kind != HANDLE_CHANNEL) {
            return ERR_RIGHTS;
        } else if ((e = endpoint_may_pass(container_of(o, struct endpoint, o), via)) < 0) {
            return e;
        }
    }
    return 0;
}

/* The locks, each once, in the order of their addresses; blocks and windows have none. */
static uint32_t sorted(struct lock *first, const struct parcel *p,
                       struct lock *l[MSG_HANDLES_MAX + 1])
{
    uint32_t n = 1;

    l[0] = first;
    for (uint32_t i = 0; i < p->nobj; i++) {
        struct lock *x = p->obj[i]->lock;
        uint32_t at = n;
        if (!x)
            continue;
        while (at && l[at - 1] > x)
            at--;
        if (at && l[at - 1] == x)
            continue;
        memmove(l + at + 1, l + at, (n - at) * sizeof *l);
        l[at] = x;
        n++;
    }
    return n;
}

void msg_lock(struct lock *first, const struct parcel *p)
{
    struct lock *l[MSG_HANDLES_MAX + 1];
    uint32_t n = sorted(first, p, l);

    for (uint32_t i = 0; i < n; i++)
        lock_take(l[i]);
}

void msg_unlock(struct lock *first, const struct parcel *p)
{
    struct lock *l[MSG_HANDLES_MAX + 1];
    uint32_t n = sorted(first, p, l);

    while (n)
        lock_drop(l[--n]);
}

void msg_take(struct parcel *p)
{
    for (uint32_t i = 0; i < p->nobj; i++)
        handle_take(p->obj[i]);
}

/* The fields that the kernel writes, but for the handles. */
static inline bool write_head(uint8_t *at, uint32_t from, const struct parcel *p, uint32_t nobj,
                              uint32_t token)
{
    return poke32(at + 16, nobj) && poke64(at + 36, from | (uint64_t)p->kind << 32)
        && poke64(at + 44, token | (uint64_t)p->len << 32);
}

/* The first word is the one that was checked, whatever the sender's other threads have done since.
 * */
static inline bool write_data(uint8_t *to, const struct parcel *p)
{
    return (!p->len || copy_checked(to, p->data, p->len)) && (!p->checked || poke32(to, p->word));
}

/* Has s room for all blocks of p? */
static err_t may_land(struct sip *s, const struct parcel *p)
{
    size_t bytes = 0;
    err_t e = 0;

    for (uint32_t i = 0; i < p->nobj && e >= 0; i++)
        if (p->obj[i]->kind == HANDLE_BLOCK)
            e = block_may_land(s, container_of(p->obj[i], struct block, o), &bytes);
    return e;
}

static err_t deliver_objects(struct sip *s, const struct rx *rx, uint32_t from,
                             const struct parcel *p)
{
    uint8_t *at = rx->msg;
    uint32_t handle[MSG_HANDLES_MAX];
    err_t e = handle_reserve(s, p->nobj, handle);

    if (e < 0)
        return e;
    if ((e = may_land(s, p)) < 0) {
        handle_unreserve(s, p->nobj, handle);
        return e;
    }
    if (!write_data(rx->buf, p)
            || !copy_checked(at + offsetof(struct msg, handle), handle, 4 * p->nobj)
            || !write_head(at, from, p, p->nobj, p->token)) {
        handle_unreserve(s, p->nobj, handle);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < p->nobj; i++) {
        if (p->obj[i]->owner)
            handle_unlink(p->obj[i]);
        if (p->obj[i]->kind == HANDLE_BLOCK)
            block_land(container_of(p->obj[i], struct block, o), s, handle[i]);
        handle_put(s, handle[i], p->obj[i]);
    }
    s->messages++;
    return (err_t)p->len;
}

err_t msg_deliver(struct sip *s, const struct rx *rx, uint32_t from, const struct parcel *p)
{
    uint8_t *at = rx->msg;

    if (p->len > rx->cap) {
        write_head(at, from, p, 0, 0);
        return ERR_TOO_BIG;
    }
    if (p->nobj)
        return deliver_objects(s, rx, from, p);
    if (!write_data(rx->buf, p) || !write_head(at, from, p, 0, p->token))
        return ERR_NO_MEMORY;
    s->messages++;
    return (err_t)p->len;
}
