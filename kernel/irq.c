/*
 * irq.c - interrupts as messages. A line has one owner. When it fires, the owner receives MSG_IRQ
 * with a token; answering the token unmasks it. Until then, further interrupts of an
 * edge-triggered line are kept as one.
 *
 * Token: TOKEN_IRQ | generation << 8 | line.
 */
#include "kernel/kernel.h"

static struct irq irqs[IRQ_MAX];        /* lock: the registry's */

err_t irq_claim(struct sip *s, uint32_t number, unsigned line, struct sip **owner)
{
    struct irq *q = &irqs[line % IRQ_MAX];
    err_t e;

    *owner = NULL;
    if (line >= IRQ_MAX)
        return ERR_ARGUMENT;
    if (q->claimed) {
        *owner = q->o.owner;
        return ERR_BUSY;
    }
    if ((e = handle_reserve_at(s, number)) < 0)
        return e;
    object_init(&q->o, HANDLE_IRQ);
    q->line = (uint8_t)line;
    q->claimed = true;
    q->fired = q->out = false;
    handle_put(s, number, &q->o);
    if (!irq_open(line)) {
        handle_close(s, number);
        return ERR_NOT_FOUND;
    }
    return 0;
}

void irq_fired(unsigned line)
{
    struct irq *q = &irqs[line];

    if (!q->claimed)
        return;
    q->fired = true;
    object_notify(&q->o);
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

    if (line >= IRQ_MAX || !q->claimed || q->o.owner != s || !q->out
            || q->gen != (uint16_t)(token >> 8))
        return ERR_TOKEN;
    q->out = false;
    irq_ack(line);
    object_ready(&q->o);
    return 0;
}

void irq_drop(struct irq *q)
{
    irq_close(q->line);
    q->claimed = false;
}
