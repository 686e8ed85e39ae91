/*
 * arena.h - memory that is freed all at once. Chunks come from struct wasm_host.
 * Running out is the compiler's one non-local exit: arena_alloc jumps to arena->oom.
 */
#ifndef WASM_ARENA_H
#define WASM_ARENA_H

#include "wasm/host.h"

struct wasm_chunk { struct wasm_chunk *next; size_t size, used; };

struct wasm_arena {
    struct wasm_host *host;
    struct wasm_chunk *chunks;      /* newest first */
    size_t total, peak;             /* bytes held now; at most, those of `other` among them */
    const struct wasm_arena *other; /* used along with this one, or NULL */
    void **oom;                     /* __builtin_setjmp buffer of 5 words */
};

void arena_init(struct wasm_arena *a, struct wasm_host *h, void **oom);
/* Zeroed, 16-byte aligned. Never returns NULL. */
void *arena_alloc(struct wasm_arena *a, size_t bytes);
/* The same, but the content is anything. */
void *arena_raw(struct wasm_arena *a, size_t bytes);
/* Same content, in a new place if it cannot grow where it is: the old one is gone then. The new
 * part is anything. */
void *arena_grow(struct wasm_arena *a, void *old, size_t old_bytes, size_t new_bytes);
void arena_reset(struct wasm_arena *a);     /* frees all but one chunk */
void arena_free(struct wasm_arena *a);      /* frees everything */

#endif
