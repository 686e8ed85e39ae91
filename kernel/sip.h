/*
 * sip.h - SIPs from start to end, their system calls, and interfaces that the kernel handles.
 */
#ifndef KERNEL_SIP_H
#define KERNEL_SIP_H

#include "kernel/program.h"

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
    struct object *o;

    if (h >= t->cap)
        return NULL;
    o = glance_entry(t->at[h]);
    return (kind ? o->kind == kind : o != &object_none) ? o : NULL;
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
/* The same for up to n of them, in order: how many. They may end at any time, but stay memory. */
uint32_t sip_list(uint32_t after, struct sip *to[], uint32_t n);
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
/* Answers the call with this token of the SIP `pid` later: another one's may have the same by then.
 * False: the caller is gone, or cannot take it, and obj (or NULL) stays. */
bool kserve_answer(uint32_t token, uint32_t pid, const void *data, uint32_t len,
                   struct object *obj);
/* Does the caller still wait for that? It may leave at any moment. */
bool kserve_waits(uint32_t token, uint32_t pid);
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
err_t ktest_request(uint32_t index, uint32_t token, uint32_t pid);
uint32_t ktest_count(void);
const char *ktest_name(uint32_t index);

#endif
