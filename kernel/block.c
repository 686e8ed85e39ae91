/*
 * block.c - memory that SIPs hand to each other inside messages: a handle, and an extent of pages
 * that stands in the linear memory of whoever owns it, at a place that its number gives.
 *
 * Handing it over moves one entry of a page directory (x64/extent.c): from the sender's memory to
 * the receiver's if the receiver waits, else to nowhere until it is received. The sender cannot
 * reach it from then on. System calls cannot reach into a block at all, for they look at committed
 * memory only, so no copy of the kernel's can be under way in one that moves.
 *
 * One account is charged with it at any time: the owner's, and while it is in a queue still that
 * of who sent it, so that no queue is a place to hide memory. The pages are promised
 * (memory_promise) for as long as it lives, whoever has it.
 */
#include "kernel/kernel.h"

#define ROOM ((size_t)HANDLES_MAX * BLOCK_MAX)

_Static_assert(BLOCK_MAX == EXTENT_SPAN && BLOCK_MIN == PAGE_SIZE, "a place for each handle");

static void charge(struct block *b, struct account *a)
{
    struct account *before = b->account;

    __atomic_fetch_add(&a->refs, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&a->blocks, b->size, __ATOMIC_RELAXED);
    b->account = a;
    if (before) {
        __atomic_fetch_sub(&before->blocks, b->size, __ATOMIC_RELAXED);
        account_put(before);
    }
}

/* Has anybody but this CPU used the memory of that SIP? */
static bool used_elsewhere(const void *sip)
{
    return cpus_many && sip_ran_elsewhere(sip);
}

static void move(struct block *b, const struct sip *s, uintptr_t to)
{
    extent_move(&b->extent, to, used_elsewhere, b->shows);
    b->shows = s;
}

/* ---- the beginning and the end --------------------------------------------------------------- */

static paddr_t run_alloc(unsigned order)
{
    paddr_t pa = page_alloc_run(order);

    if (pa == PAGE_NONE && slot_trim())
        pa = page_alloc_run(order);
    if (pa != PAGE_NONE)
        memset(phys_to_virt(pa), 0, PAGE_SIZE << order);
    return pa;
}

/* Pages, promised, and an extent of them. */
static struct block *make(unsigned order)
{
    int64_t size = (int64_t)(PAGE_SIZE << order);
    struct block *b;
    paddr_t pa;

    if (!memory_promise(size))
        return NULL;
    if ((b = kzalloc(sizeof *b)) && (pa = run_alloc(order)) != PAGE_NONE) {
        object_init(&b->o, HANDLE_BLOCK, NULL);
        b->size = (size_t)size;
        if (extent_make(&b->extent, pa, order))
            return b;
        page_free_run(pa, order);
    }
    memory_promise(-size);
    kfree(b);
    return NULL;
}

/* With the lock of s. */
static err_t enter(struct sip *s, struct block *b)
{
    uint32_t number;
    size_t bytes = 0;
    err_t e;

    if ((e = handle_reserve(s, 1, &number)) < 0)
        return e;
    if ((e = block_may_land(s, b, &bytes)) < 0) {
        handle_unreserve(s, 1, &number);
        return e;
    }
    block_land(b, s, number);
    handle_put(s, number, &b->o);
    return (err_t)number;
}

err_t block_make(struct sip *s, uint32_t bytes)
{
    unsigned order = 0;
    struct block *b;
    err_t e;

    if (!bytes || bytes > BLOCK_MAX)
        return ERR_ARGUMENT;
    while (PAGE_SIZE << order < bytes)
        order++;
    if (sip_memory(s) + (PAGE_SIZE << order) > s->quota.memory)
        return ERR_LIMIT;
    if (!(b = make(order)))
        return ERR_NO_MEMORY;
    lock_take(&s->lock);
    e = enter(s, b);
    lock_drop(&s->lock);
    if (e < 0)
        block_drop(b);
    return e;
}

static void give_back(struct reclaim *r)
{
    kfree(container_of(r, struct block, reclaim));
}

void block_drop(struct block *b)
{
    block_lift(b);
    extent_free(&b->extent);
    page_free_run(b->extent.pa, b->extent.order);
    memory_promise(-(int64_t)b->size);
    if (b->account) {
        __atomic_fetch_sub(&b->account->blocks, b->size, __ATOMIC_RELAXED);
        account_put(b->account);
    }
    reclaim(&b->reclaim, give_back);
}

/* ---- from one to the other ------------------------------------------------------------------- */

err_t block_may_land(struct sip *s, const struct block *b, size_t *bytes)
{
    if (b->account != s->account && sip_memory(s) + (*bytes += b->size) > s->quota.memory)
        return ERR_LIMIT;
    return slot_room(s->slot, ROOM) ? 0 : ERR_NO_MEMORY;
}

void block_lift(struct block *b)
{
    if (b->shows)
        move(b, NULL, 0);
}

void block_land(struct block *b, struct sip *s, uint32_t number)
{
    if (b->account != s->account)
        charge(b, s->account);
    move(b, s, slot_room(s->slot, ROOM) + (uintptr_t)number * BLOCK_MAX);
}

err_t block_info(struct sip *s, uint32_t h, struct handle_info *info)
{
    struct object *o;

    lock_take(&s->lock);
    if ((o = handle_get(s, h, HANDLE_BLOCK))) {
        const struct block *b = container_of(o, struct block, o);
        info->offset = (uint32_t)(b->extent.at - s->slot->base);
        info->size = (uint32_t)b->size;
    }
    lock_drop(&s->lock);
    return o ? 0 : ERR_HANDLE;
}
