/*
 * build_eh.c - exceptions: the legacy instructions (try, catch, catch_all, delegate, rethrow) and
 * the standard ones (try_table, throw, throw_ref).
 *
 * A call inside of a try ends its block (TERM_INVOKE): it has a normal successor and a landing
 * block, which all calls of one try share. There IR_LANDING is the exception; its tag is compared
 * with one clause after the other, and what matches none is thrown on, from outside of this try.
 * Exceptions are references to objects of the runtime (exception.c).
 */
#include "wasm/build.h"

enum { CATCH, CATCH_REF, CATCH_ALL, CATCH_ALL_REF };

/* ---- edges to landing blocks ---------------------------------------------------------------- */

static struct frame *try_frame(struct build *b)
{
    return b->try_at ? &b->frames[b->try_at - 1] : NULL;
}

void build_may_throw(struct build *b, uint32_t call)
{
    struct frame *fr = try_frame(b);
    uint32_t block = b->cur;
    if (!block || !fr)
        return;
    build_block_end(b, TERM_INVOKE)->a = call;
    GROW(b->f->temp, b->edges, b->nedges, b->cap_edges, 1);
    uint32_t e = b->nedges++;
    b->edges[e] = (struct edge){ 0, block, 1, 0, false };
    if (fr->last_exc)
        b->edges[fr->last_exc].next = e;
    else
        fr->exc = e;
    fr->last_exc = e;
    fr->nexc++;
    b->cur = build_block_after(b, block, 0, build_next_time(b));
}

/* The calls of a try that handles nothing: to an outer one, or to nobody. */
static void pass_on(struct build *b, struct frame *fr, struct frame *to)
{
    if (!fr->exc)
        return;
    if (!to) {
        for (uint32_t e = fr->exc; e; e = b->edges[e].next)
            b->f->blocks[b->edges[e].block].term = TERM_JUMP;
        return;
    }
    if (to->last_exc)
        b->edges[to->last_exc].next = fr->exc;
    else
        to->exc = fr->exc;
    to->last_exc = fr->last_exc;
    to->nexc += fr->nexc;
}

/* The landing block of a try begins; the exception, 0 if nothing can get here. */
static uint32_t landing(struct build *b, struct frame *fr)
{
    struct ir_func *f = b->f;
    uint32_t n = 0, dom = 0;
    b->cur = 0;
    if (!fr->exc)
        return 0;
    uint32_t k = b->cur = build_block(b, b->time), at = build_args(b, fr->nexc);
    for (uint32_t e = fr->exc; e; e = b->edges[e].next) {
        uint32_t from = b->edges[e].block;
        f->blocks[from].succ[1] = k;
        f->args[at + n++] = from;
        dom = dom ? ir_dom_common(f, dom, from) : from;
    }
    f->blocks[k].preds = at;
    f->blocks[k].npreds = n;
    f->blocks[k].landing = true;
    ir_dom_link(f, k, dom);
    return build_ins(b, IR_LANDING, T_REF, 0, 0, 0);
}

/* ---- throwing ------------------------------------------------------------------------------ */

static void throw_exn(struct build *b, uint32_t exn)
{
    if (!b->cur)
        return;
    build_may_throw(b, build_call_rt(b, RT_THROW, T_NONE, &exn, 1, 0));
    build_block_end(b, TERM_TRAP)->a = WASM_TRAP_UNREACHABLE;
}

static uint32_t tag_index(struct build *b)
{
    uint32_t i = rd_u32(&b->r);
    if (i >= b->m->ntags && rd_ok(&b->r))
        BUILD_INVALID(b, "unknown tag %u", i);
    return rd_ok(&b->r) ? i : 0;
}

static const struct wasm_functype *tag_type(struct build *b, uint32_t tag)
{
    return &b->m->types[b->m->tags[tag].type];
}

static void op_throw(struct build *b)
{
    uint32_t tag = tag_index(b);
    if (!rd_ok(&b->r))
        return;
    const struct wasm_functype *t = tag_type(b, tag);
    uint32_t vals = build_pop_vals(b, t->params, t->nparams);
    uint32_t exn = build_call_rt(b, RT_EXN_NEW, T_REF, NULL, 0, tag);
    for (uint32_t i = 0; i < t->nparams && rd_ok(&b->r); i++) {
        uint32_t v[2] = { exn, b->vals[vals + i] };
        int type = ir_type_of(t->params[i]);
        int rt = type == T_V128 ? RT_EXN_SET_VEC : type >= T_F32 && type <= T_F64 ? RT_EXN_SET_FLOAT
                                                                               : RT_EXN_SET_INT;
        build_call_rt(b, rt, T_NONE, v, 2, i);
    }
    throw_exn(b, exn);
    build_unreachable(b);
}

static void op_throw_ref(struct build *b)
{
    throw_exn(b, build_pop(b, WASM_EXNREF));
    build_unreachable(b);
}

static void op_rethrow(struct build *b)
{
    struct frame *fr = build_label(b, rd_u32(&b->r));
    if (fr->kind != FR_CATCH && rd_ok(&b->r))
        BUILD_INVALID(b, "invalid rethrow label");
    throw_exn(b, fr->exn);
    build_unreachable(b);
}

/* ---- catching ------------------------------------------------------------------------------ */

/* Branches on whether the exception has this tag: goes on where it has; returns the block that
 * asks. */
static uint32_t match(struct build *b, uint32_t exn, uint32_t tag, uint32_t start)
{
    uint32_t block = b->cur;
    if (!block)
        return 0;
    uint32_t is = build_call_rt(b, RT_EXN_MATCH, T_I32, &exn, 1, tag);
    build_block_end(b, TERM_BR)->a = is;
    b->cur = build_block_after(b, block, 0, start);
    return block;
}

/* Pushes what a tag's exception carries. */
static void push_values(struct build *b, uint32_t exn, uint32_t tag)
{
    const struct wasm_functype *t = tag_type(b, tag);
    for (uint32_t i = 0; i < t->nparams && rd_ok(&b->r); i++) {
        int type = ir_type_of(t->params[i]);
        int rt = type == T_V128 ? RT_EXN_GET_VEC : type >= T_F32 && type <= T_F64 ? RT_EXN_GET_FLOAT
                                                                               : RT_EXN_GET_INT;
        build_push(b, build_call_rt(b, rt, type, &exn, 1, i), t->params[i]);
    }
}

/* Control leaves the end of a body or handler for the end of the frame. */
static void leave(struct build *b, struct frame *fr, uint32_t vals)
{
    uint32_t block = b->cur;
    if (!block)
        return;
    build_block_end(b, TERM_JUMP);
    build_edge(b, fr, block, 0, vals);
    b->cur = 0;
}

static void op_try(struct build *b)
{
    struct blocktype t = build_block_type(b);
    uint32_t vals = build_pop_vals(b, t.params, t.nparams);
    if (!rd_ok(&b->r))
        return;
    build_frame(b, FR_TRY, t);
    b->try_at = b->nframes;
    build_push_vals(b, t.params, t.nparams, vals);
}

static void op_catch(struct build *b, bool all)
{
    struct frame *fr = build_top(b);
    uint32_t tag = all ? 0 : tag_index(b);
    if ((fr->kind != FR_TRY && fr->kind != FR_CATCH) || fr->catch_all) {
        BUILD_MALFORMED(b, "unexpected catch");
        return;
    }
    uint32_t vals = build_frame_results(b, fr);
    if (!rd_ok(&b->r))
        return;
    leave(b, fr, vals);
    if (fr->kind == FR_TRY) {
        b->try_at = fr->outer_try;
        fr->exn = landing(b, fr);
    } else if (fr->else_block) {
        b->cur = build_block_after(b, fr->else_block, 1, b->time);
    }
    fr->kind = FR_CATCH;
    fr->catch_all = all;
    fr->unreachable = false;
    fr->else_block = all ? 0 : match(b, fr->exn, tag, build_next_time(b));
    if (!all)
        push_values(b, fr->exn, tag);
}

static void op_delegate(struct build *b)
{
    struct frame *fr = build_top(b), *to = NULL;
    uint32_t depth = rd_u32(&b->r);
    if (fr->kind != FR_TRY) {
        BUILD_MALFORMED(b, "delegate without try");
        return;
    }
    uint32_t vals = build_frame_results(b, fr);
    if (depth >= b->nframes - b->in.frames - 1 && rd_ok(&b->r))
        BUILD_INVALID(b, "unknown label %u", depth);
    if (!rd_ok(&b->r))
        return;
    b->try_at = fr->outer_try;
    b->nframes--;
    to = build_label(b, depth);
    if (to->kind != FR_TRY && to->kind != FR_TRYTABLE)
        to = to->outer_try ? &b->frames[to->outer_try - 1] : NULL;
    pass_on(b, fr, to);
    build_join(b, fr, vals);
}

/* ---- try_table ----------------------------------------------------------------------------- */

/* The types that a clause passes to its label must be the label's. */
static void check_clause(struct build *b, uint8_t kind, uint32_t tag, uint32_t depth)
{
    uint32_t n, have = 0;
    const uint8_t *types = build_label_types(build_label(b, depth), &n);
    if (!rd_ok(&b->r))
        return;
    const struct wasm_functype *t = kind <= CATCH_REF ? tag_type(b, tag) : NULL;
    bool ref = kind & 1, same;
    have = (t ? t->nparams : 0) + ref;
    same = have == n && (!t || !memcmp(types, t->params, t->nparams)) &&
           (!ref || types[n - 1] == WASM_EXNREF);
    if (!same)
        BUILD_INVALID(b, "type mismatch between a catch clause and its label");
}

static void op_try_table(struct build *b)
{
    struct blocktype t = build_block_type(b);
    uint32_t at = b->r.pos;
    for (uint32_t n = rd_count(&b->r, 2); n && rd_ok(&b->r); n--) {
        uint8_t kind = rd_u8(&b->r);
        if (kind > CATCH_ALL_REF)
            BUILD_MALFORMED(b, "malformed catch clause kind %u", kind);
        uint32_t tag = kind <= CATCH_REF ? tag_index(b) : 0;
        check_clause(b, kind, tag, rd_u32(&b->r));
    }
    uint32_t vals = build_pop_vals(b, t.params, t.nparams);
    if (!rd_ok(&b->r))
        return;
    struct frame *fr = build_frame(b, FR_TRYTABLE, t);
    fr->clauses = at;
    b->try_at = b->nframes;
    build_push_vals(b, t.params, t.nparams, vals);
}

static void clause(struct build *b, struct reader *r, uint32_t exn)
{
    uint8_t kind = rd_u8(r);
    uint32_t tag = kind <= CATCH_REF ? rd_u32(r) : 0, depth = rd_u32(r), n, asks = 0;
    uint32_t base = b->nstack;
    if (kind <= CATCH_REF) {
        asks = match(b, exn, tag, b->time);
        push_values(b, exn, tag);
    }
    if (kind & 1) {
        build_call_rt(b, RT_EXN_KEEP, T_NONE, &exn, 1, 0);
        b->f->keeps = true;
        build_push(b, exn, WASM_EXNREF);
    }
    struct frame *to = build_label(b, depth);
    const uint8_t *types = build_label_types(to, &n);
    struct frame *top = build_top(b);
    uint32_t height = top->height;
    top->height = base;                 /* the operands are these and no others */
    uint32_t vals = build_pop_vals(b, types, n);
    top->height = height;
    build_jump(b, to, vals);
    b->cur = asks ? build_block_after(b, asks, 1, b->time) : 0;
}

/* Behind the body, whose frame is gone already: the clauses, each a branch to its label. */
static void handlers(struct build *b, struct frame *fr)
{
    uint32_t exn = landing(b, fr);
    struct reader r = b->r;
    r.pos = fr->clauses;
    for (uint32_t n = rd_count(&r, 2); n && b->cur && rd_ok(&b->r); n--)
        clause(b, &r, exn);
    throw_exn(b, exn);
    b->cur = 0;
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* At the `end` of one of our frames, which has been taken off: all but the join. */
void build_eh_end(struct build *b, struct frame *fr, uint32_t vals)
{
    b->try_at = fr->outer_try;
    if (fr->kind == FR_TRY) {                   /* no catch */
        pass_on(b, fr, try_frame(b));
    } else if (fr->kind == FR_TRYTABLE && fr->exc) {
        leave(b, fr, vals);
        handlers(b, fr);
    } else if (fr->kind == FR_CATCH && fr->else_block) {
        leave(b, fr, vals);
        b->cur = build_block_after(b, fr->else_block, 1, b->time);
        throw_exn(b, fr->exn);
        b->cur = 0;
    }
}

bool build_eh(struct build *b, uint32_t op)
{
    switch (op) {
    case OP_try:        op_try(b); return true;
    case OP_catch:      op_catch(b, false); return true;
    case OP_catch_all:  op_catch(b, true); return true;
    case OP_delegate:   op_delegate(b); return true;
    case OP_throw:      op_throw(b); return true;
    case OP_rethrow:    op_rethrow(b); return true;
    case OP_throw_ref:  op_throw_ref(b); return true;
    case OP_try_table:  op_try_table(b); return true;
    }
    return false;
}
