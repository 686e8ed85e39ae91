/*
 * sip_thread.c - further threads of a SIP, as wasm's toolchains expect them: all share the
 * memories, and each is an instance of its own, with its own mutable globals (the stack pointer,
 * the base of its thread-local variables) and tables.
 *
 * A thread has an area of the SIP's slot, by its number: a stack, and the block of its instance.
 * The area stays when it ends, for the next one of that number. What it needs is made in the
 * thread that starts it; if that is ended in the middle, sip_free finds the area in the slot and
 * the instance's tables among the SIP's allocations.
 *
 * It begins with the module's start function, which finds the memory initialised, and calls the
 * export thread_start(number, arg). When that returns the thread ends, alone; a trap or exit ends
 * the SIP.
 */
#include "kernel/mailbox.h"

/* 0: there are as many as there may be. With the lock of s. */
static uint32_t number_take(struct sip *s)
{
    for (uint32_t w = 0; w < SIP_THREADS_MAX / 64; w++) {
        uint64_t free = ~s->thread_used[w];
        uint32_t i = w * 64 + (free ? (uint32_t)__builtin_ctzll(free) : 0);
        if (!free)
            continue;
        if (i + 1 >= s->quota.threads)
            break;
        s->thread_used[w] |= free & -free;
        return i + 1;
    }
    return 0;
}

static void number_give(struct sip *s, uint32_t number)
{
    s->thread_used[(number - 1) / 64] &= ~(1ull << (number - 1) % 64);
}

void sip_thread_gone(struct thread *t)
{
    if (t->number)
        number_give(t->sip, t->number);
}

static void run(void *arg)
{
    struct thread *t = this_thread();
    struct sip *s = t->sip;
    union wasm_value v[2];

    if (s->start)
        s->start(t->in, v);
    v[0].i64 = t->number;
    v[1].i64 = (uint32_t)(uintptr_t)arg;
    s->thread_main(t->in, v);
    sip_thread_end();
}

_Noreturn void sip_thread_end(void)
{
    struct thread *t = this_thread();

    if (t->number)
        wasm_instance_free(t->in);
    sip_leave();
}

/* The instance, in a.control; its page faults are taken here. */
static err_t make_instance(struct sip *s, const struct slot_area *a)
{
    struct wasm_instance *in = (struct wasm_instance *)a->control;

    if (!fill_checked(in, 0, s->image->module->inst_size))
        return ERR_NO_MEMORY;
    in->embedder = s;
    in->stack_limit = a->stack_bottom + STACK_KERNEL_NEED + PAGE_SIZE;
    return wasm_instance_thread(in, s->in) ? 0 : ERR_NO_MEMORY;
}

/* Not if the SIP is being ended. */
static bool enter(struct sip *s, struct thread *t)
{
    bool alive;

    lock_take(&s->lock);
    if ((alive = !s->dying)) {
        if (s->polls)
            poll_end(s);
        list_push(&s->threads, &t->of_sip);
        s->nthreads++;
    }
    lock_drop(&s->lock);
    return alive;
}

static err_t make_thread(struct sip *s, uint32_t number, uint32_t arg)
{
    struct slot_area a;
    struct thread *t;
    err_t e;

    if (!slot_area(s->slot, number - 1, &a))
        return ERR_LIMIT;
    if ((e = make_instance(s, &a)) < 0)
        return e;
    if (!(t = thread_create_in(s, &a, run, (void *)(uintptr_t)arg))) {
        wasm_instance_free((struct wasm_instance *)a.control);
        return ERR_NO_MEMORY;
    }
    t->number = number;
    if (!enter(s, t)) {
        thread_free(t);
        return ERR_PEER;            /* which nobody will read */
    }
    sched_start(t);
    return 0;
}

err_t sip_thread(struct sip *s, uint32_t arg)
{
    uint32_t number;
    err_t e;

    if (!s->thread_main || !s->mem.shared)
        return ERR_UNSUPPORTED;
    lock_take(&s->lock);
    number = number_take(s);
    lock_drop(&s->lock);
    if (!number)
        return ERR_LIMIT;
    if ((e = make_thread(s, number, arg)) >= 0)
        return (err_t)number;
    lock_take(&s->lock);
    number_give(s, number);
    lock_drop(&s->lock);
    return e;
}
