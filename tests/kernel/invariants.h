/*
 * invariants.h - walks what the kernel keeps and says what contradicts itself.
 */
#ifndef TESTS_KERNEL_INVARIANTS_H
#define TESTS_KERNEL_INVARIANTS_H

/* Looks at all SIPs, their threads, handles and channels, and at all run queues and timers; the
 * running test fails with the first thing that is wrong. Others may run meanwhile: each structure
 * is looked at under its lock. Kernel threads only. */
void invariants_check(void);

#endif
