/*
 * sealed.c - which tables and globals are constants: not imported, not exported, and written by no
 * instruction (survey.c).
 *
 * A table's entries are then those of the active element segments. These are applied in order when
 * the module is instantiated, and the first that does not fit ends it, while functions that are in
 * an imported table already can still be called: so nothing is known if any segment might not fit.
 * Functions of other instances need an instance beside the code: a table with an imported function
 * is not sealed either.
 */
#include "wasm/sealed.h"

/* Entries that a table may have per entry that is set: what the image gets is in proportion. */
enum { SPARSE = 4, SMALL = 64 };

static bool fits(const struct wasm_module *m, const struct wasm_elem *e)
{
    const struct wasm_tabletype *t = &m->tables[e->table];
    return !t->imported && e->offset.op == WASM_C_VALUE &&
           e->offset.bits[0] + e->count <= t->lim.min;
}

static bool own_function(const struct wasm_module *m, const struct wasm_constexpr *c)
{
    return c->op == WASM_C_REFNULL ||
           (c->op == WASM_C_REFFUNC && !m->funcs[c->index].imported);
}

static bool own_functions(const struct wasm_module *m, const struct wasm_elem *e)
{
    for (uint32_t i = 0; i < e->count; i++)
        if (!own_function(m, &e->init[i]))
            return false;
    return true;
}

/* What the segments say of a table. */
struct content { uint64_t entries; bool foreign; };

static bool may_be_sealed(const struct wasm_module *m, const struct survey *v, uint32_t table,
                          const struct content *c)
{
    const struct wasm_tabletype *t = &m->tables[table];
    return !t->imported && !t->exported && !v->table_written[table] && t->type == WASM_FUNCREF &&
           t->init.op == WASM_C_REFNULL && !c->foreign && t->lim.min <= SPARSE * c->entries + SMALL;
}

static uint32_t common_type(const struct wasm_module *m, const struct sealed_table *t)
{
    uint32_t type = SEALED_MIXED;
    for (uint32_t i = 0; i < t->size; i++) {
        uint32_t own = t->func[i] ? m->type_canon[m->funcs[t->func[i] - 1].type] : SEALED_MIXED;
        if (own == SEALED_MIXED || (i && own != type))
            return SEALED_MIXED;
        type = own;
    }
    return type;
}

static struct sealed_table *make_table(const struct wasm_module *m, uint32_t table,
                                       struct wasm_arena *a)
{
    struct sealed_table *t = arena_alloc(a, sizeof *t);
    t->size = (uint32_t)m->tables[table].lim.min;
    t->func = arena_alloc(a, ((size_t)t->size + 1) * sizeof *t->func);
    return t;
}

static void put_elements(const struct wasm_elem *e, struct sealed_table *t)
{
    for (uint32_t k = 0; t && k < e->count; k++)
        t->func[e->offset.bits[0] + k] =
            e->init[k].op == WASM_C_REFFUNC ? e->init[k].index + 1 : 0;
}

struct sealed *sealed_make(const struct wasm_module *m, const struct survey *v,
                           struct wasm_arena *a)
{
    struct sealed *s = arena_alloc(a, sizeof *s);
    struct content *c = arena_alloc(a, ((size_t)m->ntables + 1) * sizeof *c);
    bool all_fit = true;
    s->survey = v;
    s->table = arena_alloc(a, ((size_t)m->ntables + 1) * sizeof *s->table);
    for (uint32_t i = 0; i < m->nelems; i++) {
        const struct wasm_elem *e = &m->elems[i];
        if (e->mode != 0)
            continue;
        all_fit = all_fit && fits(m, e);
        c[e->table].entries += e->count;
        c[e->table].foreign |= !own_functions(m, e);
    }
    for (uint32_t i = 0; i < m->ntables && all_fit; i++)
        if (may_be_sealed(m, v, i, &c[i]))
            s->table[i] = make_table(m, i, a);
    for (uint32_t i = 0; i < m->nelems; i++)
        if (m->elems[i].mode == 0)
            put_elements(&m->elems[i], s->table[m->elems[i].table]);
    for (uint32_t i = 0; i < m->ntables; i++)
        if (s->table[i])
            s->table[i]->type = common_type(m, s->table[i]);
    return s;
}

uint32_t sealed_callee(const struct sealed *s, const struct wasm_module *m, uint32_t table,
                       uint32_t index, uint32_t type)
{
    const struct sealed_table *t = sealed_table(s, table);
    uint32_t f = t && index < t->size ? t->func[index] : 0;
    return f && m->type_canon[m->funcs[f - 1].type] == m->type_canon[type] ? f : 0;
}

bool sealed_global(const struct sealed *s, const struct wasm_module *m, uint32_t global)
{
    const struct wasm_globaltype *g = &m->globals[global];
    bool constant = !g->mut || (s && !g->exported && !s->survey->global_written[global]);
    return constant && !g->imported &&
           (g->init.op == WASM_C_VALUE || g->init.op == WASM_C_REFNULL);
}
