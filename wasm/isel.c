/*
 * isel.c - instruction selection: walks each block backwards, so that when a value is reached all
 * its users are known: what was folded into them (addresses, loads, compares, immediates) or is not
 * used at all is never emitted. Needs: blocks in layout order, no aliases. Writes lir[], last
 * instruction first.
 *
 * A load may be folded into its only user if both are in one block and nothing between them writes
 * or traps otherwise: `epoch` counts those.
 *
 * i32 values in registers are zero-extended, so i64.extend_i32_u is free: val() looks through it. A
 * 32-bit operation reads only the low half, so val32() looks through i32.wrap_i64.
 */
#include "wasm/isel.h"

static struct lir *put(struct isel *s, int op, int w, uint32_t dst, uint32_t s1, uint32_t s2)
{
    struct lfunc *l = s->l;

    if (l->n == l->cap) {
        l->lir = arena_grow(l->arena, l->lir, l->cap * sizeof *l->lir, 2 * l->cap * sizeof *l->lir);
        l->cap *= 2;
    }
    struct lir *i = &l->lir[l->n++];
    *i = (struct lir){ .op = op, .w = w, .dst = dst, .s1 = s1, .s2 = s2, .pos = s->pos };
    return i;
}

static int width(int type)
{
    return type == T_I32 || type == T_F32 ? 4 : type == T_V128 ? 16 : 8;
}

static uint32_t val(struct isel *s, uint32_t v)
{
    while (s->ins[v].op == IR_EXTU)
        v = s->ins[v].a;
    s->need[v]++;
    return v;
}

static uint32_t val32(struct isel *s, uint32_t v)
{
    if (s->ins[v].op == IR_WRAP)
        v = s->ins[v].a;
    return val(s, v);
}

/* operand of an operation of width w */
static uint32_t valw(struct isel *s, uint32_t v, int w)
{
    return w == 4 ? val32(s, v) : val(s, v);
}

static bool is_const(struct isel *s, uint32_t v, uint64_t *k)
{
    if (s->ins[v].op != IR_CONST)
        return false;
    *k = ir_imm(&s->ins[v]);
    return true;
}

/* constant usable as a sign-extended 32-bit immediate of an operation of width w? */
static bool is_imm(struct isel *s, uint32_t v, int w, int32_t *imm)
{
    uint64_t k;

    if (!is_const(s, v, &k) || ir_is_vec(s->ins[v].type))
        return false;
    *imm = (int32_t)k;
    return w <= 4 || (uint64_t)(int64_t)*imm == k;
}

/* only used here, and defined in this block: may be computed as part of its user */
static bool single(struct isel *s, uint32_t v)
{
    return s->count[v] == 1 && s->blk[v] == s->cur;
}

static bool foldable_load(struct isel *s, uint32_t v, int type)
{
    struct ir_ins *i = &s->ins[v];

    return i->op == IR_LOAD && i->type == type && i->aux == MEM_FULL && single(s, v) &&
           s->epoch[v] == s->now;
}

static bool is_int_compare(int op)
{
    return op >= IR_EQ && op <= IR_GEU;
}

static bool is_float_compare(int op)
{
    return op >= IR_FEQ && op <= IR_FGE;
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
        a = is_const(s, i->b, &k) ? highest(s, i->a, depth + 1) << (k & 31) : UINT32_MAX;
        break;
    case IR_SHRU:
        return is_const(s, i->b, &k) ? highest(s, i->a, depth + 1) >> (k & 31) : UINT32_MAX;
    case IR_MUL:
        a = is_const(s, i->b, &k) && k <= UINT16_MAX ? highest(s, i->a, depth + 1) * k : UINT32_MAX;
        break;
    case IR_LOAD:
        return (i->aux & 255) == MEM_8U ? 255 : (i->aux & 255) == MEM_16U ? 65535 : UINT32_MAX;
    case IR_SELECT:
        a = highest(s, i->a, depth + 1);
        b = highest(s, i->b, depth + 1);
        return a > b ? a : b;
    default:
        return is_int_compare(i->op) || is_float_compare(i->op) || i->op == IR_EQZ ? 1 : UINT32_MAX;
    }
    return a <= UINT32_MAX ? a : UINT32_MAX;
}

/* v = x + c that cannot wrap: c << shift joins the offset, x is what is left. */
static uint32_t strip_offset(struct isel *s, uint32_t v, int shift, uint32_t *offset)
{
    struct ir_ins *i = &s->ins[v];
    uint64_t c;

    if (i->op != IR_ADD || i->type != T_I32 || !is_const(s, i->b, &c) ||
        highest(s, i->a, 0) + c > UINT32_MAX ||
        (c << shift) + *offset > INT32_MAX)
        return v;
    *offset += (uint32_t)(c << shift);
    return i->a;
}

/* memory operand [base + address + offset] of load or store i into lir x */
static void address(struct isel *s, struct lir *x, uint32_t addr, uint32_t offset, uint32_t memory)
{
    uint64_t k;

    x->mem = memory ? LM_OTHER : LM_LINEAR;
    x->memory = (uint8_t)memory;
    x->scale = 1;
    if (is_const(s, addr, &k) && k + offset <= INT32_MAX) {
        x->disp = (int32_t)(k + offset);
        return;
    }
    addr = strip_offset(s, addr, 0, &offset);
    struct ir_ins *i = &s->ins[addr];
    if (i->op == IR_SHL && i->type == T_I32 && single(s, addr) && is_const(s, i->b, &k) && k <= 3 &&
        highest(s, i->a, 0) << k <= UINT32_MAX) {
        addr = strip_offset(s, i->a, (int)k, &offset);
        x->scale = (uint8_t)(1 << k);
    }
    x->s3 = val(s, addr);
    x->disp = (int32_t)offset;
}

#define FOLDED UINT32_MAX      /* in count[]: computed as part of its user */

static void fold_load(struct isel *s, struct lir *x, uint32_t v)
{
    s->count[v] = FOLDED;
    address(s, x, s->ins[v].a, s->ins[v].c, s->ins[v].aux >> 8);
    x->pos = s->ins[v].pos;
}

/* ---- conditions ---------------------------------------------------------------------------- */

struct flags { uint8_t cc; uint32_t cmp; uint32_t v; };

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

/* Compare v itself, or 0: which condition holds after put_flags when v is true? */
static struct flags compare_flags(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    struct flags fl = { CC_NE, v, 0 };

    if (i->op == IR_EQZ) {
        fl.cc = CC_E;
    } else if (is_int_compare(i->op)) {
        fl.cc = int_cc[i->op - IR_EQ];
        if (s->ins[i->a].op == IR_CONST && s->ins[i->b].op != IR_CONST)
            fl.cc = swap_cc(fl.cc);
    } else {
        fl.cc = float_cc[i->op - IR_FEQ];
    }
    return fl;
}

/* How to branch on value v: through its compare if that is only used here, else by testing it. */
static struct flags plan_flags(struct isel *s, uint32_t v)
{
    int op = s->ins[v].op;

    if (single(s, v) && (op == IR_EQZ || is_int_compare(op) || is_float_compare(op)))
        return compare_flags(s, v);
    return (struct flags){ CC_NE, 0, v };
}

/* flags of x AND y or of x alone */
static void put_test(struct isel *s, uint32_t v, int w)
{
    struct ir_ins *i = &s->ins[v];
    struct lir *x;
    int32_t imm;

    if (i->op == IR_AND && single(s, v) && width(i->type) == w) {
        x = put(s, L_TEST, w, 0, 0, 0);
        if (is_imm(s, i->b, w, &imm)) {
            x->has_imm = true;
            x->imm = imm;
        } else {
            x->s2 = valw(s, i->b, w);
        }
        x->s1 = valw(s, i->a, w);
        return;
    }
    if (foldable_load(s, v, w == 4 ? T_I32 : T_I64)) {
        x = put(s, L_CMP, w, 0, 0, 0);
        x->has_imm = true;
        fold_load(s, x, v);
        return;
    }
    x = put(s, L_TEST, w, 0, 0, 0);
    x->s1 = x->s2 = valw(s, v, w);
}

/* Compare of a byte in memory with a constant that the byte form can express under condition cc? */
static bool byte_compare(struct isel *s, uint32_t a, int32_t imm, uint8_t cc)
{
    struct ir_ins *i = &s->ins[a];
    bool sign = i->aux == MEM_8S, equal = cc == CC_E || cc == CC_NE;
    bool below = cc == CC_B || cc == CC_AE || cc == CC_BE || cc == CC_A;

    if (i->op != IR_LOAD || (i->aux != MEM_8U && !sign) || !single(s, a) || s->epoch[a] != s->now)
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
    if (is_imm(s, b, w, &imm)) {
        if (byte_compare(s, a, imm, cc)) {
            x = put(s, L_CMP, 1, 0, 0, 0);
            x->has_imm = true;
            x->imm = (int8_t)imm;
            fold_load(s, x, a);
            return;
        }
        if (imm == 0) {
            put_test(s, a, w);
            return;
        }
        x = put(s, L_CMP, w, 0, 0, 0);
        x->has_imm = true;
        x->imm = imm;
        if (foldable_load(s, a, type))
            fold_load(s, x, a);
        else
            x->s1 = valw(s, a, w);
        return;
    }
    x = put(s, L_CMP, w, 0, 0, 0);
    if (foldable_load(s, b, type)) {
        fold_load(s, x, b);
        x->s1 = valw(s, a, w);
    } else if (foldable_load(s, a, type)) {
        fold_load(s, x, a);
        x->s2 = valw(s, b, w);
    } else {
        x->s1 = valw(s, a, w);
        x->s2 = valw(s, b, w);
    }
}

/* flags of "v is not 0" */
static void put_nonzero(struct isel *s, uint32_t v, int w)
{
    if (s->ins[v].op == IR_VANY && single(s, v)) {
        isel_any_true(s, v);
        return;
    }
    if (!byte_compare(s, v, 0, CC_NE)) {
        put_test(s, v, w);
        return;
    }
    struct lir *x = put(s, L_CMP, 1, 0, 0, 0);
    x->has_imm = true;
    fold_load(s, x, v);
}

static void put_flags(struct isel *s, struct flags fl)
{
    struct ir_ins *i = &s->ins[fl.cmp];
    uint32_t a, b;

    if (!fl.cmp) {
        put_nonzero(s, fl.v, 4);
        return;
    }
    int w = width(i->aux);
    if (i->op == IR_EQZ) {
        put_nonzero(s, i->a, w);
    } else if (is_int_compare(i->op)) {
        put_compare(s, i->a, i->b, w, fl.cc);
    } else {
        bool swap = i->op == IR_FLT || i->op == IR_FLE;
        a = swap ? i->b : i->a;
        b = swap ? i->a : i->b;
        struct lir *x = put(s, L_FCMP, w, 0, 0, 0);
        x->flt = 1;
        if (foldable_load(s, b, i->aux))
            fold_load(s, x, b);
        else
            x->s2 = val(s, b);
        x->s1 = val(s, a);
    }
}

/* ---- integer operations -------------------------------------------------------------------- */

/* tied two-operand ALU operation v with operands a, b */
static void put_alu(struct isel *s, int op, int sub, uint32_t v, uint32_t a, uint32_t b, int w)
{
    int type = w == 4 ? T_I32 : T_I64;
    struct lir *x = put(s, op, w, v, 0, 0);
    int32_t imm;

    x->sub = sub;
    if (is_imm(s, b, w, &imm)) {
        x->has_imm = true;
        x->imm = imm;
    } else if (foldable_load(s, b, type)) {
        fold_load(s, x, b);
    } else if (op != L_ALU && foldable_load(s, a, type)) {
        fold_load(s, x, a);
        a = b;
    } else {
        x->s2 = valw(s, b, w);
    }
    x->s1 = valw(s, a, w);
}

/* x = y << k, k <= 3, computed only for this user? */
static bool scaled(struct isel *s, uint32_t v, int *scale, uint32_t *y)
{
    struct ir_ins *i = &s->ins[v];
    uint64_t k;

    if (i->op != IR_SHL || !single(s, v) || !is_const(s, i->b, &k) || k > 3 || k == 0)
        return false;
    *scale = 1 << k;
    *y = i->a;
    return true;
}

static void put_lea(struct isel *s, int w, uint32_t v, uint32_t base, uint32_t index, int scale,
                    int32_t disp)
{
    struct lir *x = put(s, L_LEA, w, v, 0, 0);

    x->scale = scale;
    x->disp = disp;
    x->s1 = base ? valw(s, base, w) : 0;
    x->s3 = valw(s, index, w);
}

static void sel_add(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    int32_t imm = 0;
    uint32_t y;
    int scale;

    if (is_imm(s, b, w, &imm)) {
        struct ir_ins *t = &s->ins[a];
        if (t->op == IR_ADD && single(s, a) && s->ins[t->b].op != IR_CONST) {
            if (scaled(s, t->b, &scale, &y))
                put_lea(s, w, v, t->a, y, scale, imm);
            else if (scaled(s, t->a, &scale, &y))
                put_lea(s, w, v, t->b, y, scale, imm);
            else
                put_lea(s, w, v, t->a, t->b, 1, imm);
            return;
        }
        if (scaled(s, a, &scale, &y)) {
            put_lea(s, w, v, 0, y, scale, imm);
            return;
        }
        struct lir *x = put(s, L_ADD, w, v, 0, 0);
        x->has_imm = true;
        x->imm = imm;
        x->s1 = valw(s, a, w);
    } else if (scaled(s, b, &scale, &y)) {
        put_lea(s, w, v, a, y, scale, 0);
    } else if (scaled(s, a, &scale, &y)) {
        put_lea(s, w, v, b, y, scale, 0);
    } else if (foldable_load(s, a, w == 4 ? T_I32 : T_I64) ||
               foldable_load(s, b, w == 4 ? T_I32 : T_I64)) {
        put_alu(s, L_ALUC, 0, v, a, b, w);
    } else {
        struct lir *x = put(s, L_ADD, w, v, 0, 0);
        x->s1 = valw(s, a, w);
        x->s2 = valw(s, b, w);
    }
}

static void sel_sub(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    int32_t imm;
    uint64_t k;

    if (is_imm(s, b, w, &imm) && imm != INT32_MIN) {
        struct lir *x = put(s, L_ADD, w, v, 0, 0);
        x->has_imm = true;
        x->imm = -imm;
        x->s1 = valw(s, a, w);
    } else if (is_const(s, a, &k) && k == 0) {
        struct lir *x = put(s, L_NEG, w, v, 0, 0);
        x->s1 = valw(s, b, w);
    } else {
        put_alu(s, L_ALU, 5, v, a, b, w);
    }
}

static void sel_mul(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    int32_t imm;

    if (is_imm(s, b, w, &imm)) {
        if (imm == 3 || imm == 5 || imm == 9) {
            put_lea(s, w, v, a, a, imm - 1, 0);
            return;
        }
        struct lir *x = put(s, L_IMULI, w, v, 0, 0);
        x->imm = imm;
        x->s1 = valw(s, a, w);
        return;
    }
    put_alu(s, L_IMUL, 0, v, a, b, w);
}

static void put_ext(struct isel *s, int w, uint32_t v, uint32_t a, int sub)
{
    struct lir *x = put(s, L_EXT, w, v, 0, 0);

    x->sub = sub;
    if (sub == MEM_32S && foldable_load(s, a, T_I32))
        fold_load(s, x, a);
    else
        x->s1 = sub >= MEM_32S && s->ins[a].type == T_I64 ? val(s, a) : val32(s, a);
}

static void sel_and(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w)
{
    uint64_t k;

    if (is_const(s, b, &k)) {
        int sub = k == 0xff ? MEM_8U : k == 0xffff ? MEM_16U :
                  k == UINT32_MAX && w == 8 ? MEM_32U : 0;
        if (sub) {
            put_ext(s, w, v, a, sub);
            return;
        }
    }
    put_alu(s, L_ALUC, 4, v, a, b, w);
}

static void sel_shift(struct isel *s, uint32_t v, struct ir_ins *i, int w)
{
    static const uint8_t sub[] = { 4, 7, 5, 0, 1 };     /* SHL SHRS SHRU ROTL ROTR */
    int n = sub[i->op - IR_SHL];
    uint32_t count = i->b;
    uint64_t k, mask;
    struct lir *x;

    if (is_const(s, count, &k)) {
        x = put(s, L_SHIFTI, w, v, 0, 0);
        x->sub = n;
        x->imm = (int32_t)(k & (w * 8 - 1));
        x->s1 = valw(s, i->a, w);
        return;
    }
    /* the processor masks the count itself */
    if (s->ins[count].op == IR_AND && is_const(s, s->ins[count].b, &mask) &&
        (mask & (w * 8 - 1)) == (uint64_t)(w * 8 - 1))
        count = s->ins[count].a;
    bool bmi = (s->l->cpu & WASM_CPU_BMI2) && n >= 4;
    x = put(s, bmi ? L_SHIFTX : L_SHIFTC, w, v, 0, 0);
    x->sub = n;
    x->s1 = valw(s, i->a, w);
    x->s2 = val32(s, count);
}

static void sel_div(struct isel *s, uint32_t v, struct ir_ins *i, int w)
{
    struct lir *x = put(s, L_DIV, w, v, 0, 0);
    uint64_t k, minus1 = w == 4 ? UINT32_MAX : UINT64_MAX;

    x->sub = i->op - IR_DIVS;
    if (is_const(s, i->b, &k))          /* imm: 1 = not zero, 2 = not -1 */
        x->imm = (k != 0) | (k != minus1) << 1;
    x->s1 = valw(s, i->a, w);
    x->s2 = valw(s, i->b, w);
}

static void sel_select(struct isel *s, uint32_t v, struct ir_ins *i)
{
    struct flags fl = plan_flags(s, i->c);
    int w = width(i->type);
    struct lir *x = put(s, ir_is_vec(i->type) ? L_FSEL : L_CMOV, w, v, 0, 0);

    x->sub = fl.cc;
    x->flt = ir_is_vec(i->type);
    /* a branch over the move leaves s1 as it is, upper half included: no looking through a wrap */
    x->s1 = x->flt || fl.cc >= CC_FEQ ? val(s, i->b) : valw(s, i->b, w);
    x->s2 = x->flt ? val(s, i->a) : valw(s, i->a, w);
    put_flags(s, fl);
}

/* ---- memory, globals, calls ---------------------------------------------------------------- */

static const uint8_t mem_bytes[] = { 0, 1, 1, 2, 2, 4, 4 };

/* Is v a load of w bytes from where store i writes, used only by the operation that is stored? */
static bool same_place(struct isel *s, struct ir_ins *i, uint32_t v, int w)
{
    struct ir_ins *l = &s->ins[v];

    return l->op == IR_LOAD && single(s, v) && s->epoch[v] == s->now && l->a == i->a &&
        l->c == i->c &&
           (l->aux & 255 ? mem_bytes[l->aux & 255] : width(l->type)) == w &&
           l->aux >> 8 == i->aux >> 8;
}

/* store(p, load(p) op y) is one instruction: low bits depend on low bits only */
static bool sel_rmw(struct isel *s, struct ir_ins *i, int w)
{
    static const uint8_t alu[] = { [IR_ADD] = 1, [IR_SUB] = 6, [IR_AND] = 5, [IR_OR] = 2,
                                   [IR_XOR] = 7 };
    struct ir_ins *o = &s->ins[i->b];
    uint32_t y = 0, load = 0;
    int32_t imm;

    if (o->op >= sizeof alu || !alu[o->op] || !single(s, i->b))
        return false;
    if (same_place(s, i, o->a, w)) {
        load = o->a;
        y = o->b;
    } else if (o->op != IR_SUB && same_place(s, i, o->b, w)) {
        load = o->b;
        y = o->a;
    }
    if (!load || s->ins[load].aux >> 8)
        return false;
    struct lir *x = put(s, L_ALUM, w, 0, 0, 0);
    x->sub = alu[o->op] - 1;
    if (is_imm(s, y, w, &imm)) {
        x->has_imm = true;
        x->imm = w == 1 ? (int8_t)imm : w == 2 ? (int16_t)imm : imm;
    } else {
        x->s1 = w == 8 ? val(s, y) : val32(s, y);
    }
    s->count[load] = s->count[i->b] = FOLDED;
    address(s, x, i->a, i->c, i->aux >> 8);
    return true;
}

static void sel_store(struct isel *s, struct ir_ins *i)
{
    int type = s->ins[i->b].type, w = i->aux & 255 ? mem_bytes[i->aux & 255] : width(type);
    int32_t imm;

    if ((!ir_is_vec(type) && sel_rmw(s, i, w)) || isel_store_lane(s, i))
        return;
    struct lir *x = put(s, L_STORE, w, 0, 0, 0);

    x->flt = ir_is_vec(type);
    if (is_imm(s, i->b, w, &imm)) {
        x->has_imm = true;
        x->imm = imm;
    } else {
        x->s1 = x->flt || w == 8 ? val(s, i->b) : val32(s, i->b);
    }
    address(s, x, i->a, i->c, i->aux >> 8);
}

static void sel_atomic(struct isel *s, uint32_t v, struct ir_ins *i)
{
    int type = i->op == IR_ASTORE ? s->ins[i->b].type : i->type;
    int w = i->aux & 15 ? mem_bytes[i->aux & 15] : width(type);
    struct lir *x = put(s, L_ATOMIC, w, i->op == IR_ASTORE ? 0 : v, 0, 0);

    x->sub = i->op == IR_ALOAD ? LA_LOAD : i->op == IR_ASTORE ? LA_STORE :
             i->op == IR_ACMPXCHG ? LA_CMPXCHG : LA_ADD + (i->aux >> 4 & 15);
    if (i->op == IR_ACMPXCHG) {
        x->s1 = valw(s, i->b, w);
        x->s2 = valw(s, i->c, w);
    } else if (i->op != IR_ALOAD) {
        x->s2 = valw(s, i->b, w);
    }
    address(s, x, i->a, 0, i->aux >> 8);
}

static void sel_global(struct isel *s, uint32_t v, struct ir_ins *i)
{
    bool set = i->op == IR_GLOBALSET;
    struct wasm_globaltype *g = &s->f->m->globals[set ? i->c : i->b];
    int type = ir_type_of(g->type), w = width(type);
    struct lir *x = put(s, g->imported ? L_GLOBALP : set ? L_STORE : L_LOAD, w, set ? 0 : v, 0, 0);

    x->flt = ir_is_vec(type);
    x->imm = x->disp = (int32_t)g->offset;
    x->mem = g->imported ? LM_NONE : LM_INST;
    if (set)
        x->s1 = w == 4 && !x->flt ? val32(s, i->a) : val(s, i->a);
}

const struct wasm_functype *call_type(const struct ir_func *f, const struct ir_ins *i)
{
    return &f->m->types[i->op == IR_CALL ? f->m->funcs[i->c].type : i->c];
}

static int call_op(struct isel *s, const struct ir_ins *i)
{
    return i->op == IR_CALLIND ? L_CALLIND : i->op == IR_CALLRT ? L_CALLRT :
           s->f->m->funcs[i->c].imported ? L_CALLIMP : L_CALL;
}

static void sel_call(struct isel *s, uint32_t v, struct ir_ins *i)
{
    struct wasm_func *fn = i->op == IR_CALL ? &s->f->m->funcs[i->c] : NULL;

    if (fn && fn->port_op) {
        bool out = fn->port_op & 0x80;
        struct lir *x = put(s, out ? L_OUT : L_IN, 4, out ? 0 : v, 0, 0);
        x->sub = fn->port_op & 7;
        x->imm = fn->port;
        if (out)
            x->s1 = val32(s, s->f->args[i->a]);
        return;
    }
    struct ir_block *bl = &s->f->blocks[s->cur];
    struct lir *x = put(s, call_op(s, i), 8, v, v, 0);
    x->imm = bl->term == TERM_INVOKE && bl->a == v ? (int32_t)bl->succ[1] : 0;
    s->l->has_calls = true;
    for (uint32_t k = 0; k < i->b; k++)
        val(s, s->f->args[i->a + k]);
}

/* ---- the dispatch -------------------------------------------------------------------------- */

static void put_float2(struct isel *s, int op, int sub, uint32_t v, struct ir_ins *i)
{
    struct lir *x = put(s, op, width(i->type), v, 0, 0);
    uint32_t a = i->a, b = i->b;

    x->sub = sub;
    x->flt = 1;
    if (op == L_FALU && foldable_load(s, b, i->type)) {
        fold_load(s, x, b);
    } else if (op == L_FALU && (ir_op_mode(i->op) & M_COMM) && foldable_load(s, a, i->type)) {
        fold_load(s, x, a);
        a = b;
    } else {
        x->s2 = val(s, b);
    }
    x->s1 = val(s, a);
}

static void put_fun(struct isel *s, uint32_t v, struct ir_ins *i, int sub, int imm)
{
    struct lir *x = put(s, L_FUN, width(i->type), v, 0, 0);

    x->sub = sub;
    x->imm = imm;
    x->flt = 1;
    x->s2 = val(s, i->a);
}

static void put_cvt(struct isel *s, uint32_t v, struct ir_ins *i, int kind)
{
    struct lir *x = put(s, L_CVT, width(i->type), v, 0, 0);

    x->sub = kind;
    x->scale = width(i->aux);       /* operand width */
    x->s1 = val(s, i->a);
}

static void put_unary(struct isel *s, int op, int sub, uint32_t v, struct ir_ins *i, int w)
{
    struct lir *x = put(s, op, w, v, 0, 0);

    x->sub = sub;
    x->flt = op == L_FBIT;
    x->s1 = x->flt ? val(s, i->a) : valw(s, i->a, w);
}

static void select_ins(struct isel *s, uint32_t v)
{
    static const uint8_t arith[] = { 0x58, 0x5c, 0x59, 0x5e };      /* FADD FSUB FMUL FDIV */
    struct ir_ins *i = &s->ins[v];
    int w = width(i->type);
    struct flags fl;
    struct lir *x;
    uint64_t k;

    switch (i->op) {
    case IR_ADD: sel_add(s, v, i->a, i->b, w); break;
    case IR_SUB: sel_sub(s, v, i->a, i->b, w); break;
    case IR_MUL: sel_mul(s, v, i->a, i->b, w); break;
    case IR_AND: sel_and(s, v, i->a, i->b, w); break;
    case IR_OR: put_alu(s, L_ALUC, 1, v, i->a, i->b, w); break;
    case IR_XOR:
        if (is_const(s, i->b, &k) && k == (w == 4 ? UINT32_MAX : UINT64_MAX))
            put_unary(s, L_NOT, 0, v, i, w);
        else
            put_alu(s, L_ALUC, 6, v, i->a, i->b, w);
        break;
    case IR_DIVS: case IR_DIVU: case IR_REMS: case IR_REMU: sel_div(s, v, i, w); break;
    case IR_MULHU: case IR_MULHS: {
        x = put(s, L_DIV, 8, v, 0, 0);
        x->sub = 4 + (i->op - IR_MULHU);
        x->s1 = val(s, i->a);
        x->s2 = val(s, i->b);
        break;
    }
    case IR_SHL: case IR_SHRS: case IR_SHRU: case IR_ROTL: case IR_ROTR:
        sel_shift(s, v, i, w); break;
    case IR_CLZ: case IR_CTZ: case IR_POPCNT: put_unary(s, L_COUNT, i->op - IR_CLZ, v, i, w); break;
    case IR_SEXT8: put_ext(s, w, v, i->a, MEM_8S); break;
    case IR_SEXT16: put_ext(s, w, v, i->a, MEM_16S); break;
    case IR_SEXT32: case IR_EXTS: put_ext(s, w, v, i->a, MEM_32S); break;
    case IR_WRAP: put_ext(s, w, v, i->a, MEM_32U); break;
    case IR_EQZ: case IR_EQ: case IR_NE: case IR_LTS: case IR_LTU: case IR_GTS: case IR_GTU:
    case IR_LES: case IR_LEU: case IR_GES: case IR_GEU: case IR_FEQ: case IR_FNE: case IR_FLT:
    case IR_FGT: case IR_FLE:
    case IR_FGE:
        fl = compare_flags(s, v);
        put(s, L_SETCC, 4, v, 0, 0)->sub = fl.cc;
        put_flags(s, fl);
        break;
    case IR_SELECT: sel_select(s, v, i); break;
    case IR_FADD: case IR_FSUB: case IR_FMUL: case IR_FDIV:
        put_float2(s, L_FALU, arith[i->op - IR_FADD], v, i);
        break;
    case IR_FMIN: put_float2(s, L_FMINMAX, 0x5d, v, i); break;
    case IR_FMAX: put_float2(s, L_FMINMAX, 0x5f, v, i); break;
    case IR_FCOPYSIGN: put_float2(s, L_FCOPYSIGN, 0, v, i); break;
    case IR_FABS: put_unary(s, L_FBIT, 0, v, i, w); break;
    case IR_FNEG: put_unary(s, L_FBIT, 1, v, i, w); break;
    case IR_FNEAREST: put_fun(s, v, i, 0, 8); break;
    case IR_FFLOOR: put_fun(s, v, i, 0, 9); break;
    case IR_FCEIL: put_fun(s, v, i, 0, 10); break;
    case IR_FTRUNC: put_fun(s, v, i, 0, 11); break;
    case IR_FSQRT: put_fun(s, v, i, 0x51, 0); break;
    case IR_TRUNCS: put_cvt(s, v, i, CVT_F2I); break;
    case IR_TRUNCU: put_cvt(s, v, i, CVT_F2U); break;
    case IR_SATS: put_cvt(s, v, i, CVT_SATS); break;
    case IR_SATU: put_cvt(s, v, i, CVT_SATU); break;
    case IR_CONVS: put_cvt(s, v, i, CVT_I2F); break;
    case IR_CONVU: put_cvt(s, v, i, CVT_U2F); break;
    case IR_DEMOTE: case IR_PROMOTE: put_cvt(s, v, i, CVT_F2F); break;
    case IR_BITCAST: put_cvt(s, v, i, ir_is_vec(i->type) ? CVT_MOVI2F : CVT_MOVF2I); break;
    case IR_LOAD:
        x = put(s, L_LOAD, w, v, 0, 0);
        x->sub = i->aux;
        x->flt = ir_is_vec(i->type);
        address(s, x, i->a, i->c, i->aux >> 8);
        break;
    case IR_STORE: sel_store(s, i); break;
    case IR_ALOAD: case IR_ASTORE: case IR_ARMW: case IR_ACMPXCHG: sel_atomic(s, v, i); break;
    case IR_LANDING:
        put(s, L_LANDING, 8, v, 0, 0);
        s->l->has_landing = true;
        break;
    case IR_FENCE: put(s, L_FENCE, 0, 0, 0, 0); break;
    case IR_GLOBALGET: case IR_GLOBALSET: sel_global(s, v, i); break;
    case IR_MEMSIZE:
        put(s, L_MEMSIZE, 4, v, 0, 0)->imm = (int32_t)(s->f->m->off_mems + 8 * i->b); break;
    case IR_REFFUNC:
        put(s, L_INSTADDR, 8, v, 0, 0)->imm =
            (int32_t)(s->f->m->off_funcrefs + sizeof(struct wasm_funcref) * i->b);
        break;
    case IR_CALL: case IR_CALLIND: case IR_CALLRT: sel_call(s, v, i); break;
    case IR_V1: case IR_V2: case IR_V2C: case IR_V3: case IR_VSHUF: case IR_VSPLAT: case IR_VGET:
    case IR_VPUT: case IR_VANY:
        isel_simd(s, v);
        break;
    default: break;     /* PARAM, CONST, PHI, EXTU, RESULT: nothing to emit */
    }
}

/*
 * p = phi(.., p + k) where the loop's condition looks at the old p: the addition moves behind the
 * compare, as a lea that leaves the flags alone, so that p's register can be counted up in place.
 */
static void sink_increments(struct isel *s, uint32_t b, struct flags fl)
{
    struct ir_func *f = s->f;
    struct ir_ins *c = &s->ins[fl.cmp];
    uint32_t h = f->blocks[b].succ[0] <= b ? f->blocks[b].succ[0] : f->blocks[b].succ[1], k = 0;

    if (!fl.cmp || h > b || f->blocks[h].npreds > 8)
        return;
    while (f->args[f->blocks[h].preds + k] != b)
        k++;
    for (uint32_t p = f->blocks[h].first; p && s->ins[p].op == IR_PHI; p = s->ins[p].next) {
        uint32_t v = f->args[s->ins[p].a + k];
        struct ir_ins *i = &s->ins[v];
        int w = width(i->type);
        int32_t imm;
        if (i->op != IR_ADD || !single(s, v) || !is_imm(s, i->b, w, &imm) ||
            (i->a != c->a && (c->op == IR_EQZ || i->a != c->b)) || is_float_compare(c->op))
            continue;
        struct lir *x = put(s, L_LEA, w, v, valw(s, i->a, w), 0);
        x->scale = 1;
        x->disp = imm;
        s->count[v] = FOLDED;
    }
}

static void select_term(struct isel *s, struct ir_block *b)
{
    struct flags fl;

    s->pos = b->pos;
    switch (b->term) {
    case TERM_JUMP: case TERM_INVOKE: put(s, L_JMP, 0, 0, 0, 0); break;
    case TERM_BR:
        fl = plan_flags(s, b->a);
        put(s, L_JCC, 0, 0, 0, 0)->sub = fl.cc;
        sink_increments(s, (uint32_t)(b - s->f->blocks), fl);
        put_flags(s, fl);
        break;
    case TERM_SWITCH: put(s, L_SWITCH, 4, 0, 0, 0)->s1 = val(s, b->a); break;  /* indexes a table */
    case TERM_RETURN:
        put(s, L_RET, 0, 0, 0, 0);
        for (uint32_t k = 0; k < b->c; k++)
            val(s, s->f->args[b->b + k]);
        break;
    case TERM_TAIL: {
        struct ir_ins *c = &s->ins[b->a];
        s->pos = c->pos;
        put(s, L_TAIL, 0, 0, b->a, 0)->sub = call_op(s, c);
        s->l->has_calls = true;
        for (uint32_t k = 0; k < c->b; k++)
            val(s, s->f->args[c->a + k]);
        break;
    }
    default: put(s, L_TRAP, 0, 0, 0, 0)->sub = b->a; break;
    }
}

/* ---- before the walk: counts, blocks, epochs, far offsets ------------------------------------ */

enum { OP_A = 1, OP_B = 2, OP_C = 4, OP_N = 8 };
static const uint8_t operand_bits[] = {
#define X(name, text, mode, ops) \
    (ops[0] == 'a') | (ops[0] == 'a' && ops[1] == 'b') << 1 | \
    (ops[0] == 'a' && ops[1] == 'b' && ops[2] == 'c') << 2 | (ops[0] == 'n') << 3,
    IR_OPS(X)
#undef X
};

static void count_ins(struct isel *s, struct ir_ins *i)
{
    uint8_t o = operand_bits[i->op];

    if (o & OP_A)
        s->count[i->a]++;
    if (o & OP_B)
        s->count[i->b]++;
    if (o & OP_C)
        s->count[i->c]++;
    if (o & OP_N)
        for (uint32_t k = 0; k < i->b; k++)
            s->count[s->f->args[i->a + k]]++;
}

static void prepare(struct isel *s)
{
    struct ir_func *f = s->f;
    uint32_t epoch = 1;

    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_block *bl = &f->blocks[b];
        for (uint32_t v = bl->first; v; v = f->ins[v].next) {
            struct ir_ins *i = &f->ins[v];
            s->blk[v] = b;
            s->epoch[v] = epoch;
            uint8_t mode = ir_op_mode(i->op);
            if ((mode & M_WRITE) || ((mode & M_TRAP) && i->op != IR_LOAD))
                epoch++;
            count_ins(s, i);
        }
        epoch++;
        if (bl->term == TERM_BR || bl->term == TERM_SWITCH)
            s->count[bl->a]++;
        if (bl->term == TERM_RETURN)
            for (uint32_t k = 0; k < bl->c; k++)
                s->count[f->args[bl->b + k]]++;
    }
}

/* Offsets of 2 GiB and more do not fit a displacement: they are added as 64-bit numbers. */
static void far_offsets(struct ir_func *f)
{
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_place p = { .f = f, .block = b };
        for (uint32_t v = f->blocks[b].first; v; p.prev = v, v = f->ins[v].next) {
            struct ir_ins i = f->ins[v];
            if ((i.op != IR_LOAD && i.op != IR_STORE) || i.c <= INT32_MAX)
                continue;
            p.pos = i.pos;
            uint32_t k = ir_insert(&p, (struct ir_ins){ .op = IR_CONST, .type = T_I64, .b = i.c });
            uint32_t e = ir_insert(&p, (struct ir_ins){ .op = IR_EXTU, .type = T_I64, .aux = T_I32,
                                                        .a = i.a });
            uint32_t t = ir_insert(&p, (struct ir_ins){ .op = IR_ADD, .type = T_I64, .a = e,
                                                        .b = k });
            f->ins[v].a = t;        /* ir_insert moves f->ins */
            f->ins[v].c = 0;
        }
    }
}

static bool wanted(struct isel *s, uint32_t v)
{
    return s->need[v] || (ir_op_mode(s->ins[v].op) & (M_WRITE | M_TRAP));
}

static void select_block(struct isel *s, uint32_t b)
{
    struct ir_block *bl = &s->f->blocks[b];
    uint32_t n = 0;

    for (uint32_t v = bl->first; v; v = s->ins[v].next) {
        if (n == s->cap_order) {
            s->order = arena_grow(s->l->arena, s->order, n * sizeof *s->order,
                                  2 * n * sizeof *s->order);
            s->cap_order *= 2;
        }
        s->order[n++] = v;
    }
    s->cur = b;
    s->now = n ? s->epoch[s->order[n - 1]] : 0;
    if (n) {        /* the terminator stands behind the last instruction's own effect */
        uint8_t mode = ir_op_mode(s->ins[s->order[n - 1]].op);
        if ((mode & M_WRITE) || ((mode & M_TRAP) && s->ins[s->order[n - 1]].op != IR_LOAD))
            s->now++;
    }
    s->l->block_last[b] = s->l->n;
    select_term(s, bl);
    while (n--) {
        uint32_t v = s->order[n];
        if (!wanted(s, v))
            continue;
        if (s->count[v] == FOLDED || (bl->term == TERM_TAIL && v == bl->a))
            continue;
        s->now = s->epoch[v];
        s->pos = s->ins[v].pos;
        select_ins(s, v);
    }
    s->l->block_first[b] = s->l->n - 1;
}

void isel_run(struct lfunc *l)
{
    struct ir_func *f = l->f;
    struct isel s = { .l = l, .f = f };

    far_offsets(f);
    uint32_t n = f->nins;
    s.ins = f->ins;
    s.count = arena_alloc(l->arena, n * sizeof *s.count);
    s.need = arena_alloc(l->arena, n * sizeof *s.need);
    s.epoch = arena_raw(l->arena, n * sizeof *s.epoch);
    s.blk = arena_alloc(l->arena, n * sizeof *s.blk);
    s.cap_order = 256;
    s.order = arena_raw(l->arena, s.cap_order * sizeof *s.order);
    l->cap = n + n / 4 + f->nblocks * 2 + 64;
    l->lir = arena_raw(l->arena, l->cap * sizeof *l->lir);
    l->n = 1;
    l->block_first = arena_alloc(l->arena, (f->nblocks + 1) * sizeof(uint32_t));
    l->block_last = arena_alloc(l->arena, (f->nblocks + 1) * sizeof(uint32_t));
    prepare(&s);
    l->def_block = s.blk;
    /* phis are roots: what dead ones there are, pass_gvn has removed */
    for (uint32_t b = 1; b < f->nblocks; b++)
        for (uint32_t v = f->blocks[b].first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next)
            for (uint32_t k = 0; k < f->ins[v].b; k++)
                val(&s, f->args[f->ins[v].a + k]);
    for (uint32_t b = f->nblocks - 1; b >= 1; b--) {
        if (b == 1 || f->blocks[b].npreds) {
            select_block(&s, b);
        } else {                /* unreachable: empty, but a loop may end here in layout order */
            l->block_last[b] = l->n;
            l->block_first[b] = l->n - 1;
        }
    }
}

/* ---- for isel_simd.c ----------------------------------------------------------------------- */

struct lir *isel_put(struct isel *s, int op, int w, uint32_t dst)
{
    return put(s, op, w, dst, 0, 0);
}

uint32_t isel_val(struct isel *s, uint32_t v)
{
    return s->ins[v].type == T_I32 ? val32(s, v) : val(s, v);
}

bool isel_single(struct isel *s, uint32_t v)
{
    return single(s, v);
}

bool isel_fold_load(struct isel *s, struct lir *x, uint32_t v, int type, int mem)
{
    struct ir_ins *i = &s->ins[v];

    if (i->op != IR_LOAD || i->type != type || i->aux != mem || !single(s, v) ||
        s->epoch[v] != s->now)
        return false;
    fold_load(s, x, v);
    return true;
}

void isel_address(struct isel *s, struct lir *x, struct ir_ins *store)
{
    address(s, x, store->a, store->c, store->aux >> 8);
}
