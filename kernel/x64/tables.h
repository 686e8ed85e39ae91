/*
 * tables.h - entries of page tables, for tables.c and for who fills the tables at start.
 */
#ifndef KERNEL_X64_TABLES_H
#define KERNEL_X64_TABLES_H

#include "kernel/x64/machine.h"

#define PTE_P 1ul
#define PTE_W 2ul
#define PTE_PWT 8ul
#define PTE_PCD 16ul
#define PTE_PS 0x80ul
#define PTE_G 0x100ul
#define PTE_BORROWED 0x200ul        /* available to software */
#define PTE_NX (1ul << 63)
#define PTE_ADDR 0x000ffffffffff000ul
#define LARGE (2ul << 20)
#define HUGE (1ul << 30)

typedef uint64_t pte_t;

/* Makes the root and one table for each region of the kernel's, of boot_page frames. Until
 * tables_dynamic() all tables are such, and are neither counted nor freed. */
void tables_init(void);
void tables_dynamic(void);
paddr_t tables_root(void);
static inline size_t table_span(unsigned level) { return 1ul << (12 + 9 * (level - 1)); }
/* The entry for va at `level` (1 = 4 KiB); makes tables if `make`. NULL: not there, or no memory
 * (then tables made in vain are left empty). *in is the entry's table. */
pte_t *table_walk(uintptr_t va, unsigned level, bool make, paddr_t *in);
/* Makes the page directory for va, and keeps it until tables_leave. False: no memory. */
bool tables_keep(uintptr_t va);
void tables_leave(uintptr_t va);
/* Forgets `pages` pages from va on, here and, if `others`, on all CPUs; beyond a few, all that is
 * not global. */
void tables_flush(uintptr_t va, size_t pages, bool others);

#endif
