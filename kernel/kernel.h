/*
 * kernel.h - the core: scheduling, objects, SIPs. Layers, from below: x64, memory, scheduling,
 * objects, SIPs; README.md has the reading order.
 *
 * The kernel proper is not preemptible: an interrupt that lands in its text is recorded
 * and looked at by sched_point() on the way out. So on one CPU no kernel function sees another one
 * half done; between CPUs there are locks (lock.h), and each structure here says which guards it.
 * What is looked up without a lock (a handle's endpoint, its peer, a token's thread) stays memory
 * of that type until every CPU has left the kernel once (reclaim.c), and is looked at again once
 * its lock is held.
 *
 * A thread of a SIP can be ended whenever it does not run: its kernel frames just vanish.
 * Therefore a function that blocks (sched_block, sched_switch) owns nothing at that moment except
 * through objects that sip_end() finds.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi.h"
#include "kernel/contract.h"
#include "kernel/dwell.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/x64/x64.h"
#include "wasm/wasm.h"

#define unlikely(x) __builtin_expect(!!(x), 0)
#define likely(x) __builtin_expect(!!(x), 1)
#define always static inline __attribute__((always_inline))
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

typedef int32_t err_t;          /* >= 0, or an ERR_* of abi.h */
const char *err_text(err_t e);

struct sip;
struct object;
struct endpoint;

/* What memory is handed to reclaim() by: a field of what is to go. */
struct reclaim { struct reclaim *next; void (*fn)(struct reclaim *r); uint64_t epoch; };

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

/* ---- scheduling (sched.c, timer.c) */

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
void sched_hold(void);
void sched_unhold(void);
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

/* A flag that kernel threads wait for: one of those who do finds it set. */
struct event { struct lock lock; bool set; struct thread *waiter; };
#define EVENT { LOCK(RANK_EVENT), false, NULL }
void event_set(struct event *e);
/* And clears it; false: the deadline, or another one was faster. */
bool event_wait(struct event *e, int64_t deadline);

/* ---- objects and handles (handle.c) */

/* Head of everything that a handle can name. `lock` is the object's own (of a channel: one for both
 * ends) and is taken before the owner's, which guards the fields here; `owner` may be read under
 * either. */
struct object {
    uint8_t kind;               /* enum handle_kind */
    uint8_t number;             /* in the owner's table */
    struct lock *lock;
    struct sip *owner;          /* NULL: in flight inside a message, or being made */
    struct link ready;          /* in owner->ready while there is something to receive */
    struct thread *waiter;      /* THREAD_WAITING for this one */
};

void object_init(struct object *o, enum handle_kind kind, struct lock *lock);
/* A SIP's table; replaced by a larger one as it grows. */
struct handles { uint32_t cap; struct reclaim reclaim; struct object *at[]; };
extern struct handles handles_none;     /* what a SIP begins with */
void handles_free(struct handles *t);
/* Reserves n free numbers: ERR_LIMIT, ERR_NO_MEMORY. */
err_t handle_reserve(struct sip *s, uint32_t n, uint32_t number[]);
void handle_unreserve(struct sip *s, uint32_t n, const uint32_t number[]);
/* Reserves a given number: ERR_EXISTS, ERR_NO_MEMORY, ERR_ARGUMENT. */
err_t handle_reserve_at(struct sip *s, uint32_t number);
/* Puts an object without owner at a reserved number. */
void handle_put(struct sip *s, uint32_t number, struct object *o);
/* Takes an object out of its owner's table, and a block out of its memory, for passing it on. */
void handle_take(struct object *o);
/* The same for one that is put into another table at once, where a block moves straight. */
void handle_unlink(struct object *o);
/* The same before its end: who waits for it gets ERR_HANDLE. */
void handle_end(struct object *o);
/* Closes what stands at h. Takes locks. */
err_t handle_close(struct sip *s, uint32_t h);
/* Ends an object without owner: closes endpoints, frees. Never recurses into what it holds. Takes
 * locks. */
void object_drop(struct object *o);
uint32_t handle_count(const struct sip *s);

/* ---- channels and messages (channel.c, message.c) */

struct kcall;
/* A kernel-handled interface: kserve_*.c */
struct kserve {
    const char *iface, *text;   /* "name@id"; the canonical text */
    void (*call)(struct kcall *k);
};

/*
 * One end of a channel, and the ring of what was sent to it. lock: the channel's; but o's fields.
 * Messages stand in the ring one behind the other (channel.c), which grows as needed, and goes when
 * it is empty and large.
 */
struct endpoint {
    struct object o;
    struct endpoint *peer;      /* NULL: closed, or the kernel handles it */
    struct contract *contract;  /* NULL: anything may pass */

    struct thread *caller;      /* one of the callers, who is not in the list of the others */
    uint8_t *ring;
    uint32_t cap, head, used;   /* bytes */
    uint32_t count, bytes;      /* messages in it, and their data */
    uint32_t with_handles;      /* messages in it that carry handles */
    struct link senders;        /* threads of the peer that wait for room here */
    bool told;                  /* MSG_CLOSED was received; also the owner's lock */
    bool handler;               /* of its two ends this is the handler's */
    uint8_t state;              /* of the protocol; the client's end has it for both */
    bool polled;                /* mailbox.h; lock: the owner's, also looked at without it */

    struct link callers;        /* threads of the owner that wait for answers from the peer */
    struct channel *ch;
    const struct kserve *kernel;
    struct iface *connecting;   /* a connection that no handler has taken yet; lock: iface's */
    uint32_t mail;              /* mailbox.h: number of the last message, either way; atomic */
    bool turn;                  /* the next one is this end's */
} __attribute__((aligned(CACHE_LINE)));
_Static_assert(offsetof(struct endpoint, caller) == CACHE_LINE, "a line for what skips the ring");

#define MAIL_SHORT 48u          /* bytes in the mailbox's first line */
#define MAIL_BYTES 112u         /* and in both */

struct channel {
    struct endpoint end[2];
    struct lock lock;
    uint32_t ends;              /* still open */
    struct account *account;    /* who pays for it */
    struct reclaim reclaim;
    /* mailbox.h: the number of a message, and its length << 32; its bytes. Caches fetch lines in
     * pairs, so beside it stands nothing that is written for each message. */
    struct mailbox { uint64_t head, none; uint8_t bytes[MAIL_BYTES]; } box
        __attribute__((aligned(CACHE_LINE)));
};

/* Keeps count of a SIP's channels and the rings in them beyond its end, for they may outlive it.
 * All atomic. */
struct account { uint32_t refs, channels; size_t queued, queued_max, blocks; };
void account_put(struct account *a);
#define CHANNELS_MAX 512u       /* made by one SIP and still in existence */

/* t calls through e, and no longer does. The channel's lock is held. */
static inline void caller_add(struct endpoint *e, struct thread *t)
{
    if (__builtin_expect(!e->caller, 1))
        e->caller = t;
    else
        list_push(&e->callers, &t->blocked);
}
static inline void caller_del(struct endpoint *e, struct thread *t)
{
    if (__builtin_expect(e->caller == t, 1))
        e->caller = NULL;
    else
        list_del(&t->blocked);
}

/* A message on its way: checked, nothing moved yet. data may be in SIP memory: copy_checked
 * only. */
struct parcel {
    const uint8_t *data;
    uint32_t len;
    uint32_t nobj;
    struct object *obj[MSG_HANDLES_MAX];
    uint32_t kind, token;
    uint32_t handle[MSG_HANDLES_MAX];   /* of the sender, from which obj were found */
    bool checked;               /* against a contract (session_check), which then sets: */
    uint8_t next;               /* the state after it */
    uint32_t op;                /* the operation */
    uint32_t word;              /* the first word that was checked, which is what is delivered */
};

/* A pair of connected endpoints without owners: ERR_LIMIT, ERR_NO_MEMORY. s may be NULL. */
err_t chan_create(struct sip *payer, struct endpoint *end[2]);
/* A client endpoint whose messages go to k. */
err_t chan_create_kernel(struct sip *payer, const struct kserve *k, struct endpoint **end);
void chan_close(struct endpoint *e, struct link *orphans);
/* Makes client and handler (may be NULL) the ends of a session of an interface. */
void chan_bind(struct endpoint *client, struct endpoint *handler, struct contract *c);
/* system calls; the current thread is the caller */
err_t chan_send(struct sip *s, uint32_t h, uint32_t msg, uint32_t flags);
err_t chan_call(struct sip *s, uint32_t h, uint32_t msg, int64_t deadline);
/* Answers a token. wake = NULL: the caller is put into the run queue; else it is handed out there,
 * claimed, for sched_switch. discard: objects of an answer that nobody takes are dropped. */
err_t chan_answer(struct sip *s, uint32_t token, uint32_t msg, bool discard, struct thread **wake);
/* One message from an endpoint: its length, ERR_EMPTY, ERR_PEER (closed and told), ERR_TOO_BIG ...
 * Its lock and its owner's are held, as for everything that object_receive calls. */
err_t chan_receive(struct endpoint *e, const struct rx *rx);
/* Is there anything but what is in the mailbox? */
always bool chan_pending(const struct endpoint *e)
{
    return guess(e->count) || (!guess(e->peer) && !e->kernel && !guess(e->told));
}
/* The present call of t through e (handle h) begins, and ends. The channel's lock is held. */
void chan_call_begin(struct thread *t, struct endpoint *e, uint32_t h, const struct rx *rx);
void chan_call_done(struct thread *t);
/* The call with this token is now in the hands of who received it from e. */
static inline void chan_delivered(struct endpoint *e, uint32_t token)
{
    struct thread *t = thread_of_token(token);

    if (t && guess(t->token) == token && e->peer && guess(t->call_end) == e->peer)
        t->server = e->o.owner;
}
size_t ring_bytes(void);            /* of all rings */

/* message.c: structures in SIP memory */
/* Address of [off, off + len) in memory 0 of s; NULL if it is not all inside. */
void *sip_range(const struct sip *s, uint32_t off, uint64_t len);
/* Reads the struct msg at off: what is sent, unchecked, and where to receive, checked. */
struct msg_in { uint32_t data, len, nhandles; struct rx rx; };
err_t msg_read(const struct sip *s, uint32_t off, struct msg_in *m);
/* Decodes what m sends, through endpoint `via` (may be NULL); moves nothing. */
err_t msg_parcel(struct sip *s, const struct msg_in *m, const struct endpoint *via,
                 struct parcel *p);
/* May the objects of p be passed on through `via`, and are they still what their handles name? The
 * locks of msg_lock and the sender's are held. */
err_t msg_may_pass(struct sip *s, const struct parcel *p, const struct endpoint *via);
/* Takes the lock of `first` and of all objects of p, in order; and drops them. */
void msg_lock(struct lock *first, const struct parcel *p);
void msg_unlock(struct lock *first, const struct parcel *p);
/* Writes p where rx says; its objects become handles of s. Returns the length; on an error nothing
 * has happened, but ERR_TOO_BIG tells `received` and `from`. The lock of s is held, and that of the
 * owner of the objects. */
err_t msg_deliver(struct sip *s, const struct rx *rx, uint32_t from, const struct parcel *p);
/* Takes the parcel's objects out of their owner's table, whose lock is held. */
void msg_take(struct parcel *p);

/* ---- contracts and sessions (session.c); the look-up itself is contract.h */

/* A contract that is in use, with a reference; NULL. */
struct contract *contract_find(const uint8_t id[32]);
/* The same, made of the canonical text, whose hash the caller has checked to be `id`; NULL with *e
 * and a reason. */
struct contract *contract_add(const char *text, size_t n, const uint8_t id[32], err_t *e,
                              char *reason, size_t nreason);
struct contract *contract_ref(struct contract *c);      /* c may be NULL */
void contract_put(struct contract *c);
/*
 * May s send p through e, which has a contract? 0, or the error of the rule that it breaks, which
 * is then noted (`why`). Changes nothing but p->op and p->next.
 */
err_t session_check(struct sip *s, struct endpoint *e, struct parcel *p, bool call);
/* The same for an answer of s to a call of operation op through `caller`. */
err_t session_check_answer(struct sip *s, struct endpoint *caller, uint32_t op, struct parcel *p);
/* p, which was checked, has gone its way through e (an answer: through the caller's end). */
void session_move(struct endpoint *e, const struct parcel *p);
#define WHY_MAX 200u

/* ---- waiting (wait.c) */

/* Something may be received from o, whose lock is held: completes a wait, or puts o on its owner's
 * ready list. Takes the owner's lock. */
void object_notify(struct object *o);
/* The same with the owner's lock held. */
void object_notify_owned(struct object *o);
/* The same for an object that its owner is just getting (lock held); nobody is woken. */
void object_ready(struct object *o);
/* Takes the lock of the owner; NULL: it has none, nothing is taken. */
struct sip *object_owner_lock(struct object *o);
/* Ends the wait of t; its SIP's lock is held. */
void wait_done(struct thread *t);
/* next, if not NULL: a claimed thread, to run at once if the caller blocks. */
err_t wait_message(struct sip *s, uint32_t h, uint32_t msg, int64_t deadline, struct thread *next);

/* ---- interface registry (iface.c) */

#define IFACE_WAITING_MAX 64u

struct iface {
    struct object o;            /* HANDLE_INTERFACE; owner = the handler, if there is one */
    struct lock lock;           /* of the waiting list; the registry's for the rest */
    struct reclaim reclaim;
    struct link all;
    uint8_t id[32];
    char name[32];
    struct contract *contract;
    const struct kserve *kernel;
    struct link waiting;        /* endpoints (o.ready) that no handler has taken yet */
    uint32_t nwaiting;
};
void iface_init(void);
struct resource;
/* Makes s the handler of the interface r; ERR_BUSY with *owner. */
err_t iface_serve(struct sip *s, const struct resource *r, struct sip **owner);
/* Opens a channel to the handler of r at its handle, which is free: ERR_FULL, ERR_NO_MEMORY .. */
err_t iface_connect(struct sip *s, const struct resource *r);
err_t iface_receive(struct iface *f, const struct rx *rx);
/* The pid of the handler; 0: there is none, or the kernel is it. */
uint32_t iface_handler(const struct contract *c);
/* What the registry holds, for a person: the n-th interface; false: there are no more. */
struct iface_info { uint8_t id[32]; char name[32]; uint32_t pid, waiting; bool kernel; };
bool iface_at(uint32_t n, struct iface_info *to);
void iface_drop(struct iface *f);
/* A waiting connection whose client is gone: true if it was waiting, and is the caller's now. */
bool iface_forget(struct endpoint *e);

/* ---- devices: interrupts, ports, windows (irq.c, device.c) */

struct irq {
    struct object o;
    struct lock lock;
    uint8_t line;
    bool claimed, fired, out;
    uint16_t gen;
};
err_t irq_claim(struct sip *s, uint32_t number, unsigned line, struct sip **owner);
void irq_fired(unsigned line);              /* from the scheduler's drain */
/* ERR_BUSY: a thread waits for it, or a token of it is not answered. */
err_t irq_may_pass(const struct irq *q);
err_t irq_receive(struct irq *q, const struct rx *rx);
err_t irq_answer(struct sip *s, uint32_t token);
void irq_drop(struct irq *q);

struct dma;
struct window {
    struct object o;
    struct link all;            /* lock: the registry's */
    struct sip *sip;            /* whose memory shows it */
    uint64_t offset, size;
    paddr_t pa;
    struct dma *dma;            /* memory for devices; else NULL */
    struct handle_info info;
    struct reclaim reclaim;
};
/* Of kind window, mmio or dma. ERR_NOT_FOUND: this machine has none; ERR_BUSY with *owner (NULL:
 * the kernel's own). */
err_t window_claim(struct sip *s, const struct resource *r, struct sip **owner);
void window_drop(struct window *w);
err_t port_claim(struct sip *s, uint16_t first, uint16_t last, struct sip **owner);
void port_release(struct sip *s);

/* ---- blocks (block.c) */

/* Memory that is handed on. lock: the owner's; in flight, that of what holds it. */
struct block {
    struct object o;            /* without a lock */
    struct extent extent;
    size_t size;
    struct account *account;    /* who is charged: the owner, or who sent it */
    const struct sip *shows;    /* in whose memory it stands; NULL: in none */
    struct reclaim reclaim;
};
/* A block of s: its handle, ERR_ARGUMENT, ERR_LIMIT, ERR_NO_MEMORY. */
err_t block_make(struct sip *s, uint32_t bytes);
/* May s get it beside `*bytes` of others, to which its own are added? ERR_LIMIT, ERR_NO_MEMORY. Its
 * lock is held, as below. */
err_t block_may_land(struct sip *s, const struct block *b, size_t *bytes);
/* It leaves its owner's memory, on the way to nobody yet. */
void block_lift(struct block *b);
/* It comes to s, which may get it, at handle `number`, from wherever it stands. */
void block_land(struct block *b, struct sip *s, uint32_t number);
void block_drop(struct block *b);
/* Where block h of s stands: ERR_HANDLE. */
err_t block_info(struct sip *s, uint32_t h, struct handle_info *info);

/* ---- programs: store, manifest, policy, images */

/* A module's bytes; they stay for as long as an image of it lives. */
struct program {
    char name[32];
    const uint8_t *bytes;
    size_t size;
    uint8_t hash[32];
    bool hashed;
    bool module;                /* name ended with .wasm */
};
void store_init(void);
uint32_t store_count(void);
const struct program *store_at(uint32_t i);
/* By name, or a prefix (4 characters and more) of the CID or of the hash in hex: ERR_NOT_FOUND,
 * ERR_EXISTS (ambiguous). */
err_t store_find(const char *name, const struct program **out);
/* The same for a person: with a reason. */
err_t store_look_up(const char *name, const struct program **out, char *reason, size_t n);
#define CID_TEXT 60u
void cid_text(const uint8_t hash[32], char out[CID_TEXT]);

enum resource_kind {
    RES_USE, RES_SERVE, RES_CHANNEL, RES_PORT, RES_IRQ, RES_WINDOW, RES_MMIO, RES_DMA,
};
struct resource {
    uint8_t kind, handle;
    bool now;                   /* RES_USE: without a handler the channel is closed, not waiting */
    char name[32];              /* of interfaces and windows */
    uint8_t id[32];             /* of interfaces */
    struct contract *contract;  /* the same; in a parsed manifest never NULL */
    uint64_t first, last;       /* ports, physical addresses; irq in first, bytes of DMA in last */
};
struct manifest { uint32_t count; struct resource res[]; };
#define MANIFEST_RESOURCES_MAX 64u
/* Finds and parses the manifest sections of a module; an empty manifest if there are none. NULL
 * with a reason and *e. Every interface has its contract then, and the name in its text. */
struct manifest *manifest_parse(const uint8_t *bytes, size_t size, err_t *e, char *reason,
                                size_t n);
void manifest_free(struct manifest *m);     /* m may be NULL */
/* One line of a manifest (contract left NULL). 0: it says nothing about resources, 1: a resource,
 * -1: it cannot be read. */
int resource_parse(const char *text, size_t n, struct resource *r);
/* The WHAT of a rule about a device: "irq", "4". */
bool resource_device(const char *verb, const char *rest, struct resource *r);
/* "serial", "serve serial", "port 0x3f8-0x3ff", "irq 4", "window framebuffer" */
void resource_text(const struct resource *r, char *to, size_t n);

/* May p, started by the SIP `asker`, have all that m asks for? Uses up what was granted for one
 * start by it. */
err_t policy_check(const struct program *p, const struct manifest *m, uint32_t asker, char *reason,
                   size_t n);
/* Adds or takes back. once: a pid, for one start by that SIP; 0: for good. */
err_t policy_change(const char *rule, bool grant, uint32_t once, char *reason, size_t n);
/* What a program asks for and has not been granted: lines; on errors, the reason. */
err_t policy_wants(const char *program, uint32_t asker, char *to, size_t n);
void policy_forget(uint32_t asker);     /* that SIP has ended */
/* Lines from rule `first` on; returns the next one. */
uint32_t policy_list(uint32_t first, char *to, size_t n, size_t *len);

/* What the first instance of an image was like (link.c). */
struct model {
    wasm_invoke_fn *start, *main, *thread_main;
    bool light;                 /* there is little to do */
    uint64_t id;                /* no other's, ever */
    uint64_t from;              /* in memory 0, `size` bytes at `data` */
    size_t size;
    void *data;
    uint8_t in[] __attribute__((aligned(16)));  /* its block */
};

/* A compiled module; shared by its instances. lock: the cache's */
struct image {
    struct link all;
    uint8_t hash[32];
    uint32_t refs;
    bool cached;
    struct wasm_host host;
    size_t heap;                /* bytes that the compiler holds */
    struct wasm_module *module;
    struct wasm_image *compiled;
    struct manifest *manifest;  /* of the program; NULL: made by image_compile */
    struct model *model;        /* NULL: none yet; atomic */
    struct code code;
};
/* Compiles bytes that stay, and shares the result with nobody; one reference. NULL with *err. In a
 * kernel thread with a big stack. */
struct image *image_compile(const uint8_t *bytes, size_t size, const struct wasm_options *o,
                            struct wasm_error *err);
/* That of a program with this hash, with a reference; NULL: it is not there. */
struct image *image_find(const uint8_t hash[32]);
void model_free(struct model *m);       /* m may be NULL */
/* Compiles, with one reference; the image takes m. NULL with *e and a reason. In a kernel thread
 * with a big stack. */
struct image *image_make(const struct program *p, struct manifest *m, bool cache, err_t *e,
                         char *reason, size_t n);
void image_put(struct image *im);
struct image *image_at(const struct sip *s, uintptr_t pc);     /* where s may be running */
size_t image_trim(size_t keep);     /* frees unused ones down to `keep` bytes; bytes in use after */
size_t image_bytes(void);
uint32_t image_count(void);     /* modules that were compiled for programs since the boot */

/* ---- SIPs (sip.c, spawn.c, fault.c) */

#define ARGS_MAX 4096u
#define START_REASON_MAX 256u
#define SIP_MEMORIES_MAX 16u
#define SIP_THREADS_MAX 1024u

/* What a SIP may have of each; ERR_LIMIT beyond it, ERR_FULL for queues, or memory.grow fails. */
struct quota {
    uint64_t memory;            /* bytes of its linear memories and blocks */
    uint32_t queued;            /* bytes of the rings that it pays for */
    uint32_t handles, threads;
    uint32_t cpu;               /* thousandths of one CPU; 0: no limit */
};
extern const struct quota quota_default;
/* What is asked for, but no more than the parent has; what is 0 as the parent has it. */
struct quota quota_within(const struct quota *asked, const struct quota *parent);

/* What a handle to a process names: outlives the SIP. */
struct process {
    struct object o;
    struct lock lock;
    struct reclaim reclaim;
    uint32_t refs;              /* atomic: the handle's, the SIP's */
    struct sip *sip;            /* NULL: it has ended */
    uint32_t pid;
    bool told;
    bool orphan;                /* lock: no handle names it, nor will one */
    struct exit_info info;
    struct event ended;         /* for a kernel thread that waits */
};

/* lock: its own for handles, ready, waiters, threads; atomic: alloc_bytes, charged; the others do
 * not change while it runs, or are its only thread's */
struct sip {
    struct lock lock;
    struct handles *handles;
    struct link ready;          /* objects with something to receive */
    struct thread *any_waiter;  /* the one that came last, and next_waiter */
    uint64_t messages;
    uint32_t pid;
    uint32_t nthreads;
    bool running;
    bool dying;                 /* its threads leave; set once */
    bool ended;                 /* nothing is left of it but this structure */
    uint8_t priority;           /* of its threads, enum priority */
    bool prompt;                /* it has, or had, an interrupt line */

    struct link all;            /* lock: the list's */
    struct endpoint *polls;     /* mailbox.h; NULL: none */
    struct reclaim reclaim;
    uint64_t thread_used[SIP_THREADS_MAX / 64];     /* numbers of threads, from 1 */
    char name[32];
    uint8_t hash[32];
    struct link threads;
    uint64_t ran[CPU_MAX / 64];    /* CPUs on which its threads have been; atomic */
    struct slot *slot;
    struct wasm_instance *in;   /* of the first thread */
    uint64_t pages;             /* of all its memories, WASM_PAGE each */
    struct futexes *futexes;    /* NULL until somebody waits */
    struct image *image;
    struct manifest *manifest;
    struct process *process;    /* what others hold of it */
    struct account *account;
    /* handles */
    uint64_t handle_used[HANDLES_MAX / 64];
    uint32_t nhandles;          /* of these */
    uint64_t handle_manifest;   /* numbers that only the manifest gives */
    /* memory of the instance runtime */
    struct link allocs;
    size_t alloc_bytes;
    size_t charged;             /* its part of the memory that is promised to SIPs */
    struct link *types;         /* function types beyond the packed ones */
    uint32_t ntypes;
    bool no_memory;             /* an initialiser found no page */
    char *args;
    uint32_t args_len;
    uint64_t started;
    wasm_invoke_fn *start, *main, *thread_main;
    char *why;                  /* WHY_MAX: which rule its last refused message broke; or NULL */
    uint32_t breaches;
    struct sip_call *call;      /* it has no life of its own: a kernel thread calls into it */
    struct exit_info info;
    struct quota quota;
    uint64_t tsc;               /* CPU time of threads that have ended */
    int64_t cpu_left;           /* of its share in this period, TSC ticks; atomic */
    uint64_t cpu_period;        /* number of the period */
    uint32_t nmems;             /* memories */
    /* memory 0, in one line, and behind it: */
    struct wasm_memory mem __attribute__((aligned(32)));
    struct wasm_memory more_mem[];
} __attribute__((aligned(CACHE_LINE)));
_Static_assert(offsetof(struct sip, all) == CACHE_LINE, "a line for what a message asks");

/* What handle h of s names; NULL. kind 0: any. Without the lock of s it may be gone from there at
 * any time, but stays memory (reclaim). All other handle functions but handle_close want the
 * lock. */
static inline struct object *handle_get(struct sip *s, uint32_t h, enum handle_kind kind)
{
    const struct handles *t = __atomic_load_n(&s->handles, __ATOMIC_ACQUIRE);
    struct object *o = h < t->cap ? glance_entry(t->at[h]) : NULL;

    return o && (kind == 0 || o->kind == kind) ? o : NULL;
}
/* The thread that waits for o, or for anything of its owner; NULL. The owner's lock is held. */
static inline struct thread *object_waiter(const struct object *o)
{
    return o->waiter ? o->waiter : o->owner->any_waiter;
}

/* The same as a whole: t is about to switch to `to`, and waits until the deadline at the latest.
 * All of t but its stack is the claimer's then, so what it goes on with is set here. */
static inline void sched_wait_until(struct thread *t, enum thread_state state, struct lock *guard,
                                    int64_t deadline, const struct thread *to)
{
    t->lent = t->level;
    t->level = t->priority;
    t->slice_left = 0;
    sched_wait(t, state, guard);
    if (deadline != FOREVER || !t->sip || guess(t->sip->prompt))
        sched_wait_prompt(t, deadline, to);
}

struct spawn {
    const struct program *program;
    const char *args; uint32_t args_len;
    struct object *stdio;       /* an object without owner, or NULL; consumed on success */
    uint32_t token;             /* of the call that asks; it does not start if nobody waits in it
                                 * any more; 0: the kernel asks */
    bool trusted;               /* everything that its manifest asks for is granted */
    uint32_t asker;             /* pid of who starts it; 0: the kernel */
    bool replace;               /* who handles what it serves is ended first */
    bool no_cache;
    struct quota quota;         /* what is 0: the default */
};
/* Starts a program. *process gets an object without owner. reason: words for a human on errors. */
err_t sip_spawn(struct spawn *sp, struct process **process, char *reason, size_t n);
/* The same at once, on any stack and without blocking, with the result in *e, if it takes little;
 * false: it does not, and nothing has happened. */
bool sip_spawn_now(struct spawn *sp, err_t *e, struct process **process, char *reason, size_t n);
/* link.c: the instance of s, whose slots and block are there, with its entries. */
err_t sip_link(struct sip *s, char *reason, size_t n);
/* ERR_NO_MEMORY, and says for what. */
err_t sip_no_memory(char *reason, size_t n, const char *what);
/* Ends the current SIP. */
_Noreturn void sip_exit(int32_t status);
/* Ends the current thread, and its SIP with it if it is the last one. */
_Noreturn void sip_leave(void);
/* The SIP ends now, with this info: true for the first one who says so. Its threads leave. */
bool sip_dying(struct sip *s, const struct exit_info *info);
void sip_init(void);                        /* the reaper */
/* A trap at pc (exact: of the instruction; else a return address) with stack pointer sp. */
_Noreturn void sip_trap(int trap, uintptr_t pc, uintptr_t sp, bool exact, const char *more);
/* Raised by C code on the SIP's stack. more: what else to say of it, or "". */
_Noreturn void sip_trap_here(int trap, const char *more);
/* False: it is being ended already. The current one's threads leave at their next way out. */
bool sip_kill(struct sip *s);
/* Calls fn(arg) in a thread of s, which has none and is not entered, and waits. Returns 0, the trap
 * that ended it, or WASM_TRAP_KILLED if the deadline (ns) passed first. Kernel threads only. */
int sip_call(struct sip *s, void (*fn)(void *), void *arg, int64_t deadline);
_Noreturn void sip_call_end(struct sip *s, int trap);   /* in that thread */
/* With nothing in it, and room for so many memories beyond the first; NULL: no memory. */
struct sip *sip_make(uint32_t more_mems);
void sip_enter(struct sip *s);              /* gives it a pid; it can be found */
void wasm_host_free_all(struct sip *s);     /* wasm_host.c */
/* Promises s `bytes` more (negative: takes them back); false: more than there is. */
bool sip_charge(struct sip *s, int64_t bytes);
/* The same for nobody in particular. */
bool memory_promise(int64_t bytes);
/* Bytes of linear memories and blocks that s has; without a life of its own it has no blocks. */
static inline uint64_t sip_memory(const struct sip *s)
{
    size_t blocks = s->account ? __atomic_load_n(&s->account->blocks, __ATOMIC_RELAXED) : 0;

    return glance(s->pages) * WASM_PAGE + blocks;
}
struct sip *sip_find(uint32_t pid);
struct sip *sip_next(uint32_t after);       /* the one with the next higher pid */
void sip_free(struct sip *s);               /* releases a SIP that has no thread running */
size_t sip_pages(void);
err_t process_receive(struct process *p, const struct rx *rx);
void process_drop(struct process *p);       /* a reference of process_of */
/* Nobody holds a handle of it any more. */
void process_orphan(struct process *p);
/* Ends one of whose start nobody can be told, and drops its object. */
void process_undo(struct object *o);
/* An orphan gets a new owner: its object, without one. ERR_NOT_FOUND; ERR_BUSY: somebody has it. */
err_t process_adopt(uint32_t pid, struct object **o);
/* For s, with two references: of whoever holds it, and of the SIP. NULL: no memory. */
struct process *process_make(struct sip *s);
/* That of a SIP which has not ended, with a reference (process_drop); NULL. */
struct process *process_of(uint32_t pid);
/* A kernel thread waits for the end; false if the deadline passes first. */
bool process_wait(struct process *p, int64_t deadline);
static inline struct sip *sip_of(struct wasm_instance *in) { return in->embedder; }

/* sip_thread.c: starts one of the current SIP, in thread_start(number, arg): its number, ERR_LIMIT,
 * ERR_NO_MEMORY, or ERR_UNSUPPORTED without such an export and a shared memory. */
err_t sip_thread(struct sip *s, uint32_t arg);
_Noreturn void sip_thread_end(void);        /* ends the current one, its SIP if it is the last */
void sip_thread_gone(struct thread *t);     /* its number is free again; the lock of s is held */

/* futex.c: at is a place in a memory of s, aligned. */
enum { FUTEX_WOKEN, FUTEX_UNEQUAL, FUTEX_TIMEOUT, FUTEX_NO_MEMORY };
uint32_t futex_wait(struct sip *s, const void *at, uint64_t expected, uint32_t bytes,
                    int64_t deadline);
uint32_t futex_notify(struct sip *s, const void *at, uint32_t count);
void futexes_free(struct futexes *f);           /* f may be NULL; nobody waits */

/* ---- system calls (syscall.c) */

void syscall_init(void);
/* The function that an import of module "selkie" means, and its type. */
bool syscall_find(const char *name, uint32_t len, void **code, const struct wasm_functype **type);

/* ---- kernel-handled interfaces (kserve.c, kserve_*.c) */

/* A request: buffers are the core's, valid during the call. The handler takes objects by setting
 * them to NULL; what it leaves is dropped. The answer starts with an int32_t status. */
struct kcall {
    struct sip *sip;
    uint32_t token;             /* 0: it was sent, there is nothing to answer */
    const uint8_t *request;
    uint32_t len, nobj;
    struct object *obj[MSG_HANDLES_MAX];
    bool later;                 /* set by the handler: kserve_answer comes some time */
    uint8_t *answer;
    uint32_t answer_len;
    struct object *answer_obj;
    void (*undo)(struct object *o);     /* of an object that cannot be given; NULL: object_drop */
};
extern const struct kserve *const kserves[];
/* The request's structure of `size` bytes, or NULL with status ERR_ARGUMENT answered. */
const void *kserve_request(struct kcall *k, size_t size);
/* The answer's structure, zeroed; room for `size` bytes and then some. */
void *kserve_reply(struct kcall *k, size_t size);
void kserve_status(struct kcall *k, err_t status);      /* an answer of a status alone */
void kserve_text(struct kcall *k, const char *text);    /* appended to the answer */
/* Answers later. False: the caller is gone, or cannot take it, and obj (or NULL) stays. */
bool kserve_answer(uint32_t token, const void *data, uint32_t len, struct object *obj);
/* Does the caller still wait for that? It may leave at any moment. */
bool kserve_waits(uint32_t token);
err_t kserve_dispatch(struct sip *s, struct endpoint *e, uint32_t h, struct parcel *p,
                      const struct rx *rx, int64_t deadline);

/* crew.c: the compiler on all CPUs */
void crew_init(void);                   /* once all are up */
void crew_compile(struct wasm_image *img);      /* wasm_compile_work, together */

/* worker.c: kernel threads that start programs for others */
void worker_init(void);
/* Starts a program and answers the token of the kernel-process spawn call. Copies args; takes stdio
 * on success. */
err_t worker_spawn(const struct spawn *sp);
bool workers_idle(void);                /* nothing is being started or waits for it */

/* first.c: the first program, which may have all that it asks for. Copies args. */
void first_start(const char *args, uint32_t args_len);

/* ktest.c */
void ktest_init(void);
err_t ktest_request(uint32_t index, uint32_t token);
uint32_t ktest_count(void);
const char *ktest_name(uint32_t index);

#endif
