/*
 * irq.c - interrupts as messages. A line has one owner. When it fires, the owner receives MSG_IRQ
 * with a token; answering the token unmasks it. Until then, further interrupts of an
 * edge-triggered line are kept as one. It can be passed on in a message when no token of it is
 * out; what fires while it is in flight, its new owner receives.
 *
 * Token: TOKEN_IRQ | generation << 8 | line.
 */
#include "kernel/kernel.h"

static struct irq irqs[IRQ_MAX];
static struct lock registry = LOCK(RANK_REGISTRY);      /* of who owns which */

err_t irq_claim(struct sip *s, uint32_t number, unsigned line, struct sip **owner)
{
    struct irq *q = &irqs[line % IRQ_MAX];
    err_t e;

    *owner = NULL;
    if (line >= IRQ_MAX)
        return ERR_ARGUMENT;
    lock_take(&registry);
    if (!q->o.lock) {
        q->lock.rank = RANK_OBJECT;
        object_init(&q->o, HANDLE_IRQ, &q->lock);
    }
    lock_take(&q->lock);
    lock_take(&s->lock);
    if (q->claimed) {
        *owner = q->o.owner;
        e = ERR_BUSY;
    } else if ((e = handle_reserve_at(s, number)) >= 0) {
        q->line = (uint8_t)line;
        q->claimed = true;
        q->fired = q->out = false;
        handle_put(s, number, &q->o);
    }
    lock_drop(&s->lock);
    lock_drop(&q->lock);
    lock_drop(&registry);
    if (e >= 0 && !irq_open(line)) {
        handle_close(s, number);
        e = ERR_NOT_FOUND;
    }
    return e;
}

/* To the thread of s that waits for it, at once; false: nobody does, or it is to be kept. Both
 * locks are held. */
static bool hand(struct irq *q, struct sip *s)
{
    struct thread *t = object_waiter(&q->o);
    err_t r;

    if (!t || q->out || (r = irq_receive(q, &t->rx)) < 0)
        return false;
    list_del(&q->o.ready);
    wait_done(t);
    sched_wake(t, r);
    return true;
}

void irq_fired(unsigned line)
{
    struct irq *q = &irqs[line];
    struct sip *s;

    lock_take(&q->lock);
    if (q->claimed) {
        q->fired = true;
        if ((s = object_owner_lock(&q->o))) {
            if (!hand(q, s))
                object_notify_owned(&q->o);
            lock_drop(&s->lock);
        }
    }
    lock_drop(&q->lock);
}

err_t irq_may_pass(const struct irq *q)
{
    return q->o.waiter || q->out ? ERR_BUSY : 0;
}

err_t irq_receive(struct irq *q, const struct rx *rx)
{
    struct parcel p = { .kind = MSG_IRQ };
    err_t r;

    if (!q->fired || q->out)
        return ERR_EMPTY;
    p.token = TOKEN_IRQ | (uint32_t)(uint16_t)(q->gen + 1) << 8 | q->line;
    r = msg_deliver(q->o.owner, rx, q->o.number, &p);
    if (r >= 0) {
        q->gen++;
        q->fired = false;
        q->out = true;
    }
    return r;
}

err_t irq_answer(struct sip *s, uint32_t token)
{
    uint32_t line = token & 0xff;
    struct irq *q = &irqs[line % IRQ_MAX];

    err_t e = ERR_TOKEN;

    if (line >= IRQ_MAX)
        return e;
    lock_take(&q->lock);
    lock_take(&s->lock);
    if (q->claimed && q->o.owner == s && q->out && q->gen == (uint16_t)(token >> 8)) {
        q->out = false;
        irq_ack(line);
        object_ready(&q->o);
        e = 0;
    }
    lock_drop(&s->lock);
    lock_drop(&q->lock);
    return e;
}

void irq_drop(struct irq *q)
{
    irq_close(q->line);
    lock_take(&q->lock);
    q->claimed = false;
    lock_drop(&q->lock);
}
