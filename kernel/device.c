/*
 * device.c - what drivers own besides interrupts and windows: ranges of I/O ports.
 *
 * Ports cost nothing at run time: the compiler lets an image use the ports of its manifest, and
 * here a program with a manifest that claims somebody else's ports is refused before it runs.
 */
#include "kernel/kernel.h"
#include "kernel/options.h"

#define COM1_FIRST 0x3f8
#define COM1_LAST 0x3ff

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
