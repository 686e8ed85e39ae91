/*
 * invariants.c - what must hold at every moment at which no lock is held, looked at from the
 * inside: rings of links, tables against the bits of what is used in them, counts against lists.
 *
 * A test's thread is in kernel text, so nothing that it finds on its way goes from under it
 * (reclaim.c); what it holds a lock of does not change either.
 */
#include "tests/kernel/invariants.h"
#include "kernel/ktest.h"

#define RING_MOST 100000u       /* more links than any ring has */

/* Of SIP s; the rest says more, with a format. */
#define MUST(cond, s, fmt, ...) \
    do { \
        if (!(cond)) \
            ktest_fail("line %d, %s %u: %s: " fmt, __LINE__, (s)->name, (s)->pid, #cond, \
                       ## __VA_ARGS__); \
    } while (0)

/* The links of a ring; 0 and a failure if it is none. */
static uint32_t ring_length(const struct link *ring, const char *what)
{
    uint32_t n = 0;

    for (const struct link *l = ring->next; l != ring; l = l->next) {
        if (n++ > RING_MOST || l->next->prev != l || l->prev->next != l) {
            ktest_fail("%s: no ring at link %u", what, n);
            return 0;
        }
    }
    return n;
}

/* ---- a SIP; its lock is held ----------------------------------------------------------------- */

static void check_handles(struct sip *s)
{
    for (uint32_t h = 0; h < HANDLES_MAX; h++) {
        const struct object *o = handle_get(s, h, 0);
        bool used = s->handle_used[h / 64] >> h % 64 & 1;

        MUST(!o || used, s, "handle %u", h);
        MUST(!o || o->owner == s, s, "handle %u", h);
        MUST(!o || o->number == h, s, "handle %u is number %u", h, o->number);
        MUST(!o || !o->waiter || o->waiter->sip == s, s, "handle %u", h);
        MUST(!o || !o->waiter || o->waiter->waits_on == o, s, "handle %u", h);
    }
}

static void check_ready(struct sip *s)
{
    if (!ring_length(&s->ready, s->name))
        return;
    for (const struct link *l = s->ready.next; l != &s->ready; l = l->next) {
        const struct object *o = container_of(l, struct object, ready);
        MUST(o->owner == s && s->handles->at[o->number] == o, s, "what is ready is its own");
    }
}

static void check_threads(struct sip *s)
{
    uint32_t n = ring_length(&s->threads, s->name), waiters = 0;

    MUST(n == s->nthreads, s, "%u threads, %u counted", n, s->nthreads);
    for (const struct link *l = s->threads.next; l != &s->threads && !ktest_failed(); l = l->next) {
        const struct thread *t = container_of(l, struct thread, of_sip);
        MUST(t->sip == s, s, "thread %u", t->number);
        MUST(thread_table[t->index] == t, s, "thread %u", t->number);
        MUST(!t->number || s->thread_used[(t->number - 1) / 64] >> (t->number - 1) % 64 & 1, s,
             "thread %u", t->number);
    }
    for (const struct thread *t = s->any_waiter; t; t = t->next_waiter) {
        MUST(t->sip == s && t->state == THREAD_WAITING, s, "thread %u waits", t->number);
        if (waiters++ > n)
            break;
    }
    MUST(waiters <= n, s, "%u of %u threads wait", waiters, n);
}

static void check_sip(struct sip *s)
{
    lock_take(&s->lock);
    if (!s->ended && s->nthreads) {
        check_handles(s);
        check_ready(s);
        check_threads(s);
        MUST(!s->polls || (s->polls->polled && s->polls->o.owner == s && s->nthreads <= 1), s,
             "who polls");
    }
    lock_drop(&s->lock);
}

/* ---- a channel ------------------------------------------------------------------------------- */

/* The owners may be at it, without a lock. While nothing is posted, e knows of that message, or has
 * it still to take out, or is about to post the next. */
static void check_mail(const struct sip *s, const struct endpoint *e)
{
    uint64_t head = __atomic_load_n(&e->ch->box.head, __ATOMIC_ACQUIRE);
    uint32_t mail = __atomic_load_n(&e->mail, __ATOMIC_ACQUIRE);

    MUST(glance(e->ch->box.head) != head || (uint32_t)head - mail + 1 <= 2, s,
         "%u of %u by the mailbox", mail, (uint32_t)head);
}

static void check_end(struct sip *s, const struct endpoint *e)
{
    uint32_t callers = ring_length(&e->callers, s->name) + (e->caller != NULL);

    ring_length(&e->senders, s->name);
    MUST(!e->peer || e->peer->peer == e, s, "peers of each other");
    MUST(e->used <= e->cap && e->head <= e->cap, s, "%u of %u", e->used, e->cap);
    MUST(e->count <= QUEUE_MSGS && e->bytes <= QUEUE_BYTES, s, "%u, %u", e->count, e->bytes);
    MUST(!e->caller || (e->caller->call_end == e && e->caller->sip == s), s, "who calls");
    MUST(e->count || !e->used, s, "%u bytes of no message", e->used);
    MUST(e->bytes <= e->used, s, "%u bytes in %u", e->bytes, e->used);
    check_mail(s, e);
    lock_take(&s->lock);
    MUST(e->o.owner != s || e->polled == (s->polls == e), s, "what is polled");
    lock_drop(&s->lock);
    MUST(e->with_handles <= e->count, s, "%u of %u", e->with_handles, e->count);
    MUST(e->peer || e->kernel || e->connecting || !callers, s, "%u call nobody", callers);
}

static void check_channels(struct sip *s)
{
    for (uint32_t h = 1; h < HANDLES_MAX && !ktest_failed(); h++) {
        struct object *o = handle_get(s, h, HANDLE_CHANNEL);
        if (!o)
            continue;
        lock_take(o->lock);
        if (__atomic_load_n(&o->owner, __ATOMIC_ACQUIRE) == s)
            check_end(s, container_of(o, struct endpoint, o));
        lock_drop(o->lock);
    }
}

/* ---- a CPU ----------------------------------------------------------------------------------- */

static void check_timers(const struct core *c, const struct thread *t, unsigned depth)
{
    uint32_t n = 0;

    for (const struct thread *k = t->heap_child; k; k = k->heap_next) {
        if (k->deadline < t->deadline || k->timed != c || n++ > THREADS_MAX || depth > 200) {
            ktest_fail("CPU %u: its timers are no heap", c->cpu->id);
            return;
        }
        check_timers(c, k, depth + 1);
    }
}

static void check_core(struct core *c)
{
    lock_take(&c->lock);
    for (unsigned p = 0; p < PRIORITIES; p++) {
        uint32_t n = ring_length(&c->ready[p], "run queue");
        if ((n != 0) != (c->ready_bits >> p * 8 & 1))
            ktest_fail("CPU %u: %u threads at level %u, bits %lx", c->cpu->id, n, p, c->ready_bits);
        for (const struct link *l = c->ready[p].next; l != &c->ready[p]; l = l->next) {
            const struct thread *t = container_of(l, struct thread, run);
            if (thread_blocked(t) || t->core != c || thread_table[t->index] != t)
                ktest_fail("CPU %u: a thread in its queue that waits in %u", c->cpu->id, t->state);
        }
    }
    if (c->timers)
        check_timers(c, c->timers, 0);
    lock_drop(&c->lock);
}

void invariants_check(void)
{
    struct sip *s;

    for (uint32_t pid = 0; (s = sip_next(pid)) && !ktest_failed(); pid = s->pid) {
        check_sip(s);
        check_channels(s);
    }
    for (unsigned i = 0; i < cpus_up() && !ktest_failed(); i++)
        if (core_of(i))
            check_core(core_of(i));
}
