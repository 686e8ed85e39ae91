/*
 * dwell.h - points of the code at which a test asks a CPU to stay for a while, so that a race comes
 * about that otherwise is one in a million (tests/kernel/races.c). The builds that check have them;
 * in the others they are nothing.
 */
#ifndef KERNEL_DWELL_H
#define KERNEL_DWELL_H

#include <stdbool.h>
#include <stdint.h>

struct thread;

enum dwell {
    DWELL_LEAVING,      /* sched_switch to nobody yet: the guard is dropped, the stack not left */
    DWELL_HANDING,      /* the same, to somebody */
    DWELL_GUARD,        /* guard_take: the guard is known, but not held */
    DWELL_UNTIMED,      /* timer_del: the thread is said to be in no heap */
    DWELL_ENDED,        /* sip_end: the exit info is written, and not yet to be read */
    DWELL_CLOSED,       /* handle_close: the number is free, the object not dropped */
    DWELL_DISCARDED,    /* chan_answer: nobody takes it, and what goes with it is not ended yet */
    DWELL_CALLING,      /* a call to the kernel: the end is looked up, the call not begun */
    DWELL_MAKING,       /* object_init: it has no lock yet */
    DWELL_DEAD,         /* sys_connect: the end is seen to be dead, and not yet closed */
    DWELLS
};

#if defined(SELKIE_CHECKED) || defined(SELKIE_RACES)
#define DWELLING 1
#else
#define DWELLING 0
#endif

void dwell_here(enum dwell at, const struct thread *who);
/* `who` has come to this point. */
static inline void dwell(enum dwell at, const struct thread *who)
{
    if (DWELLING)
        dwell_here(at, who);
}

/* For tests: thread `who` (NULL: any of a SIP) stays the next time that it comes there on another
 * CPU than this, until that many ns from now on, or dwell_end. One for each point. */
void dwell_ask(enum dwell at, const struct thread *who, uint64_t ns);
/* Keeps this CPU until somebody is there; false: nobody within ten seconds. */
bool dwell_wait(enum dwell at);
void dwell_on(enum dwell at, uint64_t ns);  /* that long from now on, instead */
bool dwell_end(enum dwell at);          /* false: nobody is there any more */

#endif
