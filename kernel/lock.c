/*
 * lock.c - what lock.h leaves out of line: waiting for a lock, and the check of their order.
 */
#include "kernel/lock.h"
#include "kernel/panic.h"

bool cpus_many;

void lock_spin(struct lock *l)
{
    do {
        while (l->held)
            cpu_relax();
    } while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE));
}

/* Called only where SELKIE_CHECKED is defined. */
void lock_check(const struct lock *l, bool taken)
{
    struct cpu *c = this_cpu();
    const struct lock *top = c->nlocks ? c->locks[c->nlocks - 1] : NULL;
    unsigned i = c->nlocks;

    if (taken) {
        assert(c->nlocks < CPU_LOCKS, "a CPU holds few locks at once");
        assert(!top || l->rank > top->rank || (l->rank == top->rank && l > top),
               "a lock is taken out of order");
        c->locks[c->nlocks++] = l;
        return;
    }
    while (i && c->locks[i - 1] != l)
        i--;
    assert(i, "a lock that is not held is dropped");
    for (c->nlocks--; i <= c->nlocks; i++)
        c->locks[i - 1] = c->locks[i];
}
