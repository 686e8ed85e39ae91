/*
 * emit.c - machine code of a function: its blocks in order, then what stands behind them: trap
 * stubs, calls out of the image, jump tables, constants. The instructions themselves are in
 * emit_ops.c, what ends a block in emit_jump.c, moves in emit_move.c, the frame in emit_frame.c.
 *
 * Frame, from high to low: arguments on the stack, return address, saved registers, home slots,
 * outgoing arguments. rsp does not move between prologue and epilogue. Traps jump to a `ud2` behind
 * the function, one for each place, so that the address tells which; the site table says what and
 * where.
 */
#include "wasm/image.h"

void emit_room(struct emit *e)
{
    if (e->b.cap - e->b.n < 512) {
        e->b.p = arena_grow(e->arena, e->b.p, e->b.cap, e->b.cap * 2);
        e->b.cap *= 2;
    }
}

void emit_site(struct emit *e, uint32_t pos, int trap, bool call)
{
    EMIT_GROW(e, site, nsite, capsite);
    e->site[e->nsite++] = (struct site_rec){ .pc = (uint32_t)e->b.n, .pos = pos, .trap = trap,
                                             .call = call,
                                                  .landing = call ? e->landing : 0 };
}

void emit_trap_if(struct emit *e, int cc, int trap, uint32_t pos)
{
    x_byte(&e->b, 0x0f);
    x_byte(&e->b, 0x80 | cc);
    EMIT_GROW(e, stub, nstub, capstub);
    e->stub[e->nstub++] = (struct stub){ .at = e->b.n, .pos = pos, .trap = trap };
    x_u32(&e->b, 0);
}

uint32_t emit_cold_call(struct emit *e, uint32_t ins, uint32_t pos, struct emit_callee to)
{
    x_byte(&e->b, 0x0f);
    x_byte(&e->b, 0x80 | CC_NE);
    EMIT_GROW(e, cold, ncold, capcold);
    e->cold[e->ncold] = (struct cold){ .at = e->b.n, .ins = ins, .pos = pos, .landing = e->landing,
                                        .to = to };
    x_u32(&e->b, 0);
    return e->ncold++;
}

size_t emit_jcc8(struct emit *e, int cc)
{
    x_byte(&e->b, cc < 0 ? 0xeb : 0x70 | cc);
    x_byte(&e->b, 0);
    return e->b.n - 1;
}

void emit_here8(struct emit *e, size_t at)
{
    e->b.p[at] = (uint8_t)(e->b.n - at - 1);
}

static void keep_results(struct emit *e, struct lir *x)
{
    if (!(lir_mode(x->op) & LC_CALL)) {
        if (x->dst)
            emit_keep(e, x->dst);
        return;
    }
    emit_keep(e, x->s1);
    for (uint32_t v = e->f->ins[x->s1].next; v && e->f->ins[v].op == IR_RESULT;
         v = e->f->ins[v].next)
        emit_keep(e, v);
}

/* Does the next operation read flags that an operation before m has set? */
static bool flags_live(struct emit *e, struct mi *m)
{
    struct mi *end = e->l->mi + e->l->nmi;

    while (m < end && m->kind != MI_LIR)
        m++;
    return m < end && (lir_mode(e->l->lir[m->a].op) & LC_FLAGS);
}

/* The compare that block b branches on, if its flags are those of a compare of values. */
static const struct lir *last_compare(struct emit *e, uint32_t b)
{
    struct lfunc *l = e->l;
    uint32_t i = l->block_last[b] + 1;

    if (e->f->blocks[b].term != TERM_BR)
        return NULL;
    while (l->lir[i].op == L_LEA)       /* leaves them alone */
        i++;
    struct lir *x = &l->lir[i];
    return (x->op == L_CMP || x->op == L_FCMP) && x->mem == LM_NONE ? x : NULL;
}

/*
 * Block b begins with the compare that its only predecessor ended with: the flags are still there
 * if nothing on the edge and before it changes them. Returns that compare's mi, to be left out.
 */
static struct mi *repeated(struct emit *e, uint32_t b)
{
    struct lfunc *l = e->l;
    struct ir_block *bl = &e->f->blocks[b];
    struct mi *m = &l->mi[l->block_mi[b]], *end = &l->mi[l->block_mi[b + 1]];

    while (m < end && (m->kind == MI_MOVE || m->kind == MI_RELOAD))
        m++;
    if (m == end || m->kind != MI_LIR)
        return NULL;
    const struct lir *x = &l->lir[m->a], *y;
    if ((x->op != L_CMP && x->op != L_FCMP) || x->mem != LM_NONE || bl->npreds != 1 ||
        (bl->first && e->f->ins[bl->first].op == IR_PHI) ||
        (e->f->o->passes_off >> ('j' - 'a') & 1))
        return NULL;
    uint32_t p = e->f->args[bl->preds];
    bool frame = p == 1 && e->wrap >= 0;    /* is made in between */
    y = last_compare(e, p);
    if (!y || frame || x->op != y->op || x->w != y->w || x->s1 != y->s1 || x->s2 != y->s2 ||
        x->has_imm != y->has_imm || x->imm != y->imm || emit_real_moves(e, emit_edge(e, p, b)))
        return NULL;
    return m;
}

void emit_mi(struct emit *e, uint32_t b, struct mi *m)
{
    emit_room(e);
    switch (m->kind) {
    case MI_MOVE: emit_move(e, m->type, m->rd, m->r1); break;
    case MI_RELOAD: emit_load_home(e, m->a, m->type, m->rd); break;
    case MI_CONST: emit_const(e, m->a, m->rd, flags_live(e, m)); break;
    case MI_PMOVE: emit_moves(e, m->a, m->b, NOREG); break;
    case MI_UNWIND: emit_edge_moves(e, emit_edge(e, b, m->a)); break;
    default: {
        struct lir *x = &e->l->lir[m->a];
        if (lir_mode(x->op) & LC_TERM) {
            emit_term(e, b, x, m);
        } else {
            e->landing = lir_mode(x->op) & LC_CALL ? (uint32_t)x->imm : 0;
            emit_op(e, x, m);
            e->landing = 0;
            emit_room(e);
            keep_results(e, x);
        }
    }
    }
}

static void emit_block(struct emit *e, uint32_t b)
{
    struct ir_func *f = e->f;

    e->block_at[b] = e->b.n;
    e->block = b;
    e->flags_at = SIZE_MAX;     /* others may jump here */
    if (e->goes_to[b] != b || e->left_out == b)
        return;
    e->next = b + 1;
    while (e->next < f->nblocks && (!f->blocks[e->next].npreds || e->goes_to[e->next] != e->next ||
                                    e->left_out == e->next))
        e->next++;
    for (uint32_t v = f->blocks[b].first; v && (f->ins[v].op == IR_PHI || f->ins[v].op == IR_PARAM);
         v = f->ins[v].next) {
        emit_room(e);
        if (e->l->entry_reg[v] != NOREG && (b != 1 || e->wrap < 0))
            emit_keep(e, v);
    }
    struct mi *skip = repeated(e, b);
    for (uint32_t k = e->l->block_mi[b]; k < e->l->block_mi[b + 1]; k++)
        if (&e->l->mi[k] != skip)
            emit_mi(e, b, &e->l->mi[k]);
}

static void finish_stubs(struct emit *e)
{
    for (uint32_t k = 0; k < e->nstub; k++) {
        struct stub *s = &e->stub[k];
        emit_room(e);
        x_patch32(&e->b, s->at, (uint32_t)(e->b.n - s->at - 4));
        if (s->trap == WASM_TRAP_SIGNATURE) {  /* an empty entry has no type either: rax = entry */
            x_alu_mi(&e->b, 7, 8, mem_at(RAX, 0), 0);
            size_t null = emit_jcc8(e, CC_E);
            emit_site(e, s->pos, WASM_TRAP_SIGNATURE, false);
            x_byte(&e->b, 0x0f);
            x_byte(&e->b, 0x0b);
            emit_here8(e, null);
            s->trap = WASM_TRAP_UNINITIALIZED;
        }
        emit_site(e, s->pos, s->trap, false);
        x_byte(&e->b, 0x0f);
        x_byte(&e->b, 0x0b);
    }
}

static uint32_t pool_hash(const struct pool_ref *p)
{
    uint64_t h = (p->lo ^ p->lo >> 32) * 0x9e3779b97f4a7c15u;

    h = (h ^ h >> 29 ^ p->hi ^ p->size) * 0xc2b2ae3d27d4eb4fu;
    return (uint32_t)(h >> 32);
}

struct placed { uint32_t ref, at; };    /* pool index + 1, code offset */

/* Where an equal constant stands, or a free entry; NULL where too many others are in the way. */
static struct placed *pool_find(struct emit *e, struct placed *table, uint32_t mask,
                                const struct pool_ref *p)
{
    uint32_t h = pool_hash(p);

    for (uint32_t k = h; k != h + 16; k++) {
        struct placed *t = &table[k & mask];
        if (!t->ref)
            return t;
        struct pool_ref *q = &e->pool[t->ref - 1];
        if (q->size == p->size && q->lo == p->lo && q->hi == p->hi)
            return t;
    }
    return NULL;
}

static uint32_t pool_place(struct emit *e, const struct pool_ref *p)
{
    emit_room(e);
    while (e->b.n & (p->size - 1u))
        x_byte(&e->b, 0xcc);
    uint32_t at = (uint32_t)e->b.n;
    for (int j = 0; j < p->size; j += 4)
        x_u32(&e->b, (uint32_t)((j < 8 ? p->lo : p->hi) >> (j & 4) * 8));
    return at;
}

/* The constants behind the code, large ones first, each value once. */
static void finish_pool(struct emit *e)
{
    uint32_t mask = 15;

    while (mask < 2 * e->npool)
        mask = 2 * mask + 1;
    struct placed *table = arena_alloc(e->arena, (mask + (size_t)1) * sizeof *table);
    for (int size = 16; size >= 4; size /= 2) {
        for (uint32_t k = 0; k < e->npool; k++) {
            struct pool_ref *p = &e->pool[k];
            if (p->size != size)
                continue;
            struct placed *t = pool_find(e, table, mask, p), other;
            if (!t)
                *(t = &other) = (struct placed){ 0, 0 };
            if (!t->ref)
                *t = (struct placed){ k + 1, pool_place(e, p) };
            x_patch32(&e->b, p->at, (uint32_t)(t->at - p->at - 4 - p->tail));
        }
    }
}

/* The entries of a function that escapes: for tail calls (see WASM_TAIL_SIZE), from outside, then
 * the body. */
static void entries(struct emit *e)
{
    size_t end = 0;

    if (e->f->m->features & WASM_F_TAIL) {
        end = WASM_TAIL_SIZE;
        x_rr(&e->b, 0x8b, 8, R14, RDI);
        x_rm(&e->b, 0x8b, 8, R15, mem_at(R14, 0));
        x_byte(&e->b, 0xeb);
        x_byte(&e->b, (uint8_t)(end + DIRECT_ENTRY - e->b.n - 1));
        while (e->b.n < end)
            x_byte(&e->b, 0xcc);
    }
    x_byte(&e->b, 0xe9);
    emit_func_rel(e, e->f->index | RELOC_THUNK);
    while (e->b.n < end + DIRECT_ENTRY)
        x_byte(&e->b, 0xcc);
}

void emit_func(struct emit *e)
{
    struct ir_func *f = e->f;

    e->avx = (e->l->cpu & WASM_CPU_AVX) != 0;
    e->b.cap = 4096 + (size_t)e->l->nmi * 4;
    e->b.p = arena_raw(e->arena, e->b.cap);
    e->block_at = arena_raw(e->arena, f->nblocks * sizeof *e->block_at);
    e->target = arena_raw(e->arena, f->nblocks * sizeof *e->target);
    emit_slots(e);
    emit_prepare_moves(e);
    e->goes_to = arena_raw(e->arena, f->nblocks * sizeof *e->goes_to);
    emit_find_targets(e);
    if (f->m->funcs[f->index].escapes)
        entries(e);
    emit_find_wrap(e);
    if (e->wrap < 0)
        emit_prologue(e);
    for (uint32_t b = 1; b < f->nblocks; b++)
        if (b == 1 || f->blocks[b].npreds)
            emit_block(e, b);
    emit_relax(e);
    emit_cold_calls(e);
    finish_stubs(e);
    for (uint32_t k = 0; k < e->nfix; k++) {
        struct fix *x = &e->fix[k];
        if (x->shorter) {
            e->b.p[x->at] = (uint8_t)(e->block_at[x->to] - x->at - 1);
            continue;
        }
        x_patch32(&e->b, x->at, (uint32_t)(e->block_at[x->to] - x->at - 4));
    }
    emit_tables(e);
    finish_pool(e);
}
