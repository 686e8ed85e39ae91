/*
 * script.c - runs one script: commands that load modules, call them, and say what must come out.
 * The reader of packs stays inside of them whatever they hold, and so does everything else here.
 */
#include "tests/spec/script.h"

#define MAX_NAMED 512
#define MAX_VALUES 2048         /* arguments or results of a function */

struct reader { const uint8_t *p, *end; bool bad; };

struct command {
    uint8_t kind, flags;
    uint32_t line, nargs, nwants;
    struct wasm_name name, field, text, module;
    const uint8_t *args, *wants;            /* struct script_value, unaligned */
};

struct named { struct wasm_name name; void *what; };
struct names { int n; struct named list[MAX_NAMED]; };

struct run {
    struct embed *embed;
    uint32_t features;
    struct wasm_instance *last;             /* of the last MODULE; NULL if it failed */
    struct embed_module *defined;           /* of the last DEFINITION */
    struct names definitions, instances, registered;
    struct spectest spectest;
    union wasm_value v[MAX_VALUES];
    struct script_value want[MAX_VALUES];
    char why[400];                          /* of the command that failed */
};

/* ---- packs --------------------------------------------------------------------------------- */

static const uint8_t *take(struct reader *r, size_t n)
{
    const uint8_t *p = r->p;

    if (r->bad || n > (size_t)(r->end - r->p)) {
        r->bad = true;
        return NULL;
    }
    r->p += n;
    return p;
}

static uint32_t take_byte(struct reader *r)
{
    const uint8_t *p = take(r, 1);

    return p ? *p : 0;
}

static uint32_t take_word(struct reader *r)
{
    const uint8_t *p = take(r, 4);
    uint32_t v = 0;

    if (p)
        memcpy(&v, p, 4);
    return v;
}

static struct wasm_name take_name(struct reader *r)
{
    uint32_t len = take_word(r);
    const char *s = (const char *)take(r, len);

    return (struct wasm_name){ s, s ? len : 0 };
}

bool script_next(const uint8_t *pack, size_t size, size_t *at, struct script *s)
{
    size_t magic = sizeof PACK_MAGIC - 1;
    struct reader r = { pack + (*at ? *at : magic), pack + size, false };

    if (size < magic || *at > size || memcmp(pack, PACK_MAGIC, magic) != 0)
        return false;
    s->name = take_name(&r);
    s->features = take_word(&r);
    s->left_out = take_word(&r);
    s->ncommands = take_word(&r);
    s->size = take_word(&r);
    s->commands = take(&r, s->size);
    *at = (size_t)(r.p - pack);
    return !r.bad;
}

static bool next_command(struct reader *r, struct command *c)
{
    c->kind = (uint8_t)take_byte(r);
    c->flags = (uint8_t)take_byte(r);
    c->line = take_word(r);
    c->name = take_name(r);
    c->field = take_name(r);
    c->text = take_name(r);
    c->module = take_name(r);
    c->nargs = take_word(r);
    c->nwants = take_word(r);
    c->args = take(r, c->nargs * sizeof(struct script_value));
    c->wants = take(r, c->nwants * sizeof(struct script_value));
    return !r->bad;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool no(struct run *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool no(struct run *s, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    embed_format(s->why, sizeof s->why, format, ap);
    va_end(ap);
    return false;
}

static bool name_as(struct run *s, struct names *l, struct wasm_name name, void *what)
{
    if (l->n == MAX_NAMED)
        return no(s, "more than %u names", MAX_NAMED);
    l->list[l->n++] = (struct named){ name, what };
    return true;
}

/* the newest of that name */
static void *find(const struct names *l, struct wasm_name name)
{
    for (int i = l->n; i-- > 0;)
        if (l->list[i].name.len == name.len && memcmp(l->list[i].name.s, name.s, name.len) == 0)
            return l->list[i].what;
    return NULL;
}

/* ---- modules --------------------------------------------------------------------------------- */

static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    struct run *s = ctx;
    const struct wasm_import *im = &m->imports[import];
    struct wasm_instance *in = find(&s->registered, im->module);

    if (in)
        return wasm_export_find(in, im->field, out);
    return im->module.len == 8 && memcmp(im->module.s, "spectest", 8) == 0
        && spectest_find(&s->spectest, im->field, out);
}

static struct embed_module *load(struct run *s, const struct command *c, struct wasm_error *err)
{
    memset(err, 0, sizeof *err);
    err->func = UINT32_MAX;
    return embed_load(s->embed, (const uint8_t *)c->module.s, c->module.len, s->features, err);
}

static struct embed_module *load_good(struct run *s, const struct command *c)
{
    struct wasm_error err;
    struct embed_module *m = load(s, c, &err);

    if (!m)
        no(s, "does not load: %s (function %u, byte 0x%lx)", err.text, err.func,
           (unsigned long)err.offset);
    return m;
}

static bool instantiate(struct run *s, struct embed_module *m, struct wasm_name name)
{
    struct wasm_error err;
    int trap = 0;

    s->last = embed_instantiate(s->embed, m, resolve, s, &trap, &err);
    if (!s->last)
        return no(s, "does not link: %s", err.text);
    if (trap) {
        s->last = NULL;
        return no(s, "traps at instantiation: %s", wasm_trap_text(trap));
    }
    return !name.len || name_as(s, &s->instances, name, s->last);
}

static bool do_module(struct run *s, const struct command *c)
{
    struct embed_module *m = load_good(s, c);

    s->last = NULL;
    return m && instantiate(s, m, c->name);
}

static bool do_definition(struct run *s, const struct command *c)
{
    s->defined = load_good(s, c);
    return s->defined && name_as(s, &s->definitions, c->name, s->defined);
}

static bool do_instance(struct run *s, const struct command *c)
{
    struct embed_module *m = find(&s->definitions, c->field);

    return m ? instantiate(s, m, c->name) : no(s, "no such definition");
}

static struct wasm_instance *instance_of(struct run *s, struct wasm_name name)
{
    return name.len ? find(&s->instances, name) : s->last;
}

static bool do_register(struct run *s, const struct command *c)
{
    struct wasm_instance *in = instance_of(s, c->name);

    return in ? name_as(s, &s->registered, c->field, in) : no(s, "no such instance");
}

/* ---- actions --------------------------------------------------------------------------------- */

struct outcome { int trap; uint32_t n; const uint8_t *types; uint8_t type; };

static bool invoke(struct run *s, const struct command *c, const struct wasm_extern *x,
                   struct outcome *o)
{
    const struct wasm_functype *t = x->type;
    struct script_value a;

    if (t->nparams > MAX_VALUES || t->nresults > MAX_VALUES)
        return no(s, "more than %u values", MAX_VALUES);
    if (c->nargs != t->nparams)
        return no(s, "%u arguments where %u are wanted", c->nargs, t->nparams);
    for (uint32_t i = 0; i < c->nargs; i++) {
        memcpy(&a, c->args + i * sizeof a, sizeof a);
        if (a.kind != VALUE_BITS && a.kind != VALUE_NULL)
            return no(s, "argument %u does not fit", i);
        memcpy(s->v[i].v128, a.bits, 16);
    }
    o->trap = embed_call(s->embed, x, s->v);
    o->n = t->nresults;
    o->types = t->results;
    return true;
}

/* Carries the action out, values go to s->v; false if it could not even be tried. */
static bool act(struct run *s, const struct command *c, struct outcome *o)
{
    struct wasm_instance *in = instance_of(s, c->name);
    struct wasm_extern x;

    memset(o, 0, sizeof *o);
    if (!in)
        return no(s, "no instance to act on");
    if (!wasm_export_find(in, c->field, &x)
            || x.kind != (c->flags & SCRIPT_GET ? WASM_GLOBAL : WASM_FUNC))
        return no(s, "no such export \"%.*s\"", (int)c->field.len, c->field.s);
    if (x.kind == WASM_FUNC)
        return invoke(s, c, &x, o);
    o->n = 1;
    o->type = x.global_type;
    o->types = &o->type;
    s->v[0] = *x.global;
    return true;
}

/* "0x123", both halves of a v128 */
static void show(uint8_t type, const uint8_t *bits, unsigned long w[2])
{
    memset(w, 0, 2 * sizeof *w);
    memcpy(w, bits, type == WASM_V128 ? 16 : type == WASM_I32 || type == WASM_F32 ? 4 : 8);
}

static bool differs(struct run *s, uint32_t i, const struct script_value *want, uint8_t type)
{
    unsigned long w[2], g[2];

    show(want->type, want->bits, w);
    show(type, s->v[i].v128, g);
    return no(s, "result %u: expected %s0x%lx:%lx (type 0x%x), got 0x%lx:%lx (type 0x%x)", i,
              want->canonical | want->arithmetic ? "NaN in " : want->kind ? "a reference, " : "",
              w[1], w[0], want->type, g[1], g[0], type);
}

static bool results_match(struct run *s, const struct command *c, const struct outcome *o)
{
    uint32_t at = 0, i = 0;

    if (o->trap)
        return no(s, "traps: %s", wasm_trap_text(o->trap));
    if (c->nwants > MAX_VALUES)
        return no(s, "more than %u results", MAX_VALUES);
    memcpy(s->want, c->wants, c->nwants * sizeof *s->want);
    if (c->nwants)
        s->want[c->nwants - 1].more = 0;
    for (; at < c->nwants; at++, i++) {
        if (i >= o->n)
            return no(s, "only %u results", o->n);
        if (!value_matches(&s->want[at], o->types[i], &s->v[i]))
            return differs(s, i, &s->want[at], o->types[i]);
        while (s->want[at].more)
            at++;
    }
    return i == o->n || no(s, "%u results where %u are expected", o->n, i);
}

static bool do_action(struct run *s, const struct command *c)
{
    struct outcome o;

    return act(s, c, &o) && (!o.trap || no(s, "traps: %s", wasm_trap_text(o.trap)));
}

static bool do_return(struct run *s, const struct command *c)
{
    struct outcome o;

    return act(s, c, &o) && results_match(s, c, &o);
}

/* ---- what must fail -------------------------------------------------------------------------- */

/* Either text may go on where the other ends ("unknown function" and "unknown function 7"). */
static bool text_matches(struct wasm_name want, const char *got)
{
    size_t m = strlen(got);

    return m && memcmp(want.s, got, want.len < m ? want.len : m) == 0;
}

static bool expect(struct run *s, const struct command *c, const char *got)
{
    return text_matches(c->text, got)
        || no(s, "expected \"%.*s\", got \"%s\"", (int)c->text.len, c->text.s, got);
}

static bool do_trap(struct run *s, const struct command *c)
{
    struct outcome o;

    return act(s, c, &o) && expect(s, c, o.trap ? wasm_trap_text(o.trap) : "");
}

static bool do_exception(struct run *s, const struct command *c)
{
    struct outcome o;

    return act(s, c, &o) && (o.trap == WASM_TRAP_EXCEPTION
        || no(s, "expected an exception, got \"%s\"", wasm_trap_text(o.trap)));
}

static bool do_rejected(struct run *s, const struct command *c, enum wasm_errcode code)
{
    struct wasm_error err;
    struct embed_module *m = load(s, c, &err);

    if (m) {
        embed_unload(s->embed, m);
        return no(s, "expected \"%.*s\", loads", (int)c->text.len, c->text.s);
    }
    return expect(s, c, err.text)
        && (err.code == code || no(s, "\"%s\" is the wrong kind of error", err.text));
}

/* The module is in the command, or is the definition before. */
static struct embed_module *module_to_fail(struct run *s, const struct command *c)
{
    if (c->flags & SCRIPT_HAS_MODULE)
        return load_good(s, c);
    if (!s->defined)
        no(s, "no module");
    return s->defined;
}

static bool do_unlinkable(struct run *s, const struct command *c)
{
    struct embed_module *m = module_to_fail(s, c);
    struct wasm_error err;
    int trap;

    if (!m)
        return false;
    if (embed_instantiate(s->embed, m, resolve, s, &trap, &err))
        return no(s, "expected \"%.*s\", links", (int)c->text.len, c->text.s);
    return expect(s, c, err.text);
}

static bool do_uninstantiable(struct run *s, const struct command *c)
{
    struct embed_module *m = module_to_fail(s, c);
    struct wasm_error err;
    int trap = 0;

    if (!m)
        return false;
    if (!embed_instantiate(s->embed, m, resolve, s, &trap, &err))
        return no(s, "does not link: %s", err.text);
    return expect(s, c, trap ? wasm_trap_text(trap) : "");
}

/* ---- commands -------------------------------------------------------------------------------- */

static bool do_command(struct run *s, const struct command *c)
{
    switch (c->kind) {
    case SCRIPT_MODULE:
        return do_module(s, c);
    case SCRIPT_DEFINITION:
        return do_definition(s, c);
    case SCRIPT_INSTANCE:
        return do_instance(s, c);
    case SCRIPT_REGISTER:
        return do_register(s, c);
    case SCRIPT_ACTION:
        return do_action(s, c);
    case SCRIPT_RETURN:
        return do_return(s, c);
    case SCRIPT_TRAP:
    case SCRIPT_EXHAUSTION:
        return c->flags & SCRIPT_ACTS ? do_trap(s, c) : do_uninstantiable(s, c);
    case SCRIPT_EXCEPTION:
        return do_exception(s, c);
    case SCRIPT_MALFORMED:
        return do_rejected(s, c, WASM_MALFORMED);
    case SCRIPT_INVALID:
        return do_rejected(s, c, WASM_INVALID);
    case SCRIPT_UNLINKABLE:
        return do_unlinkable(s, c);
    case SCRIPT_UNINSTANTIABLE:
        return do_uninstantiable(s, c);
    default:
        return no(s, "unknown command");
    }
}

static const char *kind_name(uint8_t kind)
{
    static const char *const names[] = {
#define X(id, name) [SCRIPT_##id] = name,
        SCRIPT_KINDS(X)
#undef X
    };

    return kind < SCRIPT_KIND_COUNT ? names[kind] : "?";
}

void script_run(const struct script *s, struct embed *e, struct script_result *r)
{
    struct run *run = embed_alloc(e, sizeof *run);
    struct reader in = { s->commands, s->commands + s->size, false };
    struct command c;

    *r = (struct script_result){ .left_out = s->left_out };
    if (!run) {
        embed_failed(e, 0, "script", "no memory to run it");
        r->total = s->ncommands;
        return;
    }
    run->embed = run->spectest.embed = e;
    run->features = s->features;
    while (r->total < s->ncommands) {
        r->total++;
        if (!next_command(&in, &c)) {
            embed_failed(e, 0, "script", "the pack is damaged");
            return;
        }
        r->line = c.line;
        embed_begins(e, r);
        if (do_command(run, &c))
            r->passed++;
        else
            embed_failed(e, c.line, kind_name(c.kind), run->why);
    }
}
