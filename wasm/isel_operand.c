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

/* An upper bound of the i32 v, from constants, masks and widths; no deeper than a few
 * operations. */
static uint64_t highest(struct isel *s, uint32_t v, int depth)
{
    struct ir_ins *i = &s->ins[v];
    uint64_t a, b, k;

    if (i->op == IR_CONST)
        return ir_imm(i);
    if (i->type != T_I32 || depth > 5)
        return UINT32_MAX;
    switch (i->op) {
    case IR_AND:
        a = highest(s, i->a, depth + 1);
        b = highest(s, i->b, depth + 1);
        return a < b ? a : b;
    case IR_ADD:
        a = highest(s, i->a, depth + 1) + highest(s, i->b, depth + 1);
        break;
    case IR_SHL:
        a = isel_const(s, i->b, &k) ? highest(s, i->a, depth + 1) << (k & 31) : UINT32_MAX;
        break;
    case IR_SHRU:
        return isel_const(s, i->b, &k) ? highest(s, i->a, depth + 1) >> (k & 31) : UINT32_MAX;
    case IR_MUL:
        a = isel_const(s, i->b, &k) && k <= UINT16_MAX ? highest(s, i->a, depth + 1) * k
                                                       : UINT32_MAX;
        break;
    case IR_LOAD:
        return (i->aux & 255) == MEM_8U ? 255 : (i->aux & 255) == MEM_16U ? 65535 : UINT32_MAX;
    case IR_SELECT:
        a = highest(s, i->a, depth + 1);
        b = highest(s, i->b, depth + 1);
        return a > b ? a : b;
    default:
        return isel_int_compare(i->op) || isel_float_compare(i->op) || i->op == IR_EQZ
            ? 1 : UINT32_MAX;
    }
    return a <= UINT32_MAX ? a : UINT32_MAX;
}

/* v = x + c that cannot wrap: c << shift joins the offset, x is what is left. */
static uint32_t strip_offset(struct isel *s, uint32_t v, int shift, uint32_t *offset)
{
    struct ir_ins *i = &s->ins[v];
    uint64_t c;

    if (i->op != IR_ADD || i->type != T_I32 || !isel_const(s, i->b, &c) ||
        highest(s, i->a, 0) + c > UINT32_MAX ||
        (c << shift) + *offset > INT32_MAX)
        return v;
    *offset += (uint32_t)(c << shift);
    return i->a;
}

/* memory operand [base + address + offset] of load or store i into lir x */
void isel_address(struct isel *s, struct lir *x, uint32_t addr, uint32_t offset, uint32_t memory)
{
    uint64_t k;

    x->mem = memory ? LM_OTHER : LM_LINEAR;
    x->memory = (uint8_t)memory;
    x->scale = 1;
    if (isel_const(s, addr, &k) && k + offset <= INT32_MAX) {
        x->disp = (int32_t)(k + offset);
        return;
    }
    addr = strip_offset(s, addr, 0, &offset);
    struct ir_ins *i = &s->ins[addr];
    if (i->op == IR_SHL && i->type == T_I32 && isel_single(s, addr) &&
        isel_const(s, i->b, &k) && k <= 3 &&
        highest(s, i->a, 0) << k <= UINT32_MAX) {
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
