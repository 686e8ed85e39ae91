/*
 * wasmrun - compiles a wasm file and runs it natively on Linux.
 *
 * Without --invoke the file's `_start` runs with WASI preview 1 (wasi.c) and sees of the host what
 * --dir and --env give it; the status is the program's. With --invoke an export is called and its
 * results are printed, one a line. A trap prints its name and a backtrace and exits 134. SIPs,
 * which import "selkie", need the kernel and are refused.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "tools/image_file.h"
#include "tools/wasi.h"

enum { EXIT_USAGE = 2, EXIT_TRAP = 134 };

static const char usage[] =
    "usage: wasmrun [OPTION...] FILE.wasm [ARG...]\n"
    "       wasmrun [OPTION...] --invoke EXPORT [ARG...] FILE.wasm [ARG...]\n"
    "Compiles FILE.wasm and runs it natively: _start with WASI preview 1; exits with the "
    "program's\n"
    "status. In its place may be an image that `wasmc --image` made, which is not compiled again;\n"
    "images are native code: run only your own.\n"
    "  --dir HOST[::GUEST]  lets the program use the folder HOST of this machine, under the name\n"
    "                    GUEST; may be repeated\n"
    "  --env NAME[=VALUE]  sets a variable of the program's environment, which is empty "
    "otherwise;\n"
    "                    without a value: that of this process\n"
    "  --invoke EXPORT   calls the exported function with numbers as arguments (before or after\n"
    "                    FILE.wasm) and prints its results, one a line\n"
    "  --image IMAGE     does not compile FILE.wasm but loads this image of it\n"
    "  --off LETTERS     switches passes of the compiler off, as in wasmc\n"
    "  --cpu LIST        uses only these features of the CPU, as in wasmc\n"
    "  --paths walk      looks paths up as on kernels without openat2\n"
    "  --help            this text\n"
    "A trap prints its name and a backtrace and exits 134.\n";

static _Noreturn void die(const char *file, const char *what)
{
    fprintf(stderr, "wasmrun: %s: %s\n", file, what);
    exit(1);
}

static bool name_is(struct wasm_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.s, s, n.len) == 0;
}

static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    return wasi_resolve(m, import, out);
}

static void refuse_sips(const char *file, const struct wasm_module *m)
{
    for (uint32_t i = 0; i < m->nimports; i++)
        if (name_is(m->imports[i].module, "selkie")) {
            fprintf(stderr, "wasmrun: %s imports \"selkie\" \"%.*s\": it is a SIP, which runs only"
                    " under the kernel\n", file, (int)m->imports[i].field.len,
                    m->imports[i].field.s);
            exit(1);
        }
}

static int finish(const struct wasi *w, int trap)
{
    if (trap == WASM_TRAP_NONE)
        return 0;
    if (trap == HOST_EXIT)
        return w->exit_code & 0xff;
    fflush(stdout);
    fprintf(stderr, "trap: %s\n", wasm_trap_text(trap));
    host_trace_print(stderr, host_last_trace());
    return EXIT_TRAP;
}

/* ---- values as text ------------------------------------------------------------------------ */

static void read_value(const char *s, uint8_t type, union wasm_value *v)
{
    char *end = NULL;
    const char *why = "is not a number";

    memset(v, 0, sizeof *v);
    errno = 0;
    switch (type) {
    case WASM_I32: {
        long long n = strtoll(s, &end, 0);
        v->i32 = (uint32_t)n;
        if (n < INT32_MIN || n > (long long)UINT32_MAX)
            errno = ERANGE;
        break;
    }
    case WASM_I64:
        v->i64 = *s == '-' ? (uint64_t)strtoll(s, &end, 0) : strtoull(s, &end, 0);
        break;
    case WASM_F32:
        v->f32 = strtof(s, &end);
        errno = 0;
        break;
    case WASM_F64:
        v->f64 = strtod(s, &end);
        errno = 0;
        break;
    default:
        if (strcmp(s, "null") == 0)
            return;
        why = "must be null: the parameter is a reference or a vector";
    }
    if (errno == ERANGE)
        why = "is out of range";
    else if (end && end != s && !*end)
        return;
    fprintf(stderr, "wasmrun: argument \"%s\" %s\n", s, why);
    exit(EXIT_USAGE);
}

static void print_value(uint8_t type, const union wasm_value *v)
{
    switch (type) {
    case WASM_I32:
        printf("%" PRId32 "\n", (int32_t)v->i32);
        break;
    case WASM_I64:
        printf("%" PRId64 "\n", (int64_t)v->i64);
        break;
    case WASM_F32:
        printf("%.9g\n", (double)v->f32);
        break;
    case WASM_F64:
        printf("%.17g\n", v->f64);
        break;
    case WASM_V128:
        for (int i = 15; i >= 0; i--)
            printf("%02x", v->v128[i]);
        printf("\n");
        break;
    default:
        printf("%s\n", v->ref ? "reference" : "null");
    }
}

/* ---- running ------------------------------------------------------------------------------- */

static int invoke(const char *file, struct host_instance *hi, struct wasi *w, const char *name,
                  char **args, int n)
{
    struct wasm_extern x;
    const struct wasm_functype *t;
    union wasm_value *v;
    int trap;

    if (!wasm_export_find(hi->in, (struct wasm_name){ name, (uint32_t)strlen(name) }, &x)
        || x.kind != WASM_FUNC) {
        fprintf(stderr, "wasmrun: %s exports no function \"%s\"\n", file, name);
        return 1;
    }
    t = x.type;
    if ((uint32_t)n != t->nparams) {
        fprintf(stderr, "wasmrun: \"%s\" takes %u arguments, not %d\n", name, t->nparams, n);
        return EXIT_USAGE;
    }
    v = calloc((size_t)t->nparams + t->nresults + 1, sizeof *v);
    for (uint32_t i = 0; i < t->nparams; i++)
        read_value(args[i], t->params[i], &v[i]);
    trap = host_call(&x, v);
    if (trap == WASM_TRAP_NONE)
        for (uint32_t i = 0; i < t->nresults; i++)
            print_value(t->results[i], &v[i]);
    fflush(stdout);
    return finish(w, trap);
}

static int run(const char *file, struct host_instance *hi, struct wasi *w)
{
    struct wasm_extern x;
    int trap;

    if (!wasm_export_find(hi->in, (struct wasm_name){ "_start", 6 }, &x) || x.kind != WASM_FUNC
        || x.type->nparams || x.type->nresults) {
        fprintf(stderr, "wasmrun: %s exports no function _start; try --invoke\n", file);
        return 1;
    }
    trap = host_call(&x, NULL);
    return finish(w, trap);
}

/* The file is a module, or an image if it begins like one; `image`: an image of it, or NULL. */
static struct host_module *load(const char *file, const char *image, const char *off)
{
    struct wasm_options o;
    struct wasm_error err;
    struct host_module *m;
    size_t size = 0;
    uint8_t *bytes;

    if (!image && image_file_is(file)) {
        if (!(m = image_file_load(file, NULL, 0, &err)))
            die(file, err.text);
        return m;
    }
    if (!(bytes = host_read_file(file, &size)))
        die(file, strerror(errno));
    if (image) {
        if (!(m = image_file_load(image, bytes, size, &err)))
            die(image, err.text);
        free(bytes);
        return m;
    }
    host_options(&o);
    for (; *off >= 'a' && *off <= 'z'; off++)
        o.passes_off |= 1u << (*off - 'a');
    if ((m = host_module_load(bytes, size, &o, &err)))
        return m;
    if (err.func != UINT32_MAX)
        fprintf(stderr, "wasmrun: %s: %s (function %u, byte 0x%" PRIx64 ")\n", file, err.text,
                err.func, err.offset);
    else
        fprintf(stderr, "wasmrun: %s: %s (byte 0x%" PRIx64 ")\n", file, err.text, err.offset);
    exit(1);
}

/* Index of the file among the arguments from `from`: with --invoke, numbers may stand before it. */
static int find_file(int argc, char **argv, int from, bool invoked)
{
    struct stat st;

    for (int i = from; invoked && i < argc; i++) {
        size_t n = strlen(argv[i]);
        if ((n > 5 && strcmp(argv[i] + n - 5, ".wasm") == 0) || stat(argv[i], &st) == 0)
            return i;
    }
    return from;
}

/* ---- options ------------------------------------------------------------------------------- */

struct setup {
    struct wasi w;
    const char *off, *image;
    uint32_t nenv;
};

static void add_folder(struct wasi *w, const char *arg)
{
    const char *sep = strstr(arg, "::");
    char *host = sep ? strndup(arg, (size_t)(sep - arg)) : strdup(arg);

    if (!host || !wasi_preopen(w, host, sep ? sep + 2 : arg))
        die(arg, strerror(errno));
    free(host);
}

static void add_env(struct setup *s, const char *arg)
{
    const char *value = strchr(arg, '=') ? NULL : getenv(arg);
    size_t n = strlen(arg) + 2 + (value ? strlen(value) : 0);
    char *var = malloc(n), **env = realloc(s->w.env, (s->nenv + 2) * sizeof *env);

    if (!var || !env)
        die(arg, strerror(ENOMEM));
    snprintf(var, n, value ? "%s=%s" : "%s", arg, value);
    s->w.env = env;
    env[s->nenv] = var;
    s->nenv += value || strchr(arg, '=');
    env[s->nenv] = NULL;
}

/* An option with its value; false: it is none. */
static bool option(struct setup *s, const char *name, const char *value)
{
    if (strcmp(name, "--off") == 0)
        s->off = value;
    else if (strcmp(name, "--image") == 0)
        s->image = value;
    else if (strcmp(name, "--dir") == 0)
        add_folder(&s->w, value);
    else if (strcmp(name, "--env") == 0)
        add_env(s, value);
    else if (strcmp(name, "--paths") == 0 && strcmp(value, "walk") == 0)
        s->w.walk = true;
    else if (strcmp(name, "--cpu") != 0)
        return false;
    else if (!host_cpu(value))
        die(value, "unknown feature of the CPU");
    return true;
}

int main(int argc, char **argv)
{
    struct setup s = { .off = "" };
    struct wasm_error err;
    struct host_instance *hi;
    struct host_module *m;
    const char *name = NULL, *path;
    int at = 1, file, trap;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    while (argc > at + 1 && option(&s, argv[at], argv[at + 1]))
        at += 2;
    if (argc > at + 1 && strcmp(argv[at], "--invoke") == 0) {
        name = argv[at + 1];
        at += 2;
    }
    file = find_file(argc, argv, at, name != NULL);
    if (file >= argc || argv[file][0] == '-') {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    s.w.argc = argc - file;
    s.w.argv = argv + file;
    path = argv[file];
    m = load(path, s.image, s.off);
    refuse_sips(path, m->module);
    signal(SIGPIPE, SIG_IGN);       /* the program gets the error */
    if (!(hi = host_instance_make(m, resolve, NULL, &s.w, &trap, &err)))
        die(path, err.text);
    if (trap)
        return finish(&s.w, trap);
    if (!name)
        return run(path, hi, &s.w);
    /* the arguments around FILE, in order */
    for (int i = file; i > at; i--)
        argv[i] = argv[i - 1];
    return invoke(path, hi, &s.w, name, argv + at + 1, argc - at - 1);
}
