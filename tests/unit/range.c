/*
 * range.c - kernel/range.c beside a map of every page: random takes and frees never overlap, stay
 * inside, find room whenever a gap is large enough, and merge to one range at the end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/range.h"

enum { PAGES = 256, PAGE_BYTES = 4096, HELD = 64, ROUNDS = 200000 };

static const uintptr_t base = 0x100000000;
static uint8_t taken[PAGES];
static struct { uintptr_t at; uint32_t pages; } held[HELD];
static uint32_t nheld, seed = 1;

void *kmalloc(size_t n)
{
    return malloc(n);
}

void *kzalloc(size_t n)
{
    return calloc(1, n);
}

void kfree(void *p)
{
    free(p);
}

void panic(const char *fmt, ...)
{
    printf("Bail out! panic: %s\n", fmt);
    exit(1);
}

static uint32_t rnd(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static uint32_t largest_gap(void)
{
    uint32_t best = 0, run = 0;

    for (uint32_t i = 0; i < PAGES; i++) {
        run = taken[i] ? 0 : run + 1;
        best = run > best ? run : best;
    }
    return best;
}

static const char *take(struct range_space *s)
{
    uint32_t n = 1 + rnd(24), gap = largest_gap();
    uintptr_t at = range_alloc(s, (size_t)n * PAGE_BYTES);

    if (!at)
        return n <= gap ? "no room found where there is some" : NULL;
    uint32_t first = (uint32_t)((at - base) / PAGE_BYTES);
    if (at < base || at % PAGE_BYTES || first + n > PAGES)
        return "outside of the space";
    for (uint32_t i = first; i < first + n; i++)
        if (taken[i]++)
            return "handed out twice";
    held[nheld].at = at;
    held[nheld++].pages = n;
    return NULL;
}

static const char *give(struct range_space *s)
{
    uint32_t k = rnd(nheld);
    uint32_t first = (uint32_t)((held[k].at - base) / PAGE_BYTES);

    if (!range_free(s, held[k].at, (size_t)held[k].pages * PAGE_BYTES))
        return "not taken back";
    memset(taken + first, 0, held[k].pages);
    held[k] = held[--nheld];
    return NULL;
}

int main(void)
{
    struct range_space s = RANGE_SPACE(base, (size_t)PAGES * PAGE_BYTES);
    const char *bad = NULL;

    for (uint32_t k = 0; k < ROUNDS && !bad; k++)
        bad = nheld == 0 || (nheld < HELD && rnd(2)) ? take(&s) : give(&s);
    printf("%s 1 - random takes and frees%s%s\n", bad ? "not ok" : "ok", bad ? ": " : "",
           bad ? bad : "");
    while (nheld && !bad)
        bad = give(&s);
    bool whole = !bad && range_alloc(&s, (size_t)PAGES * PAGE_BYTES) == base;
    printf("%s 2 - all given back is one range again\n", whole ? "ok" : "not ok");
    bool full = whole && range_alloc(&s, PAGE_BYTES) == 0;
    printf("%s 3 - nothing is left when all is taken\n1..3\n", full ? "ok" : "not ok");
    return bad || !whole || !full;
}
