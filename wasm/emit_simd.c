/*
 * emit_simd.c - machine code of vector operations (Intel SDM vol. 2): VEX forms where the CPU has
 * AVX, else SSE4.1, where the selector and the allocator have made the first operand the
 * destination. xmm15 is scratch.
 */
#include "wasm/emit.h"
#include "wasm/simd.h"

enum {
    SSE_MOVSS = XOP(X_F3, X_0F, 0x10), SSE_MOVD = XOP(X_66, X_0F, 0x6e),
    SSE_MOVDDUP = XOP(X_F2, X_0F, 0x12), SSE_SHUFPS = XOP(X_P0, X_0F, 0xc6),
    SSE_PSHUFD = XOP(X_66, X_0F, 0x70), SSE_PSHUFLW = XOP(X_F2, X_0F, 0x70),
    SSE_PSHUFB = XOP(X_66, X_38, 0x00), SSE_PUNPCKLQDQ = XOP(X_66, X_0F, 0x6c),
    SSE_PXOR = XOP(X_66, X_0F, 0xef), SSE_POR = XOP(X_66, X_0F, 0xeb),
    SSE_PTEST = XOP(X_66, X_38, 0x17), AVX_BROADCASTSS = XOP(X_66, X_38, 0x18),
    AVX2_BROADCASTB = XOP(X_66, X_38, 0x78), AVX2_BROADCASTW = XOP(X_66, X_38, 0x79),
    AVX2_BROADCASTD = XOP(X_66, X_38, 0x58),
};

/* the immediate behind an instruction that was emitted with tail = has_imm */
static void immediate(struct emit *e, struct lir *x)
{
    if (x->has_imm)
        x_byte(&e->b, x->sub);
}

static struct opnd vector_const(struct emit *e, uint32_t index)
{
    struct ir_vector k = ir_vector(e->f, index);

    return opnd_const(k.lo, k.hi, 16);
}

/* rd <- op rs, imm8, all of one register if rs = rd */
static void shuffle_imm(struct emit *e, uint32_t op, int rd, int rs, uint8_t imm)
{
    emit_vec(e, op, 4, rd, op == SSE_SHUFPS ? rd : 0, opnd_reg(rs), 1);
    x_byte(&e->b, imm);
}

static void splat_int(struct emit *e, int lane, int w, int rd, struct opnd o)
{
    bool avx2 = e->l->cpu & WASM_CPU_AVX2;
    uint32_t broadcast = lane == LT_I8 ? AVX2_BROADCASTB :
                         lane == LT_I16 ? AVX2_BROADCASTW : AVX2_BROADCASTD;

    if (o.mem && (avx2 ? lane < LT_I64 : e->avx && lane == LT_I32)) {
        emit_vec(e, avx2 ? broadcast : AVX_BROADCASTSS, 4, rd, 0, o, 0);
        return;
    }
    if (o.mem && lane == LT_I64) {
        emit_vec(e, SSE_MOVDDUP, 4, rd, 0, o, 0);
        return;
    }
    emit_vec(e, SSE_MOVD, w, rd, 0, o, 0);
    if (avx2 && lane < LT_I64) {
        emit_vec(e, broadcast, 4, rd, 0, opnd_reg(rd), 0);
    } else if (lane == LT_I8) {
        emit_vec(e, SSE_PXOR, 4, XSCRATCH, XSCRATCH, opnd_reg(XSCRATCH), 0);
        emit_vec(e, SSE_PSHUFB, 4, rd, rd, opnd_reg(XSCRATCH), 0);
    } else if (lane == LT_I64) {
        emit_vec(e, SSE_PUNPCKLQDQ, 4, rd, rd, opnd_reg(rd), 0);
    } else {
        if (lane == LT_I16)
            shuffle_imm(e, SSE_PSHUFLW, rd, rd, 0);
        shuffle_imm(e, SSE_PSHUFD, rd, rd, 0);
    }
}

static void splat_f32(struct emit *e, int rd, struct opnd o)
{
    if (e->avx && (o.mem || (e->l->cpu & WASM_CPU_AVX2))) {
        emit_vec(e, AVX_BROADCASTSS, 4, rd, 0, o, 0);
    } else if (o.mem) {
        emit_vec(e, SSE_MOVSS, 4, rd, 0, o, 0);
        shuffle_imm(e, SSE_SHUFPS, rd, rd, 0);
    } else {
        if (rd != XMM0 + o.reg)
            emit_move(e, T_V128, rd, XMM0 + o.reg);
        shuffle_imm(e, SSE_SHUFPS, rd, rd, 0);
    }
}

static void splat(struct emit *e, struct lir *x, struct mi *m)
{
    struct opnd o = opnd_of(e, x, m, x->s2, m->r2);

    if (x->sub == LT_F64)
        emit_vec(e, SSE_MOVDDUP, 4, m->rd, 0, o, 0);
    else if (x->sub == LT_F32)
        splat_f32(e, m->rd, o);
    else
        splat_int(e, x->sub, x->sub == LT_I64 ? 8 : 4, m->rd, o);
}

/* rd <- bytes of rs by the numbers in constant k */
static void shuffle_bytes(struct emit *e, int rd, int rs, uint32_t k)
{
    if (!e->avx && rd != rs)
        emit_move(e, T_V128, rd, rs);
    emit_vec(e, SSE_PSHUFB, 4, rd, rs, vector_const(e, k), 0);
}

static void shuffle(struct emit *e, struct lir *x, struct mi *m)
{
    if (!x->s2) {
        shuffle_bytes(e, m->rd, m->r1, (uint32_t)x->imm);
        return;
    }
    shuffle_bytes(e, XSCRATCH, m->r1, (uint32_t)x->imm);
    shuffle_bytes(e, m->rd, m->r2, (uint32_t)x->disp);
    emit_vec(e, SSE_POR, 4, m->rd, m->rd, opnd_reg(XSCRATCH), 0);
}

/* three operands; a commutative one with the operands in the order that needs the shorter prefix */
static void binary(struct emit *e, struct lir *x, struct mi *m)
{
    struct opnd o = opnd_of(e, x, m, x->s2, m->r2);
    int r1 = m->r1;

    if (e->avx && x->op == L_V2C && !o.mem && o.reg >= 8 && VEC(r1) < 8) {
        o.reg = (uint8_t)VEC(r1);
        r1 = m->r2;
    }
    emit_vec(e, (uint32_t)x->imm, x->w, m->rd, r1, o, x->has_imm);
    immediate(e, x);
}

void emit_simd(struct emit *e, struct lir *x, struct mi *m)
{
    uint32_t op = (uint32_t)x->imm;

    switch (x->op) {
    case L_V1: case L_V1R:
        emit_vec(e, op, x->w, m->rd, 0, opnd_of(e, x, m, x->s2, m->r2), x->has_imm);
        immediate(e, x);
        break;
    case L_V2: case L_V2C: case L_V2R: binary(e, x, m); break;
    case L_V3:
        emit_vec(e, op, x->w, m->rd, m->r2, x->mem ? opnd_of(e, x, m, 0, NOREG) : opnd_reg(m->r3),
                 0);
        break;
    case L_VSHI:
        if (e->avx)
            v_rr(&e->b, op, 4, x->scale, VEC(m->rd), VEC(m->r1));
        else
            x_rr(&e->b, op, 4, x->scale, VEC(m->rd));
        x_byte(&e->b, x->sub);
        break;
    case L_VGET:
        emit_vec(e, op, x->w, m->r1, 0, x->mem ? opnd_of(e, x, m, 0, NOREG) : opnd_reg(m->rd),
                 x->has_imm);
        immediate(e, x);
        break;
    case L_VSPLAT: splat(e, x, m); break;
    case L_VSHUF: shuffle(e, x, m); break;
    default: emit_vec(e, SSE_PTEST, 4, m->r1, 0, opnd_reg(m->r1), 0); break;
    }
}
