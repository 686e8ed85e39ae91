/*
 * hostile.c - modules that are cut, changed, or want what they cannot have: a clear refusal, or a
 * run that ends, and the kernel goes on.
 */
#include "tests/kernel/sips.h"

#define RUN_MS 20u

KTEST(module_imports_are_checked)
{
    static const char types[] = "module unlinkable: incompatible import type: \"selkie\" \"";

    expect_refusal("test/import_fewer", true, ERR_MODULE, types);
    expect_refusal("test/import_more", true, ERR_MODULE, types);
    expect_refusal("test/import_other", true, ERR_MODULE, types);
    expect_refusal("test/import_result", true, ERR_MODULE, types);
    expect_refusal("test/import_unknown", true, ERR_MODULE, "unknown import: \"selkie\" \"fork\"");
    expect_refusal("test/import_kind", true, ERR_MODULE, "import");
    expect_refusal("test/import_memory", true, ERR_MODULE, "import");
}

KTEST(module_must_have_an_entry)
{
    expect_refusal("test/no_start", true, ERR_MODULE, "exports no function \"_start\"");
    expect_refusal("test/start_type", true, ERR_MODULE, "exports no function \"_start\"");
    expect_refusal("test/segment_outside", true, ERR_MODULE, "trapped while it was initialised");
    expect_refusal("test/huge_memory", true, ERR_NO_MEMORY, "out of memory");
    CHECK_EQ(run("test/start_traps", NULL, 1000), 128 + WASM_TRAP_UNREACHABLE);
}

KTEST(module_globals_are_its_own)
{
    struct process *p[8];

    for (unsigned i = 0; i < 8; i++)
        p[i] = start("test/globals", NULL);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(finish(p[i], 5000, NULL), 1000 & 255);
}

struct tally { unsigned refused, ran, killed; };

/* One try: a refusal has a reason; what starts ends by itself or by being killed. */
static bool attempt(const uint8_t *bytes, size_t size, struct tally *n)
{
    struct process *p = NULL;
    char reason[200];
    err_t e = start_bytes(bytes, size, &p, reason, sizeof reason);

    if (e < 0) {
        n->refused++;
        return strlen(reason) > 8;
    }
    if (finish(p, RUN_MS, NULL) == TIMED_OUT)
        n->killed++;
    else
        n->ran++;
    return true;
}

static void cut_everywhere(const char *name)
{
    const struct program *p;
    struct tally n = { 0 };
    bool ok = true;

    CHECK_EQ(store_find(name, &p), 0);
    quiet(true);
    for (size_t size = 0; ok && size < p->size; size++) {
        /* its own copy, so that reading past the end is seen by whoever looks for it */
        uint8_t *copy = kmalloc(size + 1);
        ok = copy && (memcpy(copy, p->bytes, size), attempt(copy, size, &n));
        kfree(copy);
    }
    quiet(false);
    CHECK(ok, "%s: refused without a reason", name);
    ktest_note("%s cut at %zu places: %u refused, %u ran, %u killed", name, p->size, n.refused,
               n.ran, n.killed);
}

KTEST(module_cut_everywhere)
{
    size_t before = settled_pages();

    cut_everywhere("hello");
    cut_everywhere("test/handles");
    CHECK_EQ(settled_pages(), before);
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void mutate(const char *name, unsigned times, uint64_t *x, struct tally *n)
{
    const struct program *p;
    uint8_t *copy;
    bool ok = true;

    CHECK_EQ(store_find(name, &p), 0);
    CHECK((copy = kmalloc(p->size)), "no memory");
    quiet(true);
    for (unsigned i = 0; ok && i < times; i++) {
        memcpy(copy, p->bytes, p->size);
        copy[next_random(x) % p->size] = (uint8_t)next_random(x);
        ok = attempt(copy, p->size, n);
    }
    quiet(false);
    kfree(copy);
    CHECK(ok, "%s: refused without a reason", name);
}

KTEST(module_ten_thousand_mutations)
{
    static const char *const names[] = { "hello", "primes", "test/handles", "test/pointers",
                                         "trap" };
    size_t before = settled_pages();
    uint64_t x = 0x9e3779b97f4a7c15ull;
    struct tally n = { 0 };

    for (unsigned i = 0; i < 5; i++)
        mutate(names[i], 2000, &x, &n);
    ktest_note("%u refused, %u ran, %u killed", n.refused, n.ran, n.killed);
    CHECK_EQ(settled_pages(), before);
}

/* A section of this kind that says it has four milliards of elements. */
static void huge_count(uint8_t section, struct tally *n)
{
    uint8_t m[16] = { 0, 'a', 's', 'm', 1, 0, 0, 0, section, 5, 0xff, 0xff, 0xff, 0xff, 0x0f };

    CHECK(attempt(m, 15, n), "section %u: refused without a reason", section);
}

/* One function of `size` bytes that do nothing. */
static void huge_body(uint32_t size, struct tally *n)
{
    static const uint8_t head[] = {
        0, 'a', 's', 'm', 1, 0, 0, 0,   1, 4, 1, 0x60, 0, 0,    3, 2, 1, 0,
        7, 10, 1, 6, '_', 's', 't', 'a', 'r', 't', 0, 0,
    };
    uint32_t at = sizeof head, body = size + 2, code = body + 6;
    uint8_t *m = kmalloc(sizeof head + size + 32);

    CHECK(m, "no memory");
    memcpy(m, head, sizeof head);
    m[at++] = 10;
    for (unsigned i = 0; i < 5; i++)
        m[at++] = (uint8_t)((code >> 7 * i & 127) | (i < 4 ? 128 : 0));
    m[at++] = 1;
    for (unsigned i = 0; i < 5; i++)
        m[at++] = (uint8_t)((body >> 7 * i & 127) | (i < 4 ? 128 : 0));
    m[at++] = 0;
    memset(m + at, 1, size);
    m[at + size] = 0x0b;
    if (!attempt(m, at + size + 1, n))
        ktest_fail("%u bytes: refused without a reason", size);
    kfree(m);
}

KTEST(module_huge)
{
    size_t before = settled_pages();
    struct tally n = { 0 };

    for (uint8_t section = 1; section <= 13; section++)
        huge_count(section, &n);
    CHECK_EQ(n.refused, 13);
    huge_body(1000, &n);
    CHECK_EQ(n.ran, 1);
    for (uint32_t size = 1 << 20; size <= 16 << 20; size *= 4)
        huge_body(size, &n);
    ktest_say("%u refused, %u ran", n.refused, n.ran);
    CHECK_EQ(settled_pages(), before);
}
