/*
 * inline.c - what inlining must not change: the backtrace of a trap, function by function and byte
 * by byte, and the error of a module that is wrong. Everything is compiled with the pass and
 * without it, and compared.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "tools/host.h"

static uint32_t test, failed;

static void ok(bool good, const char *name)
{
    failed += !good;
    printf("%s %" PRIu32 " - %s\n", good ? "ok" : "not ok", ++test, name);
}

/*
 * (func $trap (param i32) ...) goes wrong in a way that its argument says; $mid calls it twice, the
 * second time with the argument; $once, which is called once, calls $mid in a loop behind something
 * larger; "f" calls $once, "g" calls $mid between bodies that do nothing.
 */
static const uint8_t module[] = {
    0, 'a', 's', 'm', 1, 0, 0, 0,
    1, 8, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 0,                      /* types: (i32), () */
    3, 8, 7, 0, 0, 0, 0, 0, 1, 1,
    4, 4, 1, 0x70, 0, 2,                                        /* table 2 funcref */
    5, 3, 1, 0, 1,                                              /* memory 1 */
    7, 9, 2, 1, 'f', 0, 3, 1, 'g', 0, 4,
    10, 106, 7,
    /* 0 $trap */ 48, 0,
        0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40,         /* block x 4 */
        0x20, 0, 0x0e, 4, 0, 1, 2, 3, 4, 0x0b,                  /* br_table; 0: */
        0x41, 0, 0x11, 1, 0, 0x0f, 0x0b,                        /* call_indirect of null; 1: */
        0x41, 0x7c, 0x28, 2, 0, 0x1a, 0x0f, 0x0b,               /* i32.load -4; return; 2: */
        0x41, 1, 0x41, 0, 0x6d, 0x1a, 0x0f, 0x0b,               /* 1 / 0; return; 3: */
        0x41, 9, 0x25, 0, 0x1a, 0x0b,                           /* table.get 9 */
    /* 1 $mid */ 10, 0, 0x41, 4, 0x10, 0, 0x20, 0, 0x10, 0, 0x0b,
    /* 2 $once */ 17, 1, 1, 0x7e, 0x01, 0x03, 0x40, 0x20, 0, 0x10, 1, 0x41, 0, 0x0d, 0, 0x0b, 0x01,
        0x0b,
    /* 3 "f" */ 7, 0, 0x01, 0x20, 0, 0x10, 2, 0x0b,
    /* 4 "g" */ 10, 0, 0x10, 5, 0x20, 0, 0x10, 1, 0x10, 5, 0x0b,
    /* 5 */ 4, 0, 0x10, 6, 0x0b,
    /* 6 */ 2, 0, 0x0b,
};

static struct host_module *load(const uint8_t *bytes, uint32_t off, struct wasm_error *err)
{
    struct wasm_options o;
    uint8_t *copy = malloc(sizeof module);

    memcpy(copy, bytes, sizeof module);
    host_options(&o);
    o.passes_off = off;
    return host_module_load(copy, sizeof module, &o, err);
}

static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    return false;
}

/* Runs an export; the trap, and where it was. */
static int run(uint32_t off, const char *name, uint32_t arg, struct host_trace *trace)
{
    struct wasm_error err;
    struct wasm_extern fn;
    union wasm_value v = { .i32 = arg };
    int trap = 0;
    struct host_module *m = load(module, off, &err);
    struct host_instance *hi = m ? host_instance_make(m, resolve, NULL, NULL, &trap, &err) : NULL;

    if (!hi || !wasm_export_find(hi->in, (struct wasm_name){ name, 1 }, &fn)) {
        printf("# %s\n", m ? "cannot be linked" : err.text);
        return -1;
    }
    trap = host_call(&fn, &v);
    *trace = *host_last_trace();
    host_instance_free(hi);
    host_module_free(m);
    return trap;
}

static bool same_trace(const struct host_trace *a, const struct host_trace *b)
{
    bool same = a->n == b->n;

    for (uint32_t i = 0; i < a->n && same; i++)
        same = a->frames[i].site.func == b->frames[i].site.func &&
               a->frames[i].site.offset == b->frames[i].site.offset;
    return same;
}

static void traps(const char *name)
{
    static const char *const what[] = { "call_indirect", "load", "division", "table.get" };
    char text[64];

    for (uint32_t arg = 0; arg < 4; arg++) {
        struct host_trace with, without;
        int a = run(0, name, arg, &with), b = run(1u << ('i' - 'a'), name, arg, &without);
        snprintf(text, sizeof text, "%s of %s: one trap, one backtrace", what[arg], name);
        ok(a == b && a > 0 && with.n >= 3 && same_trace(&with, &without), text);
    }
}

/* Is anything inlined at all? The bodies of 0, 2, 5 and 6 must have gone. */
static bool inlined(void)
{
    struct wasm_error err;
    struct host_module *m = load(module, 0, &err);
    bool gone = m && m->image->entry[2] == UINT32_MAX && m->image->entry[5] == UINT32_MAX &&
                m->image->entry[6] == UINT32_MAX;

    if (m)
        host_module_free(m);
    return gone;
}

static bool same_site(struct wasm_site a, struct wasm_site b, const struct wasm_image *x,
                      const struct wasm_image *y)
{
    do {
        if (a.func != b.func || a.offset != b.offset || a.trap != b.trap || a.inlined != b.inlined)
            return false;
        if (!wasm_image_outer(x, &a))
            return !wasm_image_outer(y, &b);
    } while (wasm_image_outer(y, &b));
    return false;
}

/* An image that was flattened and loaded tells the same of every address. */
static bool same_loaded(void)
{
    struct wasm_error err;
    struct host_module *m = load(module, 0, &err);
    uint8_t *flat = malloc(wasm_image_flat_size(m->image));
    struct wasm_site a, b;
    bool same;

    wasm_image_flatten(m->image, flat);
    struct wasm_image *img = wasm_image_from_flat(m->module, flat, wasm_image_flat_size(m->image),
                                                  m->code, m->image->code_size, &err);
    same = img != NULL;
    for (uint32_t pc = 0; same && pc < 2 * m->image->code_size; pc++) {
        bool x = wasm_image_site(m->image, pc / 2, pc & 1, &a);
        same = x == wasm_image_site(img, pc / 2, pc & 1, &b) &&
               (!x || same_site(a, b, m->image, img));
    }
    if (img)
        wasm_image_free(img);
    free(flat);
    host_module_free(m);
    return same;
}

/* Every byte of the module changed in every bit: what comes of it. */
static bool same_errors(void)
{
    bool same = true;
    uint8_t bytes[sizeof module];

    for (uint32_t i = 0; i < 8 * sizeof module; i++) {
        struct wasm_error a = { 0 }, b = { 0 };
        memcpy(bytes, module, sizeof module);
        bytes[i / 8] ^= 1 << i % 8;
        struct host_module *x = load(bytes, 0, &a), *y = load(bytes, 1u << ('i' - 'a'), &b);
        if (!x != !y || (!x && (a.code != b.code || a.func != b.func || a.offset != b.offset ||
                                strcmp(a.text, b.text)))) {
            printf("# byte %" PRIu32 ": '%s' and '%s'\n", i / 8, x ? "" : a.text, y ? "" : b.text);
            same = false;
        }
        if (x)
            host_module_free(x);
        if (y)
            host_module_free(y);
    }
    return same;
}

int main(void)
{
    printf("1..11\n");
    traps("f");
    traps("g");
    ok(inlined(), "bodies that are only called vanish");
    ok(same_loaded(), "an image that is kept says the same");
    ok(same_errors(), "a wrong module has one error");
    return failed != 0;
}
