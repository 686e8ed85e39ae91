/*
 * thread.h - threads for SIPs written in C. A program whose sources include this is built with a
 * shared memory (Makefile); all others have one thread, and pay nothing.
 *
 * What is declared _Thread_local each thread has for itself. malloc, free and printf may be called
 * from all of them. A thread that another one waits for, and whatever they share, must live until
 * then. Times are those of sys_clock, in nanoseconds; deadlines are absolute, FOREVER for none.
 *
 * Locks below are words in memory; whoever finds one taken sleeps in the kernel, which knows
 * nothing of owners: what a thread holds at its end stays taken.
 */
#ifndef SIPS_THREAD_H
#define SIPS_THREAD_H

#include "sips/sip.h"

#define THREAD_STACK 16384u

struct thread {
    uint32_t stack_top;         /* runtime/threads/thread.c knows where these stand */
    uint32_t ended;
    void (*fn)(void *);
    void *arg;
    void *memory;
};

/* Starts fn(arg) in a thread that has `stack` bytes for variables whose address is taken (0:
 * THREAD_STACK). Its number, or ERR_LIMIT, ERR_NO_MEMORY. */
int32_t thread_create(struct thread *t, void (*fn)(void *), void *arg, uint32_t stack);
/* Waits for its end and frees what it had; once for each that was created. */
void thread_join(struct thread *t);
/* The number of the calling thread: 0 for the first one. */
uint32_t thread_number(void);

/* All zeroes: free. Not recursive. */
struct mutex { uint32_t state; };
void mutex_lock(struct mutex *m);
bool mutex_try(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* A condition: wait for news of what the mutex guards, which is held before and after. It may
 * return for no reason. All zeroes: nobody waits. */
struct condition { uint32_t news; };
/* ERR_TIMEOUT after the deadline. */
int32_t condition_wait(struct condition *c, struct mutex *m, int64_t deadline);
void condition_signal(struct condition *c);     /* one of those who wait */
void condition_broadcast(struct condition *c);  /* all of them */

/* A count that is never below zero. */
struct semaphore { uint32_t count, waiting; };
void semaphore_post(struct semaphore *s);
int32_t semaphore_wait(struct semaphore *s, int64_t deadline);  /* ERR_TIMEOUT */

/* Calls fn the first time; whoever comes meanwhile waits until it has returned. All zeroes: not
 * yet. */
struct once { uint32_t state; };
void once(struct once *o, void (*fn)(void));

/* Sleeps while the word is `value`, until woken: 0, ERR_TIMEOUT, or ERR_EMPTY (it is not). */
int32_t futex_wait(const uint32_t *at, uint32_t value, int64_t deadline);
/* Wakes at most n of those who sleep there; how many it were. */
uint32_t futex_wake(const uint32_t *at, uint32_t n);

#endif
