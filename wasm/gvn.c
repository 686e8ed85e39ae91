/*
 * gvn.c - pass_gvn: global value numbering and what is cheap to do along with it.
 *
 * needs: SSA in text order, dominators. keeps: the same, without aliases. One walk in block order:
 *   - every instruction is folded (fold.c) and looked up in a hash table of earlier ones; an equal one
 *     whose block dominates takes its place. Constants stand in the entry block, once each.
 *   - pure instructions whose operands come from outside a loop move to the block before it.
 *   - memory: each store, call or confluence of different histories begins an epoch; a load belongs
 *     to the epoch of the last store that may alias it, and equal loads of one epoch are equal. Stores
 *     are seen through if the addresses share a base and do not overlap, and a load of exactly
 *     what was stored is that value. Globals in the same way.
 *   - branches on constants become jumps; blocks that no edge reaches any more become empty.
 * Then phis of one value go, then all that nobody uses and that has no effect.
 *
 * A compare is merged only within its block: elsewhere it is cheaper to redo than to keep, because
 * the selector fuses it with its branch. Nothing that may trap moves; loads are dropped only in
 * favour of an equal access that has already succeeded.
 */
#include "wasm/build.h"
#include "wasm/gvn.h"

enum { ALIAS_STEPS = 8, FOLD_STEPS = 16, PHI_ROUNDS = 4, PHI_PEERS = 8 };

/* ---- placing instructions ------------------------------------------------------------------ */

static void set_home(struct gvn *g, uint32_t i, uint32_t block)
{
    if (i >= g->cap_home) {
        uint32_t cap = g->f->cap_ins > i ? g->f->cap_ins : i + 1;
        g->home = arena_grow(g->f->arena, g->home, g->cap_home * sizeof *g->home,
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
    g->slots = arena_alloc(g->f->arena, 2 * (size_t)n * sizeof *old);
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
static uint32_t find_or_enter(struct gvn *g, uint32_t i, uint32_t epoch)
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
    uint32_t v = find_or_enter(g, i, 0);
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
    case IR_EXTU: case IR_WRAP: case IR_FDIV: case IR_FSQRT: case IR_SELECT:
        return false;               /* free where they are, or too dear to run for nothing */
    }
    return !is_compare(op);
}

static bool outside(const struct gvn *g, const struct ir_ins *x, uint32_t header)
{
    const char *s = ir_op_operands(x->op);
    if (s[0] == 'a' && g->home[x->a] >= header)
        return false;
    if (s[0] && s[1] == 'b' && g->home[x->b] >= header)
        return false;
    return !(s[0] && s[1] && s[2] == 'c') || g->home[x->c] < header;
}

/* The block where pure instruction i belongs: this one, or one before an enclosing loop. */
static uint32_t best_block(const struct gvn *g, uint32_t i)
{
    const struct ir_func *f = g->f;
    const struct ir_ins *x = &f->ins[i];
    uint32_t best = g->block;
    if (!worth_moving(x->op))
        return best;
    for (uint32_t h = f->blocks[best].loop; h; h = f->blocks[h].loop_up) {
        uint32_t before = f->blocks[h].idom;
        if (!outside(g, x, h) || f->blocks[before].term != TERM_JUMP)
            break;
        best = before;
    }
    return best;
}

/* ---- memory -------------------------------------------------------------------------------- */

static uint32_t epoch_new(struct gvn *g, uint32_t parent, uint32_t ins)
{
    GROW(g->f->arena, g->epochs, g->nepochs, g->cap_epochs, 1);
    g->epochs[g->nepochs] = (struct gvn_epoch){ parent, ins };
    return g->nepochs++;
}

static uint32_t access_size(const struct ir_func *f, const struct ir_ins *x)
{
    static const uint8_t sizes[] = { 0, 1, 1, 2, 2, 4, 4 };
    uint8_t type = x->op == IR_LOAD ? x->type : f->ins[x->b].type;
    if (x->aux & 15)
        return sizes[x->aux & 15];
    return type == T_V128 ? 16 : type == T_I64 || type == T_F64 ? 8 : 4;
}

enum overlap { APART, SAME, MAYBE };

/* Effective addresses do not wrap, so one base and distinct ranges of offsets are apart. */
static enum overlap overlap(const struct ir_func *f, const struct ir_ins *load,
                            const struct ir_ins *store)
{
    uint64_t a = load->c, b = store->c;
    uint32_t na = access_size(f, load), nb = access_size(f, store);
    if (load->aux >> 8 != store->aux >> 8)
        return MAYBE;               /* two imported memories may be one */
    if (f->ins[load->a].op == IR_CONST && f->ins[store->a].op == IR_CONST) {
        a += f->ins[load->a].b;
        b += f->ins[store->a].b;
    } else if (load->a != store->a) {
        return MAYBE;
    }
    if (a == b && na == nb)
        return SAME;
    return a + na <= b || b + nb <= a ? APART : MAYBE;
}

static uint32_t number_load(struct gvn *g, uint32_t i)
{
    const struct ir_func *f = g->f;
    const struct ir_ins *x = &f->ins[i];
    uint32_t e = g->now[CLASS_MEMORY];
    for (unsigned n = 0; n < ALIAS_STEPS && g->epochs[e].ins; n++) {
        const struct ir_ins *s = &f->ins[g->epochs[e].ins];
        enum overlap o = overlap(f, x, s);
        if (o == SAME && (x->aux & 15) == MEM_FULL && (s->aux & 15) == MEM_FULL &&
            f->ins[s->b].type == x->type)
            return s->b;
        if (o != APART)
            break;
        e = g->epochs[e].parent;
    }
    return find_or_enter(g, i, e);
}

static uint32_t number_global(struct gvn *g, uint32_t i)
{
    const struct ir_func *f = g->f;
    uint32_t index = f->ins[i].b, e = g->now[CLASS_GLOBAL];
    if (!f->m->globals[index].mut)
        return find_or_enter(g, i, 0);
    for (unsigned n = 0; n < ALIAS_STEPS && g->epochs[e].ins; n++) {
        const struct ir_ins *s = &f->ins[g->epochs[e].ins];
        if (s->c == index)
            return s->a;
        if (f->m->globals[index].imported && f->m->globals[s->c].imported)
            break;                  /* may be the same */
        e = g->epochs[e].parent;
    }
    return find_or_enter(g, i, e);
}

static uint8_t rt_writes(uint32_t rt)
{
    switch (rt) {
    case RT_MEMORY_GROW: return 1 << CLASS_SIZE;
    case RT_MEMORY_COPY: case RT_MEMORY_FILL: case RT_MEMORY_INIT: return 1 << CLASS_MEMORY;
    }
    return 0;
}

/* The classes that an instruction writes, as bits. */
static uint8_t writes(const struct ir_func *f, const struct ir_ins *x)
{
    switch (x->op) {
    case IR_STORE: return 1 << CLASS_MEMORY;
    case IR_GLOBALSET: return 1 << CLASS_GLOBAL;
    case IR_CALL: return f->m->funcs[x->c].port_op ? 0 : (1 << CLASSES) - 1;
    case IR_CALLIND: return (1 << CLASSES) - 1;
    case IR_CALLRT: return rt_writes(x->c);
    }
    return 0;
}

static void write_effect(struct gvn *g, uint32_t i)
{
    uint8_t op = g->f->ins[i].op, bits = writes(g->f, &g->f->ins[i]);
    bool exact = op == IR_STORE || op == IR_GLOBALSET;
    for (unsigned c = 0; c < CLASSES; c++)
        if (bits >> c & 1)
            g->now[c] = exact ? epoch_new(g, g->now[c], i) : epoch_new(g, 0, 0);
}

static void scan_writes(struct gvn *g)
{
    struct ir_func *f = g->f;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        uint8_t bits = 0;
        for (uint32_t i = f->blocks[b].first; f->blocks[b].loop && i; i = f->ins[i].next)
            bits |= writes(f, &f->ins[i]);
        for (uint32_t h = f->blocks[b].loop; h && bits & ~g->loop_writes[h];
             h = f->blocks[h].loop_up)
            g->loop_writes[h] |= bits;
    }
}

/* Epochs at the start of a block: those its predecessors agree on. */
static void enter_epochs(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    const struct ir_block *k = &f->blocks[block];
    for (unsigned c = 0; c < CLASSES; c++) {
        uint32_t e = k->npreds ? g->out[f->args[k->preds]][c] : 0;
        bool same = k->npreds && !(k->header && g->loop_writes[block] >> c & 1);
        for (uint32_t i = 1; same && !k->header && i < k->npreds; i++)
            same = g->out[f->args[k->preds + i]][c] == e;
        g->now[c] = same ? e : epoch_new(g, 0, 0);
    }
}

/* ---- numbering ----------------------------------------------------------------------------- */

static void resolve_operands(struct ir_func *f, struct ir_ins *x)
{
    const char *s = ir_op_operands(x->op);
    if (s[0] == 'n')
        for (uint32_t k = 0; k < x->b; k++)
            f->args[x->a + k] = ir_resolve(f, f->args[x->a + k]);
    if (s[0] == 'a')
        x->a = ir_resolve(f, x->a);
    if (s[0] && s[1] == 'b')
        x->b = ir_resolve(f, x->b);
    if (s[0] && s[1] && s[2] == 'c')
        x->c = ir_resolve(f, x->c);
}

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
    v = find_or_enter(g, i, 0);
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
            v = number_load(g, i);
        break;
    case IR_GLOBALGET:
        v = number_global(g, i);
        break;
    case IR_MEMSIZE:
        v = find_or_enter(g, i, g->now[CLASS_SIZE]);
        break;
    case IR_PARAM: case IR_RESULT:
        break;
    default:
        if (!(ir_op_mode(f->ins[i].op) & M_WRITE))
            return number_pure(g, i);
        write_effect(g, i);
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

/* ---- branches on constants ----------------------------------------------------------------- */

static void edge_remove(struct gvn *g, uint32_t from, uint32_t to)
{
    struct ir_func *f = g->f;
    struct ir_block *k = &f->blocks[to];
    uint32_t at = 0;
    while (at < k->npreds && f->args[k->preds + at] != from)
        at++;
    if (at == k->npreds)
        return;
    g->edges_removed = true;
    k->npreds--;
    for (uint32_t n = at; n < k->npreds; n++)
        f->args[k->preds + n] = f->args[k->preds + n + 1];
    for (uint32_t i = k->first; i && f->ins[i].op == IR_PHI; i = f->ins[i].next) {
        struct ir_ins *x = &f->ins[i];
        x->b--;
        for (uint32_t n = at; n < x->b; n++)
            f->args[x->a + n] = f->args[x->a + n + 1];
    }
}

static void successors_remove(struct gvn *g, uint32_t block, uint32_t except)
{
    struct ir_block *k = &g->f->blocks[block];
    if (k->term == TERM_SWITCH)
        for (uint32_t i = 0; i < k->c; i++)
            if (g->f->args[k->b + i] != except)
                edge_remove(g, block, g->f->args[k->b + i]);
    for (unsigned i = 0; i < 2; i++)
        if ((k->term == TERM_BR || (k->term == TERM_JUMP && i == 0)) && k->succ[i] != except)
            edge_remove(g, block, k->succ[i]);
}

static void fold_term(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    struct ir_block *k = &f->blocks[block];
    if (k->term == TERM_RETURN)
        for (uint32_t i = 0; i < k->c; i++)
            f->args[k->b + i] = ir_resolve(f, f->args[k->b + i]);
    if (k->term != TERM_BR && k->term != TERM_SWITCH)
        return;
    k->a = ir_resolve(f, k->a);
    const struct ir_ins *c = &f->ins[k->a];
    if (c->op == IR_CONST) {
        uint32_t to = k->term == TERM_BR ? k->succ[c->b == 0]
                                         : f->args[k->b + (c->b < k->c ? c->b : k->c - 1)];
        successors_remove(g, block, to);
        k->term = TERM_JUMP;
        k->succ[0] = to;
        k->a = k->succ[1] = 0;
        return;
    }
    while (k->term == TERM_BR && f->ins[c->a].type == T_I32 && (c->op == IR_EQZ ||
           (c->op == IR_NE && f->ins[c->b].op == IR_CONST && !f->ins[c->b].b))) {
        if (c->op == IR_EQZ) {
            uint32_t t = k->succ[0];
            k->succ[0] = k->succ[1];
            k->succ[1] = t;
        }
        k->a = c->a;
        c = &f->ins[k->a];
    }
}

/* Is the block dead, now that edges are gone? If so, it becomes empty. */
static bool bury(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    struct ir_block *k = &f->blocks[block];
    for (uint32_t i = 0; i < k->npreds; i++)
        if (f->args[k->preds + i] < block)
            return false;
    if (block == 1)
        return false;
    successors_remove(g, block, 0);
    k->first = k->last = k->npreds = 0;
    k->term = TERM_NONE;
    k->header = false;
    return true;
}

static void relink_dominator(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    const struct ir_block *k = &f->blocks[block];
    uint32_t dom = 0;
    for (uint32_t i = 0; i < k->npreds; i++) {
        uint32_t p = f->args[k->preds + i];
        if (p < block)
            dom = dom ? ir_dom_common(f, dom, p) : p;
    }
    if (block > 1)
        ir_dom_link(f, block, dom);
}

/* Headers that have lost their back edges, and what they enclosed. */
static void relink_loops(struct ir_func *f)
{
    uint32_t *real = arena_alloc(f->arena, f->nblocks * sizeof *real);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_block *k = &f->blocks[b];
        if (k->loop != b) {
            k->loop = real[k->loop];
            k->depth = k->loop ? f->blocks[k->loop].depth : 0;
            continue;
        }
        uint32_t up = real[k->loop_up];
        bool loop = k->header && k->npreds > 1;
        real[b] = loop ? b : up;
        k->loop = real[b];
        k->header = loop;
        k->depth = up ? f->blocks[up].depth : 0;
        k->depth += loop && k->depth < 255;
        k->loop_up = loop ? up : 0;
        k->loop_end = loop ? k->loop_end : 0;
    }
}

/* ---- dead code ----------------------------------------------------------------------------- */

static void mark(uint8_t *live, uint32_t *work, uint32_t *n, uint32_t v)
{
    if (!live[v]) {
        live[v] = 1;
        work[(*n)++] = v;
    }
}

static void mark_operands(struct ir_func *f, uint8_t *live, uint32_t *work, uint32_t *n,
                          const struct ir_ins *x)
{
    const char *s = ir_op_operands(x->op);
    if (s[0] == 'n')
        for (uint32_t k = 0; k < x->b; k++)
            mark(live, work, n, f->args[x->a + k]);
    if (s[0] == 'a')
        mark(live, work, n, x->a);
    if (s[0] && s[1] == 'b')
        mark(live, work, n, x->b);
    if (s[0] && s[1] && s[2] == 'c')
        mark(live, work, n, x->c);
}

static bool is_root(const struct ir_func *f, const struct ir_ins *x)
{
    if (fold_safe_division(f, x))
        return false;
    return x->op == IR_PARAM || ir_op_mode(x->op) & (M_WRITE | M_TRAP);
}

static void drop_dead(struct ir_func *f)
{
    uint8_t *live = arena_alloc(f->arena, f->nins);
    uint32_t *work = arena_alloc(f->arena, f->nins * sizeof *work), n = 0;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        const struct ir_block *k = &f->blocks[b];
        for (uint32_t i = k->first; i; i = f->ins[i].next)
            if (is_root(f, &f->ins[i]))
                mark(live, work, &n, i);
        if (k->term == TERM_BR || k->term == TERM_SWITCH)
            mark(live, work, &n, k->a);
        for (uint32_t i = 0; k->term == TERM_RETURN && i < k->c; i++)
            mark(live, work, &n, f->args[k->b + i]);
    }
    while (n)
        mark_operands(f, live, work, &n, &f->ins[work[--n]]);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_block *k = &f->blocks[b];
        uint32_t *link = &k->first;
        k->last = 0;
        for (uint32_t i = k->first; i; i = f->ins[i].next) {
            if (!live[i])
                continue;
            *link = k->last = i;
            link = &f->ins[i].next;
        }
        *link = 0;
    }
}

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
        if (bury(g, block))
            return;
        relink_dominator(g, block);
    }
    enter_epochs(g, block);
    g->block = block;
    g->tail = 0;
    uint32_t i = k->first;
    k->first = 0;
    for (; i; i = next) {
        next = f->ins[i].next;
        g->pos = f->ins[i].pos;
        resolve_operands(f, &f->ins[i]);
        uint32_t v = number(g, i);
        if (v) {
            f->ins[i].op = IR_ALIAS;
            f->ins[i].a = v;
        }
    }
    k->last = g->tail;
    g->block = 0;
    memcpy(g->out[block], g->now, sizeof g->now);
    fold_term(g, block);
}

void pass_gvn(struct ir_func *f)
{
    struct gvn g = { .f = f, .mask = 127, .nepochs = 1 };
    struct wasm_arena *a = f->arena;
    g.cap_home = f->cap_ins;
    g.home = arena_alloc(a, g.cap_home * sizeof *g.home);
    while (g.mask < f->nins)
        g.mask = 2 * g.mask + 1;
    g.slots = arena_alloc(a, ((size_t)g.mask + 1) * sizeof *g.slots);
    GROW(a, g.epochs, 0, g.cap_epochs, 16);
    g.out = arena_alloc(a, f->nblocks * sizeof *g.out);
    g.loop_writes = arena_alloc(a, f->nblocks);
    scan_writes(&g);
    for (uint32_t b = 1; b < f->nblocks; b++)
        do_block(&g, b);
    if (g.edges_removed)
        relink_loops(f);
    drop_phis(f);
    ir_drop_aliases(f);
    drop_dead(f);
}
