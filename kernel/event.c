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
        waiter_del(&e->waiter, t);          /* if event_set has not */
    }
    was = e->set;
    e->set = false;
    lock_drop(&e->lock);
    return was;
}
