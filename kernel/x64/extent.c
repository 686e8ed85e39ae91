/*
 * extent.c - runs of frames that stand at a 2 MiB place of the address space, all of one entry of a
 * page directory, and go from place to place at a cost that does not depend on their size.
 *
 * A run of 2 MiB is one large page; a smaller one brings the last table with it, made when the
 * extent is. So a move is two entries written and the old place forgotten by the TLBs: of few pages
 * each by itself, otherwise all that is not global, which INVLPG of one page of many would not do
 * (SDM 3A 4.10.4.1). Directories are kept in being by extent_room, without entries of their own in
 * `live`; whoever owns the room (a slot) moves there, so that no lock of all is taken.
 */
#include "kernel/x64/tables.h"
#include "kernel/lock.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/pmm.h"

bool extent_make(struct extent *x, paddr_t pa, unsigned order)
{
    pte_t *table;

    *x = (struct extent){ .pa = pa, .order = order, .table = PAGE_NONE };
    if (PAGE_SIZE << order == EXTENT_SPAN) {
        x->entry = pa | PTE_P | PTE_W | PTE_NX | PTE_PS;
    } else {
        if ((x->table = page_alloc_zero()) == PAGE_NONE)
            return false;
        table = phys_to_virt(x->table);
        for (size_t i = 0; i < 1ul << order; i++)
            table[i] = (pa + i * PAGE_SIZE) | PTE_P | PTE_W | PTE_NX | PTE_BORROWED;
        x->entry = x->table | PTE_P | PTE_W;
    }
    if (page_park(pa, PAGE_SIZE << order))
        return true;
    if (x->table != PAGE_NONE)
        page_free(x->table);
    return false;
}

void extent_free(struct extent *x)
{
    assert(!x->at, "an extent that is freed stands nowhere");
    page_unpark(x->pa, PAGE_SIZE << x->order);
    if (x->table != PAGE_NONE)
        page_free(x->table);
}

static pte_t *place(uintptr_t va)
{
    paddr_t in;
    pte_t *e = table_walk(va, 2, false, &in);

    assert(e && va % EXTENT_SPAN == 0, "an extent moves where extent_room was");
    return e;
}

void extent_move(struct extent *x, uintptr_t to, bool (*others)(const void *), const void *arg)
{
    if (x->at) {
        __atomic_store_n(x->place, 0, __ATOMIC_RELEASE);
        tables_flush(x->at, 1ul << (x->table == PAGE_NONE ? 0 : x->order), others(arg));
    }
    if (to) {
        x->place = place(to);
        assert(!*x->place, "extent_move: something stands there");
        *x->place = x->entry;
    }
    page_move(x->at, to, x->pa, PAGE_SIZE << x->order);
    x->at = to;
}

static void directories_leave(uintptr_t va, uintptr_t end)
{
    for (; va < end; va = (va | (HUGE - 1)) + 1)
        tables_leave(va);
}

bool extent_room(uintptr_t va, size_t size)
{
    uintptr_t at = va;

    while (at < va + size && tables_keep(at))
        at = (at | (HUGE - 1)) + 1;
    if (at >= va + size && page_room(va, size))
        return true;
    directories_leave(va, at < va + size ? at : va + size);
    return false;
}

void extent_room_end(uintptr_t va, size_t size)
{
    page_room_end(va, size);
    directories_leave(va, va + size);
}
