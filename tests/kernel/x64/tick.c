/*
 * tick.c - what an interrupt of the timer costs that finds nobody to give way to, on the machine
 * alone: a few instructions in the place of an image interrupt themselves with the timer's vector,
 * so that all is as with the real one but who asked for it. Under QEMU's -icount the price is in
 * instructions, `int` and `iretq`'s place included.
 */
#include "kernel/ktest.h"

#define TICKS 1000u

/* 1: int 0xe0; dec ecx; jnz 1b; ret - with the count as the fourth argument */
static const uint8_t ticks[] = { 0xcd, VEC_TIMER, 0xff, 0xc9, 0x75, 0xfa, 0xc3 };

typedef void (*ticks_fn)(uint64_t, uint64_t, uint64_t, uint64_t n);

KTEST(preempt_nobody)
{
    uint64_t least = UINT64_MAX;
    struct code c;

    CHECK(code_alloc(&c, sizeof ticks), "no memory");
    memcpy(c.rw, ticks, sizeof ticks);
    CHECK(code_seal(&c), "no memory");
    for (unsigned i = 0; i < 10; i++) {
        uint64_t start = clock_tsc();
        ((ticks_fn)(uintptr_t)c.rx)(0, 0, 0, TICKS);
        least = clock_tsc() - start < least ? clock_tsc() - start : least;
    }
    code_free(&c);
    least -= 2 * TICKS;                             /* of the loop */
    ktest_note("timer_tick takes %lu ps", least * 1000000 / TICKS / (clock_tsc_hz() / 1000000));
}
