/*
 * sched_queue.c - threads that are ready: the run queues of each CPU, and which CPU's a thread goes
 * to.
 *
 * Woken threads go to the CPU where they ran last if that is idle, else here; if they still wait
 * after SPREAD_NS (sched.c), an idle CPU is woken and takes one (sched_steal). So a thread that is
 * woken by one that then blocks, as in most dialogues, is not moved.
 *
 * Threads whose SIP has used up its share of CPU time stand in a queue of their own, PARKED, until
 * the next period.
 */
#include "kernel/sched.h"

struct thread *sched_pop(struct core *c)
{
    struct thread *t;

    if (!guess(c->ready_bits))
        return NULL;
    lock_take(&c->lock);
    t = first(c);
    lock_drop(&c->lock);
    return t;
}

/* One that waits on another CPU and may move; the first of the highest queue that has one. It is
 * taken out, or only looked for. */
static struct thread *steal_from(struct core *from, bool take)
{
    struct thread *found = NULL, *t;

    if (!from || !__atomic_load_n(&from->ready_bits, __ATOMIC_RELAXED))
        return NULL;
    lock_take(&from->lock);
    for (unsigned p = PRIORITIES; p-- > 0 && !found;)
        for (struct link *l = from->ready[p].next; l != &from->ready[p]; l = l->next)
            if (!(t = container_of(l, struct thread, run))->pinned) {
                found = t;
                if (take)
                    unlink(from, t, p);
                break;
            }
    lock_drop(&from->lock);
    return found;
}

struct thread *sched_steal(struct core *c, bool take)
{
    unsigned n = cpus_many ? cpus_up() : 1, me = c->cpu->id;
    struct thread *t = NULL;

    for (unsigned i = 1; i < n && !t; i++)
        t = steal_from(core_of((me + i) % n), take);
    return t;
}

/* Into a run queue: of its last CPU if that is idle or it may not move, else of this one. */
void sched_start(struct thread *t)
{
    struct core *here = this_core(), *c = here;

    if (t->core != here && (t->pinned || is_idle(t->core)))
        c = t->core;
    lock_take(&c->lock);
    sched_push(c, t, false);
    lock_drop(&c->lock);
    if (c != here)
        cpu_wake(c->cpu->id);
    else if (!c->draining)          /* else drain's caller does */
        sched_arm(c);
}

void sched_resume(struct thread *t)
{
    t->urgent = this_core()->draining;
    sched_start(t);
}

void sched_wake(struct thread *t, int32_t result)
{
    assert(thread_blocked(t), "only a blocked thread can be woken");
    sched_claim(t, result);
    sched_resume(t);
}

/* The level of the queue that t is in; lock: the core's. */
static unsigned queued_at(const struct core *c, const struct thread *t)
{
    const struct link *l = t->run.next;

    while (l < c->ready || l > c->ready + PARKED)
        l = l->next;
    return (unsigned)(l - c->ready);
}

bool sched_remove(struct thread *t)
{
    struct core *c;
    bool found = false;

    do {
        c = glance(t->core);
        lock_take(&c->lock);
        if (guess(t->core) == c && guess(t->run.next)) {
            unlink(c, t, queued_at(c, t));
            t->state = THREAD_ENDED;
            found = true;
        }
        lock_drop(&c->lock);
    } while (guess(t->core) != c);
    return found;
}

/* Those whose SIPs have CPU time again are ready. */
void sched_unpark(struct core *c)
{
    struct link all, *l;

    list_init(&all);
    lock_take(&c->lock);
    while ((l = list_pop(&c->ready[PARKED])))
        list_push(&all, l);
    while ((l = list_pop(&all)))
        sched_push(c, container_of(l, struct thread, run), false);
    lock_drop(&c->lock);
}
