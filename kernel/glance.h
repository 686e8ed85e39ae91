/*
 * glance.h - looks at x without the lock that it is written under.
 *
 * It is seen whole, for one instruction writes it (a plain store of at most 8 aligned bytes does),
 * but may be old as soon as it is there: good for a guess, or to be looked at again under the lock.
 * What a pointer leads to was written before the pointer was: that asks for an acquiring load, and
 * for a releasing store. The race detector (host/races/) accepts what is marked so, or atomic.
 */
#ifndef KERNEL_GLANCE_H
#define KERNEL_GLANCE_H

/* The value goes on to be used. */
#define glance(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)

/* It is tested on the spot and nothing else hangs on it: the compiler need not even load it into a
 * register. guess_last: who stored it (releasing) had done with what is used from here on. */
#ifdef SELKIE_RACES
#define guess(x) glance(x)
#define guess_last(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define glance_entry(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#else
#define guess(x) (x)
#define guess_last(x) (x)           /* loads are not overtaken by later ones: SDM 3A 8.2.2 */
/* At a pointer in a table: for its address an atomic load takes an addition more. */
#define glance_entry(x) load_entry(&(x))
#endif

#endif
