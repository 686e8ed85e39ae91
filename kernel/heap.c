/*
 * heap.c - kmalloc: size classes carved from single pages, larger blocks as runs of pages; before
 * the slabs, a few free blocks of each class for each CPU.
 *
 * A slab page starts with its header, so that kfree finds it by rounding down; a pointer that is
 * page-aligned is a run. Slabs with room hang in a list per class; an empty one is returned at
 * once. A CPU keeps up to STOCK_MAX free blocks of a class and takes the slabs' lock for a batch of
 * them; heap_trim gives them all back, after which the count of free pages says exactly what is
 * held. Blocks are accessed through the direct map. kstack_alloc is here too: pages in kernel
 * address space above an unmapped guard.
 */
#include "kernel/lock.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/range.h"
#include "kernel/string.h"

#define SLAB_MAGIC 0x51ab51abu

struct slab {
    uint32_t magic;
    uint16_t class, used;
    uint32_t fresh;                 /* offset of the first byte never handed out */
    uint32_t listed;
    void *free;                     /* blocks that came back, linked through their first word */
    struct slab *next, *prev;
} __attribute__((aligned(CACHE_LINE)));

/* The larger ones divide a page less its header well. Blocks of whole cache lines begin with
 * one. */
static const uint16_t sizes[] = {
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 256, 320, 400, 448, 576, 672, 768, 832, 1344, 2016,
};
#define CLASSES (sizeof sizes / sizeof *sizes)
#define SMALL_MAX 2016u
/* The class of a size, in units of 16 bytes. */
static const uint8_t class_of[SMALL_MAX / 16 + 1] = {
    [0 ... 1] = 0, [2] = 1, [3] = 2, [4] = 3, [5] = 4, [6] = 5, [7] = 6, [8] = 7, [9 ... 10] = 8,
    [11 ... 12] = 9, [13 ... 16] = 10, [17 ... 20] = 11, [21 ... 25] = 12, [26 ... 28] = 13,
    [29 ... 36] = 14, [37 ... 42] = 15, [43 ... 48] = 16, [49 ... 52] = 17, [53 ... 84] = 18,
    [85 ... 126] = 19,
};

static struct slab *partial[CLASSES];
static struct lock slabs_lock = LOCK(RANK_SLAB);    /* partial, and what is in slabs */
static size_t held;                                 /* atomic */

/* Free blocks that a CPU keeps, linked through their first word; the lock is for heap_trim. */
#define STOCK_MAX 16u
#define STOCK_BATCH 8u
struct heap_stock {
    struct lock lock;
    struct { void *first; uint32_t n; } of[CLASSES];
};
static struct heap_stock boot_stock = { .lock = LOCK(RANK_HEAP) };
static struct range_space kspace = RANGE_SPACE(KSPACE_BASE, KSPACE_SIZE);

_Static_assert(sizeof(struct slab) + 2 * SMALL_MAX <= PAGE_SIZE, "two of the largest class fit");

static void slab_link(struct slab *s)
{
    s->prev = NULL;
    s->next = partial[s->class];
    if (s->next)
        s->next->prev = s;
    partial[s->class] = s;
    s->listed = true;
}

static void slab_unlink(struct slab *s)
{
    if (s->next)
        s->next->prev = s->prev;
    if (s->prev)
        s->prev->next = s->next;
    else
        partial[s->class] = s->next;
    s->listed = false;
}

static struct slab *slab_make(unsigned class)
{
    paddr_t pa = page_alloc();
    struct slab *s = phys_to_virt(pa);

    if (pa == PAGE_NONE)
        return NULL;
    __atomic_fetch_add(&held, 1, __ATOMIC_RELAXED);
    *s = (struct slab){ .magic = SLAB_MAGIC, .class = (uint16_t)class, .fresh = sizeof *s };
    slab_link(s);
    return s;
}

static bool slab_full(const struct slab *s)
{
    return !s->free && s->fresh + sizes[s->class] > PAGE_SIZE;
}

static void *slab_alloc(unsigned class)
{
    struct slab *s = partial[class];
    void *p;

    if (!s && !(s = slab_make(class)))
        return NULL;
    if (s->free) {
        p = s->free;
        s->free = *(void **)p;
    } else {
        p = (char *)s + s->fresh;
        s->fresh += sizes[class];
    }
    s->used++;
    if (slab_full(s))
        slab_unlink(s);
    return p;
}

static void slab_free(void *p)
{
    struct slab *s = (struct slab *)((uintptr_t)p & ~(PAGE_SIZE - 1));

    *(void **)p = s->free;
    s->free = p;
    s->used--;
    if (s->used == 0) {
        if (s->listed)
            slab_unlink(s);
        s->magic = 0;
        __atomic_fetch_sub(&held, 1, __ATOMIC_RELAXED);
        page_free(virt_to_phys(s));
    } else if (!s->listed) {
        slab_link(s);
    }
}

/* ---- stocks ---------------------------------------------------------------------------------- */

void heap_init(void)
{
    cpu_field(heap) = &boot_stock;
}

struct heap_stock *heap_stock_make(void)
{
    struct heap_stock *h = kzalloc(sizeof *h);

    if (h)
        h->lock = (struct lock)LOCK(RANK_HEAP);
    return h;
}

static struct heap_stock *stock_enter(void)
{
    struct heap_stock *h = cpu_field(heap);

    lock_take(&h->lock);
    return h;
}

static __attribute__((noinline)) void stock_flush(struct heap_stock *h, unsigned class,
                                                  uint32_t keep)
{
    lock_take(&slabs_lock);
    while (h->of[class].n > keep) {
        void *p = h->of[class].first;
        h->of[class].first = *(void **)p;
        h->of[class].n--;
        slab_free(p);
    }
    lock_drop(&slabs_lock);
}

static void stock_push(struct heap_stock *h, unsigned class, void *p)
{
    *(void **)p = h->of[class].first;
    h->of[class].first = p;
    h->of[class].n++;
}

static __attribute__((noinline)) void stock_fill(struct heap_stock *h, unsigned class)
{
    void *p;

    lock_take(&slabs_lock);
    while (h->of[class].n < STOCK_BATCH && (p = slab_alloc(class)))
        stock_push(h, class, p);
    lock_drop(&slabs_lock);
}

static void *small_alloc(unsigned class)
{
    struct heap_stock *h = stock_enter();
    void *p;

    if (__builtin_expect(!(p = h->of[class].first), 0)) {
        stock_fill(h, class);
        p = h->of[class].first;
    }
    if (__builtin_expect(p != NULL, 1)) {
        h->of[class].first = *(void **)p;
        h->of[class].n--;
    }
    lock_drop(&h->lock);
    return p;
}

static void small_free(void *p, unsigned class)
{
    struct heap_stock *h = stock_enter();

    if (__builtin_expect(h->of[class].n == STOCK_MAX, 0))
        stock_flush(h, class, STOCK_MAX - STOCK_BATCH);
    stock_push(h, class, p);
    lock_drop(&h->lock);
}

void heap_trim(void)
{
    for (unsigned i = 0; i < cpus_up(); i++) {
        struct heap_stock *h = cpu_of(i)->heap;
        if (!h)
            continue;
        lock_take(&h->lock);
        for (unsigned class = 0; class < CLASSES; class++)
            stock_flush(h, class, 0);
        lock_drop(&h->lock);
    }
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static __attribute__((noinline)) void *large_alloc(size_t size)
{
    size_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    unsigned order = 0;
    paddr_t pa;

    while (1ul << order < pages)
        order++;
    if (order > 18)
        return NULL;
    pa = page_alloc_run(order);
    if (pa == PAGE_NONE)
        return NULL;
    page_trim_run(pa, order, pages);
    __atomic_fetch_add(&held, pages, __ATOMIC_RELAXED);
    return phys_to_virt(pa);
}

void *kmalloc(size_t size)
{
    if (__builtin_expect(size > SMALL_MAX, 0))
        return size > 1ul << 40 ? NULL : large_alloc(size);
    return small_alloc(class_of[(size + 15) / 16]);
}

void *kzalloc(size_t size)
{
    void *p = kmalloc(size);

    if (p)
        memset(p, 0, size);
    return p;
}

void kfree(void *p)
{
    struct slab *s = (struct slab *)((uintptr_t)p & ~(PAGE_SIZE - 1));

    if (!p)
        return;
    assert((uintptr_t)p - DIRECT_BASE < ARENA_BASE - DIRECT_BASE, "kfree: not a heap address");
    if (s == p) {
        __atomic_fetch_sub(&held, page_free_trimmed(virt_to_phys(p)), __ATOMIC_RELAXED);
        return;
    }
    assert(s->magic == SLAB_MAGIC && guess(s->used) > 0, "kfree: not a heap block");
    small_free(p, s->class);
}

size_t heap_pages(void)
{
    return __atomic_load_n(&held, __ATOMIC_RELAXED);
}

/* ---- mapped kernel memory ------------------------------------------------------------------- */

uintptr_t kstack_alloc(size_t size)
{
    uintptr_t va = range_alloc(&kspace, size + PAGE_SIZE);

    if (!va)
        return 0;
    for (size_t off = PAGE_SIZE; off <= size; off += PAGE_SIZE) {
        paddr_t pa = page_alloc();
        if (pa != PAGE_NONE && map_page(va + off, pa, PAGE_W))
            continue;
        if (pa != PAGE_NONE)
            page_free(pa);
        kstack_free(va + PAGE_SIZE + size, size);
        return 0;
    }
    return va + PAGE_SIZE + size;
}

void kstack_free(uintptr_t top, size_t size)
{
    uintptr_t va = top - size - PAGE_SIZE;

    unmap_range(va, size + PAGE_SIZE);
    range_free(&kspace, va, size + PAGE_SIZE);
}

struct range_space *kspace_ranges(void)
{
    return &kspace;
}
