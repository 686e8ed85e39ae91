/*
 * place.h - address space and interrupt flag where the kernel is the machine's own. Part of x64.h;
 * kernel/host/place.h is its like for Linux.
 */
#ifndef PLACE_H
#define PLACE_H

#define LOWER_HALF_END  0x0000800000000000ul    /* SIP slots are below */
#define DIRECT_BASE     0xffff800000000000ul    /* all RAM, read-write, no-execute */
#define ARENA_BASE      0xffffc00000000000ul    /* images, read-execute */
#define ARENA_SIZE      (64ul << 30)
#define KSPACE_BASE     0xffffe00000000000ul    /* kernel stacks, temporary writable aliases */
#define KSPACE_SIZE     (1ul << 40)
#define MMIO_BASE       0xfffff00000000000ul    /* device registers */
#define MMIO_SIZE       (64ul << 30)
#define KERNEL_BASE     0xffffffff80000000ul    /* text, rodata, data of the kernel */

static inline void irq_on(void) { __asm__ volatile("sti" ::: "memory"); }
static inline void irq_off(void) { __asm__ volatile("cli" ::: "memory"); }
static inline uint64_t irq_save(void)
{
    uint64_t f;
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(f) :: "memory");
    return f;
}
static inline void irq_restore(uint64_t f)
{
    if (f & 0x200)
        irq_on();
}
/* Sleeps until an interrupt, which is taken before this returns (interrupts on, then off again). */
static inline void cpu_idle(void) { __asm__ volatile("sti; hlt; cli" ::: "memory"); }
/* For every loop that waits for another CPU, which may itself wait for this one to flush. */
void flush_here(void);
static inline void cpu_relax(void)
{
    if (__builtin_expect(cpu_field(flush) != 0, 0))
        flush_here();
    __asm__ volatile("pause" ::: "memory");
}
static inline _Noreturn void cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" ::: "memory");
}

/* ---- for tables.c --------------------------------------------------------------------------- */

/* The pages or tables at these addresses, on all CPUs; one CPU at a time (flush.c). */
void page_flush(const uintptr_t *va, unsigned n);
#define FLUSH_FEW 32u               /* beyond it, all at once is cheaper */
void page_flush_here(uintptr_t va, size_t pages);
/* An entry takes effect by being there. */
static inline bool page_show(uintptr_t va, paddr_t pa, unsigned flags) { return true; }
static inline void page_hide(uintptr_t va, size_t size) { }
/* A room of extents begins and ends; an extent comes into being, goes, moves (0: nowhere). */
static inline bool page_room(uintptr_t va, size_t size) { return true; }
static inline void page_room_end(uintptr_t va, size_t size) { }
static inline bool page_park(paddr_t pa, size_t size) { return true; }
static inline void page_unpark(paddr_t pa, size_t size) { }
static inline void page_move(uintptr_t from, uintptr_t to, paddr_t pa, size_t size) { }

#endif
