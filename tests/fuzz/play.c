/*
 * play.c - runs all exported functions of a module, with arguments of a generator that run.js has,
 * too, and prints what they did.
 *
 * An externref is a small number (its pointer), a funcref is shown by the function's index, a NaN
 * as "nan": its sign and payload are open. After a stack overflow nothing more is called, since
 * what was done before it depends on the engine.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "tests/fuzz/play.h"

enum { SHOWN = 1 << 20, ENTRIES = 64, EXTERNS = 4, FRAMES = 8 };

/* ---- arguments ----------------------------------------------------------------------------- */

static const uint64_t numbers[] = {
    0, 1, ~0ull, 2, 31, 32, 63, 64, 127, 128, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000,
    0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffff0,
    0xffffffff80000000, 1000, 77777,
};
static const double floats[] = {
    0, 1, -1, -0.0, 0.5, -0.5, 1.5, 2.5, 1e10, -1e10, 2147483647, 2147483648, -2147483648.0,
    -2147483649.0, 4294967295.0, 4294967296.0, 9223372036854775808.0, -9223372036854775808.0,
    18446744073709551616.0, 3.25, 1e30, 0x1p-1022, 1e300, 0x1p-149,
};

static uint32_t seed;

static uint32_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static union wasm_value argument(uint8_t type)
{
    union wasm_value v = { .i64 = 0 };
    uint32_t r = rnd() % 24;

    switch (type) {
    case WASM_I32: v.i64 = (uint32_t)numbers[r]; break;
    case WASM_I64: v.i64 = numbers[r]; break;
    case WASM_F32: v.f32 = (float)floats[r]; break;
    case WASM_F64: v.f64 = floats[r]; break;
    case WASM_EXTERNREF: v.i64 = r % (EXTERNS + 1); break;
    }
    return v;
}

/* ---- showing ------------------------------------------------------------------------------- */

static void print_value(uint8_t type, const union wasm_value *v)
{
    switch (type) {
    case WASM_I32: printf(" %" PRId32, (int32_t)v->i32); break;
    case WASM_I64: printf(" %" PRId64, (int64_t)v->i64); break;
    case WASM_F32:
        if (v->f32 != v->f32)
            printf(" nan");
        else
            printf(" f%08" PRIx32, v->i32);
        break;
    case WASM_F64:
        if (v->f64 != v->f64)
            printf(" nan");
        else
            printf(" d%016" PRIx64, v->i64);
        break;
    default:
        if (!v->ref)
            printf(" null");
        else if (type == WASM_FUNCREF)
            printf(" func%" PRIu32, ((const struct wasm_funcref *)v->ref)->func);
        else
            printf(" ext%" PRIu64, v->i64);
    }
}

static uint32_t hash(const uint8_t *p, size_t n)
{
    uint32_t h = 2166136261u;

    for (size_t k = 0; k < n; k++)
        h = (h ^ p[k]) * 16777619u;
    return h;
}

static void show_table(const struct wasm_table *t)
{
    printf("table %" PRIu32, t->size);
    for (uint32_t k = 0; k < t->size && k < ENTRIES; k++)
        print_value(t->type, &(union wasm_value){ .ref = t->entries[k].ref });
    printf("\n");
}

static void show_state(struct wasm_instance *in, const struct wasm_module *m)
{
    struct wasm_extern x;

    for (uint32_t k = 0; k < m->nexports; k++) {
        if (!wasm_export_find(in, m->exports[k].name, &x))
            continue;
        if (x.kind == WASM_GLOBAL) {
            printf("global");
            print_value(x.global_type, x.global);
            printf("\n");
        } else if (x.kind == WASM_TABLE) {
            show_table(x.table);
        } else if (x.kind == WASM_MEMORY) {
            size_t n = (size_t)x.memory->pages * WASM_PAGE;
            printf("memory %u %08x\n", x.memory->pages,
                   hash(x.memory->base, n < SHOWN ? n : SHOWN));
        }
    }
}

/* ---- imports: whatever is called log-TYPE, and mix ----------------------------------------- */

static bool silent;                 /* a script is being written: imports print nothing */

static void print_log(uint8_t type, union wasm_value v)
{
    if (silent)
        return;
    printf("log");
    print_value(type, &v);
    printf("\n");
}

static void log_int(struct wasm_instance *in, uint64_t v)
{
    print_log(WASM_I32, (union wasm_value){ .i64 = v });
}

static void log_long(struct wasm_instance *in, uint64_t v)
{
    print_log(WASM_I64, (union wasm_value){ .i64 = v });
}

static void log_float(struct wasm_instance *in, float v)
{
    print_log(WASM_F32, (union wasm_value){ .f32 = v });
}

static void log_double(struct wasm_instance *in, double v)
{
    print_log(WASM_F64, (union wasm_value){ .f64 = v });
}

/* the upper half of a 32-bit result is open */
static uint64_t mix(struct wasm_instance *in, uint32_t a, uint64_t b)
{
    return (a * 31 + (uint32_t)b) | 0xdead000000000000ull;
}

static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    static const uint8_t i32[] = { WASM_I32 }, i64[] = { WASM_I64 }, f32[] = { WASM_F32 },
                         f64[] = { WASM_F64 }, two[] = { WASM_I32, WASM_I64 };
    static const struct { const char *name; struct wasm_functype t; void *code; } funcs[] = {
        { "log-i32", { 1, 0, i32, i32 }, (void *)log_int },
        { "log-i64", { 1, 0, i64, i64 }, (void *)log_long },
        { "log-f32", { 1, 0, f32, f32 }, (void *)log_float },
        { "log-f64", { 1, 0, f64, f64 }, (void *)log_double },
        { "mix", { 2, 1, two, i32 }, (void *)mix },
    };
    struct wasm_name n = m->imports[import].field;

    for (size_t k = 0; k < sizeof funcs / sizeof *funcs; k++) {
        if (n.len != strlen(funcs[k].name) || memcmp(n.s, funcs[k].name, n.len))
            continue;
        out->kind = WASM_FUNC;
        out->type = &funcs[k].t;
        out->code = funcs[k].code;
        return true;
    }
    return false;
}

/* ---- calls --------------------------------------------------------------------------------- */

static struct wasm_name hang_limit = { "hangLimitInitializer", 20 };

static void refuel(struct wasm_instance *in)
{
    struct wasm_extern x;

    if (wasm_export_find(in, hang_limit, &x) && x.kind == WASM_FUNC)
        host_call(&x, NULL);
}

/* A function to call, with its arguments; false: nothing to call here. The caller frees *v. */
static bool prepare(struct wasm_instance *in, const struct wasm_module *m, uint32_t index,
                    struct wasm_extern *x, union wasm_value **v)
{
    struct wasm_name n = m->exports[index].name;

    if (m->exports[index].kind != WASM_FUNC || !wasm_export_find(in, n, x)
        || (n.len == hang_limit.len && memcmp(n.s, hang_limit.s, n.len) == 0))
        return false;
    *v = calloc((size_t)x->type->nparams + x->type->nresults + 1, sizeof **v);
    seed = 12345 + index * 7919;
    for (uint32_t k = 0; k < x->type->nparams; k++)
        (*v)[k] = argument(x->type->params[k]);
    refuel(in);
    return true;
}

static struct host_instance *start(const struct host_module *m)
{
    struct wasm_error err;
    int trap = 0;
    struct host_instance *hi = host_instance_make((struct host_module *)m, resolve, NULL, NULL,
                                                  &trap, &err);

    if (hi && !trap)
        return hi;
    if (!silent && hi)
        printf("start: %s\n", wasm_trap_text(trap));
    else if (!silent)
        printf("does not link: %s\n", err.text);
    if (hi)
        host_instance_free(hi);
    return NULL;
}

/* What it is, and where: function and byte of the module, innermost first. */
static void print_trap(int trap)
{
    const struct host_trace *t = host_last_trace();
    uint32_t shown = 0;

    printf(" %s", wasm_trap_text(trap));
    for (uint32_t k = 0; trap != WASM_TRAP_STACK && k < t->n && shown < FRAMES; k++)
        if (t->frames[k].site.kind == WASM_SITE_BODY)
            printf(" %s%" PRIu32 ":%x", shown++ ? "< " : "at ", t->frames[k].site.func,
                   t->frames[k].site.offset);
}

void play(const struct host_module *m)
{
    struct host_instance *hi;
    struct wasm_extern x;
    union wasm_value *v;
    int trap = WASM_TRAP_NONE;

    silent = false;
    if (!(hi = start(m)))
        return;
    for (uint32_t k = 0; k < m->module->nexports && trap != WASM_TRAP_STACK; k++) {
        if (!prepare(hi->in, m->module, k, &x, &v))
            continue;
        trap = host_call(&x, v);
        printf("%.*s:", (int)m->module->exports[k].name.len, m->module->exports[k].name.s);
        if (trap)
            print_trap(trap);
        for (uint32_t r = 0; !trap && r < x.type->nresults; r++)
            print_value(x.type->results[r], &v[r]);
        printf("\n");
        free(v);
    }
    if (trap != WASM_TRAP_STACK)
        show_state(hi->in, m->module);
    host_instance_free(hi);
}

/* ---- the same as a script ------------------------------------------------------------------ */

static const char *type_name(uint8_t type)
{
    return type == WASM_I32 ? "i32" : type == WASM_I64 ? "i64" : type == WASM_F32 ? "f32"
         : type == WASM_F64 ? "f64" : type == WASM_FUNCREF ? "funcref" : "externref";
}

static void write_value(uint8_t type, const union wasm_value *v)
{
    printf("{\"type\": \"%s\", \"value\": ", type_name(type));
    if (type == WASM_FUNCREF || (type == WASM_EXTERNREF && !v->ref))
        printf("\"null\"}");
    else if ((type == WASM_F32 && v->f32 != v->f32) || (type == WASM_F64 && v->f64 != v->f64))
        printf("\"nan:arithmetic\"}");
    else
        printf("\"%" PRIu64 "\"}", type == WASM_I32 || type == WASM_F32 ? v->i32 : v->i64);
}

static void write_values(const uint8_t *types, const union wasm_value *v, uint32_t n)
{
    printf("[");
    for (uint32_t k = 0; k < n; k++) {
        printf(k ? ", " : "");
        write_value(types[k], &v[k]);
    }
    printf("]");
}

/* Can the result be expected? Not a function, and not a NaN that may be a signalling one. */
static bool expectable(uint8_t type, const union wasm_value *v)
{
    if (type == WASM_F32 && v->f32 != v->f32)
        return v->i32 & 1u << 22;
    if (type == WASM_F64 && v->f64 != v->f64)
        return v->i64 & 1ull << 51;
    return type != WASM_FUNCREF || !v->ref;
}

static void write_call(const struct wasm_export *e, uint32_t line, const struct wasm_functype *t,
                       const union wasm_value *args, const union wasm_value *v, int trap)
{
    bool open = false;

    for (uint32_t r = 0; !trap && r < t->nresults; r++)
        open = open || !expectable(t->results[r], &v[r]);
    printf("  {\"type\": \"%s\", \"line\": %" PRIu32 ", \"action\": {\"type\": \"invoke\", "
           "\"field\": \"%.*s\", \"args\": ", trap ? "assert_trap" : open ? "action"
           : "assert_return", line, (int)e->name.len, e->name.s);
    write_values(t->params, args, t->nparams);
    printf("}, ");
    if (trap)
        printf("\"text\": \"%s\", ", wasm_trap_text(trap));
    printf("\"expected\": ");
    write_values(t->results, v, trap || open ? 0 : t->nresults);
    printf("},\n");
}

static void write_globals(struct wasm_instance *in, const struct wasm_module *m)
{
    struct wasm_extern x;

    for (uint32_t k = 0; k < m->nexports; k++) {
        struct wasm_name n = m->exports[k].name;
        if (!wasm_export_find(in, n, &x) || x.kind != WASM_GLOBAL
            || !expectable(x.global_type, x.global))
            continue;
        printf("  {\"type\": \"assert_return\", \"line\": %" PRIu32 ", \"action\": {\"type\": "
               "\"get\", \"field\": \"%.*s\"}, \"expected\": ", k, (int)n.len, n.s);
        write_values(&x.global_type, x.global, 1);
        printf("},\n");
    }
}

static void write_refuel(struct wasm_instance *in)
{
    struct wasm_extern x;

    if (wasm_export_find(in, hang_limit, &x))
        printf("  {\"type\": \"action\", \"line\": 0, \"action\": {\"type\": \"invoke\", "
               "\"field\": \"%s\", \"args\": []}, \"expected\": []},\n", hang_limit.s);
}

void play_script(const struct host_module *m, const char *file)
{
    struct host_instance *hi;
    struct wasm_extern x;
    union wasm_value *v, *args;
    int trap = WASM_TRAP_NONE;

    silent = true;
    if (!(hi = start(m)))
        return;
    printf("{\"source_filename\": \"fuzz.wast\", \"commands\": [\n"
           "  {\"type\": \"module\", \"line\": 0, \"name\": \"$support\", \"filename\": "
           "\"support.wasm\"},\n");
    for (int k = 0; k < 2; k++)
        printf("  {\"type\": \"register\", \"line\": 0, \"name\": \"$support\", \"as\": \"%s\"},\n",
               k ? "env" : "fuzzing-support");
    printf("  {\"type\": \"module\", \"line\": 0, \"filename\": \"%s\"},\n", file);
    for (uint32_t k = 0; k < m->module->nexports && trap != WASM_TRAP_STACK; k++) {
        if (!prepare(hi->in, m->module, k, &x, &v))
            continue;
        write_refuel(hi->in);
        args = calloc((size_t)x.type->nparams + 1, sizeof *args);
        memcpy(args, v, x.type->nparams * sizeof *args);
        trap = host_call(&x, v);
        if (trap != WASM_TRAP_STACK)
            write_call(&m->module->exports[k], k, x.type, args, v, trap);
        free(args);
        free(v);
    }
    if (trap != WASM_TRAP_STACK)
        write_globals(hi->in, m->module);
    printf("  {\"type\": \"action\", \"line\": 0, \"action\": {\"type\": \"invoke\", \"module\": "
           "\"$support\", \"field\": \"end\", \"args\": []}, \"expected\": []}]}\n");
    host_instance_free(hi);
}
