/*
 * event.c - events: set once, they wake every kernel thread that waits for them; whoever has waited
 * clears them.
 */
#include "kernel/kernel.h"

void event_set(struct event *e)
{
    struct thread *t;

    lock_take(&e->lock);
    e->set = true;
    while ((t = e->waiter)) {
        e->waiter = t->next_waiter;
        if (guess(t->guard) == &e->lock)
            sched_wake(t, 0);
    }
    lock_drop(&e->lock);
}

/* If event_set has not. */
static void leave(struct event *e, struct thread *t)
{
    struct thread **at = &e->waiter;

    while (*at && *at != t)
        at = &(*at)->next_waiter;
    if (*at)
        *at = t->next_waiter;
    t->next_waiter = NULL;
}

bool event_wait(struct event *e, int64_t deadline)
{
    struct thread *t = this_thread();
    bool was;

    lock_take(&e->lock);
    if (!e->set && deadline != 0) {
        t->next_waiter = e->waiter;
        e->waiter = t;
        sched_block(THREAD_KERNEL, &e->lock, deadline);
        lock_take(&e->lock);
        leave(e, t);
    }
    was = e->set;
    e->set = false;
    lock_drop(&e->lock);
    return was;
}
