/*
 * build.c - a function body: validated (wasm 3.3, appendix A.3) and turned into SSA in one walk.
 *
 * The operand stack holds types and values at once. build_control.c makes the blocks, build_ssa.c
 * finds the values of locals, build_ops.c makes all other instructions.
 *
 * In dead code b->cur is 0: types are still checked, nothing is made and values are 0.
 * Nothing here recurses on the input. Memory per function is bounded by max_ins and max_args: each
 * loop or merge has a phi for each variable that changes around it, so that a few kilobytes could
 * ask for millions. Real functions have up to 1 value and 4 operands for 4 bytes.
 */
#include "wasm/build.h"

void *build_grow(struct wasm_arena *a, void *old, size_t size, uint32_t n, uint32_t *cap,
                 uint32_t more)
{
    uint64_t want = 2 * (uint64_t)*cap;
    if (want < 16)
        want = 16;
    if (want < (uint64_t)n + more)
        want = (uint64_t)n + more;
    void *p = arena_grow(a, old, *cap * size, want * size);
    if (!*cap)
        memset(p, 0, size);
    *cap = (uint32_t)want;
    return p;
}

/* ---- instructions -------------------------------------------------------------------------- */

void build_too_complex(struct build *b)
{
    READER_FAIL(&b->r, WASM_LIMIT, b->pos, "function too complex: variables times places where "
                "control meets are over %u", b->max_ins);
}

uint32_t build_raw(struct build *b, int op, int type)
{
    struct ir_func *f = b->f;
    GROW(f->arena, f->ins, f->nins, f->cap_ins, 1);
    if (f->nins >= b->max_ins)
        build_too_complex(b);
    f->ins[f->nins] = (struct ir_ins){ .op = (uint8_t)op, .type = (uint8_t)type, .pos = b->time };
    return f->nins++;
}

uint32_t build_ins(struct build *b, int op, int type, uint32_t x, uint32_t y, uint32_t z)
{
    struct ir_func *f = b->f;
    if (!b->cur)
        return 0;
    uint32_t i = build_raw(b, op, type);
    struct ir_block *k = &f->blocks[b->cur];
    f->ins[i].a = x;
    f->ins[i].b = y;
    f->ins[i].c = z;
    if (k->last)
        f->ins[k->last].next = i;
    else
        k->first = i;
    k->last = i;
    return i;
}

uint32_t build_const(struct build *b, int type, uint64_t bits)
{
    return build_ins(b, IR_CONST, type, 0, (uint32_t)bits, (uint32_t)(bits >> 32));
}

uint32_t build_args(struct build *b, uint32_t n)
{
    struct ir_func *f = b->f;
    GROW(f->arena, f->args, f->nargs, f->cap_args, n);
    if (f->nargs + n > b->max_args)
        build_too_complex(b);
    uint32_t at = f->nargs;
    f->nargs += n;
    return at;
}

void build_phi_link(struct build *b, uint32_t block, uint32_t phi)
{
    struct ir_block *k = &b->f->blocks[block];
    b->f->ins[phi].next = k->first;
    k->first = phi;
    if (!k->last)
        k->last = phi;
}

/* ---- the operand stack --------------------------------------------------------------------- */

static const char *type_name(uint8_t t)
{
    switch (t) {
    case WASM_I32: return "i32";
    case WASM_I64: return "i64";
    case WASM_F32: return "f32";
    case WASM_F64: return "f64";
    case WASM_V128: return "v128";
    case WASM_FUNCREF: return "funcref";
    case WASM_EXTERNREF: return "externref";
    case WASM_EXNREF: return "exnref";
    }
    return "nothing";
}

struct value build_pop_any(struct build *b)
{
    if (b->nstack > build_top(b)->height)
        return b->stack[--b->nstack];
    if (!build_top(b)->unreachable)
        BUILD_INVALID(b, "type mismatch: instruction requires [any] but stack has []");
    return (struct value){ 0, 0 };
}

uint32_t build_pop_other(struct build *b, uint8_t type)
{
    if (b->nstack == build_top(b)->height && !build_top(b)->unreachable)
        BUILD_INVALID(b, "type mismatch: instruction requires [%s] but stack has []",
                      type_name(type));
    struct value v = build_pop_any(b);
    if (v.type != type && v.type)
        BUILD_INVALID(b, "type mismatch: instruction requires [%s] but stack has [%s]",
                      type_name(type), type_name(v.type));
    return v.v;
}

/* Names of types, one after the other, cut where the text is full. */
static void name_types(char *to, size_t size, const uint8_t *types, const struct value *values,
                       uint32_t n)
{
    size_t at = 0;
    to[0] = 0;
    for (uint32_t i = 0; i < n && at + 12 < size; i++) {
        const char *s = type_name(types ? types[i] : values[i].type);
        size_t len = strlen(s);
        if (i)
            to[at++] = ' ';
        memcpy(to + at, s, len + 1);
        at += len;
    }
}

void build_block_mismatch(struct build *b, const uint8_t *types, uint32_t n, uint32_t have)
{
    char want[64], found[64];
    name_types(want, sizeof want, types, NULL, n);
    name_types(found, sizeof found, NULL, b->stack + build_top(b)->height, have);
    BUILD_INVALID(b, "type mismatch: block requires [%s] but stack has [%s]", want, found);
}

uint32_t build_pop_vals(struct build *b, const uint8_t *types, uint32_t n)
{
    uint32_t at = b->nvals;
    GROW(b->f->temp, b->vals, b->nvals, b->cap_vals, n);
    for (uint32_t i = n; i-- && rd_ok(&b->r); )
        b->vals[at + i] = build_pop(b, types[i]);
    b->nvals += n;
    if (b->nvals > b->max_args)
        build_too_complex(b);
    return at;
}

void build_push_vals(struct build *b, const uint8_t *types, uint32_t n, uint32_t vals)
{
    for (uint32_t i = 0; i < n; i++)
        build_push(b, b->vals[vals + i], types[i]);
}

/* Are there operands of these types on build_top? Leaves them. */
void build_check_vals(struct build *b, const uint8_t *types, uint32_t n)
{
    uint32_t have = b->nstack - build_top(b)->height;
    if (have < n && !build_top(b)->unreachable)
        BUILD_INVALID(b, "type mismatch: the operand stack is empty");
    for (uint32_t i = 0; i < n && i < have; i++) {
        uint8_t t = b->stack[b->nstack - 1 - i].type;
        if (t && t != types[n - 1 - i])
            BUILD_INVALID(b, "type mismatch: expected %s, found %s",
                          type_name(types[n - 1 - i]), type_name(t));
    }
}

/* ---- the walk ------------------------------------------------------------------------------ */

bool build_valtype(const struct wasm_module *m, uint8_t type)
{
    return type == WASM_I32 || type == WASM_I64 || type == WASM_F32 || type == WASM_F64 ||
           type == WASM_FUNCREF || type == WASM_EXTERNREF ||
           (type == WASM_V128 && m->features & WASM_F_SIMD) ||
           (type == WASM_EXNREF && m->features & WASM_F_EH);
}

static void declare_locals(struct build *b)
{
    struct reader *r = &b->r;
    const struct wasm_functype *t = b->f->type;
    uint32_t groups = rd_count(r, 2), at = r->pos;
    uint64_t n = t->nparams;
    for (uint32_t i = 0; i < groups && rd_ok(r); i++) {
        n += rd_u32(r);
        uint8_t type = rd_u8(r);
        if (n > UINT32_MAX)
            READER_FAIL(r, WASM_MALFORMED, r->pos, "too many locals");
        else if (!build_valtype(b->m, type) && rd_ok(r))
            READER_FAIL(r, WASM_MALFORMED, r->pos, "malformed value type 0x%x", type);
    }
    if (n > MAX_LOCALS && rd_ok(r))
        READER_FAIL(r, WASM_LIMIT, r->pos, "too many locals: more than %u", MAX_LOCALS);
    if (!rd_ok(r))
        return;
    b->nlocals = b->in.nlocals = (uint32_t)n;
    b->cap_locals = b->nlocals + 1;
    b->local_type = arena_alloc(b->f->temp, b->cap_locals);
    memcpy(b->local_type, t->params, t->nparams);
    r->pos = at;
    for (uint32_t i = t->nparams; groups; groups--) {
        uint32_t count = rd_u32(r);
        uint8_t type = rd_u8(r);
        memset(b->local_type + i, type, count);
        i += count;
    }
}

static void begin(struct build *b)
{
    struct ir_func *f = b->f;
    struct wasm_arena *a = f->arena;
    const struct wasm_functype *t = f->type;
    uint32_t size = b->m->funcs[f->index].body_size;
    f->nins = f->nblocks = b->nedges = 1;
    f->cap_blocks = b->cap_edges = 0;
    GROW(a, f->blocks, 0, f->cap_blocks, 8);
    GROW(b->f->temp, b->edges, 0, b->cap_edges, 8);
    declare_locals(b);
    if (!rd_ok(&b->r))
        return;
    b->body = b->r.pos;
    b->body_end = b->r.end;
    size += build_scan(b);
    b->max_ins = 65536 + 8 * size;
    b->max_args = 65536 + 32 * size;
    f->cap_ins = size / 2 + t->nparams + 16;
    f->ins = arena_raw(a, f->cap_ins * sizeof *f->ins);
    f->ins[0] = (struct ir_ins){ 0 };
    build_ssa_init(b);
    b->cur = build_block(b, 0);
    f->blocks[1].domjump = 1;
    b->pos = b->time = b->body;
    for (uint32_t i = 0; i < t->nparams; i++)
        b->entry_tail = build_ins(b, IR_PARAM, ir_type_of(t->params[i]), 0, i, 0);
    build_frame(b, FR_FUNC, (struct blocktype){ 0, t->nresults, NULL, t->results });
}

/* The size of the body ends it before its `end`. */
static void body_too_short(struct build *b)
{
    struct reader *r = &b->r;
    if (r->end >= b->m->size)
        rd_eof(r);
    else if (b->nframes == 1 && r->bytes[r->end] == OP_end)
        BUILD_MALFORMED(b, "section size mismatch");
    else
        BUILD_MALFORMED(b, "END opcode expected");
}

static void walk(struct build *b)
{
    struct reader *r = &b->r;
    while (b->nframes && rd_ok(r)) {
        b->pos = r->pos;
        b->time = r->pos + b->in.shift;
        if (r->pos == r->end) {
            body_too_short(b);
            return;
        }
        uint32_t op = rd_u8(r);
        if (op >= OP_PREFIX_FC && op <= OP_PREFIX_FE)
            op = op_prefixed(op, rd_u32(r));
        if (!rd_ok(r))
            return;
        const struct op_info *info = op_info(op);
        if (!info || !op_enabled(b->m->features, op))
            BUILD_MALFORMED(b, "illegal opcode %x", r->bytes[b->pos]);
        else if (op > OP_CONTROL_END || !build_control(b, op))
            build_op(b, op, info);
    }
    if (rd_ok(r) && r->pos != r->end)
        READER_FAIL(r, WASM_MALFORMED, r->pos, "section size mismatch: code after the end");
}

/* Loops that turned out to have a back edge; the others are no loops. */
static void link_loops(struct build *b)
{
    struct ir_func *f = b->f;
    uint32_t *real = arena_alloc(f->temp, b->nloops * sizeof *real);
    uint32_t *depth = arena_alloc(f->temp, b->nloops * sizeof *depth);
    for (uint32_t i = 1; i < b->nloops; i++) {
        uint32_t h = b->loops[i].header, up = b->loops[i].parent;
        if (!h)
            continue;
        bool loop = f->blocks[h].header;
        real[i] = loop ? h : real[up];
        depth[i] = depth[up] + loop;
        if (loop)
            f->blocks[h].loop_up = real[up];
        else
            f->blocks[h].loop_end = 0;
    }
    for (uint32_t k = 1; k < f->nblocks; k++) {
        uint32_t i = b->block_loop[k];
        f->blocks[k].loop = real[i];
        f->blocks[k].depth = depth[i] > 255 ? 255 : (uint8_t)depth[i];
    }
}

static bool build_body(struct ir_func *f, struct wasm_error *err)
{
    struct wasm_module *m = f->m;
    const struct wasm_func *fn = &m->funcs[f->index];
    f->type = &m->types[fn->type];
    struct build b = {
        .f = f, .m = m,
        .r = { .bytes = m->bytes, .pos = fn->body, .end = fn->body + fn->body_size,
               .size = (uint32_t)m->size, .func = f->index, .err = err },
    };
    begin(&b);
    if (rd_ok(&b.r))
        walk(&b);
    if (!rd_ok(&b.r))
        return false;
    link_loops(&b);
    ir_shorten_aliases(f);
    return true;
}

/*
 * An error within an inlined body is none of this function's: the body, compiled on its own, will
 * tell. So whatever fails with inlining is tried without.
 */
bool pass_build(struct ir_func *f, struct wasm_error *err)
{
    struct ir_func plain = *f;
    struct wasm_error none = *err;
    if (build_body(f, err))
        return true;
    if (!f->ninlined)
        return false;
    *f = plain;
    f->inlining = false;
    *err = none;
    return build_body(f, err);
}
