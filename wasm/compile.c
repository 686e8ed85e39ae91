/*
 * compile.c - the pipeline: for each function body
 *
 *   pass_build -> pass_gvn -> pass_unroll -> pass_address -> pass_dead -> pass_divide ->
 *   pass_bulk -> isel_run -> ra_run -> emit_func
 *
 * and the image that collects the results. Everything of one function lives in an arena that is
 * emptied before the next; only code, relocations and site tables stay.
 *
 * Bodies are independent of each other, so any number of workers take them from one counter. Each
 * has its arenas and puts what it made where the function's number says: the image is the same
 * however many workers there were. Of several errors the one of the lowest function is reported.
 */
#include "wasm/image.h"
#include "wasm/survey.h"

struct worker {
    struct worker *next;
    struct compile *c;
    struct wasm_arena scratch;      /* of the function being compiled */
    struct wasm_arena temp;         /* of the pass at hand */
    struct wasm_arena out;          /* what stays with the image */
    void *oom[5];
    struct wasm_error err;
};

struct compile {
    struct wasm_module *m;
    const struct wasm_options *o;
    struct wasm_image *img;
    struct image_priv *p;
    struct worker *workers;         /* pushed atomically */
    const struct survey *survey;    /* NULL: no pass asks for it */
    const struct sealed *sealed;    /* NULL: not wanted */
    uint8_t *called;                /* per function: code calls it; atomic */
    uint8_t *table_called;          /* per table: calls go through its PIECE_TABLE; atomic */
    bool last;                      /* a single worker makes what was deferred */
    uint32_t *todo, ntodo;          /* at the end: deferred bodies that are called; else NULL */
    uint32_t next;                  /* body to take next, atomic */
    uint32_t failed;                /* lowest function with an error so far, atomic */
    bool landing;                   /* somebody has a landing block, atomic */
    bool again;                     /* a tail call needs image.tail_words: all over again */
};

/* The image lives in an arena of its own. */
struct image_block {
    struct wasm_arena arena; struct wasm_image img; void *oom[5]; struct compile c;
};

static struct image_block *block_of(struct wasm_image *img)
{
    return (struct image_block *)((char *)img - offsetof(struct image_block, img));
}

/* whoever asks for a letter gives it a row here: tools and benchmarks list the passes from it */
const struct wasm_pass wasm_passes[] = {
    { 'i', "bodies of small and once-called functions in place of calls" },
    { 'v', "calls through tables, and globals, that never change" },
    { 'g', "value numbering, folding, loads forwarded, invariants out of loops" },
    { 'u', "small loops unrolled" },
    { 'a', "constants in addresses as displacements" },
    { 'd', "division by constants by multiplication" },
    { 'm', "short copies and fills inline" },
    { 's', "values computed just before their only user, where registers are scarce" },
    { 'w', "returns before there is a frame" },
    { 'j', "no jumps to jumps, no compare twice" },
    { 0, NULL },
};

static bool pass_on(const struct wasm_options *o, char letter)
{
    return !(o->passes_off >> (letter - 'a') & 1);
}

static bool dumping(const struct wasm_options *o, uint32_t func, char letter)
{
    return o->print && (o->dump >> (letter - 'a') & 1) &&
           (o->dump_func == UINT32_MAX || o->dump_func == func);
}

/* ---- collecting ---------------------------------------------------------------------------- */

static void note_called(struct compile *c, uint32_t func)
{
    if (func & RELOC_TABLE) {
        __atomic_store_n(&c->table_called[func & ~RELOC_TABLE], 1, __ATOMIC_RELAXED);
        return;
    }
    if (c->todo && !c->called[func] && c->p->piece[func - c->m->nimport_funcs].deferred)
        c->todo[c->ntodo++] = func;
    __atomic_store_n(&c->called[func], 1, __ATOMIC_RELAXED);
}

/* Takes the finished code over into piece x of the image. */
static void collect(struct worker *w, struct emit *e, struct piece *x, uint32_t func)
{
    *x = (struct piece){ .size = (uint32_t)e->b.n, .func = func, .frame = e->frame + 8 * e->saved,
                         .nreloc = e->nreloc };
    x->code = arena_raw(&w->out, e->b.n);
    memcpy(x->code, e->b.p, e->b.n);
    site_pack(&w->out, e, x);
    x->reloc = arena_raw(&w->out, e->nreloc * sizeof *x->reloc);
    if (e->nreloc)
        memcpy(x->reloc, e->reloc, e->nreloc * sizeof *x->reloc);
    for (uint32_t r = 0; r < e->nreloc; r++)
        note_called(w->c, e->reloc[r].func & ~RELOC_THUNK);
}

static void keep_inlined(struct worker *w, const struct ir_func *f, struct piece *x)
{
    size_t bytes = f->ninlined * sizeof *x->inlined;
    if (!bytes)
        return;
    x->ninlined = f->ninlined;
    x->inlined = arena_raw(&w->out, bytes);
    memcpy(x->inlined, f->inlined, bytes);
}

/* ---- the pipeline -------------------------------------------------------------------------- */

/* What only the pass needs is let go behind it. */
static void run_pass(struct worker *w, struct ir_func *f, char letter,
                     void (*pass)(struct ir_func *), const char *title)
{
    if (!pass_on(f->o, letter))
        return;
    pass(f);
    arena_reset(&w->temp);
    if (dumping(f->o, f->index, letter))
        ir_dump(f, title);
}

static void optimise(struct worker *w, struct ir_func *f)
{
    arena_reset(&w->temp);
    if (!pass_on(f->o, 'g') || dumping(f->o, f->index, 'b'))
        ir_drop_aliases(f);         /* pass_gvn resolves them as it goes */
    if (dumping(f->o, f->index, 'b'))
        ir_dump(f, "build");
    run_pass(w, f, 'g', pass_gvn, "gvn");
    run_pass(w, f, 'u', pass_unroll, "unroll");
    run_pass(w, f, 'a', pass_address, "address");
    if (pass_on(f->o, 'g'))
        pass_dead(f);
    run_pass(w, f, 'd', pass_divide, "divide");
    if (!f->o->volatile_mem)
        run_pass(w, f, 'm', pass_bulk, "bulk");
    pass_keep(f);
    arena_reset(&w->temp);
}

/* From the IR to a piece of the image. */
static void generate(struct worker *w, struct ir_func *f, struct piece *piece)
{
    struct lfunc l = { .f = f, .arena = f->arena, .cpu = f->o->cpu };
    struct emit e = { .l = &l, .f = f, .arena = f->temp };

    isel_run(&l);
    arena_reset(&w->temp);
    ra_run(&l);
    arena_reset(&w->temp);
    if (dumping(f->o, f->index, 'r'))
        lir_dump(&l, "registers");
    emit_func(&e);
    if (l.has_landing)
        __atomic_store_n(&w->c->landing, true, __ATOMIC_RELAXED);
    collect(w, &e, piece, f->index);
}

static bool compile_func(struct worker *w, uint32_t index)
{
    struct compile *c = w->c;
    struct piece *piece = &c->p->piece[index - c->m->nimport_funcs];
    struct ir_func f = { .m = c->m, .o = c->o, .arena = &w->scratch, .temp = &w->temp,
                         .index = index, .tail_words = c->img->tail_words, .survey = c->survey,
                         .sealed = c->sealed, .inlining = pass_on(c->o, 'i') };

    arena_reset(&w->scratch);
    arena_reset(&w->temp);
    if (!pass_build(&f, &w->err))
        return false;
    if (f.wants_tail_words)
        __atomic_store_n(&c->again, true, __ATOMIC_RELAXED);
    if (__atomic_load_n(&c->again, __ATOMIC_RELAXED))
        return true;
    piece->deferred = f.inlining && !c->todo && inline_may_vanish(c->m, c->survey, index);
    if (piece->deferred) {
        piece->func = index;
        return true;
    }
    optimise(w, &f);
    generate(w, &f, piece);
    keep_inlined(w, &f, piece);
    return true;
}

static void note_error(struct worker *w, uint32_t func)
{
    uint32_t old = __atomic_load_n(&w->c->failed, __ATOMIC_RELAXED);

    w->err.func = func;
    while (func < old && !__atomic_compare_exchange_n(&w->c->failed, &old, func, false,
                                                      __ATOMIC_RELAXED,
                                                      __ATOMIC_RELAXED))
        ;
}

static void take_bodies(struct worker *w)
{
    enum { BATCH = 8 };
    struct compile *c = w->c;

    for (;;) {
        uint32_t i = __atomic_fetch_add(&c->next, BATCH, __ATOMIC_RELAXED);
        for (uint32_t end = i + BATCH; i < end; i++) {
            if (i >= c->m->nfuncs || i >= __atomic_load_n(&c->failed, __ATOMIC_RELAXED))
                return;
            if (!compile_func(w, i)) {
                note_error(w, i);
                return;
            }
        }
    }
}

/* Deferred bodies that are called after all, and those that they call. */
static void take_called(struct worker *w)
{
    struct compile *c = w->c;
    uint32_t n = 0;

    for (uint32_t i = c->m->nimport_funcs; i < c->m->nfuncs; i++)
        n += c->p->piece[i - c->m->nimport_funcs].deferred;
    c->todo = arena_alloc(&w->out, (n + 1) * sizeof *c->todo);
    for (uint32_t i = c->m->nimport_funcs; i < c->m->nfuncs; i++)
        if (c->p->piece[i - c->m->nimport_funcs].deferred && c->called[i])
            c->todo[c->ntodo++] = i;
    while (c->ntodo) {
        uint32_t i = c->todo[--c->ntodo];
        if (!compile_func(w, i)) {
            note_error(w, i);
            return;
        }
    }
}

static void worker_init(struct worker *w, struct compile *c)
{
    memset(w, 0, sizeof *w);
    w->c = c;
    arena_init(&w->scratch, c->m->host, w->oom);
    arena_init(&w->temp, c->m->host, w->oom);
    arena_init(&w->out, c->m->host, w->oom);
    w->scratch.other = &w->temp;
    w->temp.other = &w->scratch;
}

static size_t worker_peak(const struct worker *w)
{
    return w->temp.peak > w->scratch.peak ? w->temp.peak : w->scratch.peak;
}

void wasm_compile_work(struct wasm_image *img)
{
    struct compile *c = &block_of(img)->c;
    struct wasm_host *h = c->m->host;
    struct worker *w = h->alloc(h->ctx, sizeof *w);

    if (!w)
        return;             /* finish does what is left */
    worker_init(w, c);
    if (__builtin_setjmp(w->oom)) {
        w->err = (struct wasm_error){ .code = WASM_NOMEM, .text = "out of memory" };
        note_error(w, 0);
        w->err.func = UINT32_MAX;
    } else if (c->last) {
        take_called(w);
    } else {
        take_bodies(w);
    }
    arena_free(&w->scratch);
    arena_free(&w->temp);
    w->next = __atomic_load_n(&c->workers, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&c->workers, &w->next, w, false, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
        ;
}

/* As many stack words as any type takes: all functions can then call each other in tail
 * position. */
static void provide_tail_words(struct compile *c)
{
    struct wasm_module *m = c->m;

    for (uint32_t i = 0; i < m->ntypes; i++) {
        uint32_t n = abi_param_words(&m->types[i]);
        if (n > c->img->tail_words)
            c->img->tail_words = n;
    }
    c->again = false;
    c->next = m->nimport_funcs;
    memset(c->called, 0, m->nfuncs);
}

static struct piece *compile_thunk(struct worker *w, uint32_t func,
                                   void (*make)(struct emit *, const struct wasm_module *,
                                                uint32_t, uint32_t))
{
    struct image_priv *p = w->c->p;

    arena_reset(&w->scratch);
    struct emit *e = arena_alloc(&w->scratch, sizeof *e);
    e->arena = &w->scratch;
    make(e, w->c->m, func, w->c->img->tail_words);
    collect(w, e, &p->piece[p->npiece], func);
    return &p->piece[p->npiece++];
}

static void compile_table(struct worker *w, uint32_t table)
{
    struct compile *c = w->c;
    struct piece *x = &c->p->piece[c->p->npiece++];

    arena_reset(&w->scratch);
    struct emit *e = arena_alloc(&w->scratch, sizeof *e);
    e->arena = &w->scratch;
    thunk_table(e, c->m, c->sealed->table[table]);
    collect(w, e, x, c->m->nimport_funcs);
    x->kind = PIECE_TABLE;
    x->table = table;
}

static void compile_thunks(struct worker *w)
{
    struct compile *c = w->c;
    struct wasm_module *m = c->m;

    for (uint32_t i = 0; i < m->nfuncs; i++) {
        if (!m->funcs[i].escapes || m->funcs[i].port_op)
            continue;
        if (!m->funcs[i].imported) {
            compile_thunk(w, i, thunk_ext_entry)->kind = PIECE_EXT;
            c->img->tail[i] = thunk_tail(m, i, c->img->tail_words);
        }
        compile_thunk(w, i, thunk_invoke)->kind = PIECE_INVOKE;
    }
    if (w->c->landing)
        compile_thunk(w, m->nimport_funcs, thunk_resume)->kind = PIECE_RESUME;
    for (uint32_t i = 0; i < m->ntables; i++)
        if (c->table_called[i])
            compile_table(w, i);
}

static bool set_up(struct image_block *b, size_t npiece)
{
    struct compile *c = &b->c;
    struct wasm_arena *a = &b->arena;
    uint32_t n = c->m->nfuncs;

    if (__builtin_setjmp(b->oom))
        return false;
    c->img->entry = arena_alloc(a, (n + 1) * 4);
    c->img->ext_entry = arena_alloc(a, (n + 1) * 4);
    c->img->invoke = arena_alloc(a, (n + 1) * 4);
    c->img->tail = arena_alloc(a, n + 1);
    memset(c->img->ext_entry, 0xff, (n + 1) * 4);
    memset(c->img->invoke, 0xff, (n + 1) * 4);
    c->p = c->img->priv = arena_alloc(a, sizeof *c->p);
    c->p->thunk = arena_alloc(a, (n + 1) * 4);
    c->p->piece = arena_alloc(a, npiece * sizeof *c->p->piece);
    c->p->npiece = n - c->m->nimport_funcs;
    if (!c->o)
        return true;
    c->called = arena_alloc(a, n + 1);
    c->table_called = arena_alloc(a, c->m->ntables + 1);
    c->p->table = arena_alloc(a, ((size_t)c->m->ntables + 1) * sizeof *c->p->table);
    if (pass_on(c->o, 'i') || pass_on(c->o, 'v'))
        c->survey = survey_make(c->m, c->o, a);
    if (pass_on(c->o, 'v'))
        c->sealed = sealed_make(c->m, c->survey, a);
    return true;
}

struct wasm_image *image_new(struct wasm_module *m, const struct wasm_options *o, size_t npiece,
                             struct wasm_error *err)
{
    struct wasm_host *h = m->host;
    struct image_block *b = h->alloc(h->ctx, sizeof *b);

    *err = (struct wasm_error){ .func = UINT32_MAX };
    if (b) {
        memset(b, 0, sizeof *b);
        arena_init(&b->arena, h, b->oom);
        b->img.module = m;
        b->img.arena = &b->arena;
        b->c = (struct compile){ .m = m, .o = o, .img = &b->img, .next = m->nimport_funcs,
                                 .failed = UINT32_MAX };
        if (set_up(b, npiece))
            return &b->img;
        wasm_image_free(&b->img);
    }
    *err = (struct wasm_error){ .code = WASM_NOMEM, .func = UINT32_MAX, .text = "out of memory" };
    return NULL;
}

struct wasm_image *wasm_compile_begin(struct wasm_module *m, const struct wasm_options *o,
                                      struct wasm_error *err)
{
    size_t escaping = 0;

    for (uint32_t i = 0; i < m->nfuncs; i++)
        escaping += m->funcs[i].escapes;
    return image_new(m, o, m->nfuncs + 2 * escaping + m->ntables + 1, err);
}

/* A last worker for the thunks, so that they have arenas and a place to run out of memory. */
static bool finish_thunks(struct compile *c)
{
    struct wasm_host *h = c->m->host;
    struct worker *w = h->alloc(h->ctx, sizeof *w);
    bool done = false;

    if (!w)
        return false;
    worker_init(w, c);
    w->next = c->workers;
    c->workers = w;
    if (!__builtin_setjmp(w->oom)) {
        compile_thunks(w);
        done = true;
    }
    arena_free(&w->scratch);
    arena_free(&w->temp);
    return done;
}

static bool finish(struct compile *c, struct wasm_error *err)
{
    if (c->again && c->failed == UINT32_MAX) {
        provide_tail_words(c);
        wasm_compile_work(c->img);
    }
    if (c->next >= c->m->nfuncs && c->failed == UINT32_MAX) {
        c->last = true;
        wasm_compile_work(c->img);
    }
    for (struct worker *w = c->workers; w; w = w->next) {
        if (worker_peak(w) > c->img->peak_memory)
            c->img->peak_memory = worker_peak(w);
        if (w->err.code && (w->err.func == c->failed || w->err.code == WASM_NOMEM))
            *err = w->err;
    }
    if (c->failed != UINT32_MAX)
        return false;
    if (c->next < c->m->nfuncs || !c->todo || !finish_thunks(c)) {
        *err = (struct wasm_error){ .code = WASM_NOMEM, .func = UINT32_MAX,
                                    .text = "out of memory" };
        return false;
    }
    return image_lay_out(c->img, err);
}

struct wasm_image *wasm_compile_finish(struct wasm_image *img, struct wasm_error *err)
{
    if (finish(&block_of(img)->c, err))
        return img;
    wasm_image_free(img);
    return NULL;
}

struct wasm_image *wasm_compile(struct wasm_module *m, const struct wasm_options *o,
                                struct wasm_error *err)
{
    struct wasm_image *img = wasm_compile_begin(m, o, err);

    if (!img)
        return NULL;
    wasm_compile_work(img);
    return wasm_compile_finish(img, err);
}

void wasm_image_free(struct wasm_image *img)
{
    struct image_block *b = block_of(img);
    struct wasm_host *h = img->module->host;

    for (struct worker *w = b->c.workers, *next; w; w = next) {
        next = w->next;
        arena_free(&w->out);
        h->release(h->ctx, w, sizeof *w);
    }
    arena_free(&b->arena);
    h->release(h->ctx, b, sizeof *b);
}
