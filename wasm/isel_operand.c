/*
 * isel_operand.c - operands of what is selected: constants, memory operands, folded loads.
 *
 * A load may be folded into its only user if both are in one block and nothing between them writes
 * or traps otherwise: `epoch` counts those.
 */
#include "wasm/isel.h"

struct lir *isel_put(struct isel *s, int op, int w, uint32_t dst)
{
    struct lfunc *l = s->l;

    if (l->n == l->cap) {
        l->lir = arena_grow(l->arena, l->lir, l->cap * sizeof *l->lir, 2 * l->cap * sizeof *l->lir);
        l->cap *= 2;
    }
    struct lir *i = &l->lir[l->n++];
    *i = (struct lir){ .op = op, .w = w, .dst = dst, .pos = s->pos };
    return i;
}

/* constant usable as a sign-extended 32-bit immediate of an operation of width w? */
bool isel_imm(struct isel *s, uint32_t v, int w, int32_t *imm)
{
    uint64_t k;

    if (!isel_const(s, v, &k) || ir_is_vec(s->ins[v].type))
        return false;
    *imm = (int32_t)k;
    return w <= 4 || (uint64_t)(int64_t)*imm == k;
}

bool isel_can_fold(struct isel *s, uint32_t v, int type)
{
    struct ir_ins *i = &s->ins[v];

    return i->op == IR_LOAD && i->type == type && i->aux == MEM_FULL && isel_single(s, v) &&
           s->epoch[v] == s->now;
}

/* v = x + c that cannot wrap: c << shift joins the offset, x is what is left. */
static uint32_t strip_offset(struct isel *s, uint32_t v, int shift, int64_t *offset)
{
    struct ir_ins *i = &s->ins[v];
    uint64_t k;

    if (i->op != IR_ADD || i->type != T_I32 || !isel_const(s, i->b, &k))
        return v;
    struct range r = range_unsigned(range_of(s->f, i->a));
    int64_t c = (int32_t)k, all = *offset + c * (1 << shift);
    if (r.lo + c < 0 || r.hi + c > UINT32_MAX || all < INT32_MIN || all > INT32_MAX)
        return v;
    *offset = all;
    return isel_past(s, v, i->a);
}

/* memory operand [base + address + offset] of load or store i into lir x */
void isel_address(struct isel *s, struct lir *x, uint32_t addr, uint32_t c, uint32_t memory)
{
    int64_t offset = (int32_t)c;
    uint64_t k;

    x->mem = memory ? LM_OTHER : LM_LINEAR;
    x->memory = (uint8_t)memory;
    x->scale = 1;
    if (isel_const(s, addr, &k) && k <= INT32_MAX && (int64_t)k + offset <= INT32_MAX) {
        x->disp = (int32_t)((int64_t)k + offset);
        return;
    }
    addr = strip_offset(s, addr, 0, &offset);
    struct ir_ins *i = &s->ins[addr];
    if (i->op == IR_SHL && i->type == T_I32 && isel_single(s, addr) &&
        isel_const(s, i->b, &k) && k <= 3 &&
        range_upper(s->f, i->a) << k <= UINT32_MAX) {
        addr = strip_offset(s, i->a, (int)k, &offset);
        x->scale = (uint8_t)(1 << k);
    }
    x->s3 = isel_val(s, addr);
    x->disp = (int32_t)offset;
}

void isel_fold(struct isel *s, struct lir *x, uint32_t v)
{
    s->count[v] = FOLDED;
    isel_address(s, x, s->ins[v].a, s->ins[v].c, s->ins[v].aux >> 8);
    x->pos = s->ins[v].pos;
}

bool isel_fold_load(struct isel *s, struct lir *x, uint32_t v, int type, int mem)
{
    struct ir_ins *i = &s->ins[v];

    if (i->op != IR_LOAD || i->type != type || i->aux != mem || !isel_single(s, v) ||
        s->epoch[v] != s->now)
        return false;
    isel_fold(s, x, v);
    return true;
}
