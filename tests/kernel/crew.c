/*
 * crew.c - compiling on all CPUs gives the image that one CPU makes, and holds up nobody.
 */
#include "tests/kernel/sips.h"
#include "kernel/options.h"

static void *take(void *ctx, size_t bytes) { return kmalloc(bytes); }
static void give(void *ctx, void *p, size_t bytes) { kfree(p); }

/* The code that one CPU makes of the module; NULL: it cannot. */
static uint8_t *alone(const struct program *p, const struct wasm_options *o, size_t *size)
{
    struct wasm_host host = { NULL, take, give };
    struct wasm_error err;
    struct wasm_module *m = wasm_open(&host, p->bytes, p->size, o, &err);
    struct wasm_image *img = m ? wasm_compile(m, o, &err) : NULL;
    uint8_t *code = img ? kmalloc(img->code_size) : NULL;

    if (code) {
        *size = img->code_size;
        wasm_image_write(img, code);
    }
    if (img)
        wasm_image_free(img);
    if (m)
        wasm_close(m);
    return code;
}

KTEST(compile_together)
{
    struct wasm_options o = { .features = WASM_FEATURES_BASE, .cpu = cpu_features() };
    const struct program *p;
    struct wasm_error err;
    size_t size = 0;
    uint8_t *code;

    CHECK_EQ(store_find("shell", &p), 0);
    CHECK((code = alone(p, &o, &size)), "it does not compile");
    for (unsigned i = 0; i < 20; i++) {
        struct image *im = image_compile(p->bytes, p->size, &o, &err);
        CHECK(im, "round %u: %s", i, err.text);
        CHECK(im->compiled->code_size == size && memcmp(im->code.rx, code, size) == 0,
              "round %u: another image", i);
        image_put(im);
    }
    kfree(code);
}

/* Who has asked for memory, and how often. */
#define ASKED_MAX 16u
static struct asked { struct thread *t; uint32_t times; } asked[ASKED_MAX];

static void *take_noted(void *ctx, size_t bytes)
{
    for (unsigned i = 0; i < ASKED_MAX; i++) {
        struct thread *none = NULL;
        if (!__atomic_compare_exchange_n(&asked[i].t, &none, this_thread(), false,
                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED)
                && none != this_thread())
            continue;
        __atomic_fetch_add(&asked[i].times, 1, __ATOMIC_RELAXED);
        break;
    }
    sched_point();
    return kmalloc(bytes);
}

/* How many threads have compiled functions of one module: such a one asks for more than the two
 * blocks with which it begins. */
static unsigned compilers_of(const struct program *p, const struct wasm_options *o)
{
    struct wasm_host host = { NULL, take_noted, give };
    struct wasm_error err;
    struct wasm_module *m = wasm_open(&host, p->bytes, p->size, o, &err);
    struct wasm_image *img = m ? wasm_compile_begin(m, o, &err) : NULL;
    unsigned n = 0;

    memset(asked, 0, sizeof asked);
    if (img) {
        crew_compile(img);
        for (unsigned i = 0; i < ASKED_MAX; i++)
            n += asked[i].times > 2;
        if ((img = wasm_compile_finish(img, &err)))
            wasm_image_free(img);
    }
    if (m)
        wasm_close(m);
    return n;
}

/* One large module is compiled on several CPUs, once they get to it. */
KTEST(compile_one_on_many_cpus)
{
    struct wasm_options o = { .features = WASM_FEATURES_BASE | WASM_F_THREADS,
                              .cpu = cpu_features() };
    unsigned want = cpus_up() < 4 ? cpus_up() : 4, most = 0, n;
    const struct program *p;

    CHECK_EQ(store_find("test/huge", &p), 0);
    for (unsigned i = 0; i < 200 && most < want; i++) {
        n = compilers_of(p, &o);
        CHECK(n, "it does not compile");
        most = n > most ? n : most;
    }
    CHECK_EQ(most, want);
}

/* While a large module is compiled for three, who came first, a small one starts and ends. */
KTEST(compile_holds_up_nobody)
{
    enum { LARGE = 3 };
    struct process *large[LARGE], *small;
    unsigned waiting = 0;

    CHECK_EQ(run("test/starts test/quit 1", NULL, 5000), 0);
    image_trim(0);              /* the large one is to be compiled now */
    sched_slice(NS_PER_MS / 10);
    for (unsigned i = 0; i < LARGE; i++)
        large[i] = start("test/starts test/huge 1", NULL);
    small = start("test/starts test/quit 1", NULL);
    CHECK_EQ(finish(small, 20000, NULL), 0);
    for (unsigned i = 0; i < LARGE; i++)
        waiting += large[i] && large[i]->sip;
    for (unsigned i = 0; i < LARGE; i++)
        CHECK_EQ(finish(large[i], 60000, NULL), 0);
    sched_slice(option_number(OPT_SLICE) * 1000);
    CHECK(waiting, "the small one waited for the large ones");
}
