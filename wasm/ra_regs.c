/*
 * ra_regs.c - which value is in which register: choosing one, emptying one, moves and reloads.
 *
 * A value that leaves and is needed again gets a home slot; a loop header that still had it in the
 * register, though nobody in the loop touched it, is told so (drop). Every read of a register must
 * set `touched` before anything can be evicted.
 */
#include "wasm/ra.h"

static const uint8_t order_caller[] = { RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11, RBX, RBP, R12,
                                        R13 };
static const uint8_t order_callee[] = { RBX, RBP, R12, R13, RAX, RCX, RDX, RSI, RDI, R8, R9, R10,
                                        R11 };

/* The uses of v up to the current instruction are over; returns the first of the others. */
uint32_t ra_skip_uses(struct ra *ra, uint32_t v)
{
    struct lfunc *l = ra->l;
    uint32_t u = l->uses_of[v];

    while (u && l->use[u].at >= ra->at)
        u = l->use[u].next;
    return l->uses_of[v] = u;
}

/* lir index of the next call, 0 if there is none */
uint32_t ra_next_call(struct ra *ra)
{
    struct lfunc *l = ra->l;

    while (ra->next_call && l->call_at[ra->next_call - 1] >= ra->at)
        ra->next_call--;
    return ra->next_call ? l->call_at[ra->next_call - 1] : 0;
}

/* Is there a call between here and the last use of v? */
bool ra_crosses_call(struct ra *ra, uint32_t v)
{
    struct lfunc *l = ra->l;

    return ra_next_call(ra) > l->end_of[v];
}

/* ---- output -------------------------------------------------------------------------------- */

void ra_grow_mi(struct lfunc *l)
{
    l->mi = arena_grow(l->arena, l->mi, l->capmi * sizeof *l->mi, 2 * l->capmi * sizeof *l->mi);
    l->capmi *= 2;
}

void ra_grow_pool(struct lfunc *l)
{
    l->pool = arena_grow(l->arena, l->pool, l->cappool * sizeof *l->pool,
                         2 * l->cappool * sizeof *l->pool);
    l->cappool *= 2;
}

void ra_out_move(struct ra *ra, uint32_t v, int rd, int rs)
{
    struct mi *m = ra_out(ra, MI_MOVE);

    m->rd = rd;
    m->r1 = rs;
    m->type = ra->f->ins[v].type;
}

/* register rd <- v from where it lives when it is in no register */
void ra_out_fetch(struct ra *ra, uint32_t v, int rd)
{
    struct mi *m = ra_out(ra, ra_is_const(ra, v) ? MI_CONST : MI_RELOAD);

    m->rd = rd;
    m->a = v;
    m->type = ra->f->ins[v].type;
    ra_spill(ra, v);
}

/* source operand of a parallel move */
void ra_pmove_from(struct ra *ra, struct pmove *m, uint32_t v, uint8_t reg)
{
    m->type = ra->f->ins[v].type;
    m->from = v;
    m->rs = reg != NOREG ? reg : PM_SLOT;
    if (reg == NOREG)
        ra_spill(ra, v);
}

/* ---- register state ------------------------------------------------------------------------ */

static void forget(struct regs *s, int r)
{
    s->val[r] = 0;
    s->used &= ~BIT(r);
}

/*
 * v leaves r: loop headers that keep it there though nobody in the loop used it yet need not. An
 * edge back to a header further out that still wants it there was resolved in the belief that it
 * was.
 */
static void drop(struct ra *ra, uint32_t v, int r)
{
    struct lfunc *l = ra->l;
    struct ir_block *blocks = ra->f->blocks;
    uint32_t h = blocks[ra->cur].loop, top = 0;

    for (int depth = 0; h && depth < 8; depth++, h = blocks[h].loop_up) {
        if (!ra->head[h] || ra->head[h]->val[r] != v || ra->touched[v] <= l->block_first[h])
            break;
        forget(ra->head[h], r);
        top = h;
    }
    for (uint32_t b = top; top && b <= ra->cur; b++) {
        if (!ra->snap[b] || ra->snap[b]->val[r] != v)
            continue;
        forget(ra->snap[b], r);
        for (uint32_t e = l->edges_of[b]; e; e = l->edge[e].next) {
            struct regs *want = l->edge[e].to < top ? ra->head[l->edge[e].to] : NULL;
            if (want && want->val[r] == v)
                ra_resolve(ra, l->edge[e].to, l->edge[e].index, want);
        }
    }
    for (uint32_t b = top; top && ra->unwind && b <= ra->cur; b++)
        if (ra->unwind[b] && ra->unwind[b]->val[r] == v)
            forget(ra->unwind[b], r);
}

void ra_evict(struct ra *ra, int r)
{
    uint32_t v = ra->now.val[r];

    if (!v)
        return;
    ra_unbind(ra, r);
    if (ra_next_use(ra, v)) {
        ra_spill(ra, v);
        drop(ra, v, r);
    }
}

/* WASM_STRESS_RANDOM: one bit of the mask, whichever */
static int pick_any(struct ra *ra, uint32_t mask)
{
    ra->random = ra->random * 1664525 + 1013904223;
    for (uint32_t skip = (ra->random >> 16) % (uint32_t)__builtin_popcount(mask); skip; skip--)
        mask &= mask - 1;
    return __builtin_ctz(mask);
}

int ra_pick_free(struct ra *ra, uint32_t v, uint32_t free)
{
    bool cross = v && ra_crosses_call(ra, v);

    if (ra->random)
        return pick_any(ra, free);
    if (v && ra->hint[v] != NOREG && (free & BIT(ra->hint[v])) &&
        (!cross || (BIT(ra->hint[v]) & R_CALLEE)))
        return ra->hint[v];
    if (free >> 16)
        return __builtin_ctz(free & 0xffff0000u);
    const uint8_t *order = cross ? order_callee : order_caller;
    for (int k = 0; ; k++)
        if (free & BIT(order[k]))
            return order[k];
}

/* The register of mask, not locked, whose value is needed farthest away. */
int ra_pick_victim(struct ra *ra, uint32_t mask)
{
    uint64_t best = 0;
    int reg = NOREG;

    if (ra->random)
        return pick_any(ra, mask & ~ra->locked);
    for (uint32_t rest = mask & ~ra->locked; rest; rest &= rest - 1) {
        int r = __builtin_ctz(rest);
        uint32_t v = ra->now.val[r], n = ra_next_use(ra, v);
        uint64_t far = n ? (uint64_t)(ra->at - n) * 2 : UINT64_MAX;
        if (n && (ra_is_const(ra, v) || ra->l->spilled[v]))
            far += far / 2;
        if (reg == NOREG || far > best) {
            best = far;
            reg = r;
        }
    }
    return reg;
}

/* An empty register of mask for v (0: a temporary); what is in it leaves. */
int ra_take(struct ra *ra, uint32_t v, uint32_t mask)
{
    uint32_t free = mask & ~ra->locked & ~ra_occupied(ra, mask);
    int r;

    if (free) {
        r = ra_pick_free(ra, v, free);
    } else {
        r = ra_pick_victim(ra, mask);
        ra_evict(ra, r);
    }
    if (BIT(r) & R_CALLEE)
        ra->l->callee_used |= BIT(r);
    return r;
}

/* v in a register of mask, locked for this instruction */
int ra_use_reg(struct ra *ra, uint32_t v, uint32_t mask)
{
    int r = ra->regof[v];

    if (r == NOREG) {
        r = ra_take(ra, v, mask);
        ra_out_fetch(ra, v, r);
        ra_bind(ra, v, r);
    } else if (!(mask & BIT(r))) {
        int n = ra_take(ra, v, mask);
        ra_out_move(ra, v, n, r);
        ra_unbind(ra, r);
        ra_bind(ra, v, n);
        r = n;
    }
    ra->touched[v] = ra->at;
    ra->locked |= BIT(r);
    return r;
}

/* Empties r; a value that is still needed moves to another register of `to` if one is free. */
void ra_vacate(struct ra *ra, int r, uint32_t to, bool operand)
{
    uint32_t v = ra->now.val[r];

    if (!v)
        return;
    uint32_t free = to & ~BIT(r) & ~ra->locked & ~ra_occupied(ra, to);
    if ((operand || ra_next_use(ra, v)) && free) {
        int n = ra_pick_free(ra, v, free);
        ra_out_move(ra, v, n, r);
        ra->touched[v] = ra->at;
        ra_unbind(ra, r);
        ra_bind(ra, v, n);
        return;
    }
    if (operand)
        ra_spill(ra, v);
    ra_evict(ra, r);
}

void ra_define(struct ra *ra, uint32_t v, int r)
{
    ra->l->def_reg[v] = r;
    ra->touched[v] = ra->at;
    uint32_t p = ra->phi_of[v];
    if (p && ra->hint[p] == NOREG)
        ra->hint[p] = r;
    if (ra_next_use(ra, v))
        ra_bind(ra, v, r);
}

/* prefer the register of the phi that v flows into */
void ra_hint_from_phi(struct ra *ra, uint32_t v)
{
    uint32_t p = ra->phi_of[v];

    if (p && ra->hint[v] == NOREG)
        ra->hint[v] = ra->hint[p];
}
