/*
 * threads.c - threads that share memory: what they count, wait for, keep for themselves. The first
 * argument says which part; the status is 0, or the line that failed.
 */
#include "sips/thread.h"
#include "tests/sips/peer.h"
#include "tests/sips/stay.h"

#define THREADS 32u
#define ROUNDS 1000u

static struct thread threads[THREADS];
static struct mutex mutex;
static uint32_t counted, atomics;

/* Runs fn in `n` threads, each with its index as argument, and waits for all. */
static void run(void (*fn)(void *), uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        EXPECT(thread_create(&threads[i], fn, (void *)(uintptr_t)i, 0) > 0);
    for (uint32_t i = 0; i < n; i++)
        thread_join(&threads[i]);
}

static void count(void *arg)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t was;
        mutex_lock(&mutex);
        was = *(volatile uint32_t *)&counted;
        if (i % 64 == 0)
            sys_yield();
        counted = was + 1;
        mutex_unlock(&mutex);
        __atomic_fetch_add(&atomics, 1, __ATOMIC_RELAXED);
    }
}

static void test_count(void)
{
    run(count, THREADS);
    EXPECT(counted == THREADS * ROUNDS && atomics == THREADS * ROUNDS);
}

/* ---- what each has for itself ---------------------------------------------------------------- */

static _Thread_local uint32_t mine = 7;
static _Thread_local uint32_t zero[16];
static uint32_t *volatile places[THREADS];

static void own(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg, on_stack[8];
    volatile uint32_t *v = on_stack;

    EXPECT(mine == 7);
    for (uint32_t i = 0; i < COUNT(zero); i++)
        EXPECT(zero[i] == 0);
    places[me] = &mine;
    for (uint32_t i = 0; i < 200; i++) {
        mine = me * 1000 + i;
        zero[i % COUNT(zero)] = mine;
        v[i % COUNT(on_stack)] = mine;
        sys_yield();
        EXPECT(mine == me * 1000 + i && zero[i % COUNT(zero)] == mine);
        EXPECT(v[i % COUNT(on_stack)] == mine);
    }
}

static void test_own(void)
{
    mine = 5;
    run(own, 8);
    EXPECT(mine == 5);
    for (uint32_t i = 0; i < 8; i++)
        for (uint32_t j = 0; j < i; j++)
            EXPECT(places[i] != places[j]);
    run(own, 8);                /* in areas that were used before */
}

/* ---- waiting --------------------------------------------------------------------------------- */

static uint32_t word, asleep, woken;

static void sleep_on_word(void *arg)
{
    __atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
    EXPECT(futex_wait(&word, 0, FOREVER) == 0);
    __atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
}

/* Wakes n of those who sleep at the word, as soon as they sleep. */
static void wake(uint32_t n)
{
    for (uint32_t done = 0; done < n; sys_yield())
        done += futex_wake(&word, n - done);
}

static void test_notify(void)
{
    for (uint32_t i = 0; i < 10; i++)
        EXPECT(thread_create(&threads[i], sleep_on_word, NULL, 0) > 0);
    wake(3);
    while (__atomic_load_n(&woken, __ATOMIC_SEQ_CST) < 3)
        sys_yield();
    while (__atomic_load_n(&asleep, __ATOMIC_SEQ_CST) < 10)
        sys_yield();
    sleep_ns(5 * MS);
    EXPECT(__atomic_load_n(&woken, __ATOMIC_SEQ_CST) == 3);
    EXPECT(futex_wake(&word + 1, 100) == 0);
    wake(7);
    EXPECT(futex_wake(&word, 100) == 0);
    for (uint32_t i = 0; i < 10; i++)
        thread_join(&threads[i]);
}

static void test_timeouts(void)
{
    int64_t start = sys_clock();
    static uint64_t wide = 5;

    EXPECT(futex_wait(&word, 1, FOREVER) == ERR_EMPTY);
    EXPECT(futex_wait(&word, 0, start + 5 * MS) == ERR_TIMEOUT);
    EXPECT(sys_clock() >= start + 5 * MS);
    EXPECT(futex_wait(&word, 0, 1) == ERR_TIMEOUT);
    EXPECT(__builtin_wasm_memory_atomic_wait64((long long *)&wide, 6, -1) == 1);
    EXPECT(__builtin_wasm_memory_atomic_wait64((long long *)&wide, 5, 1000) == 2);
    start = sys_clock();
    EXPECT(sys_sleep(start + 3 * MS) == 0 && sys_clock() >= start + 3 * MS);
    EXPECT(sys_sleep(0) == 0 && sys_sleep(-1) == 0);
}

static struct condition changed;
static struct semaphore items;
static uint32_t queue[4], put_at, got_at;

/* A queue of four between one that fills it and several that empty it. */
static void consume(void *arg)
{
    for (uint32_t i = 0; i < 100; i++) {
        mutex_lock(&mutex);
        while (got_at == put_at)
            condition_wait(&changed, &mutex, FOREVER);
        counted += queue[got_at++ % COUNT(queue)];
        mutex_unlock(&mutex);
        condition_broadcast(&changed);
        EXPECT(semaphore_wait(&items, FOREVER) == 0);
    }
}

static void produce(void)
{
    for (uint32_t i = 0; i < 800; i++) {
        mutex_lock(&mutex);
        while (put_at - got_at == COUNT(queue))
            condition_wait(&changed, &mutex, FOREVER);
        queue[put_at++ % COUNT(queue)] = i;
        mutex_unlock(&mutex);
        condition_broadcast(&changed);
        semaphore_post(&items);
    }
}

static struct once first;
static uint32_t times;

static void slow(void)
{
    sleep_ns(MS);
    times++;
}

static void call_once(void *arg)
{
    once(&first, slow);
    EXPECT(times == 1);
}

static void test_sync(void)
{
    for (uint32_t i = 0; i < 8; i++)
        EXPECT(thread_create(&threads[i], consume, NULL, 0) > 0);
    produce();
    for (uint32_t i = 0; i < 8; i++)
        thread_join(&threads[i]);
    EXPECT(counted == 799 * 800 / 2 && items.count == 0);
    EXPECT(semaphore_wait(&items, sys_clock() + MS) == ERR_TIMEOUT);
    mutex_lock(&mutex);
    EXPECT(condition_wait(&changed, &mutex, sys_clock() + MS) == ERR_TIMEOUT);
    EXPECT(!mutex_try(&mutex));
    mutex_unlock(&mutex);
    run(call_once, 8);
}

/* ---- several that answer the same calls ------------------------------------------------------ */

static uint32_t side[2];

static void serve(void *arg)
{
    uint32_t number, n = 0;
    struct msg m;

    for (;;) {
        int32_t r = chan_wait(0, &m, &number, sizeof number, FOREVER);
        EXPECT(r == 4 && m.kind == MSG_CALL && m.from == side[1]);
        if (number == 0)
            break;
        if (number % 8 == 0)
            sys_yield();
        n++;
        number *= 2;
        EXPECT(chan_answer(&m, &number, 4, NULL, 0) == 0);
    }
    EXPECT(chan_answer(&m, &n, 4, NULL, 0) == 0);
}

static void ask(void *arg)
{
    for (uint32_t i = 1; i <= 100; i++) {
        uint32_t q = i + 1000 * (uint32_t)(uintptr_t)arg, a = 0;
        EXPECT(chan_call(side[0], &q, 4, &a, 4) == 4 && a == 2 * q);
    }
}

static void test_serve(void)
{
    uint32_t none = 0, n, all = 0;

    EXPECT(sys_channel(ADDR(side)) == 0);
    for (uint32_t i = 0; i < 6; i++)
        EXPECT(thread_create(&threads[16 + i], serve, NULL, 0) > 0);
    run(ask, 8);
    for (uint32_t i = 0; i < 6; i++, all += n)
        EXPECT(chan_call(side[0], &none, 4, &n, 4) == 4);
    EXPECT(all == 8 * 100);
    for (uint32_t i = 0; i < 6; i++)
        thread_join(&threads[16 + i]);
}

/* ---- an answer that nobody takes ends what goes with it -------------------------------------- */

static uint32_t other[2];

static void wait_at_other(void *arg)
{
    struct msg m = { 0 };
    int32_t r;

    do
        r = sys_wait(other[1], ADDR(&m), sys_clock() + 10000 * MS);
    while (r == ERR_BUSY);
    EXPECT(r == ERR_HANDLE);
}

static void call_briefly(void *arg)
{
    struct msg m = { 0 };

    EXPECT(sys_call(side[0], ADDR(&m), sys_clock() + 5 * MS) == ERR_TIMEOUT);
    __atomic_store_n(&times, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&times, __ATOMIC_SEQ_CST) == 1)
        sys_yield();                    /* its token stays, as long as it does */
}

static void test_discard(void)
{
    struct msg m = { 0 }, none = { 0 };

    EXPECT(sys_channel(ADDR(side)) == 0 && sys_channel(ADDR(other)) == 0);
    EXPECT(thread_create(&threads[0], wait_at_other, NULL, 0) > 0);
    EXPECT(thread_create(&threads[1], call_briefly, NULL, 0) > 0);
    EXPECT(sys_wait(side[1], ADDR(&m), FOREVER) == 0 && m.kind == MSG_CALL);
    while (!__atomic_load_n(&times, __ATOMIC_SEQ_CST))
        sys_yield();
    while (sys_wait(other[1], ADDR(&none), sys_clock() + 1) != ERR_BUSY)
        sys_yield();                    /* until the other thread waits there */
    m.nhandles = 1;
    m.handle[0] = other[1];
    EXPECT(sys_answer_wait(m.token, ADDR(&m), sys_clock() + 10000 * MS) >= 0);
    EXPECT(m.kind == MSG_CLOSED && m.from == other[0]);
    __atomic_store_n(&times, 2, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < 2; i++)
        thread_join(&threads[i]);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static uint32_t grown[THREADS][20];

static void grow(void *arg)
{
    for (uint32_t i = 0; i < COUNT(grown[0]); i++) {
        size_t at = __builtin_wasm_memory_grow(0, 1);
        EXPECT(at != (size_t)-1);
        grown[(uintptr_t)arg][i] = (uint32_t)at;
        *(volatile uint32_t *)(at * 65536) = (uint32_t)at;
        sys_yield();
    }
}

static void allocate(void *arg)
{
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t n = mix((uint32_t)(uintptr_t)arg * 50 + i) % 5000 + 4;
        uint8_t *p = malloc(n);
        EXPECT(p);
        memset(p, (int)i, n);
        sys_yield();
        EXPECT(p[0] == (uint8_t)i && p[n - 1] == (uint8_t)i);
        free(p);
    }
}

static void test_memory(void)
{
    uint32_t all = 8 * COUNT(grown[0]);
    size_t from = 0;

    run(grow, 8);
    for (uint32_t i = 0; i < all; i++) {
        size_t page = grown[i / COUNT(grown[0])][i % COUNT(grown[0])];
        EXPECT(*(volatile uint32_t *)(page * 65536) == page);
        from = page > from ? page : from;
    }
    EXPECT(from == __builtin_wasm_memory_size(0) - 1);
    run(allocate, 8);
}

/* ---- starting and ending --------------------------------------------------------------------- */

static void leave(void *arg)
{
    if (arg)
        sys_thread_end();
}

/* Without a handle 1 a call comes back at once. */
static void forever(void *arg)
{
    struct msg m = { 0 };

    stay((uint32_t)(uintptr_t)arg);
    sys_wait(0, ADDR(&m), FOREVER);
    exit(__LINE__);
}

static uint32_t deep(uint32_t n)
{
    return n ? deep(n + 1) ^ mix(deep(n + 2)) : atomics;
}

static void overflow(void *arg)
{
    exit((int)deep(1));
}

/* As many as there may be, then as many again, once those have gone that were waited for. */
static void test_limit(void)
{
    static struct thread all[300];
    uint32_t most = 0;

    for (uint32_t round = 0; round < 2; round++) {
        uint32_t n = 0;
        int32_t r = 0;
        while (n < COUNT(all) && (r > 0 || !n || n < most)) {
            r = thread_create(&all[n], sleep_on_word, NULL, 64);
            n += r > 0;
            EXPECT(r > 0 || r == ERR_LIMIT);
            if (r < 0)
                sys_yield();
        }
        EXPECT(r == ERR_LIMIT || n == most);
        EXPECT(n >= 3);
        most = n;
        wake(n);
        for (uint32_t i = 0; i < n; i++)
            thread_join(&all[i]);
    }
}

static void test_ends(void)
{
    for (uint32_t i = 0; i < 200; i++) {
        EXPECT(thread_create(&threads[0], leave, NULL, 0) > 0);
        thread_join(&threads[0]);
    }
    EXPECT(thread_create(&threads[0], leave, &word, 0) > 0);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "count";

    if (!strcmp(what, "count"))
        test_count();
    else if (!strcmp(what, "own"))
        test_own();
    else if (!strcmp(what, "notify"))
        test_notify();
    else if (!strcmp(what, "timeouts"))
        test_timeouts();
    else if (!strcmp(what, "sync"))
        test_sync();
    else if (!strcmp(what, "serve"))
        test_serve();
    else if (!strcmp(what, "discard"))
        test_discard();
    else if (!strcmp(what, "memory"))
        test_memory();
    else if (!strcmp(what, "limit"))
        test_limit();
    else if (!strcmp(what, "ends"))
        test_ends();
    else if (!strcmp(what, "overflow"))
        EXPECT(thread_create(&threads[0], overflow, NULL, 0) > 0);
    else
        for (uint32_t i = 0; i < 12; i++)
            EXPECT(thread_create(&threads[i], forever, (void *)(uintptr_t)i, 0) > 0);
    if (!strcmp(what, "overflow"))
        thread_join(&threads[0]);
    else if (!strcmp(what, "last"))
        sys_thread_end();
    else if (!strcmp(what, "exit"))
        sleep_ns(5 * MS);
    else if (!strcmp(what, "forever"))
        sys_sleep(FOREVER);
    return 0;
}
