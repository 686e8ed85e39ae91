/*
 * wasmc - compiles a wasm file and says what came of it: bytes in and out, time, peak memory.
 * With -d it dumps the compiler's stages, and the finished code through the system's objdump.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/image_file.h"

static const char usage[] =
    "usage: wasmc [-d LETTERS] [--func N] [--off LETTERS] [--cpu LIST] [-j N] [--time]\n"
    "             [-o OUT.bin] [--image OUT.image] FILE.wasm\n"
    "Compiles FILE.wasm; prints bytes in and out, microseconds and peak memory.\n"
    "  -d LETTERS    dump stages of the compiler, a letter each (see wasm/compile.c);\n"
    "                x: disassemble the code (needs objdump)\n"
    "  --func N      dump only function N\n"
    "  --off LETTERS switch passes off (--help lists them)\n"
    "  --cpu LIST    use only these features of the CPU: none, all, lzcnt, bmi1, bmi2, avx, avx2, "
    "fma\n"
    "  -j N          compile with N threads (1 to 64); the code does not depend on N\n"
    "  --time        compile repeatedly for a second, report the fastest run and MB/s\n"
    "  -o OUT.bin    write the code\n"
    "  --image FILE  write module and code, for `wasmrun FILE`\n"
    "  --help        this text, and the passes\n";

static int help(void)
{
    printf("%sPasses:\n", usage);
    for (const struct wasm_pass *p = wasm_passes; p->letter; p++)
        printf("  %c  %s\n", p->letter, p->what);
    return 0;
}

struct label { uint32_t at, func; const char *kind; };

static void print(void *ctx, const char *s, size_t n)
{
    fwrite(s, 1, n, stdout);
}

static double now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static _Noreturn void die(const char *file, const char *what)
{
    fprintf(stderr, "wasmc: %s: %s\n", file, what);
    exit(1);
}

static _Noreturn void die_of(const char *file, const struct wasm_error *err)
{
    if (err->func != UINT32_MAX)
        fprintf(stderr, "wasmc: %s: %s (function %u, byte 0x%" PRIx64 ")\n", file, err->text,
                err->func, err->offset);
    else
        fprintf(stderr, "wasmc: %s: %s (byte 0x%" PRIx64 ")\n", file, err->text, err->offset);
    exit(1);
}

/* ---- disassembly --------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
    const struct label *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

static uint32_t add_labels(const struct wasm_module *m, const struct wasm_image *img,
                           struct label *l)
{
    uint32_t n = 0;

    for (uint32_t f = 0; f < m->nfuncs; f++) {
        if (!m->funcs[f].imported && img->entry[f] != UINT32_MAX)
            l[n++] = (struct label){ img->entry[f], f, "" };
        if (!m->funcs[f].imported && img->ext_entry[f] != UINT32_MAX)
            l[n++] = (struct label){ img->ext_entry[f], f, " (external entry)" };
        if (!m->funcs[f].imported && img->invoke[f] != UINT32_MAX)
            l[n++] = (struct label){ img->invoke[f], f, " (C entry)" };
    }
    qsort(l, n, sizeof *l, by_address);
    return n;
}

static void print_label(const struct wasm_module *m, const struct label *l)
{
    printf("\nfunction %u%s", l->func, l->kind);
    if (m->func_names && m->func_names[l->func].s)
        printf(" <%.*s>", (int)m->func_names[l->func].len, m->func_names[l->func].s);
    printf(":\n");
}

/* Lets objdump decode [from, to) of the file and prints its instruction lines. */
static void objdump(const char *path, uint32_t from, uint32_t to)
{
    char cmd[256], line[512];
    FILE *p;

    snprintf(cmd, sizeof cmd, "objdump -D -b binary -m i386:x86-64 -M intel --start-address=%u"
             " --stop-address=%u %s", from, to, path);
    if (!(p = popen(cmd, "r")))
        die("objdump", strerror(errno));
    while (fgets(line, sizeof line, p))
        if (line[0] == ' ')
            fputs(line, stdout);
    pclose(p);
}

static void disassemble(const struct wasm_image *img, const uint8_t *code, uint32_t only)
{
    const struct wasm_module *m = img->module;
    struct label *l = calloc(3 * (size_t)m->nfuncs + 1, sizeof *l);
    uint32_t n = add_labels(m, img, l);
    char path[] = "/tmp/wasmc-XXXXXX";
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, code, img->code_size) != (ssize_t)img->code_size)
        die(path, strerror(errno));
    close(fd);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t end = i + 1 < n ? l[i + 1].at : (uint32_t)img->code_size;
        if (only != UINT32_MAX && l[i].func != only)
            continue;
        print_label(m, &l[i]);
        fflush(stdout);
        if (end > l[i].at)
            objdump(path, l[i].at, end);
    }
    unlink(path);
    free(l);
}

/* ---- compiling ----------------------------------------------------------------------------- */

/* What to write besides the report: file names or NULL. */
struct outputs { const char *code, *image; bool listing; };

struct result { double open_us, compile_us; size_t code_size, peak, held; uint32_t funcs; };

static unsigned threads = 1;

static void *work(void *img)
{
    wasm_compile_work(img);
    return NULL;
}

static struct wasm_image *compile_bodies(struct wasm_module *m, const struct wasm_options *o,
                                         struct wasm_error *err)
{
    struct wasm_image *img = wasm_compile_begin(m, o, err);
    pthread_t t[64];
    unsigned n = 0;

    if (!img)
        return NULL;
    while (n + 1 < threads && pthread_create(&t[n], NULL, work, img) == 0)
        n++;
    wasm_compile_work(img);
    while (n)
        pthread_join(t[--n], NULL);
    return wasm_compile_finish(img, err);
}

static void compile(const char *file, const uint8_t *bytes, size_t size,
                    const struct wasm_options *o, const struct outputs *out, struct result *r)
{
    struct wasm_error err = { .func = UINT32_MAX };
    struct wasm_module *m;
    struct wasm_image *img;
    uint8_t *code;
    double t0, t1, t2;
    FILE *f;

    host_heap_peak();
    t0 = now_us();
    if (!(m = wasm_open(&host_heap, bytes, size, o, &err)))
        die_of(file, &err);
    t1 = now_us();
    if (!(img = compile_bodies(m, o, &err)))
        die_of(file, &err);
    if (!(code = malloc(img->code_size + 1)))
        die(file, "out of memory");
    wasm_image_write(img, code);
    t2 = now_us();
    *r = (struct result){ t1 - t0, t2 - t1, img->code_size, img->peak_memory, host_heap_peak(),
                          m->nfuncs - m->nimport_funcs };
    if (out->listing)
        disassemble(img, code, o->dump_func);
    if (out->code && (!(f = fopen(out->code, "wb"))
                      || fwrite(code, 1, img->code_size, f) != img->code_size || fclose(f)))
        die(out->code, strerror(errno));
    if (out->image && !image_file_save(out->image, img, o->cpu))
        die(out->image, strerror(errno));
    free(code);
    wasm_image_free(img);
    wasm_close(m);
}

static void report(const char *file, size_t size, const struct result *r, bool timed)
{
    double us = r->open_us + r->compile_us;

    printf("%s: %zu bytes in, %u functions, %zu bytes out, %.0f us (open %.0f, compile %.0f), peak"
           " %zu bytes (all %zu)", file, size, r->funcs, r->code_size, us, r->open_us,
           r->compile_us, r->peak, r->held);
    if (timed)
        printf(", %.2f MB/s", (double)size / us);
    printf("\n");
}

static uint32_t letters(const char *s)
{
    uint32_t bits = 0;

    for (; *s; s++) {
        if (*s < 'a' || *s > 'z')
            die("letters", "only a to z");
        bits |= 1u << (*s - 'a');
    }
    return bits;
}

static const char *value_of(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc) {
        fputs(usage, stderr);
        exit(2);
    }
    return argv[++*i];
}

int main(int argc, char **argv)
{
    const char *file = NULL;
    struct outputs out = { 0 }, none = { 0 };
    bool timed = false;
    struct wasm_options o;
    struct result best, r;
    uint8_t *bytes;
    size_t size = 0;

    host_options(&o);
    o.print = print;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return help();
        } else if (strcmp(argv[i], "-d") == 0) {
            o.dump |= letters(value_of(argc, argv, &i));
        } else if (strcmp(argv[i], "--off") == 0) {
            o.passes_off |= letters(value_of(argc, argv, &i));
        } else if (strcmp(argv[i], "--cpu") == 0) {
            struct wasm_options cpu;
            if (!host_cpu(value_of(argc, argv, &i))) {
                fputs(usage, stderr);
                return 2;
            }
            host_options(&cpu);
            o.cpu = cpu.cpu;
        } else if (strcmp(argv[i], "--func") == 0) {
            o.dump_func = (uint32_t)strtoul(value_of(argc, argv, &i), NULL, 0);
        } else if (strcmp(argv[i], "-j") == 0) {
            threads = (unsigned)strtoul(value_of(argc, argv, &i), NULL, 10);
            if (threads < 1 || threads > 64) {
                fputs(usage, stderr);
                return 2;
            }
        } else if (strcmp(argv[i], "--time") == 0) {
            timed = true;
        } else if (strcmp(argv[i], "-o") == 0) {
            out.code = value_of(argc, argv, &i);
        } else if (strcmp(argv[i], "--image") == 0) {
            out.image = value_of(argc, argv, &i);
        } else if (argv[i][0] == '-' || file) {
            fputs(usage, stderr);
            return 2;
        } else {
            file = argv[i];
        }
    }
    if (!file) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.dump & ~(1u << ('x' - 'a')))
        threads = 1;            /* dumps in order */
    if (!(bytes = host_read_file(file, &size)))
        die(file, strerror(errno));
    out.listing = o.dump & (1u << ('x' - 'a'));
    compile(file, bytes, size, &o, &out, &best);
    o.dump = 0;
    for (double t = now_us(); timed && now_us() - t < 1e6;) {
        compile(file, bytes, size, &o, &none, &r);
        if (r.open_us + r.compile_us < best.open_us + best.compile_us)
            best = r;
    }
    report(file, size, &best, timed);
    free(bytes);
    return 0;
}
