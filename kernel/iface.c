/*
 * iface.c - the registry: which SIP, or which part of the kernel, handles an interface.
 *
 * A client's connection is a new channel. Its other end waits in the interface's list until the
 * handler receives it (MSG_CONNECT); messages and calls of the client queue up inside it
 * meanwhile. So it does not matter who starts first, and when a handler dies, those that it had
 * not taken yet wait for the next one. An entry exists while it has a handler or somebody waits.
 */
#include "kernel/kernel.h"

static struct link all = { &all, &all };

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
    object_init(&f->o, HANDLE_INTERFACE);
    list_init(&f->waiting);
    f->contract = contract_ref(c);
    memcpy(f->id, c->id, 32);
    ksnprintf(f->name, sizeof f->name, "%.*s", (int)c->name.len, c->name.s);
    list_push(&all, &f->all);
    return f;
}

static void free_if_unused(struct iface *f)
{
    if (f->o.owner || f->kernel || f->nwaiting)
        return;
    list_del(&f->all);
    contract_put(f->contract);
    kfree(f);
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

err_t iface_serve(struct sip *s, const struct resource *r, struct sip **owner)
{
    struct iface *f = find_or_make(r->contract);
    err_t e;

    *owner = NULL;
    if (!f)
        return ERR_NO_MEMORY;
    if (f->o.owner || f->kernel) {
        *owner = f->o.owner;
        return ERR_BUSY;
    }
    if ((e = handle_reserve_at(s, r->handle)) < 0) {
        free_if_unused(f);
        return e;
    }
    object_init(&f->o, HANDLE_INTERFACE);
    handle_put(s, r->handle, &f->o);
    return 0;
}

err_t iface_connect(struct sip *s, const struct resource *r)
{
    struct iface *f = find_or_make(r->contract);
    struct endpoint *end[2] = { NULL, NULL };
    err_t e;

    if (!f)
        return ERR_NO_MEMORY;
    if (!f->kernel && f->nwaiting >= IFACE_WAITING_MAX)
        return ERR_FULL;
    if (f->kernel)
        e = chan_create_kernel(s, f->kernel, &end[0]);
    else
        e = chan_create(s, end);
    if (e < 0) {
        free_if_unused(f);
        return e;
    }
    chan_bind(end[0], end[1], r->contract);
    if (r->now && !f->kernel && !f->o.owner) {
        object_drop(&end[1]->o);
        free_if_unused(f);
    } else if (!f->kernel) {
        end[1]->connecting = f;
        list_push(&f->waiting, &end[1]->o.ready);
        f->nwaiting++;
        object_notify(&f->o);
    }
    if ((e = handle_reserve_at(s, r->handle)) < 0)
        object_drop(&end[0]->o);
    else
        handle_put(s, r->handle, &end[0]->o);
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
    e->connecting = NULL;
    p.obj[0] = &e->o;
    r = msg_deliver(f->o.owner, rx, f->o.number, &p);
    if (r < 0) {
        e->connecting = f;
        list_push_head(&f->waiting, &e->o.ready);
    } else {
        f->nwaiting--;
    }
    return r;
}

void iface_forget(struct endpoint *e)
{
    struct iface *f = e->connecting;

    list_del(&e->o.ready);
    e->connecting = NULL;
    f->nwaiting--;
    free_if_unused(f);
}

/* The handler closed it, or ended. */
void iface_drop(struct iface *f)
{
    free_if_unused(f);
}
