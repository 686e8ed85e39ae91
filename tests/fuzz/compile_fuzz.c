/*
 * compile_fuzz.c - libFuzzer target: any bytes are opened, compiled and written out, under ASan
 * and UBSan; and what comes of it is loaded as a flat image that has been changed.
 *
 * The first two bytes choose the configuration (CPU features, stress modes, features of the
 * language; passes that are off), so that one corpus covers all of them. Memory is limited: a
 * module that wants more gets WASM_NOMEM, whose way out is tested so, too.
 */
#include <stdlib.h>
#include <string.h>
#include "wasm/wasm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 256 << 20, HEAD = 2, FLAT_HEAD = 48 };
static size_t held;

static void *take(void *ctx, size_t n)
{
    if (n > LIMIT || held + n > LIMIT)
        return NULL;
    held += n;
    return malloc(n);
}

static void give(void *ctx, void *p, size_t n)
{
    held -= n;
    free(p);
}

static void sites(const struct wasm_image *img)
{
    struct wasm_site s;
    uint32_t step = (uint32_t)(img->code_size / 64) + 1;

    for (uint32_t pc = 0; pc <= img->code_size; pc += step)
        for (int ret = 0; ret < 2; ret++)
            for (bool more = wasm_image_site(img, pc, ret, &s); more; )
                more = wasm_image_outer(img, &s);
}

/* Numbers that are told by the input alone. */
static uint32_t rnd(uint64_t *state, size_t n)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)((*state >> 33) % n);
}

/* A load of the image with a few bytes of it changed, or cut, is refused or answers for sites. */
static void changed(struct wasm_module *m, const struct wasm_image *img, const uint8_t *code,
                    uint64_t *state)
{
    static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff };
    size_t size = wasm_image_flat_size(img), n = rnd(state, 8) ? size : rnd(state, size);
    uint8_t *flat = malloc(size), *cut;
    struct wasm_image *again;
    struct wasm_error err;

    wasm_image_flatten(img, flat);
    for (uint32_t k = rnd(state, 6); k; k--)
        flat[rnd(state, rnd(state, 2) ? size : FLAT_HEAD)] =
            rnd(state, 2) ? (uint8_t)rnd(state, 256) : edges[rnd(state, sizeof edges)];
    cut = malloc(n);            /* a block of its own: reads beyond it are seen */
    memcpy(cut, flat, n);
    again = wasm_image_from_flat(m, cut, n, code, img->code_size, &err);
    if (again) {
        sites(again);
        wasm_image_free(again);
    }
    free(cut);
    free(flat);
}

static void configure(struct wasm_options *o, uint8_t a, uint8_t b)
{
    static const uint8_t cpu[] = { 0x3f, 0, WASM_CPU_AVX, 7 };

    *o = (struct wasm_options){ .dump_func = UINT32_MAX, .cpu = cpu[a & 3] };
    o->stress = (a >> 2 & 7) | (b & 1 ? WASM_STRESS_INLINE : 0) | (uint32_t)b << 8;
    o->features = a & 32 ? WASM_FEATURES_ALL : WASM_FEATURES_BASE;
    o->volatile_mem = (a & 192) == 64;
    if (b & 128)                    /* any set of letters, whatever they mean */
        o->passes_off = (b & 127) * 0x9e3779b1u >> 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wasm_host h = { .alloc = take, .release = give };
    struct wasm_options o;
    struct wasm_error err;
    struct wasm_module *m;
    struct wasm_image *img;

    if (size < HEAD)
        return 0;
    configure(&o, data[0], data[1]);
    m = wasm_open(&h, data + HEAD, size - HEAD, &o, &err);
    if (!m)
        return 0;
    if ((img = wasm_compile(m, &o, &err))) {
        uint8_t *code = malloc(img->code_size + 1);
        wasm_image_write(img, code);
        sites(img);
        uint64_t state = size;
        for (size_t k = 0; k < size; k++)
            state = (state ^ data[k]) * 1099511628211u;
        for (int k = 0; k < 4; k++)
            changed(m, img, code, &state);
        free(code);
        wasm_image_free(img);
    }
    wasm_close(m);
    return held ? abort(), 1 : 0;
}
