/*
 * emit_jump.c - what ends a block: jumps, branches with the moves of their edges, jump tables,
 * returns, tail calls.
 */
#include "wasm/image.h"

struct edge *emit_edge(struct emit *e, uint32_t from, uint32_t to)
{
    for (uint32_t k = e->l->edges_of[from]; k; k = e->l->edge[k].next)
        if (e->l->edge[k].to == to)
            return &e->l->edge[k];
    return &e->l->edge[0];
}

void emit_edge_moves(struct emit *e, struct edge *ed)
{
    emit_moves(e, ed->moves, ed->nmoves, ed->spare);
}

bool emit_real_moves(struct emit *e, struct edge *ed)
{
    for (uint32_t k = ed->moves; k < ed->moves + ed->nmoves; k++)
        if (!emit_move_nop(e, &e->l->pool[k]))
            return true;
    return false;
}

/* Does block b do nothing but jump? Headers of loops stay: branches back need not look further. */
static bool only_jumps(struct emit *e, uint32_t b)
{
    struct lfunc *l = e->l;
    struct ir_block *bl = &e->f->blocks[b];
    struct mi *m = &l->mi[l->block_mi[b]];

    if (bl->term != TERM_JUMP || bl->header || l->block_mi[b + 1] != l->block_mi[b] + 1 ||
        m->kind != MI_LIR || (bl->first && e->f->ins[bl->first].op == IR_PHI))
        return false;
    return !emit_real_moves(e, emit_edge(e, b, bl->succ[0]));
}

void emit_find_targets(struct emit *e)
{
    struct ir_func *f = e->f;
    bool on = !(f->o->passes_off >> ('j' - 'a') & 1);

    for (uint32_t b = f->nblocks - 1; b; b--) {
        e->goes_to[b] = b;
        if (on && b > 1 && f->blocks[b].npreds && only_jumps(e, b))
            e->goes_to[b] = f->blocks[b].succ[0] > b ? e->goes_to[f->blocks[b].succ[0]]
                                                     : f->blocks[b].succ[0];
    }
}

static struct fix *fix_block(struct emit *e, uint32_t block)
{
    EMIT_GROW(e, fix, nfix, capfix);
    e->fix[e->nfix] = (struct fix){ .at = e->b.n, .to = e->goes_to[block] };
    x_u32(&e->b, 0);
    return &e->fix[e->nfix++];
}

static void jump(struct emit *e, uint32_t block)
{
    if (e->goes_to[block] == e->next)
        return;
    x_byte(&e->b, 0xe9);
    fix_block(e, block);
}

static struct fix *jcc_block(struct emit *e, int cc, uint32_t block)
{
    x_byte(&e->b, 0x0f);
    x_byte(&e->b, 0x80 | cc);
    struct fix *x = fix_block(e, block);
    x->cond = true;
    return x;
}

void emit_branch(struct emit *e, int cc, uint32_t block)
{
    if (cc == CC_FNE) {
        jcc_block(e, CC_NE, block);
        jcc_block(e, CC_P, block);
    } else if (cc == CC_FEQ) {
        size_t skip = emit_jcc8(e, CC_P);
        jcc_block(e, CC_E, block)->fixed = true;
        emit_here8(e, skip);
    } else {
        jcc_block(e, cc, block);
    }
}

static int invert(int cc)
{
    return cc ^ 1;      /* CC_FEQ and CC_FNE are a pair too */
}

static void term_jcc(struct emit *e, uint32_t b, int cc)
{
    struct ir_block *bl = &e->f->blocks[b];
    struct edge *ey = emit_edge(e, b, bl->succ[0]), *en = emit_edge(e, b, bl->succ[1]);
    uint32_t yes = e->goes_to[bl->succ[0]], no = e->goes_to[bl->succ[1]];
    bool my = emit_real_moves(e, ey), mn = emit_real_moves(e, en);

    if (b == 1 && e->wrap >= 0) {
        emit_wrapped(e, cc);
        emit_edge_moves(e, e->wrap ? ey : en);
        jump(e, e->wrap ? yes : no);
    } else if (!my && (mn || no == e->next || yes != e->next)) {
        emit_branch(e, cc, yes);
        emit_edge_moves(e, en);
        jump(e, no);
    } else if (!mn) {
        emit_branch(e, invert(cc), no);
        emit_edge_moves(e, ey);
        jump(e, yes);
    } else {            /* moves on both: the yes edge goes through a stub of its own here */
        size_t at[2], n = 0;
        emit_room(e);
        if (cc == CC_FEQ) {
            at[n++] = e->b.n + 2;
            x_byte(&e->b, 0x0f), x_byte(&e->b, 0x80 | CC_P), x_u32(&e->b, 0);
        }
        if (cc == CC_FNE) {
            size_t skip = emit_jcc8(e, CC_P);
            at[n++] = e->b.n + 2;
            x_byte(&e->b, 0x0f), x_byte(&e->b, 0x80 | CC_E), x_u32(&e->b, 0);
            emit_here8(e, skip);
        } else {
            at[n++] = e->b.n + 2;
            x_byte(&e->b, 0x0f), x_byte(&e->b, 0x80 | (cc == CC_FEQ ? CC_NE : invert(cc))),
            x_u32(&e->b, 0);
        }
        emit_edge_moves(e, ey);
        emit_room(e);
        x_byte(&e->b, 0xe9);
        fix_block(e, yes)->fixed = true;
        for (size_t k = 0; k < n; k++)
            x_patch32(&e->b, at[k], (uint32_t)(e->b.n - at[k] - 4));
        emit_edge_moves(e, en);
        emit_room(e);
        jump(e, no);
    }
}

static void term_switch(struct emit *e, uint32_t b, struct mi *m)
{
    struct ir_block *bl = &e->f->blocks[b];
    uint32_t n = bl->c, def = e->f->args[bl->b + n - 1];
    struct edge *other = emit_edge(e, b, def);
    bool stub = emit_real_moves(e, other);
    size_t to_default = 0;

    x_alu_ri(&e->b, 7, 4, m->r1, (int32_t)(n - 1));
    if (stub) {
        x_byte(&e->b, 0x0f);
        x_byte(&e->b, 0x80 | CC_AE);
        to_default = e->b.n;
        x_u32(&e->b, 0);
    } else {
        jcc_block(e, CC_AE, def);
    }
    EMIT_GROW(e, table, ntable, captable);
    x_rm(&e->b, 0x8d, 8, m->t1, (struct xmem){ .base = 0xff, .index = 0xff, .rip = 1 });
    e->table[e->ntable++] = (struct table){ .lea = e->b.n - 4, .block = b };
    struct xmem entry = { .base = m->t1, .index = m->r1, .scale = 4 };
    x_rm(&e->b, 0x63, 8, m->rd, entry);
    x_rr(&e->b, 0x03, 8, m->rd, m->t1);
    x_rr(&e->b, 0xff, 4, 4, m->rd);
    /* edges with moves, each once; the rows of the table and the default lead here */
    for (uint32_t k = e->l->edges_of[b]; k; k = e->l->edge[k].next) {
        struct edge *x = &e->l->edge[k];
        if (!emit_real_moves(e, x))
            continue;
        emit_room(e);
        x->stub = e->b.n;
        emit_edge_moves(e, x);
        emit_room(e);
        x_byte(&e->b, 0xe9);
        fix_block(e, x->to)->fixed = true;
    }
    if (stub)
        x_patch32(&e->b, to_default, (uint32_t)(other->stub - to_default - 4));
}

/* Jump tables stand behind the function: rows count from the start of their table. */
void emit_tables(struct emit *e)
{
    for (uint32_t k = 0; k < e->ntable; k++) {
        struct table *t = &e->table[k];
        struct ir_block *bl = &e->f->blocks[t->block];
        for (uint32_t x = e->l->edges_of[t->block]; x; x = e->l->edge[x].next)
            e->target[e->l->edge[x].to] =
                e->l->edge[x].stub ? e->l->edge[x].stub
                                   : e->block_at[e->goes_to[e->l->edge[x].to]];
        emit_room(e);
        while (e->b.n & 3)
            x_byte(&e->b, 0xcc);
        size_t at = e->b.n;
        x_patch32(&e->b, t->lea, (uint32_t)(at - t->lea - 4));
        for (uint32_t row = 0; row + 1 < bl->c; row++) {
            emit_room(e);
            x_u32(&e->b, (uint32_t)(e->target[e->f->args[bl->b + row]] - at));
        }
    }
}

/* Stack arguments of a tail call, from the outgoing area to where this function's own stand. */
static void move_arguments(struct emit *e, const struct wasm_functype *t)
{
    uint32_t n = abi_param_words(t);

    for (uint32_t k = 0; k < n; k++) {
        emit_room(e);
        x_rm(&e->b, 0x8b, 8, R10, mem_at(RSP, (int32_t)(8 * k)));
        x_rm(&e->b, 0x89, 8, R10, emit_stack_in(e, k));
    }
    emit_room(e);
}

/*
 * A tail call of code at [base + code], which may be a C function, another instance's or our own. C
 * is called and returned from. For ours the instance stays as it is; so it may for another
 * instance's function if the code that we return to restores r14 and r15 anyway, being an
 * ext_entry.
 */
static void tail_outside(struct emit *e, struct lir *x, struct emit_callee c)
{
    const struct wasm_functype *t = call_type(e->f, &e->f->ins[x->s1]);
    struct xbuf *b = &e->b;

    emit_instance(e, c);
    x_rm(b, 0x8b, 4, R11, mem_at(c.base, c.tail));
    x_rr(b, 0x85, 4, R11, R11);
    size_t compiled = emit_jcc8(e, CC_NE);
    emit_call_outside(e, x->s1, x->pos, c);
    emit_epilogue(e);
    emit_here8(e, compiled);
    x_rm(b, 0x8b, 8, RAX, mem_at(c.base, c.code));
    move_arguments(e, t);
    emit_pop_frame(e);
    x_rr(b, 0x3b, 8, RDI, R14);
    size_t own = emit_jcc8(e, CC_E);
    x_rr(b, 0xf6, 4, 0, R11);
    x_byte(b, WASM_TAIL_ANY);
    size_t bound = emit_jcc8(e, CC_E);
    x_mov_ri(b, R10, EXT_RETURN);
    x_rm(b, 0x8b, 8, R11, mem_at(RSP, 0));
    x_rm(b, 0x3b, 8, R10, mem_at(R11, 0));
    size_t plain = emit_jcc8(e, CC_NE);
    emit_here8(e, own);
    x_alu_ri(b, 5, 8, RAX, WASM_TAIL_SIZE);
    emit_here8(e, bound);
    emit_here8(e, plain);
    x_rr(b, 0xff, 4, 4, RAX);
}

static void term_tail(struct emit *e, struct lir *x)
{
    struct ir_ins *c = &e->f->ins[x->s1];

    if (x->sub != L_CALL) {
        tail_outside(e, x, emit_callee(e, x, c));
        return;
    }
    move_arguments(e, call_type(e->f, c));
    emit_pop_frame(e);
    emit_room(e);
    x_byte(&e->b, 0xe9);
    emit_func_rel(e, c->c);
}

void emit_term(struct emit *e, uint32_t b, struct lir *x, struct mi *m)
{
    struct ir_block *bl = &e->f->blocks[b];

    emit_room(e);
    switch (x->op) {
    case L_JMP:
        emit_edge_moves(e, emit_edge(e, b, bl->succ[0]));
        emit_room(e);
        jump(e, bl->succ[0]);
        break;
    case L_JCC: term_jcc(e, b, x->sub); break;
    case L_SWITCH: term_switch(e, b, m); break;
    case L_RET: emit_epilogue(e); break;
    case L_TAIL: term_tail(e, x); break;
    default:
        emit_site(e, x->pos, x->sub, false);
        x_byte(&e->b, 0x0f);
        x_byte(&e->b, 0x0b);
        break;
    }
}
