/*
 * survey.h - what a look over all bodies tells about a module before any of them is compiled
 * (survey.c), and what follows from it for inlining (inline.c).
 */
#ifndef WASM_SURVEY_H
#define WASM_SURVEY_H

#include "wasm/arena.h"
#include "wasm/wasm.h"

/* Of each function: how many direct calls name it, no more than 255 counted. */
struct survey_func { uint8_t calls; };

struct survey {
    struct survey_func *func;
    uint8_t *table_written;         /* by table.set, grow, fill, init or copy */
    uint8_t *global_written;        /* by global.set */
    bool stress;                    /* WASM_STRESS_INLINE */
};

struct survey *survey_make(const struct wasm_module *m, const struct wasm_options *o,
                           struct wasm_arena *a);

/* A call that might be replaced by the body of what it calls. */
struct inline_site {
    uint32_t callee;
    uint32_t loops;                 /* around it, within its function */
    uint32_t depth;                 /* of bodies inlined around it */
    uint32_t own;                   /* bytes of the function that is compiled */
    uint32_t grown;                 /* and of the bodies that it has got so far */
    uint32_t copied;                /* of these, bytes of bodies with several calls */
    bool in_copy;                   /* it stands in such a body */
};
enum { INLINE_DEPTH = 8 };

bool inline_wanted(const struct wasm_module *m, const struct survey *v,
                   const struct inline_site *at);
/* Is the callee's only call the one at hand, so that its body moves rather than multiplies? */
bool inline_moves(const struct wasm_module *m, const struct survey *v, uint32_t callee);
/* May all calls of the function be inlined? Its code is then made only if one is not. */
bool inline_may_vanish(const struct wasm_module *m, const struct survey *v, uint32_t func);

#endif
