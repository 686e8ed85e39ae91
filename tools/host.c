/*
 * host.c - the embedder of the tools: memory for the compiler, modules in executable memory,
 * instances with reserved address space, and the callbacks of wasm/host.h.
 *
 * A linear memory owns 8 GiB and a little more of address space: base plus a 32-bit address plus a
 * 32-bit offset cannot leave it, nor can an address less WASM_GUARD_BELOW. Pages become accessible
 * as the memory grows; all others fault, and trap.c turns the fault into a trap. Code pages are
 * writable or executable, never both.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "tools/host.h"

#define RESERVE ((8ull << 30) + (2u << 20))

/* ---- memory for the compiler --------------------------------------------------------------- */

static size_t heap_held, heap_peak;

static void *heap_alloc(void *ctx, size_t bytes)
{
    void *p = malloc(bytes);

    if (p) {        /* several threads may compile; the peak is good enough when they race */
        size_t held = __atomic_add_fetch(&heap_held, bytes, __ATOMIC_RELAXED);
        if (held > __atomic_load_n(&heap_peak, __ATOMIC_RELAXED))
            __atomic_store_n(&heap_peak, held, __ATOMIC_RELAXED);
    }
    return p;
}

static void heap_release(void *ctx, void *p, size_t bytes)
{
    __atomic_sub_fetch(&heap_held, bytes, __ATOMIC_RELAXED);
    free(p);
}

struct wasm_host host_heap = { .alloc = heap_alloc, .release = heap_release };

size_t host_heap_peak(void)
{
    size_t p = heap_peak;

    heap_peak = heap_held;
    return p;
}

/* ---- modules ------------------------------------------------------------------------------- */

static struct host_module *modules;

static uint32_t cpu_mask = UINT32_MAX, all_off, all_stress;

void host_options(struct wasm_options *o)
{
    memset(o, 0, sizeof *o);
    o->features = WASM_FEATURES_ALL;
    o->dump_func = UINT32_MAX;
    o->cpu = (__builtin_cpu_supports("lzcnt") ? WASM_CPU_LZCNT : 0)
           | (__builtin_cpu_supports("bmi") ? WASM_CPU_BMI1 : 0)
           | (__builtin_cpu_supports("bmi2") ? WASM_CPU_BMI2 : 0)
           | (__builtin_cpu_supports("avx") ? WASM_CPU_AVX : 0)
           | (__builtin_cpu_supports("avx2") ? WASM_CPU_AVX2 : 0)
           | (__builtin_cpu_supports("fma") ? WASM_CPU_FMA : 0);
    o->cpu &= cpu_mask;
    o->passes_off = all_off;
    o->stress = all_stress;
}

void host_passes(uint32_t off, uint32_t stress)
{
    all_off = off;
    all_stress = stress;
}

struct flag_name { const char *name; uint32_t bits; };

/* The bits of the names in a list with commas; false: one is not known. */
static bool read_flags(const char *list, const struct flag_name *names, size_t count,
                       uint32_t *bits)
{
    for (*bits = 0; *list; list += *list == ',') {
        size_t n = strcspn(list, ","), i = 0;
        while (i < count && (strlen(names[i].name) != n || memcmp(names[i].name, list, n)))
            i++;
        if (i == count)
            return false;
        *bits |= names[i].bits;
        list += n;
    }
    return true;
}

static const struct flag_name cpu_names[] = {
    { "none", 0 }, { "all", UINT32_MAX }, { "lzcnt", WASM_CPU_LZCNT },
    { "bmi1", WASM_CPU_BMI1 },
    { "bmi2", WASM_CPU_BMI2 }, { "avx", WASM_CPU_AVX },
    { "avx2", WASM_CPU_AVX | WASM_CPU_AVX2 },
    { "fma", WASM_CPU_AVX | WASM_CPU_FMA },
};

bool host_cpu(const char *list)
{
    return read_flags(list, cpu_names, sizeof cpu_names / sizeof *cpu_names, &cpu_mask);
}

void host_cpu_names(uint32_t bits, char *to, size_t size)
{
    snprintf(to, size, "unknown features");
    for (size_t i = 2, n = 0; i < sizeof cpu_names / sizeof *cpu_names && n < size; i++) {
        uint32_t own = cpu_names[i].bits == WASM_CPU_AVX ? WASM_CPU_AVX
                     : cpu_names[i].bits & ~(uint32_t)WASM_CPU_AVX;
        if (bits & own)
            n += (size_t)snprintf(to + n, size - n, "%s%s", n ? "," : "", cpu_names[i].name);
    }
}

bool host_features(const char *list, uint32_t *features)
{
    static const struct flag_name names[] = {
        { "base", WASM_FEATURES_BASE }, { "all", WASM_FEATURES_ALL }, { "simd", WASM_F_SIMD },
        { "tail", WASM_F_TAIL }, { "extconst", WASM_F_EXTCONST }, { "multimem", WASM_F_MULTIMEM },
        { "relaxed", WASM_F_RELAXED }, { "threads", WASM_F_THREADS }, { "eh", WASM_F_EH },
        { "legacy-eh", WASM_F_LEGACY_EH }, { "one-table", WASM_F_ONE_TABLE },
    };

    return read_flags(list, names, sizeof names / sizeof *names, features);
}

uint8_t *host_read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    uint8_t *p = NULL;

    if (!f)
        return NULL;
    if (fstat(fileno(f), &st) == 0) {
        if (!S_ISREG(st.st_mode)) {
            errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        } else if ((p = malloc((size_t)st.st_size + 1))) {
            *size = fread(p, 1, (size_t)st.st_size, f);
            p[*size] = 0;
        }
    }
    fclose(f);
    return p;
}

static bool place_code(struct host_module *m, struct wasm_error *err)
{
    m->code_mapped = (m->image->code_size + 4095) / 4096 * 4096 + 4096;
    m->code = mmap(NULL, m->code_mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);
    if (m->code != MAP_FAILED) {
        wasm_image_write(m->image, m->code);
        if (mprotect(m->code, m->code_mapped, PROT_READ | PROT_EXEC) == 0)
            return true;
        munmap(m->code, m->code_mapped);
    }
    m->code = NULL;
    err->code = WASM_NOMEM;
    snprintf(err->text, sizeof err->text, "no executable memory: %s", strerror(errno));
    return false;
}

void host_module_add(struct host_module *m)
{
    m->next = modules;
    modules = m;
}

struct host_module *host_module_load(uint8_t *bytes, size_t size, const struct wasm_options *o,
                                     struct wasm_error *err)
{
    struct host_module *m = calloc(1, sizeof *m);

    memset(err, 0, sizeof *err);
    err->func = UINT32_MAX;
    m->bytes = bytes;
    m->size = size;
    if ((m->module = wasm_open(&host_heap, bytes, size, o, err))
        && (m->image = wasm_compile(m->module, o, err)) && place_code(m, err)) {
        host_module_add(m);
        return m;
    }
    host_module_free(m);
    return NULL;
}

void host_module_free(struct host_module *m)
{
    for (struct host_module **p = &modules; *p; p = &(*p)->next)
        if (*p == m) {
            *p = m->next;
            break;
        }
    if (m->image)
        wasm_image_free(m->image);
    if (m->module)
        wasm_close(m->module);
    if (m->map) {
        munmap(m->map, m->map_size);
    } else {
        if (m->code)
            munmap(m->code, m->code_mapped);
        free(m->bytes);
    }
    free(m);
}

struct host_module *host_module_at(const void *pc)
{
    const uint8_t *p = pc;
    struct host_module *m = modules;

    while (m && !(p >= m->code && p < m->code + m->image->code_size + 1))
        m = m->next;
    return m;
}

/* ---- instances ----------------------------------------------------------------------------- */

bool host_memory_reserve(struct wasm_memory *m)
{
    void *p = mmap(NULL, RESERVE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    m->base = p == MAP_FAILED ? NULL : (uint8_t *)p + WASM_GUARD_BELOW;
    m->pages = 0;
    return m->base != NULL;
}

void host_memory_release(struct wasm_memory *m)
{
    if (m->base)
        munmap(m->base - WASM_GUARD_BELOW, RESERVE);
    m->base = NULL;
}

static bool reserve_memories(struct host_instance *hi, const struct wasm_module *m)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->nmems; i++)
        n += !m->mems[i].imported;
    if (!n)
        return true;
    if (!(hi->mems = calloc(n, sizeof *hi->mems)))
        return false;
    while (hi->nmems < n && host_memory_reserve(&hi->mems[hi->nmems]))
        hi->nmems++;
    return hi->nmems == n;
}

struct host_instance *host_instance_make(struct host_module *m, wasm_resolve_fn *resolve, void *ctx,
                                         void *embedder, int *trap, struct wasm_error *err)
{
    struct host_instance *hi = calloc(1, sizeof *hi);

    memset(err, 0, sizeof *err);
    err->func = UINT32_MAX;
    err->code = WASM_NOMEM;
    snprintf(err->text, sizeof err->text, "out of address space");
    hi->mod = m;
    hi->in = calloc(1, m->module->inst_size);
    if (hi->in && reserve_memories(hi, m->module)) {
        hi->in->embedder = embedder;
        hi->in->stack_limit = host_stack_limit();
        if (wasm_instantiate(hi->in, m->image, m->code, hi->mems, resolve, ctx, trap,
                             err) == WASM_OK) {
            if (!*trap && m->module->start != UINT32_MAX) {
                struct wasm_extern x;
                memset(&x, 0, sizeof x);
                x.type = &m->module->types[m->module->funcs[m->module->start].type];
                x.ref = (struct wasm_funcref *)((uint8_t *)hi->in + m->module->off_funcrefs)
                      + m->module->start;
                x.code = x.ref->code;
                x.in = x.ref->in;
                *trap = host_call(&x, NULL);
            }
            return hi;
        }
    }
    host_instance_free(hi);
    return NULL;
}

void host_instance_free(struct host_instance *hi)
{
    if (hi->in) {
        wasm_instance_free(hi->in);
        free(hi->in);
    }
    for (uint32_t i = 0; i < hi->nmems; i++)
        host_memory_release(&hi->mems[i]);
    free(hi->mems);
    free(hi);
}

/* ---- callbacks of wasm/host.h -------------------------------------------------------------- */

bool wasm_host_memory_grow(struct wasm_memory *m, uint32_t old, uint32_t new_pages)
{
    uint64_t from = (uint64_t)old * WASM_PAGE, size = (uint64_t)new_pages * WASM_PAGE;

    if (size > from && mprotect(m->base + from, size - from, PROT_READ | PROT_WRITE))
        return false;
    return __atomic_compare_exchange_n(&m->pages, &old, new_pages, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

void wasm_host_memory_write(struct wasm_memory *m, uint64_t to, const void *from, uint64_t n)
{
    memcpy(m->base + to, from, n);
}

void wasm_host_memory_fill(struct wasm_memory *m, uint64_t to, uint8_t byte, uint64_t n)
{
    memset(m->base + to, byte, n);
}

void wasm_host_memory_move(struct wasm_memory *to_m, uint64_t to,
                           struct wasm_memory *from_m, uint64_t from, uint64_t n)
{
    memmove(to_m->base + to, from_m->base + from, n);
}

void *wasm_host_alloc(struct wasm_instance *in, size_t bytes)
{
    return calloc(1, bytes);
}

void wasm_host_free(struct wasm_instance *in, void *p, size_t bytes)
{
    free(p);
}

/* Function types by content: "iI:f" as bytes, each once; the id is its place in the list plus 1. */
struct type_key { uint32_t len; uint8_t *bytes; };

uint32_t wasm_host_type_id(const struct wasm_functype *t)
{
    static struct type_key *keys;
    static uint32_t n, cap;
    uint32_t len = t->nparams + 1 + t->nresults;
    uint8_t *b = malloc(len);

    if (!b)
        return 0;
    memcpy(b, t->params, t->nparams);
    b[t->nparams] = 0;
    memcpy(b + t->nparams + 1, t->results, t->nresults);
    for (uint32_t i = 0; i < n; i++)
        if (keys[i].len == len && memcmp(keys[i].bytes, b, len) == 0) {
            free(b);
            return i + 1;
        }
    if (n == cap) {
        struct type_key *more = realloc(keys, (cap = cap ? 2 * cap : 64) * sizeof *keys);
        if (!more)
            return 0;
        keys = more;
    }
    keys[n].len = len;
    keys[n].bytes = b;
    return ++n;
}
