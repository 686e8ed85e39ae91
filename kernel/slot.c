/*
 * slot.c - address-space slots of SIPs: stack, control area and linear memory, demand-zero.
 *
 * Slot i begins at (i + 1) * SLOT_STRIDE; the first 2 MiB boundary in it is its region:
 *
 *   region           guard ... stack control | guard | memory ...        (one page table)
 *   region + 1 MiB + colour: base;  base + MEMORY_MAX: end of memory and windows;
 *   base + 6 GiB: last byte that an effective address can reach; from there on, a thread each:
 *   guard | stack | control
 *   base + 7 GiB: guard | stack | guard | control, where they are too large for the region
 *
 * A SIP that exchanges messages uses the first bytes of its stack and the block in its control
 * area: they stand side by side, on one page if the block is small, for what many SIPs cost each
 * other is entries of the TLB. The colours (pages for the base, lines for the end of the block)
 * keep hot lines of different SIPs in different cache and TLB sets.
 *
 * A slot's lock guards its pages: two of its threads may fault on one page. A slot that is freed
 * leaves no page and no table behind, unless pool.c keeps it, whole, for the next one of its shape;
 * a large one is given back by and by (grave.c).
 */
#include "kernel/memory.h"
#include "kernel/lock.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define REGION (2ul << 20)
#define BASE_OFFSET (1ul << 20)
#define BASE_COLOURS 128u
#define COLOURS 8u
#define COLOUR 192ul
#define INLINE_STACK (512ul << 10)
#define INLINE_CONTROL (128ul << 10)
#define AREA_OFFSET (6ul << 30)
#define FAR_OFFSET (7ul << 30)
#define FAR_GUARD (1ul << 20)
#define FAR_MAX (256ul << 20)
#define MEMORY_MAX ((4ul << 30) - SLOT_GUARD)

static struct slot *slots[SLOT_MAX];
static uint16_t free_list[SLOT_MAX];        /* indices that were used before, newest on top */
static unsigned free_count, ever_used;
static unsigned in_use;                     /* atomic */
static struct lock lock = LOCK(RANK_SPACE); /* the above */

_Static_assert(BASE_OFFSET == SLOT_BELOW, "as it says");
_Static_assert(SLOT_STRIDE * (SLOT_MAX + 1ul) <= LOWER_HALF_END, "slots fit the lower half");
_Static_assert(BASE_OFFSET > INLINE_STACK + INLINE_CONTROL + SLOT_GUARD + 16 * PAGE_SIZE,
               "room and a guard");
_Static_assert(REGION * 2 + FAR_OFFSET + 2 * (FAR_GUARD + FAR_MAX) < SLOT_STRIDE, "far parts fit");

static uintptr_t page_up(uintptr_t a) { return (a + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1); }

static uintptr_t region_of(uint32_t index)
{
    return ((index + 1ul) * SLOT_STRIDE + REGION - 1) & ~(REGION - 1);
}

static bool index_take(uint32_t *index)
{
    bool ok = true;

    lock_take(&lock);
    if (free_count)
        *index = free_list[--free_count];
    else if (ever_used < SLOT_MAX)
        *index = ever_used++;
    else
        ok = false;
    lock_drop(&lock);
    return ok;
}

static void index_give(uint32_t index)
{
    lock_take(&lock);
    free_list[free_count++] = (uint16_t)index;
    lock_drop(&lock);
}

size_t slot_control_size(size_t bytes)
{
    return bytes ? page_up(bytes + COLOURS * COLOUR) : 0;
}

/* Where a block stands in a control area that ends at `end`; the stack begins below it. */
static uintptr_t block_in(uintptr_t end, size_t bytes, uint32_t colour)
{
    return (end - bytes - colour % COLOURS * COLOUR) & ~(CACHE_LINE - 1ul);
}

static uintptr_t control_end(const struct slot *s)
{
    return s->control_size <= INLINE_CONTROL ? s->base - SLOT_GUARD
        : s->base + FAR_OFFSET + 2 * (FAR_GUARD + FAR_MAX);
}

void slot_lay_out(struct slot *s, size_t control, size_t stack)
{
    bool near = page_up(stack) <= INLINE_STACK;

    s->control_bytes = control;
    s->control_size = slot_control_size(control);
    s->stack_size = page_up(stack);
    s->control = block_in(control_end(s), control, s->index);
    if (!stack)
        return;
    if (near && s->control_size <= INLINE_CONTROL) {
        s->stack_top = s->control;
        s->stack_bottom = control_end(s) - s->control_size - s->stack_size;
    } else {
        s->stack_top = near ? s->base - SLOT_GUARD
            : s->base + FAR_OFFSET + FAR_GUARD + s->stack_size;
        s->stack_bottom = s->stack_top - s->stack_size;
        s->stack_top -= s->index % COLOURS * COLOUR;
    }
}

static size_t area_stride(const struct slot *s)
{
    return SLOT_GUARD + s->stack_size + s->control_size;
}

bool slot_area(struct slot *s, uint32_t i, struct slot_area *a)
{
    uintptr_t at = s->base + AREA_OFFSET + i * area_stride(s);

    if (at + area_stride(s) > s->base + FAR_OFFSET)
        return false;
    a->stack_bottom = at + SLOT_GUARD;
    a->control = block_in(at + area_stride(s), s->control_bytes, i);
    a->stack_top = a->control;
    lock_take(&s->lock);
    if (s->areas <= i)
        s->areas = i + 1;
    lock_drop(&s->lock);
    return true;
}

/* Stack or control area of a thread. */
static bool in_area(const struct slot *s, uintptr_t va)
{
    uintptr_t off = va - s->base - AREA_OFFSET;

    return off < s->areas * area_stride(s) && off % area_stride(s) >= SLOT_GUARD;
}

static struct page_spot *spot_of(struct slot *s, uintptr_t va)
{
    return &s->spot[va / REGION % SLOT_SPOTS];
}

/* With the slot's lock. */
static bool map_fresh(struct slot *s, uintptr_t va)
{
    paddr_t pa = page_alloc_zero();

    if (pa == PAGE_NONE)
        return false;
    if (!map_page_near(spot_of(s, va), va, pa, PAGE_W)) {
        page_free(pa);
        return false;
    }
    if (s->pages < SLOT_NOTED)
        s->noted[s->pages] = (uint32_t)((va - (s->base - SLOT_BELOW)) >> PAGE_SHIFT);
    s->pages++;
    return true;
}

static struct slot *slot_make(size_t control_bytes, size_t stack_bytes)
{
    struct slot *s = kzalloc(sizeof *s);
    uint32_t index;

    if (!s || !index_take(&index)) {
        kfree(s);
        return NULL;
    }
    s->lock = (struct lock)LOCK(RANK_SLOT);
    s->index = index;
    s->base = region_of(index) + BASE_OFFSET + index % BASE_COLOURS * PAGE_SIZE;
    slot_lay_out(s, control_bytes, stack_bytes);
    for (size_t off = s->control_size; off; off -= PAGE_SIZE)
        if (!map_fresh(s, control_end(s) - off)) {
            slot_destroy(s);
            return NULL;
        }
    return s;
}

struct slot *slot_alloc(size_t control_bytes, size_t stack_bytes, uint64_t memory_bytes,
                        uint64_t initial, void *owner)
{
    struct slot *s;

    if (slot_control_size(control_bytes) > FAR_MAX || stack_bytes > FAR_MAX)
        return NULL;
    s = pool_take(control_bytes, page_up(stack_bytes), memory_bytes, initial);
    if (!s && !(s = slot_make(control_bytes, stack_bytes))
            && !(slot_trim() && (s = slot_make(control_bytes, stack_bytes))))
        return NULL;
    s->initial = 0;
    s->committed = 0;               /* `extent` stays: pages of the one before may be there */
    s->window_low = MEMORY_MAX;
    s->room = NO_ROOM;
    s->page_limit = SIZE_MAX;
    s->areas = 0;
    s->owner = owner;
    __atomic_store_n(&slots[s->index], s, __ATOMIC_RELEASE);
    __atomic_fetch_add(&in_use, 1, __ATOMIC_RELAXED);
    return s;
}

void slot_initial(struct slot *s, uint64_t initial, uint64_t from, uint64_t to)
{
    s->initial = initial;
    s->from = from;
    s->to = to;
}

void slot_free(struct slot *s)
{
    assert(slots[s->index] == s, "slot_free: not a slot in use");
    __atomic_store_n(&slots[s->index], NULL, __ATOMIC_RELEASE);
    __atomic_fetch_sub(&in_use, 1, __ATOMIC_RELAXED);
    if (s->room != NO_ROOM)
        extent_room_end(s->base + s->room, s->room_size);
    if (s->window_low != MEMORY_MAX || (!pool_keep(s) && !grave_take(s)))
        slot_destroy(s);
}

void slot_destroy(struct slot *s)
{
    uintptr_t low = s->base, far = s->base + FAR_OFFSET;
    size_t freed;

    if (s->control_size && s->control < low)
        low = control_end(s) - s->control_size;
    if (s->stack_top && s->stack_bottom < low)
        low = s->stack_bottom;
    freed = unmap_range(low, page_up(s->base + s->extent) - low);
    if (s->control > far || s->stack_bottom > far)
        freed += unmap_range(far, 2 * (FAR_GUARD + FAR_MAX));
    freed += unmap_range(s->base + AREA_OFFSET, s->areas * area_stride(s));
    assert(freed == s->pages, "slot_free: pages lost or gained");
    index_give(s->index);
    kfree(s);
}

bool slot_commit(struct slot *s, uint64_t bytes)
{
    bool ok;

    lock_take(&s->lock);
    ok = bytes >= s->committed && bytes <= s->window_low && bytes <= s->room;
    if (ok)
        s->committed = bytes;
    if (ok && s->extent < bytes)
        s->extent = bytes;
    lock_drop(&s->lock);
    return ok;
}

struct slot *slot_find(uintptr_t va)
{
    uintptr_t n = va / SLOT_STRIDE;

    return n >= 1 && n <= SLOT_MAX ? __atomic_load_n(&slots[n - 1], __ATOMIC_ACQUIRE) : NULL;
}

/* With the slot's lock. A page that is there was mapped by another CPU in between. */
static enum slot_fault back(struct slot *s, uintptr_t va)
{
    bool in_stack = va - s->stack_bottom < s->stack_top - s->stack_bottom;

    if (!in_stack && va - s->base >= s->committed && !in_area(s, va))
        return SLOT_OUTSIDE;
    va &= ~(PAGE_SIZE - 1);
    if (page_mapped_near(spot_of(s, va), va))
        return SLOT_PAGED;
    return s->pages < s->page_limit && map_fresh(s, va) ? SLOT_PAGED : SLOT_NOMEM;
}

enum slot_fault slot_fault(uintptr_t va)
{
    struct slot *s = slot_find(va);
    enum slot_fault r;

    if (!s)
        return SLOT_OUTSIDE;
    do {
        lock_take(&s->lock);
        r = back(s, va);
        lock_drop(&s->lock);
    } while (r == SLOT_NOMEM && s->pages < s->page_limit && slot_trim());
    return r;
}

static bool map_window(struct slot *s, uint64_t off, paddr_t pa, uint64_t len, unsigned flags)
{
    uint64_t done = 0;

    if (off < s->committed || s->room != NO_ROOM)
        return false;
    for (uint64_t at = 0; at < len; at += PAGE_SIZE)
        if (page_query(s->base + off + at, NULL, NULL))
            return false;
    if (s->extent < off + len)
        s->extent = off + len;
    if (off < s->window_low)
        s->window_low = off;
    for (; done < len; done += PAGE_SIZE)
        if (!map_page(s->base + off + done, pa + done, flags | PAGE_BORROWED)) {
            unmap_range(s->base + off, done);
            return false;
        }
    return true;
}

bool slot_map_phys(struct slot *s, uint64_t off, paddr_t pa, uint64_t len, unsigned flags)
{
    bool ok;

    if ((off | pa | len) % PAGE_SIZE || !len || off > MEMORY_MAX || len > MEMORY_MAX - off ||
        flags & PAGE_X)
        return false;
    lock_take(&s->lock);
    ok = map_window(s, off, pa, len, flags);
    lock_drop(&s->lock);
    return ok;
}

void slot_unmap_phys(struct slot *s, uint64_t off, uint64_t len)
{
    assert(off >= s->window_low && off + len <= MEMORY_MAX, "slot_unmap_phys: not a window");
    lock_take(&s->lock);
    unmap_range(s->base + off, len);
    memset(s->spot, 0, sizeof s->spot);
    lock_drop(&s->lock);
}

/* With the slot's lock. */
static bool make_room(struct slot *s, size_t size)
{
    uintptr_t at = (s->base + s->window_low - size) & ~(EXTENT_SPAN - 1);

    if (size > s->window_low || at < s->base + s->committed || !extent_room(at, size))
        return false;
    s->room_size = size;
    s->room = at - s->base;
    return true;
}

uintptr_t slot_room(struct slot *s, size_t size)
{
    bool ok;

    if (s->room != NO_ROOM)
        return s->base + s->room;
    lock_take(&s->lock);
    ok = s->room != NO_ROOM || make_room(s, size);
    lock_drop(&s->lock);
    return ok ? s->base + s->room : 0;
}

size_t slot_count(void)
{
    return __atomic_load_n(&in_use, __ATOMIC_RELAXED);
}
