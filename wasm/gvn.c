/*
 * gvn.c - pass_gvn: global value numbering and what is cheap to do along with it.
 *
 * needs: SSA in text order, dominators; aliases may be in it. keeps: the same, without aliases. One
 * walk in block order:
 *   - every instruction is folded (fold.c) and looked up in a hash table of earlier ones; an equal
 *     one whose block dominates takes its place. Constants stand in the entry block, once each.
 *   - pure instructions whose operands come from outside a loop move to the block before it.
 *   - loads and globals are numbered by what was written before them (gvn_memory.c).
 *   - branches on constants become jumps (gvn_edges.c).
 * Then phis of one value go, then all that nobody uses and that has no effect.
 *
 * A compare is merged only within its block: elsewhere it is cheaper to redo than to keep, because
 * the selector fuses it with its branch. Nothing that may trap moves; loads are dropped only in
 * favour of an equal access that has already succeeded.
 */
#include "wasm/build.h"
#include "wasm/gvn.h"

enum { FOLD_STEPS = 16, PHI_ROUNDS = 4, PHI_PEERS = 8, HOIST_LOOPS = 64 };

/* ---- placing instructions ------------------------------------------------------------------ */

static void set_home(struct gvn *g, uint32_t i, uint32_t block)
{
    if (i >= g->cap_home) {
        uint32_t cap = g->f->cap_ins > i ? g->f->cap_ins : i + 1;
        g->home = arena_grow(g->f->temp, g->home, g->cap_home * sizeof *g->home,
                             cap * sizeof *g->home);
        g->cap_home = cap;
    }
    g->home[i] = block;
}

/* Puts i at the end of what is placed in the block. */
static void place(struct gvn *g, uint32_t i, uint32_t block)
{
    struct ir_func *f = g->f;
    struct ir_block *k = &f->blocks[block];
    uint32_t last = block == g->block ? g->tail : k->last;
    f->ins[i].next = 0;
    if (last)
        f->ins[last].next = i;
    else
        k->first = i;
    if (block == g->block)
        g->tail = i;
    else
        k->last = i;
    set_home(g, i, block);
}

static uint32_t ins_new(struct gvn *g, int op, int type, int aux, uint32_t a, uint32_t b,
                        uint32_t c)
{
    struct ir_func *f = g->f;
    GROW(f->arena, f->ins, f->nins, f->cap_ins, 1);
    f->ins[f->nins] = (struct ir_ins){ .op = (uint8_t)op, .type = (uint8_t)type, .pos = g->pos,
                                       .aux = (uint16_t)aux, .a = a, .b = b, .c = c };
    set_home(g, f->nins, 0);
    return f->nins++;
}

/* ---- the hash table ------------------------------------------------------------------------ */

static uint32_t hash(const struct ir_ins *x, uint32_t epoch)
{
    uint32_t h = x->op | (uint32_t)x->type << 8 | (uint32_t)x->aux << 16;
    h = (h ^ x->a) * 0x9e3779b1u;
    h = (h ^ h >> 15 ^ x->b) * 0x85ebca6bu;
    h = (h ^ h >> 13 ^ x->c) * 0xc2b2ae35u;
    h = (h ^ h >> 16 ^ epoch) * 0x27d4eb2fu;
    return h ^ h >> 15;
}

static bool equal(const struct ir_ins *x, const struct ir_ins *y)
{
    return x->op == y->op && x->type == y->type && x->aux == y->aux && x->a == y->a &&
           x->b == y->b && x->c == y->c;
}

/* The slot that holds an instruction equal to i, or the free one for it. */
static struct gvn_slot *slot_of(struct gvn *g, uint32_t i, uint32_t epoch)
{
    const struct ir_ins *n = g->f->ins;
    for (uint32_t h = hash(&n[i], epoch); ; h++) {
        struct gvn_slot *s = &g->slots[h & g->mask];
        if (!s->ins || (s->epoch == epoch && equal(&n[s->ins], &n[i])))
            return s;
    }
}

static void table_grow(struct gvn *g)
{
    struct gvn_slot *old = g->slots;
    uint32_t n = g->mask + 1;
    g->slots = arena_alloc(g->f->temp, 2 * (size_t)n * sizeof *old);
    g->mask = 2 * n - 1;
    for (uint32_t i = 0; i < n; i++)
        if (old[i].ins)
            *slot_of(g, old[i].ins, old[i].epoch) = old[i];
}

static bool is_compare(int op)
{
    return (op >= IR_EQZ && op <= IR_GEU) || (op >= IR_FEQ && op <= IR_FGE);
}

/* An earlier instruction equal to i that is good here, or 0; then i is entered. */
uint32_t gvn_find(struct gvn *g, uint32_t i, uint32_t epoch)
{
    struct gvn_slot *s = slot_of(g, i, epoch);
    if (s->ins) {
        uint32_t home = g->home[s->ins];
        bool here = is_compare(g->f->ins[i].op) ? home == g->block
                                                : ir_dominates(g->f, home, g->block);
        if (here)
            return s->ins;
    } else if (++g->used > g->mask / 2) {
        table_grow(g);
        s = slot_of(g, i, epoch);
    }
    *s = (struct gvn_slot){ i, epoch };
    return 0;
}

uint32_t gvn_const(struct gvn *g, int type, uint64_t bits)
{
    uint32_t i = ins_new(g, IR_CONST, type, 0, 0, (uint32_t)bits, (uint32_t)(bits >> 32));
    uint32_t v = gvn_find(g, i, 0);
    if (v) {
        g->f->nins--;
        return v;
    }
    place(g, i, 1);
    return i;
}

/* ---- motion out of loops ------------------------------------------------------------------- */

static bool worth_moving(int op)
{
    switch (op) {
    case IR_EXTU: case IR_WRAP: case IR_FDIV: case IR_FSQRT: case IR_SELECT: case IR_VANY:
        return false;               /* free where they are, or too dear to run for nothing */
    }
    return !is_compare(op);
}

static bool outside(const struct gvn *g, const struct ir_ins *x, uint32_t header)
{
    uint8_t uses = ir_op_uses(x->op);
    if (uses & USES_A && g->home[x->a] >= header)
        return false;
    if (uses & USES_B && g->home[x->b] >= header)
        return false;
    return !(uses & USES_C) || g->home[x->c] < header;
}

/* The block where pure instruction i belongs: this one, or one before an enclosing loop. */
static uint32_t best_block(const struct gvn *g, uint32_t i)
{
    const struct ir_func *f = g->f;
    const struct ir_ins *x = &f->ins[i];
    uint32_t best = g->block;
    if (!worth_moving(x->op))
        return best;
    unsigned n = 0;
    for (uint32_t h = f->blocks[best].loop; h && n < HOIST_LOOPS; h = f->blocks[h].loop_up, n++) {
        uint32_t before = f->blocks[h].idom;
        if (!outside(g, x, h) || f->blocks[before].term != TERM_JUMP)
            break;
        best = before;
    }
    return best;
}

/* ---- numbering ----------------------------------------------------------------------------- */

/* The one value of a phi, if it has only one; 0 if not. */
static uint32_t phi_single(const struct ir_func *f, uint32_t i)
{
    const struct ir_ins *x = &f->ins[i];
    uint32_t same = 0;
    for (uint32_t k = 0; k < x->b; k++) {
        uint32_t v = ir_resolve(f, f->args[x->a + k]);
        if (v == i || v == same)
            continue;
        if (same)
            return 0;
        same = v;
    }
    return same;
}

/* A phi before i in its block with the same operands. */
static uint32_t phi_peer(const struct gvn *g, uint32_t i)
{
    const struct ir_func *f = g->f;
    const struct ir_ins *x = &f->ins[i];
    uint32_t p = f->blocks[g->block].first;
    for (unsigned n = 0; n < PHI_PEERS && p && p != i && f->ins[p].op == IR_PHI; n++) {
        const struct ir_ins *y = &f->ins[p];
        uint32_t k = 0;
        while (y->type == x->type && k < x->b && f->args[x->a + k] == f->args[y->a + k])
            k++;
        if (k == x->b)
            return p;
        p = y->next;
    }
    return 0;
}

static uint32_t number_pure(struct gvn *g, uint32_t i)
{
    struct ir_func *f = g->f;
    uint32_t v = i;
    for (unsigned n = 0; v == i && n < FOLD_STEPS; n++)
        v = fold(g, i);
    if (v && v != i)
        return v;
    if (f->ins[i].op == IR_CONST)
        return gvn_const(g, f->ins[i].type, ir_imm(&f->ins[i]));
    v = gvn_find(g, i, 0);
    if (!v)
        place(g, i, ir_op_mode(f->ins[i].op) & M_PURE ? best_block(g, i) : g->block);
    return v;
}

/* An equal value for instruction i, or 0 when it has been placed. */
static uint32_t number(struct gvn *g, uint32_t i)
{
    struct ir_func *f = g->f;
    uint32_t v = 0;
    switch (f->ins[i].op) {
    case IR_PHI:
        v = phi_single(f, i);
        if (!v && !f->blocks[g->block].header)
            v = phi_peer(g, i);
        break;
    case IR_LOAD:
        if (!(f->o && f->o->volatile_mem))
            v = gvn_load(g, i);
        break;
    case IR_GLOBALGET:
        v = gvn_global(g, i);
        break;
    case IR_MEMSIZE:
        v = gvn_find(g, i, g->now[CLASS_SIZE]);
        break;
    case IR_PARAM: case IR_RESULT:
        break;
    default:
        if (!(ir_op_mode(f->ins[i].op) & M_WRITE))
            return number_pure(g, i);
        gvn_write(g, i);
    }
    if (!v)
        place(g, i, g->block);
    return v;
}

uint32_t gvn_make(struct gvn *g, int op, int type, int aux, uint32_t a, uint32_t b)
{
    uint32_t i = ins_new(g, op, type, aux, a, b, 0);
    uint32_t v = number_pure(g, i);
    return v ? v : i;
}

/* ---- after the walk ------------------------------------------------------------------------ */

/* Phis of loops may turn out to have one value only after the walk; a few rounds find most. */
static void drop_phis(struct ir_func *f)
{
    bool again = true;
    for (unsigned round = 0; again && round < PHI_ROUNDS; round++) {
        again = false;
        for (uint32_t b = 1; b < f->nblocks; b++) {
            for (uint32_t i = f->blocks[b].first; i; i = f->ins[i].next) {
                uint32_t v = f->ins[i].op == IR_PHI ? phi_single(f, i) : 0;
                if (!v && f->ins[i].op != IR_PHI && f->ins[i].op != IR_ALIAS)
                    break;
                if (!v)
                    continue;
                f->ins[i].op = IR_ALIAS;
                f->ins[i].a = v;
                again = true;
            }
        }
    }
}

/* ---- the pass ------------------------------------------------------------------------------ */

static void do_block(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    struct ir_block *k = &f->blocks[block];
    uint32_t next;
    if (g->edges_removed) {
        if (gvn_bury(g, block))
            return;
        gvn_relink_dominator(g, block);
    }
    gvn_enter_block(g, block);
    g->block = block;
    g->tail = 0;
    uint32_t i = k->first;
    k->first = 0;
    for (; i; i = next) {
        next = f->ins[i].next;
        if (f->ins[i].op == IR_ALIAS)
            continue;
        g->pos = f->ins[i].pos;
        ir_resolve_operands(f, &f->ins[i]);
        uint32_t v = number(g, i);
        if (v) {
            f->ins[i].op = IR_ALIAS;
            f->ins[i].a = v;
        }
    }
    k->last = g->tail;
    g->block = 0;
    memcpy(g->out[block], g->now, sizeof g->now);
    gvn_fold_term(g, block);
}

void pass_gvn(struct ir_func *f)
{
    struct gvn g = { .f = f, .mask = 127, .nepochs = 1 };
    struct wasm_arena *a = f->temp;
    g.cap_home = f->cap_ins;
    g.home = arena_alloc(a, g.cap_home * sizeof *g.home);
    while (g.mask < f->nins)
        g.mask = 2 * g.mask + 1;
    g.slots = arena_alloc(a, ((size_t)g.mask + 1) * sizeof *g.slots);
    GROW(a, g.epochs, 0, g.cap_epochs, 16);
    g.out = arena_raw(a, f->nblocks * sizeof *g.out);
    g.loop_writes = arena_alloc(a, f->nblocks);
    gvn_scan_writes(&g);
    for (uint32_t b = 1; b < f->nblocks; b++)
        do_block(&g, b);
    if (g.edges_removed)
        gvn_relink_loops(f);
    drop_phis(f);
    ir_drop_aliases(f);
}
