/*
 * pmm.c - physical pages: a buddy allocator, and before it a stack of single pages for each CPU.
 *
 * Every frame of RAM has a `struct frame`. Free blocks of 2^order frames, naturally aligned, hang
 * in doubly linked lists whose links lie in the free pages themselves (through the direct map).
 * Single pages that come back go onto the CPU's stack first and reach the buddy lists, where they
 * merge, only when the stack is full or a run is wanted: page_alloc and page_free are O(1), touch
 * two cache lines and take no lock that another CPU takes, but when a stack runs empty or full
 * (BATCH pages then), or when memory is short and they look into the stacks of others.
 *
 * Not re-entrant: a page fault that wants a page while this runs is asserted (`busy`).
 */
#include "kernel/pmm.h"
#include "kernel/lock.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/x64/machine.h"

#define ORDERS 19u
#define STACK_MAX 64u
#define BATCH 32u
#define DMA_END (4ul << 30)

enum { RESERVED, USED, FREE_HEAD, FREE_BODY, STACKED };

struct link { struct link *next, *prev; };

static struct frame *frames;
static size_t nframes;
static struct link lists[ORDERS];
static size_t free_count;           /* frames in the lists */
static size_t total_count;
static struct lock lists_lock = LOCK(RANK_BUDDY);

/* A CPU's own; its lock is for those who are short of memory. */
struct page_stack {
    struct lock lock;
    bool busy;
    uint32_t n;
    paddr_t page[STACK_MAX];
};
static struct page_stack boot_stack = { .lock = LOCK(RANK_PAGE) };

struct frame *frame_of(paddr_t pa)
{
    assert(pa >> PAGE_SHIFT < nframes, "no such page frame");
    return &frames[pa >> PAGE_SHIFT];
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
        /* one that is not in the lists is not guarded by their lock */
        if (guess(frame_of(buddy)->state) != FREE_HEAD || frame_of(buddy)->order != order)
            break;
        list_remove(buddy);
        frame_of(buddy)->state = FREE_BODY;
        frame_of(pa)->state = FREE_BODY;
        pa &= ~(PAGE_SIZE << order);
    }
    list_add(order, pa);
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

/* ---- stacks ---------------------------------------------------------------------------------- */

struct page_stack *page_stack_make(void)
{
    struct page_stack *s;
    paddr_t pa = page_alloc_zero();

    _Static_assert(sizeof *s <= PAGE_SIZE, "a page is enough");
    if (pa == PAGE_NONE)
        return NULL;
    s = phys_to_virt(pa);
    s->lock = (struct lock)LOCK(RANK_PAGE);
    return s;
}

/* This CPU's, to be left. */
static struct page_stack *enter(void)
{
    struct page_stack *s = cpu_field(pages);

    assert(!s->busy, "page allocator re-entered: a page fault inside it, or an interrupt hook");
    s->busy = true;
    lock_take(&s->lock);
    return s;
}

static void leave(struct page_stack *s)
{
    lock_drop(&s->lock);
    s->busy = false;
}

/* To the lists, where pages merge; `keep` of them stay. */
static void stack_flush(struct page_stack *s, size_t keep)
{
    lock_take(&lists_lock);
    free_count += s->n > keep ? s->n - keep : 0;
    while (s->n > keep) {
        paddr_t pa = s->page[--s->n];
        frame_of(pa)->state = FREE_BODY;
        buddy_free(pa, 0);
    }
    lock_drop(&lists_lock);
}

/* In such an order that neighbours are handed out one after the other. */
static void stack_fill(struct page_stack *s)
{
    paddr_t pa;
    uint32_t n = 0;

    lock_take(&lists_lock);
    for (; n < BATCH && (pa = buddy_alloc(0, ~0ul)) != PAGE_NONE; n++) {
        frame_of(pa)->state = STACKED;
        s->page[BATCH - 1 - n] = pa;
    }
    free_count -= n;
    lock_drop(&lists_lock);
    if (n < BATCH)
        memmove(s->page, s->page + BATCH - n, n * sizeof *s->page);
    s->n = n;
}

static paddr_t stack_pop(struct page_stack *s)
{
    paddr_t pa = s->n ? s->page[--s->n] : PAGE_NONE;

    if (pa != PAGE_NONE)
        frame_of(pa)->state = USED;
    return pa;
}

/* All stacks, this CPU's too; it holds none. */
static void flush_all(void)
{
    for (unsigned i = 0; i < cpus_up(); i++) {
        struct page_stack *s = cpu_of(i)->pages;
        lock_take(&s->lock);
        stack_flush(s, 0);
        lock_drop(&s->lock);
    }
}

/* ---- single pages and runs ------------------------------------------------------------------- */

static paddr_t lists_alloc(unsigned order, paddr_t below)
{
    paddr_t pa;

    lock_take(&lists_lock);
    pa = buddy_alloc(order, below);
    if (pa != PAGE_NONE)
        free_count -= 1ul << order;
    lock_drop(&lists_lock);
    return pa;
}

static paddr_t run_alloc(unsigned order, paddr_t below)
{
    paddr_t pa;

    assert(order < ORDERS, "page run too large");
    pa = lists_alloc(order, below);
    if (pa == PAGE_NONE) {
        flush_all();
        pa = lists_alloc(order, below);
    }
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
    struct page_stack *s = enter();
    paddr_t pa;

    if (!s->n)
        stack_fill(s);
    pa = stack_pop(s);
    leave(s);
    return pa != PAGE_NONE ? pa : run_alloc(0, ~0ul);
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
    struct page_stack *s = enter();
    struct frame *f = frame_of(pa);

    assert(f->state == USED && f->order == 0 && pa % PAGE_SIZE == 0,
           "page_free: not an allocated page");
    if (s->n == STACK_MAX)
        stack_flush(s, STACK_MAX - BATCH);
    f->state = STACKED;
    s->page[s->n++] = pa;
    leave(s);
}

void page_free_run(paddr_t pa, unsigned order)
{
    struct frame *f = frame_of(pa);

    lock_take(&lists_lock);
    assert(f->state == USED && f->order == order && pa % (PAGE_SIZE << order) == 0,
           "page_free_run: not an allocated run of this order");
    f->state = FREE_BODY;
    buddy_free(pa, order);
    free_count += 1ul << order;
    lock_drop(&lists_lock);
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
    size_t n = __atomic_load_n(&free_count, __ATOMIC_RELAXED);

    for (unsigned i = 0; i < cpus_up(); i++)
        n += __atomic_load_n(&cpu_of(i)->pages->n, __ATOMIC_RELAXED);
    return n;
}

bool page_plenty(void)
{
    return __atomic_load_n(&free_count, __ATOMIC_RELAXED) > total_count / 8;
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
    cpu_field(pages) = &boot_stack;
    boot_usable(note_end);
    frames = phys_to_virt(boot_page((nframes * sizeof *frames + PAGE_SIZE - 1) / PAGE_SIZE));
    boot_usable(add_range);
}
