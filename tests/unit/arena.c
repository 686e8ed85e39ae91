/*
 * arena.c - wasm/arena.c over a host that counts, fills what it hands out with garbage and may
 * refuse: blocks are aligned, zeroed where promised, apart from each other; growing keeps the
 * content; everything comes back; whichever allocation fails, the way out is taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wasm/arena.h"

enum { BLOCKS = 2000, ROUNDS = 50 };

static size_t held, most_held;
static unsigned allocations, fail_at;       /* fail_at: the allocation that is refused, 0 none */
static unsigned seed = 1;

static void *take(void *ctx, size_t n)
{
    if (++allocations == fail_at)
        return NULL;
    held += n;
    if (held > most_held)
        most_held = held;
    return memset(malloc(n), 0xa5, n);
}

static void give(void *ctx, void *p, size_t n)
{
    held -= n;
    memset(p, 0x5a, n);
    free(p);
}

static struct wasm_host host = { .alloc = take, .release = give };

static unsigned rnd(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static int cases, failures;

static void check(bool ok, const char *what)
{
    printf("%sok %d - %s\n", ok ? "" : "not ", ++cases, what);
    failures += !ok;
}

static size_t random_size(void)
{
    return rnd(50) == 0 ? rnd(300000) : rnd(5) == 0 ? rnd(5000) : rnd(100);
}

/* Each block is filled with a number of its own; all are looked at in the end. */
struct block { uint8_t *p; size_t n; uint8_t with; };

static bool holds(const struct block *b, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (b->p[k] != b->with)
            return false;
    return true;
}

static bool fill(struct wasm_arena *a)
{
    static struct block block[BLOCKS];
    bool ok = true;

    for (unsigned k = 0; k < BLOCKS; k++) {
        struct block *b = &block[k];
        size_t old = b > block ? (b - 1)->n : 0;
        if (b > block && rnd(4) == 0) {         /* the last one, or another, grows */
            struct block *of = rnd(2) ? b - 1 : &block[rnd(k)];
            old = of->n;
            *b = *of;
            b->n = old + random_size();
            b->p = arena_grow(a, of->p, old, b->n);
            ok = ok && holds(b, old);
            of->n = 0;
        } else {
            *b = (struct block){ .n = random_size() };
            bool zero = rnd(2);
            b->p = zero ? arena_alloc(a, b->n) : arena_raw(a, b->n);
            ok = ok && (!zero || holds(b, b->n));
        }
        ok = ok && (uintptr_t)b->p % 16 == 0;
        b->with = (uint8_t)rnd(256);
        memset(b->p, b->with, b->n);
    }
    for (unsigned k = 0; k < BLOCKS; k++)
        ok = ok && holds(&block[k], block[k].n);
    return ok;
}

static void random_use(void)
{
    struct wasm_arena a;
    void *oom[5];
    bool content = true, counted = true, kept = true;

    arena_init(&a, &host, oom);
    if (__builtin_setjmp(oom)) {
        check(false, "no way out is taken while there is memory");
        return;
    }
    for (int k = 0; k < ROUNDS; k++) {
        content = fill(&a) && content;
        counted = counted && a.total == held && a.peak == most_held;
        arena_reset(&a);
        kept = kept && a.total == held && a.chunks && !a.chunks->next;
    }
    arena_free(&a);
    check(content, "blocks are aligned, apart, zeroed if promised, and keep what is in them");
    check(counted, "total and peak are what the host gave");
    check(kept, "a reset keeps one chunk");
    check(held == 0 && a.total == 0, "all is given back");
}

/* The n-th allocation fails, for every n until none does. */
static void no_memory(void)
{
    unsigned tried = 0;
    volatile unsigned out = 0;
    bool clean = true;

    for (;; tried++) {
        struct wasm_arena a;
        void *oom[5];
        allocations = 0;
        fail_at = tried + 1;
        seed = 7;
        arena_init(&a, &host, oom);
        if (__builtin_setjmp(oom)) {
            out++;
            arena_free(&a);
            clean = clean && held == 0;
            continue;
        }
        fill(&a);
        arena_free(&a);
        break;
    }
    fail_at = 0;
    check(out == tried && out > 3, "each refused allocation is the way out");
    check(clean && held == 0, "nothing is lost on the way out");
}

/* Two arrays that double in turn, and small blocks between: what they have left is not held. */
static void doubling(void)
{
    enum { MOST = 16 << 20 };
    struct wasm_arena a;
    void *oom[5];
    uint8_t *p[2] = { NULL, NULL };
    bool same = true;

    arena_init(&a, &host, oom);
    if (__builtin_setjmp(oom)) {
        check(false, "arrays that double find memory");
        return;
    }
    for (size_t n = 1024, old = 0; n <= MOST; old = n, n *= 2)
        for (int k = 0; k < 2; k++) {
            p[k] = arena_grow(&a, p[k], old, n);
            memset(p[k] + old, k + 1, n - old);
            same = same && p[k][0] == k + 1 && p[k][n / 2] == k + 1;
            arena_raw(&a, 100);
        }
    check(same && held < 2 * MOST + (3 << 20), "arrays that double leave little behind");
    arena_free(&a);
}

static void too_much(void)
{
    static const size_t sizes[] = { (size_t)-1 / 2, (size_t)-1 / 4 + 64, (size_t)1 << 48 };
    volatile unsigned out = 0;

    for (volatile unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct wasm_arena a;
        void *oom[5];
        arena_init(&a, &host, oom);
        allocations = 0;
        fail_at = 1;
        if (__builtin_setjmp(oom))
            out++;
        else
            arena_raw(&a, sizes[k]);
        fail_at = 0;
    }
    check(out == sizeof sizes / sizeof *sizes, "sizes beyond all memory are refused");
}

int main(void)
{
    printf("1..8\n");
    random_use();
    no_memory();
    doubling();
    too_much();
    return failures != 0;
}
