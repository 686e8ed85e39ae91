/*
 * emit_float.c - machine code of floating-point operations (Intel SDM vol. 2; SSE4.1 is the floor,
 * VEX forms where the CPU has AVX), conversions among them (wasm 4.3.2, 4.3.3). xmm15 is scratch.
 */
#include "wasm/emit.h"

enum {
    SSE_AND = XOP(X_P0, X_0F, 0x54), SSE_OR = XOP(X_P0, X_0F, 0x56),
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

void emit_float(struct emit *e, struct lir *x, struct mi *m)
{
    switch (x->op) {
    case L_FCMP: emit_vec(e, ucomis(x->w), 4, m->r1, 0, opnd_of(e, x, m, x->s2, m->r2), 0); break;
    case L_FALU:
        emit_vec(e, scalar(x->w, x->sub), 4, m->rd, m->r1, opnd_of(e, x, m, x->s2, m->r2), 0);
        break;
    case L_FUN: op_fun(e, x, m); break;
    case L_FBIT:
        emit_vec(e, x->sub ? SSE_XOR : SSE_AND, 4, m->rd, m->r1, mask_const(x->w, x->sub), 0);
        break;
    case L_FMINMAX: op_minmax(e, x, m); break;
    case L_FCOPYSIGN: op_copysign(e, x, m); break;
    default: op_cvt(e, x, m); break;
    }
}
