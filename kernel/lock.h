/*
 * lock.h - spin locks, taken in kernel text only, which no interrupt puts aside: so a holder runs,
 * and nobody needs to switch interrupts off. While one CPU is up they cost a test of a constant.
 *
 * Ranks: a CPU takes locks in the order of enum lock_rank, and two of one rank in the order of
 * their addresses (lock_two). Builds with CHECKED=1 (the checked hosted one is) assert it.
 * README.md has the table of what each guards.
 */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/glance.h"
#include "kernel/x64/x64.h"

enum lock_rank {
    RANK_REGISTRY,          /* interfaces, lines, ports, windows; policy; store; image cache */
    RANK_OBJECT,            /* a channel (both ends), interface, line, process */
    RANK_SIP,
    RANK_TABLE,             /* thread table, list of SIPs */
    RANK_EVENT,
    RANK_CPU,               /* run queue and timers of a CPU */
    RANK_SLOT,              /* pages of one slot */
    RANK_POOL,              /* slots kept for reuse */
    RANK_SPACE,             /* page tables, slots in use */
    RANK_RANGE,             /* kernel address space, place of images */
    RANK_HEAP,              /* a CPU's blocks kept for reuse */
    RANK_SLAB,
    RANK_PAGE,              /* a CPU's free pages */
    RANK_BUDDY,             /* those of all */
    RANK_LOG,
    RANK_DEVICE,            /* registers of controllers; interrupts off */
};

struct lock {
    volatile uint32_t held;
    uint8_t rank;           /* enum lock_rank */
};
#define LOCK(r) { .rank = (r) }

/* More than one CPU runs; set once, while no lock is held. */
extern bool cpus_many;

void lock_check(const struct lock *l, bool taken);      /* order, and no double release */
/* Until it was had. Called by call_lock_spin alone. */
__attribute__((no_caller_saved_registers, target("general-regs-only"), cold))
void lock_spin(struct lock *l);
#ifdef SELKIE_CHECKED
#define LOCK_CHECKED 1
#else
#define LOCK_CHECKED 0
#endif

static inline void lock_take(struct lock *l)
{
    if (LOCK_CHECKED)
        lock_check(l, true);
    if (__builtin_expect(cpus_many, 0)
            && __builtin_expect(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE), 0))
        call_lock_spin(l);
}
static inline void lock_drop(struct lock *l)
{
    if (LOCK_CHECKED)
        lock_check(l, false);
    __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

/* Two of one rank, which may be the same one. */
static inline void lock_two(struct lock *a, struct lock *b)
{
    lock_take(a < b ? a : b);
    if (a != b)
        lock_take(a < b ? b : a);
}
static inline void lock_drop_two(struct lock *a, struct lock *b)
{
    lock_drop(a);
    if (a != b)
        lock_drop(b);
}

#endif
