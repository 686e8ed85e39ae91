/*
 * image_file.c - images in files: a head, the module's bytes, the tables (wasm_image_flatten), and
 * the code on a page of its own. The file is mapped, the code executable: pages are read as they
 * are used, and two processes share them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "compiler_id.h"
#include "kernel/sha256.h"
#include "tools/image_file.h"

static const char magic[8] = "selkieI1";

/* Where things are: bytes from the beginning of the file. */
struct image_head {
    char magic[8];
    char compiler[32];              /* digest of the compiler's sources, as text */
    uint8_t module_hash[SHA256_BYTES];
    uint32_t cpu, features;         /* WASM_CPU_* that the code uses, WASM_F_* of the module */
    uint64_t module_at, module_size, flat_at, flat_size, code_at, code_size, file_size;
};

bool image_file_is(const char *path)
{
    char first[sizeof magic];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && read(fd, first, sizeof first) == sizeof first
              && memcmp(first, magic, sizeof magic) == 0;

    if (fd >= 0)
        close(fd);
    return is;
}

/* ---- writing ------------------------------------------------------------------------------- */

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

static struct image_head head_of(const struct wasm_image *img, uint32_t cpu)
{
    const struct wasm_module *m = img->module;
    struct image_head h = { .cpu = cpu, .features = m->features, .module_size = m->size,
                            .flat_size = wasm_image_flat_size(img),
                            .code_size = img->code_size };

    memcpy(h.magic, magic, sizeof magic);
    memcpy(h.compiler, COMPILER_ID, sizeof h.compiler);
    sha256(m->bytes, m->size, h.module_hash);
    h.flat_at = round_up(sizeof h, 16);
    h.module_at = h.flat_at + round_up(h.flat_size, 16);
    h.code_at = round_up(h.module_at + h.module_size, 4096);
    h.file_size = h.code_at + h.code_size;
    return h;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno != EINTR)
            return false;
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return true;
}

bool image_file_save(const char *path, const struct wasm_image *img, uint32_t cpu)
{
    struct image_head h = head_of(img, cpu);
    uint8_t *p = calloc(1, h.file_size);
    char *beside = malloc(strlen(path) + 32);
    bool ok = false;
    int fd = -1;

    if (p && beside) {
        memcpy(p, &h, sizeof h);
        wasm_image_flatten(img, p + h.flat_at);
        memcpy(p + h.module_at, img->module->bytes, h.module_size);
        wasm_image_write(img, p + h.code_at);
        sprintf(beside, "%s.%d", path, (int)getpid());
        fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ok = fd >= 0 && write_all(fd, p, h.file_size);
        if (fd >= 0)
            ok = close(fd) == 0 && ok && rename(beside, path) == 0;
        if (fd >= 0 && !ok)
            unlink(beside);
    }
    free(beside);
    free(p);
    return ok;
}

/* ---- loading ------------------------------------------------------------------------------- */

static struct host_module *refuse(struct wasm_error *err, const char *format, ...)
{
    va_list ap;

    *err = (struct wasm_error){ .code = WASM_MALFORMED, .func = UINT32_MAX };
    va_start(ap, format);
    vsnprintf(err->text, sizeof err->text, format, ap);
    va_end(ap);
    return NULL;
}

static bool inside(uint64_t at, uint64_t size, uint64_t file)
{
    return at <= file && size <= file - at;
}

/* Whether a file of `size` bytes with this head may be loaded here. */
static bool usable(const struct image_head *h, uint64_t size, struct wasm_error *err)
{
    struct wasm_options o;
    char names[64];

    host_options(&o);
    if (size < sizeof *h || memcmp(h->magic, magic, sizeof magic))
        return refuse(err, "is not an image");
    if (memcmp(h->compiler, COMPILER_ID, sizeof h->compiler))
        return refuse(err, "image of another build of the compiler (%.12s, this is %.12s): "
                      "compile again", h->compiler, COMPILER_ID);
    if (h->cpu & ~o.cpu) {
        host_cpu_names(h->cpu & ~o.cpu, names, sizeof names);
        return refuse(err, "image for a CPU with %s, which this one lacks: compile again", names);
    }
    if (h->file_size != size || h->code_at % 4096 || h->flat_at % 16
        || !inside(h->module_at, h->module_size, size) || !inside(h->flat_at, h->flat_size, size)
        || !inside(h->code_at, h->code_size, size))
        return refuse(err, "the image is damaged: %llu bytes, should be %llu",
                      (unsigned long long)size, (unsigned long long)h->file_size);
    return true;
}

static bool is_of(const struct image_head *h, const uint8_t *bytes, size_t size,
                  struct wasm_error *err)
{
    uint8_t hash[SHA256_BYTES];

    sha256(bytes, size, hash);
    if (size == h->module_size && memcmp(hash, h->module_hash, sizeof hash) == 0)
        return true;
    return refuse(err, "image of another module (%02x%02x%02x%02x..., this is %02x%02x%02x%02x...)",
                  h->module_hash[0], h->module_hash[1], h->module_hash[2], h->module_hash[3],
                  hash[0], hash[1], hash[2], hash[3]);
}

static bool map_file(struct host_module *m, const char *path, struct wasm_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *p = MAP_FAILED;

    if (fd < 0 || fstat(fd, &st))
        refuse(err, "%s", strerror(errno));
    else if ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
        refuse(err, "others may write this image: native code is taken from your own files only");
    else if (!st.st_size)
        refuse(err, "is empty");
    else if ((p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
        refuse(err, "cannot be mapped: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    if (p == MAP_FAILED)
        return false;
    m->map = p;
    m->map_size = (size_t)st.st_size;
    return true;
}

static bool open_image(struct host_module *m, const struct image_head *h, struct wasm_error *err)
{
    struct wasm_options o;

    host_options(&o);
    o.features = h->features;
    m->bytes = m->map + h->module_at;
    m->size = h->module_size;
    m->code = m->map + h->code_at;
    m->code_mapped = round_up(h->code_size, 4096);
    if (h->code_size && mprotect(m->code, h->code_size, PROT_READ | PROT_EXEC))
        return refuse(err, "no executable memory: %s", strerror(errno));
    return (m->module = wasm_open(&host_heap, m->bytes, m->size, &o, err))
        && (m->image = wasm_image_from_flat(m->module, m->map + h->flat_at, h->flat_size, m->code,
                                            h->code_size, err));
}

struct host_module *image_file_load(const char *path, const uint8_t *bytes, size_t size,
                                    struct wasm_error *err)
{
    struct host_module *m = calloc(1, sizeof *m);
    const struct image_head *h;

    if (!m)
        return refuse(err, "out of memory");
    if (map_file(m, path, err)) {
        h = (const struct image_head *)m->map;
        if (usable(h, m->map_size, err) && (!bytes || is_of(h, bytes, size, err))
            && open_image(m, h, err)) {
            host_module_add(m);
            return m;
        }
    }
    host_module_free(m);
    return NULL;
}
