/*
 * arena_strict.c - stands in for wasm/arena.c in fuzzing builds: every allocation is one of its
 * own, of exactly the size asked for, so that AddressSanitizer sees what reaches beyond it,
 * outlives a reset or is used where it was before it grew; and arena_raw's content is garbage.
 */
#include <sanitizer/asan_interface.h>
#include "wasm/arena.h"

enum { HEAD = 32 };

void arena_init(struct wasm_arena *a, struct wasm_host *h, void **oom)
{
    *a = (struct wasm_arena){ .host = h, .oom = oom };
}

void *arena_raw(struct wasm_arena *a, size_t bytes)
{
    struct wasm_chunk *c = bytes < (size_t)-1 / 4 ? a->host->alloc(a->host->ctx, bytes + HEAD)
        : NULL;

    if (!c)
        __builtin_longjmp(a->oom, 1);
    *c = (struct wasm_chunk){ .next = a->chunks, .size = bytes + HEAD };
    a->chunks = c;
    a->total += c->size;
    if (a->total > a->peak)
        a->peak = a->total;
    return memset((uint8_t *)c + HEAD, 0xa5, bytes);
}

void *arena_alloc(struct wasm_arena *a, size_t bytes)
{
    return memset(arena_raw(a, bytes), 0, bytes);
}

void *arena_grow(struct wasm_arena *a, void *old, size_t old_bytes, size_t new_bytes)
{
    void *p = arena_raw(a, new_bytes);

    if (old_bytes)
        memcpy(p, old, old_bytes);
    ASAN_POISON_MEMORY_REGION(old, old_bytes);
    return p;
}

void arena_free(struct wasm_arena *a)
{
    for (struct wasm_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        a->total -= c->size;
        a->host->release(a->host->ctx, c, c->size);
    }
    a->chunks = NULL;
}

void arena_reset(struct wasm_arena *a)
{
    arena_free(a);
}
