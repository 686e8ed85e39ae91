/*
 * memory.h - physical pages, kernel heap, SIP slots and the image arena.
 *
 * Layer: above x64, below everything else. Nothing here may be called from an interrupt that landed
 * in kernel text, and nothing here may page-fault while it runs: kernel code that runs on a SIP's
 * stack first touches as much of it as it will use (STACK_KERNEL_NEED below the entry rsp), because
 * a demand-zero fault inside the page allocator would re-enter it (asserted).
 */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/lock.h"
#include "kernel/x64/x64.h"

/* Stack that kernel code may use below the rsp at which a SIP calls it; what struct wasm_instance's
 * stack_limit must keep free above slot->stack_bottom. */
#define STACK_KERNEL_NEED 16384ul

/* Touches STACK_KERNEL_NEED bytes of stack below the caller, before any kernel state is in flux. */
static inline void stack_touch(void)
{
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
    for (uintptr_t d = PAGE_SIZE; d <= STACK_KERNEL_NEED; d += PAGE_SIZE)
        (void)*(volatile uint8_t *)(sp - d);
}

/* ---- physical pages (pmm.c): buddy allocator, orders 0-18 ------------------------------------ */

#define PAGE_NONE 0ul               /* no page: frame 0 is never handed out */
paddr_t page_alloc(void);                       /* any content; PAGE_NONE if there is none */
paddr_t page_alloc_zero(void);
paddr_t page_alloc_run(unsigned order);         /* 2^order contiguous, aligned to their size */
paddr_t page_alloc_low(unsigned order);         /* the same below 4 GiB, for DMA */
void page_free(paddr_t pa);                     /* a double free is asserted */
void page_free_run(paddr_t pa, unsigned order);
/* Keeps the first `pages` frames of an allocated run, frees the others; and frees what is left. */
void page_trim_run(paddr_t pa, unsigned order, size_t pages);
size_t page_free_trimmed(paddr_t pa);   /* the number of frames */
size_t page_count_free(void);       /* exact while no other CPU allocates or frees */
size_t page_count_total(void);                  /* RAM handed to the allocator at boot */

/* ---- kernel heap (heap.c) ------------------------------------------------------------------- */

#define CACHE_LINE 64u
/* 16-byte aligned, and 64 if the size is 64, 128, 192, 256, 320, 448, 576, 768, 832, 1344 or a page
 * and more; any content; NULL if out of memory. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);
void kfree(void *p);                /* NULL is fine */
size_t heap_pages(void);            /* pages that the heap holds */
void heap_trim(void);               /* gives back what CPUs keep for reuse */
void heap_init(void);                       /* once there are pages */
struct heap_stock *heap_stock_make(void);   /* for struct cpu.heap of another CPU; or NULL */

/* Kernel stacks: mapped, an unmapped guard below; the top address (16-byte aligned), 0 = none. */
uintptr_t kstack_alloc(size_t size);
void kstack_free(uintptr_t top, size_t size);

/* ---- SIP slots (slot.c) ----------------------------------------------------------------------
 * One slot of SLOT_STRIDE bytes of the lower half holds, from low to high addresses: guard, stack,
 * control area, guard of SLOT_GUARD, linear memory of up to 4 GiB - SLOT_GUARD, guard. Small ones
 * share one 2 MiB region. Areas of further threads (guard, stack, control area each) stand from
 * base + 6 GiB on. Large stacks and control areas (> 512 KiB, > 128 KiB) stand at base +
 * 7 GiB, out of reach of any effective address (base - SLOT_GUARD to base + 6 GiB).
 * Pages of memory and stack appear, zeroed, when first touched. */

#define SLOT_STRIDE (0x200000000ul + 0x200000ul + 0x1000ul)
#define SLOT_GUARD (64ul << 10)      /* what compiled code relies on: WASM_GUARD_BELOW */
#define SLOT_MAX ((unsigned)(LOWER_HALF_END / SLOT_STRIDE - 1))
#define SLOT_STACK_DEFAULT (256ul << 10)
#define SLOT_BELOW (1ul << 20)      /* of the base is where a small slot begins, in its region */
#define SLOT_NEAR (2ul << 20 >> PAGE_SHIFT)     /* pages from there on that pool.c keeps */
#define SLOT_NOTED 32u
#define SLOT_SPOTS 4u
#define NO_ROOM UINT64_MAX

struct slot {
    uintptr_t base;                 /* offset 0 of linear memory, page-aligned */
    uint64_t committed;             /* bytes of linear memory that exist */
    uint64_t window_low;            /* lowest window; committed never passes it */
    uint64_t room;                  /* offset of slot_room, or NO_ROOM; likewise */
    size_t room_size;
    uint64_t extent;                /* end of what was ever committed or mapped */
    uintptr_t stack_top;            /* 16-byte aligned; `control`, if both are near */
    uintptr_t stack_bottom;
    uintptr_t control;              /* the block of control_bytes: mapped, coloured, on a line */
    size_t control_size;            /* whole pages: it, and what of the stack is on them */
    size_t pages;                   /* frames it holds now, tables not counted */
    size_t page_limit;              /* quota: a fault beyond it is SLOT_NOMEM; SIZE_MAX at first */
    size_t control_bytes;
    uint64_t initial, from, to;     /* slot_initial; 0: nobody's */
    uint32_t index;
    void *owner;                    /* the core's */
    size_t stack_size;              /* whole pages, beside those of the control area */
    uint32_t lives;                 /* alike in a row (pool.c) */
    uint32_t areas;                 /* of threads that were laid out; atomic */
    struct slot *next;              /* in the pool */
    struct lock lock;               /* all but index, base, stack and control area */
    struct page_spot spot[SLOT_SPOTS];
    uint32_t noted[SLOT_NOTED];     /* its first pages, counted from SLOT_BELOW below its base */
};

/* A slot with no committed memory. stack_bytes 0: no stack (a further memory of a SIP). initial:
 * what slot_initial will say, or 0. One that is reused may have zeroed pages up to memory_bytes of
 * its memory already, and what is in the part that `initial` means is not known, nor in the control
 * area then; without `initial` that is zeroed. NULL: no slot or no memory. */
struct slot *slot_alloc(size_t control_bytes, size_t stack_bytes, uint64_t memory_bytes,
                        uint64_t initial, void *owner);
/* The control area, and the memory from byte `from` to `to`, were written just now, in the way with
 * the number `initial`: who takes the slot next and will do the same needs no zeroes there. */
void slot_initial(struct slot *s, uint64_t initial, uint64_t from, uint64_t to);
/* Returns every page and table, or keeps them for another one. The caller must not be on its
 * stack. */
void slot_free(struct slot *s);
size_t slot_trim(void);             /* gives back what is kept; 0: that was nothing */
/* slot.c and pool.c for each other: */
void slot_destroy(struct slot *s);
size_t slot_control_size(size_t control_bytes);
void slot_lay_out(struct slot *s, size_t control_bytes, size_t stack_bytes);
bool pool_keep(struct slot *s);     /* false: it is the caller's */
struct slot *pool_take(size_t control_bytes, size_t stack_size, uint64_t memory_bytes,
                       uint64_t initial);
/* grave.c: */
bool grave_take(struct slot *s);    /* false: it is small, and the caller's */
bool grave_any(void);
bool grave_step(void);              /* gives a part of one back; false: there is none */
size_t grave_clear(void);           /* all, also what others give back now; steps */
static inline uintptr_t slot_noted(const struct slot *s, size_t i)
{
    return s->base - SLOT_BELOW + ((uintptr_t)s->noted[i] << PAGE_SHIFT);
}
/* Sets the size of linear memory (only upwards); false if it passes the end or meets a window. */
bool slot_commit(struct slot *s, uint64_t bytes);
/* Stack and control area, of the slot's own sizes, for thread number i of many; their pages appear
 * when touched and stay. False: there is no room for so many. */
struct slot_area { uintptr_t stack_top, stack_bottom, control; };
bool slot_area(struct slot *s, uint32_t i, struct slot_area *a);
/* The slot whose range va falls in, or NULL. */
struct slot *slot_find(uintptr_t va);

enum slot_fault { SLOT_PAGED, SLOT_OUTSIDE, SLOT_NOMEM };
/* Backs the page of va if it lies in committed memory or stack. Called by trap_dispatch first thing
 * on any #PF; the core calls it for classification (it has no effect on SLOT_OUTSIDE). */
enum slot_fault slot_fault(uintptr_t va);
/* Is va in the guard below a stack that ends there (an overflow rather than a wild access)? */
static inline bool slot_in_stack_guard(uintptr_t stack_bottom, uintptr_t va)
{
    return stack_bottom && va < stack_bottom && stack_bottom - va <= SLOT_GUARD;
}

/* Window: [off, off + len) of the linear memory shows physical memory from pa on. All page-aligned,
 * off >= committed, within 4 GiB - SLOT_GUARD, not overlapping another window. flags: PAGE_W,
 * PAGE_UC, PAGE_WC. The frames stay the caller's. False if a condition fails or tables run out. */
bool slot_map_phys(struct slot *s, uint64_t off, paddr_t pa, uint64_t len, unsigned flags);
void slot_unmap_phys(struct slot *s, uint64_t off, uint64_t len);
/* Room for extents (x64.h) of `size` bytes, 2 MiB aligned, below the windows, of which there will
 * be no more: its address, the same whenever it is asked for, until slot_free, which wants it
 * empty. 0: the memory reaches there, or no memory. */
uintptr_t slot_room(struct slot *s, size_t size);
size_t slot_count(void);            /* slots in use */

/* ---- image arena (arena.c) ------------------------------------------------------------------- */

struct code {
    uint8_t *rx;                    /* where it runs; not mapped before code_seal */
    uint8_t *rw;                    /* where to write it; NULL after code_seal */
    size_t size;                    /* whole pages */
};
bool code_alloc(struct code *c, size_t bytes);  /* false: out of memory or arena */
/* rw gone, rx there; what was not written is int3. False: no memory for tables, and c is freed. */
bool code_seal(struct code *c);
void code_free(struct code *c);                 /* before or after the seal */
static inline bool code_contains(uintptr_t va) { return va - ARENA_BASE < ARENA_SIZE; }

#endif
