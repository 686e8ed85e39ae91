/*
 * decode.c - the sections of a module (wasm 5.5), decoded and validated but for function bodies.
 *
 * Every count is checked against the bytes that are left before anything is allocated, so memory is
 * proportional to the input. Errors are recorded by the reader; loops run on over zeros until they
 * notice. Indices are validated as they are read: the order of sections guarantees that what they
 * refer to is known. Which error is reported follows the reference interpreter: malformed bytes go
 * before what is invalid, and contents may run over the end of a section, which is then the error.
 */
#include "wasm/decode.h"
#include "wasm/ir.h"

enum section {
    SEC_CUSTOM, SEC_TYPE, SEC_IMPORT, SEC_FUNCTION, SEC_TABLE, SEC_MEMORY, SEC_GLOBAL, SEC_EXPORT,
    SEC_START, SEC_ELEMENT, SEC_CODE, SEC_DATA, SEC_DATACOUNT, SEC_TAG, SEC_COUNT
};
enum { MAX_INDEX = 1000000, MAX_ARITY = 1000, MAX_SIZE = 1 << 30 };

void *decode_array(struct decoder *d, size_t n, size_t size)
{
    return arena_alloc(d->m->arena, n * size);
}

/* A count of things that get an index of their own; more than MAX_INDEX are refused. */
static uint32_t index_count(struct decoder *d, uint32_t already, uint32_t least, const char *what)
{
    uint32_t n = rd_count(&d->r, least);
    if (n > MAX_INDEX - already) {
        READER_FAIL(&d->r, WASM_LIMIT, d->r.pos, "too many %s: more than %u", what, MAX_INDEX);
        return 0;
    }
    return n;
}

static uint8_t valtype(struct decoder *d)
{
    uint8_t t = rd_u8(&d->r);
    if (!module_valtype(d->m, t) && rd_ok(&d->r))
        READER_FAIL(&d->r, WASM_MALFORMED, d->r.pos - 1, "malformed value type 0x%x", t);
    return t;
}

uint8_t decode_reftype(struct decoder *d)
{
    uint8_t t = rd_u8(&d->r);
    if (t != WASM_FUNCREF && t != WASM_EXTERNREF &&
        !(t == WASM_EXNREF && d->m->features & WASM_F_EH) && rd_ok(&d->r))
        READER_FAIL(&d->r, WASM_MALFORMED, d->r.pos - 1, "malformed reference type 0x%x", t);
    return t;
}

static uint32_t valtypes(struct decoder *d, uint8_t *to, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] = valtype(d);
    return n;
}

static uint32_t arity(struct decoder *d)
{
    uint32_t n = rd_count(&d->r, 1);
    if (n > MAX_ARITY) {
        READER_FAIL(&d->r, WASM_LIMIT, d->r.pos, "too many parameters or results: %u", n);
        return 0;
    }
    return n;
}

static void type_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = index_count(d, 0, 3, "types");
    m->types = decode_array(d, n, sizeof *m->types);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++) {
        struct wasm_functype *t = &m->types[i];
        uint8_t form = rd_u8(&d->r);
        if (form != 0x60) {
            READER_FAIL(&d->r, WASM_MALFORMED, d->r.pos - 1, "%s 0x%x", form & 0x80 ?
                        "integer representation too long" : "malformed type form", form);
            return;
        }
        /* parameters and results stand one after the other, with the count of results between */
        uint32_t np = arity(d);
        uint8_t *types = decode_array(d, np, 1);
        t->nparams = valtypes(d, types, np);
        t->params = types;
        uint32_t nr = arity(d);
        types = decode_array(d, np + nr, 1);
        memcpy(types, t->params, np);
        t->params = types;
        t->results = types + np;
        t->nresults = valtypes(d, types + np, nr);
    }
    m->ntypes = n;
}

static uint32_t typeidx(struct decoder *d)
{
    uint32_t i = rd_u32(&d->r);
    if (i < d->m->ntypes)
        return i;
    if (rd_ok(&d->r))
        INVALID(d, "unknown type %u", i);
    return 0;
}

static struct wasm_limits limits(struct decoder *d, bool memory)
{
    struct wasm_limits l = { 0 };
    bool threads = memory && d->m->features & WASM_F_THREADS, wide = wasm_format_3(d->m->features);
    uint8_t flags = wide ? rd_u8(&d->r) : (uint8_t)rd_leb(&d->r, threads ? 2 : 1, false);
    if (flags > (threads ? 3 : 1))
        READER_FAIL(&d->r, WASM_MALFORMED, d->r.pos - 1, "malformed limits flags 0x%x", flags);
    l.has_max = flags & 1;
    l.shared = flags & 2;
    l.min = rd_leb(&d->r, wide ? 64 : 32, false);
    if (l.has_max)
        l.max = rd_leb(&d->r, wide ? 64 : 32, false);
    if (!memory && (l.min > UINT32_MAX || l.max > UINT32_MAX))
        INVALID(d, "table size must be at most 2^32-1");
    if (l.shared && !l.has_max && rd_ok(&d->r))
        INVALID(d, "shared memory must have maximum");
    if (memory && (l.min > WASM_MAX_PAGES || l.max > WASM_MAX_PAGES))
        INVALID(d, "memory size must be at most 65536 pages (4GiB)");
    if (l.has_max && l.min > l.max)
        INVALID(d, "size minimum must not be greater than maximum");
    return l;
}

static struct wasm_tabletype tabletype(struct decoder *d)
{
    struct wasm_tabletype t = { .type = decode_reftype(d) };
    t.lim = limits(d, false);
    return t;
}

/* A table of the module's own: with wasm 3.0 it may have an initial value for all entries. */
static void table(struct decoder *d, struct wasm_tabletype *t)
{
    struct reader *r = &d->r;
    bool init = wasm_format_3(d->m->features) && rd_left(r) > 1 && r->bytes[r->pos] == 0x40 &&
                r->bytes[r->pos + 1] == 0;
    r->pos += init ? 2 : 0;
    *t = tabletype(d);
    t->init.op = WASM_C_REFNULL;
    if (init)
        decode_constexpr(d, t->type, &t->init);
}

static void globaltype(struct decoder *d, struct wasm_globaltype *g)
{
    g->type = valtype(d);
    uint8_t mut = rd_u8(&d->r);
    if (mut > 1)
        READER_FAIL(&d->r, WASM_MALFORMED, d->r.pos - 1, "malformed mutability 0x%x", mut);
    g->mut = mut == 1;
}

static void check_memory_count(struct decoder *d)
{
    if (d->m->nmems > 1 && !(d->m->features & WASM_F_MULTIMEM))
        INVALID(d, "multiple memories");
}

static void check_table_count(struct decoder *d)
{
    if (d->m->ntables > 1 && d->m->features & WASM_F_ONE_TABLE)
        INVALID(d, "multiple tables");
}

static bool has_tags(const struct decoder *d)
{
    return d->m->features & (WASM_F_EH | WASM_F_LEGACY_EH);
}

static void tagtype(struct decoder *d, struct wasm_tagtype *t)
{
    uint8_t attribute = rd_u8(&d->r);
    if (attribute)
        READER_FAIL(&d->r, WASM_MALFORMED, d->r.pos - 1, "malformed tag attribute 0x%x", attribute);
    t->type = typeidx(d);
    if (rd_ok(&d->r) && !d->invalid.code && d->m->types[t->type].nresults)
        INVALID(d, "non-empty tag result type");
}

static void import_desc(struct decoder *d, struct wasm_import *im)
{
    struct wasm_module *m = d->m;
    im->kind = rd_u8(&d->r);
    switch (im->kind) {
    case WASM_FUNC: {
        struct wasm_func *f = &m->funcs[im->index = m->nfuncs];
        f->type = typeidx(d);
        f->imported = true;
        if (rd_ok(&d->r) && !d->invalid.code)
            module_port_import(d, im, f);
        m->nimport_funcs = ++m->nfuncs;
        break;
    }
    case WASM_TABLE:
        im->index = m->ntables++;
        m->tables[im->index] = tabletype(d);
        m->tables[im->index].imported = true;
        check_table_count(d);
        break;
    case WASM_MEMORY:
        im->index = m->nmems++;
        m->mems[im->index].lim = limits(d, true);
        m->mems[im->index].imported = true;
        check_memory_count(d);
        break;
    case WASM_GLOBAL:
        im->index = m->nglobals++;
        globaltype(d, &m->globals[im->index]);
        m->globals[im->index].imported = true;
        break;
    case WASM_TAG:
        if (has_tags(d)) {
            im->index = m->ntags++;
            tagtype(d, &m->tags[im->index]);
            m->tags[im->index].imported = true;
            break;
        }
        /* fall through */
    default:
        if (rd_ok(&d->r))
            READER_FAIL(&d->r, WASM_MALFORMED, d->r.pos - 1, "malformed import kind %u", im->kind);
    }
}

static void import_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = index_count(d, 0, 3, "imports");
    m->imports = decode_array(d, n, sizeof *m->imports);
    m->funcs = decode_array(d, n, sizeof *m->funcs);
    m->tables = decode_array(d, n, sizeof *m->tables);
    m->mems = decode_array(d, n, sizeof *m->mems);
    m->globals = decode_array(d, n, sizeof *m->globals);
    m->tags = decode_array(d, n, sizeof *m->tags);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++) {
        m->imports[i].module = rd_name(&d->r);
        m->imports[i].field = rd_name(&d->r);
        import_desc(d, &m->imports[i]);
    }
    m->nimports = n;
    d->nimport_globals = m->nglobals;
}

/* Makes room for n more in an index space that begins with imports. */
static void *extend(struct decoder *d, void *old, uint32_t have, uint32_t n, size_t size)
{
    void *p = decode_array(d, (size_t)have + n, size);
    if (have)
        memcpy(p, old, have * size);
    return p;
}

static void function_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = index_count(d, m->nfuncs, 1, "functions");
    m->funcs = extend(d, m->funcs, m->nfuncs, n, sizeof *m->funcs);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++)
        m->funcs[m->nfuncs++].type = typeidx(d);
}

static void table_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = index_count(d, m->ntables, 2, "tables");
    m->tables = extend(d, m->tables, m->ntables, n, sizeof *m->tables);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++)
        table(d, &m->tables[m->ntables++]);
    check_table_count(d);
}

static void memory_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = index_count(d, m->nmems, 1, "memories");
    m->mems = extend(d, m->mems, m->nmems, n, sizeof *m->mems);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++)
        m->mems[m->nmems++].lim = limits(d, true);
    check_memory_count(d);
}

static void tag_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = index_count(d, m->ntags, 2, "tags");
    m->tags = extend(d, m->tags, m->ntags, n, sizeof *m->tags);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++)
        tagtype(d, &m->tags[m->ntags++]);
}

static void global_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = index_count(d, m->nglobals, 3, "globals");
    m->globals = extend(d, m->globals, m->nglobals, n, sizeof *m->globals);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++) {
        struct wasm_globaltype *g = &m->globals[m->nglobals];
        globaltype(d, g);
        decode_constexpr(d, g->type, &g->init);
        m->nglobals++;
    }
}

static void export_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = index_count(d, 0, 3, "exports");
    m->exports = decode_array(d, n, sizeof *m->exports);
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++) {
        struct wasm_export *e = &m->exports[i];
        e->name = rd_name(&d->r);
        e->kind = rd_u8(&d->r);
        e->index = rd_u32(&d->r);
        if (!rd_ok(&d->r))
            return;
        if (e->kind > (has_tags(d) ? WASM_TAG : WASM_GLOBAL))
            MALFORMED(d, "malformed export kind %u", e->kind);
        else if (e->kind == WASM_FUNC && e->index >= m->nfuncs)
            INVALID(d, "unknown function %u", e->index);
        else if (e->kind == WASM_TABLE && e->index >= m->ntables)
            INVALID(d, "unknown table %u", e->index);
        else if (e->kind == WASM_MEMORY && e->index >= m->nmems)
            INVALID(d, "unknown memory %u", e->index);
        else if (e->kind == WASM_GLOBAL && e->index >= m->nglobals)
            INVALID(d, "unknown global %u", e->index);
        else if (e->kind == WASM_TAG && e->index >= m->ntags)
            INVALID(d, "unknown tag %u", e->index);
        else if (e->kind == WASM_FUNC)
            module_func_ref(m, e->index);
        else if (e->kind == WASM_TABLE)
            m->tables[e->index].exported = true;
        else if (e->kind == WASM_MEMORY)
            m->mems[e->index].exported = true;
        else if (e->kind == WASM_TAG)
            m->tags[e->index].exported = true;
        else
            m->globals[e->index].exported = true;
    }
    m->nexports = n;
    module_check_exports(d);
}

static void start_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t i = rd_u32(&d->r);
    if (!rd_ok(&d->r))
        return;
    if (i >= m->nfuncs) {
        INVALID(d, "unknown function %u", i);
        return;
    }
    m->start = i;
    m->funcs[i].escapes = true;
    if (d->invalid.code)
        return;
    const struct wasm_functype *t = &m->types[m->funcs[i].type];
    if (t->nparams || t->nresults)
        INVALID(d, "start function must have no parameters and no results");
}

static void code_section(struct decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t n = rd_count(&d->r, 1), expected = m->nfuncs - m->nimport_funcs;
    for (uint32_t i = 0; i < n && rd_ok(&d->r); i++) {
        uint32_t size = rd_u32(&d->r);
        if (size > rd_left(&d->r)) {
            rd_eof(&d->r);
            return;
        }
        if (i < expected) {
            m->funcs[m->nimport_funcs + i].body = d->r.pos;
            m->funcs[m->nimport_funcs + i].body_size = size;
        }
        d->r.pos += size;
    }
    d->ncode = n;
}

static void custom_section(struct decoder *d, uint32_t end)
{
    struct wasm_module *m = d->m;
    d->r.end = end;
    struct wasm_custom c = { .name = rd_name(&d->r) };
    c.at = d->r.pos;
    c.size = rd_left(&d->r);
    d->r.pos = d->r.end;
    if (!rd_ok(&d->r))
        return;
    if ((m->ncustoms & (m->ncustoms - 1)) == 0)     /* the capacity is a power of two */
        m->customs = arena_grow(m->arena, m->customs, m->ncustoms * sizeof c,
                                (m->ncustoms ? 2 * m->ncustoms : 1) * sizeof c);
    m->customs[m->ncustoms++] = c;
}

static void datacount_section(struct decoder *d)
{
    d->ndatas_declared = rd_u32(&d->r);
    d->m->has_datacount = true;
}

static void section(struct decoder *d, uint8_t id, uint32_t end)
{
    switch (id) {
    case SEC_CUSTOM:    custom_section(d, end); break;
    case SEC_TYPE:      type_section(d); break;
    case SEC_IMPORT:    import_section(d); break;
    case SEC_FUNCTION:  function_section(d); break;
    case SEC_TABLE:     table_section(d); break;
    case SEC_MEMORY:    memory_section(d); break;
    case SEC_GLOBAL:    global_section(d); break;
    case SEC_EXPORT:    export_section(d); break;
    case SEC_START:     start_section(d); break;
    case SEC_ELEMENT:   decode_elems(d); break;
    case SEC_CODE:      code_section(d); break;
    case SEC_DATA:      decode_datas(d); break;
    case SEC_DATACOUNT: datacount_section(d); break;
    case SEC_TAG:       tag_section(d); break;
    }
}

/* the order in which sections must come (wasm 5.5.2) */
static const uint8_t section_order[SEC_COUNT] = {
    [SEC_TYPE] = 1, [SEC_IMPORT] = 2, [SEC_FUNCTION] = 3, [SEC_TABLE] = 4, [SEC_MEMORY] = 5,
    [SEC_TAG] = 6, [SEC_GLOBAL] = 7, [SEC_EXPORT] = 8, [SEC_START] = 9, [SEC_ELEMENT] = 10,
    [SEC_DATACOUNT] = 11, [SEC_CODE] = 12, [SEC_DATA] = 13,
};

static void sections(struct decoder *d, uint32_t size)
{
    uint8_t last = 0;
    struct reader *r = &d->r;
    while (r->pos < size && rd_ok(r)) {
        uint32_t at = r->pos;
        uint8_t id = rd_u8(r);
        if (id >= SEC_COUNT || (id == SEC_TAG && !has_tags(d))) {
            READER_FAIL(r, WASM_MALFORMED, at, "malformed section id %u", id);
            return;
        }
        uint32_t n = rd_u32(r);
        if (!rd_ok(r))
            return;
        if (n > size - r->pos) {
            READER_FAIL(r, WASM_MALFORMED, at, "length out of bounds: section of %u bytes", n);
            return;
        }
        if (id != SEC_CUSTOM && section_order[id] <= last) {
            READER_FAIL(r, WASM_MALFORMED, at, "unexpected content after last section");
            return;
        }
        if (id != SEC_CUSTOM)
            last = section_order[id];
        uint32_t end = r->pos + n;
        section(d, id, end);
        if (r->pos != end && rd_ok(r))
            MALFORMED(d, "section size mismatch");
        if (rd_ok(r))
            r->end = size;
    }
}

/* Bodies come before what failed, so an error in their bytes is the first one. */
static void earlier_error(struct decoder *d, struct wasm_arena *scratch)
{
    struct wasm_module *m = d->m;
    for (uint32_t i = m->nimport_funcs; i < m->nfuncs && m->funcs[i].body_size; i++) {
        struct wasm_error err = { 0 };
        struct ir_func f = { .m = m, .o = d->o, .arena = scratch, .temp = scratch, .index = i };
        bool ok = pass_build(&f, &err);
        arena_reset(scratch);
        if (!ok && err.code == WASM_MALFORMED) {
            *d->r.err = err;
            return;
        }
    }
}

static void decode_module(struct decoder *d, size_t size)
{
    struct reader *r = &d->r;
    static const uint8_t magic[4] = { 0, 'a', 's', 'm' }, version[4] = { 1, 0, 0, 0 };
    if (size > MAX_SIZE) {
        READER_FAIL(r, WASM_LIMIT, 0, "module too large: more than %u bytes", MAX_SIZE);
        return;
    }
    r->end = (uint32_t)size;
    if (size < 4)
        rd_eof(r);
    else if (memcmp(r->bytes, magic, 4))
        READER_FAIL(r, WASM_MALFORMED, 0, "magic header not detected");
    else if (size < 8)
        READER_FAIL(r, WASM_MALFORMED, 4, "unexpected end of module");
    else if (memcmp(r->bytes + 4, version, 4))
        READER_FAIL(r, WASM_MALFORMED, 4, "unknown binary version");
    if (!rd_ok(r))
        return;
    r->pos = 8;
    sections(d, (uint32_t)size);
    if (rd_ok(r) && d->ncode != d->m->nfuncs - d->m->nimport_funcs)
        MALFORMED(d, "function and code section have inconsistent lengths");
    if (rd_ok(r) && d->m->has_datacount && d->ndatas_declared != d->m->ndatas)
        MALFORMED(d, "data count and data section have inconsistent lengths");
    if (d->invalid.code && rd_ok(r))
        *r->err = d->invalid;
    if (rd_ok(r))
        module_finish(d);
}

/* A module and its arena in one allocation. */
struct box { struct wasm_module m; struct wasm_arena arena, scratch; };

struct wasm_module *wasm_open(struct wasm_host *h, const uint8_t *bytes, size_t size,
                              const struct wasm_options *o, struct wasm_error *err)
{
    void *oom[5];
    *err = (struct wasm_error){ .func = UINT32_MAX };
    struct box *b = h->alloc(h->ctx, sizeof *b);
    if (!b) {
        wasm_fail(err, WASM_NOMEM, UINT32_MAX, 0, "out of memory");
        return NULL;
    }
    memset(b, 0, sizeof *b);
    arena_init(&b->arena, h, oom);
    arena_init(&b->scratch, h, oom);
    b->m = (struct wasm_module){ .host = h, .arena = &b->arena, .bytes = bytes, .size = size,
                                 .features = o->features, .start = UINT32_MAX };
    if (__builtin_setjmp(oom)) {
        *err = (struct wasm_error){ .func = UINT32_MAX };
        wasm_fail(err, WASM_NOMEM, UINT32_MAX, 0, "out of memory");
    } else {
        struct decoder d = { .r = { .bytes = bytes, .func = UINT32_MAX, .err = err },
                             .m = &b->m, .o = o };
        decode_module(&d, size);
        if (err->code == WASM_MALFORMED && d.ncode && !d.invalid.code)
            earlier_error(&d, &b->scratch);
    }
    arena_free(&b->scratch);
    b->arena.oom = NULL;
    if (err->code == WASM_OK)
        return &b->m;
    wasm_close(&b->m);
    return NULL;
}

void wasm_close(struct wasm_module *m)
{
    struct box *b = (struct box *)m;
    struct wasm_host *h = m->host;
    arena_free(&b->arena);
    h->release(h->ctx, b, sizeof *b);
}
