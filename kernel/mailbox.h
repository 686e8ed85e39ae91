/*
 * mailbox.h - a message between two CPUs in one cache line, without a lock.
 *
 * A channel has one mailbox. It holds one message of MAIL_BYTES at most, of bytes alone, and the
 * two ends write into it by turns: the first one numbers 1, 3, 5 ..., the second one 2, 4, 6 ... An
 * end whose turn it is (`turn`) has taken the last message out, so both what the other one wrote
 * and the place for what it writes are its own; the number, stored last, released, gives both away.
 * So a message and its answer move the lines that they are in from CPU to CPU, once each, and no
 * other: an answer costs least in the line that its request came in.
 *
 * It serves one case, a SIP that polls: `wait` by one handle, with deadline 0, finds nothing. From
 * then on that end is `polled`, and who sends to it has nobody to tell. Its owner looks into the
 * mailbox before the queue; one end of a SIP's is polled at a time (sip->polls). It is so no more
 * (poll_end), when the SIP is about to wait for anything, or sleep for this one, when it gets a
 * second thread, or when the end leaves it; then the mailbox is looked at once more, behind a
 * fence, and the sender looks behind a fence whether the end still is polled: one of both sees the
 * other.
 *
 * Who sends does so by the mailbox if it can, else by the queue (channel.c): the mailbox comes
 * first, and is used only while the queue is empty, so the order is kept. Both without a lock need
 * what only the SIP's one thread may do: it alone uses its handles, and takes messages; one that is
 * blocked takes none, and others may do it for it, who hold the locks of channel and owner.
 */
#ifndef KERNEL_MAILBOX_H
#define KERNEL_MAILBOX_H

#include "kernel/kernel.h"

#define MAIL_PAUSES 4               /* about 100 ns; a line goes from CPU to CPU in 75 */

/* e, an end of s that is no more than looked at, is polled, if that may be. wait.c */
void poll_begin(struct sip *s, struct endpoint *e);
/* Does its owner, whose lock is held, poll o? */
static inline bool object_polled(const struct object *o)
{
    return o->kind == HANDLE_CHANNEL && container_of(o, struct endpoint, o)->polled;
}
/* What s polls is polled no more. The lock of s is held. */
void poll_end(struct sip *s);
/* The owner of the peer of e, which has posted to it, is told. channel.c */
void chan_tell(struct endpoint *e);

/* The length of the message that e is to take out next; below 0: there is none. */
static inline int64_t mail_here(const struct endpoint *e)
{
    uint64_t head = __atomic_load_n(&e->ch->box.head, __ATOMIC_ACQUIRE);

    return (uint32_t)head == glance(e->mail) + 1 ? (int64_t)(head >> 32) : -1;
}

/* There is none: before the next look. Who looks while the other end is about to write takes the
 * line away from it, and it has to be fetched back, which costs as much as the message. So he
 * leaves it some time; and then has both lines fetched at once. */
static inline void mail_pause(const struct endpoint *e)
{
    for (unsigned i = 0; i < MAIL_PAUSES; i++)
        cpu_relax();
    __builtin_prefetch(&e->ch->box.bytes[MAIL_SHORT]);
}

static inline const uint8_t *mail_bytes(const struct endpoint *e)
{
    return e->ch->box.bytes;
}

/* It is out. */
static inline void mail_taken(struct endpoint *e)
{
    __atomic_store_n(&e->mail, e->mail + 1, __ATOMIC_RELAXED);
    e->turn = true;
}

/* Where e, whose turn it is, may write; then: gives it away, `len` bytes, behind a fence. */
static inline uint8_t *mail_place(struct endpoint *e)
{
    return e->ch->box.bytes;
}

static inline void mail_post(struct endpoint *e, uint64_t len)
{
    uint32_t number = e->mail + 1;

    __atomic_store_n(&e->mail, number, __ATOMIC_RELAXED);   /* before: mail_here of e is false */
    e->turn = false;
    __atomic_store_n(&e->ch->box.head, len << 32 | number, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
