/*
 * link.c - an image becomes an instance of a SIP: its imports are system calls, its memories stand
 * in the slots, its segments are written.
 *
 * The first instance of a cached image is copied as it is when it has just been linked, if that
 * says all about those to come: nothing but functions is imported, the types of functions have the
 * same numbers in all SIPs, and segments write one part of memory 0, of which a copy is kept. From
 * this model later ones are linked without looking anything up.
 */
#include "kernel/kernel.h"

#define ENTRY_NAME "_start"
#define THREAD_NAME "thread_start"
#define INSTANCE_MAX 65536u         /* bytes of a block that is kept, about */
#define DATA_MAX (128ul << 10)      /* and of memory */
#define LIGHT_ELEMS 1024ul          /* of tables, and functions, for a start within a call */

static bool named(struct wasm_name name, const char *text)
{
    return name.len == strlen(text) && memcmp(name.s, text, name.len) == 0;
}

/* Memory 0 may be imported, as `env` `memory`, which changes nothing. */
static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    const struct wasm_import *im = &m->imports[import];
    struct sip *s = ctx;

    if (im->kind == WASM_MEMORY && im->index == 0 && named(im->module, "env")
            && named(im->field, "memory")) {
        out->kind = WASM_MEMORY;
        out->memory = &s->mem;
        return true;
    }
    if (im->kind != WASM_FUNC || !named(im->module, "selkie"))
        return false;
    out->kind = WASM_FUNC;
    return syscall_find(im->field.s, im->field.len, &out->code, &out->type);
}

static wasm_invoke_fn *invoke_of(struct sip *s, uint32_t func)
{
    return (wasm_invoke_fn *)(uintptr_t)(s->image->code.rx + s->image->compiled->invoke[func]);
}

/* The exported function of this name with so many parameters, all i32, and no results; NULL. */
static wasm_invoke_fn *exported(struct sip *s, const char *name, uint32_t nparams)
{
    const struct wasm_module *m = s->image->module;

    for (uint32_t i = 0; i < m->nexports; i++) {
        const struct wasm_export *x = &m->exports[i];
        const struct wasm_functype *t;
        if (x->kind != WASM_FUNC || !named(x->name, name))
            continue;
        t = &m->types[m->funcs[x->index].type];
        for (uint32_t p = 0; p < t->nparams; p++)
            if (t->params[p] != WASM_I32)
                return NULL;
        return t->nparams == nparams && !t->nresults && !m->funcs[x->index].imported
            ? invoke_of(s, x->index) : NULL;
    }
    return NULL;
}

static err_t find_entries(struct sip *s, char *reason, size_t n)
{
    const struct wasm_module *m = s->image->module;

    if (m->start != UINT32_MAX) {
        if (m->start < m->nimport_funcs) {
            ksnprintf(reason, n, "module unlinkable: its start function is imported");
            return ERR_MODULE;
        }
        s->start = invoke_of(s, m->start);
    }
    s->thread_main = exported(s, THREAD_NAME, 2);
    if ((s->main = exported(s, ENTRY_NAME, 0)))
        return 0;
    ksnprintf(reason, n,
              "module unlinkable: it exports no function \"" ENTRY_NAME "\" of type [] -> []");
    return ERR_MODULE;
}

/* An imported memory is made as the import says. */
static bool make_imported(struct sip *s)
{
    const struct wasm_limits *lim = &s->image->module->mems[0].lim;

    s->mem.has_max = lim->has_max;
    s->mem.shared = lim->shared;
    s->mem.max = lim->has_max ? (uint32_t)lim->max : WASM_MAX_PAGES;
    return lim->min <= WASM_TOP_PAGES && wasm_host_memory_grow(&s->mem, 0, (uint32_t)lim->min);
}

/* ---- models ---------------------------------------------------------------------------------- */

/* Is there so little to write that the kernel may do it without being preempted? */
static bool is_light(const struct wasm_module *m)
{
    uint64_t elems = m->nfuncs;

    for (uint32_t i = 0; i < m->nelems; i++)
        elems += m->elems[i].count;
    for (uint32_t i = 0; i < m->ntables; i++)
        elems += m->tables[i].lim.min;
    return elems <= LIGHT_ELEMS;
}

void model_free(struct model *m)
{
    if (m)
        kfree(m->data);
    kfree(m);
}

/* The block of s, and its memory from the first to the last byte that a segment has written. */
static bool take_model(struct model *m, struct sip *s)
{
    static uint64_t last;
    uint64_t to;

    if (!wasm_model_make((struct wasm_model *)m->in, s->in, &m->from, &to))
        return false;
    m->size = to - m->from;
    if (m->size > DATA_MAX || (m->size && !(m->data = kmalloc(m->size))))
        return false;
    m->id = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    return !m->size || copy_checked(m->data, s->mem.base + m->from, m->size);
}

/* Of the instance of s, which has just been linked, if its image is to be used again. */
static void make_model(struct sip *s)
{
    size_t size = wasm_model_size(s->in);
    struct image *im = s->image;
    struct model *m, *none = NULL;

    if (!im->cached || s->types || size > INSTANCE_MAX || !(m = kmalloc(sizeof *m + size)))
        return;
    *m = (struct model){ .start = s->start, .main = s->main, .thread_main = s->thread_main,
                         .light = is_light(im->module) };
    if (!take_model(m, s)
            || !__atomic_compare_exchange_n(&im->model, &none, m, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED))
        model_free(m);          /* another CPU has made one */
}

/* ---- both ways ------------------------------------------------------------------------------- */

err_t sip_no_memory(char *reason, size_t n, const char *what)
{
    ksnprintf(reason, n, "out of memory for %s", what);
    return ERR_NO_MEMORY;
}

static err_t link_like(struct sip *s, struct model *m, char *reason, size_t n)
{
    struct wasm_error err;

    if (wasm_instantiate_like(s->in, (struct wasm_model *)m->in, &s->mem, &err) != WASM_OK) {
        s->in = NULL;
        ksnprintf(reason, n, "%s", err.text);
        return ERR_NO_MEMORY;
    }
    if (m->size)
        wasm_host_memory_write(&s->mem, m->from, m->data, m->size);
    slot_initial(s->slot, m->id, m->from, m->from + m->size);
    s->start = m->start;
    s->main = m->main;
    s->thread_main = m->thread_main;
    return s->no_memory ? sip_no_memory(reason, n, "initial data") : 0;
}

static err_t link_first(struct sip *s, char *reason, size_t n)
{
    const struct wasm_module *m = s->image->module;
    bool imported = m->nmems && m->mems[0].imported;
    struct wasm_error err;
    enum wasm_errcode code;
    int trap = 0;

    if (imported && !make_imported(s))
        return sip_no_memory(reason, n, "linear memory");
    this_thread()->linking = s;
    code = wasm_instantiate(s->in, s->image->compiled, s->image->code.rx,
                            imported ? s->more_mem : &s->mem, resolve, s, &trap, &err);
    this_thread()->linking = NULL;
    if (code != WASM_OK) {
        s->in = NULL;       /* what it made it has freed */
        ksnprintf(reason, n, code == WASM_NOMEM ? "%s" : "module unlinkable: %s", err.text);
        return code == WASM_NOMEM ? ERR_NO_MEMORY : ERR_MODULE;
    }
    if (s->no_memory)
        return sip_no_memory(reason, n, "initial data");
    if (trap) {
        ksnprintf(reason, n, "module trapped while it was initialised: %s", wasm_trap_text(trap));
        return ERR_MODULE;
    }
    return find_entries(s, reason, n);
}

err_t sip_link(struct sip *s, char *reason, size_t n)
{
    struct model *m = __atomic_load_n(&s->image->model, __ATOMIC_ACQUIRE);
    err_t e;

    if (m)
        return link_like(s, m, reason, n);
    if ((e = link_first(s, reason, n)) >= 0)
        make_model(s);
    return e;
}
