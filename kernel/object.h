/*
 * object.h - what handles name: channels, interfaces, interrupts, ports, windows, blocks; messages,
 * and waiting for them.
 */
#ifndef KERNEL_OBJECT_H
#define KERNEL_OBJECT_H

#include "kernel/contract.h"
#include "kernel/thread.h"

/* ---- objects and handles (handle.c) */

/* Head of everything that a handle can name. `lock` is the object's own (of a channel: one for both
 * ends) and is taken before the owner's, which guards the fields here; `owner` may be read under
 * either. Who has lost the handle may still look for the lock: it never changes, whoever claims the
 * object next. */
struct object {
    uint8_t kind;               /* enum handle_kind */
    uint8_t number;             /* in the owner's table */
    struct lock *lock;
    struct sip *owner;          /* NULL: in flight inside a message, or being made */
    struct link ready;          /* in owner->ready while there is something to receive */
    struct thread *waiter;      /* THREAD_WAITING for this one */
};

void object_init(struct object *o, enum handle_kind kind, struct lock *lock);
/* A SIP's table; replaced by a larger one as it grows. At a free number is object_none, which is of
 * no kind: who looks for a kind need not ask whether there is anything. */
struct handles { uint32_t cap; struct reclaim reclaim; struct object *at[]; };
extern struct object object_none;
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
/* Objects of a message have come to s, endpoints perhaps with something in their queues: who else
 * waits there gets that. Their locks are held, and that of s. */
void chan_landed(const struct sip *s, const struct parcel *p);
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

#endif
