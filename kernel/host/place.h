/*
 * place.h - address space and interrupt flag where the kernel is a program of Linux. Part of x64.h;
 * kernel/x64/place.h is its like for the machine.
 *
 * The interrupt flag is a word of struct cpu: a signal that finds it off leaves a note and comes
 * again a little later (trap.c), so that switching it costs no system call.
 */
#ifndef PLACE_H
#define PLACE_H

#define LOWER_HALF_END  0x0000400000000000ul    /* SIP slots are below, and the program itself */
#define DIRECT_BASE     0x0000400000000000ul    /* all "RAM": a shared mapping of one memfd */
#define ARENA_BASE      0x0000500000000000ul    /* images, read-execute */
#define ARENA_SIZE      (64ul << 30)
#define KSPACE_BASE     0x0000600000000000ul    /* kernel stacks, temporary writable aliases */
#define KSPACE_SIZE     (1ul << 40)
#define PARK_BASE       0x0000640000000000ul    /* extents that stand nowhere, by frame */
#define MMIO_BASE       0x0000680000000000ul    /* there is none */
#define MMIO_SIZE       (64ul << 30)
#define KERNEL_BASE     0x0000000000400000ul    /* text, rodata, data of the kernel */

static inline void irq_set(uint64_t on)
{
    __asm__ volatile("" ::: "memory");
    cpu_field(interrupts) = on;
    __asm__ volatile("" ::: "memory");
}
static inline void irq_on(void) { irq_set(1); }
static inline void irq_off(void) { irq_set(0); }
static inline uint64_t irq_save(void)
{
    uint64_t on = cpu_field(interrupts);

    irq_off();
    return on;
}
static inline void irq_restore(uint64_t on) { irq_set(on); }
void cpu_idle(void);
static inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }
_Noreturn void cpu_halt(void);      /* there is nobody who could be told: ends the process */

/* ---- for tables.c: an entry takes effect by mmap (memory.c) -------------------------------- */

/* Linux flushes what it unmaps. */
static inline void page_flush(const uintptr_t *va, unsigned n) { }
static inline void page_flush_here(uintptr_t va, size_t pages) { }
#define FLUSH_FEW 1u
bool page_show(uintptr_t va, paddr_t pa, unsigned flags);
void page_hide(uintptr_t va, size_t size);
/* A room is a mapping of nothing, for the sake of Linux' page tables: they stay, where otherwise a
 * move would free and make them, which more than doubles its cost. */
bool page_room(uintptr_t va, size_t size);
void page_room_end(uintptr_t va, size_t size);
/* An extent that stands nowhere is parked: a move is one mremap, which for 2 MiB is one entry. */
bool page_park(paddr_t pa, size_t size);
void page_unpark(paddr_t pa, size_t size);
void page_move(uintptr_t from, uintptr_t to, paddr_t pa, size_t size);

#endif
