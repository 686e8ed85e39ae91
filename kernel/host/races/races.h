/*
 * races.h - what the files of the race detector tell each other; and, for -Wmissing-prototypes, the
 * names that GCC and the linker's --wrap give. README.md says how it works.
 */
#ifndef KERNEL_HOST_RACES_RACES_H
#define KERNEL_HOST_RACES_RACES_H

#include "kernel/host/linux.h"
#include "kernel/host/wrapped.h"
#include "kernel/kernel.h"

#define RACE_CPUS 8u
#define RACE_CELLS 4u

/* Of an access. WHOLE: by one instruction, so that a read sees it whole or not at all. */
enum { READ = 0, WRITE = 1, ATOMIC = 2, WHOLE = 4 };

/* Where an access is, and from where that was called; 0: not in the kernel. */
struct site { uint32_t pc, caller; };

/* An access to some bytes of a word of 8. what: how it was in bits 0-7, a bit for each byte in
 * 8-15, the CPU in 16-23, its clock from bit 32; 0: none. */
struct cell { uint64_t what; struct site site; };
static inline unsigned cell_how(uint64_t what) { return (uint8_t)what; }
static inline unsigned cell_bytes(uint64_t what) { return (uint8_t)(what >> 8); }
static inline unsigned cell_cpu(uint64_t what) { return (uint8_t)(what >> 16); }
static inline uint32_t cell_clock(uint64_t what) { return (uint32_t)(what >> 32); }

/* Expands in the function that instrumented code calls: every frame has its pointer. */
#define SITE \
    (struct site){ (uint32_t)(uintptr_t)__builtin_return_address(0), \
                   site_in_kernel((*(uintptr_t **)__builtin_frame_address(0))[1]) }
static inline uint32_t site_in_kernel(uintptr_t pc)
{
    return pc < (uintptr_t)text_end ? (uint32_t)pc : 0;
}

/* races.c: */
void race_end(void);                        /* no more is looked at */
/* Looks at [at, at + n), and notes the access */
void race_access(uintptr_t at, size_t n, unsigned how, struct site site);
/* A word that is accessed atomically: locked, with interrupts off, from race_enter to race_leave;
 * nothing happens to one that is not looked at. order: GCC's __ATOMIC_*; joins: what others have
 * released there stays. */
struct race_word { struct cell *cells; uint32_t **heard; uint32_t *lock; uint64_t irq; };
struct race_word race_enter(uintptr_t at);
void race_atomic(struct race_word *w, uintptr_t at, size_t n, unsigned how, struct site site);
void race_acquire(struct race_word *w, int order);
void race_release(struct race_word *w, int order, bool joins);
void race_leave(struct race_word *w);
void race_left(struct thread *t);           /* races.asm: t's stack is left */

/* report.c */
void race_report(uintptr_t at, struct cell before, struct cell now);

WRAPPED(bool, cpu_launch, struct cpu *c);
WRAPPED(void, cpus_stop, void);

#define TSAN_ACCESS(n) \
    void __tsan_read##n(uintptr_t a); \
    void __tsan_write##n(uintptr_t a); \
    void __tsan_unaligned_read##n(uintptr_t a); \
    void __tsan_unaligned_write##n(uintptr_t a); \
    void __tsan_volatile_read##n(uintptr_t a); \
    void __tsan_volatile_write##n(uintptr_t a);
TSAN_ACCESS(1)
TSAN_ACCESS(2)
TSAN_ACCESS(4)
TSAN_ACCESS(8)
TSAN_ACCESS(16)
void __tsan_init(void);
void __tsan_read_range(uintptr_t a, size_t n);
void __tsan_write_range(uintptr_t a, size_t n);
void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);
#define TSAN_FETCH(bits, op) \
    uint##bits##_t __tsan_atomic##bits##_##op(volatile uint##bits##_t *p, uint##bits##_t v, \
                                              int order);
#define TSAN_ATOMIC(bits) \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order); \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order); \
    bool __tsan_atomic##bits##_compare_exchange_strong(volatile uint##bits##_t *p, \
        uint##bits##_t *was, uint##bits##_t v, int order, int failed); \
    bool __tsan_atomic##bits##_compare_exchange_weak(volatile uint##bits##_t *p, \
        uint##bits##_t *was, uint##bits##_t v, int order, int failed); \
    TSAN_FETCH(bits, exchange) TSAN_FETCH(bits, fetch_add) TSAN_FETCH(bits, fetch_sub) \
    TSAN_FETCH(bits, fetch_and) TSAN_FETCH(bits, fetch_or) TSAN_FETCH(bits, fetch_xor)
TSAN_ATOMIC(8)
TSAN_ATOMIC(16)
TSAN_ATOMIC(32)
TSAN_ATOMIC(64)

#endif
