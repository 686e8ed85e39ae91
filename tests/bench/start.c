/*
 * start.c - times from a module to the first instruction of its program: `start FILE.wasm` decodes,
 * validates, compiles and instantiates; `start IMAGE` maps what `wasmc --image` made and
 * instantiates. In this process, again and again for a second; prints minimum and median in
 * nanoseconds.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/image_file.h"
#include "tools/wasi.h"

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static _Noreturn void die(const char *file, const char *what)
{
    fprintf(stderr, "start: %s: %s\n", file, what);
    exit(1);
}

static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    return wasi_resolve(m, import, out);
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* One start; `bytes` NULL: the file is an image. Nanoseconds. */
static uint64_t start(const char *file, const uint8_t *bytes, size_t size, struct wasi *w)
{
    struct wasm_options o;
    struct wasm_error err;
    struct host_module *m;
    struct host_instance *hi;
    struct wasm_extern x;
    uint64_t from, ns;
    uint8_t *copy = NULL;
    int trap;

    host_options(&o);
    if (bytes) {                /* the module takes its bytes over */
        if (!(copy = malloc(size + 1)))
            die(file, "out of memory");
        memcpy(copy, bytes, size);
    }
    from = now_ns();
    m = bytes ? host_module_load(copy, size, &o, &err) : image_file_load(file, NULL, 0, &err);
    if (!m || !(hi = host_instance_make(m, resolve, NULL, w, &trap, &err)))
        die(file, err.text);
    if (trap || !wasm_export_find(hi->in, (struct wasm_name){ "_start", 6 }, &x))
        die(file, "has no function _start");
    ns = now_ns() - from;
    host_instance_free(hi);
    host_module_free(m);
    return ns;
}

int main(int argc, char **argv)
{
    struct wasi w = { .argc = argc, .argv = argv, .env = argv + argc };
    uint64_t ns[1000], total = 0;
    uint8_t *bytes = NULL;
    size_t size = 0;
    int n = 0;

    if (argc != 2)
        die("usage", "start FILE.wasm | IMAGE");
    if (!image_file_is(argv[1]) && !(bytes = host_read_file(argv[1], &size)))
        die(argv[1], "cannot be read");
    for (; n < 1000 && (n < 3 || total < 1000000000); n++) {
        ns[n] = start(argv[1], bytes, size, &w);
        total += ns[n];
    }
    qsort(ns, (size_t)n, sizeof *ns, by_size);
    printf("%" PRIu64 " %" PRIu64 "\n", ns[0], ns[n / 2]);
    return 0;
}
