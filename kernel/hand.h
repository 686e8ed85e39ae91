/*
 * hand.h - what the direct paths are made of (direct*.c), inlined into each.
 *
 * `many`: each path is compiled twice, for one CPU without what only others make necessary.
 * `plain`: sending once more for most messages, which are of 33 to 64 bytes and under no contract;
 * what is left then calls nothing, and so saves no registers. (Waiting has a function for those.)
 * Functions with a result look at everything first and give up without a trace.
 */
#ifndef KERNEL_HAND_H
#define KERNEL_HAND_H

#include "kernel/direct.h"
#include "kernel/kernel.h"
#include "kernel/ring.h"
#include "kernel/x64/access.h"

always void take(struct lock *l, bool many)
{
    if (many || LOCK_CHECKED)
        lock_take(l);
}

always void drop(struct lock *l, bool many)
{
    if (many || LOCK_CHECKED)
        lock_drop(l);
}

/* A pointer that another CPU may have put there just now, with what it leads to. */
#define follow(p, many) ((many) ? __atomic_load_n(&(p), __ATOMIC_ACQUIRE) : (p))

/* The linear memory of a SIP. */
struct view { uint8_t *base; uint64_t size; };

always struct view view_of(const struct sip *s)
{
    return (struct view){ s->mem.base, (uint64_t)guess(s->mem.pages) * WASM_PAGE };
}

/* The bytes that the struct msg at `off` sends. */
always bool decode_out(struct view v, uint32_t off, const uint8_t **data, uint64_t *len)
{
    const uint8_t *at = v.base + off;
    uint64_t out;

    if (unlikely(off + sizeof(struct msg) > v.size) || !peek32(at, &out) || !peek32(at + 4, len)
            || !zero32(at + 16))
        return false;
    *data = v.base + out;
    return !(unlikely(*len > MSG_BYTES_MAX) || unlikely(out + *len > v.size));
}

/* Where it is to be received by the struct msg at `off`. */
always bool decode_in(struct view v, uint32_t off, struct rx *rx)
{
    uint8_t *at = v.base + off;
    uint64_t in, cap;

    if (unlikely(off + sizeof(struct msg) > v.size) || !peek32(at + 8, &in)
            || !peek32(at + 12, &cap) || unlikely((int64_t)(v.size - in) < (int64_t)cap))
        return false;
    *rx = (struct rx){ at, v.base + in, (uint32_t)cap };
    return true;
}

#define PLAIN_MAX 64u

/* What copy_64 copies. */
always bool small(uint64_t len)
{
    return likely(len - 33 <= PLAIN_MAX - 33);
}

always bool copy(uint8_t *to, const uint8_t *data, uint64_t len, bool plain)
{
    return plain || small(len) ? copy_64(to, data, len)
        : !len || copy_checked(to, data, len);
}

/* What the kernel says of a message of bytes. token: NULL if it has none. */
always bool write_head(const struct rx *rx, uint64_t len, uint32_t from, uint32_t kind,
                       const uint32_t *token)
{
    uint8_t *head = rx->msg;

    return poke32(head + 16, 0) && poke32(head + 36, from)
        && (token ? poke32(head + 40, kind) && poke32(head + 44, *token) : poke64(head + 40, kind))
        && poke32(head + 48, (uint32_t)len);
}

/* Writes the message where rx says. */
always bool write(const struct rx *rx, const uint8_t *data, uint64_t len, uint32_t from,
                  uint32_t kind, const uint32_t *token, bool plain)
{
    return copy(rx->buf, data, len, plain) && write_head(rx, len, from, kind, token);
}

always void claim(struct thread *t, int32_t result)
{
    t->result = result;
    clear64(&t->guard);
}

/* Is there a time at which to give up? It is added to in place and put back, not copied. */
always bool limited(int64_t *deadline)
{
    int64_t next;

    if (likely(__builtin_add_overflow(*deadline, 1, &next))) {
        *deadline = FOREVER;
        return false;
    }
    in_register(next);
    *deadline = next - 1;
    return true;
}

/* t waits from here on: another CPU may claim it as soon as the guard is dropped (sched_wait). */
always void wait_here(struct thread *t, enum thread_state state, struct lock *guard, bool many)
{
    if (many) {
        t->lent = t->level;
        t->level = t->priority;
        t->slice_left = 0;
        sched_wait(t, state, guard);
        return;
    }
    t->state = (uint8_t)state;              /* no deadline is left that could mistake it for */
    t->guard = guard;                       /* an older wait */
}

/* Is an interrupt to be looked at? plain: or may one be? */
always bool looks(bool plain)
{
    return unlikely(cpu_handoff()) && (plain || direct_look());
}

/* The CPU is to's from here on. Returns where to go from t, which goes on where it has called from:
 * to it, or between. */
always struct thread *own(struct thread *t, struct thread *to, bool many)
{
    struct core *c;

    cpu_field(current) = to;
    if (!many) {
        clear32(&t->slice_left);
        return to;
    }
    c = this_core();
    thread_on(to, c);
    if (unlikely(thread_on_cpu(to)))
        return sched_between(c, to);
    to->on_cpu = 1;
    return to;
}

/* From t, whose context is set, to `to`, which has the CPU then, with the priority of t. */
always _Noreturn void switch_over(struct thread *t, struct thread *to, bool many)
{
    uint8_t level = many ? t->lent : t->level;

    if (unlikely(to->level < level))
        to->level = level;
    if (!many)
        t->level = t->priority;
    to = own(t, to, many);
    if (many)
        direct_go_many(to, t);
    GO_TO(to, offsetof(struct thread, ctx), offsetof(struct thread, result));
}

/* w, claimed, runs in its turn. False: it belongs elsewhere, or the timer has to be set. */
always bool enqueue(struct core *c, struct thread *w, bool many)
{
    uint64_t bit = w->level * 8ul;
    struct link *queue = ready_queue(c, bit);

    if (many || unlikely(c->slice_end < cpu_field(timer_deadline)))
        return false;
    in_register(queue);
    list_push(queue, &w->run);
    c->ready_bits |= 1ull << bit;
    return true;
}

/* What the contract of e says of these bytes: false if it refuses them. *op is the operation. */
always bool passes(const struct endpoint *e, const uint8_t *data, uint64_t len, uint32_t kind,
                   uint64_t *op)
{
    unsigned way = (e->handler ? WAY_EVENT : WAY_SEND) | (kind == MSG_CALL);

    return len >= 4 && peek32(data, op)
        && contract_check(e->contract, e->handler ? e->peer->state : e->state, way,
                          (uint32_t)*op, (uint32_t)len, 0) >= 0;
}

/* Operation op has gone through e. */
always void passed(struct endpoint *e, uint64_t op)
{
    uint8_t *state = e->handler ? &e->peer->state : &e->state;

    *state = contract_next(e->contract, *state, (uint32_t)op);
}

/* To the thread w of s, which waits at e's peer (plain: for it alone) and is claimed then. caller:
 * the thread whose call it is, or NULL. */
always bool hand(struct endpoint *e, struct thread *w, struct sip *s, const uint8_t *data,
                 uint64_t len, struct thread *caller, bool plain)
{
    uint32_t kind = caller ? MSG_CALL : MSG_DATA;
    const uint32_t *token = caller ? &caller->token : NULL;
    struct object *o = &e->peer->o;
    uint64_t op;

    if (unlikely((uint32_t)len > w->rx.cap) || unlikely(guess_last(w->timed) != NULL))
        return false;
    if (plain || likely(!e->contract)) {
        if (!write(&w->rx, data, len, o->number, kind, token, plain))
            return false;
    } else {
        if (!passes(e, data, len, kind, &op)
                || !write(&w->rx, data, len, o->number, kind, token, plain)
                || !poke32(w->rx.buf, (uint32_t)op))
            return false;
        passed(e, op);
        if (caller)
            caller->call_op = (uint8_t)op;
    }
    s->messages++;
    if (plain || likely(o->waiter == w)) {
        clear64(&o->waiter);
        clear64(&w->waits_on);
    } else {
        s->any_waiter = w->next_waiter;         /* w is the first of them */
    }
    claim(w, (int32_t)len);
    return true;
}

/* Is there an owner of p, who seems to be `to`? One CPU: who is waited for has one. */
always bool owned(const struct endpoint *p, const struct sip *to, bool many)
{
    return (!many && likely(p->o.waiter)) || likely(to);
}

/* Takes the locks of e, an end of s, and of who has the other end, which is *to; false: nobody. */
always bool both(struct endpoint *e, const struct sip *s, struct sip **to, bool many)
{
    struct endpoint *p;

    take(e->o.lock, many);
    if (likely((p = e->peer)) && likely(!many || guess(e->o.owner) == s)
            && owned(p, *to = follow(p->o.owner, many), many)) {
        take(&(*to)->lock, many);
        if (likely(!many) || guess(p->o.owner) == *to)
            return true;
        drop(&(*to)->lock, many);
    }
    drop(e->o.lock, many);
    return false;
}

#endif
