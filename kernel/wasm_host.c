/*
 * wasm_host.c - what the instance runtime (wasm/instance.c, runtime.c) asks of its embedder.
 *
 * Called on a SIP's own stack while it runs, or by the kernel thread that makes an instance. In the
 * second case there is nobody to trap: what goes wrong is noted (no_memory) and the start refused.
 * Long operations go in pieces with a look at recorded interrupts between them.
 */
#include "kernel/kernel.h"
#include "wasm/host.h"

#define PIECE 65536ull
#define ALLOC_MAX (64ul << 20)          /* tables of one SIP */
#define SMALL_PAGES 16u                 /* of 64 KiB: a memory that costs nothing until touched */
#define SMALL_ALLOC 65536u
#define TYPE_BUCKETS 64u
#define TYPE_TABLE 0x80000000u

_Static_assert(SLOT_GUARD >= WASM_GUARD_BELOW, "code subtracts so much from an address");
_Static_assert((4ul << 30) - SLOT_GUARD <= (uint64_t)WASM_TOP_PAGES * WASM_PAGE,
               "and no memory reaches further");

struct alloc { struct link link; size_t bytes, pad; };

/* On the stack of s itself its pages are made sure of; a start within a call is on another's, which
 * has been. */
static void touch(const struct sip *s)
{
    if (this_thread()->sip == s)
        stack_touch();
}

static struct sip *owner_of(const struct wasm_memory *m)
{
    return ((struct slot *)m->ctx)->owner;
}

_Noreturn void wasm_host_trap(struct wasm_instance *in, int trap)
{
    sip_trap_here(trap, "");
}

/* What a memory of so many pages is charged with: small ones nothing. */
static int64_t memory_charge(uint32_t pages)
{
    return pages > SMALL_PAGES ? (int64_t)pages * WASM_PAGE : 0;
}

/* With the lock of s. */
static bool grow(struct sip *s, struct wasm_memory *m, uint32_t new_pages)
{
    uint64_t more = new_pages - m->pages;
    int64_t charge = memory_charge(new_pages) - memory_charge(m->pages);

    if (sip_memory(s) + more * WASM_PAGE > s->quota.memory
            || more * (WASM_PAGE / PAGE_SIZE) > page_count_free()
            || (charge && !sip_charge(s, charge)))
        return false;
    if (!slot_commit(m->ctx, (uint64_t)new_pages * WASM_PAGE)) {
        sip_charge(s, -charge);
        return false;
    }
    s->pages += more;
    __atomic_store_n(&m->pages, new_pages, __ATOMIC_RELEASE);
    return true;
}

bool wasm_host_memory_grow(struct wasm_memory *m, uint32_t old, uint32_t new_pages)
{
    struct sip *s = owner_of(m);
    bool ok;

    touch(s);
    lock_take(&s->lock);
    ok = m->pages == old && grow(s, m, new_pages);
    lock_drop(&s->lock);
    return ok;
}

/* A page could not be had. */
static void out_of_memory(struct wasm_memory *m)
{
    struct sip *s = owner_of(m);

    if (this_thread()->sip == s)
        sip_trap_here(WASM_TRAP_MEMORY, "no page left");
    s->no_memory = true;
}

void wasm_host_memory_write(struct wasm_memory *m, uint64_t to, const void *from, uint64_t n)
{
    touch(owner_of(m));
    for (uint64_t at = 0, k; at < n; at += k) {
        k = n - at < PIECE ? n - at : PIECE;
        if (!copy_checked(m->base + to + at, (const uint8_t *)from + at, k))
            return out_of_memory(m);
        sched_point();
    }
}

void wasm_host_memory_fill(struct wasm_memory *m, uint64_t to, uint8_t byte, uint64_t n)
{
    touch(owner_of(m));
    for (uint64_t at = 0, k; at < n; at += k) {
        k = n - at < PIECE ? n - at : PIECE;
        if (!fill_checked(m->base + to + at, byte, k))
            return out_of_memory(m);
        sched_point();
    }
}

/* Overlapping ranges: pieces from the end that is read before it is written; within a piece through
 * a buffer, for copy_checked goes upwards only. */
void wasm_host_memory_move(struct wasm_memory *to_m, uint64_t to,
                           struct wasm_memory *from_m, uint64_t from, uint64_t n)
{
    uint8_t *d = to_m->base + to, *s = from_m->base + from;
    bool down = d > s && d < s + n;
    uint64_t piece = down ? 512 : PIECE;
    uint8_t buf[512];

    touch(owner_of(to_m));
    for (uint64_t done = 0, k, at; done < n; done += k) {
        k = n - done < piece ? n - done : piece;
        at = down ? n - done - k : done;
        if (down ? !copy_checked(buf, s + at, k) || !copy_checked(d + at, buf, k)
                 : !copy_checked(d + at, s + at, k))
            return out_of_memory(to_m);
        sched_point();
    }
}

uint32_t wasm_host_wait(struct wasm_instance *in, struct wasm_memory *m, uint64_t at,
                        uint64_t expected, uint32_t bytes, int64_t ns)
{
    int64_t now = (int64_t)clock_ns();
    uint32_t r;

    touch(sip_of(in));
    r = futex_wait(sip_of(in), m->base + at, expected, bytes,
                   ns < 0 || ns > FOREVER - now ? FOREVER : now + ns);
    if (r == FUTEX_NO_MEMORY)
        out_of_memory(m);
    sched_point();
    return r;
}

uint32_t wasm_host_notify(struct wasm_instance *in, struct wasm_memory *m, uint64_t at,
                          uint32_t count)
{
    uint32_t n;

    touch(sip_of(in));
    n = futex_notify(sip_of(in), m->base + at, count);
    sched_point();
    return n;
}

/* Counts `bytes` of s; false: more than it may have. */
static bool alloc_count(struct sip *s, size_t bytes)
{
    size_t now;

    if (bytes > ALLOC_MAX)
        return false;
    now = __atomic_add_fetch(&s->alloc_bytes, bytes, __ATOMIC_RELAXED);
    if (now <= ALLOC_MAX && (bytes <= SMALL_ALLOC || sip_charge(s, (int64_t)bytes)))
        return true;
    __atomic_fetch_sub(&s->alloc_bytes, bytes, __ATOMIC_RELAXED);
    return false;
}

static void alloc_uncount(struct sip *s, size_t bytes)
{
    __atomic_fetch_sub(&s->alloc_bytes, bytes, __ATOMIC_RELAXED);
    if (bytes > SMALL_ALLOC)
        sip_charge(s, -(int64_t)bytes);
}

void *wasm_host_alloc(struct wasm_instance *in, size_t bytes)
{
    struct sip *s = sip_of(in);
    struct alloc *a;

    touch(s);
    if (!alloc_count(s, bytes))
        return NULL;
    if (!(a = kzalloc(sizeof *a + bytes))) {
        alloc_uncount(s, bytes);
        return NULL;
    }
    a->bytes = bytes;
    lock_take(&s->lock);
    list_push(&s->allocs, &a->link);
    lock_drop(&s->lock);
    sched_point();
    return a + 1;
}

void wasm_host_free(struct wasm_instance *in, void *p, size_t bytes)
{
    struct sip *s = sip_of(in);
    struct alloc *a;

    touch(s);
    if (!p)
        return;
    a = (struct alloc *)p - 1;
    lock_take(&s->lock);
    list_del(&a->link);
    lock_drop(&s->lock);
    alloc_uncount(s, a->bytes);
    kfree(a);
    sched_point();
}

void wasm_host_free_all(struct sip *s)
{
    struct link *l;

    while ((l = list_pop(&s->allocs)))
        kfree(container_of(l, struct alloc, link));
    s->alloc_bytes = 0;
    for (unsigned b = 0; s->types && b < TYPE_BUCKETS; b++)
        while ((l = list_pop(&s->types[b])))
            kfree(l);
    kfree(s->types);
    s->types = NULL;
}

/* ---- numbers of function types ----------------------------------------------------------------
 * Functions never leave their SIP, so that the numbers need only agree within one. A type of up
 * to nine values is its own number: three bits a value, a zero between parameters and results.
 * Longer ones, and those with a type that has no such code, are numbered in a table of the SIP that
 * is being linked. */

struct type { struct link link; uint32_t id, nparams, nresults; uint8_t values[]; };

static uint32_t type_code(uint8_t t)
{
    static const uint8_t order[] = { WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASM_V128,
                                     WASM_FUNCREF, WASM_EXTERNREF };
    uint32_t i = 0;

    while (i < sizeof order && order[i] != t)
        i++;
    return i < sizeof order ? i + 1 : 0;
}

/* 0: it has no such number. */
static uint32_t packed(const struct wasm_functype *t)
{
    uint32_t v = 1, code;

    if (t->nparams + (uint64_t)t->nresults > 9)
        return 0;
    for (uint32_t i = 0; i < t->nparams; i++) {
        if (!(code = type_code(t->params[i])))
            return 0;
        v = v << 3 | code;
    }
    v <<= 3;
    for (uint32_t i = 0; i < t->nresults; i++) {
        if (!(code = type_code(t->results[i])))
            return 0;
        v = v << 3 | code;
    }
    return v;
}

static bool same(const struct type *x, const struct wasm_functype *t)
{
    return x->nparams == t->nparams && x->nresults == t->nresults
        && memcmp(x->values, t->params, t->nparams) == 0
        && memcmp(x->values + t->nparams, t->results, t->nresults) == 0;
}

static struct link *bucket_of(struct sip *s, const struct wasm_functype *t)
{
    uint32_t h = 2166136261u;

    if (!s->types) {
        if (!(s->types = kmalloc(TYPE_BUCKETS * sizeof *s->types)))
            return NULL;
        for (unsigned b = 0; b < TYPE_BUCKETS; b++)
            list_init(&s->types[b]);
    }
    for (uint32_t i = 0; i < t->nparams; i++)
        h = (h ^ t->params[i]) * 16777619u;
    for (uint32_t i = 0; i < t->nresults; i++)
        h = (h ^ t->results[i] ^ 0x80u) * 16777619u;
    return &s->types[h >> 16 & (TYPE_BUCKETS - 1)];
}

uint32_t wasm_host_type_id(const struct wasm_functype *t)
{
    struct sip *s = this_thread()->linking;
    struct link *bucket;
    struct type *x;
    uint32_t number = packed(t);

    if (number)
        return number;
    if (!(bucket = bucket_of(s, t)))
        return 0;
    for (struct link *l = bucket->next; l != bucket; l = l->next)
        if (same(x = container_of(l, struct type, link), t))
            return x->id;
    if (!(x = kmalloc(sizeof *x + t->nparams + t->nresults)))
        return 0;
    x->id = TYPE_TABLE + s->ntypes++;
    x->nparams = t->nparams;
    x->nresults = t->nresults;
    memcpy(x->values, t->params, t->nparams);
    memcpy(x->values + t->nparams, t->results, t->nresults);
    list_push(bucket, &x->link);
    sched_point();
    return x->id;
}
