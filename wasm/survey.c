/*
 * survey.c - a look over all bodies before the first is compiled: who is called how often, which
 * tables and globals are ever written. It only steps over instructions: behind malformed ones it
 * says nothing, and the compilation of that body fails.
 */
#include "wasm/step.h"
#include "wasm/survey.h"

struct surveyor { struct step s; const struct wasm_module *m; struct survey *v; };

static void mark(uint8_t *flags, uint32_t n, uint32_t i)
{
    if (i < n)
        flags[i] = 1;
}

/* The declarations of locals, to the first instruction. */
static void step_locals(struct step *s)
{
    for (uint32_t n = step_leb(s); n && s->pos < s->end; n--) {
        step_leb(s);
        s->pos += s->pos < s->end;
    }
}

static void note_call(struct surveyor *y)
{
    uint32_t i = step_leb(&y->s);
    if (i < y->m->nfuncs && y->v->func[i].calls < 255)
        y->v->func[i].calls++;
}

/* Instructions that the survey is about, the prefix of some. */
static const uint8_t noted[256] = {
    [OP_call] = 1, [OP_return_call] = 1, [OP_global_set] = 1, [OP_table_set] = 1,
    [OP_PREFIX_FC] = 1,
};

static void note(struct surveyor *y, uint32_t op)
{
    struct step *s = &y->s;
    switch (op) {
    case OP_call: case OP_return_call:
        note_call(y);
        break;
    case OP_global_set:
        mark(y->v->global_written, y->m->nglobals, step_leb(s));
        break;
    case OP_table_set: case OP_table_grow: case OP_table_fill:
        mark(y->v->table_written, y->m->ntables, step_leb(s));
        break;
    case OP_table_copy:
        mark(y->v->table_written, y->m->ntables, step_leb(s));
        step_leb(s);
        break;
    case OP_table_init:
        step_leb(s);
        mark(y->v->table_written, y->m->ntables, step_leb(s));
        break;
    default:
        step_immediate(s, op_table[op].imm);
    }
}

static void body(struct surveyor *y)
{
    step_locals(&y->s);
    while (step_to(&y->s, noted)) {
        uint32_t op = step_opcode(&y->s);
        if (!op_info(op))
            return;
        note(y, op);
    }
}

struct survey *survey_make(const struct wasm_module *m, const struct wasm_options *o,
                           struct wasm_arena *a)
{
    struct survey *v = arena_alloc(a, sizeof *v);
    struct surveyor y = { .m = m, .v = v };
    v->stress = o->stress & WASM_STRESS_INLINE;
    v->func = arena_alloc(a, ((size_t)m->nfuncs + 1) * sizeof *v->func);
    v->table_written = arena_alloc(a, m->ntables + 1);
    v->global_written = arena_alloc(a, m->nglobals + 1);
    for (uint32_t i = m->nimport_funcs; i < m->nfuncs; i++) {
        y.s = (struct step){ m->bytes, m->funcs[i].body, m->funcs[i].body + m->funcs[i].body_size };
        body(&y);
    }
    return v;
}
