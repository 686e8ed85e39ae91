/*
 * gvn_edges.c - branches on constants, part of pass_gvn.
 *
 * Such a branch becomes a jump; its other edges and their phi operands go at once. A block that no
 * edge from before it reaches is dead when the walk comes to it, and its edges go in turn. From the
 * first removal on, dominators are computed anew as the walk goes, and loops after it.
 */
#include "wasm/build.h"
#include "wasm/gvn.h"

static void edge_remove(struct gvn *g, uint32_t from, uint32_t to)
{
    struct ir_func *f = g->f;
    struct ir_block *k = &f->blocks[to];
    uint32_t at = 0;
    while (at < k->npreds && f->args[k->preds + at] != from)
        at++;
    if (at == k->npreds)
        return;
    g->edges_removed = true;
    k->npreds--;
    for (uint32_t n = at; n < k->npreds; n++)
        f->args[k->preds + n] = f->args[k->preds + n + 1];
    for (uint32_t i = k->first; i; i = f->ins[i].next) {
        struct ir_ins *x = &f->ins[i];
        if (x->op == IR_ALIAS)
            continue;
        if (x->op != IR_PHI)
            break;
        x->b--;
        for (uint32_t n = at; n < x->b; n++)
            f->args[x->a + n] = f->args[x->a + n + 1];
    }
}

static void successors_remove(struct gvn *g, uint32_t block, uint32_t except)
{
    struct ir_block *k = &g->f->blocks[block];
    if (k->term == TERM_SWITCH)
        for (uint32_t i = 0; i < k->c; i++)
            if (g->f->args[k->b + i] != except)
                edge_remove(g, block, g->f->args[k->b + i]);
    for (unsigned i = 0; i < 2; i++)
        if ((k->term == TERM_BR || k->term == TERM_INVOKE || (k->term == TERM_JUMP && i == 0)) &&
            k->succ[i] != except)
            edge_remove(g, block, k->succ[i]);
}

/* Is it a compare of an i32 with zero, which a branch does by itself? */
static bool is_test(const struct ir_func *f, const struct ir_ins *c)
{
    if (c->op != IR_EQZ && c->op != IR_NE)
        return false;
    const struct ir_ins *zero = &f->ins[c->b];
    return c->aux == T_I32 && (c->op == IR_EQZ || (zero->op == IR_CONST && !zero->b));
}

void gvn_fold_term(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    struct ir_block *k = &f->blocks[block];
    if (k->term == TERM_RETURN)
        for (uint32_t i = 0; i < k->c; i++)
            f->args[k->b + i] = ir_resolve(f, f->args[k->b + i]);
    if (k->term != TERM_BR && k->term != TERM_SWITCH)
        return;
    k->a = ir_resolve(f, k->a);
    const struct ir_ins *c = &f->ins[k->a];
    if (c->op == IR_CONST) {
        uint32_t to = k->term == TERM_BR ? k->succ[c->b == 0]
                                         : f->args[k->b + (c->b < k->c ? c->b : k->c - 1)];
        successors_remove(g, block, to);
        k->term = TERM_JUMP;
        k->succ[0] = to;
        k->a = k->succ[1] = 0;
        return;
    }
    while (k->term == TERM_BR && is_test(f, c)) {
        if (c->op == IR_EQZ) {
            uint32_t t = k->succ[0];
            k->succ[0] = k->succ[1];
            k->succ[1] = t;
        }
        k->a = c->a;
        c = &f->ins[k->a];
    }
}

/* Is the block dead, now that edges are gone? If so, it becomes empty. */
bool gvn_bury(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    struct ir_block *k = &f->blocks[block];
    for (uint32_t i = 0; i < k->npreds; i++)
        if (f->args[k->preds + i] < block)
            return false;
    if (block == 1)
        return false;
    successors_remove(g, block, 0);
    k->first = k->last = k->npreds = 0;
    k->term = TERM_NONE;
    k->header = false;
    return true;
}

void gvn_relink_dominator(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    const struct ir_block *k = &f->blocks[block];
    uint32_t dom = 0;
    for (uint32_t i = 0; i < k->npreds; i++) {
        uint32_t p = f->args[k->preds + i];
        if (p < block)
            dom = dom ? ir_dom_common(f, dom, p) : p;
    }
    if (block > 1)
        ir_dom_link(f, block, dom);
}

/* Headers that have lost their back edges, and what they enclosed. */
void gvn_relink_loops(struct ir_func *f)
{
    uint32_t *real = arena_alloc(f->temp, f->nblocks * sizeof *real);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_block *k = &f->blocks[b];
        if (k->loop != b) {
            k->loop = real[k->loop];
            k->depth = k->loop ? f->blocks[k->loop].depth : 0;
            continue;
        }
        uint32_t up = real[k->loop_up];
        bool loop = k->header && k->npreds > 1;
        real[b] = loop ? b : up;
        k->loop = real[b];
        k->header = loop;
        k->depth = up ? f->blocks[up].depth : 0;
        k->depth += loop && k->depth < 255;
        k->loop_up = loop ? up : 0;
        k->loop_end = loop ? k->loop_end : 0;
    }
}
