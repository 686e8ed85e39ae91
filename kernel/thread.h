/*
 * thread.h - threads, what runs them, and what they wait for; memory that others may still look at.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include "kernel/base.h"

/* ---- threads (thread.c) --------------------------------------------------------------------- */

/* What a thread that is blocked waits in; others run or are ready. */
enum thread_state {
    THREAD_SENDING,             /* in send or call: the peer's queue is full */
    THREAD_CALLING,             /* sent, waits for the answer */
    THREAD_WAITING,             /* in wait */
    THREAD_KERNEL,              /* a kernel thread that waits for work; a futex; sleep */
    THREAD_ENDED,
};

/* Run queues of a CPU, the highest first. Urgent: woken by an interrupt or a deadline with a slice
 * left. */
enum priority { PRIORITY_LOW, PRIORITY_NORMAL, PRIORITY_HIGH, PRIORITY_URGENT, PRIORITIES };
#define PARKED PRIORITIES               /* the share of CPU time of its SIP is used up */

/* Where a thread wants a message: its struct msg and buffer in linear memory, ranges checked. */
struct rx { uint8_t *msg, *buf; uint32_t cap; };

/*
 * A blocked thread has a `guard`, the lock under which it was blocked: whoever holds it and finds
 * the thread still blocked may wake it (sched_wake) and is the only one to do so. The guard is the
 * SIP's lock for THREAD_WAITING, the channel's for CALLING and SENDING, and what the caller of
 * sched_block chose for KERNEL. lock: the guard for state, result and the fields of the wait; the
 * CPU's for `run` and timers.
 *
 * What a message touches comes first, by cache lines.
 */
struct thread {
    struct link run;            /* in a run queue; next is NULL: in none */
    struct context ctx;         /* while it does not run and is not `preempted` */
    int32_t result;             /* of what it blocked in */
    uint32_t slice_left;        /* TSC ticks; 0: a fresh slice next time, at the end of the queue */
    struct lock *guard;         /* also looked at without it */
    struct core *core;          /* where it ran last, or is queued */
    uint32_t on_cpu;            /* its stack is in use; cleared last thing by who leaves it. Means
                                 * nothing while one CPU is up */
    uint8_t state;              /* enum thread_state: what it waits in, if it is blocked */
    uint8_t priority;           /* its own */
    uint8_t level;              /* it runs at: its own, or lent by who handed it the CPU; that ends
                                 * with the slice, and by waiting or yielding */
    uint8_t lent;               /* while it waits: what it ran at, for whom it hands the CPU to */
    bool preempted;             /* `frame` is what to resume */
    bool urgent;                /* woken by an interrupt: runs before its turn */
    bool pinned;                /* stays on its CPU */

    struct rx rx;               /* THREAD_WAITING, THREAD_CALLING: where to deliver */
    struct core *timed;         /* in whose timer queue, a pairing heap; NULL: in none */
    struct object *waits_on;    /* THREAD_WAITING for one object; NULL: for any, or not WAITING */
    struct thread *next_waiter; /* for any, too */
    struct sip *sip;            /* NULL: a kernel thread */
    struct wasm_instance *in;   /* of a SIP's thread: its own globals and tables */

    uint32_t token;             /* of its present call */
    uint32_t answered;          /* of the last call that was answered */
    struct endpoint *call_end;  /* THREAD_CALLING: through which endpoint */
    struct sip *server;         /* who has the token; NULL: nobody yet, or it is no call */
    struct link blocked;        /* in endpoint.senders or .callers, or those of a futex; or none */
    uint32_t call_handle;
    uint8_t call_op;            /* its operation, if the channel has a contract */
    uint32_t wait_seq;          /* counts its waits */
    uint32_t timed_seq;         /* wait_seq that the deadline is for */
    uint64_t deadline;          /* TSC */

    struct thread *heap_child, *heap_next, *heap_prev;      /* of the timer queue */
    const void *futex;          /* the place in memory that it waits at */
    uint32_t index;             /* in the table of threads, from 1 */
    uint32_t number;            /* in its SIP; 0: the first one */
    uint64_t tsc;               /* CPU time used */
    struct link of_sip;         /* lock: the SIP's */
    struct sip *linking;        /* the SIP that a kernel thread is making */
    uintptr_t stack_top, stack_bottom;
    void (*entry)(void *);
    void *arg;
    const char *name;           /* kernel threads */
    struct reclaim reclaim;
    struct trap_frame frame;
} __attribute__((aligned(CACHE_LINE)));
_Static_assert(offsetof(struct thread, rx) == CACHE_LINE, "a line for whoever switches");
_Static_assert(offsetof(struct thread, token) == 2 * CACHE_LINE, "another for a message");

void thread_init(void);
/* A thread that is not started; sip (its first one) or (name, stack_size) according to its kind.
 * NULL: no memory. */
struct thread *thread_create(struct sip *sip, const char *name, size_t stack_size,
                             void (*entry)(void *), void *arg);
/* A further one of a SIP: on the stack of an area, with the instance in its control area. */
struct thread *thread_create_in(struct sip *s, const struct slot_area *area,
                                void (*entry)(void *), void *arg);
/* t is queued or runs on this CPU. */
__attribute__((cold)) void thread_moved(struct thread *t, struct core *c);
static inline void thread_on(struct thread *t, struct core *c)
{
    if (__builtin_expect(t->core != c, 0))
        thread_moved(t, c);
}
/* May it still be on its old stack? */
static inline bool thread_on_cpu(const struct thread *t)
{
    return cpus_many && __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE);
}
/* Has s been on other CPUs than this? */
bool sip_ran_elsewhere(const struct sip *s);
/* It does not run and is in no queue; the memory goes by way of reclaim. */
void thread_free(struct thread *t);
#define THREADS_MAX 16384u
#define TOKEN_BITS 15
#define TOKEN_IRQ 0x80000000u  /* no thread's, but an interrupt's */
extern struct thread *thread_table[1u << TOKEN_BITS];      /* by index */
/* The token after this one of the same thread. */
static inline uint32_t token_next(uint32_t token)
{
    return (token + (1u << TOKEN_BITS)) & ~TOKEN_IRQ;
}
/* Whose token it is or was; NULL if no thread has such an index. */
static inline struct thread *thread_of_token(uint32_t token)
{
    return __atomic_load_n(&thread_table[token % (1u << TOKEN_BITS)], __ATOMIC_ACQUIRE);
}
/* Ends the wait of t with `result`, if it is still its wait number seq. Takes its guard. */
bool thread_cancel(struct thread *t, uint32_t seq, int32_t result);
/* Takes t, blocked or ready, out of all queues for good: true, for one caller alone; false if it
 * runs just now, or was taken already. */
bool thread_stop(struct thread *t);

/* ---- reclaim.c: memory that others may still look at */

/* Calls fn(r) once every CPU has left the kernel; at once while one CPU is up. */
void reclaim(struct reclaim *r, void (*fn)(struct reclaim *r));
/* This CPU holds no such pointer now. */
void reclaim_quiet(void);
/* It goes to sleep, holding none, or begins to work again. */
void reclaim_idle(bool idle);
/* Waits until all that was handed over so far is given back. A kernel thread. */
void reclaim_settle(void);

/* ---- scheduling (sched*.c, core.c, timer.c) */

/* What the core keeps for each CPU. lock: its own for queues and timers; else that CPU alone */
struct core {
    struct lock lock;
    uint64_t ready_bits;        /* bit 0 of byte n: queue n is not empty; read by others without
                                 * the lock */
    uint64_t slice_end;         /* TSC */
    bool slice_stale;           /* somebody else runs since slice_end was set: a fresh slice */
    struct link ready[PRIORITIES + 1];      /* the last: PARKED */
    struct thread *timers;      /* heap of deadlines */
    uint64_t due;               /* TSC of the first, UINT64_MAX: none; read without the lock */
    struct cpu *cpu;
    struct thread *idle;
    uint64_t since;             /* TSC when CPU time was last charged */
    unsigned hold;              /* depth of sched_hold */
    bool draining;              /* who is woken now is woken by an interrupt */
    uint64_t irq_pending[IRQ_MAX / 64];     /* lines that fired, not yet looked at; atomic */
    uintptr_t stack_top;        /* for moments between two threads */
    struct { struct link run; struct context ctx; uint64_t none; } between;     /* as a thread */
    uint8_t *request, *answer;  /* of kernel-handled calls, MSG_BYTES_MAX each */
    uint64_t quiet;             /* reclaim's: epoch at which it last held nothing */
    struct reclaim *dead, **dead_end;
    uint32_t ndead;
    uint32_t naps;              /* how often it has gone to sleep */
};
static inline struct core *this_core(void) { return cpu_field(core); }
_Static_assert(sizeof(struct core) <= CORE_ROOM, "struct cpu has room");
/* Of ready_bits: queue `level` is not empty, or is; 1: that queue is the only one from it on; and
 * the highest, if there is any. Stored whole: a load of the word has to wait for a byte that was
 * stored just before. */
static inline void ready_some(struct core *c, unsigned level)
{
    c->ready_bits |= 1ull << level * 8;
}
static inline void ready_none(struct core *c, unsigned level)
{
    c->ready_bits &= ~(1ull << level * 8);
}
static inline uint64_t ready_from(const struct core *c, unsigned level)
{
    return glance(c->ready_bits) >> level * 8;
}
/* The queue of that bit. */
static inline struct link *ready_queue(struct core *c, uint64_t bit)
{
    return (struct link *)((char *)c->ready + bit * (sizeof(struct link) / 8));
}
static inline unsigned ready_highest(const struct core *c)
{
    return (63 - (unsigned)__builtin_clzll(c->ready_bits)) / 8;
}
static inline struct thread *this_thread(void) { return cpu_field(current); }
struct core *core_of(unsigned cpu);

/* Turns the caller (on the boot stack) into the idle thread of this CPU; sched_idle never
 * returns. */
void sched_init(void);
_Noreturn void sched_idle(void);
/* The length of a time slice from now on; once the clock runs. */
void sched_slice(uint64_t ns);
/* Starts the other CPUs. */
void sched_cpus(void);
/* t, which is new or was claimed, is ready: into a run queue. */
void sched_start(struct thread *t);
/* The caller, which holds `guard`, waits in `state` until somebody who holds it calls sched_wake,
 * or the deadline passes (result ERR_TIMEOUT). Drops the guard. Returns the result. deadline: ns,
 * FOREVER for none. */
int32_t sched_block(enum thread_state state, struct lock *guard, int64_t deadline);
/* The same in parts: for a caller whose wait is set up (sched_wait_until) and whose guard is
 * dropped again. `to`, claimed, runs at once in the caller's time slice; NULL: whoever is next. */
int32_t sched_switch(struct thread *to);
/* What a CPU switches to, from the thread that runs, to wait for the stack of t, which is current
 * already, or for its frame. */
struct thread *sched_between(struct core *c, struct thread *t);
/* The caller, t, is blocked from here on, under `guard`, which it holds: to be claimed by another
 * CPU at once when that is dropped. Level and slice are set before that, see sched_wait_until. */
static inline void sched_wait(struct thread *t, enum thread_state state, struct lock *guard)
{
    t->wait_seq++;
    t->state = (uint8_t)state;
    __atomic_store_n(&t->guard, guard, __ATOMIC_RELEASE);
}
void sched_wait_prompt(struct thread *t, int64_t deadline, const struct thread *to);
static inline void sched_wait_until(struct thread *t, enum thread_state state, struct lock *guard,
                                    int64_t deadline, const struct thread *to);
void timer_cancel(struct thread *t);
/* Ends the wait of a blocked thread; the guard is held. Claimed, it is the caller's to run: by
 * sched_switch or sched_resume. */
static inline void sched_claim(struct thread *t, int32_t result)
{
    t->result = result;
    t->guard = NULL;
    if (__builtin_expect(__atomic_load_n(&t->timed, __ATOMIC_ACQUIRE) != NULL, 0))
        timer_cancel(t);
}
void sched_resume(struct thread *t);
void sched_wake(struct thread *t, int32_t result);      /* claims it and puts it in a run queue */
static inline bool thread_blocked(const struct thread *t)
{
    return t->guard != NULL;
}
void sched_yield(void);
/* On the way out of the kernel: looks at recorded interrupts, gives the CPU away if the slice is
 * over, ends the thread of a SIP that is being ended. */
void sched_out(void);
static inline void sched_point(void)
{
    if (__builtin_expect(cpu_field(need_resched) != 0, 0))
        sched_out();
}
/* Between these, compiler text is as little preempted as the kernel's own: for kernel code that
 * calls into wasm/ and must be seen whole. It must not block. */
static inline void sched_hold(void)
{
    this_core()->hold++;
}
static inline void sched_unhold(void)
{
    assert(this_core()->hold, "sched_unhold without sched_hold");
    this_core()->hold--;
}
/* The CPU is to look at what was recorded on its way out. */
static inline void sched_ask(void)
{
    cpu_field(need_resched) = 1;
    cpu_field(handoffs) = 0;
}
#define HANDOFFS_CHARGED 127        /* switches between two looks at the clock; odd */
/* CPU time since the last look goes to the running thread. */
void sched_charge(struct core *c);
/* Forgets the calling thread: fn(arg) runs on the core's own stack, then the next thread. */
_Noreturn void sched_leave(void (*fn)(void *), void *arg);
/* Takes a ready thread out of its run queue; false if it is in none. */
bool sched_remove(struct thread *t);
/* CPU time of a SIP, whose lock is held. */
uint64_t sched_sip_ns(const struct sip *s);
/* Sleeps; kernel threads only. */
void sched_sleep(uint64_t ns);

/* deadline: TSC. The lock of c is held. */
void timer_add(struct core *c, struct thread *t, uint64_t deadline);
void timer_del(struct core *c, struct thread *t);       /* its lock is held; t is in */

/* quota.c: shares of CPU time. Used by a SIP that has one; nothing is left of it in this period. */
#define PERIOD_NS (100 * NS_PER_MS)
extern uint32_t quota_shares;               /* SIPs that have one; atomic */
void quota_charge(struct sip *s, uint64_t ticks);
bool quota_spent(struct sip *s);

/* t out of the list of waiters that begins at *at, if it is there. Its lock is held. */
static inline void waiter_del(struct thread **at, struct thread *t)
{
    while (*at && *at != t)
        at = &(*at)->next_waiter;
    if (*at)
        *at = t->next_waiter;
    t->next_waiter = NULL;
}

/* A flag that kernel threads wait for: one of those who do finds it set. */
struct event { struct lock lock; bool set; struct thread *waiter; };
#define EVENT { LOCK(RANK_EVENT), false, NULL }
void event_set(struct event *e);
/* And clears it; false: the deadline, or another one was faster. */
bool event_wait(struct event *e, int64_t deadline);

#endif
