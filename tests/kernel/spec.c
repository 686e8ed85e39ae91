/*
 * spec.c - the WebAssembly specification's scripts inside of the kernel: every pack (NAME.pack) of
 * the boot archive, a test for each script in it.
 *
 * A script has a SIP of its own, without pid, handles and life: instances are in slots that belong
 * to it and call each other freely, as the memories of one program would; code runs on its stack
 * by sip_call, so that each trap comes by way of the machine's own faults. After each script free
 * memory must be what it was before.
 */
#include "kernel/ktest.h"
#include "tests/kernel/sips.h"
#include "tests/spec/script.h"

#define SCRIPTS_MAX 1024u
#define SHOWN_MAX 50u
#define CALL_MAX (100 * NS_PER_S)

struct embed {
    struct sip *s;
    struct link blocks, modules, slots;     /* struct piece, embed_module, extra */
    uint32_t failures;
    bool bad;                               /* it is to fail */
};
struct piece { struct link link; uint64_t data[]; };
struct embed_module { struct link link; struct image *im; };
struct extra { struct link link; struct slot *slot; };

/* ---- what scripts ask for -------------------------------------------------------------------- */

static void *keep(struct link *list, size_t size)
{
    struct piece *b = kzalloc(size);

    if (b)
        list_push(list, &b->link);
    return b;
}

void *embed_alloc(struct embed *e, size_t size)
{
    struct piece *b = keep(&e->blocks, sizeof *b + size);

    return b ? b->data : NULL;
}

void *embed_table(struct embed *e, size_t bytes)
{
    struct wasm_instance in = { .embedder = e->s };

    return wasm_host_alloc(&in, bytes);
}

void embed_format(char *to, size_t n, const char *format, va_list ap)
{
    kvsnprintf(to, n, format, ap);
}

void embed_begins(struct embed *e, const struct script_result *r)
{
    sched_point();
}

void embed_failed(struct embed *e, uint32_t line, const char *kind, const char *why)
{
    e->failures++;
    if (e->bad)
        return;
    ktest_fail("line %u: %s: %s", line, kind, why);
    if (e->failures <= SHOWN_MAX)
        ktest_note("  line %u: %s: %s", line, kind, why);
}

struct embed_module *embed_load(struct embed *e, const uint8_t *bytes, size_t size,
                                uint32_t features, struct wasm_error *err)
{
    struct wasm_options o = { .features = features, .cpu = cpu_features(),
                              .dump_func = UINT32_MAX };
    struct image *im = image_compile(bytes, size, &o, err);
    struct embed_module *m = im ? keep(&e->modules, sizeof *m) : NULL;

    if (m) {
        m->im = im;
    } else if (im) {
        image_put(im);
        err->code = WASM_NOMEM;
    }
    return m;
}

void embed_unload(struct embed *e, struct embed_module *m)
{
    list_del(&m->link);
    image_put(m->im);
    kfree(m);
}

/* A slot of the script's SIP: an instance block and its first memory, or a memory. */
static struct slot *add_slot(struct embed *e, size_t control, struct wasm_memory *m)
{
    struct extra *x = keep(&e->slots, sizeof *x);

    if (!x || !(x->slot = slot_alloc(control, 0, 0, 0, e->s)))
        return NULL;
    if (m) {
        m->base = (uint8_t *)x->slot->base;
        m->ctx = x->slot;
    }
    return x->slot;
}

bool embed_memory(struct embed *e, struct wasm_memory *m)
{
    return add_slot(e, 0, m) != NULL;
}

/* The memories that the module defines; the first is beside the instance block. */
static struct wasm_instance *make_block(struct embed *e, const struct wasm_module *m,
                                        struct wasm_memory **mems)
{
    struct wasm_instance *in;
    struct slot *slot;
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->nmems; i++)
        n += !m->mems[i].imported;
    *mems = n ? embed_alloc(e, n * sizeof **mems) : NULL;
    if ((n && !*mems) || !(slot = add_slot(e, m->inst_size, *mems)))
        return NULL;
    for (uint32_t i = 1; i < n; i++)
        if (!embed_memory(e, &(*mems)[i]))
            return NULL;
    in = (struct wasm_instance *)slot->control;
    in->embedder = e->s;
    in->stack_limit = e->s->slot->stack_bottom + STACK_KERNEL_NEED + PAGE_SIZE;
    return in;
}

static wasm_invoke_fn *invoke_of(struct wasm_instance *in, uint32_t func)
{
    return (wasm_invoke_fn *)(uintptr_t)(in->code + in->image->invoke[func]);
}

struct call { wasm_invoke_fn *fn; struct wasm_instance *in; union wasm_value *v; };

static void call(void *arg)
{
    struct call *c = arg;

    c->fn(c->in, c->v);
}

int embed_call(struct embed *e, const struct wasm_extern *fn, union wasm_value *v)
{
    struct call c = { .in = fn->in, .v = v };

    if (fn->code == (void *)spectest_print)
        return WASM_TRAP_NONE;
    c.fn = invoke_of(fn->in, fn->ref->func);
    return sip_call(e->s, call, &c, (int64_t)(clock_ns() + CALL_MAX));
}

struct wasm_instance *embed_instantiate(struct embed *e, struct embed_module *m,
                                        wasm_resolve_fn *resolve, void *ctx, int *trap,
                                        struct wasm_error *err)
{
    const struct wasm_module *module = m->im->module;
    struct wasm_memory *mems;
    struct wasm_instance *in = make_block(e, module, &mems);
    struct wasm_extern start = { .kind = WASM_FUNC };
    enum wasm_errcode code;

    *trap = 0;
    *err = (struct wasm_error){ .code = WASM_NOMEM, .text = "out of memory for an instance" };
    if (!in)
        return NULL;
    this_thread()->linking = e->s;
    code = wasm_instantiate(in, m->im->compiled, m->im->code.rx, mems, resolve, ctx, trap, err);
    this_thread()->linking = NULL;
    if (code != WASM_OK)
        return NULL;
    if (!*trap && module->start != UINT32_MAX) {
        start.ref = (struct wasm_funcref *)((uint8_t *)in + module->off_funcrefs) + module->start;
        start.code = start.ref->code;
        start.in = start.ref->in;
        *trap = embed_call(e, &start, NULL);
    }
    return in;
}

/* ---- a script -------------------------------------------------------------------------------- */

static bool set_up(struct embed *e)
{
    struct sip *s = e->s = sip_make(0);

    list_init(&e->blocks);
    list_init(&e->modules);
    list_init(&e->slots);
    if (!s)
        return false;
    s->quota.memory = UINT64_MAX;
    ksnprintf(s->name, sizeof s->name, "script");
    s->slot = slot_alloc(PAGE_SIZE, SLOT_STACK_DEFAULT, 0, 0, s);
    return s->slot != NULL;
}

static void take_down(struct embed *e)
{
    struct link *l;

    if (e->s)
        sip_free(e->s);
    while ((l = list_pop(&e->slots))) {
        struct extra *x = container_of(l, struct extra, link);
        if (x->slot)
            slot_free(x->slot);
        kfree(x);
    }
    while (!list_empty(&e->modules))
        embed_unload(e, container_of(e->modules.next, struct embed_module, link));
    while ((l = list_pop(&e->blocks)))
        kfree(container_of(l, struct piece, link));
}

static void run_script(const struct script *script)
{
    size_t before = settled_pages(), after;
    struct script_result r = { 0 };
    struct embed e = { 0 };

    if (set_up(&e))
        script_run(script, &e, &r);
    else
        ktest_fail("no memory for its SIP");
    take_down(&e);
    ktest_say("%u/%u", r.passed, r.total);
    if (r.passed != r.total)
        ktest_fail("%u failed", r.total - r.passed);
    if ((after = settled_pages()) != before)
        ktest_fail("%ld pages are gone", (long)(before - after));
}

/* ---- the list of scripts --------------------------------------------------------------------- */

struct row { const struct program *pack; struct script script; };
static struct row *rows;
static uint32_t nrows;
static bool looked;

static bool is_pack(const struct program *p)
{
    size_t n = strlen(p->name);

    return n > 5 && strcmp(p->name + n - 5, ".pack") == 0;
}

/* All scripts of all packs; the list stays. */
static uint32_t count(void)
{
    if (looked)
        return nrows;
    looked = true;
    for (uint32_t i = 0; i < store_count(); i++) {
        const struct program *p = store_at(i);
        size_t at = 0;
        if (!is_pack(p) || (!rows && !(rows = kmalloc(SCRIPTS_MAX * sizeof *rows))))
            continue;
        while (nrows < SCRIPTS_MAX
               && script_next(p->bytes, p->size, &at, &rows[nrows].script))
            rows[nrows++].pack = p;
    }
    return nrows;
}

/* spec_PACK/NAME */
static const char *name(uint32_t i)
{
    static char text[100];
    const struct row *r = &rows[i];

    ksnprintf(text, sizeof text, "spec_%.*s/%.*s", (int)(strlen(r->pack->name) - 5), r->pack->name,
              (int)r->script.name.len, r->script.name.s);
    return text;
}

static void run_row(uint32_t i)
{
    run_script(&rows[i].script);
}

KTEST_GROUP(spec, .count = count, .name = name, .run = run_row);

/* ---- what scripts are not to be able to do --------------------------------------------------- */

/* Exports fine, spin, deep, bad, far and zero: functions that return, loop for ever, recurse
 * without end, meet unreachable, load beyond the memory of a page, and divide by zero. */
static const uint8_t module[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03,
    0x07, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x29,
    0x06, 0x04, 0x66, 0x69, 0x6e, 0x65, 0x00, 0x00, 0x04, 0x73, 0x70, 0x69, 0x6e, 0x00, 0x01,
    0x04, 0x64, 0x65, 0x65, 0x70, 0x00, 0x02, 0x03, 0x62, 0x61, 0x64, 0x00, 0x03, 0x03, 0x66,
    0x61, 0x72, 0x00, 0x04, 0x04, 0x7a, 0x65, 0x72, 0x6f, 0x00, 0x05, 0x0a, 0x2c, 0x06, 0x02,
    0x00, 0x0b, 0x07, 0x00, 0x03, 0x40, 0x0c, 0x00, 0x0b, 0x0b, 0x04, 0x00, 0x10, 0x02, 0x0b,
    0x03, 0x00, 0x00, 0x0b, 0x0a, 0x00, 0x41, 0x80, 0x80, 0x04, 0x28, 0x02, 0x00, 0x1a, 0x0b,
    0x0b, 0x00, 0x41, 0x01, 0x41, 0x00, 0x28, 0x02, 0x00, 0x6e, 0x1a, 0x0b,
};

static int call_named(struct embed *e, struct wasm_instance *in, const char *name, uint64_t ns)
{
    struct wasm_name n = { name, (uint32_t)strlen(name) };
    struct wasm_extern x;
    union wasm_value v[1];
    struct call c = { .in = in, .v = v };

    if (!wasm_export_find(in, n, &x))
        return -1;
    c.fn = invoke_of(in, x.ref->func);
    return sip_call(e->s, call, &c, (int64_t)(clock_ns() + ns));
}

static void call_all(struct embed *e)
{
    static const struct { const char *name; int trap; } calls[] = {
        { "bad", WASM_TRAP_UNREACHABLE }, { "fine", 0 }, { "spin", WASM_TRAP_KILLED },
        { "deep", WASM_TRAP_STACK }, { "fine", 0 }, { "far", WASM_TRAP_MEMORY },
        { "zero", WASM_TRAP_DIV_ZERO }, { "spin", WASM_TRAP_KILLED }, { "fine", 0 },
    };
    struct wasm_error err;
    struct embed_module *m = embed_load(e, module, sizeof module, WASM_FEATURES_BASE, &err);
    struct wasm_instance *in;
    int trap;

    CHECK(m, "%s", err.text);
    in = embed_instantiate(e, m, NULL, NULL, &trap, &err);
    CHECK(in, "%s", err.text);
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        bool spins = calls[i].trap == WASM_TRAP_KILLED;
        trap = call_named(e, in, calls[i].name, spins ? 50 * NS_PER_MS : CALL_MAX);
        CHECK(trap == calls[i].trap, "%s: %d", calls[i].name, trap);
    }
}

KTEST(call_ends_its_thread_alone)
{
    size_t before = settled_pages();
    struct embed e = { 0 };

    if (set_up(&e))
        call_all(&e);
    take_down(&e);
    CHECK_EQ(settled_pages(), before);
}

static uint8_t *put(uint8_t *to, const void *from, size_t n)
{
    memcpy(to, from, n);
    return to + n;
}

static uint8_t *put_word(uint8_t *to, uint32_t v)
{
    return put(to, &v, sizeof v);
}

/* A script that loads the module and calls fine. */
static size_t make_pack(uint8_t *pack)
{
    uint8_t *to = put(pack, PACK_MAGIC, 8), *size, *begin;
    uint8_t load[] = { SCRIPT_MODULE, SCRIPT_HAS_MODULE }, act[] = { SCRIPT_RETURN, SCRIPT_ACTS };

    to = put(put_word(to, 1), "x", 1);
    to = put_word(put_word(put_word(to, WASM_FEATURES_BASE), 0), 2);
    size = to;
    begin = to += 4;
    to = put_word(put(to, load, 2), 1);
    to = put_word(put_word(put_word(put_word(to, 0), 0), 0), sizeof module);
    to = put_word(put_word(put(to, module, sizeof module), 0), 0);
    to = put_word(put(to, act, 2), 2);
    to = put(put_word(put_word(to, 0), 4), "fine", 4);
    to = put_word(put_word(put_word(put_word(to, 0), 0), 0), 0);
    put_word(size, (uint32_t)(to - begin));
    return (size_t)(to - pack);
}

static void run_pack(const uint8_t *pack, size_t size, bool bad, struct script_result *r)
{
    struct embed e = { .bad = bad };
    struct script s;
    size_t at = 0;

    *r = (struct script_result){ 0 };
    if (script_next(pack, size, &at, &s) && set_up(&e)) {
        script_run(&s, &e, r);
        take_down(&e);
    }
}

/* Whatever byte is another, or missing, ends in results of some kind. */
KTEST(script_pack_damaged)
{
    static uint8_t pack[sizeof module + 200];
    size_t n = make_pack(pack), before = settled_pages();
    struct script_result r;

    run_pack(pack, n, false, &r);
    CHECK(r.passed == 2 && r.total == 2, "whole: %u/%u", r.passed, r.total);
    for (size_t i = 0; i < n; i++) {
        uint8_t was = pack[i];
        run_pack(pack, i, true, &r);
        CHECK(!r.total, "%zu bytes of it run", i);
        pack[i] ^= 0xff;
        run_pack(pack, n, true, &r);
        pack[i] = was;
    }
    CHECK_EQ(settled_pages(), before);
}
