/*
 * uses.c - next-use lists for the register allocator, built in one walk from the end of the
 * function.
 *
 * Every vreg gets the list of lir indices that use it, in execution order. A value that is used in
 * a loop but defined outside of it is also "used" at the end of that loop, so that it counts as
 * live over the whole of it; end_of[] is then the last index at which the value must be kept. Also
 * set here: hints (the register that a fixed use wants) and the list of calls.
 */
#include "wasm/ra.h"

static void push(struct lfunc *l, uint32_t v, uint32_t at)
{
    if (l->nuse == l->capuse) {
        l->use = arena_grow(l->f->temp, l->use, l->capuse * sizeof *l->use,
                            2 * l->capuse * sizeof *l->use);
        l->capuse *= 2;
    }
    l->use[l->nuse] = (struct use){ .at = at, .next = l->uses_of[v] };
    l->uses_of[v] = l->nuse++;
    if (!l->end_of[v])
        l->end_of[v] = at;
}

static void note_pair(struct ra *ra, uint32_t v, uint32_t block)
{
    if (ra->npairs == ra->cappairs) {
        uint32_t n = ra->cappairs * 2;
        ra->pairs = arena_grow(ra->f->temp, ra->pairs, ra->cappairs * sizeof *ra->pairs,
                               n * sizeof *ra->pairs);
        ra->cappairs = n;
    }
    ra->pairs[ra->npairs++] = (struct live_use){ .block = block, .v = v };
}

/* A value counts as used at the ends of so many loops around a use: inner ones, outermost. */
enum { LOOPS_EACH = 8 };

/* Does v, defined before header h and used next at `head`, have to be kept to the loop's end? */
static bool held_by(struct ra *ra, uint32_t h, uint32_t def, uint32_t head)
{
    return h > def && ra->l->block_last[ra->f->blocks[h].loop_end] > head;
}

/* Jump pointers over deep nests of loops, as those of dominators (ir_dom_link). */
static void link_loops(struct ra *ra)
{
    struct ir_block *blocks = ra->f->blocks;
    uint32_t n = ra->f->nblocks, *depth = arena_alloc(ra->f->temp, n * sizeof *depth);

    ra->loop_jump = arena_alloc(ra->f->temp, n * sizeof *ra->loop_jump);
    for (uint32_t b = 1; b < n; b++) {
        uint32_t up = blocks[b].loop_up, jump = ra->loop_jump[up];
        if (blocks[b].loop != b)
            continue;
        depth[b] = depth[up] + 1;
        ra->loop_jump[b] = depth[up] - depth[jump] == depth[jump] - depth[ra->loop_jump[jump]]
                           ? ra->loop_jump[jump] : up;
    }
}

/* The outermost loop around h, itself held by, of which the same is true. */
static uint32_t outermost(struct ra *ra, uint32_t h, uint32_t def, uint32_t head)
{
    if (!ra->loop_jump)
        link_loops(ra);
    for (;;) {
        uint32_t up = ra->f->blocks[h].loop_up, jump = ra->loop_jump[h];
        if (!up || !held_by(ra, up, def, head))
            return h;
        h = jump && held_by(ra, jump, def, head) ? jump : up;
    }
}

/* Uses come in from the last to the first. `def` is the block of v's definition. */
static void add(struct ra *ra, uint32_t v, uint32_t at, uint32_t block)
{
    struct lfunc *l = ra->l;
    struct ir_block *blocks = ra->f->blocks;
    uint32_t ends[LOOPS_EACH], n = 0, head = l->uses_of[v] ? l->use[l->uses_of[v]].at : 0;
    bool constant = ra->f->ins[v].op == IR_CONST;
    uint32_t def = constant ? 1 : l->def_block[v];

    if (head == at)
        return;
    ra->has_vconst |= constant && ir_is_vec(ra->f->ins[v].type);
    if (block != def && !constant &&
        (!ra->npairs || ra->pairs[ra->npairs - 1].v != v ||
         ra->pairs[ra->npairs - 1].block != block))
        note_pair(ra, v, block);
    /* where it is not held, a later use lies in this loop or at its end: done already */
    for (uint32_t h = blocks[block].loop; h && held_by(ra, h, def, head); h = blocks[h].loop_up) {
        if (n == LOOPS_EACH - 1)
            h = outermost(ra, h, def, head);
        uint32_t end = l->block_last[blocks[h].loop_end];
        if (end < at)
            ends[n++] = end;
    }
    while (n--)
        push(l, v, ends[n]);
    push(l, v, at);
}

/* operands of a landing block's phis go to memory before the call at i */
static void landing_uses(struct ra *ra, struct edge *e, uint32_t i, uint32_t block)
{
    struct ir_func *f = ra->f;

    for (uint32_t p = f->blocks[e->to].first; p && f->ins[p].op == IR_PHI; p = f->ins[p].next)
        add(ra, ra_vreg(ra, f->args[f->ins[p].a + e->index]), i, block);
}

static void call_uses(struct ra *ra, struct lir *x, uint32_t i, uint32_t block)
{
    struct ir_func *f = ra->f;
    struct ir_ins *c = &f->ins[x->s1];
    struct abi_walk w = { 0 };

    if (x->op != L_TAIL)
        ra->l->call_at[ra->l->ncalls++] = i;
    for (uint32_t k = 0; k < c->b; k++) {
        uint32_t v = ra_vreg(ra, f->args[c->a + k]);
        bool entry = c->op == IR_CALLIND && k + 1 == c->b;
        struct abi_loc loc = entry ? (struct abi_loc){ .reg = RAX } : abi_next(&w, f->ins[v].type);
        add(ra, v, i, block);
        if (loc.reg != NOREG)
            ra->hint[v] = loc.reg;
    }
    for (uint32_t e = x->imm ? ra->l->edges_of[block] : 0; e; e = ra->l->edge[e].next)
        if (ra->l->edge[e].to == (uint32_t)x->imm)
            landing_uses(ra, &ra->l->edge[e], i, block);
}

static void return_uses(struct ra *ra, uint32_t i, uint32_t block)
{
    struct ir_func *f = ra->f;
    struct ir_block *b = &f->blocks[block];
    struct abi_walk w = { .results = true };

    for (uint32_t k = 0; k < b->c; k++) {
        uint32_t v = ra_vreg(ra, f->args[b->b + k]);
        struct abi_loc loc = abi_next(&w, f->ins[v].type);
        add(ra, v, i, block);
        if (loc.reg != NOREG)
            ra->hint[v] = loc.reg;
    }
}

/* operands of the phis of the successors are used at the end of this block */
static void edge_uses(struct ra *ra, uint32_t block)
{
    struct lfunc *l = ra->l;
    struct ir_func *f = ra->f;

    for (uint32_t e = l->edges_of[block]; e; e = l->edge[e].next) {
        if (f->blocks[l->edge[e].to].landing)
            continue;
        for (uint32_t p = f->blocks[l->edge[e].to].first; p && f->ins[p].op == IR_PHI;
             p = f->ins[p].next) {
            uint32_t v = ra_vreg(ra, f->args[f->ins[p].a + l->edge[e].index]);
            add(ra, v, l->block_last[block], block);
            ra->phi_of[v] = p;
        }
    }
}

static void block_uses(struct ra *ra, uint32_t b)
{
    struct lfunc *l = ra->l;

    edge_uses(ra, b);
    for (uint32_t i = l->block_last[b]; i <= l->block_first[b]; i++) {
        struct lir *x = &l->lir[i];
        if ((lir_mode(x->op) & LC_CALL) || x->op == L_TAIL) {
            call_uses(ra, x, i, b);
            continue;
        }
        if (x->op == L_RET)
            return_uses(ra, i, b);
        if (x->s3)
            add(ra, x->s3, i, b);
        if (x->s2)
            add(ra, x->s2, i, b);
        if (x->s1)
            add(ra, x->s1, i, b);
        if (x->op == L_SHIFTC)
            ra->hint[x->s2] = RCX;
        else if (x->op == L_DIV || (x->op == L_ATOMIC && x->s1))
            ra->hint[x->s1] = RAX;
    }
}

static void number_edges(struct ra *ra)
{
    struct lfunc *l = ra->l;
    struct ir_func *f = ra->f;
    uint32_t n = 1;

    for (uint32_t b = 1; b < f->nblocks; b++) {
        ra->edge_base[b] = n;
        n += f->blocks[b].npreds;
    }
    l->edge = arena_raw(l->arena, n * sizeof *l->edge);
    l->edge[0] = (struct edge){ 0 };
    l->nedge = n;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        for (uint32_t k = 0; k < f->blocks[b].npreds; k++) {
            uint32_t p = f->args[f->blocks[b].preds + k], e = ra->edge_base[b] + k;
            l->edge[e] = (struct edge){ .to = b, .index = k, .next = l->edges_of[p] };
            l->edges_of[p] = e;
        }
    }
}

void ra_uses(struct ra *ra)
{
    struct lfunc *l = ra->l;
    struct ir_func *f = ra->f;

    number_edges(ra);
    l->call_at = arena_raw(f->temp, l->n * sizeof *l->call_at);
    l->capuse = 2 * l->n + 64;
    l->use = arena_raw(f->temp, l->capuse * sizeof *l->use);
    l->nuse = 1;
    ra->cappairs = l->n / 4 + 64;
    ra->pairs = arena_raw(f->temp, ra->cappairs * sizeof *ra->pairs);
    for (uint32_t b = f->nblocks - 1; b >= 1; b--)
        if (b == 1 || f->blocks[b].npreds)
            block_uses(ra, b);
    ra_live(ra, ra->pairs, ra->npairs);
}
