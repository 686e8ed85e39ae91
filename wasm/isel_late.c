/*
 * isel_late.c - late scheduling: a value with one user moves to just before it (pass letter s).
 *
 * wasm's stack order computes all the operands of a long sum before the first addition, and each of
 * them would hold a register until then. isel.c walks backwards: behind an instruction that has
 * been written come its operands, at once, if they are used nowhere else and free to move. Of two
 * operands the one that needs fewer registers stands nearest (Sethi and Ullman, "The Generation of
 * Optimal Code for Arithmetic Expressions", 1970).
 *
 * A value stays where it is if moving it would keep more than one register busy for it: its
 * operands then live on to the later place, but for those that do anyway. Two kinds count double:
 * a phi, which wants to be updated in place; a load that would be no part of the value's
 * instruction any longer. Loads move as far as they could be folded: over nothing that writes or
 * traps otherwise.
 */
#include "wasm/isel.h"

enum { DEPTH = 4, MOST = 8 };

struct weight { uint32_t held, regs; };     /* registers held from further up; to compute it */

static bool is_pure(int op)
{
    return (ir_op_mode(op) & M_PURE) && op != IR_CONST;
}

/* Can v be computed just before the instruction at hand? */
static bool movable(struct isel *s, uint32_t v)
{
    int op = s->ins[v].op;

    if (!isel_single(s, v))
        return false;
    if (op == IR_LOAD || op == IR_GLOBALGET || op == IR_MEMSIZE)
        return s->epoch[v] == s->now;
    return is_pure(op);
}

/* Is x in a register here anyway? */
static bool lives_on(struct isel *s, uint32_t x)
{
    return s->need[x] || s->blk[x] < s->f->blocks[s->cur].loop;
}

static struct weight weigh(struct isel *s, uint32_t v, int depth)
{
    struct ir_ins *i = &s->ins[v];
    const uint32_t operand[] = { i->a, i->b, i->c };
    struct weight all = { 0, 1 };
    uint32_t last = 0;

    for (int k = 0; k < isel_operands(i->op); k++) {
        uint32_t x = operand[k];
        while (s->ins[x].op == IR_EXTU || s->ins[x].op == IR_WRAP)
            x = s->ins[x].a;
        if (s->ins[x].op == IR_CONST || x == last || lives_on(s, x))
            continue;
        struct weight w = { 1, 2 };
        if (movable(s, x) && depth)
            w = weigh(s, x, depth - 1);
        else if (s->ins[x].op == IR_PHI ||
                 (s->ins[x].op == IR_LOAD && isel_single(s, x) && s->epoch[x] == s->epoch[v]))
            w.held = 2;
        all.held += w.held;
        all.regs = w.regs > all.regs ? w.regs : all.regs + (w.regs == all.regs && last);
        last = x;
    }
    return all;
}

/* Is one of the operands of lir[from ..) free to move? The instruction that comes next anyway does
 * not count. */
static bool any_other(struct isel *s, uint32_t from, uint32_t next)
{
    for (struct lir *x = &s->l->lir[from]; x < &s->l->lir[s->l->n]; x++)
        if ((s->count[x->s2] == 1 && x->s2 != next) || (s->count[x->s3] == 1 && x->s3 != next) ||
            (s->count[x->s1] == 1 && x->s1 != next))
            return true;
    return false;
}

/* The operands of lir[from ..) that are free to move: to be written next, the last one first. */
void isel_late(struct isel *s, uint32_t from, uint32_t next)
{
    uint32_t v[MOST + 3], n = 0, best;
    struct weight w[MOST + 3];

    if (!any_other(s, from, next))
        return;
    for (uint32_t k = from; k < s->l->n && n < MOST; k++) {
        struct lir *x = &s->l->lir[k];
        if (x->op == L_TAIL || (lir_mode(x->op) & LC_CALL))
            continue;           /* s1 is the call */
        const uint32_t use[] = { x->s2, x->s1, x->s3 };
        for (int j = 0; j < 3; j++) {
            if (!use[j] || !movable(s, use[j]))
                continue;
            w[n] = weigh(s, use[j], DEPTH);
            v[n++] = use[j];
            s->count[use[j]] = FOLDED;
        }
    }
    for (; n; v[best] = v[--n], w[best] = w[n]) {
        best = 0;
        for (uint32_t k = 1; k < n; k++)
            if (w[k].regs >= w[best].regs)
                best = k;
        if (w[best].held <= 1 && s->nlate < ISEL_LATE)
            s->late[s->nlate++] = v[best];
        else
            s->count[v[best]] = 1;
    }
}
