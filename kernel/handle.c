/*
 * handle.c - a SIP's table of handles, and the head that all objects share.
 *
 * An object has one owner and one number, or none of both while it is in flight inside a message.
 * Numbers that the manifest gives (handle_manifest) stay reserved for it when they are closed, so
 * that connect can put a new channel there.
 */
#include "kernel/mailbox.h"

void object_init(struct object *o, enum handle_kind kind, struct lock *lock)
{
    memset(o, 0, sizeof *o);
    dwell(DWELL_MAKING, this_thread());
    o->kind = (uint8_t)kind;
    o->lock = lock;
    list_init(&o->ready);
}

static void give_back(struct reclaim *r)
{
    kfree(container_of(r, struct handles, reclaim));
}

struct object object_none;
struct handles handles_none;

#define FIRST_CAP 12u               /* two cache lines */
_Static_assert(sizeof(struct handles) + FIRST_CAP * sizeof(struct object *) == 2 * CACHE_LINE,
               "kmalloc begins with a line");

/* Makes the table large enough for `number`. */
static bool grow(struct sip *s, uint32_t number)
{
    struct handles *old = s->handles, *t;
    uint32_t cap = old->cap ? old->cap : FIRST_CAP;

    while (cap <= number)
        cap *= 2;
    if (cap == old->cap)
        return true;
    if (!(t = kmalloc(sizeof *t + cap * sizeof *t->at)))
        return false;
    *t = (struct handles){ .cap = cap };
    memcpy(t->at, old->at, old->cap * sizeof *t->at);
    for (uint32_t h = old->cap; h < cap; h++)
        t->at[h] = &object_none;
    __atomic_store_n(&s->handles, t, __ATOMIC_RELEASE);
    handles_free(old);
    return true;
}

void handles_free(struct handles *t)
{
    if (t != &handles_none)
        reclaim(&t->reclaim, give_back);
}

static int32_t free_number(const struct sip *s)
{
    for (uint32_t w = 0; w < HANDLES_MAX / 64; w++) {
        uint64_t used = s->handle_used[w] | (w == 0 ? s->handle_manifest | 3 : 0);
        if (~used)
            return (int32_t)(w * 64 + (uint32_t)__builtin_ctzll(~used));
    }
    return ERR_LIMIT;
}

static void mark(struct sip *s, uint32_t number, bool used)
{
    uint64_t bit = 1ull << number % 64;

    if (used)
        s->handle_used[number / 64] |= bit;
    else
        s->handle_used[number / 64] &= ~bit;
    s->nhandles += used ? 1 : -1u;
}

err_t handle_reserve(struct sip *s, uint32_t n, uint32_t number[])
{
    for (uint32_t i = 0; i < n; i++) {
        int32_t h = s->nhandles < s->quota.handles ? free_number(s) : ERR_LIMIT;
        if (h >= 0 && !grow(s, (uint32_t)h))
            h = ERR_NO_MEMORY;
        if (h < 0) {
            handle_unreserve(s, i, number);
            return h;
        }
        mark(s, number[i] = (uint32_t)h, true);
    }
    return 0;
}

void handle_unreserve(struct sip *s, uint32_t n, const uint32_t number[])
{
    for (uint32_t i = 0; i < n; i++)
        mark(s, number[i], false);
}

err_t handle_reserve_at(struct sip *s, uint32_t number)
{
    if (number == 0 || number >= HANDLES_MAX)
        return ERR_ARGUMENT;
    if (s->handle_used[number / 64] >> number % 64 & 1)
        return ERR_EXISTS;
    if (s->nhandles >= s->quota.handles)
        return ERR_LIMIT;
    if (!grow(s, number))
        return ERR_NO_MEMORY;
    mark(s, number, true);
    return 0;
}

void handle_put(struct sip *s, uint32_t number, struct object *o)
{
    assert(!o->owner && s->handles->at[number] == &object_none,
           "a handle names one object of one owner");
    o->number = (uint8_t)number;
    s->prompt |= o->kind == HANDLE_IRQ;
    __atomic_store_n(&s->handles->at[number], o, __ATOMIC_RELEASE);
    /* (1) the owner is there before the object is looked at; see (2) in wait.c */
    __atomic_store_n(&o->owner, s, __ATOMIC_SEQ_CST);
    object_ready(o);
}

void handle_unlink(struct object *o)
{
    struct sip *s = o->owner;

    if (object_polled(o))
        poll_end(s);
    s->handles->at[o->number] = &object_none;
    mark(s, o->number, false);
    list_del(&o->ready);
    __atomic_store_n(&o->owner, NULL, __ATOMIC_RELEASE);    /* an interface may be another's now */
}

void handle_take(struct object *o)
{
    if (o->kind == HANDLE_BLOCK)
        block_lift(container_of(o, struct block, o));   /* before its number is free again */
    handle_unlink(o);
}

void handle_end(struct object *o)
{
    struct thread *t = o->waiter;

    if (t) {
        wait_done(t);
        sched_wake(t, ERR_HANDLE);
    }
    handle_take(o);
}

err_t handle_close(struct sip *s, uint32_t h)
{
    struct object *o;

    lock_take(&s->lock);
    if ((o = handle_get(s, h, 0)))
        handle_end(o);
    lock_drop(&s->lock);
    if (!o)
        return ERR_HANDLE;
    dwell(DWELL_CLOSED, this_thread());
    object_drop(o);
    return 0;
}

static void drop_one(struct object *o, struct link *orphans)
{
    switch (o->kind) {
    case HANDLE_CHANNEL:
        chan_close(container_of(o, struct endpoint, o), orphans);
        break;
    case HANDLE_INTERFACE:
        iface_drop(container_of(o, struct iface, o));
        break;
    case HANDLE_IRQ:
        irq_drop(container_of(o, struct irq, o));
        break;
    case HANDLE_WINDOW:
        window_drop(container_of(o, struct window, o));
        break;
    case HANDLE_PROCESS:
        process_orphan(container_of(o, struct process, o));
        break;
    case HANDLE_BLOCK:
        block_drop(container_of(o, struct block, o));
        break;
    default:
        panic("object_drop: kind %u", o->kind);
    }
}

/* What a dropped endpoint held in its queue joins the list, so that chains of endpoints inside
 * messages inside endpoints take no stack. */
void object_drop(struct object *o)
{
    struct link orphans, *l;

    list_init(&orphans);
    drop_one(o, &orphans);
    while ((l = list_pop(&orphans)))
        drop_one(container_of(l, struct object, ready), &orphans);
}

uint32_t handle_count(const struct sip *s)
{
    uint32_t n = 0;

    for (uint32_t h = 0; h < s->handles->cap; h++)
        n += s->handles->at[h] != &object_none;
    return n;
}
