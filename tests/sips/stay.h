/*
 * stay.h - ways of not coming back, for threads that are ended meanwhile.
 */
#ifndef TESTS_SIPS_STAY_H
#define TESTS_SIPS_STAY_H

#include "sips/thread.h"

/* Spins, waits for a word or the end of time, calls handle 1, or yields, by what `how` leaves when
 * it is divided by 5. Comes back from the call alone. */
static inline void stay(uint32_t how)
{
    static uint32_t word, never;
    struct msg m = { 0 };

    switch (how % 5) {
    case 0:
        for (;;)
            __atomic_fetch_add(&word, 1, __ATOMIC_RELAXED);
    case 1:
        futex_wait(&never, 0, FOREVER);
        exit(__LINE__);
    case 2:
        sys_sleep(FOREVER);
        exit(__LINE__);
    case 3:
        sys_call(HANDLE_STDIO, ADDR(&m), FOREVER);
        break;
    default:
        for (;;)
            sys_yield();
    }
}

#endif
