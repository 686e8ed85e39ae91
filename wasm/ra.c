/*
 * ra.c - register allocation in one forward walk, with next-use distances.
 *
 * Registers are filled as the code goes; when none is free, the value whose next use is farthest
 * leaves (Belady). What leaves is stored once, behind its definition, so leaving costs nothing at
 * that point and a reload is right anywhere later. Constants are never stored but made again.
 *
 * A block with one predecessor starts with the registers of that predecessor's end. Where several
 * meet, a value keeps a register if most predecessors have it in one; the edges get the parallel
 * moves that make it true. A loop header fixes the state that its back edges must restore; a value
 * that has not been touched since the header and must leave inside of the loop is taken out of the
 * header's state after the fact (drop), so that no iteration pays for it.
 *
 * Needs: lir[], the use lists (uses.c). Writes mi[], pool[], edges' moves, spilled, def_reg,
 * callee_used.
 * References: Belady 1966; Braun and Hack, "Register Spilling and Live-Range Splitting for SSA-Form
 * Programs", 2009.
 */
#include "wasm/ra.h"

/* ---- ordinary instructions ------------------------------------------------------------------- */

static bool wants_temp(struct ra *ra, struct lir *x)
{
    uint32_t cpu = ra->l->cpu;

    switch (x->op) {
    case L_SETCC: return x->sub >= CC_FEQ;
    case L_COUNT: return x->sub == 0 ? !(cpu & WASM_CPU_LZCNT) :
        x->sub == 1 ? !(cpu & WASM_CPU_BMI1) : false;
    case L_CVT: return x->sub >= CVT_U2F && x->sub <= CVT_SATU;
    default: return true;
    }
}

/* The operand stays in memory if the form allows it, it is in no register and not needed again
 * soon. */
static bool stay_in_memory(struct ra *ra, uint32_t v)
{
    bool vec = ir_is_vec(ra->f->ins[v].type);

    if (ra_is_const(ra, v) && !vec)
        return false;
    bool full = ra_is_const(ra, v) && !(ra->vecs & ~ra->locked & ~ra_occupied(ra, ra->vecs));
    if (ra->regof[v] != NOREG || (ra_next_use(ra, v) && !full))
        return false;
    if (!ra_is_const(ra, v) && ra->f->ins[v].type == T_V128 && !(ra->l->cpu & WASM_CPU_AVX))
        return false;           /* legacy SSE wants it aligned */
    ra_spill(ra, v);
    return true;
}

static int tied_dst(struct ra *ra, struct lir *x, struct mi *m, uint16_t mode)
{
    uint32_t mask = ra_class(ra, x->dst);
    int rd;

    if (x->s1 != x->s2 && (mode & LC_COMM) && x->s2 && m->r2 < 32 && ra_next_use(ra, x->s1) &&
        !ra_next_use(ra, x->s2)) {
        uint32_t s = x->s1;
        uint8_t r = m->r1;
        x->s1 = x->s2;
        x->s2 = s;
        m->r1 = m->r2;
        m->r2 = r;
    }
    if (!ra_next_use(ra, x->s1)) {
        rd = m->r1;
        bool keep = !(BIT(rd) & R_CALLEE) && mask == ra->ints && ra_next_use(ra, x->dst) &&
                    ra_crosses_call(ra, x->dst) && (R_CALLEE & ~ra_occupied(ra, R_CALLEE));
        if (!keep) {
            ra_unbind(ra, rd);
            return rd;
        }
    }
    rd = ra_take(ra, x->dst, mask);
    struct mi saved = *m;
    ra->l->nmi--;                   /* the move comes before the instruction */
    ra_out_move(ra, x->s1, rd, saved.r1);
    m = ra_out(ra, MI_LIR);
    *m = saved;
    m->r1 = rd;
    return rd;
}

static void do_plain(struct ra *ra, uint32_t i, struct lir *x, uint16_t mode)
{
    struct mi op = { .kind = MI_LIR, .rd = NOREG, .r1 = NOREG, .r2 = NOREG, .r3 = NOREG,
                     .t1 = NOREG, .a = i };
    bool tied = (mode & LC_TIED) && !((mode & LC_AVX3) && (ra->l->cpu & WASM_CPU_AVX));

    if (x->s3)
        op.r3 = ra_use_reg(ra, x->s3, ra_class(ra, x->s3));
    if (x->s1) {
        if ((mode & LC_S1MEM) && x->mem == LM_NONE && x->s1 != x->s2 && stay_in_memory(ra, x->s1))
            op.r1 = RMEM;
        else
            op.r1 = ra_use_reg(ra, x->s1, ra_class(ra, x->s1));
    }
    if (x->s2) {
        if ((mode & LC_S2MEM) && x->mem == LM_NONE && op.r1 != RMEM && x->s1 != x->s2 &&
            stay_in_memory(ra, x->s2))
            op.r2 = RMEM;
        else
            op.r2 = ra_use_reg(ra, x->s2, ra_class(ra, x->s2));
    }
    if (((mode & LC_TMP) && wants_temp(ra, x)) || x->mem == LM_OTHER) {
        op.t1 = ra_take(ra, 0, ra->ints);
        ra->locked |= BIT(op.t1);
    }
    if (x->op == L_SWITCH)
        op.rd = ra_take(ra, 0, ra->ints);
    uint32_t at = ra->l->nmi;
    *ra_out(ra, MI_LIR) = op;
    if (x->dst) {
        ra_hint_from_phi(ra, x->dst);
        int rd;
        if (tied) {
            rd = tied_dst(ra, x, &ra->l->mi[at], mode);
        } else if (mode & LC_EARLY) {
            rd = ra_take(ra, x->dst, ra_class(ra, x->dst));
        } else {
            ra_release(ra, x->s1);
            ra_release(ra, x->s2);
            ra_release(ra, x->s3);
            ra->locked = op.t1 == NOREG ? 0 : BIT(op.t1);
            rd = ra_take(ra, x->dst, ra_class(ra, x->dst));
        }
        ra->l->mi[ra->l->nmi - 1].rd = rd;
        if (!(mode & LC_TERM)) {
            ra_release(ra, x->s1);
            ra_release(ra, x->s2);
            ra_release(ra, x->s3);
        }
        ra_define(ra, x->dst, rd);
    } else if (!(mode & LC_TERM)) {
        ra_release(ra, x->s1);
        ra_release(ra, x->s2);
        ra_release(ra, x->s3);
    }
}

static void do_ins(struct ra *ra, uint32_t i)
{
    struct lir *x = &ra->l->lir[i];
    uint16_t mode = lir_mode(x->op);

    ra->at = i;
    ra->locked = 0;
    if (mode & (LC_CALL | LC_FIXED))
        ra_fixed(ra, i, x);
    else
        do_plain(ra, i, x, mode);
}

/* ---- set-up -------------------------------------------------------------------------------- */

/* Intervals of a walk over the dominator tree, without recursion: children lists, then a stack. */
static void number_dominators(struct ra *ra)
{
    struct ir_func *f = ra->f;
    uint32_t n = f->nblocks, clock = 0;
    uint32_t *child = arena_alloc(ra->f->temp, n * sizeof *child);
    uint32_t *sibling = arena_alloc(ra->f->temp, n * sizeof *sibling);

    for (uint32_t b = n - 1; b > 1; b--) {
        if (!f->blocks[b].npreds)
            continue;
        sibling[b] = child[f->blocks[b].idom];
        child[f->blocks[b].idom] = b;
    }
    uint32_t b = 1;
    ra->dom_in[b] = clock++;
    for (;;) {
        if (child[b]) {
            uint32_t c = child[b];
            child[b] = sibling[c];
            b = c;
            ra->dom_in[b] = clock++;
        } else {
            ra->dom_out[b] = clock++;
            if (b == 1)
                break;
            b = f->blocks[b].idom;
        }
    }
}

static void set_up(struct ra *ra)
{
    struct lfunc *l = ra->l;
    struct ir_func *f = ra->f;
    uint32_t n = f->nins, nb = f->nblocks;
    struct wasm_arena *a = l->arena, *temp = f->temp;

    ra->regof = arena_raw(temp, n);
    ra->hint = arena_raw(temp, n);
    ra->phi_of = arena_alloc(temp, n * 4);
    ra->touched = arena_alloc(temp, n * 4);
    ra->snap = arena_alloc(temp, nb * sizeof *ra->snap);
    ra->unwind = l->has_landing ? arena_alloc(temp, nb * sizeof *ra->unwind) : NULL;
    l->callee_used = l->has_landing ? R_CALLEE : 0;     /* they are lost when an exception comes */
    ra->head = arena_alloc(temp, nb * sizeof *ra->head);
    ra->edge_base = arena_raw(temp, nb * 4);
    ra->dom_in = arena_alloc(temp, nb * 4);
    ra->dom_out = arena_alloc(temp, nb * 4);
    l->uses_of = arena_alloc(temp, n * 4);
    l->end_of = arena_alloc(a, n * 4);
    l->edges_of = arena_alloc(a, nb * 4);
    l->spilled = arena_alloc(a, n);
    l->entry_reg = arena_raw(a, n);
    l->def_reg = arena_raw(a, n);
    l->block_mi = arena_raw(a, (nb + 1) * 4);
    l->capmi = l->n + l->n / 2 + 64;
    l->mi = arena_raw(a, l->capmi * sizeof *l->mi);
    l->cappool = 64;
    l->pool = arena_raw(a, l->cappool * sizeof *l->pool);
    memset(ra->regof, NOREG, n);
    memset(ra->hint, NOREG, n);
    memset(l->entry_reg, NOREG, n);
    memset(l->def_reg, NOREG, n);
}

enum { MAX_VCONST = 64 };

static void list_consts(struct ra *ra)
{
    struct ir_ins *ins = ra->f->ins;

    if (!ra->has_vconst)
        return;
    ra->vconst = arena_raw(ra->f->temp, MAX_VCONST * sizeof *ra->vconst);
    for (uint32_t v = 1; v < ra->f->nins && ra->nvconst < MAX_VCONST; v++)
        if (ins[v].op == IR_CONST && ir_is_vec(ins[v].type) && ra->l->uses_of[v])
            ra->vconst[ra->nvconst++] = v;
}

void ra_run(struct lfunc *l)
{
    uint32_t stress = l->f->o->stress;
    struct ra ra = { .l = l, .f = l->f, .ints = R_INTS, .vecs = R_VECS };

    if (stress & WASM_STRESS_FEW) {
        ra.ints = BIT(RAX) | BIT(RCX) | BIT(RDX) | BIT(RBX) | BIT(R8);
        ra.vecs = BIT(XMM0) | BIT(XMM0 + 1) | BIT(XMM0 + 2) | BIT(XMM0 + 9);   /* V3 wants 4 */
    }
    if (stress & WASM_STRESS_RANDOM)
        ra.random = stress | 1;
    set_up(&ra);
    ra_uses(&ra);
    list_consts(&ra);
    ra.next_call = l->ncalls;
    number_dominators(&ra);
    for (uint32_t b = 1; b < l->f->nblocks; b++) {
        l->block_mi[b] = l->nmi;
        if (b != 1 && !l->f->blocks[b].npreds)
            continue;
        ra_start_block(&ra, b);
        for (uint32_t i = l->block_first[b]; i >= l->block_last[b]; i--)
            do_ins(&ra, i);
        ra_end_block(&ra, b);
    }
    l->block_mi[l->f->nblocks] = l->nmi;
}
