/*
 * memory.c - malloc: a list of free blocks in order of address, first fit, joined when freed.
 * Memory comes from memory.grow and is never given back.
 *
 * Every block begins with its size (a multiple of 16, header included); what malloc returns
 * follows the 16-byte header.
 */
#include "sips/sip.h"
#include "sips/runtime/lock.h"

#define PAGE 65536u
#define HEAD 16u

struct block { uint32_t size; struct block *next; };

extern char __heap_base;
static struct block *free_list;
static uintptr_t top, limit;        /* unused memory between them */
static uint32_t heap_lock;          /* of all that */

/* n bytes from the unused end, growing the memory as needed. */
static struct block *fresh(uint32_t n)
{
    struct block *b;

    if (!top) {
        top = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
        limit = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    }
    while (n > limit - top) {
        uint32_t pages = (uint32_t)((n - (limit - top) + PAGE - 1) / PAGE);
        size_t old = __builtin_wasm_memory_grow(0, pages);
        if (old == (size_t)-1)
            return NULL;
        if (old * PAGE != limit)            /* the program has grown it, too */
            top = old * PAGE;
        limit = (old + pages) * PAGE;
    }
    b = (struct block *)top;
    b->size = n;
    top += n;
    return b;
}

/* A block of n bytes, its header included. */
static struct block *take(uint32_t n)
{
    struct block **at, *b;

    for (at = &free_list; (b = *at) && b->size < n; at = &b->next)
        ;
    if (!b) {
        b = fresh(n);
    } else if (b->size >= n + 2 * HEAD) {
        struct block *rest = (struct block *)((char *)b + n);
        rest->size = b->size - n;
        rest->next = b->next;
        *at = rest;
        b->size = n;
    } else {
        *at = b->next;
    }
    return b;
}

void *malloc(size_t bytes)
{
    struct block *b;

    if (bytes > UINT32_MAX - 2 * PAGE)
        return NULL;
    lock_take(&heap_lock);
    b = take((uint32_t)((bytes + HEAD + 15) & ~(size_t)15));
    lock_drop(&heap_lock);
    return b ? (char *)b + HEAD : NULL;
}

void *calloc(size_t n, size_t size)
{
    void *p;

    if (size && n > SIZE_MAX / size)
        return NULL;
    p = malloc(n * size);
    return p ? memset(p, 0, n * size) : NULL;
}

/* Joins b with the block behind it if they touch. */
static void join(struct block *b)
{
    struct block *n = b->next;

    if (n && (char *)b + b->size == (char *)n) {
        b->size += n->size;
        b->next = n->next;
    }
}

static void give(struct block *b)
{
    struct block **at, *before = NULL;

    for (at = &free_list; *at && *at < b; at = &before->next)
        before = *at;
    b->next = *at;
    *at = b;
    join(b);
    if (before)
        join(before);
}

void free(void *p)
{
    if (!p)
        return;
    lock_take(&heap_lock);
    give((struct block *)((char *)p - HEAD));
    lock_drop(&heap_lock);
}

void *realloc(void *p, size_t n)
{
    void *q;
    uint32_t old;

    if (!p)
        return malloc(n);
    old = ((struct block *)((char *)p - HEAD))->size - HEAD;
    if (n <= old)
        return p;
    q = malloc(n);
    if (q) {
        memcpy(q, p, old);
        free(p);
    }
    return q;
}
