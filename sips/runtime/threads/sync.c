/*
 * sync.c - mutex, condition, semaphore, once, out of the kernel's wait and notify.
 *
 * A mutex is 0 free, 1 taken, 2 taken and somebody may wait (U. Drepper: Futexes Are Tricky, 2011).
 */
#include "sips/thread.h"
#include "sips/runtime/lock.h"

enum { FREE, TAKEN, WAITED_FOR };
enum { NOT_YET, RUNNING, DONE };

static bool change(uint32_t *at, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(at, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int32_t futex_wait(const uint32_t *at, uint32_t value, int64_t deadline)
{
    static const int32_t results[] = { 0, ERR_EMPTY, ERR_TIMEOUT };
    int64_t ns = -1;

    if (deadline != FOREVER && (ns = deadline - sys_clock()) < 0)
        ns = 0;
    return results[__builtin_wasm_memory_atomic_wait32((int *)at, (int)value, ns)];
}

uint32_t futex_wake(const uint32_t *at, uint32_t n)
{
    return __builtin_wasm_memory_atomic_notify((int *)at, n);
}

bool mutex_try(struct mutex *m)
{
    return change(&m->state, FREE, TAKEN);
}

void mutex_lock(struct mutex *m)
{
    if (mutex_try(m))
        return;
    while (__atomic_exchange_n(&m->state, WAITED_FOR, __ATOMIC_SEQ_CST) != FREE)
        futex_wait(&m->state, WAITED_FOR, FOREVER);
}

void mutex_unlock(struct mutex *m)
{
    if (__atomic_exchange_n(&m->state, FREE, __ATOMIC_SEQ_CST) == WAITED_FOR)
        futex_wake(&m->state, 1);
}

void lock_take(uint32_t *lock)
{
    mutex_lock((struct mutex *)lock);
}

void lock_drop(uint32_t *lock)
{
    mutex_unlock((struct mutex *)lock);
}

int32_t condition_wait(struct condition *c, struct mutex *m, int64_t deadline)
{
    uint32_t news = __atomic_load_n(&c->news, __ATOMIC_SEQ_CST);
    int32_t r;

    mutex_unlock(m);
    r = futex_wait(&c->news, news, deadline);
    mutex_lock(m);
    return r == ERR_TIMEOUT ? r : 0;
}

void condition_signal(struct condition *c)
{
    __atomic_fetch_add(&c->news, 1, __ATOMIC_SEQ_CST);
    futex_wake(&c->news, 1);
}

void condition_broadcast(struct condition *c)
{
    __atomic_fetch_add(&c->news, 1, __ATOMIC_SEQ_CST);
    futex_wake(&c->news, UINT32_MAX);
}

void semaphore_post(struct semaphore *s)
{
    __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&s->waiting, __ATOMIC_SEQ_CST))
        futex_wake(&s->count, 1);
}

int32_t semaphore_wait(struct semaphore *s, int64_t deadline)
{
    for (;;) {
        uint32_t n = __atomic_load_n(&s->count, __ATOMIC_SEQ_CST);
        int32_t r;
        if (n && change(&s->count, n, n - 1))
            return 0;
        if (n)
            continue;
        __atomic_fetch_add(&s->waiting, 1, __ATOMIC_SEQ_CST);
        r = futex_wait(&s->count, 0, deadline);
        __atomic_fetch_sub(&s->waiting, 1, __ATOMIC_SEQ_CST);
        if (r == ERR_TIMEOUT)
            return r;
    }
}

void once(struct once *o, void (*fn)(void))
{
    if (change(&o->state, NOT_YET, RUNNING)) {
        fn();
        __atomic_store_n(&o->state, DONE, __ATOMIC_SEQ_CST);
        futex_wake(&o->state, UINT32_MAX);
    }
    while (__atomic_load_n(&o->state, __ATOMIC_SEQ_CST) != DONE)
        futex_wait(&o->state, RUNNING, FOREVER);
}
