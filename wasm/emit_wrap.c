/*
 * emit_wrap.c - a way out of a function before it has a frame (pass letter w).
 *
 * Recursive functions begin with a test and return at once in half of their calls. Where block 1
 * branches to a block that returns, and both compute in registers alone, the return is emitted
 * right behind the branch and the prologue behind that: the frame is made only where it is needed.
 *
 * Nothing before the prologue may fault, for the site table knows one size of frame: no memory, no
 * calls, no division. Callee-saved registers that the return block uses are renamed in this copy of
 * it: no other code follows.
 */
#include "wasm/image.h"

enum { MOST_FIRST = 32, MOST = 6 };     /* operations in block 1; operations and moves on the way */

static bool simple(int op)
{
    switch (op) {
    case L_ALU: case L_ALUC: case L_IMUL: case L_IMULI: case L_LEA: case L_ADD: case L_SHIFTI:
    case L_SHIFTC: case L_SHIFTX: case L_ROLI: case L_BLS: case L_ANDN: case L_BSWAP: case L_BT:
    case L_NEG: case L_NOT: case L_EXT: case L_CMP: case L_TEST: case L_FCMP: case L_SETCC:
    case L_CMOV: case L_FALU: case L_LOAD: case L_STORE: case L_INSTADDR: case L_RET: case L_JCC:
        return true;
    default:
        return false;
    }
}

static uint32_t bit(int r)
{
    return r < 32 ? BIT(r) : 0;
}

static bool constant(struct emit *e, uint32_t v)
{
    return e->f->ins[v].op == IR_CONST;
}

static bool plain_move(struct emit *e, const struct pmove *p)
{
    return p->rd < 32 && (p->rs < 32 || (p->rs == PM_SLOT && constant(e, p->from)));
}

/* Can m stand where there is no frame? *regs: the registers that it names, *written: sets. */
static bool plain(struct emit *e, const struct mi *m, uint32_t *regs, uint32_t *written)
{
    *regs |= bit(m->rd) | bit(m->r1) | bit(m->r2) | bit(m->r3) | bit(m->t1);
    *written |= bit(m->rd) | bit(m->t1);
    if (m->kind == MI_PMOVE) {
        for (uint32_t k = m->a; k < m->a + m->b; k++) {
            struct pmove *p = &e->l->pool[k];
            if (!plain_move(e, p))
                return false;
            *regs |= bit(p->rd) | bit(p->rs);
            *written |= bit(p->rd);
        }
        return m->b <= MOST;
    }
    if (m->kind != MI_LIR)
        return m->kind == MI_MOVE || m->kind == MI_CONST;
    const struct lir *x = &e->l->lir[m->a];
    return simple(x->op) && (x->mem == LM_NONE || x->mem == LM_INST) &&
           (m->r1 != RMEM || constant(e, x->s1)) && (m->r2 != RMEM || constant(e, x->s2)) &&
           !(x->dst && e->l->spilled[x->dst] && e->l->def_reg[x->dst] != NOREG);
}

/* What happens from block 1 to the return by way of successor k: the registers, or 0 if it cannot
 * be done without a frame. */
static uint32_t way_out(struct emit *e, int k)
{
    struct lfunc *l = e->l;
    uint32_t s = e->goes_to[e->f->blocks[1].succ[k]], regs = BIT(RSP), written = 0;
    struct edge *ed = emit_edge(e, 1, e->f->blocks[1].succ[k]);

    if (e->f->blocks[s].term != TERM_RETURN || l->block_mi[s + 1] - l->block_mi[s] > MOST ||
        ed->nmoves > MOST)
        return 0;
    for (uint32_t v = e->f->blocks[s].first; v && e->f->ins[v].op == IR_PHI; v = e->f->ins[v].next)
        if (l->spilled[v])
            return 0;
    for (uint32_t j = ed->moves; j < ed->moves + ed->nmoves; j++) {
        if (!plain_move(e, &l->pool[j]))
            return 0;
        regs |= bit(l->pool[j].rd) | bit(l->pool[j].rs);
    }
    for (uint32_t j = l->block_mi[s]; j < l->block_mi[s + 1]; j++)
        if (!plain(e, &l->mi[j], &regs, &written))
            return 0;
    uint32_t used = regs & R_CALLEE, free = R_INTS & ~R_CALLEE & ~regs;
    return __builtin_popcount(used) <= __builtin_popcount(free) ? regs : 0;
}

/* Is block 1 free of anything that wants the frame? */
static bool first_block(struct emit *e)
{
    struct lfunc *l = e->l;
    uint32_t regs = 0, written = 0;

    if (l->block_mi[2] - l->block_mi[1] > MOST_FIRST)
        return false;
    for (uint32_t k = l->block_mi[1]; k < l->block_mi[2]; k++)
        if (!plain(e, &l->mi[k], &regs, &written))
            return false;
    if (regs & R_CALLEE)
        return false;
    for (uint32_t v = e->f->blocks[1].first; v; v = e->f->ins[v].next)
        if (e->f->ins[v].op == IR_PARAM && l->spilled[v] && (written & bit(l->entry_reg[v])))
            return false;               /* it goes to its slot behind the prologue */
    return true;
}

void emit_find_wrap(struct emit *e)
{
    struct lfunc *l = e->l;
    struct lir *x = &l->lir[l->block_last[1]];

    e->wrap = -1;
    if ((e->f->o->passes_off >> ('w' - 'a') & 1) || e->f->blocks[1].term != TERM_BR ||
        x->op != L_JCC || x->sub >= CC_FEQ || l->has_landing || !(e->frame + e->saved) ||
        e->frame >= 4096 || !first_block(e))
        return;
    for (int k = 0; k < 2; k++)
        if (way_out(e, k))
            e->wrap = k;
    if (e->wrap < 0)
        return;
    uint32_t s = e->f->blocks[1].succ[e->wrap];
    e->left_out = e->f->blocks[s].npreds == 1 && e->goes_to[s] == s ? s : 0;
}

static void rename_mi(struct mi *m, const uint8_t *to)
{
    uint8_t *regs[] = { &m->rd, &m->r1, &m->r2, &m->r3, &m->t1 };

    for (int k = 0; k < 5; k++)
        if (*regs[k] < 32)
            *regs[k] = to[*regs[k]];
}

static void rename_moves(struct emit *e, uint32_t first, uint32_t n, const uint8_t *to)
{
    for (uint32_t k = first; k < first + n; k++) {
        struct pmove *p = &e->l->pool[k];
        p->rd = to[p->rd];
        if (p->rs < 32)
            p->rs = to[p->rs];
    }
}

/* The return block in a copy with registers renamed; its own code is for who else comes there. */
static void emit_copy(struct emit *e, uint32_t s, const uint8_t *to)
{
    struct lfunc *l = e->l;

    for (uint32_t k = l->block_mi[s]; k < l->block_mi[s + 1]; k++) {
        struct mi *m = &l->mi[k], old = *m;
        struct pmove moves[MOST];
        if (m->kind == MI_PMOVE) {
            memcpy(moves, &l->pool[m->a], m->b * sizeof *moves);
            rename_moves(e, m->a, m->b, to);
        } else {
            rename_mi(m, to);
        }
        if (m->kind == MI_LIR && l->lir[m->a].op == L_RET) {
            emit_room(e);
            x_byte(&e->b, 0xc3);
        } else {
            emit_mi(e, s, m);
        }
        if (old.kind == MI_PMOVE)
            memcpy(&l->pool[old.a], moves, old.b * sizeof *moves);
        *m = old;
    }
}

void emit_wrapped(struct emit *e, int cc)
{
    struct ir_block *bl = &e->f->blocks[1];
    struct edge *ed = emit_edge(e, 1, bl->succ[e->wrap]);
    uint32_t regs = way_out(e, e->wrap), free = R_INTS & ~R_CALLEE & ~regs;
    uint8_t to[32];

    for (int r = 0; r < 32; r++) {
        to[r] = (uint8_t)r;
        if (!(regs & R_CALLEE & bit(r)))
            continue;
        to[r] = (uint8_t)__builtin_ctz(free);
        free &= free - 1;
    }
    emit_room(e);
    x_byte(&e->b, 0x0f);
    x_byte(&e->b, 0x80 | (e->wrap ? cc : cc ^ 1));
    size_t at = e->b.n;
    x_u32(&e->b, 0);
    rename_moves(e, ed->moves, ed->nmoves, to);
    ed->spare = NOREG;
    emit_edge_moves(e, ed);
    emit_copy(e, e->goes_to[bl->succ[e->wrap]], to);
    x_patch32(&e->b, at, (uint32_t)(e->b.n - at - 4));
    emit_room(e);
    emit_prologue(e);
    for (uint32_t v = bl->first; v; v = e->f->ins[v].next) {
        emit_room(e);
        if (e->f->ins[v].op == IR_PARAM && e->l->entry_reg[v] != NOREG)
            emit_keep(e, v);
    }
}
