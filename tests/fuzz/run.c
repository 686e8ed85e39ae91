/*
 * run.c - runs all exported functions of a wasm file by our compiler, once for each configuration,
 * and
 * prints what they did; run.js does the same by another engine, and fuzz.py compares.
 *
 *   fuzzrun FILE.wasm [CONFIG...]     CONFIG: cpu=HEX,off=LETTERS,stress=N; without any: a
 * standard set
 *
 * Each configuration runs in a process of its own, with a time limit, behind a line "## CONFIG".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/host.h"

enum { SECONDS = 4, SHOWN = 1 << 20 };

static const char *const standard[] = {
    "cpu=3f", "cpu=0", "cpu=3f,off=g", "cpu=7,stress=1", "cpu=38,stress=2", "cpu=3f,stress=3",
    "cpu=0,off=g,stress=7",
};

static uint32_t seed;

static uint32_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static const uint64_t numbers[] = {
    0, 1, ~0ull, 2, 31, 32, 63, 64, 127, 128, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000,
        0xffffffff,
    0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffff0, 0xffffffff80000000,
        1000, 77777,
};
static const double floats[] = {
    0, 1, -1, -0.0, 0.5, -0.5, 1.5, 2.5, 1e10, -1e10, 2147483647, 2147483648, -2147483648.0,
        -2147483649.0,
    4294967295.0, 4294967296.0, 9223372036854775808.0, -9223372036854775808.0,
        18446744073709551616.0, 3.25, 1e30,
    0x1p-1022, 1e300, 0x1p-149,
};

static union wasm_value argument(uint8_t type)
{
    union wasm_value v = { .i64 = 0 };
    uint32_t r = rnd() % 24;

    switch (type) {
    case WASM_I32: v.i64 = (uint32_t)numbers[r]; break;
    case WASM_I64: v.i64 = numbers[r]; break;
    case WASM_F32: v.f32 = (float)floats[r]; break;
    case WASM_F64: v.f64 = floats[r]; break;
    }
    return v;
}

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
    default: printf(v->ref ? " ref" : " null");
    }
}

/* ---- imports: whatever is called log-TYPE or give-TYPE
   ------------------------------------------- */

static void log_int(struct wasm_instance *in, uint64_t v)
{
    printf("log %" PRId32 "\n", (int32_t)v);
}

static void log_long(struct wasm_instance *in, uint64_t v)
{
    printf("log %" PRId64 "\n", (int64_t)v);
}

static void log_float(struct wasm_instance *in, float v)
{
    printf("log");
    print_value(WASM_F32, &(union wasm_value){ .f32 = v });
    printf("\n");
}

static void log_double(struct wasm_instance *in, double v)
{
    printf("log");
    print_value(WASM_F64, &(union wasm_value){ .f64 = v });
    printf("\n");
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
        f64[] = { WASM_F64 },
                         two[] = { WASM_I32, WASM_I64 };
    static const struct { const char *name; struct wasm_functype t; void *code; } funcs[] = {
        { "log-i32", { 1, 0, i32, i32 }, (void *)log_int }, { "log-i64", { 1, 0, i64, i64 },
            (void *)log_long },
        { "log-f32", { 1, 0, f32, f32 }, (void *)log_float }, { "log-f64", { 1, 0, f64, f64 },
            (void *)log_double },
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

/* ---- one configuration ----------------------------------------------------------------------- */

static void configure(struct wasm_options *o, const char *s)
{
    host_options(o);
    while (*s) {
        char *end = (char *)s;
        if (strncmp(s, "cpu=", 4) == 0)
            o->cpu &= (uint32_t)strtoul(s + 4, &end, 16);
        else if (strncmp(s, "stress=", 7) == 0)
            o->stress = (uint32_t)strtoul(s + 7, &end, 0);
        else if (strncmp(s, "off=", 4) == 0)
            for (end = (char *)s + 4; *end >= 'a' && *end <= 'z'; end++)
                o->passes_off |= 1u << (*end - 'a');
        if (end == s || (*end && *end != ',')) {
            fprintf(stderr, "fuzzrun: what is \"%s\"?\n", s);
            exit(2);
        }
        s = *end ? end + 1 : end;
    }
}

static bool is_hang_limit(struct wasm_name n)
{
    return n.len == 20 && memcmp(n.s, "hangLimitInitializer", 20) == 0;
}

static void refuel(struct wasm_instance *in)
{
    struct wasm_extern x;

    if (wasm_export_find(in, (struct wasm_name){ "hangLimitInitializer", 20 }, &x)
        && x.kind == WASM_FUNC)
        host_call(&x, NULL);
}

static uint32_t hash(const uint8_t *p, size_t n)
{
    uint32_t h = 2166136261u;

    for (size_t k = 0; k < n; k++)
        h = (h ^ p[k]) * 16777619u;
    return h;
}

/* false: the stack overflowed, and what comes after depends on the engine */
static bool call(struct wasm_instance *in, const struct wasm_export *e, uint32_t index)
{
    struct wasm_extern x;
    union wasm_value *v;
    int trap;

    if (!wasm_export_find(in, e->name, &x) || x.kind != WASM_FUNC)
        return true;
    v = calloc((size_t)x.type->nparams + x.type->nresults + 1, sizeof *v);
    seed = 12345 + index * 7919;
    for (uint32_t k = 0; k < x.type->nparams; k++)
        v[k] = argument(x.type->params[k]);
    trap = host_call(&x, v);
    printf("%.*s:", (int)e->name.len, e->name.s);
    if (trap)
        printf(" %s", wasm_trap_text(trap));
    else
        for (uint32_t k = 0; k < x.type->nresults; k++)
            print_value(x.type->results[k], &v[k]);
    printf("\n");
    free(v);
    return trap != WASM_TRAP_STACK;
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
        } else if (x.kind == WASM_MEMORY) {
            size_t n = (size_t)x.memory->pages * WASM_PAGE;
            printf("memory %u %08x\n", x.memory->pages, hash(x.memory->base, n < SHOWN ? n
                : SHOWN));
        }
    }
}

static void run(const char *file, const char *config)
{
    struct wasm_options o;
    struct wasm_error err;
    struct host_module *m;
    struct host_instance *hi;
    size_t size;
    uint8_t *bytes = host_read_file(file, &size);
    int trap = 0;

    configure(&o, config);
    if (!bytes || !(m = host_module_load(bytes, size, &o, &err))) {
        printf("does not compile: %s\n", bytes ? err.text : "no file");
        return;
    }
    if (!(hi = host_instance_make(m, resolve, NULL, NULL, &trap, &err))) {
        printf("does not link: %s\n", err.text);
        return;
    }
    if (trap) {
        printf("start: %s\n", wasm_trap_text(trap));
        return;
    }
    for (uint32_t k = 0; k < m->module->nexports; k++) {
        const struct wasm_export *e = &m->module->exports[k];
        if (e->kind != WASM_FUNC || is_hang_limit(e->name))
            continue;
        refuel(hi->in);
        if (!call(hi->in, e, k))
            return;
    }
    show_state(hi->in, m->module);
}

int main(int argc, char **argv)
{
    const char *const *list = argc > 2 ? (const char *const *)argv + 2 : standard;
    int n = argc > 2 ? argc - 2 : (int)(sizeof standard / sizeof *standard), status;

    if (argc < 2) {
        fprintf(stderr, "usage: fuzzrun FILE.wasm [cpu=HEX,off=LETTERS,stress=N...]\n");
        return 2;
    }
    for (int k = 0; k < n; k++) {
        printf("## %s\n", list[k]);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            dup2(1, 2);
            alarm(SECONDS);
            run(argv[1], list[k]);
            fflush(stdout);
            _exit(0);
        }
        waitpid(pid, &status, 0);
        if (WIFSIGNALED(status))
            printf("signal %d\n", WTERMSIG(status));
        fflush(stdout);
    }
    return 0;
}
