/*
 * site.c - wasm_image_site there and back: every store and call of a module that is written here is
 * found again by the address of its code, with function, byte and frame; nothing else is; and an
 * image that was flattened and loaded again says the same of every address, or, where its bytes
 * were changed, anything, but from these bytes alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "tools/host.h"

enum { FUNCS = 7, STEPS = 150, SIZE = 1 << 16 };

static uint8_t bytes[SIZE];
static uint32_t size;
static uint8_t what[SIZE];          /* by byte: STORE or CALL begins there, seen */
enum { STORE = 1, CALL = 2, SEEN = 4 };
static uint32_t body_of[SIZE];      /* by byte: its function */

static void put(const void *p, uint32_t n)
{
    memcpy(bytes + size, p, n);
    size += n;
}

static void put_u32(uint32_t v)         /* five bytes, so that sizes can be put in later */
{
    for (int k = 0; k < 4; k++, v >>= 7)
        bytes[size++] = (uint8_t)(v | 128);
    bytes[size++] = (uint8_t)v;
}

static void patch(uint32_t at)          /* the size of what follows a number at `at` */
{
    uint32_t end = size;

    size = at;
    put_u32(end - at - 5);
    size = end;
}

static void begin(uint8_t byte)         /* an instruction */
{
    bytes[size++] = byte;
}

/* Function k stores at its parameter and calls the next one, in turn; the last one only stores. */
static void body(uint32_t k)
{
    uint32_t at = size;

    put_u32(0);
    begin(0);
    for (uint32_t s = 0; s < STEPS; s++) {
        begin(0x20), begin(0), begin(0x20), begin(0);
        body_of[size] = k;
        if (s % 3 == 2 && k + 1 < FUNCS) {
            what[size] = CALL;
            begin(0x10), put_u32(k + 1);
            begin(0x1a);
            if (s % 2) {                /* a loop right behind it, whose header is aligned */
                begin(0x03), begin(0x40), begin(0x20), begin(0), begin(0x0d), begin(0), begin(0x0b);
            }
        } else {
            what[size] = STORE;
            begin(0x36), begin(0), put_u32(s * 4);
        }
    }
    begin(0x20), begin(0), begin(0x0b);
    patch(at);
}

static void make(void)
{
    static const uint8_t head[] = { 0, 'a', 's', 'm', 1, 0, 0, 0,
        1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 3, 1 + FUNCS, FUNCS };
    static const uint8_t memory[] = { 5, 3, 1, 0, 1, 7, 5, 1, 1, 'f', 0, 0, 10 };
    static const uint8_t types[FUNCS];
    uint32_t at;

    memset(what, 0, sizeof what);
    size = 0;
    put(head, sizeof head);
    put(types, FUNCS);
    put(memory, sizeof memory);
    at = size;
    put_u32(0);
    begin(FUNCS);
    for (uint32_t k = 0; k < FUNCS; k++)
        body(k);
    patch(at);
}

static int cases, failures;

static void check(bool ok, const char *what_is)
{
    printf("%sok %d - %s\n", ok ? "" : "not ", ++cases, what_is);
    failures += !ok;
}

static void *take(void *ctx, size_t n)
{
    return malloc(n);
}

static void give(void *ctx, void *p, size_t n)
{
    free(p);
}

static struct wasm_host host = { .alloc = take, .release = give };

/* All sites of traps in bodies are stores, in the right function. */
static bool stores_sound(const struct wasm_image *img, uint32_t *stores)
{
    struct wasm_site s;

    *stores = 0;
    for (uint32_t pc = 0; pc <= img->code_size; pc++)
        for (int ret = 0; ret < 2; ret++) {
            if (!wasm_image_site(img, pc, ret, &s) || s.kind != WASM_SITE_BODY)
                continue;
            uint8_t *w = &what[s.offset];
            if (s.trap != WASM_TRAP_MEMORY)
                continue;
            if (ret || !(*w & STORE) || body_of[s.offset] != s.func)
                return false;
            *stores += !(*w & SEEN);
            *w |= SEEN;
        }
    return true;
}

/* Behind each call instruction (e8) of a body that is a site: a call of the module. */
static bool calls_sound(const struct wasm_image *img, const uint8_t *code, uint32_t *calls)
{
    struct wasm_site s;

    *calls = 0;
    for (uint32_t pc = 5; pc <= img->code_size; pc++) {
        if (code[pc - 5] != 0xe8 || !wasm_image_site(img, pc, true, &s)
            || s.kind != WASM_SITE_BODY)
            continue;
        uint8_t *w = &what[s.offset];
        if (!(*w & CALL))
            continue;                   /* e8 was a part of another instruction */
        if (body_of[s.offset] != s.func || s.frame % 16 != 8)
            return false;
        *calls += !(*w & SEEN);
        *w |= SEEN;
    }
    return true;
}

static bool same_sites(const struct wasm_image *a, const struct wasm_image *b)
{
    struct wasm_site x, y;

    for (uint32_t pc = 0; pc <= a->code_size + 20; pc++)
        for (int ret = 0; ret < 2; ret++) {
            bool has = wasm_image_site(a, pc, ret, &x);
            if (has != wasm_image_site(b, pc, ret, &y))
                return false;
            bool more = has;
            while (more) {
                if (x.func != y.func || x.offset != y.offset || x.trap != y.trap
                    || x.kind != y.kind || x.frame != y.frame || x.landing != y.landing)
                    return false;
                more = wasm_image_outer(a, &x);
                if (more != wasm_image_outer(b, &y))
                    return false;
            }
        }
    return true;
}

/* Damaged images, which end where a page that cannot be read begins. Returns how many were
 * taken. */
static uint32_t try_damaged(struct wasm_module *m, const uint8_t *flat, size_t n,
                            const uint8_t *code, size_t code_size)
{
    enum { TRIES = 20000, HEAD = 512 };
    static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff };
    size_t room = (n + 4095) & ~4095ul;
    uint8_t *map = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
    uint8_t *image = map + room - n;
    uint32_t taken = 0;
    struct wasm_error err;
    struct wasm_site s;

    if (map == MAP_FAILED || mprotect(map + room, 4096, PROT_NONE))
        return 0;
    srand(1);
    for (uint32_t t = 0; t < TRIES; t++) {
        memcpy(image, flat, n);
        for (int k = 1 + rand() % 3; k; k--)
            image[(size_t)rand() % (t & 1 ? n : HEAD)] = edges[rand() % 5];
        struct wasm_image *img = wasm_image_from_flat(m, image, n, code, code_size, &err);
        if (!img)
            continue;
        taken++;
        for (uint32_t k = 0; k < 32; k++)
            for (bool more = wasm_image_site(img, (uint32_t)rand() % (code_size + 1), k & 1, &s);
                 more;)
                more = wasm_image_outer(img, &s);
        wasm_image_free(img);
    }
    munmap(map, room + 4096);
    return taken;
}

static void try_options(uint32_t off, uint32_t cpu, const char *name)
{
    struct wasm_options o = { .dump_func = UINT32_MAX, .passes_off = off, .cpu = cpu };
    struct wasm_error err;
    uint32_t stores = 0, calls = 0, all_stores = 0, all_calls = 0;
    char text[100];

    make();
    for (uint32_t k = 0; k < size; k++) {
        all_stores += what[k] == STORE;
        all_calls += what[k] == CALL;
    }
    struct wasm_module *m = wasm_open(&host, bytes, size, &o, &err);
    struct wasm_image *img = m ? wasm_compile(m, &o, &err) : NULL;
    if (!img) {
        printf("Bail out! %s (byte 0x%llx)\n", err.text, (long long)err.offset);
        exit(1);
    }
    uint8_t *code = malloc(img->code_size), *flat = malloc(wasm_image_flat_size(img));
    wasm_image_write(img, code);
    bool ok = stores_sound(img, &stores);
    snprintf(text, sizeof text, "%s: every store is found, and nothing else", name);
    check(ok && stores == all_stores, text);
    ok = calls_sound(img, code, &calls);
    snprintf(text, sizeof text, "%s: every call is found", name);
    check(ok && (calls == all_calls || !off), text);    /* else bodies stand in place of calls */
    wasm_image_flatten(img, flat);
    struct wasm_image *again = wasm_image_from_flat(m, flat, wasm_image_flat_size(img), code,
                                                    img->code_size, &err);
    snprintf(text, sizeof text, "%s: the same from an image that was loaded", name);
    check(again && same_sites(img, again), text);
    struct wasm_site s;
    check(!wasm_image_site(img, UINT32_MAX, false, &s)
          && !wasm_image_site(img, (uint32_t)img->code_size + 100, true, &s),
          "nothing is found beyond the code");
    snprintf(text, sizeof text, "%s: damaged images are read within their bounds", name);
    check(try_damaged(m, flat, wasm_image_flat_size(img), code, img->code_size), text);
    if (again)
        wasm_image_free(again);
    wasm_image_free(img);
    wasm_close(m);
    free(code);
    free(flat);
}

int main(void)
{
    printf("1..15\n");
    try_options(UINT32_MAX, 0, "no passes");
    try_options(UINT32_MAX, 0x3f, "all of the CPU");
    try_options(0, 0x3f, "all passes");
    return failures != 0;
}
