/*
 * instance.c - an image brought to life: imports checked and linked, tables, memory and globals
 * made, segments applied (wasm 4.5.4). What running code asks of the instance is in runtime.c.
 *
 * Invariants:
 *   - a table entry is all zeroes or a copy of its funcref's code, instance and type id; the type
 *     id of a function type is never 0, so a null entry fails the type compare of call_indirect;
 *   - an import slot of a C function carries the importing instance, so that compiled code calls
 *     both kinds alike;
 *   - memories and tables that were imported belong to whoever made them.
 * The embedder reserves address space for memory, places the code, calls `start`, and keeps an
 * instance for as long as its functions may sit in another's table.
 */
#include "wasm/instance.h"

/* ---- error text ---------------------------------------------------------------------------- */

static size_t put(char *to, size_t at, size_t cap, const char *s, size_t n)
{
    for (size_t i = 0; i < n && at + 1 < cap; i++)
        to[at++] = s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '?';
    to[at] = 0;
    return at;
}

static enum wasm_errcode fail(struct wasm_error *err, enum wasm_errcode code, const char *text)
{
    err->code = code;
    err->func = UINT32_MAX;
    err->offset = 0;
    put(err->text, 0, sizeof err->text, text, strlen(text));
    return code;
}

/* `text`, then the names of the import. */
static enum wasm_errcode fail_import(struct wasm_error *err, const char *text,
                                     const struct wasm_import *im)
{
    size_t cap = sizeof err->text, at;

    fail(err, WASM_UNLINKABLE, text);
    at = strlen(err->text);
    at = put(err->text, at, cap, ": \"", 3);
    at = put(err->text, at, cap, im->module.s, im->module.len);
    at = put(err->text, at, cap, "\" \"", 3);
    at = put(err->text, at, cap, im->field.s, im->field.len);
    put(err->text, at, cap, "\"", 1);
    return WASM_UNLINKABLE;
}

/* ---- import types (wasm 4.5.3, 3.2.7 of matching) ------------------------------------------ */

static bool functype_equal(const struct wasm_functype *a, const struct wasm_functype *b)
{
    return a->nparams == b->nparams && a->nresults == b->nresults
        && memcmp(a->params, b->params, a->nparams) == 0
        && memcmp(a->results, b->results, a->nresults) == 0;
}

/* Does something of `size` that may grow to `max` satisfy the limits that the import declares? */
static bool limits_match(uint64_t size, bool has_max, uint64_t max, const struct wasm_limits *want)
{
    if (size < want->min)
        return false;
    return !want->has_max || (has_max && max <= want->max);
}

static bool import_matches(const struct wasm_module *m, const struct wasm_import *im,
                           const struct wasm_extern *x)
{
    if (x->kind != im->kind)
        return false;
    switch (im->kind) {
    case WASM_FUNC:
        return x->type && x->code
            && functype_equal(x->type, &m->types[m->funcs[im->index].type]);
    case WASM_TABLE: {
        const struct wasm_tabletype *t = &m->tables[im->index];
        return x->table && x->table->type == t->type
            && limits_match(x->table->size, x->table->has_max, x->table->max, &t->lim);
    }
    case WASM_MEMORY: {
        const struct wasm_memtype *t = &m->mems[im->index];
        return x->memory && x->memory->shared == t->lim.shared
            && limits_match(x->memory->pages, x->memory->has_max, x->memory->max, &t->lim);
    }
    case WASM_TAG:
        return x->tag && functype_equal(x->tag->type, &m->types[m->tags[im->index].type]);
    default: {
        const struct wasm_globaltype *g = &m->globals[im->index];
        return x->global && x->global_type == g->type && x->global_mut == g->mut;
    }
    }
}

static void link_func(struct wasm_instance *in, uint32_t f, const struct wasm_extern *x)
{
    struct wasm_import_slot *slot = inst_imports(in) + f;
    struct wasm_funcref *ref = inst_funcrefs(in) + f;

    slot->code = x->code;
    slot->in = x->in ? x->in : in;
    if (x->ref) {
        slot->tail = x->ref->tail;
        *ref = *x->ref;
        return;
    }
    ref->code = slot->code;
    ref->in = x->in;
    ref->type_id = inst_types(in)[in->module->funcs[f].type];
    ref->func = UINT32_MAX;
}

/*
 * Port functions are instructions in the code and need nothing here. As values they are null: their
 * funcref keeps type id 0, so that calling one through a table traps.
 */
static enum wasm_errcode link_imports(struct wasm_instance *in, wasm_resolve_fn *resolve, void *ctx,
                                      struct wasm_error *err)
{
    const struct wasm_module *m = in->module;

    for (uint32_t i = 0; i < m->nimports; i++) {
        const struct wasm_import *im = &m->imports[i];
        struct wasm_extern x;

        if (im->kind == WASM_FUNC && m->funcs[im->index].port_op)
            continue;
        memset(&x, 0, sizeof x);
        if (!resolve || !resolve(ctx, m, i, &x))
            return fail_import(err, "unknown import", im);
        if (!import_matches(m, im, &x))
            return fail_import(err, "incompatible import type", im);
        switch (im->kind) {
        case WASM_FUNC:
            link_func(in, im->index, &x);
            break;
        case WASM_TABLE:
            inst_tables(in)[im->index] = x.table;
            break;
        case WASM_MEMORY:
            inst_mems(in)[im->index] = x.memory;
            break;
        case WASM_TAG:
            inst_tags(in)[im->index].tag = x.tag;
            break;
        default:
            *inst_global_slot(in, im->index) = x.global;
        }
    }
    return WASM_OK;
}

/* ---- what the module defines --------------------------------------------------------------- */

static bool make_types(struct wasm_instance *in)
{
    const struct wasm_module *m = in->module;

    for (uint32_t i = 0; i < m->ntypes; i++)
        if (!(inst_types(in)[i] = wasm_host_type_id(&m->types[i])))
            return false;
    return true;
}

static void make_funcrefs(struct wasm_instance *in)
{
    const struct wasm_module *m = in->module;

    for (uint32_t f = m->nimport_funcs; f < m->nfuncs; f++) {
        struct wasm_funcref *r = inst_funcrefs(in) + f;
        if (!m->funcs[f].escapes)
            continue;
        r->code = in->code + in->image->ext_entry[f];
        r->in = in;
        r->type_id = inst_types(in)[m->funcs[f].type];
        r->func = f;
        r->tail = in->image->tail[f];
    }
}

static bool make_tables(struct wasm_instance *in)
{
    const struct wasm_module *m = in->module;

    for (uint32_t i = 0; i < m->ntables; i++) {
        const struct wasm_tabletype *tt = &m->tables[i];
        struct wasm_table *t;

        if (tt->imported)
            continue;
        if (!(t = wasm_host_alloc(in, sizeof *t)))
            return false;
        inst_tables(in)[i] = t;
        t->type = tt->type;
        t->has_max = tt->lim.has_max;
        t->max = tt->lim.has_max ? (uint32_t)tt->lim.max : UINT32_MAX;
        if (!table_resize(in, t, tt->lim.min))
            return false;
        if (tt->init.op != WASM_C_REFNULL)
            table_fill(t, 0, inst_eval(in, &tt->init).ref, t->size);
    }
    return true;
}

static enum wasm_errcode make_memory(struct wasm_instance *in, struct wasm_memory *mem,
                                     struct wasm_error *err)
{
    const struct wasm_module *m = in->module;

    for (uint32_t i = 0; i < m->nmems; i++) {
        const struct wasm_limits *lim = &m->mems[i].lim;
        if (m->mems[i].imported)
            continue;
        if (!mem)
            return fail(err, WASM_LIMIT, "no room for this memory");
        mem->pages = 0;
        mem->has_max = lim->has_max;
        mem->shared = lim->shared;
        mem->max = lim->has_max ? (uint32_t)lim->max : WASM_MAX_PAGES;
        if (lim->min > WASM_TOP_PAGES || !wasm_host_memory_grow(mem, 0, (uint32_t)lim->min))
            return fail(err, WASM_NOMEM, "out of memory for linear memory");
        inst_mems(in)[i] = mem++;
    }
    in->mem0 = m->nmems ? inst_mems(in)[0]->base : NULL;
    return WASM_OK;
}

static void make_tags(struct wasm_instance *in)
{
    const struct wasm_module *m = in->module;

    for (uint32_t i = 0; i < m->ntags; i++) {
        struct wasm_tag_slot *t = inst_tags(in) + i;
        if (m->tags[i].imported)
            continue;
        t->own.type = &m->types[m->tags[i].type];
        t->tag = &t->own;
    }
}

static void make_globals(struct wasm_instance *in)
{
    const struct wasm_module *m = in->module;

    for (uint32_t i = 0; i < m->nglobals; i++)
        if (!m->globals[i].imported)
            *inst_global(in, i) = inst_eval(in, &m->globals[i].init);
}

/* ---- instantiation ------------------------------------------------------------------------- */

/* Active segments in order; the first that does not fit is a trap (wasm 4.5.4). */
static int apply_elems(struct wasm_instance *in)
{
    const struct wasm_module *m = in->module;
    int trap;

    for (uint32_t i = 0; i < m->nelems; i++) {
        const struct wasm_elem *e = &m->elems[i];
        if (e->mode == 1)
            continue;
        if (e->mode == 0) {
            uint32_t at = inst_eval(in, &e->offset).i32;
            if ((trap = elem_apply(in, i, e->table, at, 0, e->count)))
                return trap;
        }
        inst_dropped(in)[i] = 1;
    }
    return WASM_TRAP_NONE;
}

static int apply_datas(struct wasm_instance *in)
{
    const struct wasm_module *m = in->module;
    int trap;

    for (uint32_t i = 0; i < m->ndatas; i++) {
        const struct wasm_data *d = &m->datas[i];
        if (d->mode != 0)
            continue;
        if ((trap = data_apply(in, i, d->memory, inst_eval(in, &d->offset).i32, 0, d->size)))
            return trap;
        inst_dropped(in)[m->nelems + i] = 1;
    }
    return WASM_TRAP_NONE;
}

/* What every instance has of its own once it is linked, but for memories. */
static bool make_own(struct wasm_instance *in)
{
    make_funcrefs(in);
    if (!make_tables(in))
        return false;
    make_tags(in);
    make_globals(in);
    return true;
}

static enum wasm_errcode no_memory(struct wasm_instance *in, struct wasm_error *err)
{
    wasm_instance_free(in);
    return fail(err, WASM_NOMEM, "out of memory for tables");
}

enum wasm_errcode wasm_instantiate(struct wasm_instance *in, const struct wasm_image *img,
                                   uint8_t *code, struct wasm_memory *mem,
                                   wasm_resolve_fn *resolve, void *ctx,
                                   int *trap, struct wasm_error *err)
{
    enum wasm_errcode e;

    *trap = WASM_TRAP_NONE;
    in->rt = &wasm_runtime;
    in->image = img;
    in->code = code;
    in->module = img->module;
    if (!make_types(in))
        return fail(err, WASM_NOMEM, "out of memory for function types");
    if ((e = link_imports(in, resolve, ctx, err)) != WASM_OK)
        return e;
    if (!make_own(in))
        return no_memory(in, err);
    if ((e = make_memory(in, mem, err)) != WASM_OK) {
        wasm_instance_free(in);
        return e;
    }
    if (!(*trap = apply_elems(in)))
        *trap = apply_datas(in);
    return WASM_OK;
}

/* What was linked into `from`; a C function gets the instance that calls it. */
static void copy_links(struct wasm_instance *in, struct wasm_instance *from)
{
    const struct wasm_module *m = in->module;

    memcpy(inst_types(in), inst_types(from), m->ntypes * sizeof(uint32_t));
    for (uint32_t f = 0; f < m->nimport_funcs; f++) {
        struct wasm_import_slot *slot = inst_imports(in) + f;
        *slot = inst_imports(from)[f];
        if (slot->in == from)
            slot->in = in;
        inst_funcrefs(in)[f] = inst_funcrefs(from)[f];
    }
    for (uint32_t i = 0; i < m->nmems; i++)
        inst_mems(in)[i] = inst_mems(from)[i];
    for (uint32_t i = 0; i < m->ntables; i++)
        inst_tables(in)[i] = m->tables[i].imported ? inst_tables(from)[i] : NULL;
    for (uint32_t i = 0; i < m->ntags; i++)
        inst_tags(in)[i].tag = inst_tags(from)[i].tag;
    for (uint32_t i = 0; i < m->nglobals; i++)
        if (m->globals[i].imported)
            *inst_global_slot(in, i) = *inst_global_slot(from, i);
}

bool wasm_instance_thread(struct wasm_instance *in, struct wasm_instance *from)
{
    const struct wasm_module *m = from->module;

    in->mem0 = from->mem0;
    in->rt = from->rt;
    in->image = from->image;
    in->code = from->code;
    in->module = from->module;
    copy_links(in, from);
    if (!make_own(in)) {
        wasm_instance_free(in);
        return false;
    }
    apply_elems(in);            /* what fitted there fits here */
    for (uint32_t i = 0; i < m->ndatas; i++)
        inst_dropped(in)[m->nelems + i] = m->datas[i].mode == 0;
    return true;
}

/* ---- models -------------------------------------------------------------------------------- */

/* The block; its pointers into itself are offsets, and where they stand is in own[]. */
struct wasm_model {
    uint32_t *own, nown;
    uint8_t block[] __attribute__((aligned(16)));
};

static uint32_t note(struct wasm_instance *in, const void *place, uint32_t *own, uint32_t n)
{
    if (own)
        own[n] = (uint32_t)((const uint8_t *)place - (const uint8_t *)in);
    return n + 1;
}

/* Where the block points into itself: how many, and own[] if that is not NULL. By kinds, not by
 * values: a number that looks like an address is none. */
static uint32_t own_pointers(struct wasm_instance *in, uint32_t *own)
{
    const struct wasm_module *m = in->module;
    uint32_t n = 0;

    for (uint32_t f = 0; f < m->nimport_funcs; f++)
        if (inst_imports(in)[f].in == in)
            n = note(in, &inst_imports(in)[f].in, own, n);
    for (uint32_t f = m->nimport_funcs; f < m->nfuncs; f++)
        if (inst_funcrefs(in)[f].in == in)
            n = note(in, &inst_funcrefs(in)[f].in, own, n);
    for (uint32_t i = 0; i < m->ntags; i++)
        n = note(in, &inst_tags(in)[i].tag, own, n);
    for (uint32_t i = 0; i < m->nglobals; i++)
        if (m->globals[i].type == WASM_FUNCREF && inst_global(in, i)->ref)
            n = note(in, &inst_global(in, i)->ref, own, n);
    return n;
}

/* The part of memory 0 that active segments write. */
static bool data_span(struct wasm_instance *in, uint64_t *from, uint64_t *to)
{
    const struct wasm_module *m = in->module;

    *from = *to = 0;
    for (uint32_t i = 0; i < m->ndatas; i++) {
        const struct wasm_data *d = &m->datas[i];
        uint64_t at;
        if (d->mode != 0 || !d->size)
            continue;
        if (d->memory)
            return false;
        at = inst_eval(in, &d->offset).i32;
        if (*from == *to || at < *from)
            *from = at;
        if (at + d->size > *to)
            *to = at + d->size;
    }
    return true;
}

size_t wasm_model_size(struct wasm_instance *of)
{
    return sizeof(struct wasm_model) + of->module->inst_size
        + own_pointers(of, NULL) * sizeof(uint32_t);
}

bool wasm_model_make(struct wasm_model *model, struct wasm_instance *of, uint64_t *from,
                     uint64_t *to)
{
    const struct wasm_module *m = of->module;
    struct wasm_instance *in = (struct wasm_instance *)model->block;

    for (uint32_t i = 0; i < m->nimports; i++)
        if (m->imports[i].kind != WASM_FUNC)
            return false;
    if (!data_span(of, from, to))
        return false;
    model->own = (uint32_t *)(model->block + m->inst_size);
    model->nown = own_pointers(of, model->own);
    memcpy(in, of, m->inst_size);
    for (uint32_t i = 0; i < model->nown; i++)
        *(uint64_t *)inst_at(in, model->own[i]) -= (uintptr_t)of;
    for (uint32_t i = 0; i < m->ntables; i++)
        inst_tables(in)[i] = NULL;
    return true;
}

enum wasm_errcode wasm_instantiate_like(struct wasm_instance *in, const struct wasm_model *model,
                                        struct wasm_memory *mem, struct wasm_error *err)
{
    const struct wasm_instance *like = (const struct wasm_instance *)model->block;
    uintptr_t stack_limit = in->stack_limit;
    void *embedder = in->embedder;
    enum wasm_errcode e;

    memcpy(in, like, like->module->inst_size);
    in->stack_limit = stack_limit;
    in->embedder = embedder;
    for (uint32_t i = 0; i < model->nown; i++)
        *(uint64_t *)inst_at(in, model->own[i]) += (uintptr_t)in;
    if (!make_tables(in))
        return no_memory(in, err);
    if ((e = make_memory(in, mem, err)) != WASM_OK) {
        wasm_instance_free(in);
        return e;
    }
    apply_elems(in);            /* what fitted there fits here */
    return WASM_OK;
}

static void export_func(struct wasm_instance *in, uint32_t f, struct wasm_extern *out)
{
    const struct wasm_module *m = in->module;

    out->type = &m->types[m->funcs[f].type];
    out->ref = inst_funcrefs(in) + f;
    out->code = out->ref->code;
    out->in = out->ref->in;
}

bool wasm_export_find(struct wasm_instance *in, struct wasm_name name, struct wasm_extern *out)
{
    const struct wasm_module *m = in->module;

    for (uint32_t i = 0; i < m->nexports; i++) {
        const struct wasm_export *x = &m->exports[i];
        if (x->name.len != name.len || memcmp(x->name.s, name.s, name.len) != 0)
            continue;
        memset(out, 0, sizeof *out);
        out->kind = x->kind;
        switch (x->kind) {
        case WASM_FUNC:
            export_func(in, x->index, out);
            break;
        case WASM_TABLE:
            out->table = inst_tables(in)[x->index];
            break;
        case WASM_MEMORY:
            out->memory = inst_mems(in)[x->index];
            break;
        case WASM_TAG:
            out->tag = inst_tags(in)[x->index].tag;
            break;
        default:
            out->global_type = m->globals[x->index].type;
            out->global_mut = m->globals[x->index].mut;
            out->global = inst_global(in, x->index);
        }
        return true;
    }
    return false;
}

void wasm_instance_free(struct wasm_instance *in)
{
    const struct wasm_module *m = in->module;

    exn_free_all(in);
    for (uint32_t i = 0; m && i < m->ntables; i++) {
        struct wasm_table *t = inst_tables(in)[i];
        if (m->tables[i].imported || !t)
            continue;
        wasm_host_free(in, t->entries, (size_t)t->capacity * sizeof *t->entries);
        wasm_host_free(in, t, sizeof *t);
        inst_tables(in)[i] = NULL;
    }
}
