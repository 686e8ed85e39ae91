/*
 * heap.c - kmalloc: size classes carved from single pages, larger blocks as runs of pages.
 *
 * A slab page starts with its header, so that kfree finds it by rounding down; a pointer that is
 * page-aligned is a run. Slabs with room hang in a list per class; an empty one is returned at
 * once, so that the count of free pages says exactly what is held. Blocks are accessed through the
 * direct map. kstack_alloc is here too: pages in kernel address space above an unmapped guard.
 */
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
} __attribute__((aligned(16)));

/* The larger ones divide a page less its header well. */
static const uint16_t sizes[] = {
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 256, 320, 400, 496, 576, 672, 800, 1008, 1344, 2016,
};
#define CLASSES (sizeof sizes / sizeof *sizes)
#define SMALL_MAX 2016u

static struct slab *partial[CLASSES];
static size_t held;
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
    held++;
    *s = (struct slab){ .magic = SLAB_MAGIC, .class = (uint16_t)class, .fresh = sizeof *s };
    slab_link(s);
    return s;
}

static bool slab_full(const struct slab *s)
{
    return !s->free && s->fresh + sizes[s->class] > PAGE_SIZE;
}

static void *small_alloc(unsigned class)
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

static void *large_alloc(size_t size)
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
    held += pages;
    return phys_to_virt(pa);
}

void *kmalloc(size_t size)
{
    if (size > SMALL_MAX)
        return size > 1ul << 40 ? NULL : large_alloc(size);
    for (unsigned c = 0; c < CLASSES; c++)
        if (size <= sizes[c])
            return small_alloc(c);
    return NULL;
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
        held -= page_free_trimmed(virt_to_phys(p));
        return;
    }
    assert(s->magic == SLAB_MAGIC && s->used > 0, "kfree: not a heap block");
    *(void **)p = s->free;
    s->free = p;
    s->used--;
    if (s->used == 0) {
        if (s->listed)
            slab_unlink(s);
        s->magic = 0;
        held--;
        page_free(virt_to_phys(s));
    } else if (!s->listed) {
        slab_link(s);
    }
}

size_t heap_pages(void)
{
    return held;
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
