/*
 * ours.c - like native.c, for a wasm file compiled by our compiler: `ours [--off LETTERS]
 * FILE.wasm`. `ours [--off LETTERS] --compile FILE.wasm` only compiles, for a second or twice, and
 * prints the fastest time in nanoseconds, the bytes of code, the most bytes held beyond module and
 * code, and the median of the times. `ours --passes` lists the letters.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/host.h"
#include "tools/wasi.h"

static uint64_t cpu_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static _Noreturn void die(const char *file, const char *what)
{
    fprintf(stderr, "ours: %s: %s\n", file, what);
    exit(1);
}

static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    return wasi_resolve(m, import, out);
}

static void answer(const char *file, const struct wasm_extern *x)
{
    uint32_t n;

    while (scanf("%" SCNu32, &n) == 1) {
        union wasm_value v[1] = { { .i32 = n } };
        uint64_t from = cpu_ns();
        int trap = host_call(x, v);
        uint64_t ns = cpu_ns() - from;
        if (trap)
            die(file, host_trap_text(trap));
        printf("%" PRIu64 " %" PRIu32 "\n", ns, v[0].i32);
        fflush(stdout);
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int compile(const char *file, const uint8_t *bytes, size_t size,
                   const struct wasm_options *o)
{
    uint64_t ns[1000], total = 0;
    size_t code = 0, peak = 0;
    int n = 0;

    for (; n < 1000 && (n < 2 || total < 1000000000); n++) {
        struct wasm_error err;
        uint64_t from = cpu_ns();
        struct wasm_module *m = wasm_open(&host_heap, bytes, size, o, &err);
        struct wasm_image *img = m ? wasm_compile(m, o, &err) : NULL;
        if (!img)
            die(file, err.text);
        ns[n] = cpu_ns() - from;
        total += ns[n];
        code = img->code_size;
        peak = img->peak_memory;
        wasm_image_free(img);
        wasm_close(m);
    }
    qsort(ns, (size_t)n, sizeof *ns, by_size);
    printf("%" PRIu64 " %zu %zu %" PRIu64 "\n", ns[0], code, peak, ns[n / 2]);
    return 0;
}

static int list_passes(void)
{
    for (const struct wasm_pass *p = wasm_passes; p->letter; p++)
        printf("%c %s\n", p->letter, p->what);
    return 0;
}

int main(int argc, char **argv)
{
    struct wasm_options o;
    struct wasm_error err;
    struct wasi w = { .argc = 1, .argv = argv, .env = argv + argc };
    struct host_module *m;
    struct host_instance *hi;
    struct wasm_extern x;
    const char *file = argv[argc - 1];
    size_t size;
    int trap;

    if (argc == 2 && strcmp(file, "--passes") == 0)
        return list_passes();
    uint8_t *bytes = host_read_file(file, &size);
    host_options(&o);
    if (argc > 3 && strcmp(argv[1], "--off") == 0)
        for (const char *p = argv[2]; *p >= 'a' && *p <= 'z'; p++)
            o.passes_off |= 1u << (*p - 'a');
    if (!bytes)
        die(file, "cannot be read");
    if (argc > 2 && strcmp(argv[argc - 2], "--compile") == 0)
        return compile(file, bytes, size, &o);
    if (!(m = host_module_load(bytes, size, &o, &err)))
        die(file, err.text);
    if (!(hi = host_instance_make(m, resolve, NULL, &w, &trap, &err)))
        die(file, err.text);
    if (trap || !wasm_export_find(hi->in, (struct wasm_name){ "run", 3 }, &x)
        || x.kind != WASM_FUNC)
        die(file, "has no function run");
    answer(file, &x);
    return 0;
}
