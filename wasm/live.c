/*
 * live.c - which values are live at the ends of blocks, for the register allocator.
 *
 * The use lists are in text order, which says "used later" also of a value that is only used in
 * another arm of a branch. Bit sets of the values that cross blocks make that exact. Control flow
 * is reducible and loops are contiguous, so two passes are enough: backwards without the back
 * edges, then forwards, where every block of a loop gets what is live at its header (Boissinot et
 * al., "A Non-iterative Data-Flow Algorithm for Computing Liveness Sets in Strict SSA Programs",
 * 2011). Where the sets would be too large the text order alone decides; that is only less exact.
 */
#include "wasm/ra.h"

#define LIVE_MAX_BYTES (4u << 20)

static void or_row(uint64_t *to, const uint64_t *from, uint32_t words)
{
    for (uint32_t k = 0; k < words; k++)
        to[k] |= from[k];
}

static void or_succs(struct ra *ra, uint32_t b, uint64_t *out)
{
    struct ir_func *f = ra->f;
    struct lfunc *l = ra->l;

    for (uint32_t e = l->edges_of[b]; e; e = l->edge[e].next)
        if (l->edge[e].to > b && l->edge[e].to < f->nblocks)
            or_row(out, ra->live_in + (size_t)l->edge[e].to * ra->live_words, ra->live_words);
}

static void loops(struct ra *ra)
{
    struct ir_block *blocks = ra->f->blocks;
    uint32_t w = ra->live_words;

    for (uint32_t b = 1; b < ra->f->nblocks; b++) {
        uint32_t h = blocks[b].loop;
        if (!h)
            continue;
        uint64_t *in = ra->live_in + (size_t)b * w, *out = ra->live_out + (size_t)b * w;
        if (h == b) {
            if (blocks[b].loop_up)
                or_row(in, ra->live_in + (size_t)blocks[b].loop_up * w, w);
            or_row(out, in, w);
        } else {
            or_row(in, ra->live_in + (size_t)h * w, w);
            or_row(out, ra->live_in + (size_t)h * w, w);
        }
    }
}

/* pairs[0 .. n): (block, vreg) for each use outside of the block of its definition. */
void ra_live(struct ra *ra, const struct live_use *pairs, uint32_t n)
{
    struct ir_func *f = ra->f;
    struct wasm_arena *a = f->temp;
    uint32_t count = 0;

    ra->live_id = arena_alloc(a, f->nins * sizeof *ra->live_id);
    for (uint32_t k = 0; k < n; k++)
        if (!ra->live_id[pairs[k].v])
            ra->live_id[pairs[k].v] = ++count;
    uint32_t w = ra->live_words = (count + 64) / 64;
    if ((uint64_t)f->nblocks * w * 16 > LIVE_MAX_BYTES || (f->o->stress & WASM_STRESS_LIVE)) {
        ra->live_id = NULL;
        return;
    }
    ra->live_in = arena_alloc(a, (size_t)f->nblocks * w * 8);
    ra->live_out = arena_alloc(a, (size_t)f->nblocks * w * 8);
    uint32_t *first = arena_alloc(a, f->nblocks * sizeof *first);   /* definitions of a block */
    uint32_t *next = arena_alloc(a, (count + 1) * sizeof *next);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t id = ra->live_id[pairs[k].v], d = ra->l->def_block[pairs[k].v];
        if (next[id])
            continue;
        next[id] = first[d] ? first[d] : UINT32_MAX;
        first[d] = id;
    }
    uint32_t at = 0;
    for (uint32_t b = f->nblocks - 1; b >= 1; b--) {
        uint64_t *in = ra->live_in + (size_t)b * w, *out = ra->live_out + (size_t)b * w;
        or_succs(ra, b, out);
        memcpy(in, out, w * 8);
        for (uint32_t id = first[b]; id && id != UINT32_MAX; id = next[id])
            in[id / 64] &= ~(1ull << id % 64);
        for (; at < n && pairs[at].block == b; at++)
            in[ra->live_id[pairs[at].v] / 64] |= 1ull << ra->live_id[pairs[at].v] % 64;
    }
    loops(ra);
}
