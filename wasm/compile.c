/*
 * compile.c - the pipeline: for each function body
 *
 *   pass_build -> pass_gvn -> pass_divide -> isel_run -> ra_run -> emit_func
 *
 * and the image that collects the results. Everything of one function lives in an arena that is emptied
 * before the next; only code, relocations and site tables stay. Bodies are independent of each other.
 */
#include "wasm/image.h"

struct compile {
    struct wasm_module *m;
    const struct wasm_options *o;
    struct wasm_image *img;
    struct image_priv *p;
    struct wasm_arena arena;        /* of the function being compiled */
    bool again;                     /* a tail call needs image.tail_words: all over again */
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

static uint8_t *leb(uint8_t *p, uint32_t v)
{
    for (; v >= 128; v >>= 7)
        *p++ = (uint8_t)(v | 128);
    *p++ = (uint8_t)v;
    return p;
}

static const uint8_t *unleb(const uint8_t *p, uint32_t *v)
{
    uint32_t x = 0;
    int shift = 0;

    do {
        x |= (uint32_t)(*p & 127) << shift;
        shift += 7;
    } while (*p++ & 128);
    *v = x;
    return p;
}

static uint32_t zigzag(int32_t d)
{
    return (uint32_t)d << 1 ^ (uint32_t)(d >> 31);
}

static int32_t unzigzag(uint32_t z)
{
    return (int32_t)(z >> 1 ^ -(z & 1));
}

static void pack_sites(struct compile *c, struct emit *e, struct piece *p)
{
    uint8_t *buf = arena_raw(e->arena, (size_t)e->nsite * 11 + 1), *q = buf;
    uint32_t pc = 0, pos = 0;

    for (uint32_t k = 0; k < e->nsite; k++) {
        struct site_rec *s = &e->site[k];
        q = leb(q, s->pc - pc);
        q = leb(q, zigzag((int32_t)(s->pos - pos)));
        *q++ = s->trap | s->call << 7;
        pc = s->pc;
        pos = s->pos;
    }
    p->nsites = e->nsite;
    p->sites = arena_raw(c->img->arena, (size_t)(q - buf) + 1);
    memcpy(p->sites, buf, (size_t)(q - buf));
}

/* Takes the finished code over into the image; returns its code offset. */
static uint32_t collect(struct compile *c, struct emit *e, uint32_t func)
{
    struct image_priv *p = c->p;
    struct wasm_arena *a = c->img->arena;

    if (p->npiece == p->cappiece) {
        p->piece = arena_grow(a, p->piece, p->cappiece * sizeof *p->piece, 2 * p->cappiece * sizeof *p->piece);
        p->cappiece *= 2;
    }
    struct piece *x = &p->piece[p->npiece++];
    *x = (struct piece){ .start = (uint32_t)c->img->code_size, .size = (uint32_t)e->b.n, .func = func,
                         .frame = e->frame + 8 * e->saved, .reloc = p->nreloc, .nreloc = e->nreloc };
    x->code = arena_raw(a, e->b.n);
    memcpy(x->code, e->b.p, e->b.n);
    pack_sites(c, e, x);
    if (p->nreloc + e->nreloc > p->capreloc) {
        uint32_t n = 2 * p->capreloc + e->nreloc;
        p->reloc = arena_grow(a, p->reloc, p->capreloc * sizeof *p->reloc, n * sizeof *p->reloc);
        p->capreloc = n;
    }
    for (uint32_t k = 0; k < e->nreloc; k++)
        p->reloc[p->nreloc++] = e->reloc[k];
    c->img->code_size = (x->start + x->size + 15) & ~(size_t)15;
    return x->start;
}

/* ---- the pipeline -------------------------------------------------------------------------- */

static bool compile_func(struct compile *c, uint32_t index, struct wasm_error *err)
{
    struct wasm_arena *a = &c->arena;
    struct ir_func *f;
    struct lfunc *l;
    struct emit *e;

    arena_reset(a);
    f = arena_alloc(a, sizeof *f);
    *f = (struct ir_func){ .m = c->m, .o = c->o, .arena = a, .index = index,
                            .tail_words = c->img->tail_words };
    if (!pass_build(f, err))
        return false;
    c->again |= f->wants_tail_words;
    if (c->again)
        return true;
    if (dumping(c->o, index, 'b'))
        ir_dump(f, "build");
    if (pass_on(c->o, 'g')) {
        pass_gvn(f);
        if (dumping(c->o, index, 'g'))
            ir_dump(f, "gvn");
    }
    if (pass_on(c->o, 'd'))
        pass_divide(f);
    l = arena_alloc(a, sizeof *l);
    *l = (struct lfunc){ .f = f, .arena = a, .cpu = c->o->cpu };
    isel_run(l);
    ra_run(l);
    if (dumping(c->o, index, 'r'))
        lir_dump(l, "registers");
    e = arena_alloc(a, sizeof *e);
    *e = (struct emit){ .l = l, .f = f, .arena = a };
    emit_func(e);
    uint32_t at = collect(c, e, index);
    if (c->m->funcs[index].escapes) {
        c->img->ext_entry[index] = at + (c->m->features & WASM_F_TAIL ? WASM_TAIL_SIZE : 0);
        at = c->img->ext_entry[index] + DIRECT_ENTRY;
    }
    c->img->entry[index] = at;
    return true;
}

static uint32_t compile_thunk(struct compile *c, uint32_t func,
                              void (*make)(struct emit *, const struct wasm_module *, uint32_t, uint32_t))
{
    arena_reset(&c->arena);
    struct emit *e = arena_alloc(&c->arena, sizeof *e);
    e->arena = &c->arena;
    make(e, c->m, func, c->img->tail_words);
    return collect(c, e, func);
}

static void set_up(struct compile *c)
{
    struct wasm_arena *a = c->img->arena;
    uint32_t n = c->m->nfuncs;

    c->img->entry = arena_alloc(a, (n + 1) * 4);
    c->img->ext_entry = arena_alloc(a, (n + 1) * 4);
    c->img->invoke = arena_alloc(a, (n + 1) * 4);
    c->img->tail = arena_alloc(a, n + 1);
    memset(c->img->ext_entry, 0xff, (n + 1) * 4);
    memset(c->img->invoke, 0xff, (n + 1) * 4);
    c->p = c->img->priv = arena_alloc(a, sizeof *c->p);
    c->p->thunk = arena_alloc(a, (n + 1) * 4);
    c->p->cappiece = n + n / 2 + 16;
    c->p->piece = arena_alloc(a, c->p->cappiece * sizeof *c->p->piece);
    c->p->capreloc = 64;
    c->p->reloc = arena_alloc(a, c->p->capreloc * sizeof *c->p->reloc);
}

/* As many stack words as any type takes: all functions can then call each other in tail position. */
static void provide_tail_words(struct compile *c)
{
    struct wasm_module *m = c->m;

    for (uint32_t i = 0; i < m->ntypes; i++) {
        uint32_t n = abi_param_words(&m->types[i]);
        if (n > c->img->tail_words)
            c->img->tail_words = n;
    }
    c->again = false;
    c->p->npiece = c->p->nreloc = 0;
    c->img->code_size = 0;
}

static bool compile_bodies(struct compile *c, struct wasm_error *err)
{
    struct wasm_module *m = c->m;

    for (uint32_t i = m->nimport_funcs; i < m->nfuncs; i++) {
        if (!compile_func(c, i, err))
            return false;
        if (c->img->code_size > INT32_MAX / 2) {
            *err = (struct wasm_error){ .code = WASM_LIMIT, .func = i, .offset = m->funcs[i].body,
                                        .text = "more than 1 GiB of code" };
            return false;
        }
    }
    return true;
}

static bool compile_all(struct compile *c, struct wasm_error *err)
{
    struct wasm_module *m = c->m;

    set_up(c);
    if (!compile_bodies(c, err))
        return false;
    if (c->again) {
        provide_tail_words(c);
        if (!compile_bodies(c, err))
            return false;
    }
    for (uint32_t i = 0; i < m->nfuncs; i++) {
        if (!m->funcs[i].escapes || m->funcs[i].port_op)
            continue;
        if (!m->funcs[i].imported) {
            c->p->thunk[i] = compile_thunk(c, i, thunk_ext_entry);
            c->img->tail[i] = thunk_tail(m, i, c->img->tail_words);
        }
        c->img->invoke[i] = compile_thunk(c, i, thunk_invoke);
    }
    return true;
}

/* The image lives in an arena of its own; its header is the arena's first allocation. */
struct image_block { struct wasm_arena arena; struct wasm_image img; void *oom[5]; struct compile c; };

struct wasm_image *wasm_compile(struct wasm_module *m, const struct wasm_options *o, struct wasm_error *err)
{
    struct wasm_host *h = m->host;
    struct image_block *b = h->alloc(h->ctx, sizeof *b);

    *err = (struct wasm_error){ .func = UINT32_MAX };
    if (!b) {
        err->code = WASM_NOMEM;
        return NULL;
    }
    memset(b, 0, sizeof *b);
    arena_init(&b->arena, h, b->oom);
    arena_init(&b->c.arena, h, b->oom);
    b->img.module = m;
    b->img.arena = &b->arena;
    b->c.m = m;
    b->c.o = o;
    b->c.img = &b->img;
    if (__builtin_setjmp(b->oom)) {
        *err = (struct wasm_error){ .code = WASM_NOMEM, .func = UINT32_MAX, .text = "out of memory" };
    } else if (compile_all(&b->c, err)) {
        b->img.peak_memory = b->c.arena.peak;
        arena_free(&b->c.arena);
        return &b->img;
    }
    arena_free(&b->c.arena);
    wasm_image_free(&b->img);
    return NULL;
}

void wasm_image_free(struct wasm_image *img)
{
    struct image_block *b = (struct image_block *)((char *)img - offsetof(struct image_block, img));
    struct wasm_host *h = img->module->host;

    arena_free(&b->arena);
    h->release(h->ctx, b, sizeof *b);
}

/* ---- the finished image -------------------------------------------------------------------- */

void wasm_image_write(const struct wasm_image *img, uint8_t *to)
{
    struct image_priv *p = img->priv;

    for (uint32_t k = 0; k < p->npiece; k++) {
        struct piece *x = &p->piece[k];
        uint32_t end = k + 1 < p->npiece ? p->piece[k + 1].start : (uint32_t)img->code_size;
        memcpy(to + x->start, x->code, x->size);
        memset(to + x->start + x->size, 0xcc, end - x->start - x->size);
        for (uint32_t r = x->reloc; r < x->reloc + x->nreloc; r++) {
            uint32_t at = x->start + p->reloc[r].at;
            uint32_t f = p->reloc[r].func;
            uint32_t d = (f & RELOC_THUNK ? p->thunk[f & ~RELOC_THUNK] : img->entry[f]) - (at + 4);
            memcpy(to + at, &d, 4);
        }
    }
}

static struct piece *find_piece(struct image_priv *p, uint32_t pc)
{
    uint32_t lo = 0, hi = p->npiece;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (p->piece[mid].start <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? &p->piece[lo - 1] : NULL;
}

bool wasm_image_site(const struct wasm_image *img, uint32_t pc, bool ret, struct wasm_site *site)
{
    struct piece *x = find_piece(img->priv, ret && pc ? pc - 1 : pc);
    uint32_t at = 0, pos = 0, d, z;

    if (!x || pc > x->start + x->size)
        return false;
    *site = (struct wasm_site){ .func = x->func, .offset = img->module->funcs[x->func].body, .frame = x->frame };
    const uint8_t *s = x->sites;
    for (uint32_t k = 0; k < x->nsites; k++) {
        s = unleb(s, &d);
        s = unleb(s, &z);
        uint8_t kind = *s++;
        at += d;
        pos += (uint32_t)unzigzag(z);
        if (x->start + at > pc)
            break;
        bool prologue = (kind & 127) == SITE_PROLOGUE;
        if (!prologue && pos)
            site->offset = pos;
        if (x->start + at != pc || (kind >> 7) != ret)
            continue;
        site->trap = prologue ? WASM_TRAP_STACK : kind & 127;
        if (prologue)
            site->frame = 8 * pos;
        return true;
    }
    return true;
}
