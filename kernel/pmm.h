/*
 * pmm.h - what the page allocator offers to x64/ beyond memory.h.
 */
#ifndef KERNEL_PMM_H
#define KERNEL_PMM_H

#include "kernel/x64/x64.h"

/* One per page frame. `live` belongs to whoever has the page (paging.c: entries of a table). */
struct frame { uint8_t state, order; uint16_t live; };
struct frame *frame_of(paddr_t pa);

/* For struct cpu.pages of another CPU; NULL: no memory. Never freed. */
struct page_stack *page_stack_make(void);

bool page_plenty(void);             /* more than an eighth of RAM is free */

/* Takes over all RAM that boot_usable() reports. */
void pmm_init(void);

#endif
