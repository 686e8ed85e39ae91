/*
 * paging.c - what the page tables begin with, from boot_page frames, and never changes: the direct
 * map (2 MiB or 1 GiB pages, no-execute) and the kernel's sections with their rights. Everything
 * later is tables.c's.
 *
 * PAT is reprogrammed so that index 1 (PWT) means write-combining; index 3 (PCD | PWT) is uncached
 * as at reset.
 */
#include "kernel/x64/tables.h"

#define PAT_VALUE 0x0007040600070106ul      /* WB WC UC- UC, WB WT UC- UC (SDM 3A 12.12) */

const void *firmware_map(paddr_t pa, size_t size)
{
    uintptr_t va = DIRECT_BASE + pa;

    if (page_query(va, NULL, NULL) && page_query(va + size - 1, NULL, NULL))
        return (const void *)va;
    return mmio_map(pa, size, 0);
}

static void map_direct(paddr_t start, paddr_t end)
{
    bool huge = cpuid(0x80000001, 0).d & 1u << 26;

    start &= ~(LARGE - 1);
    while (start < end) {
        uintptr_t va = DIRECT_BASE + start;
        unsigned level = huge && start % HUGE == 0 && end - start >= HUGE ? 3 : 2;
        paddr_t in;
        pte_t *e = table_walk(va, level, true, &in);
        if (e && level == 3 && *e & PTE_P && !(*e & PTE_PS)) {  /* partly mapped: by 2 MiB pages */
            level = 2;
            e = table_walk(va, level, true, &in);
        }
        if (e && !(*e & PTE_P))
            *e = start | PTE_P | PTE_W | PTE_PS | PTE_G | PTE_NX;
        start += table_span(e ? level : 2);
    }
}

static void map_section(const char *start, const char *end, pte_t bits)
{
    for (uintptr_t va = (uintptr_t)start; va < (uintptr_t)end; va += PAGE_SIZE) {
        paddr_t in;
        pte_t *e = table_walk(va, 1, true, &in);
        *e = (va - KERNEL_BASE) | bits | PTE_P | PTE_G;
    }
}

void paging_cpu_init(void)
{
    msr_write(MSR_PAT, PAT_VALUE);
    cr3_write(cr3_read());
    cr4_write(cr4_read() | 1ul << 7);           /* PGE */
}

void paging_init(void)
{
    msr_write(MSR_PAT, PAT_VALUE);
    tables_init();
    map_direct(0, LARGE);
    for (unsigned i = 0; i < boot_info.nranges; i++) {
        const struct boot_range *r = &boot_info.ranges[i];
        if (r->type == 1 || r->type == 3 || r->type == 4)
            map_direct(r->start, r->end);
    }
    map_section((char *)KERNEL_BASE + KERNEL_PHYS, kernel_text_start, PTE_W | PTE_NX);  /* boot's */
    map_section(kernel_text_start, text_end, 0);
    map_section(rodata_start, rodata_end, PTE_NX);
    map_section(data_start, data_end, PTE_W | PTE_NX);
    map_section(symbols_start, kernel_end, PTE_NX);
    cr3_write(tables_root());
    cr4_write(cr4_read() | 1u << 7);            /* PGE */
    tables_dynamic();
}
