/*
 * simd.c - the table of simd.h as data, and the pool of vector constants of a function.
 *
 * An IR_CONST of type T_V128 holds an index into the pool in `b`. Equal vectors have equal
 * indices, but for collisions in the hash table, so that constants are numbered like those of other
 * types. Index 0 is the zero vector, always.
 */
#include "wasm/build.h"
#include "wasm/simd.h"
#include "wasm/x64.h"

const struct vop_info vop_table[VOP_COUNT] = {
#define X(name, pfx, map, byte, imm, flags) \
    { XOP(X_##pfx, X_##map, byte), imm, flags, #name },
    VOPS(X)
#undef X
};

enum { MAX_PROBES = 32 };

static uint32_t hash(uint64_t lo, uint64_t hi)
{
    uint64_t h = (lo ^ lo >> 32) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 29 ^ hi) * 0xc2b2ae3d27d4eb4fu;
    h = (h ^ h >> 32) * 0x165667b19e3779f9u;
    return (uint32_t)(h >> 32);
}

/* The slot of this vector, or a free one for it; NULL where too many others are in the way. */
static uint32_t *slot_of(const struct ir_func *f, uint64_t lo, uint64_t hi)
{
    uint32_t h = hash(lo, hi);
    for (uint32_t i = h; i != h + MAX_PROBES; i++) {
        uint32_t *s = &f->v128_slots[i & f->v128_mask];
        if (!*s || (f->v128[*s].lo == lo && f->v128[*s].hi == hi))
            return s;
    }
    return NULL;
}

static void grow(struct ir_func *f)
{
    uint32_t cap = f->cap_v128 ? 2 * f->cap_v128 : 16, *s;
    f->v128 = arena_grow(f->arena, f->v128, f->cap_v128 * sizeof *f->v128, cap * sizeof *f->v128);
    f->cap_v128 = cap;
    f->v128_mask = 2 * cap - 1;
    f->v128_slots = arena_alloc(f->arena, 2 * (size_t)cap * sizeof *f->v128_slots);
    if (!f->nv128)
        f->nv128 = 1;
    for (uint32_t i = 1; i < f->nv128; i++)
        if ((s = slot_of(f, f->v128[i].lo, f->v128[i].hi)))
            *s = i;
}

uint32_t ir_v128(struct ir_func *f, uint64_t lo, uint64_t hi)
{
    if (!lo && !hi)
        return 0;
    if (f->nv128 == f->cap_v128)
        grow(f);
    uint32_t *s = slot_of(f, lo, hi);
    if (s && *s)
        return *s;
    f->v128[f->nv128].lo = lo;
    f->v128[f->nv128].hi = hi;
    if (s)
        *s = f->nv128;
    return f->nv128++;
}

struct ir_vector ir_vector(const struct ir_func *f, uint32_t index)
{
    return index ? f->v128[index] : (struct ir_vector){ 0, 0 };
}
