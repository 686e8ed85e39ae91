/*
 * device.c - what drivers own besides interrupts: I/O port ranges and windows on device memory.
 *
 * Ports cost nothing at run time: the compiler lets an image use the ports of its manifest, and
 * here a program with a manifest that claims somebody else's ports is refused before it runs. A
 * window shows device memory at the upper end of the SIP's linear memory, where its memory size
 * never reaches.
 */
#include "kernel/kernel.h"
#include "kernel/options.h"

#define COM1_FIRST 0x3f8
#define COM1_LAST 0x3ff
#define FB_TEXT_BYTES 0x8000u

struct ports { struct link all; struct sip *owner; uint16_t first, last; };
static struct lock registry = LOCK(RANK_REGISTRY);  /* of all that is static here */
static struct link ports = { &ports, &ports };

/* Ports that the kernel itself uses: interrupt controllers, timer, PCI configuration, debug
 * exit. */
static const struct { uint16_t first, last; } reserved[] = {
    { 0x20, 0x21 }, { 0x40, 0x43 }, { 0xa0, 0xa1 }, { 0xf4, 0xf7 }, { 0xcf8, 0xcff },
};

static bool overlap(uint16_t a, uint16_t b, uint16_t c, uint16_t d)
{
    return a <= d && c <= b;
}

/* With the lock. */
static err_t port_take(struct sip *s, uint16_t first, uint16_t last, struct sip **owner)
{
    struct ports *p;

    for (unsigned i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (overlap(first, last, reserved[i].first, reserved[i].last))
            return ERR_BUSY;
    for (struct link *l = ports.next; l != &ports; l = l->next) {
        p = container_of(l, struct ports, all);
        if (overlap(first, last, p->first, p->last) && p->owner != s) {
            *owner = p->owner;
            return ERR_BUSY;
        }
    }
    if (!(p = kmalloc(sizeof *p)))
        return ERR_NO_MEMORY;
    p->owner = s;
    p->first = first;
    p->last = last;
    list_push(&ports, &p->all);
    if (overlap(first, last, COM1_FIRST, COM1_LAST))
        log_serial(false);
    return 0;
}

err_t port_claim(struct sip *s, uint16_t first, uint16_t last, struct sip **owner)
{
    err_t e;

    *owner = NULL;
    lock_take(&registry);
    e = port_take(s, first, last, owner);
    lock_drop(&registry);
    return e;
}

/* A SIP that declares none need not ask. */
static bool declares_ports(const struct sip *s)
{
    for (uint32_t i = 0; s->manifest && i < s->manifest->count; i++)
        if (s->manifest->res[i].kind == RES_PORT)
            return true;
    return false;
}

void port_release(struct sip *s)
{
    struct link *next;

    if (!declares_ports(s))
        return;
    lock_take(&registry);
    for (struct link *l = ports.next; l != &ports; l = next) {
        struct ports *p = container_of(l, struct ports, all);
        next = l->next;
        if (p->owner != s)
            continue;
        if (overlap(p->first, p->last, COM1_FIRST, COM1_LAST))
            log_serial(!option_bool(OPT_QUIET));
        list_del(l);
        kfree(p);
    }
    lock_drop(&registry);
}

/* ---- windows --------------------------------------------------------------------------------- */

static struct window *owned[2];         /* one owner each */

/* Lowest window of s, below which the next one goes. */
static uint64_t window_bottom(const struct sip *s)
{
    return s->slot->window_low;
}

static err_t window_map(struct sip *s, struct window *w, const struct framebuffer *fb)
{
    uint64_t size = fb->kind == FB_TEXT ? FB_TEXT_BYTES : (uint64_t)fb->pitch * fb->height;
    uint64_t skew = fb->pa % PAGE_SIZE, off;
    unsigned flags = PAGE_W | (fb->kind == FB_TEXT ? PAGE_UC : PAGE_WC);

    size = (size + skew + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    if (size == 0 || size > window_bottom(s))
        return ERR_NOT_FOUND;
    off = window_bottom(s) - size;
    if (!slot_map_phys(s->slot, off, fb->pa - skew, size, flags))
        return ERR_NO_MEMORY;
    w->sip = s;
    w->offset = off;
    w->size = size;
    w->info = (struct handle_info){ HANDLE_WINDOW, (uint32_t)(off + skew),
        (uint32_t)(size - skew), fb->width, fb->height, fb->pitch,
        fb->kind == FB_TEXT ? 0 : fb->bpp };
    return 0;
}

/* With the lock. */
static err_t window_take(struct sip *s, uint32_t number, const char *name, struct sip **owner)
{
    const struct framebuffer *fb = &boot_info.fb;
    unsigned which = strcmp(name, "framebuffer") == 0 ? 0 : 1;
    struct window *w;
    err_t e;

    if (which == 1 && strcmp(name, "vga-text") != 0)
        return ERR_ARGUMENT;
    if (fb->kind != (which ? FB_TEXT : FB_RGB))
        return ERR_NOT_FOUND;
    if (owned[which]) {
        *owner = owned[which]->o.owner;
        return ERR_BUSY;
    }
    if (!(w = kzalloc(sizeof *w)))
        return ERR_NO_MEMORY;
    object_init(&w->o, HANDLE_WINDOW, NULL);
    ksnprintf(w->name, sizeof w->name, "%s", name);
    lock_take(&s->lock);
    if ((e = handle_reserve_at(s, number)) >= 0 && (e = window_map(s, w, fb)) < 0)
        handle_unreserve(s, 1, &number);
    if (e >= 0) {
        owned[which] = w;
        handle_put(s, number, &w->o);
    }
    lock_drop(&s->lock);
    if (e < 0)
        kfree(w);
    return e;
}

err_t window_claim(struct sip *s, uint32_t number, const char *name, struct sip **owner)
{
    err_t e;

    *owner = NULL;
    lock_take(&registry);
    e = window_take(s, number, name, owner);
    lock_drop(&registry);
    return e;
}

void window_drop(struct window *w)
{
    slot_unmap_phys(w->sip->slot, w->offset, w->size);
    lock_take(&registry);
    owned[strcmp(w->name, "framebuffer") == 0 ? 0 : 1] = NULL;
    lock_drop(&registry);
    kfree(w);
}
