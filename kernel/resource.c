/*
 * resource.c - one thing that a manifest asks for, as text: a line of a manifest, and the WHAT of a
 * rule. Hostile text.
 */
#include "kernel/kernel.h"

#define DMA_MAX (64ul << 20)

struct cursor { const char *p, *end; };

static void skip_space(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r'))
        c->p++;
}

/* A word up to white space or one of the characters of `stop`; empty if there is none. */
static bool word(struct cursor *c, const char *stop, char *to, size_t n)
{
    size_t len = 0;

    skip_space(c);
    while (c->p < c->end && *c->p > ' ' && *c->p < 0x7f && !strchr(stop, *c->p)) {
        if (len + 1 >= n)
            return false;
        to[len++] = (char)*c->p++;
    }
    to[len] = 0;
    return len > 0;
}

static bool expect(struct cursor *c, char ch)
{
    skip_space(c);
    if (c->p >= c->end || *c->p != ch)
        return false;
    c->p++;
    return true;
}

/* In decimal or hexadecimal, with or without 0x, at most max. */
static bool number(struct cursor *c, unsigned base, uint64_t max, uint64_t *v)
{
    uint64_t x = 0;
    unsigned digits = 0;

    skip_space(c);
    if (base == 16 && c->end - c->p > 2 && c->p[0] == '0' && (c->p[1] | 32) == 'x')
        c->p += 2;
    for (; c->p < c->end; c->p++, digits++) {
        unsigned d = *c->p, low = d | 32;
        d = d >= '0' && d <= '9' ? d - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : 99;
        if (d >= base)
            break;
        if (x > (max - d) / base)
            return false;
        x = x * base + d;
    }
    *v = x;
    return digits > 0;
}

static bool hash_id(struct cursor *c, uint8_t id[32])
{
    for (unsigned i = 0; i < 32; i++) {
        char two[2];
        uint64_t v;
        struct cursor b;
        if (c->end - c->p < 2)
            return false;
        memcpy(two, c->p, 2);
        b = (struct cursor){ two, two + 2 };
        if (!number(&b, 16, 255, &v) || b.p != b.end)
            return false;
        id[i] = (uint8_t)v;
        c->p += 2;
    }
    return true;
}

static bool handle_number(struct cursor *c, struct resource *r)
{
    uint64_t v;

    if (!expect(c, '=') || !number(c, 10, MANIFEST_HANDLE_MAX, &v) || v < 2)
        return false;
    r->handle = (uint8_t)v;
    return true;
}

static bool interface_line(struct cursor *c, struct resource *r)
{
    char flag[8];

    if (!word(c, "@=#", r->name, sizeof r->name) || !expect(c, '@') || !hash_id(c, r->id)
            || !handle_number(c, r))
        return false;
    if (r->kind == RES_USE && word(c, "#", flag, sizeof flag))
        return r->now = strcmp(flag, "now") == 0;
    return true;
}

static bool range(struct cursor *c, uint64_t max, struct resource *r)
{
    if (!number(c, 16, max, &r->first))
        return false;
    r->last = r->first;
    if (expect(c, '-') && !number(c, 16, max, &r->last))
        return false;
    return r->first <= r->last;
}

/* The kinds of devices: how each begins, whether it has a handle. */
static const struct { const char *verb; uint8_t kind; bool handle; } devices[] = {
    { "port", RES_PORT, false }, { "irq", RES_IRQ, true }, { "window", RES_WINDOW, true },
    { "mmio", RES_MMIO, true }, { "dma", RES_DMA, true },
};

/* What stands behind the verb of a device. */
static bool device(struct cursor *c, struct resource *r)
{
    switch (r->kind) {
    case RES_PORT:
        return range(c, 0xffff, r);
    case RES_IRQ:
        return number(c, 10, IRQ_MAX - 1, &r->first);
    case RES_WINDOW:
        return word(c, "=#", r->name, sizeof r->name);
    case RES_MMIO:
        return range(c, UINT64_MAX, r) && r->first % PAGE_SIZE == 0
            && r->last % PAGE_SIZE == PAGE_SIZE - 1;
    default:
        return number(c, 10, DMA_MAX, &r->last) && r->last > 0;
    }
}

bool resource_device(const char *verb, const char *rest, struct resource *r)
{
    struct cursor c = { rest, rest + strlen(rest) };

    memset(r, 0, sizeof *r);
    for (unsigned i = 0; i < sizeof devices / sizeof *devices; i++)
        if (strcmp(verb, devices[i].verb) == 0) {
            r->kind = devices[i].kind;
            return device(&c, r) && c.p == c.end;
        }
    return false;
}

static bool line(struct cursor *c, const char *verb, struct resource *r)
{
    static const char *const interfaces[] = { "use", "serve", "channel" };

    for (uint8_t i = 0; i < 3; i++)
        if (strcmp(verb, interfaces[i]) == 0) {
            r->kind = (uint8_t)(RES_USE + i);
            return interface_line(c, r);
        }
    for (unsigned i = 0; i < sizeof devices / sizeof *devices; i++)
        if (strcmp(verb, devices[i].verb) == 0) {
            r->kind = devices[i].kind;
            return device(c, r) && (!devices[i].handle || handle_number(c, r));
        }
    return false;
}

int resource_parse(const char *text, size_t n, struct resource *r)
{
    struct cursor c = { text, text + n };
    char verb[16];

    memset(r, 0, sizeof *r);
    skip_space(&c);
    if (c.p == c.end || *c.p == '#')
        return 0;
    if (!word(&c, "#", verb, sizeof verb))
        return -1;
    if (strcmp(verb, "text") == 0)
        return 0;
    if (!line(&c, verb, r))
        return -1;
    skip_space(&c);
    return c.p == c.end || *c.p == '#' ? 1 : -1;
}

void resource_text(const struct resource *r, char *to, size_t n)
{
    switch (r->kind) {
    case RES_USE:
        ksnprintf(to, n, "%s", r->name);
        break;
    case RES_SERVE:
        ksnprintf(to, n, "serve %s", r->name);
        break;
    case RES_CHANNEL:
        ksnprintf(to, n, "channel %s", r->name);
        break;
    case RES_PORT:
        ksnprintf(to, n, "port 0x%lx-0x%lx", r->first, r->last);
        break;
    case RES_IRQ:
        ksnprintf(to, n, "irq %lu", r->first);
        break;
    case RES_MMIO:
        ksnprintf(to, n, "mmio 0x%lx-0x%lx", r->first, r->last);
        break;
    case RES_DMA:
        ksnprintf(to, n, "dma %lu", r->last);
        break;
    default:
        ksnprintf(to, n, "window %s", r->name);
    }
}
