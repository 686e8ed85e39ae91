/*
 * isel_flags.c - compares and tests: which instruction sets the flags that a branch, a select or a
 * setcc reads, and which condition then holds.
 */
#include "wasm/isel.h"

static const uint8_t int_cc[] = { CC_E, CC_NE, CC_L, CC_B, CC_G, CC_A, CC_LE, CC_BE, CC_GE, CC_AE };
static const uint8_t float_cc[] = { CC_FEQ, CC_FNE, CC_A, CC_A, CC_AE, CC_AE };

static uint8_t swap_cc(uint8_t cc)
{
    switch (cc) {
    case CC_L: return CC_G;
    case CC_G: return CC_L;
    case CC_LE: return CC_GE;
    case CC_GE: return CC_LE;
    case CC_B: return CC_A;
    case CC_A: return CC_B;
    case CC_BE: return CC_AE;
    case CC_AE: return CC_BE;
    default: return cc;
    }
}

static bool is_shift_of(struct isel *s, uint32_t v, uint64_t of)
{
    uint64_t k;

    return s->ins[v].op == IR_SHL && isel_single(s, v) && isel_const(s, s->ins[v].a, &k) && k == of;
}

/* Is v, which is compared with 0, one bit of a value: 1 << n & x, x >> n & 1, or a bit beyond the
 * immediates? */
static bool is_bit(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    uint64_t k;

    if (i->op != IR_AND || !isel_single(s, v))
        return false;
    if (is_shift_of(s, i->a, 1) || is_shift_of(s, i->b, 1))
        return true;
    if (!isel_const(s, i->b, &k))
        return false;
    int op = s->ins[i->a].op;
    if (k == 1 && (op == IR_SHRU || op == IR_SHRS))
        return isel_single(s, i->a) && s->ins[s->ins[i->a].b].op != IR_CONST;
    return k > INT32_MAX && i->type == T_I64 && (k & (k - 1)) == 0;
}

/* carry = that bit */
static void put_bit(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    int w = isel_width(i->type);
    struct lir *x = isel_put(s, L_BT, w, 0);
    uint32_t of = i->a, n;
    uint64_t k;

    if (is_shift_of(s, i->a, 1)) {
        n = s->ins[i->a].b;
        of = i->b;
    } else if (is_shift_of(s, i->b, 1)) {
        n = s->ins[i->b].b;
    } else if (isel_const(s, i->b, &k) && k != 1) {
        x->has_imm = true;
        x->imm = __builtin_ctzll(k);
        x->s1 = isel_valw(s, of, w);
        return;
    } else {
        of = s->ins[i->a].a;
        n = s->ins[i->a].b;
    }
    x->s2 = isel_val32(s, isel_count(s, n, w));
    x->s1 = isel_valw(s, of, w);
}

/* Compare v itself, or 0: which condition holds after put_flags when v is true? */
struct flags isel_compare(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    struct flags fl = { CC_NE, v, 0, 0 };
    uint64_t k;

    if (i->op == IR_EQZ ||
        ((i->op == IR_EQ || i->op == IR_NE) && isel_const(s, i->b, &k) && k == 0)) {
        bool yes = i->op == IR_NE;
        fl.cc = yes ? CC_NE : CC_E;
        if (is_bit(s, i->a)) {
            fl.bit = i->a;
            fl.cc = yes ? CC_B : CC_AE;
        }
    } else if (isel_int_compare(i->op)) {
        fl.cc = int_cc[i->op - IR_EQ];
        if (s->ins[i->a].op == IR_CONST && s->ins[i->b].op != IR_CONST)
            fl.cc = swap_cc(fl.cc);
    } else {
        fl.cc = float_cc[i->op - IR_FEQ];
    }
    return fl;
}

/* How to branch on value v: through its compare if that is only used here, else by testing it. */
struct flags isel_plan(struct isel *s, uint32_t v)
{
    int op = s->ins[v].op;

    if (isel_single(s, v) && (op == IR_EQZ || isel_int_compare(op) || isel_float_compare(op)))
        return isel_compare(s, v);
    if (is_bit(s, v))
        return (struct flags){ CC_B, 0, v, v };
    return (struct flags){ CC_NE, 0, v, 0 };
}

/* flags of x AND y or of x alone */
static void put_test(struct isel *s, uint32_t v, int w)
{
    struct ir_ins *i = &s->ins[v];
    struct lir *x;
    int32_t imm;

    if (i->op == IR_AND && isel_single(s, v) && isel_width(i->type) == w) {
        x = isel_put(s, L_TEST, w, 0);
        if (isel_imm(s, i->b, w, &imm)) {
            x->has_imm = true;
            x->imm = imm;
        } else {
            x->s2 = isel_valw(s, i->b, w);
        }
        x->s1 = isel_valw(s, i->a, w);
        return;
    }
    if (isel_can_fold(s, v, w == 4 ? T_I32 : T_I64)) {
        x = isel_put(s, L_CMP, w, 0);
        x->has_imm = true;
        isel_fold(s, x, v);
        return;
    }
    x = isel_put(s, L_TEST, w, 0);
    x->s1 = x->s2 = isel_valw(s, v, w);
}

/* Compare of a byte in memory with a constant that the byte form can express under condition cc? */
static bool byte_compare(struct isel *s, uint32_t a, int32_t imm, uint8_t cc)
{
    struct ir_ins *i = &s->ins[a];
    bool sign = i->aux == MEM_8S, equal = cc == CC_E || cc == CC_NE;
    bool below = cc == CC_B || cc == CC_AE || cc == CC_BE || cc == CC_A;

    if (i->op != IR_LOAD || (i->aux != MEM_8U && !sign) || !isel_single(s, a) ||
        s->epoch[a] != s->now)
        return false;
    return sign ? (equal || !below) && imm == (int8_t)imm
                : (equal || below) && imm >= 0 && imm <= 255;
}

static void put_compare(struct isel *s, uint32_t a, uint32_t b, int w, uint8_t cc)
{
    int type = w == 4 ? T_I32 : T_I64;
    struct lir *x;
    int32_t imm;

    if (s->ins[a].op == IR_CONST && s->ins[b].op != IR_CONST) {
        uint32_t t = a;
        a = b;
        b = t;
    }
    if (isel_imm(s, b, w, &imm)) {
        if (byte_compare(s, a, imm, cc)) {
            x = isel_put(s, L_CMP, 1, 0);
            x->has_imm = true;
            x->imm = (int8_t)imm;
            isel_fold(s, x, a);
            return;
        }
        if (imm == 0) {
            put_test(s, a, w);
            return;
        }
        x = isel_put(s, L_CMP, w, 0);
        x->has_imm = true;
        x->imm = imm;
        if (isel_can_fold(s, a, type))
            isel_fold(s, x, a);
        else
            x->s1 = isel_valw(s, a, w);
        return;
    }
    x = isel_put(s, L_CMP, w, 0);
    if (isel_can_fold(s, b, type)) {
        isel_fold(s, x, b);
        x->s1 = isel_valw(s, a, w);
    } else if (isel_can_fold(s, a, type)) {
        isel_fold(s, x, a);
        x->s2 = isel_valw(s, b, w);
    } else {
        x->s1 = isel_valw(s, a, w);
        x->s2 = isel_valw(s, b, w);
    }
}

/* flags of "v is not 0" */
static void put_nonzero(struct isel *s, uint32_t v, int w)
{
    if (s->ins[v].op == IR_VANY && isel_single(s, v)) {
        isel_any_true(s, v);
        return;
    }
    if (!byte_compare(s, v, 0, CC_NE)) {
        put_test(s, v, w);
        return;
    }
    struct lir *x = isel_put(s, L_CMP, 1, 0);
    x->has_imm = true;
    isel_fold(s, x, v);
}

void isel_flags(struct isel *s, struct flags fl)
{
    struct ir_ins *i = &s->ins[fl.cmp];
    uint32_t a, b;

    if (fl.bit) {
        put_bit(s, fl.bit);
        return;
    }
    if (!fl.cmp) {
        put_nonzero(s, fl.v, 4);
        return;
    }
    int w = isel_width(i->aux);
    if (i->op == IR_EQZ) {
        put_nonzero(s, i->a, w);
    } else if (isel_int_compare(i->op)) {
        put_compare(s, i->a, i->b, w, fl.cc);
    } else {
        bool swap = i->op == IR_FLT || i->op == IR_FLE;
        a = swap ? i->b : i->a;
        b = swap ? i->a : i->b;
        struct lir *x = isel_put(s, L_FCMP, w, 0);
        x->flt = 1;
        if (isel_can_fold(s, b, i->aux))
            isel_fold(s, x, b);
        else
            x->s2 = isel_val(s, b);
        x->s1 = isel_val(s, a);
    }
}
