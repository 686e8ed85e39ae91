/*
 * program.c - runs a whole WASI program compiled by our compiler: `program [--map | --off LETTERS]
 * FILE.wasm ARG...`. The processor time of _start in nanoseconds goes to descriptor 3, then that of
 * compilation. `--map` first writes /tmp/perf-PID.map, by which perf names the functions.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
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
    fprintf(stderr, "program: %s: %s\n", file, what);
    exit(1);
}

static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    return wasi_resolve(m, import, out);
}

/* The map that perf reads: address, size, name of every body. */
static void write_map(const struct host_module *hm)
{
    const struct wasm_module *m = hm->module;
    char path[64];

    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    FILE *f = fopen(path, "w");
    if (!f)
        die(path, "cannot be written");
    for (uint32_t i = m->nimport_funcs; i < m->nfuncs; i++) {
        uint32_t from = hm->image->entry[i], to = (uint32_t)hm->image->code_size, next = i + 1;
        while (next < m->nfuncs && hm->image->entry[next] == UINT32_MAX)
            next++;
        if (from == UINT32_MAX)
            continue;
        if (next < m->nfuncs && hm->image->entry[next] > from)
            to = hm->image->entry[next];
        fprintf(f, "%" PRIxPTR " %x f%u", (uintptr_t)hm->code + from, to - from, i);
        if (m->func_names && m->func_names[i].s)
            fprintf(f, "_%.*s", (int)m->func_names[i].len, m->func_names[i].s);
        fprintf(f, "\n");
    }
    fclose(f);
}

int main(int argc, char **argv)
{
    bool map = argc > 2 && strcmp(argv[1], "--map") == 0;
    char *none[] = { NULL };
    struct wasm_options o;
    struct wasm_error err;
    struct wasi w = { .env = none };
    struct host_module *m;
    struct host_instance *hi;
    struct wasm_extern x;
    uint64_t t[3];
    size_t size;
    int trap, at = map ? 2 : 1;

    host_options(&o);
    if (argc > 3 && strcmp(argv[1], "--off") == 0) {
        for (const char *p = argv[2]; *p >= 'a' && *p <= 'z'; p++)
            o.passes_off |= 1u << (*p - 'a');
        at = 3;
    }
    if (at >= argc)
        die("usage", "program [--off LETTERS] FILE.wasm ARG...");
    const char *file = argv[at];
    uint8_t *bytes = host_read_file(file, &size);
    if (!bytes)
        die(file, "cannot be read");
    w.argc = argc - at;
    w.argv = argv + at;
    t[0] = cpu_ns();
    if (!(m = host_module_load(bytes, size, &o, &err)))
        die(file, err.text);
    if (!(hi = host_instance_make(m, resolve, NULL, &w, &trap, &err)))
        die(file, err.text);
    if (trap || !wasm_export_find(hi->in, (struct wasm_name){ "_start", 6 }, &x))
        die(file, "has no function _start");
    if (map)
        write_map(m);
    t[1] = cpu_ns();
    trap = host_call(&x, NULL);
    t[2] = cpu_ns();
    if (trap && trap != HOST_EXIT)
        die(file, host_trap_text(trap));
    dprintf(3, "%" PRIu64 " %" PRIu64 "\n", t[2] - t[1], t[1] - t[0]);
    return trap ? w.exit_code & 0xff : 0;
}
