/*
 * paging.c - the one set of page tables.
 *
 * paging_init builds what never changes: the direct map (2 MiB or 1 GiB pages, no-execute) and the
 * kernel's sections with their rights, from boot_page frames. Everything later is 4 KiB pages in
 * tables from pmm; `live` of a table's struct frame counts its used entries, and a table that
 * becomes empty is unlinked and freed, so that torn-down ranges leave nothing behind.
 *
 * W^X: no entry is ever both writable and executable (asserted). PAT is reprogrammed so that
 * index 1 (PWT) means write-combining; index 3 (PCD | PWT) is uncached as at reset.
 */
#include "kernel/x64/machine.h"
#include "kernel/panic.h"
#include "kernel/pmm.h"
#include "kernel/memory.h"
#include "kernel/string.h"

#define P  1ul
#define W  2ul
#define PWT 8ul
#define PCD 16ul
#define PS 0x80ul
#define G  0x100ul
#define BORROWED 0x200ul            /* available to software */
#define NX (1ul << 63)
#define ADDR 0x000ffffffffff000ul
#define LARGE (2ul << 20)
#define HUGE (1ul << 30)
#define PAT_VALUE 0x0007040600070106ul      /* WB WC UC- UC, WB WT UC- UC (SDM 3A 12.12) */

typedef uint64_t pte_t;

static paddr_t pml4;
static bool dynamic;                /* tables come from pmm and are counted */
static size_t table_pages;
static uintptr_t mmio_next = MMIO_BASE;

static pte_t *table_at(paddr_t pa)
{
    return phys_to_virt(pa & ADDR);
}

static unsigned index_of(uintptr_t va, unsigned level)
{
    return va >> (12 + 9 * (level - 1)) & 511;
}

static size_t span_of(unsigned level)
{
    return 1ul << (12 + 9 * (level - 1));
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

/* The entry for va at `level` (1 = 4 KiB); makes tables if `make`. NULL: not there, or no memory
 * (then tables made in vain are left empty). *in is the entry's table. */
static pte_t *walk(uintptr_t va, unsigned level, bool make, paddr_t *in)
{
    paddr_t table = pml4;

    for (unsigned l = 4; l > level; l--) {
        pte_t *e = &table_at(table)[index_of(va, l)];
        if (!(*e & P)) {
            paddr_t t = make ? table_alloc() : PAGE_NONE;
            if (t == PAGE_NONE)
                return NULL;
            *e = t | P | W;
            table_count(table, 1);
        } else if (*e & PS) {
            return NULL;
        }
        table = *e & ADDR;
    }
    *in = table;
    return &table_at(table)[index_of(va, level)];
}

static pte_t entry_bits(unsigned flags)
{
    assert((flags & (PAGE_W | PAGE_X)) != (PAGE_W | PAGE_X), "writable and executable");
    return P | (flags & PAGE_W ? W : 0) | (flags & PAGE_X ? 0 : NX) |
           (flags & PAGE_UC ? PCD | PWT : 0) | (flags & PAGE_WC ? PWT : 0) |
           (flags & PAGE_BORROWED ? BORROWED : 0);
}

bool map_page(uintptr_t va, paddr_t pa, unsigned flags)
{
    paddr_t in;
    pte_t *e = walk(va, 1, true, &in);

    if (!e) {
        unmap_range(va & ~(PAGE_SIZE - 1), PAGE_SIZE);      /* drops tables made in vain */
        return false;
    }
    assert(!(*e & P), "map_page: already mapped");
    *e = (pa & ADDR) | entry_bits(flags);
    table_count(in, 1);
    return true;
}

bool page_query(uintptr_t va, paddr_t *pa, unsigned *flags)
{
    for (unsigned level = 1; level <= 3; level++) {
        paddr_t in;
        pte_t *e = walk(va, level, false, &in);
        if (!e)
            continue;
        if (!(*e & P) || (level > 1 && !(*e & PS)))
            return false;
        if (pa)
            *pa = (*e & ADDR & ~(span_of(level) - 1)) + (va & (span_of(level) - 1));
        if (flags)
            *flags = (*e & W ? PAGE_W : 0) | (*e & NX ? 0 : PAGE_X) |
                     (*e & PWT ? (*e & PCD ? PAGE_UC : PAGE_WC) : 0) |
                     (*e & BORROWED ? PAGE_BORROWED : 0);
        return true;
    }
    return false;
}

/* ---- tear-down ------------------------------------------------------------------------------- */

struct sweep { uintptr_t start, end; size_t freed; };

/* Clears the part of `table` (of `level`, whose first byte is at va) inside the sweep. */
static void sweep_table(struct sweep *s, paddr_t table, unsigned level, uintptr_t va)
{
    size_t span = span_of(level);
    unsigned first = s->start > va ? (s->start - va) / span : 0;

    for (unsigned i = first; i < 512 && va + i * span < s->end; i++) {
        pte_t *e = &table_at(table)[i];
        uintptr_t at = va + i * span;
        pte_t old = *e;
        if (!(old & P))
            continue;
        if (level > 1) {
            sweep_table(s, old & ADDR, level - 1, at);
            if (frame_of(old & ADDR)->live)
                continue;
        }
        *e = 0;
        table_count(table, -1);
        page_flush(at);
        if (level > 1) {
            table_free(old & ADDR);
        } else if (!(old & BORROWED)) {
            page_free(old & ADDR);
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
    while (s.start < s.end) {
        uintptr_t top = s.start & ~(span_of(4) - 1);
        pte_t *e = &table_at(pml4)[index_of(s.start, 4)];
        if (*e & P) {
            sweep_table(&s, *e & ADDR, 3, top);
            if (top < LOWER_HALF_END && !frame_of(*e & ADDR)->live) {
                table_free(*e & ADDR);
                *e = 0;
                page_flush(top);
            }
        }
        s.start = top + span_of(4);
        if (!s.start)
            break;
    }
    return s.freed;
}

paddr_t unmap_page(uintptr_t va)
{
    paddr_t in, pa;
    pte_t *e = walk(va, 1, false, &in);

    if (!e || !(*e & P))
        return 0;
    pa = *e & ADDR;
    *e |= BORROWED;                             /* the frame goes to the caller */
    unmap_range(va & ~(PAGE_SIZE - 1), PAGE_SIZE);
    return pa;
}

size_t paging_table_pages(void)
{
    return table_pages;
}

/* ---- devices and firmware ------------------------------------------------------------------- */

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

const void *firmware_map(paddr_t pa, size_t size)
{
    uintptr_t va = DIRECT_BASE + pa;

    if (page_query(va, NULL, NULL) && page_query(va + size - 1, NULL, NULL))
        return (const void *)va;
    return mmio_map(pa, size, 0);
}

/* ---- what paging_init builds ---------------------------------------------------------------- */

static void map_direct(paddr_t start, paddr_t end)
{
    bool huge = cpuid(0x80000001, 0).d & 1u << 26;

    start &= ~(LARGE - 1);
    while (start < end) {
        uintptr_t va = DIRECT_BASE + start;
        unsigned level = huge && start % HUGE == 0 && end - start >= HUGE ? 3 : 2;
        paddr_t in;
        pte_t *e = walk(va, level, true, &in);
        if (e && level == 3 && *e & P && !(*e & PS)) {  /* partly mapped: by 2 MiB pages */
            level = 2;
            e = walk(va, level, true, &in);
        }
        if (e && !(*e & P))
            *e = start | P | W | PS | G | NX;
        start += span_of(e ? level : 2);
    }
}

static void map_section(const char *start, const char *end, pte_t bits)
{
    for (uintptr_t va = (uintptr_t)start; va < (uintptr_t)end; va += PAGE_SIZE) {
        paddr_t in;
        pte_t *e = walk(va, 1, true, &in);
        *e = (va - KERNEL_BASE) | bits | P | G;
    }
}

void paging_init(void)
{
    static const uintptr_t regions[] = {
        DIRECT_BASE, ARENA_BASE, KSPACE_BASE, MMIO_BASE, KERNEL_BASE,
    };

    msr_write(MSR_PAT, PAT_VALUE);
    pml4 = boot_page(1);
    map_direct(0, LARGE);
    for (unsigned i = 0; i < boot_info.nranges; i++) {
        const struct boot_range *r = &boot_info.ranges[i];
        if (r->type == 1 || r->type == 3 || r->type == 4)
            map_direct(r->start, r->end);
    }
    map_section((char *)KERNEL_BASE + KERNEL_PHYS, kernel_text_start, W | NX);  /* boot's */
    map_section(kernel_text_start, text_end, 0);
    map_section(rodata_start, rodata_end, NX);
    map_section(data_start, data_end, W | NX);
    map_section(symbols_start, kernel_end, NX);
    for (unsigned i = 0; i < sizeof regions / sizeof *regions; i++) {
        pte_t *e = &table_at(pml4)[index_of(regions[i], 4)];
        if (!(*e & P))
            *e = boot_page(1) | P | W;
    }
    cr3_write(pml4);
    cr4_write(cr4_read() | 1u << 7);            /* PGE */
    dynamic = true;
}
