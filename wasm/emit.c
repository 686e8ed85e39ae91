/*
 * emit.c - machine code of a function: frame, parallel moves, control flow, constants, trap stubs.
 * The instructions themselves are in emit_ops.c.
 *
 * Frame, from high to low: arguments on the stack, return address, saved registers, home slots,
 * outgoing arguments. rsp does not move between prologue and epilogue. Traps jump to a `ud2` behind
 * the function, one for each place, so that the address tells which; the site table says what and
 * where.
 */
#include "wasm/image.h"

static const uint8_t saved_regs[] = { RBX, RBP, R12, R13 };

#define GROW(e, field, n, cap) do { \
    if ((e)->n == (e)->cap) { \
        uint32_t c_ = (e)->cap ? (e)->cap * 2 : 64; \
        (e)->field = arena_grow((e)->arena, (e)->field, (e)->cap * sizeof *(e)->field, \
                                c_ * sizeof *(e)->field); \
        (e)->cap = c_; \
    } } while (0)

void emit_room(struct emit *e)
{
    if (e->b.cap - e->b.n < 512) {
        e->b.p = arena_grow(e->arena, e->b.p, e->b.cap, e->b.cap * 2);
        e->b.cap *= 2;
    }
}

void emit_site(struct emit *e, uint32_t pos, int trap, bool call)
{
    GROW(e, site, nsite, capsite);
    e->site[e->nsite++] = (struct site_rec){ .pc = (uint32_t)e->b.n, .pos = pos, .trap = trap,
                                             .call = call,
                                                  .landing = call ? e->landing : 0 };
}

static struct fix *fix_block(struct emit *e, uint32_t block)
{
    GROW(e, fix, nfix, capfix);
    e->fix[e->nfix] = (struct fix){ .at = e->b.n, .to = block };
    x_u32(&e->b, 0);
    return &e->fix[e->nfix++];
}

void emit_trap_if(struct emit *e, int cc, int trap, uint32_t pos)
{
    x_byte(&e->b, 0x0f);
    x_byte(&e->b, 0x80 | cc);
    GROW(e, stub, nstub, capstub);
    e->stub[e->nstub++] = (struct stub){ .at = e->b.n, .pos = pos, .trap = trap };
    x_u32(&e->b, 0);
}

uint32_t emit_cold_call(struct emit *e, uint32_t ins, uint32_t pos, struct emit_callee to)
{
    x_byte(&e->b, 0x0f);
    x_byte(&e->b, 0x80 | CC_NE);
    GROW(e, cold, ncold, capcold);
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

/* ---- operands ------------------------------------------------------------------------------ */

struct xmem mem_at(int base, int32_t disp)
{
    return (struct xmem){ .base = base, .index = 0xff, .scale = 1, .disp = disp };
}

struct opnd opnd_reg(int r)
{
    return (struct opnd){ .reg = r & 15 };
}

struct opnd opnd_mem(struct xmem m)
{
    return (struct opnd){ .mem = true, .m = m };
}

struct opnd opnd_const(uint64_t lo, uint64_t hi, int size)
{
    return (struct opnd){ .mem = true, .pooled = true, .lo = lo, .hi = hi, .size = size,
                          .m = { .base = 0xff, .index = 0xff, .rip = 1 } };
}

static struct opnd home(struct emit *e, uint32_t v)
{
    struct ir_ins *i = &e->f->ins[v];

    if (i->op == IR_CONST && i->type == T_V128) {
        struct ir_vector k = ir_vector(e->f, i->b);
        return opnd_const(k.lo, k.hi, 16);
    }
    if (i->op == IR_CONST)
        return opnd_const(ir_imm(i), 0, i->type == T_F32 || i->type == T_I32 ? 4 : 8);
    return opnd_mem(mem_at(RSP, e->l->slot[v]));
}

struct opnd opnd_of(struct emit *e, struct lir *x, struct mi *m, uint32_t v, uint8_t r)
{
    if (x->mem == LM_LINEAR) {
        struct xmem a = { .base = R15, .index = m->r3 == NOREG ? 0xff : m->r3, .scale = x->scale,
                          .disp = x->disp };
        emit_site(e, x->pos, WASM_TRAP_MEMORY, false);
        return opnd_mem(a);
    }
    if (x->mem == LM_INST)
        return opnd_mem(mem_at(R14, x->disp));
    if (x->mem == LM_OTHER) {
        struct xmem a = { .base = m->t1, .index = m->r3 == NOREG ? 0xff : m->r3, .scale = x->scale,
                          .disp = x->disp };
        x_rm(&e->b, 0x8b, 8, m->t1, mem_at(R14, (int32_t)(e->f->m->off_mems + 8 * x->memory)));
        x_rm(&e->b, 0x8b, 8, m->t1, mem_at(m->t1, offsetof(struct wasm_memory, base)));
        emit_site(e, x->pos, WASM_TRAP_MEMORY, false);
        return opnd_mem(a);
    }
    return r == RMEM ? home(e, v) : opnd_reg(r);
}

static void pool_add(struct emit *e, struct opnd o, int tail)
{
    GROW(e, pool, npool, cappool);
    e->pool[e->npool++] = (struct pool_ref){ .at = e->b.n - 4, .tail = tail, .size = o.size,
                                             .lo = o.lo, .hi = o.hi };
}

void emit_rm(struct emit *e, uint32_t op, int w, int reg, struct opnd o, int tail)
{
    if (!o.mem) {
        x_rr(&e->b, op, w, reg, o.reg);
        return;
    }
    x_rm(&e->b, op, w, reg, o.m);
    if (o.pooled)
        pool_add(e, o, tail);
}

void emit_vec(struct emit *e, uint32_t op, int w, int reg, int src1, struct opnd o, int tail)
{
    if (!e->avx) {
        emit_rm(e, op, w, VEC(reg), o, tail);
        return;
    }
    if (o.mem)
        v_rm(&e->b, op, w, VEC(reg), VEC(src1), o.m);
    else
        v_rr(&e->b, op, w, VEC(reg), VEC(src1), o.reg);
    if (o.pooled)
        pool_add(e, o, tail);
}

/* ---- moves --------------------------------------------------------------------------------- */

/* vvvv must be 1111b (register 0 in this notation is inverted: 0 encodes as 1111) when unused */
static void vec_load(struct emit *e, int type, int rd, struct opnd o)
{
    uint32_t op = type == T_F32 ? XOP(X_F3, X_0F, 0x10) : type == T_F64 ? XOP(X_F2, X_0F, 0x10) :
                  XOP(X_P0, X_0F, 0x10);
    emit_vec(e, op, 4, rd, 0, o, 0);
}

static void vec_store(struct emit *e, int type, int rs, struct xmem m)
{
    uint32_t op = type == T_F32 ? XOP(X_F3, X_0F, 0x11) : type == T_F64 ? XOP(X_F2, X_0F, 0x11) :
                  XOP(X_P0, X_0F, 0x11);
    emit_vec(e, op, 4, rs, 0, opnd_mem(m), 0);
}

void emit_move(struct emit *e, int type, int rd, int rs)
{
    if (rd >= XMM0)
        emit_vec(e, XOP(X_P0, X_0F, 0x28), 4, rd, 0, opnd_reg(rs), 0);
    else
        x_rr(&e->b, 0x8b, type == T_I32 ? 4 : 8, rd, rs);
}

static void load_const(struct emit *e, uint32_t v, int rd, bool keep_flags)
{
    struct ir_ins *i = &e->f->ins[v];
    uint64_t k = ir_imm(i);

    if (rd < XMM0 && k == 0 && !keep_flags)
        x_rr(&e->b, 0x31, 4, rd, rd);
    else if (rd < XMM0)
        x_mov_ri(&e->b, rd, k);
    else if (k == 0)
        emit_vec(e, XOP(X_P0, X_0F, 0x57), 4, rd, rd, opnd_reg(rd), 0);
    else if (i->type == T_V128 &&
             (ir_vector(e->f, i->b).lo & ir_vector(e->f, i->b).hi) == UINT64_MAX)
        emit_vec(e, XOP(X_66, X_0F, 0x76), 4, rd, rd, opnd_reg(rd), 0);
    else
        vec_load(e, i->type, rd, home(e, v));
}

static void load_home(struct emit *e, uint32_t v, int type, int rd)
{
    if (e->f->ins[v].op == IR_CONST)
        load_const(e, v, rd, false);
    else if (rd >= XMM0)
        vec_load(e, type, rd, home(e, v));
    else
        x_rm(&e->b, 0x8b, type == T_I32 ? 4 : 8, rd, mem_at(RSP, e->l->slot[v]));
}

/* all 64 bits: a slot of an i32 may be read as an i64 */
static void store_at(struct emit *e, int type, int rs, struct xmem m)
{
    if (rs >= XMM0)
        vec_store(e, type, rs, m);
    else
        x_rm(&e->b, 0x89, 8, rs, m);
}

static void store_home(struct emit *e, uint32_t v, int rs)
{
    store_at(e, e->f->ins[v].type, rs, mem_at(RSP, e->l->slot[v]));
}

/* v, just defined, goes to its home slot if anybody wants it there */
static void keep(struct emit *e, uint32_t v)
{
    if (e->l->spilled[v] && e->l->def_reg[v] != NOREG)
        store_home(e, v, e->l->def_reg[v]);
}

static struct xmem stack_in(struct emit *e, uint32_t word)
{
    return mem_at(RSP, (int32_t)(e->frame + 8 * e->saved + 8 + 8 * word));
}

static struct xmem move_dst(struct emit *e, struct pmove *p)
{
    if (p->rd == PM_OUT)
        return mem_at(RSP, (int32_t)(8 * p->to));
    if (p->rd == PM_RET)
        return stack_in(e, abi_area_words(e->f->type, e->f->tail_words) + p->to);
    return mem_at(RSP, e->l->slot[p->to]);
}

/* Memory to memory without a register: a constant in pieces, else through the top of the stack. */
static void move_memory(struct emit *e, struct pmove *p, struct xmem to, bool cst)
{
    struct ir_ins *i = &e->f->ins[p->from];
    struct xmem from = p->rs == PM_IN ? mem_at(RSP, (int32_t)(8 * p->from)) :
                       mem_at(RSP, cst ? 0 : e->l->slot[p->from]);
    struct ir_vector k =
        !cst || i->type != T_V128 ? (struct ir_vector){ ir_imm(i), 0 } : ir_vector(e->f, i->b);

    for (int at = 0; at < (p->type == T_V128 ? 16 : 8); at += 8, to.disp += 8, from.disp += 8) {
        uint64_t word = at ? k.hi : k.lo;
        if (!cst) {
            emit_site(e, 0, WASM_TRAP_STACK, false);
            x_rm(&e->b, 0xff, 4, 6, from);
            x_rm(&e->b, 0x8f, 4, 0, to);
            continue;
        }
        x_rm(&e->b, 0xc7, 4, 0, to);
        x_u32(&e->b, (uint32_t)word);
        to.disp += 4;
        x_rm(&e->b, 0xc7, 4, 0, to);
        x_u32(&e->b, (uint32_t)(word >> 32));
        to.disp -= 4;
    }
}

static void one_move(struct emit *e, struct pmove *p)
{
    bool cst = p->rs == PM_SLOT && e->f->ins[p->from].op == IR_CONST;

    emit_room(e);
    if (p->rd < 32) {
        if (p->rs < 32)
            emit_move(e, p->type, p->rd, p->rs);
        else if (p->rs == PM_IN)
            store_at(e, p->type, p->rd, mem_at(RSP, (int32_t)(8 * p->from)));
        else
            load_home(e, p->from, p->type, p->rd);
        return;
    }
    struct xmem to = move_dst(e, p);
    if (p->rs < 32) {
        store_at(e, p->type, p->rs, to);
    } else if (e->held) {
        move_memory(e, p, to, cst);
    } else if (cst && !ir_is_vec(p->type) &&
               (int64_t)ir_imm(&e->f->ins[p->from]) == (int32_t)e->f->ins[p->from].b) {
        x_rm(&e->b, 0xc7, 8, 0, to);
        x_u32(&e->b, e->f->ins[p->from].b);
    } else {
        struct opnd o =
            p->rs == PM_IN ? opnd_mem(mem_at(RSP, (int32_t)(8 * p->from))) : home(e, p->from);
        int type = p->type == T_V128 ? T_V128 : o.pooled && o.size == 4 ? T_F32 : T_F64;
        vec_load(e, type, XSCRATCH, o);
        vec_store(e, p->type == T_V128 ? T_V128 : T_F64, XSCRATCH, to);
    }
}

/* A cycle is left: p's source moves to the scratch register, which nothing else may use until it
 * leaves. */
static void to_scratch(struct emit *e, struct pmove *p, uint32_t from)
{
    if (from < XMM0)
        emit_vec(e, XOP(X_66, X_0F, 0x6e), 8, XSCRATCH, 0, opnd_reg((int)from), 0);
    else if (from < 32)
        emit_move(e, T_V128, XSCRATCH, (int)from);
    else
        vec_load(e, p->type == T_V128 ? T_V128 : T_F64, XSCRATCH, home(e, p->from));
    e->held = true;
}

static void from_scratch(struct emit *e, struct pmove *p)
{
    if (p->rd < XMM0)
        emit_vec(e, XOP(X_66, X_0F, 0x7e), 8, XSCRATCH, 0, opnd_reg(p->rd), 0);
    else if (p->rd < 32)
        emit_move(e, T_V128, p->rd, XSCRATCH);
    else
        vec_store(e, p->type == T_V128 ? T_V128 : T_F64, XSCRATCH, move_dst(e, p));
    e->held = false;
}

static void move_step(void *ctx, int kind, uint32_t k, uint32_t from)
{
    struct emit *e = ctx;
    struct pmove *p = &e->l->pool[e->first_move + k];

    emit_room(e);
    switch (kind) {
    case MOVE_SWAP: x_rr(&e->b, 0x87, 8, p->rd, (int)from); break;
    case MOVE_SAVE: to_scratch(e, p, from); break;
    case MOVE_RESTORE: from_scratch(e, p); break;
    default:
        if (from < 32)
            p->rs = (uint8_t)from;      /* an exchange may have put it there */
        one_move(e, p);
    }
}

static bool is_nop(struct emit *e, struct pmove *p)
{
    return (p->rd < 32 && p->rd == p->rs) ||
           (p->rd == PM_SLOT && p->rs == PM_SLOT && e->f->ins[p->from].op != IR_CONST &&
            e->l->slot[p->from] == e->l->slot[p->to]);
}

/* registers are places 0 to 31, slots follow */
static uint32_t slot_place(struct emit *e, uint32_t v)
{
    return 32 + (uint32_t)e->l->slot[v] / 8;
}

static void parallel_moves(struct emit *e, uint32_t first, uint32_t n)
{
    e->first_move = first;
    for (uint32_t k = 0; k < n; k++) {
        struct pmove *p = &e->l->pool[first + k];
        struct place_move *m = &e->moves.m[k];
        m->to = p->rd < 32 ? p->rd : p->rd == PM_SLOT ? slot_place(e, p->to) : MOVE_OUTSIDE;
        if (p->rs < 32)
            m->from = p->rs;
        else if (p->rs == PM_SLOT && e->f->ins[p->from].op != IR_CONST)
            m->from = slot_place(e, p->from);
        else
            m->from = MOVE_OUTSIDE;
    }
    moves_run(&e->moves, n);
}

/* Needs the slots: the largest one says how many places there are. */
static void prepare_moves(struct emit *e)
{
    struct lfunc *l = e->l;
    uint32_t most = 0, places = 32;

    for (uint32_t k = 1; k < l->nedge; k++)
        most = l->edge[k].nmoves > most ? l->edge[k].nmoves : most;
    for (uint32_t k = 0; k < l->nmi; k++)
        if (l->mi[k].kind == MI_PMOVE && l->mi[k].b > most)
            most = l->mi[k].b;
    for (uint32_t v = 1; v < e->f->nins; v++)
        if (l->slot[v] >= 0 && slot_place(e, v) >= places)
            places = slot_place(e, v) + 1;
    e->moves = (struct moves){ .nswap = XMM0, .step = move_step, .ctx = e };
    e->moves.m = arena_alloc(e->arena, (most + 1) * sizeof *e->moves.m);
    e->moves.queue = arena_alloc(e->arena, (most + 1) * sizeof *e->moves.queue);
    e->moves.readers = arena_alloc(e->arena, places * sizeof *e->moves.readers);
    e->moves.reader = arena_alloc(e->arena, places * sizeof *e->moves.reader);
    e->moves.writer = arena_alloc(e->arena, places * sizeof *e->moves.writer);
}

/* ---- control flow -------------------------------------------------------------------------- */

static void jump(struct emit *e, uint32_t block)
{
    if (block == e->next)
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

static struct edge *edge_to(struct emit *e, uint32_t from, uint32_t to)
{
    for (uint32_t k = e->l->edges_of[from]; k; k = e->l->edge[k].next)
        if (e->l->edge[k].to == to)
            return &e->l->edge[k];
    return &e->l->edge[0];
}

static void edge_moves(struct emit *e, struct edge *ed)
{
    parallel_moves(e, ed->moves, ed->nmoves);
}

/* moves of an edge that do something, now that slots are known */
static bool real_moves(struct emit *e, struct edge *ed)
{
    for (uint32_t k = ed->moves; k < ed->moves + ed->nmoves; k++)
        if (!is_nop(e, &e->l->pool[k]))
            return true;
    return false;
}

static int invert(int cc)
{
    return cc ^ 1;      /* CC_FEQ and CC_FNE are a pair too */
}

static void term_jcc(struct emit *e, uint32_t b, int cc)
{
    struct ir_block *bl = &e->f->blocks[b];
    uint32_t yes = bl->succ[0], no = bl->succ[1];
    struct edge *ey = edge_to(e, b, yes), *en = edge_to(e, b, no);
    bool my = real_moves(e, ey), mn = real_moves(e, en);

    if (!my && (mn || no == e->next || yes != e->next)) {
        emit_branch(e, cc, yes);
        edge_moves(e, en);
        jump(e, no);
    } else if (!mn) {
        emit_branch(e, invert(cc), no);
        edge_moves(e, ey);
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
        edge_moves(e, ey);
        emit_room(e);
        x_byte(&e->b, 0xe9);
        fix_block(e, yes)->fixed = true;
        for (size_t k = 0; k < n; k++)
            x_patch32(&e->b, at[k], (uint32_t)(e->b.n - at[k] - 4));
        edge_moves(e, en);
        emit_room(e);
        jump(e, no);
    }
}

static void term_switch(struct emit *e, uint32_t b, struct mi *m)
{
    struct ir_block *bl = &e->f->blocks[b];
    uint32_t n = bl->c, def = e->f->args[bl->b + n - 1];
    struct edge *other = edge_to(e, b, def);
    bool stub = real_moves(e, other);
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
    GROW(e, table, ntable, captable);
    x_rm(&e->b, 0x8d, 8, m->t1, (struct xmem){ .base = 0xff, .index = 0xff, .rip = 1 });
    e->table[e->ntable++] = (struct table){ .lea = e->b.n - 4, .block = b };
    struct xmem entry = { .base = m->t1, .index = m->r1, .scale = 4 };
    x_rm(&e->b, 0x63, 8, m->rd, entry);
    x_rr(&e->b, 0x03, 8, m->rd, m->t1);
    x_rr(&e->b, 0xff, 4, 4, m->rd);
    /* edges with moves, each once; the rows of the table and the default lead here */
    for (uint32_t k = e->l->edges_of[b]; k; k = e->l->edge[k].next) {
        struct edge *x = &e->l->edge[k];
        if (!real_moves(e, x))
            continue;
        emit_room(e);
        x->stub = e->b.n;
        edge_moves(e, x);
        emit_room(e);
        x_byte(&e->b, 0xe9);
        fix_block(e, x->to)->fixed = true;
    }
    if (stub)
        x_patch32(&e->b, to_default, (uint32_t)(other->stub - to_default - 4));
}

/* Jump tables stand behind the function: rows count from the start of their table. */
static void finish_tables(struct emit *e)
{
    for (uint32_t k = 0; k < e->ntable; k++) {
        struct table *t = &e->table[k];
        struct ir_block *bl = &e->f->blocks[t->block];
        for (uint32_t x = e->l->edges_of[t->block]; x; x = e->l->edge[x].next)
            e->target[e->l->edge[x].to] =
                e->l->edge[x].stub ? e->l->edge[x].stub : e->block_at[e->l->edge[x].to];
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

static void pop_frame(struct emit *e)
{
    if (e->frame)
        x_alu_ri(&e->b, 0, 8, RSP, (int32_t)e->frame);
    for (int k = 3; k >= 0; k--)
        if (e->l->callee_used & BIT(saved_regs[k]))
            x_pop(&e->b, saved_regs[k]);
}

static void epilogue(struct emit *e)
{
    pop_frame(e);
    x_byte(&e->b, 0xc3);
}

/* Stack arguments of a tail call, from the outgoing area to where this function's own stand. */
static void move_arguments(struct emit *e, const struct wasm_functype *t)
{
    uint32_t n = abi_param_words(t);

    for (uint32_t k = 0; k < n; k++) {
        emit_room(e);
        x_rm(&e->b, 0x8b, 8, R10, mem_at(RSP, (int32_t)(8 * k)));
        x_rm(&e->b, 0x89, 8, R10, stack_in(e, k));
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
    epilogue(e);
    emit_here8(e, compiled);
    x_rm(b, 0x8b, 8, RAX, mem_at(c.base, c.code));
    move_arguments(e, t);
    pop_frame(e);
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
    pop_frame(e);
    emit_room(e);
    x_byte(&e->b, 0xe9);
    emit_func_rel(e, c->c);
}

static void terminator(struct emit *e, uint32_t b, struct lir *x, struct mi *m)
{
    struct ir_block *bl = &e->f->blocks[b];

    emit_room(e);
    switch (x->op) {
    case L_JMP:
        edge_moves(e, edge_to(e, b, bl->succ[0]));
        emit_room(e);
        jump(e, bl->succ[0]);
        break;
    case L_JCC: term_jcc(e, b, x->sub); break;
    case L_SWITCH: term_switch(e, b, m); break;
    case L_RET: epilogue(e); break;
    case L_TAIL: term_tail(e, x); break;
    default:
        emit_site(e, x->pos, x->sub, false);
        x_byte(&e->b, 0x0f);
        x_byte(&e->b, 0x0b);
        break;
    }
}

/* ---- frame --------------------------------------------------------------------------------- */

struct slots { uint32_t *expire, *next, *free8, nfree8, *free16, nfree16, top; bool wide; };

static void slot_give(struct emit *e, struct slots *s, uint32_t v)
{
    struct lfunc *l = e->l;
    uint32_t size = e->f->ins[v].type == T_V128 ? 2 : 1;

    if (!l->spilled[v] || l->slot[v] >= 0)
        return;
    if (size == 1 && s->nfree8) {
        l->slot[v] = (int32_t)s->free8[--s->nfree8];
    } else if (size == 2 && s->nfree16) {
        l->slot[v] = (int32_t)s->free16[--s->nfree16];
    } else {
        if (size == 2 && ((s->top + l->out_words) & 1))
            s->free8[s->nfree8++] = s->top++;
        s->wide |= size == 2;
        l->slot[v] = (int32_t)s->top;
        s->top += size;
    }
    s->next[v] = s->expire[l->end_of[v]];
    s->expire[l->end_of[v]] = v;
}

static void slots_expire(struct emit *e, struct slots *s, uint32_t i)
{
    for (uint32_t v = s->expire[i]; v; v = s->next[v]) {
        if (e->f->ins[v].type == T_V128)
            s->free16[s->nfree16++] = (uint32_t)e->l->slot[v];
        else
            s->free8[s->nfree8++] = (uint32_t)e->l->slot[v];
    }
}

/*
 * Home slots by a scan over the live ranges: [definition, end_of], loops counted. Those of vectors
 * are aligned, and never cut into smaller ones: slots of one edge's moves are the same or apart.
 */
static void assign_slots(struct emit *e)
{
    struct lfunc *l = e->l;
    struct ir_func *f = e->f;
    struct slots s = { 0 };

    s.expire = arena_alloc(e->arena, (l->n + 1) * 4);
    s.next = arena_raw(e->arena, f->nins * 4);
    s.free8 = arena_raw(e->arena, (size_t)f->nins * 8);
    s.free16 = arena_alloc(e->arena, (size_t)f->nins * 4);
    l->slot = arena_raw(e->arena, f->nins * sizeof *l->slot);
    memset(l->slot, 0xff, f->nins * sizeof *l->slot);
    struct abi_walk w = { 0 };
    struct abi_loc *loc = arena_alloc(e->arena, (f->type->nparams + 1) * sizeof *loc);
    for (uint32_t k = 0; k < f->type->nparams; k++)
        loc[k] = abi_next(&w, ir_type_of(f->type->params[k]));
    /* stack parameters: marked, see below */
    for (uint32_t v = f->blocks[1].first; v; v = f->ins[v].next)
        if (f->ins[v].op == IR_PARAM && loc[f->ins[v].b].reg == NOREG)
            l->slot[v] = INT32_MAX - (int32_t)loc[f->ins[v].b].word;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        if (b != 1 && !f->blocks[b].npreds)
            continue;
        for (uint32_t v = f->blocks[b].first;
             v && (f->ins[v].op == IR_PHI || f->ins[v].op == IR_PARAM);
             v = f->ins[v].next)
            slot_give(e, &s, v);
        uint32_t to = f->blocks[b].term == TERM_INVOKE ? f->blocks[b].succ[1] : 0;
        for (uint32_t v = to ? f->blocks[to].first : 0; v && f->ins[v].op == IR_PHI;
             v = f->ins[v].next)
            slot_give(e, &s, v);        /* written before the calls */
        for (uint32_t i = l->block_first[b]; i >= l->block_last[b]; i--) {
            struct lir *x = &l->lir[i];
            if (x->dst)
                slot_give(e, &s, x->dst);
            if (lir_mode(l, x->op) & LC_CALL)
                for (uint32_t v = f->ins[x->s1].next; v && f->ins[v].op == IR_RESULT;
                     v = f->ins[v].next)
                    slot_give(e, &s, v);
            slots_expire(e, &s, i);
        }
    }
    e->saved = (uint32_t)__builtin_popcount(l->callee_used & R_CALLEE);
    e->frame = 8 * (l->out_words + s.top);
    if ((l->has_calls || s.wide) && ((e->frame + 8 * e->saved + 8) & 15))
        e->frame += 8;
    for (uint32_t v = 1; v < f->nins; v++) {
        if (l->slot[v] > INT32_MAX - 70000)
            l->slot[v] = stack_in(e, (uint32_t)(INT32_MAX - l->slot[v])).disp;
        else if (l->slot[v] >= 0)
            l->slot[v] = (int32_t)(8 * (l->out_words + (uint32_t)l->slot[v]));
    }
}

/* Prologue sites carry the number of pushed words in `pos`, for stack walks through an overflow. */
static void prologue(struct emit *e)
{
    uint32_t pushed = 0;

    for (int k = 0; k < 4; k++) {
        if (!(e->l->callee_used & BIT(saved_regs[k])))
            continue;
        emit_site(e, pushed++, SITE_PROLOGUE, false);
        x_push(&e->b, saved_regs[k]);
    }
    if (!e->frame)
        return;
    if (e->frame >= 4096) {         /* larger than the guard: compare first */
        x_rm(&e->b, 0x8d, 8, RAX, mem_at(RSP, -(int32_t)e->frame));
        x_rm(&e->b, 0x3b, 8, RAX, mem_at(R14, offsetof(struct wasm_instance, stack_limit)));
        x_byte(&e->b, 0x73);        /* jae over ud2 */
        x_byte(&e->b, 2);
        emit_site(e, pushed, SITE_PROLOGUE, false);
        x_byte(&e->b, 0x0f);
        x_byte(&e->b, 0x0b);
    }
    x_alu_ri(&e->b, 5, 8, RSP, (int32_t)e->frame);
}

/* ---- the function -------------------------------------------------------------------------- */

static void keep_results(struct emit *e, struct lir *x)
{
    if (!(lir_mode(e->l, x->op) & LC_CALL)) {
        if (x->dst)
            keep(e, x->dst);
        return;
    }
    keep(e, x->s1);
    for (uint32_t v = e->f->ins[x->s1].next; v && e->f->ins[v].op == IR_RESULT;
         v = e->f->ins[v].next)
        keep(e, v);
}

/* Does the next operation read flags that an operation before m has set? */
static bool flags_live(struct emit *e, struct mi *m)
{
    struct mi *end = e->l->mi + e->l->nmi;

    while (m < end && m->kind != MI_LIR)
        m++;
    return m < end && (lir_mode(e->l, e->l->lir[m->a].op) & LC_FLAGS);
}

static void emit_mi(struct emit *e, uint32_t b, struct mi *m)
{
    emit_room(e);
    switch (m->kind) {
    case MI_MOVE: emit_move(e, m->type, m->rd, m->r1); break;
    case MI_RELOAD: load_home(e, m->a, m->type, m->rd); break;
    case MI_CONST: load_const(e, m->a, m->rd, flags_live(e, m)); break;
    case MI_PMOVE: parallel_moves(e, m->a, m->b); break;
    case MI_UNWIND: edge_moves(e, edge_to(e, b, m->a)); break;
    default: {
        struct lir *x = &e->l->lir[m->a];
        if (lir_mode(e->l, x->op) & LC_TERM) {
            terminator(e, b, x, m);
        } else {
            e->landing = lir_mode(e->l, x->op) & LC_CALL ? (uint32_t)x->imm : 0;
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
    e->flags_at = SIZE_MAX;     /* others may jump here */
    e->next = b + 1;
    while (e->next < f->nblocks && !f->blocks[e->next].npreds)
        e->next++;
    for (uint32_t v = f->blocks[b].first; v && (f->ins[v].op == IR_PHI || f->ins[v].op == IR_PARAM);
         v = f->ins[v].next) {
        emit_room(e);
        if (e->l->entry_reg[v] != NOREG)
            keep(e, v);
    }
    for (uint32_t k = e->l->block_mi[b]; k < e->l->block_mi[b + 1]; k++)
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
    e->block_at = arena_alloc(e->arena, f->nblocks * sizeof *e->block_at);
    e->target = arena_raw(e->arena, f->nblocks * sizeof *e->target);
    assign_slots(e);
    prepare_moves(e);
    if (f->m->funcs[f->index].escapes)
        entries(e);
    prologue(e);
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
    finish_tables(e);
    finish_pool(e);
}
