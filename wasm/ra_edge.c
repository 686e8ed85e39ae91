/*
 * ra_edge.c - the registers at the start and the end of blocks, and the moves of the edges between.
 *
 * A block with one predecessor starts with the registers of that predecessor's end. Where several
 * meet, a value keeps a register if most predecessors have it in one; the edges get the parallel
 * moves that make it true. A loop header fixes the state that its back edges must restore.
 */
#include "wasm/ra.h"

/* ---- edges --------------------------------------------------------------------------------- */

static uint8_t find_in(const struct regs *s, uint32_t v, int guess)
{
    if (s->val[guess] == v)
        return guess;
    for (uint32_t rest = s->used; rest; rest &= rest - 1)
        if (s->val[__builtin_ctz(rest)] == v)
            return __builtin_ctz(rest);
    return NOREG;
}

/* Moves that turn the end of predecessor k of block b into the state `want` at b's start. */
void ra_resolve(struct ra *ra, uint32_t b, uint32_t k, const struct regs *want)
{
    struct lfunc *l = ra->l;
    struct ir_func *f = ra->f;
    uint32_t p = f->args[f->blocks[b].preds + k];
    struct regs *have = f->blocks[b].landing ? ra->unwind[p] : ra->snap[p];
    struct edge *e = &l->edge[ra->edge_base[b] + k];
    uint32_t busy = want->used | have->used;

    e->moves = l->npool;
    for (uint32_t rest = want->used; rest; rest &= rest - 1) {
        int r = __builtin_ctz(rest);
        uint32_t v = want->val[r];
        if (have->val[r] == v || (f->ins[v].op == IR_PHI && l->def_block[v] == b))
            continue;
        struct pmove *m = ra_pool_add(ra);
        m->rd = r;
        ra_pmove_from(ra, m, v, find_in(have, v, r));
        ra->touched[v] = ra->at;
    }
    for (uint32_t v = f->blocks[b].first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next) {
        if (l->entry_reg[v] == NOREG && !l->spilled[v])
            continue;       /* nobody reads it */
        uint32_t o = ra_vreg(ra, f->args[f->ins[v].a + k]);
        uint8_t rd = l->entry_reg[v], rs = find_in(have, o, rd == NOREG ? 0 : rd);
        ra->touched[o] = ra->at;
        if (rd != NOREG ? rd == rs : o == v)
            continue;
        struct pmove *m = ra_pool_add(ra);
        m->rd = rd == NOREG ? PM_SLOT : rd;
        m->to = v;
        ra_pmove_from(ra, m, o, rs);
        busy |= rd == NOREG ? 0 : BIT(rd);      /* want may have dropped it */
    }
    e->nmoves = l->npool - e->moves;
    uint32_t spare = ra->ints & ~busy & (~R_CALLEE | l->callee_used);
    e->spare = spare ? (uint8_t)__builtin_ctz(spare) : NOREG;
}

/* ---- block starts -------------------------------------------------------------------------- */

static bool available(struct ra *ra, uint32_t v, uint32_t b)
{
    uint32_t d = ra->l->def_block[v];

    return ra_is_const(ra, v) ||
           (ra->dom_in[d] <= ra->dom_in[b] && ra->dom_out[b] <= ra->dom_out[d]);
}

/* The predecessor whose registers a merge starts from: the deepest, else the nearest one. */
static uint32_t main_pred(struct ra *ra, uint32_t b)
{
    struct ir_func *f = ra->f;
    uint32_t best = 0;

    for (uint32_t k = 0; k < f->blocks[b].npreds; k++) {
        uint32_t p = f->args[f->blocks[b].preds + k];
        if (p >= b)
            continue;
        if (!best || f->blocks[p].depth > f->blocks[best].depth ||
            (f->blocks[p].depth == f->blocks[best].depth && p > best))
            best = p;
    }
    return best;
}

static void start_params(struct ra *ra)
{
    struct ir_func *f = ra->f;
    struct lfunc *l = ra->l;
    struct abi_walk w = { 0 };
    uint32_t n = f->type->nparams;
    struct abi_loc *loc = arena_raw(f->temp, (n + 1) * sizeof *loc);

    for (uint32_t k = 0; k < n; k++)
        loc[k] = abi_next(&w, ir_type_of(f->type->params[k]));
    for (uint32_t v = f->blocks[1].first; v; v = f->ins[v].next) {
        uint32_t k = f->ins[v].b;
        if (f->ins[v].op != IR_PARAM || loc[k].reg == NOREG || !ra_next_use(ra, v))
            continue;       /* a stack parameter is its own slot: emit.c knows where */
        l->entry_reg[v] = l->def_reg[v] = loc[k].reg;
        ra->touched[v] = ra->at;
        ra_bind(ra, v, loc[k].reg);
    }
}

/* how many of b's processed predecessors have v in a register, against how many there are */
static bool mostly_in_reg(struct ra *ra, uint32_t b, uint32_t v, int r)
{
    struct ir_func *f = ra->f;
    uint32_t have = 0, n = 0;

    for (uint32_t k = 0; k < f->blocks[b].npreds; k++) {
        uint32_t p = f->args[f->blocks[b].preds + k];
        if (p >= b)
            continue;
        n++;
        have += find_in(ra->snap[p], v, r) != NOREG;
    }
    return ra_is_const(ra, v) ? have == n : 2 * have >= n;
}

static void place_phi(struct ra *ra, uint32_t b, uint32_t v, uint32_t main)
{
    struct ir_func *f = ra->f;
    struct lfunc *l = ra->l;
    uint32_t n = ra_next_use(ra, v), mask = ra_class(ra, v), k = 0;

    if (!n)
        return;
    while (f->args[f->blocks[b].preds + k] != main)
        k++;
    uint8_t r = find_in(ra->snap[main], ra_vreg(ra, f->args[f->ins[v].a + k]), 0);
    if (ra->hint[v] == NOREG || ra->now.val[ra->hint[v]])
        ra->hint[v] = r;
    ra->locked = 0;
    if (!(mask & ~ra_occupied(ra, mask))) {
        int out = ra_pick_victim(ra, mask);
        uint32_t victim = ra->now.val[out];
        if (ra_next_use(ra, victim) >= n) {
            ra_spill(ra, v);           /* it lives in memory */
            ra->hint[v] = NOREG;
            return;
        }
        if (l->entry_reg[victim] != NOREG && l->def_block[victim] == b)
            /* a phi placed before: into memory */
            l->entry_reg[victim] = l->def_reg[victim] = NOREG;
        ra_evict(ra, out);
        mask = BIT(out);
    }
    r = ra_take(ra, v, mask);
    l->entry_reg[v] = r;
    ra->hint[v] = r;
    ra_define(ra, v, r);
}

/* Vector constants that a loop without calls uses are loaded before it, as far as registers are
 * free. */
static void preload_consts(struct ra *ra, uint32_t loop_end)
{
    uint32_t spare = 2;

    if (ra_next_call(ra) > loop_end)
        return;
    for (uint32_t k = 0; k < ra->nvconst; k++) {
        uint32_t v = ra->vconst[k], free = ra->vecs & ~ra_occupied(ra, ra->vecs);
        if ((uint32_t)__builtin_popcount(free) <= spare)
            return;
        if (ra->regof[v] == NOREG && ra_next_use(ra, v) > loop_end) {
            ra_bind(ra, v, ra_pick_free(ra, v, free));
            ra->touched[v] = ra->at;
        }
    }
}

static void start_merge(struct ra *ra, uint32_t b)
{
    struct ir_func *f = ra->f;
    struct ir_block *bl = &f->blocks[b];
    uint32_t main = main_pred(ra, b);
    uint32_t loop_end = bl->header ? ra->l->block_last[bl->loop_end] : 0;

    for (uint32_t rest = ra->snap[main]->used; rest; rest &= rest - 1) {
        int r = __builtin_ctz(rest);
        uint32_t v = ra->snap[main]->val[r], n = ra_next_use(ra, v);
        if (!n || !available(ra, v, b) || !mostly_in_reg(ra, b, v, r))
            continue;
        if (bl->header && ra_is_const(ra, v) && n < loop_end)
            continue;
        ra_bind(ra, v, r);
    }
    for (uint32_t v = bl->first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next)
        place_phi(ra, b, v, main);
    if (bl->header) {
        preload_consts(ra, loop_end);
        ra->head[b] = arena_raw(ra->f->temp, sizeof *ra->head[b]);
        *ra->head[b] = ra->now;
    }
    for (uint32_t k = 0; k < bl->npreds; k++)
        if (f->args[bl->preds + k] < b)
            ra_resolve(ra, b, k, &ra->now);
}

/* Control comes out of calls: registers hold nothing, phis are in memory since before the call. */
static void start_landing(struct ra *ra, uint32_t b)
{
    struct ir_func *f = ra->f;
    struct ir_block *bl = &f->blocks[b];

    for (uint32_t v = bl->first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next)
        if (ra_next_use(ra, v))
            ra_spill(ra, v);
    for (uint32_t k = 0; k < bl->npreds; k++)
        ra_resolve(ra, b, k, &ra->now);
}

void ra_start_block(struct ra *ra, uint32_t b)
{
    struct ir_func *f = ra->f;
    struct ir_block *bl = &f->blocks[b];

    for (uint32_t rest = ra->now.used; rest; rest &= rest - 1)
        ra_unbind(ra, __builtin_ctz(rest));
    ra->cur = b;
    ra->block_last = ra->l->block_last[b];
    ra->live_now = ra->live_id ? ra->live_out + (size_t)b * ra->live_words : NULL;
    ra->at = ra->l->block_first[b] + 1;
    ra->locked = 0;
    if (b == 1) {
        start_params(ra);
    } else if (bl->landing) {
        start_landing(ra, b);
    } else if (bl->npreds == 1 && !(bl->first && f->ins[bl->first].op == IR_PHI)) {
        struct regs *s = ra->snap[f->args[bl->preds]];
        for (uint32_t rest = s->used; rest; rest &= rest - 1) {
            int r = __builtin_ctz(rest);
            if (ra_next_use(ra, s->val[r]))
                ra_bind(ra, s->val[r], r);
        }
    } else {
        start_merge(ra, b);
    }
}

void ra_end_block(struct ra *ra, uint32_t b)
{
    struct ir_func *f = ra->f;
    struct lfunc *l = ra->l;

    ra->snap[b] = arena_raw(f->temp, sizeof *ra->snap[b]);
    *ra->snap[b] = ra->now;
    for (uint32_t e = l->edges_of[b]; e; e = l->edge[e].next) {
        uint32_t to = l->edge[e].to;
        if (to > b)
            continue;
        if (f->blocks[to].npreds > 1 || ra->head[to])
            ra_resolve(ra, to, l->edge[e].index, ra->head[to]);
    }
}
