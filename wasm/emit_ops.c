/*
 * emit_ops.c - machine code of single operations, one case each (Intel SDM vol. 2): those on
 * integers and memory here, the others in emit_float.c, emit_simd.c, emit_atomic.c, emit_call.c.
 */
#include "wasm/emit.h"

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
    case L_SETCC: op_setcc(e, x, m); break;
    case L_CMOV: case L_FSEL: op_select(e, x, m); break;
    case L_FCMP: case L_FALU: case L_FUN: case L_FBIT: case L_FMINMAX: case L_FCOPYSIGN: case L_CVT:
        emit_float(e, x, m);
        break;
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
    default: emit_call(e, x); break;
    }
}
