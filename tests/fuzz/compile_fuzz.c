/*
 * compile_fuzz.c - libFuzzer target: any bytes are opened, compiled and written out, under ASan
 * and UBSan.
 *
 * The first byte chooses the configuration (CPU features, passes off, stress modes), so that one
 * corpus covers
 * all of them. Memory is limited: a module that wants more gets WASM_NOMEM, whose way out is
 * tested so, too.
 */
#include <stdlib.h>
#include "wasm/wasm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 256 << 20 };
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
            wasm_image_site(img, pc, ret, &s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wasm_host h = { .alloc = take, .release = give };
    struct wasm_options o = { .dump_func = UINT32_MAX };
    struct wasm_error err;
    struct wasm_module *m;
    struct wasm_image *img;

    if (size == 0)
        return 0;
    o.cpu = data[0] & 1 ? 0x3f : 0;
    o.passes_off = data[0] & 2 ? 1u << ('g' - 'a') : 0;
    o.stress = data[0] >> 2 & 7;
    o.features = data[0] & 32 ? ~0u & ~(WASM_F_EH | WASM_F_LEGACY_EH) : WASM_FEATURES_BASE;
    m = wasm_open(&h, data + 1, size - 1, &o, &err);
    if (!m)
        return 0;
    if ((img = wasm_compile(m, &o, &err))) {
        uint8_t *code = malloc(img->code_size + 1);
        wasm_image_write(img, code);
        sites(img);
        free(code);
        wasm_image_free(img);
    }
    wasm_close(m);
    return held ? abort(), 1 : 0;
}
