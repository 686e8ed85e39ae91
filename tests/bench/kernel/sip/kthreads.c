/*
 * kthreads.c - what threads of a SIP cost on one CPU: a wake and a wait in each of two of them, and
 * one that is started and waited for.
 */
#include "sips/thread.h"
#include "tests/bench/kernel/sip/measure.h"

static uint32_t turn;               /* whose it is: 0 the first's, 1 the other's; 2: the end */

static void give(uint32_t to)
{
    __atomic_store_n(&turn, to, __ATOMIC_RELEASE);
    futex_wake(&turn, 1);
}

static void other(void *arg)
{
    uint32_t t;

    while ((t = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != 2)
        if (t == 1)
            give(0);
        else
            futex_wait(&turn, 0, FOREVER);
}

static void pair(void)
{
    give(1);
    while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == 1)
        futex_wait(&turn, 1, FOREVER);
}

static void nothing(void *arg)
{
}

static void live(void)
{
    struct thread t;

    if (thread_create(&t, nothing, NULL, 0) < 0)
        exit(1);
    thread_join(&t);
}

int main(int argc, char **argv)
{
    struct thread t;

    if (thread_create(&t, other, NULL, 0) < 0)
        exit(2);
    measure("futex_pair", pair, 2000);
    give(2);
    thread_join(&t);
    measure("thread_life", live, 100);
    power_off();
}
