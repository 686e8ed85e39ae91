/*
 * window.c - physical memory that a driver sees in its own linear memory: the screen, registers of
 * a device (mmio), and memory that a device may read and write (dma).
 *
 * A window stands at the upper end of the linear memory, where the memory's size never reaches.
 * Device memory has one owner; RAM, what the firmware lists and the kernel's own devices have none.
 *
 * Memory for a device stays so: nobody can say when the device of a driver that has died will stop
 * writing. It waits for the next start of the same program, which sets its device up anew. There is
 * no IOMMU: whoever has dma and a device that masters the bus can have it write anywhere.
 */
#include "kernel/kernel.h"

#define FB_TEXT_BYTES 0x8000u
#define DMA_SHARE 8             /* at most one part in 8 of all memory */

/* Memory for devices, of one program for ever. */
struct dma {
    struct link all;
    uint8_t program[32];
    unsigned order;
    paddr_t pa;
    bool used;
};

/* What is to be shown; pa and size are whole pages. */
struct view { paddr_t pa; uint64_t size, skew; unsigned flags; struct dma *dma; };

static struct lock registry = LOCK(RANK_REGISTRY);
static struct link windows = { &windows, &windows };    /* lock: registry */
static struct link dmas = { &dmas, &dmas };             /* lock: registry */
static size_t dma_pages;

/* ---- what there is --------------------------------------------------------------------------- */

static err_t view_screen(const char *name, struct view *v)
{
    const struct framebuffer *fb = &boot_info.fb;
    bool text = strcmp(name, "vga-text") == 0;
    uint64_t bytes = text ? FB_TEXT_BYTES : (uint64_t)fb->pitch * fb->height;

    if (!text && strcmp(name, "framebuffer") != 0)
        return ERR_ARGUMENT;
    if (fb->kind != (text ? FB_TEXT : FB_RGB))
        return ERR_NOT_FOUND;
    v->skew = fb->pa % PAGE_SIZE;
    v->pa = fb->pa - v->skew;
    v->size = (bytes + v->skew + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    v->flags = PAGE_W | (text ? PAGE_UC : PAGE_WC);
    return v->size ? 0 : ERR_NOT_FOUND;
}

static err_t view_mmio(paddr_t first, paddr_t last, struct view *v)
{
    enum device_memory who = machine_memory(first, last);

    if (who != DEVICE_FREE)
        return who == DEVICE_NONE ? ERR_NOT_FOUND : ERR_BUSY;
    *v = (struct view){ .pa = first, .size = last - first + 1, .flags = PAGE_W | PAGE_UC };
    return 0;
}

static struct dma *dma_find(const uint8_t program[32], unsigned order)
{
    for (struct link *l = dmas.next; l != &dmas; l = l->next) {
        struct dma *d = container_of(l, struct dma, all);
        if (!d->used && d->order == order && memcmp(d->program, program, 32) == 0)
            return d;
    }
    return NULL;
}

static struct dma *dma_make(const uint8_t program[32], unsigned order)
{
    struct dma *d;

    if (dma_pages + (1ul << order) > page_count_total() / DMA_SHARE
            || !(d = kzalloc(sizeof *d)))
        return NULL;
    if ((d->pa = page_alloc_low(order)) == PAGE_NONE) {
        kfree(d);
        return NULL;
    }
    memcpy(d->program, program, 32);
    d->order = order;
    dma_pages += 1ul << order;
    list_push(&dmas, &d->all);
    return d;
}

static err_t view_dma(const struct sip *s, uint64_t bytes, struct view *v)
{
    unsigned order = 0;
    struct dma *d;

    while (PAGE_SIZE << order < bytes)
        order++;
    if (!(d = dma_find(s->hash, order)) && !(d = dma_make(s->hash, order)))
        return ERR_NO_MEMORY;
    memset(phys_to_virt(d->pa), 0, PAGE_SIZE << order);
    *v = (struct view){ .pa = d->pa, .size = PAGE_SIZE << order, .flags = PAGE_W, .dma = d };
    return 0;
}

/* Who sees a part of it already. */
static struct sip *viewer(const struct view *v)
{
    for (struct link *l = windows.next; l != &windows; l = l->next) {
        const struct window *w = container_of(l, struct window, all);
        if (v->pa < w->pa + w->size && w->pa < v->pa + v->size)
            return w->sip;
    }
    return NULL;
}

static err_t look(const struct sip *s, const struct resource *r, struct view *v, struct sip **owner)
{
    err_t e;

    memset(v, 0, sizeof *v);
    if (r->kind == RES_DMA)
        return view_dma(s, r->last, v);
    e = r->kind == RES_MMIO ? view_mmio(r->first, r->last, v) : view_screen(r->name, v);
    return e >= 0 && (*owner = viewer(v)) ? ERR_BUSY : e;
}

/* ---- showing it ------------------------------------------------------------------------------ */

static void describe(struct window *w, const struct resource *r, const struct view *v)
{
    const struct framebuffer *fb = &boot_info.fb;

    w->info = (struct handle_info){ .kind = HANDLE_WINDOW,
        .offset = (uint32_t)(w->offset + v->skew), .size = (uint32_t)(v->size - v->skew) };
    if (r->kind != RES_WINDOW) {
        w->info.a = (uint32_t)v->pa;
        w->info.b = (uint32_t)(v->pa >> 32);
        return;
    }
    w->info.a = fb->width;
    w->info.b = fb->height;
    w->info.c = fb->pitch;
    w->info.d = fb->kind == FB_TEXT ? 0 : fb->bpp;
}

/* With the SIP's lock. */
static err_t show(struct sip *s, struct window *w, const struct resource *r, const struct view *v)
{
    uint32_t number = r->handle;
    err_t e;

    if ((e = handle_reserve_at(s, number)) < 0)
        return e;
    if (v->size > s->slot->window_low
            || !slot_map_phys(s->slot, s->slot->window_low - v->size, v->pa, v->size, v->flags)) {
        handle_unreserve(s, 1, &number);
        return ERR_NO_MEMORY;
    }
    w->sip = s;
    w->offset = s->slot->window_low;
    w->pa = v->pa;
    w->size = v->size;
    describe(w, r, v);
    handle_put(s, number, &w->o);
    return 0;
}

/* With the registry's lock. */
static err_t claim(struct sip *s, const struct resource *r, struct sip **owner)
{
    struct window *w;
    struct view v;
    err_t e;

    if ((e = look(s, r, &v, owner)) < 0)
        return e;
    if (!(w = kzalloc(sizeof *w)))
        return ERR_NO_MEMORY;
    object_init(&w->o, HANDLE_WINDOW, NULL);
    lock_take(&s->lock);
    e = show(s, w, r, &v);
    lock_drop(&s->lock);
    if (e < 0) {
        kfree(w);
        return e;
    }
    if ((w->dma = v.dma))
        v.dma->used = true;
    list_push(&windows, &w->all);
    return 0;
}

err_t window_claim(struct sip *s, const struct resource *r, struct sip **owner)
{
    err_t e;

    *owner = NULL;
    lock_take(&registry);
    e = claim(s, r, owner);
    lock_drop(&registry);
    return e;
}

static void give_back(struct reclaim *r)
{
    kfree(container_of(r, struct window, reclaim));
}

void window_drop(struct window *w)
{
    slot_unmap_phys(w->sip->slot, w->offset, w->size);
    lock_take(&registry);
    list_del(&w->all);
    if (w->dma)
        w->dma->used = false;
    lock_drop(&registry);
    reclaim(&w->reclaim, give_back);
}
