/*
 * fold.h - what the files of fold.c share: questions about operands, and instructions rewritten in
 * place.
 */
#ifndef WASM_FOLD_H
#define WASM_FOLD_H

#include "wasm/gvn.h"

static inline unsigned width(int type)
{
    return type == T_I32 ? 32 : 64;
}

static inline uint64_t ones(unsigned bits)
{
    return bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;
}

static inline bool is_const(const struct gvn *g, uint32_t v, uint64_t *k)
{
    const struct ir_ins *x = &g->f->ins[v];
    if (x->op != IR_CONST)
        return false;
    *k = ir_imm(x);
    return true;
}

/* Is v `op y k` with a constant k? */
static inline bool is_op_const(const struct gvn *g, uint32_t v, int op, uint32_t *y, uint64_t *k)
{
    const struct ir_ins *x = &g->f->ins[v];
    if (x->op != op || !is_const(g, x->b, k))
        return false;
    *y = x->a;
    return true;
}

static inline bool is_compare(int op)
{
    return (op >= IR_EQZ && op <= IR_GEU) || (op >= IR_FEQ && op <= IR_FGE);
}

/* Instruction i becomes `op a b` of the same type. */
static inline uint32_t become(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b)
{
    struct ir_ins *x = &g->f->ins[i];
    x->op = (uint8_t)op;
    x->a = a;
    x->b = b;
    x->c = 0;
    return i;
}

static inline uint32_t become_const(struct gvn *g, uint32_t i, int op, uint32_t a, uint64_t k)
{
    return become(g, i, op, a, gvn_const(g, g->f->ins[a].type, k & ones(width(g->f->ins[a].type))));
}

/* A compare of other operands, or of another kind. */
static inline uint32_t become_compare(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b)
{
    g->f->ins[i].aux = g->f->ins[a].type;
    return become(g, i, op, a, b);
}

static inline uint32_t constant(struct gvn *g, uint32_t i, uint64_t k)
{
    int type = g->f->ins[i].type;
    return gvn_const(g, type, k & ones(width(type)));
}

/* fold.c: bits of v from this number up are zero; depth: how many operations are looked through */
unsigned fold_low_bits(const struct gvn *g, uint32_t v, unsigned depth);

/* As fold(). fold_const.c: all operands are constants; fold_compare.c: eqz, compares, selects. */
uint32_t fold_constants(struct gvn *g, uint32_t i);
uint32_t fold_eqz(struct gvn *g, uint32_t i, uint32_t a);
uint32_t fold_compare(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b);
uint32_t fold_select(struct gvn *g, uint32_t i);

#endif
