/*
 * iface.c - the registry: which SIP, or which part of the kernel, handles an interface.
 *
 * A client's connection is a new channel. Its other end waits in the interface's list until the
 * handler receives it (MSG_CONNECT); messages and calls of the client queue up inside it
 * meanwhile. So it does not matter who starts first, and when a handler dies, those that it had
 * not taken yet wait for the next one. An entry exists while it has a handler or somebody waits.
 */
#include "kernel/kernel.h"

static struct lock registry = LOCK(RANK_REGISTRY);
static struct link all = { &all, &all };        /* lock: the registry's */

static struct iface *find(const uint8_t id[32])
{
    for (struct link *l = all.next; l != &all; l = l->next) {
        struct iface *f = container_of(l, struct iface, all);
        if (memcmp(f->id, id, 32) == 0)
            return f;
    }
    return NULL;
}

static struct iface *find_or_make(struct contract *c)
{
    struct iface *f = find(c->id);

    if (f || !(f = kzalloc(sizeof *f)))
        return f;
    f->lock = (struct lock)LOCK(RANK_OBJECT);
    object_init(&f->o, HANDLE_INTERFACE, &f->lock);
    list_init(&f->waiting);
    f->contract = contract_ref(c);
    memcpy(f->id, c->id, 32);
    ksnprintf(f->name, sizeof f->name, "%.*s", (int)c->name.len, c->name.s);
    list_push(&all, &f->all);
    return f;
}

static void give_back(struct reclaim *r)
{
    kfree(container_of(r, struct iface, reclaim));
}

/* The SIP that handles it. NULL: nobody, or it has ended its handle and will not touch it but to
 * drop it, when it may be another one's. */
static struct sip *handler(const struct iface *f)
{
    return __atomic_load_n(&f->o.owner, __ATOMIC_ACQUIRE);
}

/* With the registry's lock. Between the end of a handler's handle and iface_drop another one may
 * have found it unused and freed it, which does not go before this CPU leaves the kernel. */
static void free_if_unused(struct iface *f)
{
    if (handler(f) || f->kernel || f->nwaiting || list_empty(&f->all))
        return;
    list_del(&f->all);
    contract_put(f->contract);
    reclaim(&f->reclaim, give_back);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
}

void iface_init(void)
{
    for (unsigned i = 0; kserves[i]; i++) {
        const char *at = strchr(kserves[i]->iface, '@');
        const char *text = kserves[i]->text;
        struct contract *c;
        uint8_t id[32];
        char reason[WIT_ERROR_MAX + 64];
        struct iface *f;
        err_t e;

        assert(at && strlen(at + 1) == 64, "an interface is name@id");
        for (unsigned b = 0; b < 32; b++)
            id[b] = (uint8_t)(hex_digit(at[1 + 2 * b]) << 4 | hex_digit(at[2 + 2 * b]));
        c = contract_add(text, strlen(text), id, &e, reason, sizeof reason);
        assert(c && c->nstates == 1, "the kernel's own interfaces have tables without states");
        f = find_or_make(c);
        assert(f, "no memory for the registry");
        f->kernel = kserves[i];
        contract_put(c);
    }
}

/* With the registry's lock. */
static err_t serve(struct sip *s, const struct resource *r, struct sip **owner)
{
    struct iface *f = find_or_make(r->contract);
    err_t e;

    if (!f)
        return ERR_NO_MEMORY;
    if ((*owner = handler(f)) || f->kernel)
        return ERR_BUSY;
    lock_take(&f->lock);
    lock_take(&s->lock);
    if ((e = handle_reserve_at(s, r->handle)) >= 0)
        handle_put(s, r->handle, &f->o);
    lock_drop(&s->lock);
    lock_drop(&f->lock);
    if (e < 0)
        free_if_unused(f);
    return e;
}

err_t iface_serve(struct sip *s, const struct resource *r, struct sip **owner)
{
    err_t e;

    *owner = NULL;
    lock_take(&registry);
    e = serve(s, r, owner);
    lock_drop(&registry);
    return e;
}

/* The server's end of a new connection waits for the handler. */
static err_t announce(struct iface *f, struct endpoint *e)
{
    err_t r = ERR_FULL;

    lock_take(&f->lock);
    if (f->nwaiting < IFACE_WAITING_MAX) {
        e->connecting = f;
        list_push(&f->waiting, &e->o.ready);
        f->nwaiting++;
        object_notify(&f->o);
        r = 0;
    }
    lock_drop(&f->lock);
    return r;
}

/* With the registry's lock. *end: what is to become the handle. */
static err_t open_channel(struct sip *s, const struct resource *r, struct endpoint **end)
{
    struct iface *f = find_or_make(r->contract);
    struct endpoint *both[2] = { NULL, NULL };
    err_t e;

    if (!f)
        return ERR_NO_MEMORY;
    if (f->kernel)
        e = chan_create_kernel(s, f->kernel, &both[0]);
    else
        e = chan_create(s, both);
    if (e >= 0)
        chan_bind(both[0], both[1], r->contract);
    if (e >= 0 && r->now && !f->kernel && !handler(f))
        object_drop(&both[1]->o);               /* there is nobody: closed from the start */
    else if (e >= 0 && !f->kernel && (e = announce(f, both[1])) < 0) {
        object_drop(&both[0]->o);
        object_drop(&both[1]->o);
    }
    free_if_unused(f);
    *end = both[0];
    return e;
}

err_t iface_connect(struct sip *s, const struct resource *r)
{
    struct endpoint *end;
    err_t e;

    lock_take(&registry);
    e = open_channel(s, r, &end);
    lock_drop(&registry);
    if (e < 0)
        return e;
    lock_take(&s->lock);
    if ((e = handle_reserve_at(s, r->handle)) >= 0)
        handle_put(s, r->handle, &end->o);
    lock_drop(&s->lock);
    if (e < 0)
        object_drop(&end->o);
    return e;
}

err_t iface_receive(struct iface *f, const struct rx *rx)
{
    struct parcel p = { .kind = MSG_CONNECT, .nobj = 1 };
    struct endpoint *e;
    err_t r;

    if (list_empty(&f->waiting))
        return ERR_EMPTY;
    e = container_of(f->waiting.next, struct endpoint, o.ready);
    /* out of the list first: its link is about to serve its owner */
    list_del(&e->o.ready);
    p.obj[0] = &e->o;
    r = msg_deliver(f->o.owner, rx, f->o.number, &p);
    if (r < 0) {
        list_push_head(&f->waiting, &e->o.ready);
    } else {
        e->connecting = NULL;
        f->nwaiting--;
    }
    return r;
}

bool iface_forget(struct endpoint *e)
{
    struct iface *f = __atomic_load_n(&e->connecting, __ATOMIC_ACQUIRE);
    bool mine;

    if (!f)
        return false;
    lock_take(&registry);
    lock_take(&f->lock);
    if ((mine = e->connecting == f)) {
        list_del(&e->o.ready);
        e->connecting = NULL;
        f->nwaiting--;
    }
    lock_drop(&f->lock);
    if (mine)
        free_if_unused(f);
    lock_drop(&registry);
    return mine;
}

/* The handler closed it, or ended. */
void iface_drop(struct iface *f)
{
    lock_take(&registry);
    free_if_unused(f);
    lock_drop(&registry);
}

uint32_t iface_handler(const struct contract *c)
{
    const struct iface *f;
    const struct sip *owner;
    uint32_t pid;

    lock_take(&registry);
    f = find(c->id);
    owner = f ? handler(f) : NULL;
    pid = owner ? owner->pid : 0;
    lock_drop(&registry);
    return pid;
}

bool iface_at(uint32_t n, struct iface_info *to)
{
    struct link *l;

    memset(to, 0, sizeof *to);
    lock_take(&registry);
    for (l = all.next; n && l != &all; l = l->next)
        n--;
    if (l != &all) {
        const struct iface *f = container_of(l, struct iface, all);
        const struct sip *owner = handler(f);
        memcpy(to->id, f->id, sizeof to->id);
        memcpy(to->name, f->name, sizeof to->name);
        to->pid = owner ? owner->pid : 0;
        to->waiting = f->nwaiting;
        to->kernel = f->kernel != NULL;
    }
    lock_drop(&registry);
    return l != &all;
}
