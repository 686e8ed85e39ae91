/*
 * flush.c - what was unmapped is forgotten by the TLBs of all CPUs.
 *
 * One request at a time, for the lock of the page tables is held: page_flush tells every other CPU
 * (a word in its struct cpu, and VEC_FLUSH) and waits until each has done it. It is done wherever
 * the interrupt finds it, kernel text included, since it touches nothing but the TLB and takes no
 * lock. A CPU that has interrupts off cannot hear it; but whatever such a CPU waits for, it waits
 * with cpu_relax, which looks at the word. So nobody who waits here holds what the others need.
 */
#include "kernel/x64/machine.h"
#include "kernel/lock.h"

#define CR4_PGE (1ul << 7)
#define LOCAL_FEW 4u                /* the same, for what CR3 is enough */

static struct { const uintptr_t *va; unsigned n; uint32_t left; } request;

/* Global pages and the caches of tables, too (SDM 3A 4.10.4.1). */
void flush_all_here(void)
{
    uint64_t cr4 = cr4_read(), on = irq_save();

    cr4_write(cr4 & ~CR4_PGE);
    cr4_write(cr4 | CR4_PGE);
    irq_restore(on);
}

static void flush(const uintptr_t *va, unsigned n)
{
    if (n > FLUSH_FEW)
        return flush_all_here();
    for (unsigned i = 0; i < n; i++)
        __asm__ volatile("invlpg (%0)" :: "r"(va[i]) : "memory");
}

/* Pages of SIPs, which are not global. */
void page_flush_here(uintptr_t va, size_t pages)
{
    if (pages > LOCAL_FEW)
        return cr3_write(cr3_read());
    for (size_t i = 0; i < pages; i++)
        __asm__ volatile("invlpg (%0)" :: "r"(va + i * PAGE_SIZE) : "memory");
}

void flush_here(void)
{
    if (!__atomic_exchange_n(&this_cpu()->flush, 0, __ATOMIC_ACQUIRE))
        return;
    flush(request.va, request.n);
    __atomic_fetch_sub(&request.left, 1, __ATOMIC_RELEASE);
}

void page_flush(const uintptr_t *va, unsigned n)
{
    unsigned cpus;

    flush(va, n);
    cpus = cpus_entered();                      /* a later one flushes all when it enters */
    if (!cpus_many || cpus < 2)
        return;
    request.va = va;
    request.n = n;
    __atomic_store_n(&request.left, cpus - 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < cpus; i++)
        if (cpu_of(i) != this_cpu()) {
            __atomic_store_n(&cpu_of(i)->flush, 1, __ATOMIC_RELEASE);
            apic_ipi(cpu_of(i)->apic_id, VEC_FLUSH);
        }
    while (__atomic_load_n(&request.left, __ATOMIC_ACQUIRE))
        cpu_relax();
}
