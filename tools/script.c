/*
 * script.c - Linux as the embedder of scripts (tests/spec/script.h). Nothing is given back: the
 * process ends with its script.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/image_file.h"
#include "tools/pack.h"
#include "tools/script.h"

struct embed { bool verbose, images; int fd; };

void *embed_alloc(struct embed *e, size_t size)
{
    return calloc(1, size);
}

void *embed_table(struct embed *e, size_t bytes)
{
    return wasm_host_alloc(NULL, bytes);
}

/* The module as it comes back from a file. */
static struct host_module *through_file(struct host_module *m, uint32_t cpu,
                                        struct wasm_error *err)
{
    char path[] = "/tmp/spectest-XXXXXX";
    int fd = mkstemp(path);
    struct host_module *again = NULL;

    snprintf(err->text, sizeof err->text, "%s cannot be written", path);
    if (fd >= 0 && image_file_save(path, m->image, cpu))
        again = image_file_load(path, m->bytes, m->size, err);
    if (fd >= 0)
        close(fd);
    unlink(path);
    host_module_free(m);
    return again;
}

struct embed_module *embed_load(struct embed *e, const uint8_t *bytes, size_t size,
                                uint32_t features, struct wasm_error *err)
{
    struct wasm_options o;
    uint8_t *copy = malloc(size + 1);       /* of the exact size: tools notice reads beyond it */

    if (!copy) {
        err->code = WASM_NOMEM;
        return NULL;
    }
    if (size)
        memcpy(copy, bytes, size);
    host_options(&o);
    o.features = features;
    struct host_module *m = host_module_load(copy, size, &o, err);
    if (m && e->images)
        m = through_file(m, o.cpu, err);
    return (struct embed_module *)m;
}

void embed_unload(struct embed *e, struct embed_module *m)
{
    host_module_free((struct host_module *)m);
}

struct wasm_instance *embed_instantiate(struct embed *e, struct embed_module *m,
                                        wasm_resolve_fn *resolve, void *ctx, int *trap,
                                        struct wasm_error *err)
{
    struct host_instance *hi = host_instance_make((struct host_module *)m, resolve, ctx, NULL,
                                                  trap, err);

    return hi ? hi->in : NULL;
}

int embed_call(struct embed *e, const struct wasm_extern *fn, union wasm_value *v)
{
    return host_call(fn, v);
}

bool embed_memory(struct embed *e, struct wasm_memory *m)
{
    return host_memory_reserve(m);
}

void embed_format(char *to, size_t n, const char *format, va_list ap)
{
    vsnprintf(to, n, format, ap);
}

void embed_begins(struct embed *e, const struct script_result *r)
{
    if (write(e->fd, r, sizeof *r) != sizeof *r)
        _exit(3);
}

void embed_failed(struct embed *e, uint32_t line, const char *kind, const char *why)
{
    if (e->verbose)
        printf("  line %u: %s: %s\n", line, kind, why);
}

void script_file(const char *path, uint32_t features, bool verbose, bool images, int fd)
{
    struct embed e = { verbose, images, fd };
    struct script_result r;
    struct script s;
    struct pack p;
    const char *wrong;
    size_t at = 0;

    pack_begin(&p);
    if ((wrong = pack_script(&p, path, "", features)) || !script_next(p.bytes, p.size, &at, &s)) {
        fprintf(stderr, "spectest: %s: %s\n", path, wrong ? wrong : "not a script");
        _exit(2);
    }
    script_run(&s, &e, &r);
    embed_begins(&e, &r);
}
