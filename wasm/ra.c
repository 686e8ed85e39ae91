/*
 * ra.c - register allocation in one forward walk, with next-use distances.
 *
 * Registers are filled as the code goes; when none is free, the value whose next use is farthest
 * leaves (Belady). What leaves is stored once, behind its definition, so leaving costs nothing at
 * that point and a reload is right anywhere later. Constants are never stored but made again.
 *
 * A block with one predecessor starts with the registers of that predecessor's end. Where several
 * meet, a value keeps a register if most predecessors have it in one; the edges get the parallel
 * moves that make it true. A loop header fixes the state that its back edges must restore; a value
 * that has not been touched since the header and must leave inside of the loop is taken out of the
 * header's state after the fact (drop), so that no iteration pays for it.
 *
 * Needs: lir[], the use lists (uses.c). Writes mi[], pool[], edges' moves, spilled, def_reg,
 * callee_used.
 * References: Belady 1966; Braun and Hack, "Register Spilling and Live-Range Splitting for SSA-Form
 * Programs", 2009.
 */
#include "wasm/ra.h"

static const uint8_t order_caller[] = { RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11, RBX, RBP, R12,
                                        R13 };
static const uint8_t order_callee[] = { RBX, RBP, R12, R13, RAX, RCX, RDX, RSI, RDI, R8, R9, R10,
                                        R11 };

static bool is_const(struct ra *ra, uint32_t v)
{
    return ra->f->ins[v].op == IR_CONST;
}

static uint32_t class_mask(struct ra *ra, uint32_t v)
{
    return ir_is_vec(ra->f->ins[v].type) ? ra->vecs : ra->ints;
}

/* lir index of v's next use after the current instruction, 0 if there is none */
static uint32_t next_use(struct ra *ra, uint32_t v)
{
    struct lfunc *l = ra->l;
    uint32_t u = l->uses_of[v];

    while (u && l->use[u].at >= ra->at)
        u = l->use[u].next;
    l->uses_of[v] = u;
    if (!u)
        return 0;
    uint32_t n = l->use[u].at;
    if (n < l->block_last[ra->cur] && ra->live_id && ra->live_id[v]) {
        uint32_t id = ra->live_id[v];
        if (!(ra->live_out[(size_t)ra->cur * ra->live_words + id / 64] >> id % 64 & 1))
            return 0;           /* only in text: not reached from here */
    }
    return n;
}

/* Is there a call between here and the last use of v? */
static bool crosses_call(struct ra *ra, uint32_t v)
{
    struct lfunc *l = ra->l;

    while (ra->next_call && l->call_at[ra->next_call - 1] >= ra->at)
        ra->next_call--;
    return ra->next_call && l->call_at[ra->next_call - 1] > l->end_of[v];
}

/* ---- output -------------------------------------------------------------------------------- */

static struct mi *out(struct ra *ra, int kind)
{
    struct lfunc *l = ra->l;

    if (l->nmi == l->capmi) {
        l->mi = arena_grow(l->arena, l->mi, l->capmi * sizeof *l->mi, 2 * l->capmi * sizeof *l->mi);
        l->capmi *= 2;
    }
    l->mi[l->nmi] = (struct mi){ .kind = kind, .rd = NOREG, .r1 = NOREG, .r2 = NOREG, .r3 = NOREG,
                                 .t1 = NOREG };
    return &l->mi[l->nmi++];
}

static struct pmove *pool_add(struct ra *ra)
{
    struct lfunc *l = ra->l;

    if (l->npool == l->cappool) {
        l->pool = arena_grow(l->arena, l->pool, l->cappool * sizeof *l->pool,
                             2 * l->cappool * sizeof *l->pool);
        l->cappool *= 2;
    }
    return &l->pool[l->npool++];
}

static void out_move(struct ra *ra, uint32_t v, int rd, int rs)
{
    struct mi *m = out(ra, MI_MOVE);

    m->rd = rd;
    m->r1 = rs;
    m->type = ra->f->ins[v].type;
}

static void spill(struct ra *ra, uint32_t v)
{
    if (!is_const(ra, v))
        ra->l->spilled[v] = ra->l->any_spilled = true;
}

/* register rd <- v from where it lives when it is in no register */
static void out_fetch(struct ra *ra, uint32_t v, int rd)
{
    struct mi *m = out(ra, is_const(ra, v) ? MI_CONST : MI_RELOAD);

    m->rd = rd;
    m->a = v;
    m->type = ra->f->ins[v].type;
    spill(ra, v);
}

/* source operand of a parallel move */
static void pmove_from(struct ra *ra, struct pmove *m, uint32_t v, uint8_t reg)
{
    m->type = ra->f->ins[v].type;
    m->from = v;
    m->rs = reg != NOREG ? reg : PM_SLOT;
    if (reg == NOREG)
        spill(ra, v);
}

static void resolve(struct ra *ra, uint32_t b, uint32_t k, const struct regs *want);

/* ---- register state ------------------------------------------------------------------------ */

static void bind(struct ra *ra, uint32_t v, int r)
{
    ra->now.val[r] = v;
    ra->now.used |= BIT(r);
    ra->regof[v] = r;
    if (BIT(r) & R_CALLEE)
        ra->l->callee_used |= BIT(r);
}

static void unbind(struct ra *ra, int r)
{
    ra->regof[ra->now.val[r]] = NOREG;
    ra->now.val[r] = 0;
    ra->now.used &= ~BIT(r);
}

static void forget(struct regs *s, int r)
{
    s->val[r] = 0;
    s->used &= ~BIT(r);
}

/*
 * v leaves r: loop headers that keep it there though nobody in the loop used it yet need not. An
 * edge back to a header further out that still wants it there was resolved in the belief that it
 * was.
 */
static void drop(struct ra *ra, uint32_t v, int r)
{
    struct lfunc *l = ra->l;
    struct ir_block *blocks = ra->f->blocks;
    uint32_t h = blocks[ra->cur].loop, top = 0;

    for (int depth = 0; h && depth < 8; depth++, h = blocks[h].loop_up) {
        if (!ra->head[h] || ra->head[h]->val[r] != v || ra->touched[v] <= l->block_first[h])
            break;
        forget(ra->head[h], r);
        top = h;
    }
    for (uint32_t b = top; top && b <= ra->cur; b++) {
        if (!ra->snap[b] || ra->snap[b]->val[r] != v)
            continue;
        forget(ra->snap[b], r);
        for (uint32_t e = l->edges_of[b]; e; e = l->edge[e].next) {
            struct regs *want = l->edge[e].to < top ? ra->head[l->edge[e].to] : NULL;
            if (want && want->val[r] == v)
                resolve(ra, l->edge[e].to, l->edge[e].index, want);
        }
    }
    for (uint32_t b = top; top && ra->unwind && b <= ra->cur; b++)
        if (ra->unwind[b] && ra->unwind[b]->val[r] == v)
            forget(ra->unwind[b], r);
}

static void evict(struct ra *ra, int r)
{
    uint32_t v = ra->now.val[r];

    if (!v)
        return;
    unbind(ra, r);
    if (next_use(ra, v)) {
        spill(ra, v);
        drop(ra, v, r);
    }
}

static uint32_t occupied(struct ra *ra, uint32_t mask)
{
    return ra->now.used & mask;
}

/* WASM_STRESS_RANDOM: one bit of the mask, whichever */
static int pick_any(struct ra *ra, uint32_t mask)
{
    ra->random = ra->random * 1664525 + 1013904223;
    for (uint32_t skip = (ra->random >> 16) % (uint32_t)__builtin_popcount(mask); skip; skip--)
        mask &= mask - 1;
    return __builtin_ctz(mask);
}

static int pick_free(struct ra *ra, uint32_t v, uint32_t free)
{
    bool cross = v && crosses_call(ra, v);

    if (ra->random)
        return pick_any(ra, free);
    if (v && ra->hint[v] != NOREG && (free & BIT(ra->hint[v])) &&
        (!cross || (BIT(ra->hint[v]) & R_CALLEE)))
        return ra->hint[v];
    if (free >> 16)
        return __builtin_ctz(free & 0xffff0000u);
    const uint8_t *order = cross ? order_callee : order_caller;
    for (int k = 0; ; k++)
        if (free & BIT(order[k]))
            return order[k];
}

/* The register of mask, not locked, whose value is needed farthest away. */
static int pick_victim(struct ra *ra, uint32_t mask)
{
    uint64_t best = 0;
    int reg = NOREG;

    if (ra->random)
        return pick_any(ra, mask & ~ra->locked);
    for (uint32_t rest = mask & ~ra->locked; rest; rest &= rest - 1) {
        int r = __builtin_ctz(rest);
        uint32_t v = ra->now.val[r], n = next_use(ra, v);
        uint64_t far = n ? (uint64_t)(ra->at - n) * 2 : UINT64_MAX;
        if (n && (is_const(ra, v) || ra->l->spilled[v]))
            far += far / 2;
        if (reg == NOREG || far > best) {
            best = far;
            reg = r;
        }
    }
    return reg;
}

/* An empty register of mask for v (0: a temporary); what is in it leaves. */
static int take(struct ra *ra, uint32_t v, uint32_t mask)
{
    uint32_t free = mask & ~ra->locked & ~occupied(ra, mask);
    int r;

    if (free) {
        r = pick_free(ra, v, free);
    } else {
        r = pick_victim(ra, mask);
        evict(ra, r);
    }
    if (BIT(r) & R_CALLEE)
        ra->l->callee_used |= BIT(r);
    return r;
}

/* v in a register of mask, locked for this instruction */
static int use_reg(struct ra *ra, uint32_t v, uint32_t mask)
{
    int r = ra->regof[v];

    if (r == NOREG) {
        r = take(ra, v, mask);
        out_fetch(ra, v, r);
        bind(ra, v, r);
    } else if (!(mask & BIT(r))) {
        int n = take(ra, v, mask);
        out_move(ra, v, n, r);
        unbind(ra, r);
        bind(ra, v, n);
        r = n;
    }
    ra->touched[v] = ra->at;
    ra->locked |= BIT(r);
    return r;
}

/* Empties r; a value that is still needed moves to another register of `to` if one is free. */
static void vacate(struct ra *ra, int r, uint32_t to, bool operand)
{
    uint32_t v = ra->now.val[r];

    if (!v)
        return;
    uint32_t free = to & ~BIT(r) & ~ra->locked & ~occupied(ra, to);
    if ((operand || next_use(ra, v)) && free) {
        int n = pick_free(ra, v, free);
        out_move(ra, v, n, r);
        ra->touched[v] = ra->at;
        unbind(ra, r);
        bind(ra, v, n);
        return;
    }
    if (operand)
        spill(ra, v);
    evict(ra, r);
}

/* Gives up the registers of v if this was its last use. */
static void release(struct ra *ra, uint32_t v)
{
    if (v && ra->regof[v] != NOREG && !next_use(ra, v))
        unbind(ra, ra->regof[v]);
}

static void define(struct ra *ra, uint32_t v, int r)
{
    ra->l->def_reg[v] = r;
    ra->touched[v] = ra->at;
    uint32_t p = ra->phi_of[v];
    if (p && ra->hint[p] == NOREG)
        ra->hint[p] = r;
    if (next_use(ra, v))
        bind(ra, v, r);
}

/* prefer the register of the phi that v flows into */
static void hint_from_phi(struct ra *ra, uint32_t v)
{
    uint32_t p = ra->phi_of[v];

    if (p && ra->hint[v] == NOREG)
        ra->hint[v] = ra->hint[p];
}

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
static void resolve(struct ra *ra, uint32_t b, uint32_t k, const struct regs *want)
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
        struct pmove *m = pool_add(ra);
        m->rd = r;
        pmove_from(ra, m, v, find_in(have, v, r));
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
        struct pmove *m = pool_add(ra);
        m->rd = rd == NOREG ? PM_SLOT : rd;
        m->to = v;
        pmove_from(ra, m, o, rs);
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

    return is_const(ra, v) || (ra->dom_in[d] <= ra->dom_in[b] && ra->dom_out[b] <= ra->dom_out[d]);
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
    struct abi_loc *loc = arena_raw(l->arena, (n + 1) * sizeof *loc);

    for (uint32_t k = 0; k < n; k++)
        loc[k] = abi_next(&w, ir_type_of(f->type->params[k]));
    for (uint32_t v = f->blocks[1].first; v; v = f->ins[v].next) {
        uint32_t k = f->ins[v].b;
        if (f->ins[v].op != IR_PARAM || loc[k].reg == NOREG || !next_use(ra, v))
            continue;       /* a stack parameter is its own slot: emit.c knows where */
        l->entry_reg[v] = l->def_reg[v] = loc[k].reg;
        ra->touched[v] = ra->at;
        bind(ra, v, loc[k].reg);
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
    return is_const(ra, v) ? have == n : 2 * have >= n;
}

static void place_phi(struct ra *ra, uint32_t b, uint32_t v, uint32_t main)
{
    struct ir_func *f = ra->f;
    struct lfunc *l = ra->l;
    uint32_t n = next_use(ra, v), mask = class_mask(ra, v), k = 0;

    if (!n)
        return;
    while (f->args[f->blocks[b].preds + k] != main)
        k++;
    uint8_t r = find_in(ra->snap[main], ra_vreg(ra, f->args[f->ins[v].a + k]), 0);
    if (ra->hint[v] == NOREG || ra->now.val[ra->hint[v]])
        ra->hint[v] = r;
    ra->locked = 0;
    if (!(mask & ~occupied(ra, mask))) {
        int out = pick_victim(ra, mask);
        uint32_t victim = ra->now.val[out];
        if (next_use(ra, victim) >= n) {
            spill(ra, v);           /* it lives in memory */
            ra->hint[v] = NOREG;
            return;
        }
        if (l->entry_reg[victim] != NOREG && l->def_block[victim] == b)
            /* a phi placed before: into memory */
            l->entry_reg[victim] = l->def_reg[victim] = NOREG;
        evict(ra, out);
        mask = BIT(out);
    }
    r = take(ra, v, mask);
    l->entry_reg[v] = r;
    ra->hint[v] = r;
    define(ra, v, r);
}

/* Vector constants that a loop without calls uses are loaded before it, as far as registers are
 * free. */
static void preload_consts(struct ra *ra, uint32_t loop_end)
{
    struct lfunc *l = ra->l;
    uint32_t spare = 2;

    while (ra->next_call && l->call_at[ra->next_call - 1] >= ra->at)
        ra->next_call--;
    if (ra->next_call && l->call_at[ra->next_call - 1] > loop_end)
        return;
    for (uint32_t k = 0; k < ra->nvconst; k++) {
        uint32_t v = ra->vconst[k], free = ra->vecs & ~occupied(ra, ra->vecs);
        if ((uint32_t)__builtin_popcount(free) <= spare)
            return;
        if (ra->regof[v] == NOREG && next_use(ra, v) > loop_end) {
            bind(ra, v, pick_free(ra, v, free));
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
        uint32_t v = ra->snap[main]->val[r], n = next_use(ra, v);
        if (!n || !available(ra, v, b) || !mostly_in_reg(ra, b, v, r))
            continue;
        if (bl->header && is_const(ra, v) && n < loop_end)
            continue;
        bind(ra, v, r);
    }
    for (uint32_t v = bl->first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next)
        place_phi(ra, b, v, main);
    if (bl->header) {
        preload_consts(ra, loop_end);
        ra->head[b] = arena_raw(ra->l->arena, sizeof *ra->head[b]);
        *ra->head[b] = ra->now;
    }
    for (uint32_t k = 0; k < bl->npreds; k++)
        if (f->args[bl->preds + k] < b)
            resolve(ra, b, k, &ra->now);
}

/* Control comes out of calls: registers hold nothing, phis are in memory since before the call. */
static void start_landing(struct ra *ra, uint32_t b)
{
    struct ir_func *f = ra->f;
    struct ir_block *bl = &f->blocks[b];

    for (uint32_t v = bl->first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next)
        if (next_use(ra, v))
            spill(ra, v);
    for (uint32_t k = 0; k < bl->npreds; k++)
        resolve(ra, b, k, &ra->now);
}

static void start_block(struct ra *ra, uint32_t b)
{
    struct ir_func *f = ra->f;
    struct ir_block *bl = &f->blocks[b];

    for (uint32_t rest = ra->now.used; rest; rest &= rest - 1)
        unbind(ra, __builtin_ctz(rest));
    ra->cur = b;
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
            if (next_use(ra, s->val[r]))
                bind(ra, s->val[r], r);
        }
    } else {
        start_merge(ra, b);
    }
}

static void end_block(struct ra *ra, uint32_t b)
{
    struct ir_func *f = ra->f;
    struct lfunc *l = ra->l;

    ra->snap[b] = arena_raw(l->arena, sizeof *ra->snap[b]);
    *ra->snap[b] = ra->now;
    for (uint32_t e = l->edges_of[b]; e; e = l->edge[e].next) {
        uint32_t to = l->edge[e].to;
        if (to > b)
            continue;
        if (f->blocks[to].npreds > 1 || ra->head[to])
            resolve(ra, to, l->edge[e].index, ra->head[to]);
    }
}

/* ---- instructions with fixed registers ------------------------------------------------------- */

static void arguments(struct ra *ra, struct lir *x, struct mi *m)
{
    struct ir_func *f = ra->f;
    struct ir_ins *c = &f->ins[x->s1];
    struct abi_walk w = { 0 };
    uint32_t first = ra->l->npool;

    for (uint32_t k = 0; k < c->b; k++) {
        uint32_t v = ra_vreg(ra, f->args[c->a + k]);
        bool entry = c->op == IR_CALLIND && k + 1 == c->b;
        struct abi_loc loc = entry ? (struct abi_loc){ .reg = RAX } : abi_next(&w, f->ins[v].type);
        struct pmove *p = pool_add(ra);
        p->rd = loc.reg == NOREG ? PM_OUT : loc.reg;
        p->to = loc.word;
        pmove_from(ra, p, v, ra->regof[v]);
        ra->touched[v] = ra->at;
    }
    m->a = first;
    m->b = ra->l->npool - first;
}

/* Words of the outgoing area below the stack results. */
static uint32_t call_words(struct ra *ra, struct lir *x, const struct wasm_functype *t)
{
    bool within = (x->op == L_CALL || x->op == L_CALLIND) &&
                  abi_within(ra->f, &ra->f->ins[x->s1]);

    return !t ? 0 : within ? abi_area_words(t, ra->f->tail_words) : abi_param_words(t);
}

/* values of the call's results, first the call itself */
static void results(struct ra *ra, struct lir *x, const struct wasm_functype *t, uint32_t nresults)
{
    struct ir_func *f = ra->f;
    struct abi_walk w = { .results = true };
    uint32_t base = call_words(ra, x, t), v = x->s1, last = v, first = ra->l->npool;

    for (uint32_t k = 0; k < nresults; k++) {
        struct abi_loc loc =
            abi_next(&w, t ? ir_type_of(t->results[k]) : (enum ir_type)f->ins[v].type);
        if (k) {
            v = f->ins[last].next;
            while (v && !(f->ins[v].op == IR_RESULT && f->ins[v].a == x->s1 && f->ins[v].b == k))
                v = f->ins[v].next;
            if (!v)
                continue;
            last = v;
        }
        if (loc.reg != NOREG) {
            define(ra, v, loc.reg);
        } else if (next_use(ra, v)) {
            struct pmove *p = pool_add(ra);
            *p = (struct pmove){ .rd = PM_SLOT, .to = v, .rs = PM_IN, .from = base + loc.word,
                                 .type = f->ins[v].type };
            spill(ra, v);
        }
    }
    if (ra->l->npool > first) {
        struct mi *m = out(ra, MI_PMOVE);
        m->a = first;
        m->b = ra->l->npool - first;
    }
}

static void do_call(struct ra *ra, uint32_t i, struct lir *x)
{
    struct ir_ins *c = &ra->f->ins[x->s1];
    const struct wasm_functype *t = x->op == L_CALLRT ? NULL : call_type(ra->f, c);
    uint32_t clobbered = (R_INTS | R_VECS | BIT(30) | BIT(31)) & ~R_CALLEE;

    for (uint32_t rest = occupied(ra, R_INTS & ~R_CALLEE); rest; rest &= rest - 1) {
        int r = __builtin_ctz(rest);
        uint32_t v = ra->now.val[r];
        if (!is_const(ra, v) && next_use(ra, v) && !ra->l->spilled[v] &&
            (R_CALLEE & ~occupied(ra, R_CALLEE)))
            vacate(ra, r, R_CALLEE, false);
    }
    if (x->imm) {
        ra->unwind[ra->cur] = arena_raw(ra->l->arena, sizeof *ra->unwind[ra->cur]);
        *ra->unwind[ra->cur] = ra->now;
        out(ra, MI_UNWIND)->a = (uint32_t)x->imm;
    }
    if (c->b)
        arguments(ra, x, out(ra, MI_PMOVE));
    struct mi *m = out(ra, MI_LIR);
    m->a = i;
    uint32_t words = t ? call_words(ra, x, t) + abi_result_words(t) : 0;
    if (words > ra->l->out_words)
        ra->l->out_words = words;
    for (uint32_t rest = occupied(ra, clobbered); rest; rest &= rest - 1)
        evict(ra, __builtin_ctz(rest));
    for (uint32_t k = 0; k < c->b; k++)
        release(ra, ra_vreg(ra, ra->f->args[c->a + k]));
    results(ra, x, t, t ? t->nresults : c->type != T_NONE);
}

static void do_landing(struct ra *ra, uint32_t i, struct lir *x)
{
    out(ra, MI_LIR)->a = i;
    define(ra, x->dst, RAX);
}

static void do_tail(struct ra *ra, uint32_t i, struct lir *x)
{
    struct ir_ins *c = &ra->f->ins[x->s1];
    const struct wasm_functype *t = call_type(ra->f, c);
    uint32_t words = abi_param_words(t) + abi_result_words(t);

    if (words > ra->l->out_words)
        ra->l->out_words = words;
    if (c->b)
        arguments(ra, x, out(ra, MI_PMOVE));
    out(ra, MI_LIR)->a = i;
}

static void do_ret(struct ra *ra, uint32_t i)
{
    struct ir_func *f = ra->f;
    struct ir_block *b = &f->blocks[ra->cur];
    struct abi_walk w = { .results = true };
    uint32_t first = ra->l->npool;

    for (uint32_t k = 0; k < b->c; k++) {
        uint32_t v = ra_vreg(ra, f->args[b->b + k]);
        struct abi_loc loc = abi_next(&w, f->ins[v].type);
        ra->touched[v] = ra->at;
        if (loc.reg != NOREG && loc.reg == ra->regof[v])
            continue;
        struct pmove *p = pool_add(ra);
        p->rd = loc.reg == NOREG ? PM_RET : loc.reg;
        p->to = loc.word;
        pmove_from(ra, p, v, ra->regof[v]);
    }
    if (ra->l->npool > first) {
        struct mi *m = out(ra, MI_PMOVE);
        m->a = first;
        m->b = ra->l->npool - first;
    }
    out(ra, MI_LIR)->a = i;
}

/* v into the fixed register r, whatever was there leaves; v keeps another register if it is still
 * needed */
static void into_fixed(struct ra *ra, uint32_t v, int r, uint32_t others)
{
    /* before it is evicted: loop headers have to keep it where it is read */
    ra->touched[v] = ra->at;
    if (ra->now.val[r] != v) {
        vacate(ra, r, others, false);
        if (ra->regof[v] != NOREG)
            out_move(ra, v, r, ra->regof[v]);
        else
            out_fetch(ra, v, r);
    } else if (next_use(ra, v)) {
        uint32_t free = others & ~ra->locked & ~occupied(ra, others);
        if (free) {
            int n = pick_free(ra, v, free);
            out_move(ra, v, n, r);
            unbind(ra, r);
            bind(ra, v, n);
        } else {
            evict(ra, r);
        }
    } else {
        unbind(ra, r);
    }
    ra->locked |= BIT(r);
}

static void do_div(struct ra *ra, uint32_t i, struct lir *x)
{
    uint32_t others = ra->ints & ~(BIT(RAX) | BIT(RDX));
    int rd = x->sub >= 2 ? RDX : RAX;
    int r2 = use_reg(ra, x->s2, others);

    into_fixed(ra, x->s1, RAX, others);
    vacate(ra, RDX, others, false);
    struct mi *m = out(ra, MI_LIR);
    m->a = i;
    m->rd = rd;
    m->r1 = RAX;
    m->r2 = r2;
    release(ra, x->s1);
    release(ra, x->s2);
    define(ra, x->dst, rd);
}

static void do_shiftc(struct ra *ra, uint32_t i, struct lir *x)
{
    uint32_t others = ra->ints & ~BIT(RCX);
    int rd;

    hint_from_phi(ra, x->dst);
    if (ra->now.val[RCX] == x->s2 && x->s1 != x->s2) {
        ra->locked |= BIT(RCX);
        ra->touched[x->s2] = ra->at;
    } else {
        if (ra->now.val[RCX] == x->s1)
            vacate(ra, RCX, others, true);
        into_fixed(ra, x->s2, RCX, others);
    }
    int r1 = use_reg(ra, x->s1, others);
    if (next_use(ra, x->s1)) {
        rd = take(ra, x->dst, others);
        out_move(ra, x->s1, rd, r1);
    } else {
        rd = r1;
        unbind(ra, r1);
    }
    struct mi *m = out(ra, MI_LIR);
    m->a = i;
    m->rd = m->r1 = rd;
    m->r2 = RCX;
    release(ra, x->s1);
    release(ra, x->s2);
    define(ra, x->dst, rd);
}

/* everything through rax; r3 address, r2 operand, t1 and r1 temporaries */
static void do_atomic(struct ra *ra, uint32_t i, struct lir *x)
{
    uint32_t others = ra->ints & ~BIT(RAX);
    struct mi op = { .kind = MI_LIR, .rd = RAX, .r1 = NOREG, .r2 = NOREG, .r3 = NOREG, .t1 = NOREG,
                     .a = i };

    if (x->s3)
        op.r3 = use_reg(ra, x->s3, others);
    if (x->s2)
        op.r2 = use_reg(ra, x->s2, others);
    if (x->s1)
        into_fixed(ra, x->s1, RAX, others);
    else
        vacate(ra, RAX, others, false);
    op.t1 = take(ra, 0, others);
    ra->locked |= BIT(op.t1);
    op.r1 = take(ra, 0, others);
    *out(ra, MI_LIR) = op;
    release(ra, x->s1);
    release(ra, x->s2);
    release(ra, x->s3);
    if (x->dst)
        define(ra, x->dst, RAX);
}

static void do_port(struct ra *ra, uint32_t i, struct lir *x)
{
    uint32_t others = ra->ints & ~(BIT(RAX) | BIT(RDX));

    if (x->s1)
        into_fixed(ra, x->s1, RAX, others);
    else
        vacate(ra, RAX, others, false);
    ra->locked |= BIT(RAX);
    vacate(ra, RDX, others, false);
    out(ra, MI_LIR)->a = i;
    release(ra, x->s1);
    if (x->dst)
        define(ra, x->dst, RAX);
}

/* ---- ordinary instructions ------------------------------------------------------------------- */

static bool wants_temp(struct ra *ra, struct lir *x)
{
    uint32_t cpu = ra->l->cpu;

    switch (x->op) {
    case L_SETCC: return x->sub >= CC_FEQ;
    case L_COUNT: return x->sub == 0 ? !(cpu & WASM_CPU_LZCNT) :
        x->sub == 1 ? !(cpu & WASM_CPU_BMI1) : false;
    case L_CVT: return x->sub >= CVT_U2F && x->sub <= CVT_SATU;
    default: return true;
    }
}

/* The operand stays in memory if the form allows it, it is in no register and not needed again
 * soon. */
static bool stay_in_memory(struct ra *ra, uint32_t v)
{
    bool vec = ir_is_vec(ra->f->ins[v].type);

    if (is_const(ra, v) && !vec)
        return false;
    bool full = is_const(ra, v) && !(ra->vecs & ~ra->locked & ~occupied(ra, ra->vecs));
    if (ra->regof[v] != NOREG || (next_use(ra, v) && !full))
        return false;
    if (!is_const(ra, v) && ra->f->ins[v].type == T_V128 && !(ra->l->cpu & WASM_CPU_AVX))
        return false;           /* legacy SSE wants it aligned */
    spill(ra, v);
    return true;
}

static int tied_dst(struct ra *ra, struct lir *x, struct mi *m, uint16_t mode)
{
    uint32_t mask = class_mask(ra, x->dst);
    int rd;

    if (x->s1 != x->s2 && (mode & LC_COMM) && x->s2 && m->r2 < 32 && next_use(ra, x->s1) &&
        !next_use(ra, x->s2)) {
        uint32_t s = x->s1;
        uint8_t r = m->r1;
        x->s1 = x->s2;
        x->s2 = s;
        m->r1 = m->r2;
        m->r2 = r;
    }
    if (!next_use(ra, x->s1)) {
        rd = m->r1;
        bool keep = !(BIT(rd) & R_CALLEE) && mask == ra->ints && next_use(ra, x->dst) &&
                    crosses_call(ra, x->dst) && (R_CALLEE & ~occupied(ra, R_CALLEE));
        if (!keep) {
            unbind(ra, rd);
            return rd;
        }
    }
    rd = take(ra, x->dst, mask);
    struct mi saved = *m;
    ra->l->nmi--;                   /* the move comes before the instruction */
    out_move(ra, x->s1, rd, saved.r1);
    m = out(ra, MI_LIR);
    *m = saved;
    m->r1 = rd;
    return rd;
}

static void do_plain(struct ra *ra, uint32_t i, struct lir *x, uint16_t mode)
{
    struct mi op = { .kind = MI_LIR, .rd = NOREG, .r1 = NOREG, .r2 = NOREG, .r3 = NOREG,
                     .t1 = NOREG, .a = i };
    bool tied = (mode & LC_TIED) && !((mode & LC_AVX3) && (ra->l->cpu & WASM_CPU_AVX));

    if (x->s3)
        op.r3 = use_reg(ra, x->s3, class_mask(ra, x->s3));
    if (x->s1) {
        if ((mode & LC_S1MEM) && x->mem == LM_NONE && x->s1 != x->s2 && stay_in_memory(ra, x->s1))
            op.r1 = RMEM;
        else
            op.r1 = use_reg(ra, x->s1, class_mask(ra, x->s1));
    }
    if (x->s2) {
        if ((mode & LC_S2MEM) && x->mem == LM_NONE && op.r1 != RMEM && x->s1 != x->s2 &&
            stay_in_memory(ra, x->s2))
            op.r2 = RMEM;
        else
            op.r2 = use_reg(ra, x->s2, class_mask(ra, x->s2));
    }
    if (((mode & LC_TMP) && wants_temp(ra, x)) || x->mem == LM_OTHER) {
        op.t1 = take(ra, 0, ra->ints);
        ra->locked |= BIT(op.t1);
    }
    if (x->op == L_SWITCH)
        op.rd = take(ra, 0, ra->ints);
    uint32_t at = ra->l->nmi;
    *out(ra, MI_LIR) = op;
    if (x->dst) {
        hint_from_phi(ra, x->dst);
        int rd;
        if (tied) {
            rd = tied_dst(ra, x, &ra->l->mi[at], mode);
        } else if (mode & LC_EARLY) {
            rd = take(ra, x->dst, class_mask(ra, x->dst));
        } else {
            release(ra, x->s1);
            release(ra, x->s2);
            release(ra, x->s3);
            ra->locked = op.t1 == NOREG ? 0 : BIT(op.t1);
            rd = take(ra, x->dst, class_mask(ra, x->dst));
        }
        ra->l->mi[ra->l->nmi - 1].rd = rd;
        if (!(mode & LC_TERM)) {
            release(ra, x->s1);
            release(ra, x->s2);
            release(ra, x->s3);
        }
        define(ra, x->dst, rd);
    } else if (!(mode & LC_TERM)) {
        release(ra, x->s1);
        release(ra, x->s2);
        release(ra, x->s3);
    }
}

static void do_ins(struct ra *ra, uint32_t i)
{
    struct lir *x = &ra->l->lir[i];
    uint16_t mode = lir_mode(x->op);

    ra->at = i;
    ra->locked = 0;
    if (mode & LC_CALL)
        do_call(ra, i, x);
    else if (x->op == L_RET)
        do_ret(ra, i);
    else if (x->op == L_TAIL)
        do_tail(ra, i, x);
    else if (x->op == L_LANDING)
        do_landing(ra, i, x);
    else if (x->op == L_DIV)
        do_div(ra, i, x);
    else if (x->op == L_ATOMIC)
        do_atomic(ra, i, x);
    else if (x->op == L_SHIFTC)
        do_shiftc(ra, i, x);
    else if (x->op == L_IN || x->op == L_OUT)
        do_port(ra, i, x);
    else
        do_plain(ra, i, x, mode);
}

/* ---- set-up -------------------------------------------------------------------------------- */

/* Intervals of a walk over the dominator tree, without recursion: children lists, then a stack. */
static void number_dominators(struct ra *ra)
{
    struct ir_func *f = ra->f;
    uint32_t n = f->nblocks, clock = 0;
    uint32_t *child = arena_alloc(ra->l->arena, n * sizeof *child);
    uint32_t *sibling = arena_alloc(ra->l->arena, n * sizeof *sibling);

    for (uint32_t b = n - 1; b > 1; b--) {
        if (!f->blocks[b].npreds)
            continue;
        sibling[b] = child[f->blocks[b].idom];
        child[f->blocks[b].idom] = b;
    }
    uint32_t b = 1;
    ra->dom_in[b] = clock++;
    for (;;) {
        if (child[b]) {
            uint32_t c = child[b];
            child[b] = sibling[c];
            b = c;
            ra->dom_in[b] = clock++;
        } else {
            ra->dom_out[b] = clock++;
            if (b == 1)
                break;
            b = f->blocks[b].idom;
        }
    }
}

static void set_up(struct ra *ra)
{
    struct lfunc *l = ra->l;
    struct ir_func *f = ra->f;
    uint32_t n = f->nins, nb = f->nblocks;
    struct wasm_arena *a = l->arena;

    ra->regof = arena_raw(a, n);
    ra->hint = arena_raw(a, n);
    ra->phi_of = arena_alloc(a, n * 4);
    ra->touched = arena_alloc(a, n * 4);
    ra->snap = arena_alloc(a, nb * sizeof *ra->snap);
    ra->unwind = l->has_landing ? arena_alloc(a, nb * sizeof *ra->unwind) : NULL;
    l->callee_used = l->has_landing ? R_CALLEE : 0;     /* they are lost when an exception comes */
    ra->head = arena_alloc(a, nb * sizeof *ra->head);
    ra->edge_base = arena_raw(a, nb * 4);
    ra->dom_in = arena_alloc(a, nb * 4);
    ra->dom_out = arena_alloc(a, nb * 4);
    l->uses_of = arena_alloc(a, n * 4);
    l->end_of = arena_alloc(a, n * 4);
    l->edges_of = arena_alloc(a, nb * 4);
    l->spilled = arena_alloc(a, n);
    l->entry_reg = arena_raw(a, n);
    l->def_reg = arena_raw(a, n);
    l->block_mi = arena_raw(a, (nb + 1) * 4);
    l->capmi = l->n + l->n / 2 + 64;
    l->mi = arena_raw(a, l->capmi * sizeof *l->mi);
    l->cappool = 64;
    l->pool = arena_raw(a, l->cappool * sizeof *l->pool);
    memset(ra->regof, NOREG, n);
    memset(ra->hint, NOREG, n);
    memset(l->entry_reg, NOREG, n);
    memset(l->def_reg, NOREG, n);
}

enum { MAX_VCONST = 64 };

static void list_consts(struct ra *ra)
{
    struct ir_ins *ins = ra->f->ins;

    if (!ra->has_vconst)
        return;
    ra->vconst = arena_raw(ra->l->arena, MAX_VCONST * sizeof *ra->vconst);
    for (uint32_t v = 1; v < ra->f->nins && ra->nvconst < MAX_VCONST; v++)
        if (ins[v].op == IR_CONST && ir_is_vec(ins[v].type) && ra->l->uses_of[v])
            ra->vconst[ra->nvconst++] = v;
}

void ra_run(struct lfunc *l)
{
    uint32_t stress = l->f->o->stress;
    struct ra ra = { .l = l, .f = l->f, .ints = R_INTS, .vecs = R_VECS };

    if (stress & WASM_STRESS_FEW) {
        ra.ints = BIT(RAX) | BIT(RCX) | BIT(RDX) | BIT(RBX) | BIT(R8);
        ra.vecs = BIT(XMM0) | BIT(XMM0 + 1) | BIT(XMM0 + 2) | BIT(XMM0 + 9);   /* V3 wants 4 */
    }
    if (stress & WASM_STRESS_RANDOM)
        ra.random = stress | 1;
    set_up(&ra);
    ra_uses(&ra);
    list_consts(&ra);
    ra.next_call = l->ncalls;
    number_dominators(&ra);
    for (uint32_t b = 1; b < l->f->nblocks; b++) {
        l->block_mi[b] = l->nmi;
        if (b != 1 && !l->f->blocks[b].npreds)
            continue;
        start_block(&ra, b);
        for (uint32_t i = l->block_first[b]; i >= l->block_last[b]; i--)
            do_ins(&ra, i);
        end_block(&ra, b);
    }
    l->block_mi[l->f->nblocks] = l->nmi;
}
