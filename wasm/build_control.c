/*
 * build_control.c - control flow (wasm 3.3.8): frames, blocks, edges.
 *
 * Structured control makes the graph direct: a frame collects the branches to its label; at its end
 * they become the predecessors of a new block, whose phis are the operands they carried. So blocks
 * are born in text order, which is a reverse postorder, with all predecessors known but the back
 * edges of loops. Where no branch meets, the block at hand just goes on.
 */
#include "wasm/build.h"

/* ---- blocks and edges ---------------------------------------------------------------------- */

uint32_t build_block(struct build *b, uint32_t start)
{
    struct ir_func *f = b->f;
    struct wasm_arena *a = f->arena;
    GROW(a, f->blocks, f->nblocks, f->cap_blocks, 1);
    GROW(b->f->temp, b->start, f->nblocks, b->cap_start, 1);
    GROW(b->f->temp, b->block_loop, f->nblocks, b->cap_block_loop, 1);
    f->blocks[f->nblocks] = (struct ir_block){ .pos = UINT32_MAX };
    b->start[f->nblocks] = start;
    b->block_loop[f->nblocks] = b->cur_loop;
    return f->nblocks++;
}

/* Ends the current block; the code that follows is dead until a block begins. */
struct ir_block *build_block_end(struct build *b, uint32_t term)
{
    struct ir_block *k = &b->f->blocks[b->cur];
    k->term = (uint8_t)term;
    k->pos = b->time;
    b->cur = 0;
    return k;
}

static void set_target(struct build *b, uint32_t block, uint32_t slot, uint32_t target)
{
    if (slot < 2)
        b->f->blocks[block].succ[slot] = target;
    else
        b->f->args[slot - 2] = target;
}

/* A branch from the end of a block to a frame's label, with operands in vals. */
void build_edge(struct build *b, struct frame *fr, uint32_t block, uint32_t slot,
                     uint32_t vals)
{
    GROW(b->f->temp, b->edges, b->nedges, b->cap_edges, 1);
    uint32_t e = b->nedges++;
    b->edges[e] = (struct edge){ 0, block, slot, vals, fr->from == block };
    if (fr->last_edge)
        b->edges[fr->last_edge].next = e;
    else
        fr->edges = e;
    fr->last_edge = e;
    fr->nedges += fr->from != block;
    fr->from = block;
    if (fr->kind == FR_LOOP && fr->loop)
        set_target(b, block, slot, b->loops[fr->loop].header);
}

/* Makes the frame's edges the predecessors of a block. */
static void link_edges(struct build *b, struct frame *fr, uint32_t block)
{
    struct ir_func *f = b->f;
    uint32_t at = build_args(b, fr->nedges), n = 0, dom = 0;
    bool header = fr->kind == FR_LOOP;
    for (uint32_t e = fr->edges; e; e = b->edges[e].next) {
        struct edge *x = &b->edges[e];
        set_target(b, x->block, x->slot, block);
        if (x->again)
            continue;
        f->args[at + n++] = x->block;
        if (!header)
            dom = dom ? ir_dom_common(f, dom, x->block) : x->block;
    }
    f->blocks[block].preds = at;
    f->blocks[block].npreds = n;
    if (!header)
        ir_dom_link(f, block, dom);
}

/* Operand number i of the edges becomes the phi, or an alias if they all carry one value. */
static void finish_operand(struct build *b, struct frame *fr, uint32_t phi, uint32_t i)
{
    uint32_t args = build_args(b, fr->nedges), n = 0;
    for (uint32_t e = fr->edges; e; e = b->edges[e].next)
        if (!b->edges[e].again)
            b->f->args[args + n++] = b->vals[b->edges[e].vals + i];
    build_phi_finish(b, phi, args, n);
}

/* A block with one predecessor, reached through this slot of its terminator. */
uint32_t build_block_after(struct build *b, uint32_t pred, uint32_t slot, uint32_t start)
{
    uint32_t k = build_block(b, start), at = build_args(b, 1);
    b->f->args[at] = pred;
    b->f->blocks[k].preds = at;
    b->f->blocks[k].npreds = 1;
    set_target(b, pred, slot, k);
    ir_dom_link(b->f, k, pred);
    return k;
}

static void return_vals(struct build *b, uint32_t vals)
{
    uint32_t n = b->f->type->nresults;
    if (!b->cur)
        return;
    uint32_t at = build_args(b, n);
    for (uint32_t i = 0; i < n; i++)
        b->f->args[at + i] = b->vals[vals + i];
    struct ir_block *k = build_block_end(b, TERM_RETURN);
    k->b = at;
    k->c = n;
}

/* ---- frames -------------------------------------------------------------------------------- */

struct frame *build_frame(struct build *b, uint8_t kind, struct blocktype type)
{
    GROW(b->f->temp, b->frames, b->nframes, b->cap_frames, 1);
    struct frame *fr = &b->frames[b->nframes++];
    *fr = (struct frame){ .kind = kind, .type = type, .height = b->nstack, .outer_try = b->try_at };
    return fr;
}

struct blocktype build_block_type(struct build *b)
{
    struct reader *r = &b->r;
    struct blocktype t = { 0 };
    uint8_t code = r->pos < r->end ? r->bytes[r->pos] : 0;
    if ((code & 0xc0) == 0x40) {
        t.nresults = code != 0x40;
        t.results = r->bytes + r->pos++;
        if (code != 0x40 && code != WASM_I32 && code != WASM_I64 && code != WASM_F32 &&
            code != WASM_F64 && code != WASM_FUNCREF && code != WASM_EXTERNREF &&
            !(code == WASM_V128 && b->m->features & WASM_F_SIMD) &&
            !(code == WASM_EXNREF && b->m->features & WASM_F_EH))
            BUILD_MALFORMED(b, "malformed block type 0x%x", code);
        return t;
    }
    int64_t i = rd_s33(r);
    if (i < 0)
        BUILD_MALFORMED(b, "malformed block type");
    else if (i >= b->m->ntypes && rd_ok(r))
        BUILD_INVALID(b, "unknown type %lu", (uint64_t)i);
    else if (rd_ok(r))
        t = (struct blocktype){ b->m->types[i].nparams, b->m->types[i].nresults,
                                b->m->types[i].params, b->m->types[i].results };
    return t;
}

static void op_loop(struct build *b, struct blocktype t, uint32_t vals)
{
    struct frame *fr = build_frame(b, FR_LOOP, t);
    uint32_t loop = ++b->loops_seen, pred = b->cur;
    if (loop >= b->nloops) {
        READER_FAIL(&b->r, WASM_LIMIT, b->pos, "internal error: unknown loop");
        return;
    }
    if (pred) {
        build_block_end(b, TERM_JUMP);
        uint32_t header = build_block(b, build_next_time(b));
        build_ssa_loop_open(b, loop, header);
        ir_dom_link(b->f, header, pred);
        fr->loop = b->cur_loop = b->block_loop[header] = loop;
        build_edge(b, fr, pred, 0, vals);
        b->cur = header;
        fr->phis = b->f->nins;
    }
    for (uint32_t i = 0; i < t.nparams; i++) {
        uint32_t phi = b->cur ? build_raw(b, IR_PHI, ir_type_of(t.params[i])) : 0;
        if (phi)
            build_phi_link(b, b->cur, phi);
        build_push(b, phi, t.params[i]);
    }
}

static void op_block(struct build *b, uint32_t op)
{
    struct blocktype t = build_block_type(b);
    uint32_t cond = op == OP_if ? build_pop(b, WASM_I32) : 0;
    uint32_t vals = build_pop_vals(b, t.params, t.nparams);
    if (!rd_ok(&b->r))
        return;
    if (op == OP_loop) {
        op_loop(b, t, vals);
        return;
    }
    struct frame *fr = build_frame(b, op == OP_if ? FR_IF : FR_BLOCK, t);
    fr->params = vals;
    build_push_vals(b, t.params, t.nparams, vals);
    if (op == OP_block || !b->cur)
        return;
    const struct ir_ins *c = &b->f->ins[cond];
    uint32_t block = b->cur;
    if (c->op == IR_CONST && c->b)              /* else is dead */
        return;
    fr->else_block = block;
    if (c->op == IR_CONST) {                    /* then is dead */
        build_block_end(b, TERM_JUMP);
        return;
    }
    fr->else_slot = 1;
    build_block_end(b, TERM_BR)->a = cond;
    b->cur = build_block_after(b, block, 0, build_next_time(b));
}

/* The values that a frame leaves: from the stack, or phis of a new block where its edges meet. */
void build_join(struct build *b, struct frame *fr, uint32_t vals)
{
    const struct blocktype *t = &fr->type;
    if (!fr->nedges) {
        build_push_vals(b, t->results, t->nresults, vals);
        return;
    }
    if (b->cur) {
        uint32_t block = b->cur;
        build_block_end(b, TERM_JUMP);
        build_edge(b, fr, block, 0, vals);
    }
    b->cur = build_block(b, build_next_time(b));
    link_edges(b, fr, b->cur);
    for (uint32_t i = 0; i < t->nresults; i++) {
        uint32_t phi = build_raw(b, IR_PHI, ir_type_of(t->results[i]));
        build_phi_link(b, b->cur, phi);
        finish_operand(b, fr, phi, i);
        build_push(b, ir_resolve(b->f, phi), t->results[i]);
    }
}

static void end_loop(struct build *b, struct frame *fr, uint32_t vals)
{
    uint32_t header = b->loops[fr->loop].header;
    if (header) {
        link_edges(b, fr, header);
        b->f->blocks[header].loop_end = b->f->nblocks - 1;
        b->f->blocks[header].header = fr->nedges > 1;
        for (uint32_t i = 0; i < fr->type.nparams; i++)
            finish_operand(b, fr, fr->phis + i, i);
        build_ssa_loop_close(b, fr->loop);
        b->cur_loop = b->loops[fr->loop].parent;
        if (b->cur && fr->nedges > 1) {
            uint32_t block = b->cur;
            build_block_end(b, TERM_JUMP);
            b->cur = build_block_after(b, block, 0, build_next_time(b));
        }
    }
    build_push_vals(b, fr->type.results, fr->type.nresults, vals);
}

/* Pops the operands that must be all there is above the frame's height. */
uint32_t build_frame_results(struct build *b, struct frame *fr)
{
    uint32_t have = b->nstack - fr->height;
    uint32_t vals = build_pop_vals(b, fr->type.results, fr->type.nresults);
    if (b->nstack != fr->height && rd_ok(&b->r))
        build_block_mismatch(b, fr->type.results, fr->type.nresults, have);
    return vals;
}

static void op_end(struct build *b)
{
    struct frame *fr = build_top(b);
    uint32_t vals = build_frame_results(b, fr);
    if (!rd_ok(&b->r))
        return;
    if (fr->kind == FR_IF) {
        const struct blocktype *t = &fr->type;
        if (t->nparams != t->nresults || (t->nparams && memcmp(t->params, t->results, t->nparams)))
            BUILD_INVALID(b, "type mismatch: if without else");
        if (fr->else_block)
            build_edge(b, fr, fr->else_block, fr->else_slot, fr->params);
    }
    b->nframes--;
    build_eh_end(b, fr, vals);
    if (fr->kind == FR_LOOP)
        end_loop(b, fr, vals);
    else
        build_join(b, fr, vals);
    if (fr->kind == FR_FUNC) {
        b->nframes++;
        uint32_t results = build_pop_vals(b, fr->type.results, fr->type.nresults);
        b->nframes--;
        return_vals(b, results);
    } else if (fr->kind == FR_INLINED) {
        build_inline_leave(b);
    }
}

static void op_else(struct build *b)
{
    struct frame *fr = build_top(b);
    if (fr->kind != FR_IF) {
        BUILD_MALFORMED(b, "else without if");
        return;
    }
    uint32_t vals = build_frame_results(b, fr);
    if (!rd_ok(&b->r))
        return;
    if (b->cur) {
        uint32_t block = b->cur;
        build_block_end(b, TERM_JUMP);
        build_edge(b, fr, block, 0, vals);
    }
    fr->kind = FR_ELSE;
    fr->unreachable = false;
    if (fr->else_block)
        b->cur = build_block_after(b, fr->else_block, fr->else_slot, build_next_time(b));
    build_push_vals(b, fr->type.params, fr->type.nparams, fr->params);
}

/* ---- branches ------------------------------------------------------------------------------ */

struct frame *build_label(struct build *b, uint32_t depth)
{
    if (depth >= b->nframes - b->in.frames) {
        if (rd_ok(&b->r))
            BUILD_INVALID(b, "unknown label %u", depth);
        depth = 0;
    }
    return &b->frames[b->nframes - 1 - depth];
}

const uint8_t *build_label_types(const struct frame *fr, uint32_t *n)
{
    bool loop = fr->kind == FR_LOOP;
    *n = loop ? fr->type.nparams : fr->type.nresults;
    return loop ? fr->type.params : fr->type.results;
}

void build_unreachable(struct build *b)
{
    b->nstack = build_top(b)->height;
    build_top(b)->unreachable = true;
}

void build_jump(struct build *b, struct frame *fr, uint32_t vals)
{
    uint32_t block = b->cur;
    if (!block)
        return;
    if (fr->kind == FR_FUNC) {
        return_vals(b, vals);
        return;
    }
    build_block_end(b, TERM_JUMP);
    build_edge(b, fr, block, 0, vals);
}

static void op_br(struct build *b)
{
    uint32_t n;
    struct frame *fr = build_label(b, rd_u32(&b->r));
    const uint8_t *types = build_label_types(fr, &n);
    build_jump(b, fr, build_pop_vals(b, types, n));
    build_unreachable(b);
}

static void op_br_if(struct build *b)
{
    uint32_t n, block = b->cur;
    struct frame *fr = build_label(b, rd_u32(&b->r));
    uint32_t cond = build_pop(b, WASM_I32);
    const uint8_t *types = build_label_types(fr, &n);
    uint32_t vals = build_pop_vals(b, types, n);
    build_push_vals(b, types, n, vals);
    if (!block || !rd_ok(&b->r))
        return;
    const struct ir_ins *c = &b->f->ins[cond];
    if (c->op == IR_CONST) {
        if (c->b)
            build_jump(b, fr, vals);
        return;
    }
    build_block_end(b, TERM_BR)->a = cond;
    build_edge(b, fr, block, 0, vals);
    b->cur = build_block_after(b, block, 1, build_next_time(b));
}

/* Reads the labels of a br_table into args and checks them; *same: they are all one. */
static uint32_t table_labels(struct build *b, uint32_t n, bool *same)
{
    uint32_t at = build_args(b, n), arity = 0, count;
    *same = true;
    for (uint32_t i = 0; i < n && rd_ok(&b->r); i++) {
        uint32_t depth = rd_u32(&b->r);
        struct frame *fr = build_label(b, depth);
        const uint8_t *types = build_label_types(fr, &count);
        if (i == 0)
            arity = count;
        else if (count != arity)
            BUILD_INVALID(b, "type mismatch: labels of br_table differ in arity");
        if (fr->checked != b->time && rd_ok(&b->r))
            build_check_vals(b, types, count);
        fr->checked = b->time;
        b->f->args[at + i] = depth;
        *same &= depth == b->f->args[at];
    }
    return at;
}

static void op_br_table(struct build *b)
{
    struct ir_func *f = b->f;
    uint32_t n = rd_count(&b->r, 1) + 1, arity, block = b->cur;
    uint32_t index = build_pop(b, WASM_I32);
    bool same;
    uint32_t at = table_labels(b, n, &same);
    if (!rd_ok(&b->r))
        return;
    struct frame *last = build_label(b, f->args[at + n - 1]);
    const uint8_t *types = build_label_types(last, &arity);
    uint32_t vals = build_pop_vals(b, types, arity);
    if (block && same) {
        build_jump(b, last, vals);
    } else if (block && n == 2) {
        build_block_end(b, TERM_BR)->a = index;
        build_edge(b, last, block, 0, vals);
        build_edge(b, build_label(b, f->args[at]), block, 1, vals);
    } else if (block) {
        struct ir_block *k = build_block_end(b, TERM_SWITCH);
        k->a = index;
        k->b = at;
        k->c = n;
        for (uint32_t i = 0; i < n; i++)
            build_edge(b, build_label(b, f->args[at + i]), block, at + i + 2, vals);
    }
    build_unreachable(b);
}

static void op_return(struct build *b)
{
    struct frame *fr = &b->frames[b->in.frames];
    build_jump(b, fr, build_pop_vals(b, fr->type.results, fr->type.nresults));
    build_unreachable(b);
}

/*
 * Can the call leave this frame behind? What it takes on the stack goes where this function's own
 * arguments stand, and stack results must be where this function's caller expects them. Within the
 * module image.tail_words sees to that: the compiler starts anew with it when somebody needs it.
 */
static bool can_tail(struct build *b, const struct wasm_functype *t, bool internal)
{
    struct ir_func *f = b->f;
    uint32_t have = abi_area_words(f->type, f->tail_words), need = abi_param_words(t);
    bool results = abi_result_words(t) != 0;
    bool fits = need <= have && (!results || abi_area_words(t, f->tail_words) == have);
    if (!internal && results)
        return fits && need == have;
    f->wants_tail_words |= !fits;
    return true;
}

static void op_return_call(struct build *b, uint32_t op)
{
    const struct wasm_functype *t;
    struct frame *fr = &b->frames[b->in.frames];
    const struct blocktype own = fr->type;
    uint32_t at = b->r.pos, i = rd_u32(&b->r);
    bool direct = op == OP_return_call;
    if (i >= (direct ? b->m->nfuncs : b->m->ntypes) && rd_ok(&b->r))
        BUILD_INVALID(b, "unknown %s %u", direct ? "function" : "type", i);
    if (!rd_ok(&b->r))
        return;
    t = &b->m->types[direct ? b->m->funcs[i].type : i];
    if (t->nresults != own.nresults || memcmp(t->results, own.results, t->nresults))
        BUILD_INVALID(b, "type mismatch: results of a tail call");
    b->r.pos = at;
    uint32_t try_at = b->try_at;
    b->try_at = fr->outer_try;  /* the callee runs outside of this function's handlers */
    build_call(b, direct ? OP_call : OP_call_indirect);
    b->try_at = try_at;
    uint32_t vals = build_pop_vals(b, own.results, own.nresults);
    bool port = direct && b->m->funcs[i].port_op;
    if (b->cur && rd_ok(&b->r) && !port && !b->nouter &&
        can_tail(b, t, direct && !b->m->funcs[i].imported)) {
        uint32_t call = b->f->blocks[b->cur].last;
        while (b->f->ins[call].op == IR_RESULT)
            call = b->f->ins[call].a;
        build_block_end(b, TERM_TAIL)->a = call;
    } else {                    /* in an inlined body the frame is the caller's and stays */
        build_jump(b, &b->frames[b->in.frames], vals);
    }
    build_unreachable(b);
}

bool build_control(struct build *b, uint32_t op)
{
    switch (op) {
    case OP_unreachable:
        if (b->cur)
            build_block_end(b, TERM_TRAP)->a = WASM_TRAP_UNREACHABLE;
        build_unreachable(b);
        return true;
    case OP_block: case OP_loop: case OP_if:
        op_block(b, op);
        return true;
    case OP_else:       op_else(b); return true;
    case OP_end:        op_end(b); return true;
    case OP_br:         op_br(b); return true;
    case OP_br_if:      op_br_if(b); return true;
    case OP_br_table:   op_br_table(b); return true;
    case OP_return:     op_return(b); return true;
    case OP_return_call: case OP_return_call_indirect:
        op_return_call(b, op);
        return true;
    }
    return build_eh(b, op);
}
