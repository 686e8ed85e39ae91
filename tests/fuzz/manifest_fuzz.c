/*
 * manifest_fuzz.c - manifests and rules about them that libFuzzer invents: the kernel's own code
 * over an allocator that is watched.
 *
 * The input is the text of a manifest section, which is put into a module, or a module if it begins
 * like one; behind the first NUL, what a person may write behind `grant` and `deny`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static unsigned live;               /* blocks of the kernel's */
static struct program module = { .name = "module", .module = true };

/* ---- what the kernel's files ask of the rest of it ------------------------------------------- */

bool cpus_many;

void lock_spin(struct lock *l)
{
    abort();                        /* one CPU: a lock that is held stays so */
}

void *kzalloc(size_t n)
{
    live++;
    return calloc(1, n);
}

void *kmalloc(size_t n)
{
    live++;
    return malloc(n);
}

void kfree(void *p)
{
    live -= p != NULL;
    free(p);
}

int kprintf(const char *fmt, ...)
{
    return 0;
}

bool copy_checked(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
    return true;
}

const char *err_text(err_t e)
{
    return "error";
}

err_t store_find(const char *name, const struct program **out)
{
    *out = &module;
    return strcmp(name, module.name) == 0 ? 0 : ERR_NOT_FOUND;
}

/* ---- one input ------------------------------------------------------------------------------- */

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

/* A module of nothing but one manifest section with this text. */
static size_t wrap(const uint8_t *text, size_t n, uint8_t *to)
{
    static const uint8_t magic[8] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };
    size_t name = strlen(MANIFEST_SECTION), size = n + name + 1, k = 8;

    memcpy(to, magic, 8);
    to[k++] = 0;
    for (; size >= 0x80; size >>= 7)
        to[k++] = (uint8_t)(size | 0x80);
    to[k++] = (uint8_t)size;
    to[k++] = (uint8_t)name;
    memcpy(to + k, MANIFEST_SECTION, name);
    memcpy(to + k + name, text, n);
    return k + name + n;
}

static bool ended(const char *text, size_t n)
{
    return memchr(text, 0, n) != NULL;
}

static void look(const struct manifest *m)
{
    uint64_t used = 0;

    must(m->count <= MANIFEST_RESOURCES_MAX, "too many resources");
    for (uint32_t i = 0; i < m->count; i++) {
        const struct resource *r = &m->res[i];
        char text[96];
        bool interface = r->kind == RES_USE || r->kind == RES_SERVE || r->kind == RES_CHANNEL;
        must(!r->handle || (r->handle >= 2 && r->handle <= MANIFEST_HANDLE_MAX), "handle number");
        must(!r->handle || !(used >> r->handle & 1), "handle number twice");
        must(interface == (r->contract != NULL), "an interface has a contract, and nothing else");
        must(r->first <= r->last || r->kind == RES_IRQ, "range");
        must(ended(r->name, sizeof r->name), "name");
        resource_text(r, text, sizeof text);
        must(ended(text, sizeof text), "text of a resource");
        used |= 1ull << r->handle;
    }
}

static void rules(const struct manifest *m, const char *rule)
{
    char reason[200] = "", list[128];
    size_t len;
    bool granted = policy_change(rule, true, 0, reason, sizeof reason) >= 0;

    must(granted || *reason, "a rule refused without a reason");
    must(ended(reason, sizeof reason), "reason");
    *reason = 0;
    must(policy_check(&module, m, 1, reason, sizeof reason) >= 0 || *reason, "denied, not why");
    policy_wants(module.name, 1, list, sizeof list);
    must(ended(list, sizeof list), "what it wants");
    for (uint32_t at = 0, next; (next = policy_list(at, list, sizeof list, &len)) > at; at = next)
        must(len <= sizeof list, "list of rules");
    must(!granted || policy_change(rule, false, 0, reason, sizeof reason) >= 0,
         "what was granted can be taken back");
    policy_change(rule, true, 1, reason, sizeof reason);
    policy_forget(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char way[] = "module ";
    bool whole = n >= 8 && memcmp(data, "\0asm", 4) == 0;
    const uint8_t *end = whole ? data + n : memchr(data, 0, n);
    size_t text = end ? (size_t)(end - data) : n, rule = n - text;
    uint8_t *bytes = malloc(n + 64);
    char *line = calloc(1, sizeof way + rule), reason[200] = "";
    struct manifest *m;
    unsigned before = live;
    err_t e = 0;

    module.size = whole ? n : wrap(data, text, bytes);
    module.bytes = memcpy(malloc(module.size), whole ? data : bytes, module.size);
    memcpy(line, way, sizeof way - 1);
    if (rule > 1)
        memcpy(line + sizeof way - 1, data + text + 1, rule - 1);
    m = manifest_parse(module.bytes, module.size, &e, reason, sizeof reason);
    must(m || (e < 0 && *reason), "refused without a reason");
    if (m) {
        look(m);
        rules(m, line);
        manifest_free(m);
    }
    must(live == before, "something was not given back");
    free((void *)module.bytes);
    free(bytes);
    free(line);
    return 0;
}
