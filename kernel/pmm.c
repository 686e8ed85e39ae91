/*
 * pmm.c - physical pages: a buddy allocator with a stack of single pages before it.
 *
 * Every frame of RAM has a `struct frame`. Free blocks of 2^order frames, naturally aligned, hang
 * in doubly linked lists whose links lie in the free pages themselves (through the direct map).
 * Single pages that come back go onto a stack first and reach the buddy lists, where they merge,
 * only when the stack is full or a run is wanted: page_alloc and page_free are O(1) and touch two
 * cache lines.
 *
 * Not re-entrant: a page fault that wants a page while this runs is asserted (`busy`).
 */
#include "kernel/pmm.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/x64/machine.h"

#define ORDERS 19u
#define STACK_MAX 512u
#define DMA_END (4ul << 30)

enum { RESERVED, USED, FREE_HEAD, FREE_BODY, STACKED };

struct link { struct link *next, *prev; };

static struct frame *frames;
static size_t nframes;
static struct link lists[ORDERS];
static paddr_t stack[STACK_MAX];
static size_t stacked, free_count, total_count;
static bool busy;

struct frame *frame_of(paddr_t pa)
{
    assert(pa >> PAGE_SHIFT < nframes, "no such page frame");
    return &frames[pa >> PAGE_SHIFT];
}

static void enter(void)
{
    assert(!busy, "page allocator re-entered: a page fault inside it, or an interrupt hook");
    busy = true;
}

static void list_add(unsigned order, paddr_t pa)
{
    struct link *l = phys_to_virt(pa), *head = &lists[order];

    l->next = head->next;
    l->prev = head;
    l->next->prev = l;
    head->next = l;
    frame_of(pa)->state = FREE_HEAD;
    frame_of(pa)->order = (uint8_t)order;
}

static void list_remove(paddr_t pa)
{
    struct link *l = phys_to_virt(pa);

    l->next->prev = l->prev;
    l->prev->next = l->next;
}

/* Puts a block into the lists, merged with its free buddies. */
static void buddy_free(paddr_t pa, unsigned order)
{
    for (; order + 1 < ORDERS; order++) {
        paddr_t buddy = pa ^ PAGE_SIZE << order;
        if (buddy >> PAGE_SHIFT >= nframes)
            break;
        if (frame_of(buddy)->state != FREE_HEAD || frame_of(buddy)->order != order)
            break;
        list_remove(buddy);
        frame_of(buddy)->state = FREE_BODY;
        frame_of(pa)->state = FREE_BODY;
        pa &= ~(PAGE_SIZE << order);
    }
    list_add(order, pa);
}

static void stack_flush(size_t keep)
{
    while (stacked > keep) {
        paddr_t pa = stack[--stacked];
        frame_of(pa)->state = FREE_BODY;
        buddy_free(pa, 0);
    }
}

/* Splits `block` of order `have` down to `order`, gives the upper halves back. */
static void split(paddr_t block, unsigned have, unsigned order)
{
    list_remove(block);
    while (have > order) {
        have--;
        list_add(have, block + (PAGE_SIZE << have));
    }
    frame_of(block)->state = USED;
    frame_of(block)->order = (uint8_t)order;
}

static paddr_t buddy_alloc(unsigned order, paddr_t below)
{
    for (unsigned have = order; have < ORDERS; have++) {
        struct link *head = &lists[have];
        for (struct link *l = head->next; l != head; l = l->next) {
            paddr_t pa = virt_to_phys(l);
            if (pa + (PAGE_SIZE << order) > below)
                continue;
            split(pa, have, order);
            return pa;
        }
    }
    return PAGE_NONE;
}

static paddr_t run_alloc(unsigned order, paddr_t below)
{
    paddr_t pa;

    assert(order < ORDERS, "page run too large");
    enter();
    pa = buddy_alloc(order, below);
    if (pa == PAGE_NONE && stacked) {
        stack_flush(0);
        pa = buddy_alloc(order, below);
    }
    if (pa != PAGE_NONE)
        free_count -= 1ul << order;
    busy = false;
    return pa;
}

paddr_t page_alloc_run(unsigned order)
{
    return run_alloc(order, ~0ul);
}

paddr_t page_alloc_low(unsigned order)
{
    return run_alloc(order, DMA_END);
}

paddr_t page_alloc(void)
{
    paddr_t pa;

    if (!stacked)
        return run_alloc(0, ~0ul);
    enter();
    pa = stack[--stacked];
    frame_of(pa)->state = USED;
    frame_of(pa)->order = 0;
    free_count--;
    busy = false;
    return pa;
}

paddr_t page_alloc_zero(void)
{
    paddr_t pa = page_alloc();

    if (pa != PAGE_NONE)
        memset(phys_to_virt(pa), 0, PAGE_SIZE);
    return pa;
}

void page_free(paddr_t pa)
{
    struct frame *f = frame_of(pa);

    enter();
    assert(f->state == USED && f->order == 0 && pa % PAGE_SIZE == 0,
           "page_free: not an allocated page");
    if (stacked == STACK_MAX)
        stack_flush(STACK_MAX / 2);
    f->state = STACKED;
    stack[stacked++] = pa;
    free_count++;
    busy = false;
}

void page_free_run(paddr_t pa, unsigned order)
{
    struct frame *f = frame_of(pa);

    enter();
    assert(f->state == USED && f->order == order && pa % (PAGE_SIZE << order) == 0,
           "page_free_run: not an allocated run of this order");
    f->state = FREE_BODY;
    buddy_free(pa, order);
    free_count += 1ul << order;
    busy = false;
}

/* What stays is one block per bit of `pages`, in descending order; `live` of a block's first frame
 * says that another one follows. */
void page_trim_run(paddr_t pa, unsigned order, size_t pages)
{
    assert(pages > 0 && pages <= 1ul << order, "page_trim_run: size");
    frame_of(pa)->live = 0;
    while (pages < 1ul << order) {
        paddr_t upper = pa + (PAGE_SIZE << --order);
        frame_of(pa)->order = (uint8_t)order;
        frame_of(upper)->order = (uint8_t)order;
        frame_of(upper)->state = USED;
        frame_of(upper)->live = 0;
        if (pages <= 1ul << order) {
            page_free_run(upper, order);
        } else {
            frame_of(pa)->live = 1;
            pa = upper;
            pages -= 1ul << order;
        }
    }
}

size_t page_free_trimmed(paddr_t pa)
{
    size_t pages = 0;

    for (bool more = true; more;) {
        unsigned order = frame_of(pa)->order;
        more = frame_of(pa)->live;
        page_free_run(pa, order);
        pages += 1ul << order;
        pa += PAGE_SIZE << order;
    }
    return pages;
}

size_t page_count_free(void)
{
    return free_count;
}

size_t page_count_total(void)
{
    return total_count;
}

static void note_end(paddr_t start, paddr_t end)
{
    if (end >> PAGE_SHIFT > nframes)
        nframes = end >> PAGE_SHIFT;
}

/* Adds [start, end) in the largest aligned blocks. */
static void add_range(paddr_t start, paddr_t end)
{
    total_count += (end - start) >> PAGE_SHIFT;
    free_count += (end - start) >> PAGE_SHIFT;
    while (start < end) {
        unsigned order = 0;
        while (order + 1 < ORDERS && start % (PAGE_SIZE << (order + 1)) == 0 &&
               start + (PAGE_SIZE << (order + 1)) <= end)
            order++;
        list_add(order, start);
        for (size_t i = 1; i < 1ul << order; i++)
            frames[(start >> PAGE_SHIFT) + i].state = FREE_BODY;
        start += PAGE_SIZE << order;
    }
}

void pmm_init(void)
{
    for (unsigned i = 0; i < ORDERS; i++)
        lists[i].next = lists[i].prev = &lists[i];
    boot_usable(note_end);
    frames = phys_to_virt(boot_page((nframes * sizeof *frames + PAGE_SIZE - 1) / PAGE_SIZE));
    boot_usable(add_range);
}
