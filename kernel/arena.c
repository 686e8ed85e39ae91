/*
 * arena.c - where images stand: written through a temporary writable mapping in kernel space, then
 * sealed: mapped read-execute at their place, and the writable mapping is gone. Pages are never
 * writable and executable at once, not even through two addresses.
 */
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/range.h"
#include "kernel/string.h"

static struct range_space arena = RANGE_SPACE(ARENA_BASE, ARENA_SIZE);

/* Between two images one page stays unmapped. */
static size_t reserved(const struct code *c)
{
    return c->size + PAGE_SIZE;
}

static bool map_writable(struct code *c)
{
    for (size_t off = 0; off < c->size; off += PAGE_SIZE) {
        paddr_t pa = page_alloc();
        if (pa == PAGE_NONE)
            return false;
        if (!map_page((uintptr_t)c->rw + off, pa, PAGE_W)) {
            page_free(pa);
            return false;
        }
    }
    return true;
}

bool code_alloc(struct code *c, size_t bytes)
{
    if (bytes == 0 || bytes > ARENA_SIZE / 2)
        return false;
    c->size = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    c->rx = (uint8_t *)range_alloc(&arena, reserved(c));
    c->rw = c->rx ? (uint8_t *)range_alloc(kspace_ranges(), reserved(c)) : NULL;
    if (!c->rx)
        return false;
    if (!c->rw || !map_writable(c)) {
        code_free(c);
        return false;
    }
    memset(c->rw, 0xcc, c->size);
    return true;
}

static void drop_writable(struct code *c)
{
    if (!c->rw)
        return;
    unmap_range((uintptr_t)c->rw, c->size);
    range_free(kspace_ranges(), (uintptr_t)c->rw, reserved(c));
    c->rw = NULL;
}

bool code_seal(struct code *c)
{
    size_t pages, n = 0;
    paddr_t *pa;

    assert(c->rw, "code_seal: sealed already");
    pages = c->size >> PAGE_SHIFT;
    if (!(pa = kmalloc(pages * sizeof *pa))) {
        code_free(c);
        return false;
    }
    unmap_take((uintptr_t)c->rw, pages, pa);
    while (n < pages && map_page((uintptr_t)c->rx + n * PAGE_SIZE, pa[n], PAGE_X))
        n++;
    for (size_t i = n; i < pages; i++)
        page_free(pa[i]);
    kfree(pa);
    if (n < pages)
        code_free(c);
    else
        drop_writable(c);
    return n == pages;
}

void code_free(struct code *c)
{
    drop_writable(c);
    unmap_range((uintptr_t)c->rx, c->size);
    range_free(&arena, (uintptr_t)c->rx, reserved(c));
    *c = (struct code){ 0 };
}
