/*
 * build_scan.c - a quick look over a body before the walk: where each local is set, where each loop
 * ends, and which calls are replaced by bodies, which it scans in their place. It only steps over
 * instructions; what is malformed ends it, and the walk, which checks everything, then fails at or
 * before that place.
 */
#include "wasm/build.h"

/* A body being scanned: the function's own, or one that stands for a call. */
struct text {
    struct step at;
    uint32_t func, shift;           /* time = position + shift */
    uint32_t locals, nlocals;
    uint32_t nopen;                 /* blocks open around it */
    uint32_t splice, entered;       /* inlined: its number; its shift at the start */
    bool copied;                    /* it, or a body around it, is a copy */
};

struct scan {
    struct build *b;
    struct text in, outer[INLINE_DEPTH]; uint32_t nouter;
    struct { uint32_t local, time; } *sets; uint32_t nsets, cap_sets;
    uint32_t *open; uint32_t nopen, cap_open;   /* loop index or 0 for each open block */
    uint32_t cap_loops, loops;                  /* loops: how many are open */
    uint32_t grown, total_copied;   /* bytes of inlined bodies; of these, in copies */
};

static void put_set(struct scan *s, uint32_t local, uint32_t time)
{
    GROW(s->b->f->temp, s->sets, s->nsets, s->cap_sets, 1);
    s->sets[s->nsets].local = local;
    s->sets[s->nsets++].time = time;
}

static void open_block(struct scan *s, bool is_loop)
{
    struct build *b = s->b;
    GROW(b->f->temp, s->open, s->nopen, s->cap_open, 1);
    s->open[s->nopen++] = is_loop ? b->nloops : 0;
    s->loops += is_loop;
    if (is_loop) {
        GROW(b->f->temp, b->loops, b->nloops, s->cap_loops, 1);
        b->loops[b->nloops++] = (struct loop){ .end = UINT32_MAX };
    }
}

/* ---- bodies in place of calls -------------------------------------------------------------- */

enum { INLINE_LOCALS = 64 };

static bool wanted(struct scan *s, uint32_t callee)
{
    struct build *b = s->b;
    const struct wasm_module *m = b->m;
    const struct survey *v = b->f->survey;
    if (!b->f->inlining || callee >= m->nfuncs || callee == b->f->index || callee == s->in.func)
        return false;
    for (uint32_t i = 0; i < s->nouter; i++)
        if (s->outer[i].func == callee)
            return false;
    const struct wasm_func *root = &m->funcs[b->f->index];
    struct inline_site at = {
        .callee = callee, .loops = s->loops, .depth = s->nouter, .own = root->body_size,
        .grown = s->grown, .copied = s->total_copied, .in_copy = s->in.copied,
    };
    return (uint64_t)b->body_end + s->grown + m->funcs[callee].body_size < UINT32_MAX / 2 &&
           inline_wanted(m, v, &at);
}

/* Adds the callee's locals to all; false: too many, or malformed. to->at is behind them then. */
static bool add_locals(struct build *b, const struct wasm_functype *t, struct text *to)
{
    uint32_t n = t->nparams;
    if (n > INLINE_LOCALS)
        return false;
    GROW(b->f->temp, b->local_type, b->nlocals, b->cap_locals, INLINE_LOCALS);
    uint8_t *types = b->local_type + b->nlocals;
    memcpy(types, t->params, n);
    for (uint32_t groups = step_leb(&to->at); groups; groups--) {
        uint32_t count = step_leb(&to->at);
        uint8_t type = to->at.pos < to->at.end ? to->at.bytes[to->at.pos++] : 0;
        if (count > INLINE_LOCALS - n || !build_valtype(b->m, type))
            return false;
        memset(types + n, type, count);
        n += count;
    }
    to->locals = b->nlocals;
    to->nlocals = n;
    b->nlocals += n;
    return true;
}

/* At a direct call: goes on in its body, or behind it. */
static void scan_call(struct scan *s, uint32_t at)
{
    struct build *b = s->b;
    struct ir_func *f = b->f;
    uint32_t callee = step_leb(&s->in.at), time = at + s->in.shift, n = f->ninlined;
    if (!wanted(s, callee))
        return;
    const struct wasm_func *fn = &b->m->funcs[callee];
    struct text to = {
        .at = { b->r.bytes, fn->body, fn->body + fn->body_size }, .func = callee,
        .shift = time + 1 - fn->body, .entered = time + 1 - fn->body, .nopen = s->nopen,
        .splice = n, .copied = s->in.copied || !inline_moves(b->m, f->survey, callee),
    };
    if (!add_locals(b, &b->m->types[fn->type], &to))
        return;
    GROW(f->arena, f->inlined, n, b->cap_inlined, 1);
    GROW(b->f->temp, b->splice, n, b->cap_splice, 1);
    f->inlined[n] = (struct ir_inlined){ time + 1, fn->body_size, callee };
    b->splice[n] = (struct splice){ .code = to.at.pos, .locals = to.locals,
                                    .nlocals = to.nlocals };
    f->ninlined++;
    for (uint32_t i = 0; i < to.nlocals; i++)
        put_set(s, to.locals + i, time);
    s->grown += fn->body_size;
    s->total_copied += to.copied ? fn->body_size : 0;
    s->outer[s->nouter++] = s->in;
    s->in = to;
}

/* Behind the end of a body; false: it was the function's own. */
static bool leave(struct scan *s)
{
    struct build *b = s->b;
    if (!s->nouter)
        return false;
    uint32_t n = s->in.splice, inner = s->in.shift - s->in.entered;
    b->f->inlined[n].size += inner;
    b->splice[n].next = b->f->ninlined;
    b->splice[n].loops = b->nloops - 1;
    s->in = s->outer[--s->nouter];
    s->in.shift += b->f->inlined[n].size;
    return true;
}

/* ---- the scan ------------------------------------------------------------------------------ */

static bool scan_end(struct scan *s, uint32_t at)
{
    struct build *b = s->b;
    if (s->nopen == s->in.nopen)
        return leave(s);
    uint32_t loop = s->open[--s->nopen];
    s->loops -= loop != 0;
    b->loops[loop].end = at + s->in.shift;
    return true;
}

/* Instructions that the scan is about. */
static const uint8_t scanned[256] = {
    [OP_local_set] = 1, [OP_local_tee] = 1, [OP_block] = 1, [OP_loop] = 1, [OP_if] = 1,
    [OP_try] = 1, [OP_try_table] = 1, [OP_end] = 1, [OP_delegate] = 1, [OP_call] = 1,
};

static bool scan_next(struct scan *s)
{
    struct step *p = &s->in.at;
    if (!step_to(p, scanned))
        return false;
    uint32_t at = p->pos, op = step_opcode(p);
    switch (op) {
    case OP_local_set: case OP_local_tee: {
        uint32_t local = step_leb(p);
        if (local >= s->in.nlocals)
            return false;
        put_set(s, s->in.locals + local, at + s->in.shift);
        return true;
    }
    case OP_block: case OP_loop: case OP_if: case OP_try: case OP_try_table:
        open_block(s, op == OP_loop);
        step_immediate(p, op_table[op].imm);
        return true;
    case OP_end:
        return scan_end(s, at);
    case OP_delegate:
        step_leb(p);
        return scan_end(s, at);
    default:
        scan_call(s, at);
        return true;
    }
}

/* Sets by local: a counting sort, which keeps the order of times. */
static void sort_sets(struct scan *s)
{
    struct build *b = s->b;
    uint32_t *first = arena_alloc(b->f->temp, (b->nlocals + 2) * sizeof *first);
    for (uint32_t i = 0; i < s->nsets; i++)
        first[s->sets[i].local + 2]++;
    for (uint32_t i = 2; i < b->nlocals + 2; i++)
        first[i] += first[i - 1];
    b->sets = arena_raw(b->f->temp, (s->nsets + 1) * sizeof *b->sets);
    for (uint32_t i = 0; i < s->nsets; i++)
        b->sets[first[s->sets[i].local + 1]++].time = s->sets[i].time;
    b->first_set = first;
}

uint32_t build_scan(struct build *b)
{
    struct scan s = { .b = b, .in = {
        .at = { b->r.bytes, b->body, b->body_end }, .func = b->f->index, .nlocals = b->nlocals,
    } };
    GROW(b->f->temp, b->loops, 0, s.cap_loops, 8);
    b->nloops = 1;                                  /* index 0 collects the ends of other blocks */
    while (scan_next(&s))
        ;
    while (leave(&s))
        ;
    sort_sets(&s);
    return s.grown;
}
