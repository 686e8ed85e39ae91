/*
 * unroll.c - pass_unroll: small loops of one block, several rounds in one.
 *
 * A copy of the body is made for each further round. A value that moves by a constant d from round
 * to round (it is linear in induction variables) is not copied: in round k it is v + k * d, which
 * pass_address turns into displacements. If the number of rounds is a constant that the number of
 * copies divides, copies stand in the same block and only the last one tests; else each is a block
 * that ends with the loop's test. Behind the loop, phis take the numbers that its values had:
 *
 *      H: x = phi x0, y                    H: x' = phi x0, y''
 *         y = ...                             y' = ...
 *         br c, H, E                          br c', H2, E
 *                                         H2: x'' = y', y'' = ...
 *                                             br c'', H, E
 *      E: ... x, y                         E: x = phi x', x''; y = phi y', y'' ... x, y
 *
 * Needs: no aliases, loops, dominators; an exit block with no other predecessor. Keeps all that,
 * and the order of blocks: a copy follows its loop.
 */
#include "wasm/build.h"
#include "wasm/range.h"

enum { MOST = 4, SMALL = 12, MEDIUM = 40, MOST_VALUES = 64, NEAR = 128 };

/* A value of the loop at hand; next: what it is in the round being copied; now: in that before. */
struct item {
    uint32_t v, now, next;
    uint64_t by;            /* moves: next = v + by */
    bool moves;
    uint32_t old;           /* the number that it had and that its phi behind the loop has */
    uint32_t list;          /* of that phi */
};

struct unroll {
    struct ir_func *f;
    uint32_t old_ins, old_blocks;
    uint32_t *owner;        /* per block from old_blocks on: the loop of which it is a copy */
    struct item items[MOST_VALUES]; uint32_t nitems;
    uint32_t base;          /* v of the first of them; the others follow */
    struct ir_place at;
};

/* ---- which loops --------------------------------------------------------------------------- */

static bool may_copy(const struct ir_ins *x)
{
    switch (x->op) {
    case IR_PHI: case IR_LOAD: case IR_STORE: case IR_GLOBALGET: case IR_GLOBALSET: case IR_MEMSIZE:
        return true;
    }
    return x->op != IR_CONST && (ir_op_mode(x->op) & (M_PURE | M_TRAP)) &&
           !(ir_op_mode(x->op) & (M_READ | M_WRITE));
}

/* The exit of block b if it is a loop that may be unrolled, else 0; *n: its instructions. */
static uint32_t exit_of(const struct ir_func *f, uint32_t b, uint32_t *n)
{
    const struct ir_block *k = &f->blocks[b];
    if (!k->header || k->term != TERM_BR || k->npreds != 2 || k->landing ||
        (k->succ[0] != b && k->succ[1] != b))
        return 0;
    uint32_t e = k->succ[k->succ[0] == b], count = 0, all = 0;
    const struct ir_block *out = &f->blocks[e];
    if (out->npreds != 1 || out->landing || (out->first && f->ins[out->first].op == IR_PHI))
        return 0;
    for (uint32_t i = k->first; i; i = f->ins[i].next, all++) {
        if (!may_copy(&f->ins[i]))
            return 0;
        count += f->ins[i].op != IR_PHI;
    }
    *n = count;
    return all <= MOST_VALUES && count <= MEDIUM ? e : 0;
}

/* ---- copies -------------------------------------------------------------------------------- */

static uint32_t append(struct unroll *u, struct ir_ins i)
{
    u->at.pos = i.pos;
    return u->f->blocks[u->at.block].last = ir_insert(&u->at, i);
}

static uint32_t constant(struct unroll *u, int type, uint64_t bits)
{
    struct ir_func *f = u->f;
    struct ir_place p = { .f = f, .block = 1, .prev = f->blocks[1].last };
    if (type == T_I32)
        bits = (uint32_t)bits;
    for (uint32_t i = f->nins; i-- > u->old_ins && i + NEAR > f->nins; )
        if (f->ins[i].op == IR_CONST && f->ins[i].type == type && ir_imm(&f->ins[i]) == bits)
            return i;
    return f->blocks[1].last = ir_insert(&p, (struct ir_ins){
        .op = IR_CONST, .type = (uint8_t)type, .b = (uint32_t)bits, .c = (uint32_t)(bits >> 32) });
}

static bool is_const(const struct ir_func *f, uint32_t v)
{
    return f->ins[v].op == IR_CONST && (f->ins[v].type == T_I32 || f->ins[v].type == T_I64);
}

static struct item *item_of(struct unroll *u, uint32_t v)
{
    return v >= u->base && v - u->base < u->nitems ? &u->items[v - u->base] : NULL;
}

/* v in the round being copied */
static uint32_t value(struct unroll *u, uint32_t v)
{
    struct item *t = item_of(u, v);
    if (!t)
        return v;
    if (!t->next && t->by == 0)
        t->next = v;
    if (t->next)
        return t->next;
    struct ir_ins x = u->f->ins[v], sum = { .op = IR_ADD, .type = x.type, .a = v, .pos = x.pos };
    uint64_t by = t->by;
    if (x.op == IR_ADD && is_const(u->f, x.b)) {
        sum.a = x.a;
        by += ir_imm(&u->f->ins[x.b]);
    }
    sum.b = constant(u, x.type, by);
    return t->next = append(u, sum);
}

/* By how much is v more in this round than in the first? */
static bool moves_by(struct unroll *u, uint32_t v, uint64_t *by)
{
    const struct item *t = item_of(u, v);
    *by = t ? t->by : 0;
    return !t || t->moves;
}

/* Is x linear in what moves? Wrapping arithmetic makes that right for all values. */
static bool linear(struct unroll *u, const struct ir_ins *x, uint64_t *by)
{
    const struct ir_ins *n = u->f->ins;
    uint64_t a, b;
    if (x->type != T_I32 && x->type != T_I64)
        return false;
    switch (x->op) {
    case IR_ADD: case IR_SUB:
        if (!moves_by(u, x->a, &a) || !moves_by(u, x->b, &b))
            return false;
        *by = x->op == IR_ADD ? a + b : a - b;
        return true;
    case IR_SHL:
        if (!is_const(u->f, x->b) || !moves_by(u, x->a, &a))
            return false;
        *by = a << (n[x->b].b & (x->type == T_I32 ? 31 : 63));
        return true;
    case IR_MUL:
        if (!is_const(u->f, x->b) || !moves_by(u, x->a, &a))
            return false;
        *by = a * ir_imm(&n[x->b]);
        return true;
    }
    return false;
}

/* v + its step, if phi v of the loop is an induction variable */
static bool step_of(const struct ir_func *f, uint32_t v, uint32_t back, uint64_t *step)
{
    const struct ir_ins *x = &f->ins[f->args[f->ins[v].a + back]];
    if (x->op != IR_ADD || x->a != v || !is_const(f, x->b))
        return false;
    *step = ir_imm(&f->ins[x->b]);
    return true;
}

/* What the phis are in round `round`, counted from 0. */
static void start_round(struct unroll *u, uint32_t back, uint32_t round)
{
    const struct ir_func *f = u->f;
    for (uint32_t i = 0; i < u->nitems; i++) {
        u->items[i].now = u->items[i].next;
        u->items[i].next = 0;
        u->items[i].moves = false;
    }
    for (uint32_t i = 0; i < u->nitems && f->ins[u->items[i].v].op == IR_PHI; i++) {
        struct item *t = &u->items[i], *from;
        uint64_t step;
        uint32_t v = f->args[f->ins[t->v].a + back];
        t->moves = step_of(f, t->v, back, &step);
        if (t->moves) {
            t->by = step * round;
            continue;
        }
        from = item_of(u, v);
        t->next = from ? from->now : v;
    }
}

static void copy_round(struct unroll *u)
{
    struct ir_func *f = u->f;
    for (uint32_t i = 0; i < u->nitems; i++) {
        struct item *t = &u->items[i];
        struct ir_ins x = f->ins[t->v];
        if (x.op == IR_PHI)
            continue;
        t->moves = linear(u, &x, &t->by);
        if (t->moves)
            continue;
        uint8_t uses = ir_op_uses(x.op);
        if (uses & USES_A)
            x.a = value(u, x.a);
        if (uses & USES_B)
            x.b = value(u, x.b);
        if (uses & USES_C)
            x.c = value(u, x.c);
        t->next = append(u, x);
    }
    for (uint32_t i = 0; i < u->nitems; i++)        /* the exit may ask for any of them */
        value(u, u->items[i].v);
}

/* ---- one loop ------------------------------------------------------------------------------ */

/* A block like `from`, which is the loop h or a copy of it. */
static uint32_t add_block(struct unroll *u, uint32_t h, uint32_t from)
{
    struct ir_func *f = u->f;
    GROW(f->arena, f->blocks, f->nblocks, f->cap_blocks, 1);
    uint32_t b = f->nblocks++;
    struct ir_block *k = &f->blocks[b];
    *k = f->blocks[from];
    u->owner[b - u->old_blocks] = h;
    k->first = k->last = 0;
    k->header = false;
    k->loop_up = k->loop_end = 0;
    return b;
}

static uint32_t add_list(struct ir_func *f, uint32_t n)
{
    GROW(f->arena, f->args, f->nargs, f->cap_args, n);
    f->nargs += n;
    return f->nargs - n;
}

/* The edge of block `from` back to the loop goes on to the copy `to`. */
static void chain(struct unroll *u, uint32_t h, uint32_t from, uint32_t to)
{
    struct ir_func *f = u->f;
    f->blocks[from].succ[f->blocks[from].succ[0] != h] = to;
    f->blocks[to].preds = add_list(f, 1);
    f->blocks[to].npreds = 1;
    f->args[f->blocks[to].preds] = from;
    ir_dom_link(f, to, from);
}

/* All values of loop h get new numbers, which are consecutive. */
static void renumber(struct unroll *u, uint32_t h)
{
    struct ir_func *f = u->f;
    struct ir_place p = { .f = f, .block = h };
    uint32_t i = f->blocks[h].first, next;
    u->nitems = 0;
    u->base = f->nins;
    f->blocks[h].first = 0;
    for (; i; i = next) {
        struct ir_ins x = f->ins[i];
        next = x.next;
        p.pos = x.pos;
        uint32_t v = ir_insert(&p, x);
        u->items[u->nitems++] = (struct item){ .v = v, .next = v, .old = i };
        f->ins[i].op = IR_ALIAS;
        f->ins[i].a = v;
    }
    f->blocks[h].last = p.prev;
    f->blocks[h].a = ir_resolve(f, f->blocks[h].a);
    for (i = 0; i < u->nitems; i++)
        ir_resolve_operands(f, &f->ins[u->items[i].v]);
}

/* Phis under the old numbers in the exit block e, which has n predecessors now. Most of them nobody
 * will use. */
static void make_exit(struct unroll *u, uint32_t e, uint32_t n)
{
    struct ir_func *f = u->f;
    uint32_t *link = &f->blocks[e].first, rest = *link;
    for (uint32_t i = 0; i < u->nitems; i++) {
        struct item *t = &u->items[i];
        struct ir_ins *x = &f->ins[t->old];
        if (!x->type) {
            *x = (struct ir_ins){ .op = IR_NONE };
            continue;
        }
        t->list = add_list(f, n);
        *x = (struct ir_ins){ .op = IR_PHI, .type = x->type, .a = t->list, .b = n,
                              .pos = f->blocks[e].pos };
        *link = t->old;
        link = &x->next;
        if (!rest)
            f->blocks[e].last = t->old;
    }
    *link = rest;
}

/* Values of the round just made are operand k of the phis of the exit. */
static void leave(struct unroll *u, uint32_t k)
{
    for (uint32_t i = 0; i < u->nitems; i++)
        if (u->items[i].list)
            u->f->args[u->items[i].list + k] = u->items[i].next;
}

static void unroll(struct unroll *u, uint32_t h, uint32_t e, uint32_t copies, bool exact)
{
    struct ir_func *f = u->f;
    uint32_t back = f->args[f->blocks[h].preds] == h ? 0 : 1, block = h;
    uint32_t exits = exact ? 1 : copies, preds = add_list(f, exits);
    renumber(u, h);
    make_exit(u, e, exits);
    f->blocks[e].preds = preds;
    f->blocks[e].npreds = exits;
    f->args[preds] = h;
    leave(u, 0);
    u->at = (struct ir_place){ .f = f, .block = h, .prev = f->blocks[h].last };
    uint32_t test = f->blocks[h].a;
    for (uint32_t round = 1; round < copies; round++) {
        start_round(u, back, round);
        if (!exact) {
            uint32_t b = add_block(u, h, block);
            chain(u, h, block, b);
            f->args[preds + round] = block = b;
            u->at = (struct ir_place){ .f = f, .block = b };
        }
        copy_round(u);
        f->blocks[block].a = value(u, test);
        leave(u, exact ? 0 : round);
    }
    f->args[f->blocks[h].preds + back] = block;
    for (uint32_t i = 0; i < u->nitems; i++) {
        struct ir_ins *x = &f->ins[u->items[i].v];
        if (x->op == IR_PHI)
            f->args[x->a + back] = value(u, f->args[x->a + back]);
    }
}

/* How many rounds to make one; *exact: only the last of them needs the test. */
static uint32_t copies_of(const struct ir_func *f, uint32_t h, uint32_t n, bool *exact)
{
    uint64_t rounds;
    *exact = false;
    if (!range_rounds(f, h, &rounds))
        return n <= SMALL ? 2 : 1;
    for (uint32_t k = n <= SMALL ? MOST : 2; k > 1; k--)
        if (rounds % k == 0 && rounds > k) {
            *exact = true;
            return k;
        }
    return n <= SMALL && rounds > MOST ? 2 : 1;
}

/* ---- the function -------------------------------------------------------------------------- */

/* Copies, which stand at the end, move behind their loops. */
static void reorder(struct unroll *u)
{
    struct ir_func *f = u->f;
    uint32_t *to = arena_alloc(f->arena, f->nblocks * sizeof *to), n = 1, copy = u->old_blocks;
    uint32_t *end = arena_alloc(f->arena, f->nblocks * sizeof *end);    /* its last copy */
    struct ir_block *blocks = arena_alloc(f->arena, f->nblocks * sizeof *blocks);
    for (uint32_t b = 1; b < u->old_blocks; b++) {
        to[b] = n++;
        while (copy < f->nblocks && u->owner[copy - u->old_blocks] == b)
            to[copy++] = n++;
        end[b] = n - 1;
    }
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_block *k = &f->blocks[b];
        k->succ[0] = to[k->succ[0]];
        k->succ[1] = to[k->succ[1]];
        for (uint32_t i = 0; i < k->npreds; i++)
            f->args[k->preds + i] = to[f->args[k->preds + i]];
        for (uint32_t i = 0; k->term == TERM_SWITCH && i < k->c; i++)
            f->args[k->b + i] = to[f->args[k->b + i]];
        k->idom = to[k->idom];
        k->domjump = to[k->domjump];
        k->loop = to[k->loop];
        k->loop_up = to[k->loop_up];
        k->loop_end = end[k->loop_end];
        blocks[to[b]] = *k;
    }
    f->blocks = blocks;
    f->cap_blocks = f->nblocks;
}

void pass_unroll(struct ir_func *f)
{
    struct unroll *u = NULL;
    uint32_t old_blocks = f->nblocks, cap = 0, n;
    for (uint32_t b = 1; b < old_blocks; b++) {
        bool exact;
        uint32_t e = exit_of(f, b, &n), copies = e ? copies_of(f, b, n, &exact) : 0;
        if (copies < 2)
            continue;
        if (!u) {
            u = arena_alloc(f->arena, sizeof *u);
            *u = (struct unroll){ .f = f, .old_ins = f->nins, .old_blocks = old_blocks };
        }
        GROW(f->arena, u->owner, f->nblocks - old_blocks, cap, MOST);
        unroll(u, b, e, copies, exact);
    }
    if (f->nblocks > old_blocks)
        reorder(u);
}
