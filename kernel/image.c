/*
 * image.c - compiled modules, shared by all instances, found by hash.
 *
 * A program starts only if all that its manifest asks for is granted, so the ports that an image
 * may use follow from the module alone, and its hash is the cache's whole key (compiler and CPU do
 * not change while the kernel runs). Unused images stay until memory is wanted or KEEP is passed.
 * A fault looks an image up by address; the compiler's site tables do the rest.
 */
#include "kernel/kernel.h"
#include "kernel/options.h"

#define ALONE 8192ul            /* bytes of a module below which it takes one CPU */
#define KEEP (32ul << 20)   /* bytes of unused images, with what the compiler keeps of them */

static struct lock lock = LOCK(RANK_REGISTRY);      /* of the list, and of the references */
static struct link all = { &all, &all };            /* used last stands last */
static uint32_t made;                               /* atomic */

/* ---- the compiler's memory ------------------------------------------------------------------- */

static void *host_alloc(void *ctx, size_t bytes)
{
    struct image *im = ctx;
    void *p = NULL;
    size_t all = __atomic_add_fetch(&im->heap, bytes, __ATOMIC_RELAXED);

    if (all <= page_count_total() * PAGE_SIZE / 2)
        p = kmalloc(bytes);
    if (!p)
        __atomic_fetch_sub(&im->heap, bytes, __ATOMIC_RELAXED);
    sched_point();
    return p;
}

static void host_release(void *ctx, void *p, size_t bytes)
{
    struct image *im = ctx;

    __atomic_fetch_sub(&im->heap, bytes, __ATOMIC_RELAXED);
    kfree(p);
    sched_point();
}

static bool port_ok(void *ctx, uint16_t first, uint16_t n)
{
    const struct manifest *m = ctx;

    for (uint32_t i = 0; i < m->count; i++)
        if (m->res[i].kind == RES_PORT && m->res[i].first <= first
                && (uint32_t)first + n - 1 <= m->res[i].last)
            return true;
    return false;
}

static void print(void *ctx, const char *s, size_t n)
{
    log_write(s, n);
}

static uint32_t dump_letters(const char *s)
{
    uint32_t bits = 0;

    for (; *s; s++)
        if (*s >= 'a' && *s <= 'z')
            bits |= 1u << (*s - 'a');
    return bits;
}

/* ---- the cache ------------------------------------------------------------------------------- */

static size_t model_bytes(const struct image *im)
{
    const struct model *m = __atomic_load_n(&im->model, __ATOMIC_ACQUIRE);

    return m ? m->size + im->module->inst_size : 0;
}

static size_t bytes_of(const struct image *im)
{
    return im->heap + im->code.size + model_bytes(im);
}

/* It is in no list. */
static void image_free(struct image *im)
{
    sched_hold();
    if (im->code.size)
        code_free(&im->code);
    if (im->compiled)
        wasm_image_free(im->compiled);
    if (im->module)
        wasm_close(im->module);
    manifest_free(im->manifest);
    model_free(im->model);
    assert(im->heap == 0, "the compiler gave all its memory back");
    kfree(im);
    sched_unhold();
}

uint32_t image_count(void)
{
    return __atomic_load_n(&made, __ATOMIC_RELAXED);
}

size_t image_bytes(void)
{
    size_t n = 0;

    lock_take(&lock);
    for (struct link *l = all.next; l != &all; l = l->next)
        n += bytes_of(container_of(l, struct image, all));
    lock_drop(&lock);
    return n;
}

/* The unused image that was used longest ago, out of the list, if all unused ones together have
 * more than `keep` bytes; else NULL, and *unused is what they have. */
static struct image *surplus(size_t keep, size_t *unused)
{
    struct image *oldest = NULL;

    *unused = 0;
    lock_take(&lock);
    for (struct link *l = all.next; l != &all; l = l->next) {
        struct image *im = container_of(l, struct image, all);
        if (im->refs)
            continue;
        oldest = oldest ? oldest : im;
        *unused += bytes_of(im);
    }
    oldest = *unused > keep ? oldest : NULL;
    if (oldest)
        list_del(&oldest->all);
    lock_drop(&lock);
    return oldest;
}

size_t image_trim(size_t keep)
{
    struct image *im;
    size_t unused;

    while ((im = surplus(keep, &unused)))
        image_free(im);
    return unused;
}

static bool holds(const struct image *im, uintptr_t pc)
{
    return im->code.size && pc - (uintptr_t)im->code.rx < im->code.size;
}

struct image *image_at(const struct sip *s, uintptr_t pc)
{
    struct image *found = NULL;

    if (s->image && holds(s->image, pc))
        return s->image;
    lock_take(&lock);
    for (struct link *l = all.next; l != &all && !found; l = l->next)
        if (holds(container_of(l, struct image, all), pc))
            found = container_of(l, struct image, all);
    lock_drop(&lock);
    return found;
}

void image_put(struct image *im)
{
    bool unused, cached;

    lock_take(&lock);
    assert(im->refs, "image_put without image_get");
    unused = --im->refs == 0;
    cached = im->cached;
    if (unused && !cached)
        list_del(&im->all);
    lock_drop(&lock);
    if (unused && cached)
        image_trim(KEEP);
    else if (unused)
        image_free(im);
}

static bool same_hash(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[4], y[4];

    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]));
}

/* A cached one, from the one used last on; the lock is held. */
static struct image *find(const uint8_t hash[32])
{
    for (struct link *l = all.prev; l != &all; l = l->prev) {
        struct image *im = container_of(l, struct image, all);
        if (im->cached && same_hash(im->hash, hash))
            return im;
    }
    return NULL;
}

/* ---- compiling ------------------------------------------------------------------------------- */

static err_t explain(const struct wasm_error *err, char *reason, size_t n)
{
    static const char *const kinds[] = {
        [WASM_OK] = "failed", [WASM_MALFORMED] = "malformed", [WASM_INVALID] = "invalid",
        [WASM_LIMIT] = "over a limit", [WASM_NOMEM] = "too large for memory",
        [WASM_UNLINKABLE] = "unlinkable", [WASM_REFUSED] = "refused",
    };

    if (err->func == UINT32_MAX)
        ksnprintf(reason, n, "module %s at byte %lu: %s", kinds[err->code], err->offset, err->text);
    else
        ksnprintf(reason, n, "module %s at byte %lu (function %u): %s", kinds[err->code],
                  err->offset, err->func, err->text);
    return err->code == WASM_NOMEM ? ERR_NO_MEMORY
        : err->code == WASM_REFUSED ? ERR_DENIED : ERR_MODULE;
}

static bool place(struct image *im)
{
    if (im->compiled->code_size == 0)
        return true;            /* no functions: it will not be called */
    if (!code_alloc(&im->code, im->compiled->code_size)) {
        im->code.size = 0;
        return false;
    }
    wasm_image_write(im->compiled, im->code.rw);
    return code_seal(&im->code);
}

/* Large modules on all CPUs. */
static struct wasm_image *compile(struct wasm_module *m, size_t size, const struct wasm_options *o,
                                  struct wasm_error *err)
{
    struct wasm_image *img;

    if (size < ALONE)
        return wasm_compile(m, o, err);
    if (!(img = wasm_compile_begin(m, o, err)))
        return NULL;
    crew_compile(img);
    return wasm_compile_finish(img, err);
}

struct image *image_compile(const uint8_t *bytes, size_t size, const struct wasm_options *o,
                            struct wasm_error *err)
{
    struct image *im = kzalloc(sizeof *im);

    *err = (struct wasm_error){ .code = WASM_NOMEM, .func = UINT32_MAX, .text = "out of memory" };
    if (!im)
        return NULL;
    im->host = (struct wasm_host){ im, host_alloc, host_release };
    list_init(&im->all);
    im->refs = 1;
    if ((im->module = wasm_open(&im->host, bytes, size, o, err))
            && (im->compiled = compile(im->module, size, o, err))) {
        if (place(im)) {
            lock_take(&lock);
            list_push(&all, &im->all);
            lock_drop(&lock);
            return im;
        }
        err->code = WASM_NOMEM;
        ksnprintf(err->text, sizeof err->text, "out of memory for code");
    }
    image_free(im);
    return NULL;
}

/* What SIPs may use of the language: 2.0, and what needs nothing of the kernel. */
#define FEATURES (WASM_FEATURES_BASE | WASM_F_SIMD | WASM_F_RELAXED | WASM_F_TAIL | \
                  WASM_F_EXTCONST | WASM_F_EH | WASM_F_LEGACY_EH | WASM_F_THREADS | \
                  WASM_F_MULTIMEM)

/* Devices look at the memory of a SIP that has a window, of whatever kind: what they have done to
 * it since, no earlier load or store tells. */
static bool has_window(const struct manifest *m)
{
    for (uint32_t i = 0; i < m->count; i++)
        if (m->res[i].kind >= RES_WINDOW)
            return true;
    return false;
}

struct image *image_find(const uint8_t hash[32])
{
    struct image *im;

    lock_take(&lock);
    if ((im = find(hash))) {
        list_del(&im->all);
        list_push(&all, &im->all);
        im->refs++;
    }
    lock_drop(&lock);
    return im;
}

struct image *image_make(const struct program *p, struct manifest *m, bool cache, err_t *e,
                         char *reason, size_t n)
{
    struct image *im;
    struct wasm_error err;
    struct wasm_options o = {
        .features = FEATURES, .cpu = cpu_features(), .volatile_mem = has_window(m),
        .port_ok = port_ok, .port_ctx = m,
        .dump = dump_letters(option_string(OPT_DUMP)), .dump_func = UINT32_MAX, .print = print,
    };

    __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
    if (!(im = image_compile(p->bytes, p->size, &o, &err))) {
        *e = explain(&err, reason, n);
        return NULL;
    }
    lock_take(&lock);
    memcpy(im->hash, p->hash, 32);
    im->manifest = m;
    im->cached = cache && !find(p->hash);
    lock_drop(&lock);
    return im;
}
