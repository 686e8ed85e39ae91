/*
 * wait.c - memory.atomic.wait and notify for the tools: a list of waiters under one lock. A notify
 * takes the oldest ones of its address out of the list and signals each.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include "tools/host.h"

enum { WOKEN, NOT_EQUAL, TIMED_OUT };

struct waiter { const uint8_t *at; bool woken; pthread_cond_t cond; struct waiter *next; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiter *waiters;

static void take_out(struct waiter *w)
{
    struct waiter **p = &waiters;

    while (*p != w)
        p = &(*p)->next;
    *p = w->next;
}

static void put_last(struct waiter *w)
{
    struct waiter **p = &waiters;

    while (*p)
        p = &(*p)->next;
    *p = w;
}

static void sleep_on(struct waiter *w, int64_t ns)
{
    struct timespec end;
    int err = 0;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += ns / 1000000000;
    end.tv_nsec += ns % 1000000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    while (!w->woken && !err)
        err = ns < 0 ? pthread_cond_wait(&w->cond, &lock)
                     : pthread_cond_timedwait(&w->cond, &lock, &end);
}

uint32_t wasm_host_wait(struct wasm_instance *in, struct wasm_memory *m, uint64_t at,
                        uint64_t expected, uint32_t bytes, int64_t ns)
{
    struct waiter w = { .at = m->base + at };
    uint64_t now = 0;

    pthread_mutex_lock(&lock);
    if (bytes == 4)
        now = __atomic_load_n((uint32_t *)w.at, __ATOMIC_SEQ_CST);
    else
        now = __atomic_load_n((uint64_t *)w.at, __ATOMIC_SEQ_CST);
    if (now == expected) {
        pthread_cond_init(&w.cond, NULL);
        put_last(&w);
        sleep_on(&w, ns);
        if (!w.woken)
            take_out(&w);
        pthread_cond_destroy(&w.cond);
    }
    pthread_mutex_unlock(&lock);
    return now != expected ? NOT_EQUAL : w.woken ? WOKEN : TIMED_OUT;
}

uint32_t wasm_host_notify(struct wasm_instance *in, struct wasm_memory *m, uint64_t at,
                          uint32_t count)
{
    uint32_t n = 0;

    pthread_mutex_lock(&lock);
    for (struct waiter **p = &waiters, *w; (w = *p) && n < count; ) {
        if (w->at != m->base + at) {
            p = &w->next;
            continue;
        }
        *p = w->next;
        w->woken = true;
        pthread_cond_signal(&w->cond);
        n++;
    }
    pthread_mutex_unlock(&lock);
    return n;
}
