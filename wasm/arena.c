/*
 * arena.c - chunked bump allocation over struct wasm_host.
 *
 * An arena belongs to one thread of compilation. Chunks double in size up to a limit so that small
 * functions hold little and large ones ask seldom. A block of ALONE bytes and more that does not
 * fit has a chunk of its own, which is given back when it grows: else arrays that double would
 * leave as much behind as they hold. The head of a chunk is part of its `size`.
 */
#include "wasm/arena.h"

enum { CHUNK_MIN = 32 * 1024, CHUNK_MAX = 1024 * 1024, CHUNK_HEAD = 32, ALONE = 128 * 1024 };

_Static_assert(sizeof(struct wasm_chunk) <= CHUNK_HEAD, "chunk head");

void arena_init(struct wasm_arena *a, struct wasm_host *h, void **oom)
{
    *a = (struct wasm_arena){ .host = h, .oom = oom };
}

static size_t round16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static _Noreturn void out_of_memory(struct wasm_arena *a)
{
    __builtin_longjmp(a->oom, 1);
}

/* A chunk of that size, in no list yet. */
static struct wasm_chunk *chunk_take(struct wasm_arena *a, size_t size)
{
    struct wasm_chunk *c = a->host->alloc(a->host->ctx, size);
    if (!c)
        out_of_memory(a);
    c->size = size;
    c->used = CHUNK_HEAD;
    a->total += size;
    size_t held = a->total + (a->other ? a->other->total : 0);
    if (held > a->peak)
        a->peak = held;
    return c;
}

static struct wasm_chunk *chunk_new(struct wasm_arena *a, size_t need)
{
    size_t size = a->chunks ? 2 * a->chunks->size : CHUNK_MIN;
    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    if (need > (size_t)-1 / 4)
        out_of_memory(a);
    if (size < need + CHUNK_HEAD)
        size = round16(need + CHUNK_HEAD);
    struct wasm_chunk *c = chunk_take(a, size);
    c->next = a->chunks;
    a->chunks = c;
    return c;
}

/* A block with a chunk of its own, behind the one that small blocks are taken from. */
static void *alone(struct wasm_arena *a, size_t n)
{
    if (n > (size_t)-1 / 4)
        out_of_memory(a);
    struct wasm_chunk *c = chunk_take(a, n + CHUNK_HEAD);
    c->used = c->size;
    c->next = a->chunks->next;
    a->chunks->next = c;
    return (uint8_t *)c + CHUNK_HEAD;
}

void *arena_raw(struct wasm_arena *a, size_t bytes)
{
    bytes = round16(bytes);
    struct wasm_chunk *c = a->chunks;
    if (!c || bytes > c->size - c->used) {
        if (c && bytes >= ALONE)
            return alone(a, bytes);
        c = chunk_new(a, bytes);
    }
    uint8_t *p = (uint8_t *)c + c->used;
    c->used += bytes;
    return p;
}

void *arena_alloc(struct wasm_arena *a, size_t bytes)
{
    return memset(arena_raw(a, bytes), 0, round16(bytes));
}

static void chunk_release(struct wasm_arena *a, struct wasm_chunk *c)
{
    a->total -= c->size;
    a->host->release(a->host->ctx, c, c->size);
}

/* The chunk that holds block p of n bytes and nothing else goes, if there is one. */
static void release_alone(struct wasm_arena *a, const void *p, size_t n)
{
    for (struct wasm_chunk **link = &a->chunks; *link; link = &(*link)->next) {
        struct wasm_chunk *c = *link;
        if ((uint8_t *)c + CHUNK_HEAD != p)
            continue;
        if (c->used == CHUNK_HEAD + n) {
            *link = c->next;
            chunk_release(a, c);
        }
        return;
    }
}

void *arena_grow(struct wasm_arena *a, void *old, size_t old_bytes, size_t new_bytes)
{
    struct wasm_chunk *c = a->chunks;
    size_t o = round16(old_bytes), n = round16(new_bytes);
    if (old && c && (uint8_t *)old + o == (uint8_t *)c + c->used && n - o <= c->size - c->used) {
        c->used += n - o;
        return old;
    }
    void *p = arena_raw(a, new_bytes);
    if (old_bytes)
        memcpy(p, old, old_bytes);
    if (o >= ALONE)
        release_alone(a, old, o);
    return p;
}

void arena_reset(struct wasm_arena *a)
{
    struct wasm_chunk *keep = a->chunks, *next;
    if (!keep)
        return;
    for (struct wasm_chunk *c = keep->next; c; c = next) {
        next = c->next;
        if (c->size > keep->size && c->size <= CHUNK_MAX) {
            chunk_release(a, keep);
            keep = c;
        } else {
            chunk_release(a, c);
        }
    }
    keep->next = NULL;
    keep->used = CHUNK_HEAD;
    a->chunks = keep;
}

void arena_free(struct wasm_arena *a)
{
    for (struct wasm_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        chunk_release(a, c);
    }
    a->chunks = NULL;
}
