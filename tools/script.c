/*
 * script.c - runs one script: a list of commands that load modules, call them, and say what must
 * come out. Modules stay loaded to the end, since a module may hold another's functions even when
 * its own instantiation failed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/script.h"

struct named { const char *name; size_t len; struct host_instance *hi; };
#define MAX_NAMED 512

struct script {
    char dir[4096];
    bool verbose;
    struct wasm_options options;
    struct host_instance *last;             /* of the last `module` command; NULL if it failed */
    struct host_module *defined;            /* of the last `module_definition` */
    const char *defined_name[MAX_NAMED];
    struct host_module *defined_mod[MAX_NAMED];
    int ndefined;
    struct named names[MAX_NAMED];          /* "$M" */
    struct named modules[MAX_NAMED];        /* registered for imports */
    int nnames, nmodules;
    struct script_result r;
    char why[1024];                         /* of the command that failed */
};

static bool no(struct script *s, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(s->why, sizeof s->why, format, ap);
    va_end(ap);
    return false;
}

static bool name_as(struct named *list, int *n, const char *name, size_t len,
                    struct host_instance *hi)
{
    if (*n == MAX_NAMED)
        return false;
    list[(*n)++] = (struct named){ name, len, hi };
    return true;
}

/* the newest of that name */
static struct host_instance *find(const struct named *list, int n, const char *name, size_t len)
{
    while (n-- > 0)
        if (list[n].len == len && memcmp(list[n].name, name, len) == 0)
            return list[n].hi;
    return NULL;
}

/* ---- modules ------------------------------------------------------------------------------- */

static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    struct script *s = ctx;
    const struct wasm_import *im = &m->imports[import];
    struct host_instance *hi = find(s->modules, s->nmodules, im->module.s, im->module.len);

    if (hi)
        return wasm_export_find(hi->in, im->field, out);
    if (im->module.len == 8 && memcmp(im->module.s, "spectest", 8) == 0)
        return script_spectest(im->field, out);
    return false;
}

static struct host_module *load(struct script *s, const struct json *c, struct wasm_error *err)
{
    char path[8192];
    size_t size = 0;
    uint8_t *bytes;

    snprintf(path, sizeof path, "%s/%s", s->dir, json_str(c, "filename", ""));
    if (!(bytes = host_read_file(path, &size))) {
        memset(err, 0, sizeof *err);
        snprintf(err->text, sizeof err->text, "%.100s: %s", json_str(c, "filename", ""),
                 strerror(errno));
        return NULL;
    }
    return host_module_load(bytes, size, &s->options, err);
}

static bool instantiate(struct script *s, struct host_module *m, const char *name)
{
    struct wasm_error err;
    int trap = 0;

    s->last = host_instance_make(m, resolve, s, NULL, &trap, &err);
    if (!s->last)
        return no(s, "does not link: %s", err.text);
    if (trap) {
        s->last = NULL;
        return no(s, "traps at instantiation: %s", host_trap_text(trap));
    }
    return !name || name_as(s->names, &s->nnames, name, strlen(name), s->last);
}

static bool do_module(struct script *s, const struct json *c)
{
    struct wasm_error err;
    struct host_module *m = load(s, c, &err);

    s->last = NULL;
    if (!m)
        return no(s, "does not load: %s (function %d, byte 0x%lx)", err.text, (int)err.func,
                  (unsigned long)err.offset);
    return instantiate(s, m, json_str(c, "name", NULL));
}

static bool do_definition(struct script *s, const struct json *c)
{
    struct wasm_error err;

    if (!(s->defined = load(s, c, &err)))
        return no(s, "does not load: %s (function %d, byte 0x%lx)", err.text, (int)err.func,
                  (unsigned long)err.offset);
    if (s->ndefined < MAX_NAMED) {
        s->defined_name[s->ndefined] = json_str(c, "name", "");
        s->defined_mod[s->ndefined++] = s->defined;
    }
    return true;
}

static bool do_instance(struct script *s, const struct json *c)
{
    const char *name = json_str(c, "module", "");

    for (int i = s->ndefined; i-- > 0;)
        if (strcmp(s->defined_name[i], name) == 0)
            return instantiate(s, s->defined_mod[i], json_str(c, "instance", NULL));
    return no(s, "no definition %s", name);
}

static struct host_instance *instance_of(struct script *s, const char *name)
{
    return name ? find(s->names, s->nnames, name, strlen(name)) : s->last;
}

static bool do_register(struct script *s, const struct json *c)
{
    struct host_instance *hi = instance_of(s, json_str(c, "name", NULL));
    const struct json *as = json_get(c, "as");

    if (!hi || !as)
        return no(s, "no such instance");
    return name_as(s->modules, &s->nmodules, as->s, as->len, hi);
}

/* ---- actions ------------------------------------------------------------------------------- */

struct outcome { int trap; uint32_t n; const uint8_t *types; union wasm_value *v; uint8_t type; };

static bool invoke(struct script *s, const struct json *a, const struct wasm_extern *x,
                   struct outcome *o)
{
    const struct json *args = json_get(a, "args");
    const struct wasm_functype *t = x->type;
    uint32_t n = 0;

    o->v = calloc((size_t)t->nparams + t->nresults + 1, sizeof *o->v);
    for (args = args ? args->first : NULL; args; args = args->next, n++)
        if (n >= t->nparams || !script_value(args, &o->v[n]))
            return no(s, "argument %u does not fit", n);
    if (n != t->nparams)
        return no(s, "%u arguments where %u are wanted", n, t->nparams);
    o->trap = host_call(x, o->v);
    o->n = t->nresults;
    o->types = t->results;
    return true;
}

/* Carries the action of `c` out; false if it could not even be tried. */
static bool act(struct script *s, const struct json *c, struct outcome *o)
{
    const struct json *a = json_get(c, "action"), *field = json_get(a, "field");
    struct host_instance *hi = instance_of(s, json_str(a, "module", NULL));
    struct wasm_extern x;

    memset(o, 0, sizeof *o);
    if (!hi)
        return no(s, "no instance to act on");
    if (!field)
        return no(s, "no field");
    if (!wasm_export_find(hi->in, (struct wasm_name){ field->s, (uint32_t)field->len }, &x))
        return no(s, "no export \"%s\"", field->s);
    if (strcmp(json_str(a, "type", ""), "get") == 0) {
        if (x.kind != WASM_GLOBAL)
            return no(s, "export \"%s\" is no global", field->s);
        o->n = 1;
        o->type = x.global_type;
        o->types = &o->type;
        o->v = malloc(sizeof *o->v);
        *o->v = *x.global;
        return true;
    }
    if (x.kind != WASM_FUNC)
        return no(s, "export \"%s\" is no function", field->s);
    return invoke(s, a, &x, o);
}

static bool do_action(struct script *s, const struct json *c)
{
    struct outcome o;
    bool ok = act(s, c, &o);

    if (ok && o.trap)
        ok = no(s, "traps: %s", host_trap_text(o.trap));
    free(o.v);
    return ok;
}

static bool results_match(struct script *s, const struct json *c, const struct outcome *o)
{
    const struct json *want = json_get(c, "expected");
    char a[128], b[128];
    uint32_t i = 0;

    if (o->trap)
        return no(s, "traps: %s", host_trap_text(o->trap));
    for (want = want ? want->first : NULL; want; want = want->next, i++) {
        if (i >= o->n)
            return no(s, "only %u results", o->n);
        if (!script_match(want, o->types[i], &o->v[i]))
            return no(s, "result %u: expected %s, got %s", i, script_show_want(want, a, sizeof a),
                      script_show(o->types[i], &o->v[i], b, sizeof b));
    }
    return i == o->n || no(s, "%u results where %u are expected", o->n, i);
}

static bool do_return(struct script *s, const struct json *c)
{
    struct outcome o;
    bool ok = act(s, c, &o) && results_match(s, c, &o);

    free(o.v);
    return ok;
}

/* ---- what must fail ------------------------------------------------------------------------ */

/* Either text may go on where the other ends ("unknown function" and "unknown function 7"). */
static bool text_matches(const char *want, const char *got)
{
    size_t n = strlen(want), m = strlen(got);

    return m && strncmp(want, got, n < m ? n : m) == 0;
}

static bool do_trap(struct script *s, const struct json *c)
{
    const char *want = json_str(c, "text", "");
    struct outcome o;
    bool ok = act(s, c, &o);

    if (ok && !o.trap)
        ok = no(s, "expected trap \"%s\", returned", want);
    else if (ok && !text_matches(want, host_trap_text(o.trap)))
        ok = no(s, "expected trap \"%s\", got \"%s\"", want, host_trap_text(o.trap));
    free(o.v);
    return ok;
}

static bool do_exception(struct script *s, const struct json *c)
{
    struct outcome o;
    bool ok = act(s, c, &o);

    if (ok && o.trap != WASM_TRAP_EXCEPTION)
        ok = no(s, "expected an exception, got \"%s\"", host_trap_text(o.trap));
    free(o.v);
    return ok;
}

static bool do_rejected(struct script *s, const struct json *c, enum wasm_errcode code)
{
    const char *want = json_str(c, "text", "");
    struct wasm_error err;
    struct host_module *m = load(s, c, &err);

    if (m) {
        host_module_free(m);
        return no(s, "expected \"%s\", loads", want);
    }
    if (!text_matches(want, err.text))
        return no(s, "expected \"%s\", got \"%s\"", want, err.text);
    return err.code == code || no(s, "\"%s\" is the wrong kind of error", err.text);
}

/* The module is named here, or is the definition before. */
static struct host_module *module_to_fail(struct script *s, const struct json *c)
{
    struct wasm_error err;

    if (!json_get(c, "filename"))
        return s->defined;
    struct host_module *m = load(s, c, &err);
    if (!m)
        no(s, "does not load: %s", err.text);
    return m;
}

static bool do_unlinkable(struct script *s, const struct json *c)
{
    const char *want = json_str(c, "text", "");
    struct host_module *m = module_to_fail(s, c);
    struct wasm_error err;
    int trap;

    if (!m)
        return no(s, "no module");
    if (host_instance_make(m, resolve, s, NULL, &trap, &err))
        return no(s, "expected \"%s\", links", want);
    return text_matches(want, err.text) || no(s, "expected \"%s\", got \"%s\"", want, err.text);
}

static bool do_uninstantiable(struct script *s, const struct json *c)
{
    const char *want = json_str(c, "text", "");
    struct host_module *m = module_to_fail(s, c);
    struct wasm_error err;
    int trap = 0;

    if (!m)
        return no(s, "no module");
    if (!host_instance_make(m, resolve, s, NULL, &trap, &err))
        return no(s, "expected trap \"%s\", does not link: %s", want, err.text);
    return text_matches(want, trap ? host_trap_text(trap) : "")
        || no(s, "expected trap \"%s\", got \"%s\"", want, host_trap_text(trap));
}

/* ---- commands ------------------------------------------------------------------------------ */

static bool do_command(struct script *s, const struct json *c, const char *type)
{
    if (strcmp(type, "module") == 0)
        return do_module(s, c);
    if (strcmp(type, "module_definition") == 0)
        return do_definition(s, c);
    if (strcmp(type, "module_instance") == 0)
        return do_instance(s, c);
    if (strcmp(type, "register") == 0)
        return do_register(s, c);
    if (strcmp(type, "action") == 0)
        return do_action(s, c);
    if (strcmp(type, "assert_return") == 0)
        return do_return(s, c);
    if (strcmp(type, "assert_trap") == 0 || strcmp(type, "assert_exhaustion") == 0)
        return json_get(c, "action") ? do_trap(s, c) : do_uninstantiable(s, c);
    if (strcmp(type, "assert_exception") == 0)
        return do_exception(s, c);
    if (strcmp(type, "assert_malformed") == 0)
        return do_rejected(s, c, WASM_MALFORMED);
    if (strcmp(type, "assert_invalid") == 0)
        return do_rejected(s, c, WASM_INVALID);
    if (strcmp(type, "assert_unlinkable") == 0)
        return do_unlinkable(s, c);
    if (strcmp(type, "assert_uninstantiable") == 0)
        return do_uninstantiable(s, c);
    return no(s, "unknown command");
}

static void tell(const struct script *s, int fd)
{
    if (write(fd, &s->r, sizeof s->r) != sizeof s->r)
        _exit(3);
}

static void run_commands(struct script *s, const struct json *c, int fd)
{
    for (; c; c = c->next) {
        const char *type = json_str(c, "type", "");

        if (strcmp(json_str(c, "module_type", ""), "text") == 0) {
            s->r.text++;
            continue;
        }
        s->r.total++;
        s->r.line = json_int(c, "line", 0);
        tell(s, fd);
        if (do_command(s, c, type))
            s->r.passed++;
        else if (s->verbose)
            printf("  line %ld: %s: %s\n", s->r.line, type, s->why);
    }
    tell(s, fd);
}

void script_run(const char *path, uint32_t features, bool verbose, int fd)
{
    struct script *s = calloc(1, sizeof *s);
    const char *slash = strrchr(path, '/');
    const struct json *j, *list;
    size_t size = 0;
    uint8_t *text = host_read_file(path, &size);
    int line;

    if (!text) {
        fprintf(stderr, "spectest: %s: %s\n", path, strerror(errno));
        _exit(2);
    }
    if (!(j = json_parse((const char *)text, size, &line)) || !(list = json_get(j, "commands"))) {
        fprintf(stderr, "spectest: %s:%d: not a script\n", path, line);
        _exit(2);
    }
    snprintf(s->dir, sizeof s->dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    s->verbose = verbose;
    host_options(&s->options);
    s->options.features = features;
    run_commands(s, list->first, fd);
}
