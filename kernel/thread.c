/*
 * thread.c - the table of threads, the tokens that name a thread's present call, and how a thread
 * is stopped from outside.
 *
 * A token is the thread's index, from 1, and above it the generation of its call: when the call
 * ends, however it ends, the generation moves on and the token is stale. A generation that comes
 * round again does no harm, since an answer must also come from the owner of the endpoint that the
 * call went to. Generations live beside the threads, so that an index can be reused.
 */
#include "kernel/kernel.h"

static struct lock lock = LOCK(RANK_TABLE);     /* of all below; thread_table is read without it */
struct thread *thread_table[1u << TOKEN_BITS];
static uint16_t generation[THREADS_MAX + 1];
static uint16_t free_index[THREADS_MAX];
static uint32_t nfree;

void thread_init(void)
{
    for (nfree = 0; nfree < THREADS_MAX; nfree++)
        free_index[nfree] = (uint16_t)(THREADS_MAX - nfree);
}

static void thread_main(void *arg)
{
    struct thread *t = arg;

    irq_on();
    t->entry(t->arg);
    panic("thread %u: its entry returned", t->index);
}

/* Readies the stack; false if there is no memory for it. */
static bool make_stack(struct thread *t, size_t size)
{
    if (t->sip) {
        if (!fill_checked((void *)(t->stack_top - 256), 0, 256))
            return false;
    } else if (size) {
        t->stack_top = kstack_alloc(size);
        t->stack_bottom = t->stack_top - size;
        if (!t->stack_top)
            return false;
    } else {
        return true;
    }
    context_init(&t->ctx, t->stack_top, thread_main, t);
    return true;
}

static void free_stack(struct thread *t)
{
    if (!t->sip && t->stack_top)
        kstack_free(t->stack_top, t->stack_top - t->stack_bottom);
}

static bool index_take(struct thread *t)
{
    bool any;

    lock_take(&lock);
    if ((any = nfree > 0)) {
        t->index = free_index[--nfree];
        t->token = t->index | (uint32_t)generation[t->index] << TOKEN_BITS;
        __atomic_store_n(&thread_table[t->index], t, __ATOMIC_RELEASE);
    }
    lock_drop(&lock);
    return any;
}

void thread_moved(struct thread *t, struct core *c)
{
    unsigned cpu = c->cpu->id;

    t->core = c;
    if (t->sip)
        __atomic_fetch_or(&t->sip->ran[cpu / 64], 1ull << cpu % 64, __ATOMIC_SEQ_CST);
}

bool sip_ran_elsewhere(const struct sip *s)
{
    unsigned here = cpu_field(id);
    uint64_t others = 0;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);    /* what it may use no more was taken away before */
    for (unsigned i = 0; i < CPU_MAX / 64; i++)
        others |= __atomic_load_n(&s->ran[i], __ATOMIC_RELAXED)
            & ~(here / 64 == i ? 1ull << here % 64 : 0);
    return others;
}

static struct thread *make(struct sip *sip, void (*entry)(void *), void *arg)
{
    struct thread *t = kmalloc(sizeof *t);

    if (!t)
        return NULL;
    memset(t, 0, offsetof(struct thread, frame));
    t->sip = sip;
    t->entry = entry;
    t->arg = arg;
    t->state = THREAD_KERNEL;
    t->priority = t->level = sip ? sip->priority : PRIORITY_NORMAL;
    thread_on(t, this_core());
    list_init(&t->of_sip);
    list_init(&t->blocked);
    return t;
}

static struct thread *finish(struct thread *t, size_t stack_size)
{
    if (make_stack(t, stack_size) && index_take(t))
        return t;
    free_stack(t);
    kfree(t);
    return NULL;
}

struct thread *thread_create(struct sip *sip, const char *name, size_t stack_size,
                             void (*entry)(void *), void *arg)
{
    struct thread *t = make(sip, entry, arg);

    if (!t)
        return NULL;
    t->name = name;
    if (sip) {
        t->stack_top = sip->slot->stack_top;
        t->stack_bottom = sip->slot->stack_bottom;
        t->in = sip->in;
    }
    return finish(t, stack_size);
}

struct thread *thread_create_in(struct sip *s, const struct slot_area *area,
                                void (*entry)(void *), void *arg)
{
    struct thread *t = make(s, entry, arg);

    if (!t)
        return NULL;
    t->stack_top = area->stack_top;
    t->stack_bottom = area->stack_bottom;
    t->in = (struct wasm_instance *)area->control;
    return finish(t, 0);
}

static void give_back(struct reclaim *r)
{
    struct thread *t = container_of(r, struct thread, reclaim);

    free_stack(t);
    kfree(t);
}

void thread_free(struct thread *t)
{
    assert(!t->timed && !t->guard, "a thread that is freed waits for nothing");
    lock_take(&lock);
    generation[t->index] = (uint16_t)(token_next(t->token) >> TOKEN_BITS);
    __atomic_store_n(&thread_table[t->index], NULL, __ATOMIC_RELEASE);
    free_index[nfree++] = (uint16_t)t->index;
    lock_drop(&lock);
    reclaim(&t->reclaim, give_back);
}

/* ---- stopping -------------------------------------------------------------------------------- */

/* Out of whatever its wait has put it in; its guard is held. */
static void unlink_wait(struct thread *t)
{
    if (t->state == THREAD_WAITING)
        wait_done(t);
    else if (t->state == THREAD_CALLING)
        chan_call_done(t);
    list_del(&t->blocked);
}

/* Takes the guard of t if it is blocked; NULL if it is not. */
static struct lock *guard_take(struct thread *t)
{
    struct lock *g;

    while ((g = __atomic_load_n(&t->guard, __ATOMIC_ACQUIRE))) {
        dwell(DWELL_GUARD, t);
        lock_take(g);
        if (guess(t->guard) == g)
            return g;
        lock_drop(g);
    }
    return NULL;
}

bool thread_cancel(struct thread *t, uint32_t seq, int32_t result)
{
    struct lock *g = guard_take(t);
    bool mine = g && t->wait_seq == seq;

    if (mine) {
        unlink_wait(t);
        sched_wake(t, result);
    }
    if (g)
        lock_drop(g);
    return mine;
}

bool thread_stop(struct thread *t)
{
    struct lock *g = guard_take(t);

    if (g) {
        unlink_wait(t);
        sched_claim(t, ERR_PEER);
        t->state = THREAD_ENDED;
        lock_drop(g);
    } else if (!sched_remove(t)) {
        return false;
    }
    while (thread_on_cpu(t))
        cpu_relax();            /* it blocks just now, or is just put aside */
    return true;
}
