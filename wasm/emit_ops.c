/*
 * emit_ops.c - machine code of single operations, one case each (Intel SDM vol. 2; SSE4.1 is the
 * floor, VEX forms where the CPU has AVX). xmm15 is scratch.
 */
#include "wasm/emit.h"
#include "wasm/sealed.h"

enum {
    SSE_MOVAPS = XOP(X_P0, X_0F, 0x28), SSE_AND = XOP(X_P0, X_0F, 0x54),
    SSE_OR = XOP(X_P0, X_0F, 0x56),
    SSE_XOR = XOP(X_P0, X_0F, 0x57),
};

static uint32_t scalar(int w, int op)
{
    return w == 4 ? XOP(X_F3, X_0F, op) : XOP(X_F2, X_0F, op);
}

static uint32_t ucomis(int w)
{
    return w == 4 ? XOP(X_P0, X_0F, 0x2e) : XOP(X_66, X_0F, 0x2e);
}

static void zero_vec(struct emit *e, int r)
{
    emit_vec(e, SSE_XOR, 4, r, r, opnd_reg(r), 0);
}

static void compare_zero(struct emit *e, int w, int r)
{
    zero_vec(e, XSCRATCH);
    emit_vec(e, ucomis(w), 4, r, 0, opnd_reg(XSCRATCH), 0);
}

/* ---- integers ------------------------------------------------------------------------------ */

/* the flags now say whether register r is zero or negative */
static void emit_flags_of(struct emit *e, int r, int w)
{
    e->flags_at = e->b.n;
    e->flags_reg = r;
    e->flags_w = w;
}

static void op_alu(struct emit *e, struct lir *x, struct mi *m, int n)
{
    if (x->has_imm)
        x_alu_ri(&e->b, n, x->w, m->rd, x->imm);
    else
        emit_rm(e, n << 3 | 3, x->w, m->rd, opnd_of(e, x, m, x->s2, m->r2), 0);
    emit_flags_of(e, m->rd, x->w);
}

/* [memory] op= s1 or immediate */
static void op_alu_mem(struct emit *e, struct lir *x, struct mi *m)
{
    struct opnd o = opnd_of(e, x, m, 0, NOREG);

    if (x->has_imm) {
        x_alu_mi(&e->b, x->sub, x->w, o.m, x->imm);
        return;
    }
    if (x->w == 2)
        x_byte(&e->b, 0x66);
    x_rm(&e->b, x->sub << 3 | (x->w != 1), x->w == 2 ? 4 : x->w, m->r1, o.m);
}

static void op_add(struct emit *e, struct lir *x, struct mi *m)
{
    struct xmem a = { .base = m->r1, .index = 0xff, .scale = 1, .disp = x->imm };

    if (x->has_imm) {
        if (m->rd == m->r1)
            x_alu_ri(&e->b, 0, x->w, m->rd, x->imm);
        else
            x_rm(&e->b, 0x8d, x->w, m->rd, a);
    } else if (m->rd == m->r1) {
        x_rr(&e->b, 0x03, x->w, m->rd, m->r2);
    } else if (m->rd == m->r2) {
        x_rr(&e->b, 0x03, x->w, m->rd, m->r1);
    } else {
        a.index = m->r2;
        a.disp = 0;
        x_rm(&e->b, 0x8d, x->w, m->rd, a);
        return;
    }
    if (!x->has_imm || m->rd == m->r1)
        emit_flags_of(e, m->rd, x->w);
}

static void op_cmp(struct emit *e, struct lir *x, struct mi *m)
{
    if (x->has_imm) {
        struct opnd o = opnd_of(e, x, m, x->s1, m->r1);
        if (o.mem)
            x_alu_mi(&e->b, 7, x->w, o.m, x->imm);
        else
            x_alu_ri(&e->b, 7, x->w, o.reg, x->imm);
    } else if (x->mem != LM_NONE) {
        struct opnd o = opnd_of(e, x, m, 0, NOREG);
        emit_rm(e, x->s1 ? 0x3b : 0x39, x->w, x->s1 ? m->r1 : m->r2, o, 0);
    } else if (m->r1 == RMEM) {
        emit_rm(e, 0x39, x->w, m->r2, opnd_of(e, x, m, x->s1, RMEM), 0);
    } else {
        emit_rm(e, 0x3b, x->w, m->r1, opnd_of(e, x, m, x->s2, m->r2), 0);
    }
}

/* Does the consumer of the flags behind m only look at zero and sign? */
static bool only_zero_sign(struct emit *e, struct mi *m)
{
    struct mi *end = e->l->mi + e->l->nmi;

    for (m++; m < end; m++) {
        if (m->kind != MI_LIR)
            continue;
        struct lir *x = &e->l->lir[m->a];
        return (lir_mode(x->op) & LC_FLAGS) &&
               (x->sub == CC_E || x->sub == CC_NE || x->sub == CC_S || x->sub == CC_NS);
    }
    return false;
}

static void op_test(struct emit *e, struct lir *x, struct mi *m)
{
    if (!x->has_imm && m->r1 == m->r2 && e->flags_at == e->b.n && e->flags_reg == m->r1 &&
        e->flags_w == x->w && only_zero_sign(e, m))
        return;         /* the operation before has set them */
    if (!x->has_imm) {
        x_rr(&e->b, 0x85, x->w, m->r2, m->r1);
    } else if (x->imm >= 0 && x->imm < 128) {
        x_rr(&e->b, 0xf6 | X_R8, 4, 0, m->r1);
        x_byte(&e->b, (uint8_t)x->imm);
    } else {
        x_rr(&e->b, 0xf7, x->w, 0, m->r1);
        x_u32(&e->b, (uint32_t)x->imm);
    }
}

/* general registers in VEX form */
static void op_vex(struct emit *e, uint32_t op, int w, int reg, int vvvv, struct opnd o)
{
    if (o.mem)
        v_rm(&e->b, op, w, reg, vvvv, o.m);
    else
        v_rr(&e->b, op, w, reg, vvvv, o.reg);
}

static void op_rotate(struct emit *e, struct lir *x, struct mi *m)
{
    struct opnd o = opnd_of(e, x, m, x->s1, m->r1);

    if (!o.mem && o.reg == m->rd) {
        x_shift_ri(&e->b, 0, x->w, m->rd, (uint8_t)x->imm);
        return;
    }
    op_vex(e, XOP(X_F2, X_3A, 0xf0), x->w, m->rd, 0, o);      /* rorx */
    x_byte(&e->b, (uint8_t)(x->w * 8 - x->imm));
}

static void op_div(struct emit *e, struct lir *x, struct mi *m)
{
    bool rem = x->sub >= 2, sign = !(x->sub & 1);
    size_t done = 0;

    if (x->sub >= 4) {                  /* high half of a product */
        x_rr(&e->b, 0xf7, 8, x->sub, m->r2);
        return;
    }
    if (!(x->imm & 1)) {
        x_rr(&e->b, 0x85, x->w, m->r2, m->r2);
        emit_trap_if(e, CC_E, WASM_TRAP_DIV_ZERO, x->pos);
    }
    if (!sign) {
        x_rr(&e->b, 0x31, 4, RDX, RDX);
        x_rr(&e->b, 0xf7, x->w, 6, m->r2);
        return;
    }
    if (rem && !(x->imm & 2)) {         /* INT_MIN % -1 is 0, not a fault */
        x_alu_ri(&e->b, 7, x->w, m->r2, -1);
        size_t go = emit_jcc8(e, CC_NE);
        x_rr(&e->b, 0x31, 4, RDX, RDX);
        done = emit_jcc8(e, -1);
        emit_here8(e, go);
    }
    if (x->w == 8)
        x_byte(&e->b, 0x48);
    x_byte(&e->b, 0x99);                /* cdq, cqo */
    emit_site(e, x->pos, WASM_TRAP_OVERFLOW, false);
    x_rr(&e->b, 0xf7, x->w, 7, m->r2);
    if (done)
        emit_here8(e, done);
}

static void op_count(struct emit *e, struct lir *x, struct mi *m)
{
    static const uint32_t ops[] = { XOP(X_F3, X_0F, 0xbd), XOP(X_F3, X_0F, 0xbc),
                                    XOP(X_F3, X_0F, 0xb8) };
    struct opnd o = opnd_of(e, x, m, x->s1, m->r1);
    bool has = x->sub == 2 || (e->l->cpu & (x->sub == 0 ? WASM_CPU_LZCNT : WASM_CPU_BMI1));

    if (has) {
        emit_rm(e, ops[x->sub], x->w, m->rd, o, 0);
        return;
    }
    /* bsr, bsf: no result for 0 */
    emit_rm(e, XOP(X_P0, X_0F, x->sub == 0 ? 0xbd : 0xbc), x->w, m->t1, o, 0);
    x_mov_ri(&e->b, m->rd, x->sub == 0 ? (uint64_t)x->w * 16 - 1 : (uint64_t)x->w * 8);
    x_rr(&e->b, XOP(X_P0, X_0F, 0x44), x->w, m->t1, m->rd);
    if (x->sub == 0)
        x_alu_ri(&e->b, 6, x->w, m->t1, x->w * 8 - 1);
    x_rr(&e->b, 0x8b, x->w, m->rd, m->t1);
}

/* dst <- widened operand; loads and register extensions alike */
static void widen(struct emit *e, int kind, int w, int rd, struct opnd o)
{
    switch (kind) {
    case MEM_8S: emit_rm(e, XOP(X_P0, X_0F, 0xbe) | (o.mem ? 0 : X_R8), w, rd, o, 0); break;
    case MEM_8U: emit_rm(e, XOP(X_P0, X_0F, 0xb6) | (o.mem ? 0 : X_R8), 4, rd, o, 0); break;
    case MEM_16S: emit_rm(e, XOP(X_P0, X_0F, 0xbf), w, rd, o, 0); break;
    case MEM_16U: emit_rm(e, XOP(X_P0, X_0F, 0xb7), 4, rd, o, 0); break;
    case MEM_32S: emit_rm(e, 0x63, 8, rd, o, 0); break;
    case MEM_32U: emit_rm(e, 0x8b, 4, rd, o, 0); break;
    default: emit_rm(e, 0x8b, w, rd, o, 0); break;
    }
}

static uint32_t vec_move(int w, bool store)
{
    return (w == 4 ? XOP(X_F3, X_0F, 0x10) :
            w == 8 ? XOP(X_F2, X_0F, 0x10) : XOP(X_P0, X_0F, 0x10)) + store;
}

static void put_store(struct emit *e, struct lir *x, struct mi *m, struct opnd o)
{
    if (x->flt) {
        emit_vec(e, vec_move(x->w, true), 4, m->r1, 0, o, 0);
    } else if (x->has_imm) {
        if (x->w == 2)
            x_byte(&e->b, 0x66);
        x_rm(&e->b, x->w == 1 ? 0xc6 : 0xc7, x->w == 8 ? 8 : 4, 0, o.m);
        if (x->w == 1) {
            x_byte(&e->b, (uint8_t)x->imm);
        } else if (x->w == 2) {
            x_byte(&e->b, (uint8_t)x->imm);
            x_byte(&e->b, (uint8_t)(x->imm >> 8));
        } else {
            x_u32(&e->b, (uint32_t)x->imm);
        }
    } else {
        if (x->w == 2)
            x_byte(&e->b, 0x66);
        x_rm(&e->b, x->w == 1 ? 0x88 : 0x89, x->w == 8 ? 8 : x->w == 1 ? 1 : 4, m->r1, o.m);
    }
}

static void op_setcc(struct emit *e, struct lir *x, struct mi *m)
{
    if (x->sub >= CC_FEQ) {
        bool eq = x->sub == CC_FEQ;
        x_rr(&e->b, XOP(X_P0, X_0F, 0x90 | (eq ? CC_NP : CC_P)) | X_R8, 4, 0, m->t1);
        x_rr(&e->b, XOP(X_P0, X_0F, 0x90 | (eq ? CC_E : CC_NE)) | X_R8, 4, 0, m->rd);
        x_rr(&e->b, eq ? 0x21 : 0x09, 4, m->t1, m->rd);
    } else {
        x_rr(&e->b, XOP(X_P0, X_0F, 0x90 | x->sub) | X_R8, 4, 0, m->rd);
    }
    x_rr(&e->b, XOP(X_P0, X_0F, 0xb6) | X_R8, 4, m->rd, m->rd);
}

/* skips the next instructions unless cc holds; closes up to two jumps */
static void unless(struct emit *e, int cc, size_t at[2])
{
    at[1] = 0;
    if (cc == CC_FEQ) {
        at[0] = emit_jcc8(e, CC_NE);
        at[1] = emit_jcc8(e, CC_P);
    } else if (cc == CC_FNE) {
        size_t go = emit_jcc8(e, CC_NE);
        at[0] = emit_jcc8(e, CC_NP);
        emit_here8(e, go);
    } else {
        at[0] = emit_jcc8(e, cc ^ 1);
    }
}

static void op_select(struct emit *e, struct lir *x, struct mi *m)
{
    struct opnd o = opnd_of(e, x, m, x->s2, m->r2);
    size_t at[2];

    if (!x->flt && x->sub < CC_FEQ) {
        emit_rm(e, XOP(X_P0, X_0F, 0x40 | x->sub), x->w, m->rd, o, 0);
        return;
    }
    unless(e, x->sub, at);
    if (!x->flt)
        emit_rm(e, 0x8b, x->w, m->rd, o, 0);
    else if (o.mem)
        emit_vec(e, vec_move(x->w, false), 4, m->rd, 0, o, 0);
    else
        emit_move(e, T_V128, m->rd, o.reg + XMM0);
    emit_here8(e, at[0]);
    if (at[1])
        emit_here8(e, at[1]);
}

/* ---- floats -------------------------------------------------------------------------------- */

static void op_fun(struct emit *e, struct lir *x, struct mi *m)
{
    struct opnd o = opnd_of(e, x, m, x->s2, m->r2);

    zero_vec(e, m->rd);             /* the upper part would be a false dependency */
    if (x->sub == 0x51) {
        emit_vec(e, scalar(x->w, 0x51), 4, m->rd, m->rd, o, 0);
    } else {
        emit_vec(e, XOP(X_66, X_3A, x->w == 4 ? 0x0a : 0x0b), 4, m->rd, m->rd, o, 1);
        x_byte(&e->b, (uint8_t)x->imm);
    }
}

static struct opnd mask_const(int w, bool sign)
{
    uint64_t k = w == 4 ? (sign ? 0x80000000u : 0x7fffffffu) : sign ? 1ull << 63 : ~(1ull << 63);

    return opnd_const(w == 4 ? k | k << 32 : k, w == 4 ? k | k << 32 : k, 16);
}

static void op_minmax(struct emit *e, struct lir *x, struct mi *m)
{
    emit_move(e, T_V128, m->rd, m->r1);
    emit_vec(e, ucomis(x->w), 4, m->rd, 0, opnd_reg(m->r2), 0);
    size_t differ = emit_jcc8(e, CC_NE);
    size_t nan = emit_jcc8(e, CC_P);
    /* -0 and +0 */
    emit_vec(e, x->sub == 0x5d ? SSE_OR : SSE_AND, 4, m->rd, m->rd, opnd_reg(m->r2), 0);
    size_t done1 = emit_jcc8(e, -1);
    emit_here8(e, nan);
    emit_vec(e, scalar(x->w, 0x58), 4, m->rd, m->rd, opnd_reg(m->r2), 0);
    size_t done2 = emit_jcc8(e, -1);
    emit_here8(e, differ);
    emit_vec(e, scalar(x->w, x->sub), 4, m->rd, m->rd, opnd_reg(m->r2), 0);
    emit_here8(e, done1);
    emit_here8(e, done2);
}

static void op_copysign(struct emit *e, struct lir *x, struct mi *m)
{
    emit_move(e, T_V128, XSCRATCH, m->r2);
    emit_vec(e, SSE_AND, 4, XSCRATCH, XSCRATCH, mask_const(x->w, true), 0);
    emit_move(e, T_V128, m->rd, m->r1);
    emit_vec(e, SSE_AND, 4, m->rd, m->rd, mask_const(x->w, false), 0);
    emit_vec(e, SSE_OR, 4, m->rd, m->rd, opnd_reg(XSCRATCH), 0);
}

static struct opnd two63(int w)
{
    return w == 4 ? opnd_const(0x5f000000, 0, 4) : opnd_const(0x43e0000000000000ull, 0, 8);
}

/* float in vector register rs -> 64-bit integer rd */
static void cvtt64(struct emit *e, int w, int rd, int rs)
{
    emit_vec(e, scalar(w, 0x2c), 8, rd, 0, opnd_reg(rs), 0);
}

/* traps if the float in rs is not a number, else as an overflow, under condition cc */
static void trap_convert(struct emit *e, struct lir *x, int rs, int cc)
{
    size_t fine = emit_jcc8(e, cc ^ 1);

    emit_vec(e, ucomis(x->scale), 4, rs, 0, opnd_reg(rs), 0);
    emit_trap_if(e, CC_P, WASM_TRAP_CONVERSION, x->pos);
    emit_site(e, x->pos, WASM_TRAP_OVERFLOW, false);
    x_byte(&e->b, 0x0f);
    x_byte(&e->b, 0x0b);
    emit_here8(e, fine);
}

/* wasm 4.3.2 trunc_s, trunc_u: exact by converting to 64 bits where the result has 32 */
static void op_trunc(struct emit *e, struct lir *x, struct mi *m)
{
    bool sign = x->sub == CVT_F2I;
    int w = x->scale;

    if (x->w == 4) {
        cvtt64(e, w, m->rd, m->r1);
        x_rr(&e->b, sign ? 0x63 : 0x8b, sign ? 8 : 4, m->t1, m->rd);
        x_rr(&e->b, 0x3b, 8, m->t1, m->rd);
        trap_convert(e, x, m->r1, CC_NE);
        x_rr(&e->b, 0x8b, 4, m->rd, m->rd);
    } else if (sign) {
        cvtt64(e, w, m->rd, m->r1);
        x_alu_ri(&e->b, 7, 8, m->rd, 1);        /* overflows only for INT64_MIN */
        size_t fine = emit_jcc8(e, CC_NO);
        emit_vec(e, ucomis(w), 4, m->r1, 0,
                 w == 4 ? opnd_const(0xdf000000, 0, 4) : opnd_const(0xc3e0000000000000ull, 0, 8),
                 0);
        emit_trap_if(e, CC_P, WASM_TRAP_CONVERSION, x->pos);
        emit_trap_if(e, CC_NE, WASM_TRAP_OVERFLOW, x->pos);
        emit_here8(e, fine);
    } else {
        emit_move(e, T_V128, XSCRATCH, m->r1);
        emit_vec(e, ucomis(w), 4, XSCRATCH, 0, two63(w), 0);
        size_t big = emit_jcc8(e, CC_AE);
        cvtt64(e, w, m->rd, XSCRATCH);
        x_rr(&e->b, 0x85, 8, m->rd, m->rd);
        trap_convert(e, x, m->r1, CC_S);
        size_t done = emit_jcc8(e, -1);
        emit_here8(e, big);
        emit_vec(e, scalar(w, 0x5c), 4, XSCRATCH, XSCRATCH, two63(w), 0);
        cvtt64(e, w, m->rd, XSCRATCH);
        x_rr(&e->b, 0x85, 8, m->rd, m->rd);
        emit_trap_if(e, CC_S, WASM_TRAP_OVERFLOW, x->pos);
        x_rr(&e->b, XOP(X_P0, X_0F, 0xba), 8, 7, m->rd);    /* btc rd, 63 */
        x_byte(&e->b, 63);
        emit_here8(e, done);
    }
}

static void sat32(struct emit *e, struct lir *x, struct mi *m, bool sign)
{
    size_t nan = 0, low;

    cvtt64(e, x->scale, m->rd, m->r1);
    x_rr(&e->b, sign ? 0x63 : 0x8b, sign ? 8 : 4, m->t1, m->rd);
    x_rr(&e->b, 0x3b, 8, m->t1, m->rd);
    size_t fits = emit_jcc8(e, CC_E);
    x_mov_ri(&e->b, m->rd, 0);
    if (sign) {
        emit_vec(e, ucomis(x->scale), 4, m->r1, 0, opnd_reg(m->r1), 0);
        nan = emit_jcc8(e, CC_P);
        x_mov_ri(&e->b, m->rd, 0x80000000u);
    }
    compare_zero(e, x->scale, m->r1);
    low = emit_jcc8(e, CC_B);           /* not a number compares below, too */
    x_mov_ri(&e->b, m->rd, sign ? 0x7fffffffu : 0xffffffffu);
    emit_here8(e, low);
    if (sign)
        emit_here8(e, nan);
    emit_here8(e, fits);
    x_rr(&e->b, 0x8b, 4, m->rd, m->rd);
}

static void sat64s(struct emit *e, struct lir *x, struct mi *m)
{
    cvtt64(e, x->scale, m->rd, m->r1);
    x_alu_ri(&e->b, 7, 8, m->rd, 1);
    size_t fits = emit_jcc8(e, CC_NO);
    compare_zero(e, x->scale, m->r1);
    size_t number = emit_jcc8(e, CC_NP);
    x_mov_ri(&e->b, m->rd, 0);
    size_t nan = emit_jcc8(e, -1);
    emit_here8(e, number);
    size_t low = emit_jcc8(e, CC_B);
    x_mov_ri(&e->b, m->rd, INT64_MAX);
    emit_here8(e, low);
    emit_here8(e, nan);
    emit_here8(e, fits);
}

static void sat64u(struct emit *e, struct lir *x, struct mi *m)
{
    int w = x->scale;

    x_mov_ri(&e->b, m->rd, 0);
    compare_zero(e, w, m->r1);
    size_t low = emit_jcc8(e, CC_B);
    emit_move(e, T_V128, XSCRATCH, m->r1);
    emit_vec(e, ucomis(w), 4, XSCRATCH, 0, two63(w), 0);
    size_t big = emit_jcc8(e, CC_AE);
    cvtt64(e, w, m->rd, XSCRATCH);
    size_t done = emit_jcc8(e, -1);
    emit_here8(e, big);
    emit_vec(e, scalar(w, 0x5c), 4, XSCRATCH, XSCRATCH, two63(w), 0);
    cvtt64(e, w, m->rd, XSCRATCH);
    x_rr(&e->b, 0x85, 8, m->rd, m->rd);
    size_t fits = emit_jcc8(e, CC_NS);
    x_mov_ri(&e->b, m->rd, UINT64_MAX);
    size_t max = emit_jcc8(e, -1);
    emit_here8(e, fits);
    x_rr(&e->b, XOP(X_P0, X_0F, 0xba), 8, 7, m->rd);
    x_byte(&e->b, 63);
    emit_here8(e, max);
    emit_here8(e, done);
    emit_here8(e, low);
}

static void op_u2f(struct emit *e, struct lir *x, struct mi *m)
{
    uint32_t cvt = scalar(x->w, 0x2a);

    zero_vec(e, m->rd);
    if (x->scale == 4) {
        emit_vec(e, cvt, 8, m->rd, m->rd, opnd_reg(m->r1), 0);
        return;
    }
    x_rr(&e->b, 0x85, 8, m->r1, m->r1);
    size_t big = emit_jcc8(e, CC_S);
    emit_vec(e, cvt, 8, m->rd, m->rd, opnd_reg(m->r1), 0);
    size_t done = emit_jcc8(e, -1);
    emit_here8(e, big);                 /* half of it, rounded to odd, twice */
    x_rr(&e->b, 0x8b, 8, m->t1, m->r1);
    x_shift_ri(&e->b, 5, 8, m->t1, 1);
    size_t even = emit_jcc8(e, CC_AE);
    x_alu_ri(&e->b, 1, 8, m->t1, 1);
    emit_here8(e, even);
    emit_vec(e, cvt, 8, m->rd, m->rd, opnd_reg(m->t1), 0);
    emit_vec(e, scalar(x->w, 0x58), 4, m->rd, m->rd, opnd_reg(m->rd), 0);
    emit_here8(e, done);
}

static void op_cvt(struct emit *e, struct lir *x, struct mi *m)
{
    switch (x->sub) {
    case CVT_I2F:
        zero_vec(e, m->rd);
        emit_vec(e, scalar(x->w, 0x2a), x->scale, m->rd, m->rd, opnd_reg(m->r1), 0);
        break;
    case CVT_U2F: op_u2f(e, x, m); break;
    case CVT_F2I: case CVT_F2U: op_trunc(e, x, m); break;
    case CVT_SATS:
        if (x->w == 4)
            sat32(e, x, m, true);
        else
            sat64s(e, x, m);
        break;
    case CVT_SATU:
        if (x->w == 4)
            sat32(e, x, m, false);
        else
            sat64u(e, x, m);
        break;
    case CVT_F2F:
        zero_vec(e, m->rd);
        emit_vec(e, scalar(x->scale, 0x5a), 4, m->rd, m->rd, opnd_reg(m->r1), 0);
        break;
    case CVT_MOVI2F: emit_vec(e, XOP(X_66, X_0F, 0x6e), x->w, m->rd, 0, opnd_reg(m->r1), 0); break;
    default: emit_vec(e, XOP(X_66, X_0F, 0x7e), x->w, m->r1, 0, opnd_reg(m->rd), 0); break;
    }
}

/* ---- calls --------------------------------------------------------------------------------- */

static void stack_check(struct emit *e, uint32_t pos)
{
    x_rm(&e->b, 0x3b, 8, RSP, mem_at(R14, offsetof(struct wasm_instance, stack_limit)));
    emit_trap_if(e, CC_B, WASM_TRAP_STACK, pos);
}

static void call_mem(struct emit *e, int base, int32_t disp, uint32_t pos)
{
    x_rm(&e->b, 0xff, 4, 2, mem_at(base, disp));
    emit_site(e, pos, WASM_TRAP_NONE, true);
}

/* C functions leave the upper half of a 32-bit result open */
static void clean_result(struct emit *e, uint32_t v)
{
    if (e->f->ins[v].type == T_I32)
        x_rr(&e->b, 0x8b, 4, RAX, RAX);
}

void emit_func_rel(struct emit *e, uint32_t func)
{
    if (e->nreloc == e->capreloc) {
        uint32_t n = e->capreloc ? e->capreloc * 2 : 32;
        e->reloc = arena_grow(e->arena, e->reloc, e->capreloc * sizeof *e->reloc,
                              n * sizeof *e->reloc);
        e->capreloc = n;
    }
    e->reloc[e->nreloc++] = (struct reloc){ .at = (uint32_t)e->b.n, .func = func };
    x_u32(&e->b, 0);
}

struct emit_callee emit_callee(struct emit *e, struct lir *x, struct ir_ins *c)
{
    struct wasm_module *mod = e->f->m;
    int32_t slot = (int32_t)(mod->off_imports + sizeof(struct wasm_import_slot) * c->c);

    if (c->op != IR_CALLIND)
        return (struct emit_callee){ R14, slot + (int32_t)offsetof(struct wasm_import_slot, code),
                                     slot + (int32_t)offsetof(struct wasm_import_slot, in),
                                     slot + (int32_t)offsetof(struct wasm_import_slot, tail) };
    x_rm(&e->b, 0x8b, 8, R10, mem_at(R14, (int32_t)(mod->off_tables + 8 * c->aux)));
    x_rm(&e->b, 0x3b, 4, RAX, mem_at(R10, offsetof(struct wasm_table, size)));
    emit_trap_if(e, CC_AE, WASM_TRAP_ELEMENT, x->pos);
    x_shift_ri(&e->b, 4, 8, RAX, 5);
    x_rm(&e->b, 0x03, 8, RAX, mem_at(R10, offsetof(struct wasm_table, entries)));
    x_rm(&e->b, 0x8b, 4, R11, mem_at(R14, (int32_t)(mod->off_types + 4 * c->c)));
    x_rm(&e->b, 0x3b, 4, R11, mem_at(RAX, offsetof(struct wasm_entry, type_id)));
    emit_trap_if(e, CC_NE, WASM_TRAP_SIGNATURE, x->pos);
    return (struct emit_callee){ RAX, offsetof(struct wasm_entry, code),
                                 offsetof(struct wasm_entry, in),
                                 offsetof(struct wasm_entry, tail) };
}
_Static_assert(sizeof(struct wasm_entry) == 32, "emit_callee shifts by 5");

void emit_call_outside(struct emit *e, uint32_t ins, uint32_t pos, struct emit_callee c)
{
    stack_check(e, pos);
    call_mem(e, c.base, c.code, pos);
    clean_result(e, ins);
}

/* rdi = the callee's instance; C functions have none and get ours */
void emit_instance(struct emit *e, struct emit_callee c)
{
    x_rm(&e->b, 0x8b, 8, RDI, mem_at(c.base, c.in));
    x_rr(&e->b, 0x85, 8, RDI, RDI);
    x_rr(&e->b, XOP(X_P0, X_0F, 0x44), 8, RDI, R14);
}

/* Calls through a sealed table, whose entries in the image are struct sealed_entry. rax = entry in
 * finish_stubs. */
static void call_sealed(struct emit *e, struct lir *x, struct ir_ins *c)
{
    const struct sealed_table *t = sealed_table(e->f->sealed, c->aux);
    uint32_t type = e->f->m->type_canon[c->c];

    x_alu_ri(&e->b, 7, 4, RAX, (int32_t)t->size);
    emit_trap_if(e, CC_AE, WASM_TRAP_ELEMENT, x->pos);
    x_rm(&e->b, 0x8d, 8, R10, (struct xmem){ .base = 0xff, .index = 0xff, .rip = 1 });
    e->b.n -= 4;
    emit_func_rel(e, c->aux | RELOC_TABLE);
    x_rm(&e->b, 0x8d, 8, RAX, (struct xmem){ .base = R10, .index = RAX, .scale = 8 });
    if (t->type != type) {
        x_alu_mi(&e->b, 7, 4, mem_at(RAX, offsetof(struct sealed_entry, type)),
                 (int32_t)(type + 1));
        emit_trap_if(e, CC_NE, WASM_TRAP_SIGNATURE, x->pos);
    }
    x_rm(&e->b, 0x63, 8, RAX, mem_at(RAX, offsetof(struct sealed_entry, code)));
    x_rr(&e->b, 0x03, 8, RAX, R10);
    x_rr(&e->b, 0xff, 4, 2, RAX);
    emit_site(e, x->pos, WASM_TRAP_NONE, true);
}
_Static_assert(sizeof(struct sealed_entry) == 8, "call_sealed multiplies by 8");

/*
 * An entry of this very instance is called where its body starts, DIRECT_ENTRY bytes behind the
 * external entry; all others take the way out of the image, behind the function (emit_cold_calls).
 */
static void op_call_indirect(struct emit *e, struct lir *x, struct ir_ins *c)
{
    if (sealed_table(e->f->sealed, c->aux)) {
        call_sealed(e, x, c);
        return;
    }
    struct emit_callee to = emit_callee(e, x, c);
    if (!abi_within(e->f, c)) {
        emit_instance(e, to);
        emit_call_outside(e, x->s1, x->pos, to);
        return;
    }
    x_rm(&e->b, 0x3b, 8, R14, mem_at(to.base, to.in));
    uint32_t at = emit_cold_call(e, x->s1, x->pos, to);
    x_rm(&e->b, 0x8b, 8, RAX, mem_at(to.base, to.code));
    x_alu_ri(&e->b, 0, 8, RAX, DIRECT_ENTRY);
    x_rr(&e->b, 0xff, 4, 2, RAX);
    emit_site(e, x->pos, WASM_TRAP_NONE, true);
    e->cold[at].back = e->b.n;
}

void emit_cold_calls(struct emit *e)
{
    for (uint32_t k = 0; k < e->ncold; k++) {
        struct cold *c = &e->cold[k];
        emit_room(e);
        x_patch32(&e->b, c->at, (uint32_t)(e->b.n - c->at - 4));
        emit_instance(e, c->to);
        e->landing = c->landing;
        emit_call_outside(e, c->ins, c->pos, c->to);
        e->landing = 0;
        x_byte(&e->b, 0xe9);
        x_u32(&e->b, (uint32_t)(c->back - e->b.n - 4));
    }
}

static void call_runtime(struct emit *e, struct lir *x, struct ir_ins *c)
{
    bool bulk = emit_bulk_wanted(e, c);
    size_t test = bulk ? emit_bulk_test(e) : 0;

    stack_check(e, x->pos);
    x_rr(&e->b, 0x8b, 8, RDI, R14);
    x_rm(&e->b, 0x8b, 8, R10, mem_at(R14, offsetof(struct wasm_instance, rt)));
    call_mem(e, R10, (int32_t)(8 * c->c), x->pos);
    clean_result(e, x->s1);
    if (bulk)
        emit_bulk(e, x->pos, c, test);
}

static void op_call(struct emit *e, struct lir *x)
{
    struct ir_ins *c = &e->f->ins[x->s1];
    struct emit_callee to;

    switch (x->op) {
    case L_CALL:
        x_byte(&e->b, 0xe8);
        emit_func_rel(e, c->c);
        emit_site(e, x->pos, WASM_TRAP_NONE, true);
        break;
    case L_CALLRT: call_runtime(e, x, c); break;
    case L_CALLIMP:
        to = emit_callee(e, x, c);
        x_rm(&e->b, 0x8b, 8, RDI, mem_at(to.base, to.in));
        emit_call_outside(e, x->s1, x->pos, to);
        break;
    default:
        op_call_indirect(e, x, c);
    }
}

static void op_port(struct emit *e, struct lir *x)
{
    bool out = x->op == L_OUT;

    if (x->imm > 255)
        x_mov_ri(&e->b, RDX, (uint64_t)x->imm);
    if (x->sub == 2)
        x_byte(&e->b, 0x66);
    x_byte(&e->b, (x->imm > 255 ? 0xec : 0xe4) | out << 1 | (x->sub != 1));
    if (x->imm <= 255)
        x_byte(&e->b, (uint8_t)x->imm);
    if (!out && x->sub < 4)
        x_rr(&e->b, XOP(X_P0, X_0F, x->sub == 1 ? 0xb6 : 0xb7), 4, RAX, RAX);
}

/* ---- dispatch ------------------------------------------------------------------------------ */

void emit_op(struct emit *e, struct lir *x, struct mi *m)
{
    struct xbuf *b = &e->b;
    struct xmem a;

    switch (x->op) {
    case L_ALU: case L_ALUC: op_alu(e, x, m, x->sub); break;
    case L_ALUM: op_alu_mem(e, x, m); break;
    case L_IMUL:
        emit_rm(e, XOP(X_P0, X_0F, 0xaf), x->w, m->rd, opnd_of(e, x, m, x->s2, m->r2), 0); break;
    case L_IMULI: {
        bool small = x->imm == (int8_t)x->imm;
        emit_rm(e, small ? 0x6b : 0x69, x->w, m->rd, opnd_of(e, x, m, x->s1, m->r1), 0);
        if (small)
            x_byte(b, (uint8_t)x->imm);
        else
            x_u32(b, (uint32_t)x->imm);
        break;
    }
    case L_LEA:
        a = (struct xmem){ .base = x->s1 ? m->r1 : 0xff, .index = m->r3, .scale = x->scale,
                           .disp = x->disp };
        x_rm(b, 0x8d, x->w, m->rd, a);
        break;
    case L_ADD: op_add(e, x, m); break;
    case L_SHIFTI: x_shift_ri(b, x->sub, x->w, m->rd, (uint8_t)x->imm); break;
    case L_SHIFTC: x_rr(b, 0xd3, x->w, x->sub, m->rd); break;
    case L_ROLI: op_rotate(e, x, m); break;
    case L_BLS:
        op_vex(e, XOP(X_P0, X_38, 0xf3), x->w, x->sub, m->rd, opnd_of(e, x, m, x->s1, m->r1));
        emit_flags_of(e, m->rd, x->w);
        break;
    case L_ANDN:
        op_vex(e, XOP(X_P0, X_38, 0xf2), x->w, m->rd, m->r1, opnd_of(e, x, m, x->s2, m->r2));
        emit_flags_of(e, m->rd, x->w);
        break;
    case L_BSWAP: x_bswap(b, x->w, m->rd); break;
    case L_BT:
        if (x->has_imm) {
            x_rr(b, XOP(X_P0, X_0F, 0xba), x->w, 4, m->r1);
            x_byte(b, (uint8_t)x->imm);
        } else {
            x_rr(b, XOP(X_P0, X_0F, 0xa3), x->w, m->r2, m->r1);
        }
        break;
    case L_SHIFTX:
        op_vex(e, XOP(x->sub == 4 ? X_66 : x->sub == 5 ? X_F2 : X_F3, X_38, 0xf7), x->w, m->rd,
               m->r2, opnd_of(e, x, m, x->s1, m->r1));
        break;
    case L_DIV: op_div(e, x, m); break;
    case L_ATOMIC: emit_atomic(e, x, m); break;
    case L_LANDING: break;
    case L_FENCE:                   /* mfence */
        x_byte(b, 0x0f);
        x_byte(b, 0xae);
        x_byte(b, 0xf0);
        break;
    case L_NEG: x_rr(b, 0xf7, x->w, 3, m->rd); break;
    case L_NOT: x_rr(b, 0xf7, x->w, 2, m->rd); break;
    case L_COUNT: op_count(e, x, m); break;
    case L_EXT: widen(e, x->sub, x->w, m->rd, opnd_of(e, x, m, x->s1, m->r1)); break;
    case L_LOAD:
        if (x->flt)
            emit_vec(e, vec_move(x->w, false), 4, m->rd, 0, opnd_of(e, x, m, 0, NOREG), 0);
        else
            widen(e, x->sub, x->w, m->rd, opnd_of(e, x, m, 0, NOREG));
        break;
    case L_STORE: put_store(e, x, m, opnd_of(e, x, m, 0, NOREG)); break;
    case L_CMP: op_cmp(e, x, m); break;
    case L_TEST: op_test(e, x, m); break;
    case L_FCMP: emit_vec(e, ucomis(x->w), 4, m->r1, 0, opnd_of(e, x, m, x->s2, m->r2), 0); break;
    case L_SETCC: op_setcc(e, x, m); break;
    case L_CMOV: case L_FSEL: op_select(e, x, m); break;
    case L_FALU:
        emit_vec(e, scalar(x->w, x->sub), 4, m->rd, m->r1, opnd_of(e, x, m, x->s2, m->r2), 0);
        break;
    case L_FUN: op_fun(e, x, m); break;
    case L_FBIT:
        emit_vec(e, x->sub ? SSE_XOR : SSE_AND, 4, m->rd, m->r1, mask_const(x->w, x->sub), 0);
        break;
    case L_FMINMAX: op_minmax(e, x, m); break;
    case L_FCOPYSIGN: op_copysign(e, x, m); break;
    case L_CVT: op_cvt(e, x, m); break;
    case L_GLOBALP:
        x_rm(b, 0x8b, 8, m->t1, mem_at(R14, x->imm));
        if (x->s1)
            put_store(e, x, m, opnd_mem(mem_at(m->t1, 0)));
        else if (x->flt)
            emit_vec(e, vec_move(x->w, false), 4, m->rd, 0, opnd_mem(mem_at(m->t1, 0)), 0);
        else
            x_rm(b, 0x8b, x->w, m->rd, mem_at(m->t1, 0));
        break;
    case L_MEMSIZE:
        x_rm(b, 0x8b, 8, m->rd, mem_at(R14, x->imm));
        x_rm(b, 0x8b, 4, m->rd, mem_at(m->rd, offsetof(struct wasm_memory, pages)));
        break;
    case L_INSTADDR: x_rm(b, 0x8d, 8, m->rd, mem_at(R14, x->imm)); break;
    case L_IN: case L_OUT: op_port(e, x); break;
    case L_V1: case L_V1R: case L_V2: case L_V2C: case L_V2R: case L_V3: case L_VSHI: case L_VGET:
    case L_VSPLAT: case L_VSHUF: case L_VTEST:
        emit_simd(e, x, m);
        break;
    default: op_call(e, x); break;
    }
}
