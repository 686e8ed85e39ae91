/*
 * emit_move.c - operands of instructions, and moves: between registers and slots, one at a time
 * and many at once (moves.c). xmm15 is scratch.
 */
#include "wasm/image.h"

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

struct opnd emit_home(struct emit *e, uint32_t v)
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
    return r == RMEM ? emit_home(e, v) : opnd_reg(r);
}

static void pool_add(struct emit *e, struct opnd o, int tail)
{
    EMIT_GROW(e, pool, npool, cappool);
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

void emit_const(struct emit *e, uint32_t v, int rd, bool keep_flags)
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
        vec_load(e, i->type, rd, emit_home(e, v));
}

void emit_load_home(struct emit *e, uint32_t v, int type, int rd)
{
    if (e->f->ins[v].op == IR_CONST)
        emit_const(e, v, rd, false);
    else if (rd >= XMM0)
        vec_load(e, type, rd, emit_home(e, v));
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
void emit_keep(struct emit *e, uint32_t v)
{
    if (e->l->spilled[v] && e->l->def_reg[v] != NOREG)
        store_home(e, v, e->l->def_reg[v]);
}

struct xmem emit_stack_in(struct emit *e, uint32_t word)
{
    return mem_at(RSP, (int32_t)(e->frame + 8 * e->saved + 8 + 8 * word));
}

static struct xmem move_dst(struct emit *e, struct pmove *p)
{
    if (p->rd == PM_OUT)
        return mem_at(RSP, (int32_t)(8 * p->to));
    if (p->rd == PM_RET)
        return emit_stack_in(e, abi_area_words(e->f->type, e->f->tail_words) + p->to);
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
            emit_load_home(e, p->from, p->type, p->rd);
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
            p->rs == PM_IN ? opnd_mem(mem_at(RSP, (int32_t)(8 * p->from))) : emit_home(e, p->from);
        int type = p->type == T_V128 ? T_V128 : o.pooled && o.size == 4 ? T_F32 : T_F64;
        vec_load(e, type, XSCRATCH, o);
        vec_store(e, p->type == T_V128 ? T_V128 : T_F64, XSCRATCH, to);
    }
}

/* A cycle is left: p's source moves to a spare register, or to the scratch register, which nothing
 * else may use until it leaves. */
static void to_scratch(struct emit *e, struct pmove *p, uint32_t from)
{
    if (from < XMM0 && e->spare != NOREG) {
        x_rr(&e->b, 0x8b, 8, e->spare, (int)from);
        return;
    }
    if (from < XMM0)
        emit_vec(e, XOP(X_66, X_0F, 0x6e), 8, XSCRATCH, 0, opnd_reg((int)from), 0);
    else if (from < 32)
        emit_move(e, T_V128, XSCRATCH, (int)from);
    else
        vec_load(e, p->type == T_V128 ? T_V128 : T_F64, XSCRATCH, emit_home(e, p->from));
    e->held = true;
}

static void from_scratch(struct emit *e, struct pmove *p)
{
    if (!e->held && p->rd < XMM0)
        x_rr(&e->b, 0x8b, 8, p->rd, e->spare);
    else if (!e->held)
        x_rm(&e->b, 0x89, 8, e->spare, move_dst(e, p));
    else if (p->rd < XMM0)
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

bool emit_move_nop(struct emit *e, struct pmove *p)
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

void emit_moves(struct emit *e, uint32_t first, uint32_t n, uint8_t spare)
{
    e->spare = spare;
    e->moves.nswap = spare == NOREG ? XMM0 : 0;     /* three moves cost no more than an xchg */
    e->first_move = first;
    if (n == 1) {
        struct pmove *p = &e->l->pool[first];
        if (!emit_move_nop(e, p))
            one_move(e, p);
        return;
    }
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
void emit_prepare_moves(struct emit *e)
{
    struct lfunc *l = e->l;
    uint32_t most = 0, places = 32;

    for (uint32_t k = 1; k < l->nedge; k++)
        most = l->edge[k].nmoves > most ? l->edge[k].nmoves : most;
    for (uint32_t k = 0; k < l->nmi; k++)
        if (l->mi[k].kind == MI_PMOVE && l->mi[k].b > most)
            most = l->mi[k].b;
    for (uint32_t v = 1; l->any_spilled && v < e->f->nins; v++)
        if (l->slot[v] >= 0 && slot_place(e, v) >= places)
            places = slot_place(e, v) + 1;
    e->moves = (struct moves){ .nswap = XMM0, .step = move_step, .ctx = e };
    e->moves.m = arena_raw(e->arena, (most + 1) * sizeof *e->moves.m);
    e->moves.queue = arena_raw(e->arena, (most + 1) * sizeof *e->moves.queue);
    e->moves.readers = arena_alloc(e->arena, places * sizeof *e->moves.readers);
    e->moves.reader = arena_alloc(e->arena, places * sizeof *e->moves.reader);
    e->moves.writer = arena_alloc(e->arena, places * sizeof *e->moves.writer);
}
