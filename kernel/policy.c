/*
 * policy.c - which program may have which of the things that its manifest asks for. The default is
 * no.
 *
 * A rule is (hash of a program, resource). A person writes `PROGRAM WHAT`
 * (sips/iface/kernel_policy.wit); an interface by its name alone means what the program's own
 * manifest calls so, and the rule keeps the interface's id. Ports are granted as ranges; a
 * manifest's range must lie inside one. Rules are looked at when a program starts. One
 * that is for one start belongs to the SIP that may make it; it goes with that start, or that SIP.
 */
#include "kernel/kernel.h"
#include "kernel/lock.h"

#define RULES_MAX 4096u
#define WORD_MAX 112u

struct rule {
    struct link all;
    uint8_t program[32];
    uint32_t once;              /* pid of who may start it so, once; 0: everybody, always */
    char name[32];
    struct resource res;
};

static struct lock lock = LOCK(RANK_REGISTRY);
static struct link rules = { &rules, &rules };
static uint32_t nrules;

/* Does the rule's resource cover what is asked? */
static bool covers(const struct resource *rule, const struct resource *ask)
{
    if (rule->kind != ask->kind)
        return false;
    switch (ask->kind) {
    case RES_USE:
    case RES_SERVE:
        return memcmp(rule->id, ask->id, 32) == 0;
    case RES_PORT:
    case RES_MMIO:
        return rule->first <= ask->first && ask->last <= rule->last;
    case RES_IRQ:
        return rule->first == ask->first;
    case RES_DMA:
        return rule->last >= ask->last;
    default:
        return strcmp(rule->name, ask->name) == 0;
    }
}

/* The rule of just that kind (`once` of 0: for good) that covers what is asked. */
static struct rule *find(const uint8_t program[32], const struct resource *ask, uint32_t once)
{
    for (struct link *l = rules.next; l != &rules; l = l->next) {
        struct rule *r = container_of(l, struct rule, all);
        if (r->once == once && memcmp(r->program, program, 32) == 0 && covers(&r->res, ask))
            return r;
    }
    return NULL;
}

static bool granted(const struct program *p, const struct resource *r, uint32_t asker)
{
    return r->kind == RES_CHANNEL || find(p->hash, r, 0) || (asker && find(p->hash, r, asker));
}

static void remove(struct rule *r)
{
    list_del(&r->all);
    nrules--;
    kfree(r);
}

/* Takes away the rules for one start by asker: of a program, or all (NULL). */
static void use_up(const uint8_t *program, uint32_t asker)
{
    struct link *next;

    for (struct link *l = rules.next; asker && l != &rules; l = next) {
        struct rule *r = container_of(l, struct rule, all);
        next = l->next;
        if (r->once == asker && (!program || memcmp(r->program, program, 32) == 0))
            remove(r);
    }
}

void policy_forget(uint32_t asker)
{
    lock_take(&lock);
    use_up(NULL, asker);
    lock_drop(&lock);
}

err_t policy_check(const struct program *p, const struct manifest *m, uint32_t asker, char *reason,
                   size_t n)
{
    const struct resource *missing = NULL;
    char text[64];

    lock_take(&lock);
    for (uint32_t i = 0; i < m->count && !missing; i++)
        if (!granted(p, &m->res[i], asker))
            missing = &m->res[i];
    if (!missing)
        use_up(p->hash, asker);
    lock_drop(&lock);
    if (!missing)
        return 0;
    resource_text(missing, text, sizeof text);
    ksnprintf(reason, n, "denied: %s%s (grant it with: grant %s %s)",
              missing->kind == RES_USE ? "interface " : "", text, p->name, text);
    return ERR_DENIED;
}

/* ---- rules as text --------------------------------------------------------------------------- */

struct words { char program[WORD_MAX], verb[WORD_MAX], rest[WORD_MAX]; };

static const char *take(const char *s, char *to)
{
    size_t n = 0;

    while (*s == ' ' || *s == '\t')
        s++;
    for (; *s && *s != ' ' && *s != '\t' && *s != '\n'; s++)
        if (n + 1 < WORD_MAX)
            to[n++] = *s;
    to[n] = 0;
    return s;
}

static bool split(const char *rule, struct words *w)
{
    const char *s = take(take(take(rule, w->program), w->verb), w->rest);

    while (*s == ' ' || *s == '\n')
        s++;
    return w->program[0] && w->verb[0] && !*s;
}

/* NAME or NAME@ID against a resource of a manifest. */
static bool names(const char *what, const struct resource *r)
{
    const char *at = strchr(what, '@');
    size_t n = at ? (size_t)(at - what) : strlen(what);
    char id[65];

    if (strlen(r->name) != n || strncmp(r->name, what, n) != 0)
        return false;
    for (unsigned i = 0; i < 32; i++)
        ksnprintf(id + 2 * i, 3, "%02x", r->id[i]);
    return !at || strcmp(at + 1, id) == 0;
}

static err_t add(const struct program *p, const struct resource *res, uint32_t once)
{
    struct rule *r;

    if (nrules >= RULES_MAX)
        return ERR_LIMIT;
    if (!(r = kzalloc(sizeof *r)))
        return ERR_NO_MEMORY;
    memcpy(r->program, p->hash, 32);
    memcpy(r->name, p->name, sizeof r->name);
    r->once = once;
    r->res = *res;
    r->res.contract = NULL;     /* the manifest's */
    list_push(&rules, &r->all);
    nrules++;
    return 0;
}

/* Two rules may cover a thing: a range of ports that lies in another. */
static err_t take_back(const struct program *p, const struct resource *res)
{
    err_t e = ERR_NOT_FOUND;

    for (struct rule *r; (r = find(p->hash, res, 0)); e = 0)
        remove(r);
    return e;
}

static err_t apply(const struct program *p, const struct resource *res, bool grant, uint32_t once)
{
    err_t e;

    lock_take(&lock);
    if (!grant)
        e = take_back(p, res);
    else if (find(p->hash, res, 0) || find(p->hash, res, once))
        e = 0;
    else
        e = add(p, res, once);
    lock_drop(&lock);
    return e;
}

static err_t change_interface(const struct program *p, const struct words *w, bool grant,
                              uint32_t once, char *reason, size_t n)
{
    bool serve = strcmp(w->verb, "serve") == 0 && w->rest[0];
    const char *what = serve ? w->rest : w->verb;
    enum resource_kind kind = serve ? RES_SERVE : RES_USE;
    struct manifest *m;
    err_t e = ERR_NOT_FOUND;

    if (!serve && w->rest[0]) {
        ksnprintf(reason, n, "a rule is PROGRAM WHAT");
        return ERR_ARGUMENT;
    }
    if (!(m = manifest_parse(p->bytes, p->size, &e, reason, n)))
        return e;
    for (uint32_t i = 0; i < m->count; i++)
        if (m->res[i].kind == kind && names(what, &m->res[i]))
            e = apply(p, &m->res[i], grant, once);
    if (e == ERR_NOT_FOUND)
        ksnprintf(reason, n, grant ? "%s does not ask for %s%s" : "%s has no grant of %s%s",
                  p->name, serve ? "serve " : "", what);
    manifest_free(m);
    return e;
}

static err_t bad_device(const struct words *w, char *reason, size_t n)
{
    ksnprintf(reason, n,
              "`%.20s %.40s` is none of: INTERFACE, serve INTERFACE, port 3f8-3ff, irq 4, "
              "window NAME, mmio FIRST-LAST (whole pages, hex), dma BYTES", w->verb, w->rest);
    return ERR_ARGUMENT;
}

err_t policy_change(const char *rule, bool grant, uint32_t once, char *reason, size_t n)
{
    const struct program *p;
    struct resource res;
    struct words w;
    err_t e;

    reason[0] = 0;
    if (!split(rule, &w)) {
        ksnprintf(reason, n, "a rule is PROGRAM WHAT");
        return ERR_ARGUMENT;
    }
    if ((e = store_look_up(w.program, &p, reason, n)) < 0)
        return e;
    if (!w.rest[0] || strcmp(w.verb, "serve") == 0)
        e = change_interface(p, &w, grant, once, reason, n);
    else if (resource_device(w.verb, w.rest, &res))
        e = apply(p, &res, grant, once);
    else
        e = bad_device(&w, reason, n);
    if (e < 0 && !reason[0])
        ksnprintf(reason, n, "%s", err_text(e));
    return e;
}

err_t policy_wants(const char *program, uint32_t asker, char *to, size_t n)
{
    const struct program *p;
    struct manifest *m;
    size_t len = 0;
    err_t e;

    to[0] = 0;
    if ((e = store_look_up(program, &p, to, n)) < 0
            || !(m = manifest_parse(p->bytes, p->size, &e, to, n)))
        return e;
    lock_take(&lock);
    for (uint32_t i = 0; i < m->count; i++) {
        char text[64];
        resource_text(&m->res[i], text, sizeof text);
        if (!granted(p, &m->res[i], asker) && len + strlen(text) + 1 < n)
            len += (size_t)ksnprintf(to + len, n - len, "%s\n", text);
    }
    lock_drop(&lock);
    manifest_free(m);
    return 0;
}

uint32_t policy_list(uint32_t first, char *to, size_t n, size_t *len)
{
    uint32_t i = 0;
    char text[64], line[112];

    *len = 0;
    lock_take(&lock);
    for (struct link *l = rules.next; l != &rules; l = l->next, i++) {
        struct rule *r = container_of(l, struct rule, all);
        size_t k;
        if (i < first)
            continue;
        resource_text(&r->res, text, sizeof text);
        k = (size_t)ksnprintf(line, sizeof line, "%s %s%s\n", r->name, text,
                              r->once ? " (once)" : "");
        if (*len + k > n)
            break;
        memcpy(to + *len, line, k);
        *len += k;
    }
    lock_drop(&lock);
    return i;
}
