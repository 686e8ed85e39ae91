/*
 * isel_int.c - integer operations: lea for sums, immediates, loads as operands, shifts, divisions.
 */
#include "wasm/isel.h"

/* tied two-operand ALU operation v with operands a, b */
void isel_alu(struct isel *s, int op, int sub, uint32_t v, uint32_t a, uint32_t b, int w)
{
    int type = w == 4 ? T_I32 : T_I64;
    struct lir *x = isel_put(s, op, w, v);
    int32_t imm;

    x->sub = sub;
    if (isel_imm(s, b, w, &imm)) {
        x->has_imm = true;
        x->imm = imm;
    } else if (isel_can_fold(s, b, type)) {
        isel_fold(s, x, b);
    } else if (op != L_ALU && isel_can_fold(s, a, type)) {
        isel_fold(s, x, a);
        a = b;
    } else {
        x->s2 = isel_valw(s, b, w);
    }
    x->s1 = isel_valw(s, a, w);
}

/* x = y << k, k <= 3, computed only for this user? */
static bool scaled(struct isel *s, uint32_t v, int *scale, uint32_t *y)
{
    struct ir_ins *i = &s->ins[v];
    uint64_t k;

    if (i->op != IR_SHL || !isel_single(s, v) || !isel_const(s, i->b, &k) || k > 3 || k == 0)
        return false;
    *scale = 1 << k;
    *y = i->a;
    return true;
}

static void isel_lea(struct isel *s, int w, uint32_t v, uint32_t base, uint32_t index, int scale,
                    int32_t disp)
{
    struct lir *x = isel_put(s, L_LEA, w, v);

    x->scale = scale;
    x->disp = disp;
    x->s1 = base ? isel_valw(s, base, w) : 0;
    x->s3 = isel_valw(s, index, w);
}

void isel_add(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    int32_t imm = 0;
    uint32_t y;
    int scale;

    if (isel_imm(s, b, w, &imm)) {
        struct ir_ins *t = &s->ins[a];
        if (t->op == IR_ADD && isel_single(s, a) && s->ins[t->b].op != IR_CONST) {
            if (scaled(s, t->b, &scale, &y))
                isel_lea(s, w, v, t->a, y, scale, imm);
            else if (scaled(s, t->a, &scale, &y))
                isel_lea(s, w, v, t->b, y, scale, imm);
            else
                isel_lea(s, w, v, t->a, t->b, 1, imm);
            return;
        }
        if (scaled(s, a, &scale, &y)) {
            isel_lea(s, w, v, 0, y, scale, imm);
            return;
        }
        struct lir *x = isel_put(s, L_ADD, w, v);
        x->has_imm = true;
        x->imm = imm;
        x->s1 = isel_valw(s, a, w);
    } else if (scaled(s, b, &scale, &y)) {
        isel_lea(s, w, v, a, y, scale, 0);
    } else if (scaled(s, a, &scale, &y)) {
        isel_lea(s, w, v, b, y, scale, 0);
    } else if (isel_can_fold(s, a, w == 4 ? T_I32 : T_I64) ||
               isel_can_fold(s, b, w == 4 ? T_I32 : T_I64)) {
        isel_alu(s, L_ALUC, 0, v, a, b, w);
    } else {
        struct lir *x = isel_put(s, L_ADD, w, v);
        x->s1 = isel_valw(s, a, w);
        x->s2 = isel_valw(s, b, w);
    }
}

void isel_sub(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    int32_t imm;
    uint64_t k;

    if (isel_imm(s, b, w, &imm) && imm != INT32_MIN) {
        struct lir *x = isel_put(s, L_ADD, w, v);
        x->has_imm = true;
        x->imm = -imm;
        x->s1 = isel_valw(s, a, w);
    } else if (isel_const(s, a, &k) && k == 0) {
        struct lir *x = isel_put(s, L_NEG, w, v);
        x->s1 = isel_valw(s, b, w);
    } else {
        isel_alu(s, L_ALU, 5, v, a, b, w);
    }
}

void isel_mul(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    int32_t imm;

    if (isel_imm(s, b, w, &imm)) {
        if (imm == 3 || imm == 5 || imm == 9) {
            isel_lea(s, w, v, a, a, imm - 1, 0);
            return;
        }
        struct lir *x = isel_put(s, L_IMULI, w, v);
        x->imm = imm;
        x->s1 = isel_valw(s, a, w);
        return;
    }
    isel_alu(s, L_IMUL, 0, v, a, b, w);
}

void isel_ext(struct isel *s, int w, uint32_t v, uint32_t a, int sub)
{
    struct lir *x = isel_put(s, L_EXT, w, v);

    x->sub = sub;
    if (sub == MEM_32S && isel_can_fold(s, a, T_I32))
        isel_fold(s, x, a);
    else
        x->s1 = sub >= MEM_32S && s->ins[a].type == T_I64 ? isel_val(s, a) : isel_val32(s, a);
}

/* v = a & b in one operation of BMI1: ~y & b, (b - 1) & b, -b & b? */
static bool twiddle(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    struct ir_ins *i = &s->ins[a];
    uint64_t k, ones = w == 4 ? UINT32_MAX : UINT64_MAX;
    struct lir *x;

    if (!(s->l->cpu & WASM_CPU_BMI1) || !isel_single(s, a))
        return false;
    if (i->op == IR_XOR && isel_const(s, i->b, &k) && k == ones && s->ins[b].op != IR_CONST) {
        x = isel_put(s, L_ANDN, w, v);
        if (isel_can_fold(s, b, w == 4 ? T_I32 : T_I64))
            isel_fold(s, x, b);
        else
            x->s2 = isel_valw(s, b, w);
        x->s1 = isel_valw(s, i->a, w);
        return true;
    }
    bool off = i->op == IR_ADD && i->a == b && isel_const(s, i->b, &k) && k == ones;
    if (!off && !(i->op == IR_SUB && i->b == b && isel_const(s, i->a, &k) && k == 0))
        return false;
    x = isel_put(s, L_BLS, w, v);
    x->sub = off ? 1 : 3;
    x->s1 = isel_valw(s, b, w);
    return true;
}

void isel_and(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    uint64_t k;

    if (isel_const(s, b, &k)) {
        int sub = k == 0xff ? MEM_8U : k == 0xffff ? MEM_16U :
                  k == UINT32_MAX && w == 8 ? MEM_32U : 0;
        if (sub) {
            isel_ext(s, w, v, a, sub);
            return;
        }
    }
    if (!twiddle(s, v, a, b, w) && !twiddle(s, v, b, a, w))
        isel_alu(s, L_ALUC, 4, v, a, b, w);
}

uint32_t isel_count(struct isel *s, uint32_t count, int w)
{
    struct ir_ins *i = &s->ins[count];
    uint64_t mask;

    if (i->op == IR_AND && isel_const(s, i->b, &mask) &&
        (mask & (w * 8 - 1)) == (uint64_t)(w * 8 - 1))
        return isel_past(s, count, i->a);
    return count;
}

void isel_shift(struct isel *s, uint32_t v, struct ir_ins *i, int w)
{
    static const uint8_t sub[] = { 4, 7, 5, 0, 1 };     /* SHL SHRS SHRU ROTL ROTR */
    int n = sub[i->op - IR_SHL];
    uint32_t count = i->b;
    uint64_t k;
    struct lir *x;

    if (isel_const(s, count, &k)) {
        bool rorx = n == 0 && (s->l->cpu & WASM_CPU_BMI2);
        x = isel_put(s, rorx ? L_ROLI : L_SHIFTI, w, v);
        x->sub = n;
        x->imm = (int32_t)(k & (w * 8 - 1));
        x->s1 = isel_valw(s, i->a, w);
        return;
    }
    count = isel_count(s, count, w);
    bool bmi = (s->l->cpu & WASM_CPU_BMI2) && n >= 4;
    x = isel_put(s, bmi ? L_SHIFTX : L_SHIFTC, w, v);
    x->sub = n;
    x->s1 = isel_valw(s, i->a, w);
    x->s2 = isel_val32(s, count);
}

void isel_div(struct isel *s, uint32_t v, struct ir_ins *i, int w)
{
    struct lir *x = isel_put(s, L_DIV, w, v);
    uint64_t k, minus1 = w == 4 ? UINT32_MAX : UINT64_MAX;

    x->sub = i->op - IR_DIVS;
    if (isel_const(s, i->b, &k))          /* imm: 1 = not zero, 2 = not -1 */
        x->imm = (k != 0) | (k != minus1) << 1;
    x->s1 = isel_valw(s, i->a, w);
    x->s2 = isel_valw(s, i->b, w);
}

void isel_select(struct isel *s, uint32_t v, struct ir_ins *i)
{
    struct flags fl = isel_plan(s, i->c);
    int w = isel_width(i->type);
    struct lir *x = isel_put(s, ir_is_vec(i->type) ? L_FSEL : L_CMOV, w, v);

    x->sub = fl.cc;
    x->flt = ir_is_vec(i->type);
    /* a branch over the move leaves s1 as it is, upper half included: no looking through a wrap */
    x->s1 = x->flt || fl.cc >= CC_FEQ ? isel_val(s, i->b) : isel_valw(s, i->b, w);
    x->s2 = x->flt ? isel_val(s, i->a) : isel_valw(s, i->a, w);
    isel_flags(s, fl);
}
