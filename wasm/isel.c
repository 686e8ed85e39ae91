/*
 * isel.c - instruction selection: walks each block backwards, so that when a value is reached all
 * its users are known: what was folded into them (addresses, loads, compares, immediates) or is not
 * used at all is never emitted. Needs: blocks in layout order, no aliases. Writes lir[], last
 * instruction first.
 *
 * i32 values in registers are zero-extended, so i64.extend_i32_u is free: isel_val looks through
 * it. A 32-bit operation reads only the low half, so isel_val32 looks through i32.wrap_i64.
 */
#include "wasm/isel.h"

static void put_float2(struct isel *s, int op, int sub, uint32_t v, struct ir_ins *i)
{
    struct lir *x = isel_put(s, op, isel_width(i->type), v);
    uint32_t a = i->a, b = i->b;

    x->sub = sub;
    x->flt = 1;
    if (op == L_FALU && isel_can_fold(s, b, i->type)) {
        isel_fold(s, x, b);
    } else if (op == L_FALU && (ir_op_mode(i->op) & M_COMM) && isel_can_fold(s, a, i->type)) {
        isel_fold(s, x, a);
        a = b;
    } else {
        x->s2 = isel_val(s, b);
    }
    x->s1 = isel_val(s, a);
}

static void put_fun(struct isel *s, uint32_t v, struct ir_ins *i, int sub, int imm)
{
    struct lir *x = isel_put(s, L_FUN, isel_width(i->type), v);

    x->sub = sub;
    x->imm = imm;
    x->flt = 1;
    x->s2 = isel_val(s, i->a);
}

static void put_cvt(struct isel *s, uint32_t v, struct ir_ins *i, int kind)
{
    struct lir *x = isel_put(s, L_CVT, isel_width(i->type), v);

    x->sub = kind;
    x->scale = isel_width(i->aux);       /* operand width */
    x->s1 = isel_val(s, i->a);
}

static void put_unary(struct isel *s, int op, int sub, uint32_t v, struct ir_ins *i, int w)
{
    struct lir *x = isel_put(s, op, w, v);

    x->sub = sub;
    x->flt = op == L_FBIT;
    x->s1 = x->flt ? isel_val(s, i->a) : isel_valw(s, i->a, w);
}

static void select_ins(struct isel *s, uint32_t v)
{
    static const uint8_t arith[] = { 0x58, 0x5c, 0x59, 0x5e };      /* FADD FSUB FMUL FDIV */
    struct ir_ins *i = &s->ins[v];
    int w = isel_width(i->type);
    struct flags fl;
    struct lir *x;
    uint64_t k;

    switch (i->op) {
    case IR_ADD: isel_add(s, v, i->a, i->b, w); break;
    case IR_SUB: isel_sub(s, v, i->a, i->b, w); break;
    case IR_MUL: isel_mul(s, v, i->a, i->b, w); break;
    case IR_AND: isel_and(s, v, i->a, i->b, w); break;
    case IR_OR: isel_alu(s, L_ALUC, 1, v, i->a, i->b, w); break;
    case IR_XOR:
        if (isel_const(s, i->b, &k) && k == (w == 4 ? UINT32_MAX : UINT64_MAX))
            put_unary(s, L_NOT, 0, v, i, w);
        else
            isel_alu(s, L_ALUC, 6, v, i->a, i->b, w);
        break;
    case IR_DIVS: case IR_DIVU: case IR_REMS: case IR_REMU: isel_div(s, v, i, w); break;
    case IR_MULHU: case IR_MULHS: {
        x = isel_put(s, L_DIV, 8, v);
        x->sub = 4 + (i->op - IR_MULHU);
        x->s1 = isel_val(s, i->a);
        x->s2 = isel_val(s, i->b);
        break;
    }
    case IR_SHL: case IR_SHRS: case IR_SHRU: case IR_ROTL: case IR_ROTR:
        isel_shift(s, v, i, w); break;
    case IR_CLZ: case IR_CTZ: case IR_POPCNT: put_unary(s, L_COUNT, i->op - IR_CLZ, v, i, w); break;
    case IR_BSWAP: put_unary(s, L_BSWAP, 0, v, i, w); break;
    case IR_SEXT8: isel_ext(s, w, v, i->a, MEM_8S); break;
    case IR_SEXT16: isel_ext(s, w, v, i->a, MEM_16S); break;
    case IR_SEXT32: case IR_EXTS: isel_ext(s, w, v, i->a, MEM_32S); break;
    case IR_WRAP: isel_ext(s, w, v, i->a, MEM_32U); break;
    case IR_EQZ: case IR_EQ: case IR_NE: case IR_LTS: case IR_LTU: case IR_GTS: case IR_GTU:
    case IR_LES: case IR_LEU: case IR_GES: case IR_GEU: case IR_FEQ: case IR_FNE: case IR_FLT:
    case IR_FGT: case IR_FLE:
    case IR_FGE:
        fl = isel_compare(s, v);
        isel_put(s, L_SETCC, 4, v)->sub = fl.cc;
        isel_flags(s, fl);
        break;
    case IR_SELECT: isel_select(s, v, i); break;
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
        x = isel_put(s, L_LOAD, w, v);
        x->sub = i->aux;
        x->flt = ir_is_vec(i->type);
        isel_address(s, x, i->a, i->c, i->aux >> 8);
        break;
    case IR_STORE: isel_store(s, i); break;
    case IR_ALOAD: case IR_ASTORE: case IR_ARMW: case IR_ACMPXCHG: isel_atomic(s, v, i); break;
    case IR_LANDING:
        isel_put(s, L_LANDING, 8, v);
        s->l->has_landing = true;
        break;
    case IR_FENCE: isel_put(s, L_FENCE, 0, 0); break;
    case IR_GLOBALGET: case IR_GLOBALSET: isel_global(s, v, i); break;
    case IR_MEMSIZE:
        isel_put(s, L_MEMSIZE, 4, v)->imm = (int32_t)(s->f->m->off_mems + 8 * i->b); break;
    case IR_REFFUNC:
        isel_put(s, L_INSTADDR, 8, v)->imm =
            (int32_t)(s->f->m->off_funcrefs + sizeof(struct wasm_funcref) * i->b);
        break;
    case IR_CALL: case IR_CALLIND: case IR_CALLRT: isel_call(s, v, i); break;
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
        int w = isel_width(i->type);
        int32_t imm;
        if (i->op != IR_ADD || !isel_single(s, v) || !isel_imm(s, i->b, w, &imm) ||
            (i->a != c->a && (c->op == IR_EQZ || i->a != c->b)) || isel_float_compare(c->op))
            continue;
        struct lir *x = isel_put(s, L_LEA, w, v);
        x->s1 = isel_valw(s, i->a, w);
        x->scale = 1;
        x->disp = imm;
        s->count[v] = FOLDED;
    }
}

static void select_term(struct isel *s, struct ir_block *b)
{
    struct flags fl;
    struct lir *x;

    s->pos = b->pos;
    switch (b->term) {
    case TERM_JUMP: case TERM_INVOKE: isel_put(s, L_JMP, 0, 0); break;
    case TERM_BR:
        fl = isel_plan(s, b->a);
        isel_put(s, L_JCC, 0, 0)->sub = fl.cc;
        sink_increments(s, (uint32_t)(b - s->f->blocks), fl);
        isel_flags(s, fl);
        break;
    case TERM_SWITCH:               /* indexes a table */
        isel_put(s, L_SWITCH, 4, 0)->s1 = isel_val(s, b->a);
        break;
    case TERM_RETURN:
        isel_put(s, L_RET, 0, 0);
        for (uint32_t k = 0; k < b->c; k++)
            isel_val(s, s->f->args[b->b + k]);
        break;
    case TERM_TAIL: {
        struct ir_ins *c = &s->ins[b->a];
        s->pos = c->pos;
        x = isel_put(s, L_TAIL, 0, 0);
        x->sub = isel_call_op(s, c);
        x->s1 = b->a;
        s->l->has_calls = true;
        for (uint32_t k = 0; k < c->b; k++)
            isel_val(s, s->f->args[c->a + k]);
        break;
    }
    default: isel_put(s, L_TRAP, 0, 0)->sub = b->a; break;
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

/* What an extension that costs nothing extends has as many users as the extension. */
static void count_ref(struct isel *s, uint32_t v)
{
    while (++s->count[v] == 2 && (s->ins[v].op == IR_EXTU || s->ins[v].op == IR_WRAP))
        v = s->ins[v].a;
}

uint32_t isel_past(struct isel *s, uint32_t past, uint32_t v)
{
    if (s->count[past] != 1)
        count_ref(s, v);
    return v;
}

int isel_operands(int op)
{
    uint8_t o = operand_bits[op];

    return (o & OP_A) + (o >> 1 & 1) + (o >> 2 & 1);
}

static void count_ins(struct isel *s, struct ir_ins *i)
{
    uint8_t o = operand_bits[i->op];

    if (o & OP_A)
        count_ref(s, i->a);
    if (o & OP_B)
        count_ref(s, i->b);
    if (o & OP_C)
        count_ref(s, i->c);
    if (o & OP_N)
        for (uint32_t k = 0; k < i->b; k++)
            count_ref(s, s->f->args[i->a + k]);
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
            count_ref(s, bl->a);
        if (bl->term == TERM_RETURN)
            for (uint32_t k = 0; k < bl->c; k++)
                count_ref(s, f->args[bl->b + k]);
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
            s->order = arena_grow(s->f->temp, s->order, n * sizeof *s->order,
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
    uint32_t from = s->l->n;
    select_term(s, bl);
    for (;;) {
        if (s->live[0] > s->late_live || s->live[1] > s->late_live)
            isel_late(s, from, n ? s->order[n - 1] : 0);
        from = s->l->n;
        uint32_t v;
        if (s->nlate) {
            v = s->late[--s->nlate];
        } else if (n) {
            v = s->order[--n];
            if (!wanted(s, v) || s->count[v] == FOLDED || (bl->term == TERM_TAIL && v == bl->a))
                continue;
            s->now = s->epoch[v];
        } else {
            break;
        }
        s->live[ir_is_vec(s->ins[v].type)] -= (s->need[v] & ~NEED_PHI) != 0;
        s->pos = s->ins[v].pos;
        select_ins(s, v);
    }
    s->l->block_first[b] = s->l->n - 1;
}

static void need_phi(struct isel *s, uint32_t v)
{
    while (s->ins[v].op == IR_EXTU)
        v = s->ins[v].a;
    s->need[v] |= NEED_PHI;
}

void isel_run(struct lfunc *l)
{
    struct ir_func *f = l->f;
    struct isel s = { .l = l, .f = f };

    s.late_live = f->o->passes_off >> ('s' - 'a') & 1 ? UINT32_MAX :
                  f->o->stress & WASM_STRESS_FEW ? 0 : LATE_LIVE;
    uint32_t n = f->nins;
    s.ins = f->ins;
    s.count = arena_alloc(f->temp, n * sizeof *s.count);
    s.need = arena_alloc(f->temp, n * sizeof *s.need);
    s.epoch = arena_raw(f->temp, n * sizeof *s.epoch);
    s.blk = arena_alloc(l->arena, n * sizeof *s.blk);
    s.cap_order = 256;
    s.order = arena_raw(f->temp, s.cap_order * sizeof *s.order);
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
                need_phi(&s, f->args[f->ins[v].a + k]);
    for (uint32_t b = f->nblocks - 1; b >= 1; b--) {
        if (b == 1 || f->blocks[b].npreds) {
            select_block(&s, b);
        } else {                /* unreachable: empty, but a loop may end here in layout order */
            l->block_last[b] = l->n;
            l->block_first[b] = l->n - 1;
        }
    }
}
