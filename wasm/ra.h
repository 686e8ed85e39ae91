/*
 * ra.h - state of the register allocator, shared by its files: ra.c (the walk), ra_regs.c,
 * ra_edge.c, ra_fixed.c, and uses.c and live.c, which prepare it.
 */
#ifndef WASM_RA_H
#define WASM_RA_H

#include "wasm/lir.h"

struct live_use { uint32_t block, v; };     /* v is used in a block that does not define it */

/* mask of the registers that hold a value, and which */
struct regs { uint32_t used; uint32_t val[32]; };

struct ra {
    struct lfunc *l;
    struct ir_func *f;
    struct regs now;            /* vreg in each register, 0 = free */
    uint8_t *regof;             /* per vreg: register now, or NOREG */
    uint8_t *hint;              /* per vreg: register it would like, or NOREG */
    uint32_t *phi_of;           /* per vreg: a phi that it flows into */
    uint32_t *touched;  /* per vreg: lir index of the last instruction that used its register */
    struct regs **snap;         /* per block: registers at its end */
    struct regs **unwind;       /* per block with a landing block: registers before the call */
    struct regs **head;         /* per loop header: registers at its start */
    uint32_t *edge_base;        /* per block: edge of its first predecessor */
    uint32_t *dom_in, *dom_out; /* dominator tree intervals */
    uint32_t *loop_jump;        /* uses.c: per header, one further out; NULL: not made */
    uint32_t *live_id;  /* per vreg that crosses blocks: its bit in the sets; NULL: no sets */
    uint64_t *live_in, *live_out;   /* per block: live_words words */
    uint32_t live_words;
    struct live_use *pairs; uint32_t npairs, cappairs;
    uint32_t ints, vecs;        /* registers that values may have */
    uint32_t random;            /* state of the stress mode's choices; 0: off */
    uint32_t at;                /* lir index of the instruction being allocated */
    uint32_t cur;               /* its block */
    uint32_t block_last;        /* lir index of that block's end */
    const uint64_t *live_now;   /* what is live there; NULL: no sets */
    uint32_t locked;            /* registers that it uses already */
    bool has_vconst;            /* some are used: */
    uint32_t *vconst, nvconst;  /* constants of vector registers */
    uint32_t next_call;         /* index in call_at of the next call, counted down */
};

/* The vreg that stands for an IR value: extensions from i32 are free. */
static inline uint32_t ra_vreg(const struct ra *ra, uint32_t v)
{
    while (ra->f->ins[v].op == IR_EXTU)
        v = ra->f->ins[v].a;
    return v;
}

static inline bool ra_is_const(const struct ra *ra, uint32_t v)
{
    return ra->f->ins[v].op == IR_CONST;
}

/* registers of the kind that v needs */
static inline uint32_t ra_class(const struct ra *ra, uint32_t v)
{
    return ir_is_vec(ra->f->ins[v].type) ? ra->vecs : ra->ints;
}

static inline uint32_t ra_occupied(const struct ra *ra, uint32_t mask)
{
    return ra->now.used & mask;
}

/* ---- ra_regs.c ----------------------------------------------------------------------------- */

uint32_t ra_skip_uses(struct ra *ra, uint32_t v);
uint32_t ra_next_call(struct ra *ra);       /* its lir index, 0 if there is none */
bool ra_crosses_call(struct ra *ra, uint32_t v);
void ra_grow_mi(struct lfunc *l);
void ra_grow_pool(struct lfunc *l);

/* lir index of v's next use after the current instruction, 0 if there is none */
static inline uint32_t ra_next_use(struct ra *ra, uint32_t v)
{
    const struct lfunc *l = ra->l;
    uint32_t u = l->uses_of[v];

    if (u && l->use[u].at >= ra->at)
        u = ra_skip_uses(ra, v);
    if (!u)
        return 0;
    uint32_t n = l->use[u].at, id;
    if (n < ra->block_last && ra->live_now && (id = ra->live_id[v]) &&
        !(ra->live_now[id / 64] >> id % 64 & 1))
        return 0;               /* only in text: not reached from here */
    return n;
}

/* A new instruction. The pointer is good until the next. */
static inline struct mi *ra_out(struct ra *ra, int kind)
{
    struct lfunc *l = ra->l;

    if (l->nmi == l->capmi)
        ra_grow_mi(l);
    l->mi[l->nmi] = (struct mi){ .kind = kind, .rd = NOREG, .r1 = NOREG, .r2 = NOREG, .r3 = NOREG,
                                 .t1 = NOREG };
    return &l->mi[l->nmi++];
}

static inline struct pmove *ra_pool_add(struct ra *ra)
{
    struct lfunc *l = ra->l;

    if (l->npool == l->cappool)
        ra_grow_pool(l);
    return &l->pool[l->npool++];
}

void ra_out_move(struct ra *ra, uint32_t v, int rd, int rs);
void ra_out_fetch(struct ra *ra, uint32_t v, int rd);   /* rd <- v, which is in no register */
void ra_pmove_from(struct ra *ra, struct pmove *m, uint32_t v, uint8_t reg);

/* v gets a home slot */
static inline void ra_spill(struct ra *ra, uint32_t v)
{
    if (!ra_is_const(ra, v))
        ra->l->spilled[v] = ra->l->any_spilled = true;
}

static inline void ra_bind(struct ra *ra, uint32_t v, int r)
{
    ra->now.val[r] = v;
    ra->now.used |= BIT(r);
    ra->regof[v] = (uint8_t)r;
    ra->l->callee_used |= BIT(r) & R_CALLEE;
}

static inline void ra_unbind(struct ra *ra, int r)
{
    ra->regof[ra->now.val[r]] = NOREG;
    ra->now.val[r] = 0;
    ra->now.used &= ~BIT(r);
}

/* Gives up the register of v if this was its last use. */
static inline void ra_release(struct ra *ra, uint32_t v)
{
    if (v && ra->regof[v] != NOREG && !ra_next_use(ra, v))
        ra_unbind(ra, ra->regof[v]);
}

int ra_pick_free(struct ra *ra, uint32_t v, uint32_t free);
/* The register of mask, not locked, whose value is needed farthest away. */
int ra_pick_victim(struct ra *ra, uint32_t mask);
void ra_evict(struct ra *ra, int r);
/* An empty register of mask for v (0: a temporary); what is in it leaves. */
int ra_take(struct ra *ra, uint32_t v, uint32_t mask);
/* v in a register of mask, locked for this instruction */
int ra_use_reg(struct ra *ra, uint32_t v, uint32_t mask);
/* Empties r; a value that is still needed moves to another register of `to` if one is free. */
void ra_vacate(struct ra *ra, int r, uint32_t to, bool operand);
void ra_define(struct ra *ra, uint32_t v, int r);
void ra_hint_from_phi(struct ra *ra, uint32_t v);   /* prefer the register of its phi */

/* ---- ra_edge.c, ra_fixed.c, uses.c, live.c ------------------------------------------------- */

/* Moves that turn the end of predecessor k of block b into the state `want` at b's start. */
void ra_resolve(struct ra *ra, uint32_t b, uint32_t k, const struct regs *want);
void ra_start_block(struct ra *ra, uint32_t b);
void ra_end_block(struct ra *ra, uint32_t b);
void ra_fixed(struct ra *ra, uint32_t i, struct lir *x);

void ra_uses(struct ra *ra);
void ra_live(struct ra *ra, const struct live_use *pairs, uint32_t n);

#endif
