/*
 * dead.c - pass_dead: drops all that nobody uses and that has no effect. Needs: no aliases.
 */
#include "wasm/gvn.h"

/* No branch: whether a value is new is as good as random. */
static void mark(uint8_t *live, uint32_t *work, uint32_t *n, uint32_t v)
{
    work[*n] = v;
    *n += !live[v];
    live[v] = 1;
}

static void mark_operands(struct ir_func *f, uint8_t *live, uint32_t *work, uint32_t *n,
                          const struct ir_ins *x)
{
    uint8_t uses = ir_op_uses(x->op);
    if (uses & USES_LIST)
        for (uint32_t k = 0; k < x->b; k++)
            mark(live, work, n, f->args[x->a + k]);
    if (uses & USES_A)
        mark(live, work, n, x->a);
    if (uses & USES_B)
        mark(live, work, n, x->b);
    if (uses & USES_C)
        mark(live, work, n, x->c);
}

static bool is_root(const struct ir_func *f, const struct ir_ins *x)
{
    uint8_t mode = ir_op_mode(x->op);
    if (mode & M_WRITE || x->op == IR_PARAM || x->op == IR_LOAD)
        return true;
    return mode & M_TRAP && !fold_safe_division(f, x);
}

void pass_dead(struct ir_func *f)
{
    uint8_t *live = arena_alloc(f->temp, f->nins);
    uint32_t *work = arena_raw(f->temp, (f->nins + 1) * sizeof *work), n = 0;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        const struct ir_block *k = &f->blocks[b];
        for (uint32_t i = k->first; i; i = f->ins[i].next)
            if (is_root(f, &f->ins[i]))
                mark(live, work, &n, i);
        if (k->term == TERM_BR || k->term == TERM_SWITCH)
            mark(live, work, &n, k->a);
        for (uint32_t i = 0; k->term == TERM_RETURN && i < k->c; i++)
            mark(live, work, &n, f->args[k->b + i]);
    }
    while (n)
        mark_operands(f, live, work, &n, &f->ins[work[--n]]);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_block *k = &f->blocks[b];
        uint32_t *link = &k->first;
        k->last = 0;
        for (uint32_t i = k->first; i; i = f->ins[i].next) {
            if (!live[i])
                continue;
            *link = k->last = i;
            link = &f->ins[i].next;
        }
        *link = 0;
    }
}
