/*
 * tables.c - the one set of page tables, as data: 4 KiB pages in tables from pmm.
 *
 * `live` of a table's struct frame counts its used entries, and a table that becomes empty is
 * unlinked and freed, so that torn-down ranges leave nothing behind. No entry is ever both writable
 * and executable (asserted). What else has to happen so that an entry takes effect is done by
 * page_show, page_hide and page_flush of place.h: on the machine little, on Linux mmap.
 *
 * One lock for the tables. An entry of a last-level table is also written without it, by the one
 * who owns the 2 MiB around it and has something mapped there (map_page_near): that keeps the table
 * and those above it in being.
 *
 * What is unmapped is collected, flushed on all CPUs at once, and only then freed.
 */
#include "kernel/x64/tables.h"
#include "kernel/lock.h"
#include "kernel/panic.h"
#include "kernel/pmm.h"
#include "kernel/memory.h"

static paddr_t pml4;
static bool dynamic;                /* tables come from pmm and are counted */
static size_t table_pages;
static uintptr_t mmio_next = MMIO_BASE;
static struct lock lock = LOCK(RANK_SPACE);

static pte_t *table_at(paddr_t pa)
{
    return phys_to_virt(pa & PTE_ADDR);
}

static unsigned index_of(uintptr_t va, unsigned level)
{
    return va >> (12 + 9 * (level - 1)) & 511;
}

static paddr_t table_alloc(void)
{
    paddr_t pa = dynamic ? page_alloc_zero() : boot_page(1);

    if (pa != PAGE_NONE && dynamic) {
        frame_of(pa)->live = 0;
        table_pages++;
    }
    return pa;
}

/* Tables of boot_page start uncounted: nothing in an upper-half PML4 entry's table is freed. */
static void table_count(paddr_t table, int by)
{
    if (dynamic)
        frame_of(table)->live = (uint16_t)(frame_of(table)->live + by);
}

pte_t *table_walk(uintptr_t va, unsigned level, bool make, paddr_t *in)
{
    paddr_t table = pml4;

    for (unsigned l = 4; l > level; l--) {
        pte_t *e = &table_at(table)[index_of(va, l)];
        if (!(*e & PTE_P)) {
            paddr_t t = make ? table_alloc() : PAGE_NONE;
            if (t == PAGE_NONE)
                return NULL;
            *e = t | PTE_P | PTE_W;
            table_count(table, 1);
        } else if (*e & PTE_PS) {
            return NULL;
        }
        table = *e & PTE_ADDR;
    }
    *in = table;
    return &table_at(table)[index_of(va, level)];
}

/* ---- tear-down ------------------------------------------------------------------------------- */

/* Entries that were cleared, and the frames that nothing leads to any more: to be flushed, then
 * freed. */
#define BATCH 64u
struct batch {
    uintptr_t start, end;           /* what is swept */
    size_t freed;                   /* frames, tables not counted */
    unsigned nva, npages;
    uintptr_t va[BATCH];
    paddr_t page[BATCH];
};

static void batch_end(struct batch *b)
{
    if (b->nva)
        page_flush(b->va, b->nva);
    for (unsigned i = 0; i < b->npages; i++)
        page_free(b->page[i]);
    b->nva = b->npages = 0;
}

/* An entry for va was cleared; pa is free then, unless it is PAGE_NONE. */
static void batch_add(struct batch *b, uintptr_t va, paddr_t pa)
{
    if (b->nva == BATCH)
        batch_end(b);
    b->va[b->nva++] = va;
    if (pa != PAGE_NONE)
        b->page[b->npages++] = pa;
}

/* Clears the part of `table` (of `level`, whose first byte is at va) inside the sweep. */
static void sweep_table(struct batch *b, paddr_t table, unsigned level, uintptr_t va)
{
    size_t span = table_span(level);
    unsigned first = b->start > va ? (b->start - va) / span : 0;

    for (unsigned i = first; i < 512 && va + i * span < b->end; i++) {
        pte_t *e = &table_at(table)[i];
        uintptr_t at = va + i * span;
        pte_t old = *e;
        bool owned = level > 1 || !(old & PTE_BORROWED);
        if (!(old & PTE_P))
            continue;
        if (level > 1) {
            sweep_table(b, old & PTE_ADDR, level - 1, at);
            if (frame_of(old & PTE_ADDR)->live)
                continue;
            table_pages--;
        }
        *e = 0;
        table_count(table, -1);
        b->freed += level == 1 && owned;
        batch_add(b, at, owned ? old & PTE_ADDR : PAGE_NONE);
        if (!frame_of(table)->live)
            return;
    }
}

/* With the lock. */
static size_t sweep(uintptr_t va, size_t size)
{
    struct batch b = { .start = va, .end = va + size };

    assert(va % PAGE_SIZE == 0 && size % PAGE_SIZE == 0, "unmap_range: not whole pages");
    page_hide(va, size);
    while (b.start < b.end) {
        uintptr_t top = b.start & ~(table_span(4) - 1);
        pte_t *e = &table_at(pml4)[index_of(b.start, 4)];
        if (*e & PTE_P) {
            paddr_t table = *e & PTE_ADDR;
            sweep_table(&b, table, 3, top);
            if (top < LOWER_HALF_END && !frame_of(table)->live) {
                *e = 0;
                table_pages--;
                batch_add(&b, top, table);
            }
        }
        b.start = top + table_span(4);
        if (!b.start)
            break;
    }
    batch_end(&b);
    return b.freed;
}

static pte_t entry_bits(unsigned flags)
{
    assert((flags & (PAGE_W | PAGE_X)) != (PAGE_W | PAGE_X), "writable and executable");
    return PTE_P | (flags & PAGE_W ? PTE_W : 0) | (flags & PAGE_X ? 0 : PTE_NX) |
           (flags & PAGE_UC ? PTE_PCD | PTE_PWT : 0) | (flags & PAGE_WC ? PTE_PWT : 0) |
           (flags & PAGE_BORROWED ? PTE_BORROWED : 0);
}

/* With the lock: the entry that map_page writes; NULL: no memory for a table. */
static pte_t *entry_make(uintptr_t va, paddr_t *in)
{
    pte_t *e = table_walk(va, 1, true, in);

    if (!e)
        sweep(va & ~(PAGE_SIZE - 1), PAGE_SIZE);            /* drops tables made in vain */
    return e;
}

/* An entry that was just made has no effect: the frame stays the caller's. */
static void entry_undo(uintptr_t va, pte_t *e)
{
    lock_take(&lock);
    *e |= PTE_BORROWED;
    sweep(va & ~(PAGE_SIZE - 1), PAGE_SIZE);
    lock_drop(&lock);
}

bool map_page(uintptr_t va, paddr_t pa, unsigned flags)
{
    paddr_t in;
    pte_t *e;

    lock_take(&lock);
    if ((e = entry_make(va, &in))) {
        assert(!(*e & PTE_P), "map_page: already mapped");
        *e = (pa & PTE_ADDR) | entry_bits(flags);
        table_count(in, 1);
    }
    lock_drop(&lock);
    if (!e || page_show(va, pa, flags))
        return e;
    entry_undo(va, e);
    return false;
}

/* ---- an owner's tables ----------------------------------------------------------------------- */

static bool spot_is_at(const struct page_spot *spot, uintptr_t va)
{
    return spot->table && spot->region == (va & ~(LARGE - 1));
}

static void spot_set(struct page_spot *spot, uintptr_t va, paddr_t table)
{
    spot->region = va & ~(LARGE - 1);
    spot->table = table_at(table);
}

bool map_page_near(struct page_spot *spot, uintptr_t va, paddr_t pa, unsigned flags)
{
    paddr_t in;
    pte_t *e;

    if (!spot_is_at(spot, va)) {
        if (!map_page(va, pa, flags))
            return false;
        lock_take(&lock);
        table_walk(va, 1, false, &in);
        spot_set(spot, va, in);
        lock_drop(&lock);
        return true;
    }
    e = (pte_t *)spot->table + index_of(va, 1);
    assert(!(*e & PTE_P), "map_page_near: already mapped");
    *e = (pa & PTE_ADDR) | entry_bits(flags);
    table_count(virt_to_phys(spot->table), 1);
    if (page_show(va, pa, flags))
        return true;
    entry_undo(va, e);
    *spot = (struct page_spot){ 0 };
    return false;
}

bool page_mapped_near(struct page_spot *spot, uintptr_t va)
{
    if (spot_is_at(spot, va))
        return ((pte_t *)spot->table)[index_of(va, 1)] & PTE_P;
    return page_query(va, NULL, NULL);
}

static bool query(uintptr_t va, paddr_t *pa, unsigned *flags)
{
    for (unsigned level = 1; level <= 3; level++) {
        paddr_t in;
        pte_t *e = table_walk(va, level, false, &in);
        if (!e)
            continue;
        if (!(*e & PTE_P) || (level > 1 && !(*e & PTE_PS)))
            return false;
        if (pa)
            *pa = (*e & PTE_ADDR & ~(table_span(level) - 1)) + (va & (table_span(level) - 1));
        if (flags)
            *flags = (*e & PTE_W ? PAGE_W : 0) | (*e & PTE_NX ? 0 : PAGE_X) |
                     (*e & PTE_PWT ? (*e & PTE_PCD ? PAGE_UC : PAGE_WC) : 0) |
                     (*e & PTE_BORROWED ? PAGE_BORROWED : 0);
        return true;
    }
    return false;
}

bool page_query(uintptr_t va, paddr_t *pa, unsigned *flags)
{
    bool there;

    lock_take(&lock);
    there = query(va, pa, flags);
    lock_drop(&lock);
    return there;
}

/* ---- unmapping ------------------------------------------------------------------------------- */

size_t unmap_range(uintptr_t va, size_t size)
{
    size_t freed;

    lock_take(&lock);
    freed = sweep(va, size);
    lock_drop(&lock);
    return freed;
}

void unmap_take(uintptr_t va, size_t pages, paddr_t *pa)
{
    paddr_t in;

    lock_take(&lock);
    for (size_t i = 0; i < pages; i++) {
        pte_t *e = table_walk(va + i * PAGE_SIZE, 1, false, &in);
        pa[i] = e && *e & PTE_P ? *e & PTE_ADDR : PAGE_NONE;
        if (pa[i] != PAGE_NONE)
            *e |= PTE_BORROWED;                     /* the frame goes to the caller */
    }
    sweep(va, pages * PAGE_SIZE);
    lock_drop(&lock);
}

/* ---- directories for extents (extent.c) ------------------------------------------------------ */

bool tables_keep(uintptr_t va)
{
    paddr_t in;
    bool ok;

    lock_take(&lock);
    if ((ok = table_walk(va, 2, true, &in)))
        table_count(in, 1);
    else
        sweep(va & ~(PAGE_SIZE - 1), PAGE_SIZE);
    lock_drop(&lock);
    return ok;
}

void tables_leave(uintptr_t va)
{
    paddr_t in;

    lock_take(&lock);
    table_walk(va, 2, false, &in);
    table_count(in, -1);
    sweep(va & ~(PAGE_SIZE - 1), PAGE_SIZE);
    lock_drop(&lock);
}

void tables_flush(uintptr_t va, size_t pages, bool others)
{
    uintptr_t at[FLUSH_FEW];

    if (!others)
        return page_flush_here(va, pages);
    for (size_t i = 0; i < pages && i < FLUSH_FEW; i++)
        at[i] = va + i * PAGE_SIZE;
    lock_take(&lock);
    page_flush(at, (unsigned)pages);
    lock_drop(&lock);
}

size_t paging_table_pages(void)
{
    return table_pages;
}

/* ---- devices -------------------------------------------------------------------------------- */

/* MMIO space is handed out upwards and not reused: its users stay. */
void *mmio_map(paddr_t pa, size_t size, unsigned flags)
{
    uintptr_t va, off = pa & (PAGE_SIZE - 1);
    size_t pages = (off + size + PAGE_SIZE - 1) >> PAGE_SHIFT;

    if (pages >= MMIO_SIZE >> PAGE_SHIFT)
        return NULL;
    va = __atomic_fetch_add(&mmio_next, (pages + 1) * PAGE_SIZE, __ATOMIC_RELAXED);
    if (va >= MMIO_BASE + MMIO_SIZE - pages * PAGE_SIZE)
        return NULL;
    for (size_t i = 0; i < pages; i++)
        if (!map_page(va + i * PAGE_SIZE, (pa & ~(PAGE_SIZE - 1)) + i * PAGE_SIZE,
                      flags | PAGE_BORROWED)) {
            unmap_range(va, i * PAGE_SIZE);
            return NULL;
        }
    return (void *)(va + off);
}

void mmio_unmap(void *p, size_t size)
{
    uintptr_t va = (uintptr_t)p & ~(PAGE_SIZE - 1);

    unmap_range(va, ((uintptr_t)p + size - va + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
}

/* ---- the start ------------------------------------------------------------------------------ */

void tables_init(void)
{
    static const uintptr_t regions[] = { DIRECT_BASE, ARENA_BASE, KSPACE_BASE, MMIO_BASE };

    pml4 = boot_page(1);
    for (unsigned i = 0; i < sizeof regions / sizeof *regions; i++)
        table_at(pml4)[index_of(regions[i], 4)] = boot_page(1) | PTE_P | PTE_W;
}

void tables_dynamic(void)
{
    dynamic = true;
}

paddr_t tables_root(void)
{
    return pml4;
}
