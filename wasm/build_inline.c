/*
 * build_inline.c - bodies in place of calls: the walk goes on in the callee's body. Its parameters
 * are locals set to the arguments, its other locals are set to zero, and its returns are branches
 * to the end of a frame (FR_INLINED), where the results are. build_scan.c has found these calls and
 * given the bodies their times and locals.
 *
 * What the body throws goes to the handlers around the call, which are the innermost ones. A tail
 * call in the body is a call and a branch: the frame that it would have left is the caller's.
 */
#include "wasm/build.h"

static void skip(struct build *b, const struct splice *s)
{
    b->in.shift += b->f->inlined[b->next_splice].size;
    b->loops_seen = s->loops;
    b->next_splice = s->next;
}

/* All locals of the body get their first values. */
static void set_locals(struct build *b, const struct splice *s, uint32_t nparams, uint32_t vals)
{
    for (uint32_t i = 0; i < s->nlocals; i++) {
        uint32_t local = s->locals + i;
        uint32_t v = i < nparams ? b->vals[vals + i] : build_zero(b, b->local_type[local]);
        build_local_set(b, local, v);
    }
}

bool build_inline_enter(struct build *b, uint32_t func)
{
    uint32_t n = b->next_splice;
    if (n >= b->f->ninlined || b->f->inlined[n].start != b->time + 1)
        return false;
    const struct wasm_func *fn = &b->m->funcs[func];
    const struct wasm_functype *t = &b->m->types[fn->type];
    const struct splice *s = &b->splice[n];
    uint32_t vals = build_pop_vals(b, t->params, t->nparams);
    if (!rd_ok(&b->r))
        return true;
    if (!b->cur) {
        skip(b, s);
        for (uint32_t i = 0; i < t->nresults; i++)
            build_push(b, 0, t->results[i]);
        return true;
    }
    set_locals(b, s, t->nparams, vals);
    b->nvals = vals;
    b->in.pos = b->r.pos;
    b->in.end = b->r.end;
    b->outer[b->nouter++] = b->in;
    b->in = (struct scope){ .shift = b->time + 1 - fn->body, .locals = s->locals,
                            .nlocals = s->nlocals, .frames = b->nframes, .splice = n };
    b->r.pos = s->code;
    b->r.end = fn->body + fn->body_size;
    b->next_splice = n + 1;
    build_frame(b, FR_INLINED, (struct blocktype){ 0, t->nresults, NULL, t->results });
    return true;
}

void build_inline_leave(struct build *b)
{
    uint32_t n = b->in.splice;
    if (b->r.pos != b->r.end)
        BUILD_MALFORMED(b, "section size mismatch: code after the end");
    if (!rd_ok(&b->r))
        return;
    b->in = b->outer[--b->nouter];
    b->in.shift += b->f->inlined[n].size;
    b->r.pos = b->in.pos;
    b->r.end = b->in.end;
}
