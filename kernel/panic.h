/*
 * panic.h - our own bugs: assert and panic.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <stdint.h>

struct trap_frame;

/* Prints the epitaph (reason, CPU, SIP, backtrace with function names) and halts, or leaves QEMU
 * with a red status if the command line says `qemu-exit`. */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same for a fault: registers, and the backtrace of the interrupted code. */
_Noreturn void panic_frame(const struct trap_frame *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
#define assert(cond, why) \
    ((cond) ? (void)0 : panic("%s:%d: %s (%s)", __FILE__, __LINE__, why, #cond))

/* The core's, weak: writes what runs now ("sip 3 shell, thread 4") for the epitaph. */
void kernel_describe(char *to, unsigned long n);

/* Function name and offset of a kernel text address; NULL if unknown. */
const char *symbol_find(uintptr_t pc, uintptr_t *offset);
/* Prints a backtrace by frame pointers, starting at (rip, rbp). */
void backtrace(uintptr_t rip, uintptr_t rbp);

#endif
