/*
 * ra_fixed.c - instructions whose registers are given: calls and returns, whose values stand where
 * abi.c says, divisions, shifts by a variable, atomic operations, ports.
 */
#include "wasm/ra.h"

static void arguments(struct ra *ra, struct lir *x, struct mi *m)
{
    struct ir_func *f = ra->f;
    struct ir_ins *c = &f->ins[x->s1];
    struct abi_walk w = { 0 };
    uint32_t first = ra->l->npool;

    for (uint32_t k = 0; k < c->b; k++) {
        uint32_t v = ra_vreg(ra, f->args[c->a + k]);
        bool entry = c->op == IR_CALLIND && k + 1 == c->b;
        struct abi_loc loc = entry ? (struct abi_loc){ .reg = RAX } : abi_next(&w, f->ins[v].type);
        struct pmove *p = ra_pool_add(ra);
        p->rd = loc.reg == NOREG ? PM_OUT : loc.reg;
        p->to = loc.word;
        ra_pmove_from(ra, p, v, ra->regof[v]);
        ra->touched[v] = ra->at;
    }
    m->a = first;
    m->b = ra->l->npool - first;
}

/* Words of the outgoing area below the stack results. */
static uint32_t call_words(struct ra *ra, struct lir *x, const struct wasm_functype *t)
{
    bool within = (x->op == L_CALL || x->op == L_CALLIND) &&
                  abi_within(ra->f, &ra->f->ins[x->s1]);

    return !t ? 0 : within ? abi_area_words(t, ra->f->tail_words) : abi_param_words(t);
}

/* values of the call's results, first the call itself */
static void results(struct ra *ra, struct lir *x, const struct wasm_functype *t, uint32_t nresults)
{
    struct ir_func *f = ra->f;
    struct abi_walk w = { .results = true };
    uint32_t base = call_words(ra, x, t), v = x->s1, last = v, first = ra->l->npool;

    for (uint32_t k = 0; k < nresults; k++) {
        struct abi_loc loc =
            abi_next(&w, t ? ir_type_of(t->results[k]) : (enum ir_type)f->ins[v].type);
        if (k) {
            v = f->ins[last].next;
            while (v && !(f->ins[v].op == IR_RESULT && f->ins[v].a == x->s1 && f->ins[v].b == k))
                v = f->ins[v].next;
            if (!v)
                continue;
            last = v;
        }
        if (loc.reg != NOREG) {
            ra_define(ra, v, loc.reg);
        } else if (ra_next_use(ra, v)) {
            struct pmove *p = ra_pool_add(ra);
            *p = (struct pmove){ .rd = PM_SLOT, .to = v, .rs = PM_IN, .from = base + loc.word,
                                 .type = f->ins[v].type };
            ra_spill(ra, v);
        }
    }
    if (ra->l->npool > first) {
        struct mi *m = ra_out(ra, MI_PMOVE);
        m->a = first;
        m->b = ra->l->npool - first;
    }
}

static void do_call(struct ra *ra, uint32_t i, struct lir *x)
{
    struct ir_ins *c = &ra->f->ins[x->s1];
    const struct wasm_functype *t = x->op == L_CALLRT ? NULL : call_type(ra->f, c);
    uint32_t clobbered = (R_INTS | R_VECS | BIT(30) | BIT(31)) & ~R_CALLEE;

    for (uint32_t rest = ra_occupied(ra, R_INTS & ~R_CALLEE); rest; rest &= rest - 1) {
        int r = __builtin_ctz(rest);
        uint32_t v = ra->now.val[r];
        if (!ra_is_const(ra, v) && ra_next_use(ra, v) && !ra->l->spilled[v] &&
            (R_CALLEE & ~ra_occupied(ra, R_CALLEE)))
            ra_vacate(ra, r, R_CALLEE, false);
    }
    if (x->imm) {
        ra->unwind[ra->cur] = arena_raw(ra->f->temp, sizeof *ra->unwind[ra->cur]);
        *ra->unwind[ra->cur] = ra->now;
        ra_out(ra, MI_UNWIND)->a = (uint32_t)x->imm;
    }
    if (c->b)
        arguments(ra, x, ra_out(ra, MI_PMOVE));
    struct mi *m = ra_out(ra, MI_LIR);
    m->a = i;
    uint32_t words = t ? call_words(ra, x, t) + abi_result_words(t) : 0;
    if (words > ra->l->out_words)
        ra->l->out_words = words;
    for (uint32_t rest = ra_occupied(ra, clobbered); rest; rest &= rest - 1)
        ra_evict(ra, __builtin_ctz(rest));
    for (uint32_t k = 0; k < c->b; k++)
        ra_release(ra, ra_vreg(ra, ra->f->args[c->a + k]));
    results(ra, x, t, t ? t->nresults : c->type != T_NONE);
}

static void do_landing(struct ra *ra, uint32_t i, struct lir *x)
{
    ra_out(ra, MI_LIR)->a = i;
    ra_define(ra, x->dst, RAX);
}

static void do_tail(struct ra *ra, uint32_t i, struct lir *x)
{
    struct ir_ins *c = &ra->f->ins[x->s1];
    const struct wasm_functype *t = call_type(ra->f, c);
    uint32_t words = abi_param_words(t) + abi_result_words(t);

    if (words > ra->l->out_words)
        ra->l->out_words = words;
    if (c->b)
        arguments(ra, x, ra_out(ra, MI_PMOVE));
    ra_out(ra, MI_LIR)->a = i;
}

static void do_ret(struct ra *ra, uint32_t i)
{
    struct ir_func *f = ra->f;
    struct ir_block *b = &f->blocks[ra->cur];
    struct abi_walk w = { .results = true };
    uint32_t first = ra->l->npool;

    for (uint32_t k = 0; k < b->c; k++) {
        uint32_t v = ra_vreg(ra, f->args[b->b + k]);
        struct abi_loc loc = abi_next(&w, f->ins[v].type);
        ra->touched[v] = ra->at;
        if (loc.reg != NOREG && loc.reg == ra->regof[v])
            continue;
        struct pmove *p = ra_pool_add(ra);
        p->rd = loc.reg == NOREG ? PM_RET : loc.reg;
        p->to = loc.word;
        ra_pmove_from(ra, p, v, ra->regof[v]);
    }
    if (ra->l->npool > first) {
        struct mi *m = ra_out(ra, MI_PMOVE);
        m->a = first;
        m->b = ra->l->npool - first;
    }
    ra_out(ra, MI_LIR)->a = i;
}

/* v into the fixed register r, whatever was there leaves; v keeps another register if it is still
 * needed */
static void into_fixed(struct ra *ra, uint32_t v, int r, uint32_t others)
{
    /* before it is evicted: loop headers have to keep it where it is read */
    ra->touched[v] = ra->at;
    if (ra->now.val[r] != v) {
        ra_vacate(ra, r, others, false);
        if (ra->regof[v] != NOREG)
            ra_out_move(ra, v, r, ra->regof[v]);
        else
            ra_out_fetch(ra, v, r);
    } else if (ra_next_use(ra, v)) {
        uint32_t free = others & ~ra->locked & ~ra_occupied(ra, others);
        if (free) {
            int n = ra_pick_free(ra, v, free);
            ra_out_move(ra, v, n, r);
            ra_unbind(ra, r);
            ra_bind(ra, v, n);
        } else {
            ra_evict(ra, r);
        }
    } else {
        ra_unbind(ra, r);
    }
    ra->locked |= BIT(r);
}

static void do_div(struct ra *ra, uint32_t i, struct lir *x)
{
    uint32_t others = ra->ints & ~(BIT(RAX) | BIT(RDX));
    int rd = x->sub >= 2 ? RDX : RAX;
    int r2 = ra_use_reg(ra, x->s2, others);

    into_fixed(ra, x->s1, RAX, others);
    ra_vacate(ra, RDX, others, false);
    struct mi *m = ra_out(ra, MI_LIR);
    m->a = i;
    m->rd = rd;
    m->r1 = RAX;
    m->r2 = r2;
    ra_release(ra, x->s1);
    ra_release(ra, x->s2);
    ra_define(ra, x->dst, rd);
}

static void do_shiftc(struct ra *ra, uint32_t i, struct lir *x)
{
    uint32_t others = ra->ints & ~BIT(RCX);
    int rd;

    ra_hint_from_phi(ra, x->dst);
    if (ra->now.val[RCX] == x->s2 && x->s1 != x->s2) {
        ra->locked |= BIT(RCX);
        ra->touched[x->s2] = ra->at;
    } else {
        if (ra->now.val[RCX] == x->s1)
            ra_vacate(ra, RCX, others, true);
        into_fixed(ra, x->s2, RCX, others);
    }
    int r1 = ra_use_reg(ra, x->s1, others);
    if (ra_next_use(ra, x->s1)) {
        rd = ra_take(ra, x->dst, others);
        ra_out_move(ra, x->s1, rd, r1);
    } else {
        rd = r1;
        ra_unbind(ra, r1);
    }
    struct mi *m = ra_out(ra, MI_LIR);
    m->a = i;
    m->rd = m->r1 = rd;
    m->r2 = RCX;
    ra_release(ra, x->s1);
    ra_release(ra, x->s2);
    ra_define(ra, x->dst, rd);
}

/* everything through rax; r3 address, r2 operand, t1 and r1 temporaries */
static void do_atomic(struct ra *ra, uint32_t i, struct lir *x)
{
    uint32_t others = ra->ints & ~BIT(RAX);
    struct mi op = { .kind = MI_LIR, .rd = RAX, .r1 = NOREG, .r2 = NOREG, .r3 = NOREG, .t1 = NOREG,
                     .a = i };

    if (x->s3)
        op.r3 = ra_use_reg(ra, x->s3, others);
    if (x->s2)
        op.r2 = ra_use_reg(ra, x->s2, others);
    if (x->s1)
        into_fixed(ra, x->s1, RAX, others);
    else
        ra_vacate(ra, RAX, others, false);
    op.t1 = ra_take(ra, 0, others);
    ra->locked |= BIT(op.t1);
    op.r1 = ra_take(ra, 0, others);
    *ra_out(ra, MI_LIR) = op;
    ra_release(ra, x->s1);
    ra_release(ra, x->s2);
    ra_release(ra, x->s3);
    if (x->dst)
        ra_define(ra, x->dst, RAX);
}

static void do_port(struct ra *ra, uint32_t i, struct lir *x)
{
    uint32_t others = ra->ints & ~(BIT(RAX) | BIT(RDX));

    if (x->s1)
        into_fixed(ra, x->s1, RAX, others);
    else
        ra_vacate(ra, RAX, others, false);
    ra->locked |= BIT(RAX);
    ra_vacate(ra, RDX, others, false);
    ra_out(ra, MI_LIR)->a = i;
    ra_release(ra, x->s1);
    if (x->dst)
        ra_define(ra, x->dst, RAX);
}

/* Instruction i, whose mode has LC_CALL or LC_FIXED. */
void ra_fixed(struct ra *ra, uint32_t i, struct lir *x)
{
    switch (x->op) {
    case L_RET: do_ret(ra, i); break;
    case L_TAIL: do_tail(ra, i, x); break;
    case L_LANDING: do_landing(ra, i, x); break;
    case L_DIV: do_div(ra, i, x); break;
    case L_ATOMIC: do_atomic(ra, i, x); break;
    case L_SHIFTC: do_shiftc(ra, i, x); break;
    case L_IN: case L_OUT: do_port(ra, i, x); break;
    default: do_call(ra, i, x);
    }
}
