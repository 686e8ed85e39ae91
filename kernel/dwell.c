/*
 * dwell.c - see dwell.h. Nothing here orders anything: what is relaxed does not hide a race from
 * the detector.
 */
#include "kernel/dwell.h"
#include "kernel/kernel.h"

#define PATIENCE (10 * NS_PER_S)

enum { NOBODY, ASKED, THERE, ENDED };

static struct { uint32_t state, from; const struct thread *who; uint64_t end; } asked[DWELLS];

void dwell_here(enum dwell at, const struct thread *who)
{
    uint32_t was = ASKED;

    if (glance(asked[at].state) != ASKED || glance(asked[at].from) == cpu_field(id)
            || (glance(asked[at].who) ? glance(asked[at].who) != who : who && !who->sip))
        return;
    if (!__atomic_compare_exchange_n(&asked[at].state, &was, THERE, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED))
        return;
    while (glance(asked[at].state) == THERE && clock_ns() < glance(asked[at].end))
        cpu_relax();
    __atomic_store_n(&asked[at].state, NOBODY, __ATOMIC_RELAXED);
}

void dwell_on(enum dwell at, uint64_t ns)
{
    __atomic_store_n(&asked[at].end, clock_ns() + ns, __ATOMIC_RELAXED);
}

void dwell_ask(enum dwell at, const struct thread *who, uint64_t ns)
{
    __atomic_store_n(&asked[at].from, cpu_field(id), __ATOMIC_RELAXED);
    __atomic_store_n(&asked[at].who, who, __ATOMIC_RELAXED);
    dwell_on(at, ns);
    __atomic_store_n(&asked[at].state, ASKED, __ATOMIC_RELEASE);
}

/* Others are woken again and again, for what is to come there may wait in the queue of this one. */
bool dwell_wait(enum dwell at)
{
    uint64_t end = clock_ns() + PATIENCE, next = 0;

    while (glance(asked[at].state) == ASKED && clock_ns() < end) {
        for (unsigned i = 0; clock_ns() > next && i < cpus_up(); i++)
            if (i != cpu_field(id))
                cpu_wake(i);
        if (clock_ns() > next)
            next = clock_ns() + NS_PER_MS;
        cpu_relax();
    }
    return glance(asked[at].state) == THERE;
}

bool dwell_end(enum dwell at)
{
    return __atomic_exchange_n(&asked[at].state, ENDED, __ATOMIC_RELAXED) == THERE;
}
