/*
 * fold_compare.c - compares and what uses them: eqz and select, for fold.c.
 */
#include "wasm/fold.h"

static int inverse(int op)
{
    switch (op) {
    case IR_EQ: return IR_NE;
    case IR_NE: return IR_EQ;
    case IR_LTS: return IR_GES;
    case IR_LTU: return IR_GEU;
    case IR_GTS: return IR_LES;
    case IR_GTU: return IR_LEU;
    case IR_LES: return IR_GTS;
    case IR_LEU: return IR_GTU;
    case IR_GES: return IR_LTS;
    case IR_GEU: return IR_LTU;
    case IR_FEQ: return IR_FNE;
    case IR_FNE: return IR_FEQ;
    }
    return 0;
}

static int swapped(int op)
{
    switch (op) {
    case IR_EQ: case IR_NE: return op;
    case IR_LTS: return IR_GTS;
    case IR_LTU: return IR_GTU;
    case IR_GTS: return IR_LTS;
    case IR_GTU: return IR_LTU;
    case IR_LES: return IR_GES;
    case IR_LEU: return IR_GEU;
    case IR_GES: return IR_LES;
    case IR_GEU: return IR_LEU;
    }
    return 0;
}

uint32_t fold_eqz(struct gvn *g, uint32_t i, uint32_t a)
{
    const struct ir_ins *n = g->f->ins, *x = &n[a];
    if (x->op == IR_EQZ && x->aux == T_REF)
        return 0;
    if (x->op == IR_EQZ)
        return become_compare(g, i, IR_NE, x->a, gvn_const(g, n[x->a].type, 0));
    if (is_compare(x->op) && inverse(x->op))
        return become_compare(g, i, inverse(x->op), x->a, x->b);
    if (x->op == IR_SUB || x->op == IR_XOR)
        return become_compare(g, i, IR_EQ, x->a, x->b);
    if (x->op == IR_EXTU || x->op == IR_EXTS)
        return become_compare(g, i, IR_EQZ, x->a, 0);
    return 0;
}

/* x op 0 and x op 1, and what else is decided by the constant. */
static uint32_t compare_const(struct gvn *g, uint32_t i, int op, uint32_t a, uint64_t k)
{
    const struct ir_ins *n = g->f->ins, *x = &n[a];
    uint64_t k2;
    uint32_t y;
    unsigned bits;
    if (k == 0 && (op == IR_EQ || op == IR_LEU))
        return become_compare(g, i, IR_EQZ, a, 0);
    if (k == 1 && op == IR_LTU)
        return become_compare(g, i, IR_EQZ, a, 0);
    if (k == 0 && op == IR_GTU)
        return become_const(g, i, IR_NE, a, 0);
    if (k == 1 && op == IR_GEU)
        return become_const(g, i, IR_NE, a, 0);
    if (k == 0 && (op == IR_LTU || op == IR_GEU))
        return constant(g, i, op == IR_GEU);
    if (k == 0 && op == IR_NE) {
        if (is_compare(x->op))
            return a;
        if (x->op == IR_SUB || x->op == IR_XOR)
            return become_compare(g, i, IR_NE, x->a, x->b);
    }
    if (k == 1 && (op == IR_NE || op == IR_EQ) && is_compare(x->op))
        return op == IR_EQ ? a : become_compare(g, i, IR_EQZ, a, 0);
    if ((op == IR_EQ || op == IR_NE) && is_op_const(g, a, IR_ADD, &y, &k2))
        return become_const(g, i, op, y, k - k2);
    bits = fold_low_bits(g, a, 4);
    if (bits < width(x->type) && k >> bits) {       /* a < k */
        if (op == IR_EQ || op == IR_GTU || op == IR_GEU)
            return constant(g, i, 0);
        if (op == IR_NE || op == IR_LTU || op == IR_LEU)
            return constant(g, i, 1);
    }
    if (x->op == IR_EXTU && k <= 0xffffffff && (op == IR_EQ || op == IR_NE || op == IR_LTU ||
        op == IR_GTU || op == IR_LEU || op == IR_GEU))
        return become_compare(g, i, op, x->a, gvn_const(g, T_I32, k));
    return 0;
}

uint32_t fold_compare(struct gvn *g, uint32_t i, int op, uint32_t a, uint32_t b)
{
    uint64_t k;
    if (a == b)
        return constant(g, i, op == IR_EQ || op == IR_LES || op == IR_LEU || op == IR_GES ||
                              op == IR_GEU);
    if (is_const(g, a, &k))
        return become_compare(g, i, swapped(op), b, a);
    return is_const(g, b, &k) ? compare_const(g, i, op, a, k) : 0;
}

uint32_t fold_select(struct gvn *g, uint32_t i)
{
    struct ir_ins *x = &g->f->ins[i];
    const struct ir_ins *c = &g->f->ins[x->c];
    uint64_t k, ka, kb;
    if (x->a == x->b)
        return x->a;
    if (is_const(g, x->c, &k))
        return k ? x->a : x->b;
    if (c->op == IR_EQZ && g->f->ins[c->a].type == T_I32) {
        uint32_t t = x->a;
        x->a = x->b;
        x->b = t;
        x->c = c->a;
        return i;
    }
    if (c->op == IR_NE && c->aux == T_I32 && is_const(g, c->b, &k) && k == 0) {
        x->c = c->a;
        return i;
    }
    if (x->type == T_I32 && is_compare(c->op) && is_const(g, x->a, &ka) && is_const(g, x->b, &kb)) {
        if (ka == 1 && kb == 0)
            return x->c;
        if (ka == 0 && kb == 1)
            return become_compare(g, i, IR_EQZ, x->c, 0);
    }
    return 0;
}
