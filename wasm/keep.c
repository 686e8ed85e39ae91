/*
 * keep.c - pass_keep: which caught exceptions need to outlive their handler (see exception.c).
 *
 * needs: SSA without aliases. keeps: everything. The builder says RT_EXN_KEEP of every exception
 * that becomes an exnref. Most are only thrown on by the code that follows, as clean-ups of C++ do:
 * the value of IR_LANDING is used by nothing but the exception helpers themselves, without a phi.
 * Then it is dead when its landing block is entered again or its frame is left, which is when the
 * runtime frees it, and RT_EXN_KEEP goes.
 */
#include "wasm/ir.h"

static bool harmless(const struct ir_ins *x)
{
    return x->op == IR_CALLRT && (x->c == RT_EXN_KEEP || x->c == RT_EXN_MATCH || x->c == RT_THROW ||
           (x->c >= RT_EXN_GET_INT && x->c <= RT_EXN_GET_VEC));
}

static void mark(const struct ir_func *f, uint8_t *escapes, uint32_t at, uint32_t n)
{
    for (uint32_t i = at; i < at + n; i++)
        escapes[f->args[i]] = 1;
}

static void mark_operands(const struct ir_func *f, uint8_t *escapes, const struct ir_ins *x)
{
    uint8_t uses = ir_op_uses(x->op);
    if (uses & USES_LIST)
        mark(f, escapes, x->a, x->b);
    if (uses & USES_A)
        escapes[x->a] = 1;
    if (uses & USES_B)
        escapes[x->b] = 1;
    if (uses & USES_C)
        escapes[x->c] = 1;
}

void pass_keep(struct ir_func *f)
{
    if (!f->keeps)
        return;
    uint8_t *escapes = arena_alloc(f->temp, f->nins);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        const struct ir_block *k = &f->blocks[b];
        for (uint32_t i = k->first; i; i = f->ins[i].next)
            if (!harmless(&f->ins[i]))
                mark_operands(f, escapes, &f->ins[i]);
        if (k->term == TERM_RETURN)
            mark(f, escapes, k->b, k->c);
    }
    for (uint32_t b = 1; b < f->nblocks; b++) {
        uint32_t *link = &f->blocks[b].first, last = 0;
        for (uint32_t i = *link; i; i = f->ins[i].next) {
            const struct ir_ins *x = &f->ins[i];
            uint32_t exn = x->op == IR_CALLRT && x->c == RT_EXN_KEEP ? f->args[x->a] : 0;
            if (exn && f->ins[exn].op == IR_LANDING && !escapes[exn])
                continue;
            *link = last = i;
            link = &f->ins[i].next;
        }
        *link = 0;
        f->blocks[b].last = last;
    }
}
