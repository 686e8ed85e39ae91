/*
 * tables.c - the one set of page tables, as data: 4 KiB pages in tables from pmm.
 *
 * `live` of a table's struct frame counts its used entries, and a table that becomes empty is
 * unlinked and freed, so that torn-down ranges leave nothing behind. No entry is ever both writable
 * and executable (asserted). What else has to happen so that an entry takes effect is done by
 * page_show, page_hide and page_flush of place.h: on the machine little, on Linux mmap.
 */
#include "kernel/x64/tables.h"
#include "kernel/panic.h"
#include "kernel/pmm.h"
#include "kernel/memory.h"

static paddr_t pml4;
static bool dynamic;                /* tables come from pmm and are counted */
static size_t table_pages;
static uintptr_t mmio_next = MMIO_BASE;

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

static void table_free(paddr_t pa)
{
    table_pages--;
    page_free(pa);
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

static pte_t entry_bits(unsigned flags)
{
    assert((flags & (PAGE_W | PAGE_X)) != (PAGE_W | PAGE_X), "writable and executable");
    return PTE_P | (flags & PAGE_W ? PTE_W : 0) | (flags & PAGE_X ? 0 : PTE_NX) |
           (flags & PAGE_UC ? PTE_PCD | PTE_PWT : 0) | (flags & PAGE_WC ? PTE_PWT : 0) |
           (flags & PAGE_BORROWED ? PTE_BORROWED : 0);
}

bool map_page(uintptr_t va, paddr_t pa, unsigned flags)
{
    paddr_t in;
    pte_t *e = table_walk(va, 1, true, &in);

    if (!e) {
        unmap_range(va & ~(PAGE_SIZE - 1), PAGE_SIZE);      /* drops tables made in vain */
        return false;
    }
    assert(!(*e & PTE_P), "map_page: already mapped");
    *e = (pa & PTE_ADDR) | entry_bits(flags);
    table_count(in, 1);
    if (page_show(va, pa, flags))
        return true;
    *e |= PTE_BORROWED;                         /* the frame stays the caller's */
    unmap_range(va & ~(PAGE_SIZE - 1), PAGE_SIZE);
    return false;
}

bool page_query(uintptr_t va, paddr_t *pa, unsigned *flags)
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

/* ---- tear-down ------------------------------------------------------------------------------- */

struct sweep { uintptr_t start, end; size_t freed; };

/* Clears the part of `table` (of `level`, whose first byte is at va) inside the sweep. */
static void sweep_table(struct sweep *s, paddr_t table, unsigned level, uintptr_t va)
{
    size_t span = table_span(level);
    unsigned first = s->start > va ? (s->start - va) / span : 0;

    for (unsigned i = first; i < 512 && va + i * span < s->end; i++) {
        pte_t *e = &table_at(table)[i];
        uintptr_t at = va + i * span;
        pte_t old = *e;
        if (!(old & PTE_P))
            continue;
        if (level > 1) {
            sweep_table(s, old & PTE_ADDR, level - 1, at);
            if (frame_of(old & PTE_ADDR)->live)
                continue;
        }
        *e = 0;
        table_count(table, -1);
        page_flush(at);
        if (level > 1) {
            table_free(old & PTE_ADDR);
        } else if (!(old & PTE_BORROWED)) {
            page_free(old & PTE_ADDR);
            s->freed++;
        }
        if (!frame_of(table)->live)
            return;
    }
}

size_t unmap_range(uintptr_t va, size_t size)
{
    struct sweep s = { va, va + size, 0 };

    assert(va % PAGE_SIZE == 0 && size % PAGE_SIZE == 0, "unmap_range: not whole pages");
    page_hide(va, size);
    while (s.start < s.end) {
        uintptr_t top = s.start & ~(table_span(4) - 1);
        pte_t *e = &table_at(pml4)[index_of(s.start, 4)];
        if (*e & PTE_P) {
            sweep_table(&s, *e & PTE_ADDR, 3, top);
            if (top < LOWER_HALF_END && !frame_of(*e & PTE_ADDR)->live) {
                table_free(*e & PTE_ADDR);
                *e = 0;
                page_flush(top);
            }
        }
        s.start = top + table_span(4);
        if (!s.start)
            break;
    }
    return s.freed;
}

paddr_t unmap_page(uintptr_t va)
{
    paddr_t in, pa;
    pte_t *e = table_walk(va, 1, false, &in);

    if (!e || !(*e & PTE_P))
        return 0;
    pa = *e & PTE_ADDR;
    *e |= PTE_BORROWED;                             /* the frame goes to the caller */
    unmap_range(va & ~(PAGE_SIZE - 1), PAGE_SIZE);
    return pa;
}

size_t paging_table_pages(void)
{
    return table_pages;
}

/* ---- devices -------------------------------------------------------------------------------- */

/* MMIO space is handed out upwards and not reused: its users stay. */
void *mmio_map(paddr_t pa, size_t size, unsigned flags)
{
    uintptr_t va = mmio_next, off = pa & (PAGE_SIZE - 1);
    size_t pages = (off + size + PAGE_SIZE - 1) >> PAGE_SHIFT;

    if (pages > (MMIO_BASE + MMIO_SIZE - va) >> PAGE_SHIFT)
        return NULL;
    for (size_t i = 0; i < pages; i++)
        if (!map_page(va + i * PAGE_SIZE, (pa & ~(PAGE_SIZE - 1)) + i * PAGE_SIZE,
                      flags | PAGE_BORROWED)) {
            unmap_range(va, i * PAGE_SIZE);
            return NULL;
        }
    mmio_next += (pages + 1) * PAGE_SIZE;
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
