/*
 * inline.c - which calls are replaced by the body of what they call.
 *
 * Sizes are bytes of wasm, a fair measure of code. A body that is called from one place moves; one
 * that is called from several is copied, and what a function gets in copies is bounded by what it
 * has. The decision rests on the module and on what has been decided before in the same function,
 * so that it does not depend on the order in which functions are compiled.
 */
#include "wasm/survey.h"

enum {
    COPY_SIZE = 24,             /* bodies with several calls: not larger than this */
    COPY_SIZE_LOOP = 60,        /* where the call is in a loop */
    COPY_TOTAL = 64,            /* what a function may get in copies, beyond its own size */
    MOVE_SIZE = 200,
    MOVE_SIZE_LOOP = 400,
    GROWN_MAX = 20000,          /* all that a function may get */
    STRESS_SIZE = 2000,
    STRESS_TOTAL = 8000,
};

bool inline_moves(const struct wasm_module *m, const struct survey *v, uint32_t callee)
{
    return v->func[callee].calls == 1 && !m->funcs[callee].escapes;
}

static uint32_t largest(const struct survey *v, bool moves, bool loop)
{
    if (v->stress)
        return STRESS_SIZE;
    if (moves)
        return loop ? MOVE_SIZE_LOOP : MOVE_SIZE;
    return loop ? COPY_SIZE_LOOP : COPY_SIZE;
}

bool inline_wanted(const struct wasm_module *m, const struct survey *v,
                   const struct inline_site *at)
{
    const struct wasm_func *f = &m->funcs[at->callee];
    bool moves = !at->in_copy && inline_moves(m, v, at->callee);
    if (f->imported || at->depth >= INLINE_DEPTH || at->grown > GROWN_MAX ||
        f->body_size > largest(v, moves, at->loops))
        return false;
    return moves ||
           at->copied + f->body_size <= (v->stress ? STRESS_TOTAL : COPY_TOTAL) + at->own;
}

bool inline_may_vanish(const struct wasm_module *m, const struct survey *v, uint32_t func)
{
    const struct wasm_func *f = &m->funcs[func];
    if (f->escapes)
        return false;
    return v->func[func].calls == 0 ||
           f->body_size <= largest(v, v->func[func].calls == 1, false);
}
