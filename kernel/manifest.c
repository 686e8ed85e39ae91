/*
 * manifest.c - what a module asks for: the text of its custom sections "selkie.manifest" (abi.h).
 *
 * Hostile text. An interface in it has a name and an id, and its own text in some module that runs
 * or in this one, with that id as its hash and that name; of it is made what the kernel lets pass
 * (contract.h).
 *
 * The walk over the sections is this file's own, for a manifest is looked at before
 * the module is compiled; the compiler will have its own opinion on everything that is skipped
 * here.
 */
#include "kernel/kernel.h"
#include "kernel/sha256.h"

struct cursor { const uint8_t *p, *end; };

/* ---- sections of the binary (wasm 5.5.2) ----------------------------------------------------- */

/* LEB128; false if it is cut or longer than 32 bits. */
static bool leb(struct cursor *c, uint32_t *v)
{
    uint64_t x = 0;

    for (unsigned shift = 0; shift < 35 && c->p < c->end; shift += 7) {
        uint8_t b = *c->p++;
        x |= (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80)
            continue;
        *v = (uint32_t)x;
        return x <= UINT32_MAX;
    }
    return false;
}

/* The next manifest section's text; false at the end. */
static bool next_section(struct cursor *c, struct cursor *text)
{
    uint32_t size, n;

    while (c->p < c->end) {
        uint8_t id = *c->p++;
        struct cursor s;
        if (!leb(c, &size) || size > (size_t)(c->end - c->p))
            return false;
        s = (struct cursor){ c->p, c->p + size };
        c->p += size;
        if (id != 0 || !leb(&s, &n) || n > (size_t)(s.end - s.p))
            continue;
        if (n != strlen(MANIFEST_SECTION) || memcmp(s.p, MANIFEST_SECTION, n) != 0)
            continue;
        *text = (struct cursor){ s.p + n, s.end };
        return true;
    }
    return false;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool number_taken(const struct manifest *m, const struct resource *r)
{
    for (uint32_t i = 0; r->handle && i < m->count; i++)
        if (m->res[i].handle == r->handle)
            return true;
    return false;
}

/* The next line; false at the end. */
static bool next_line(struct cursor *text, struct cursor *c)
{
    if (text->p == text->end)
        return false;
    *c = (struct cursor){ text->p, text->p };
    while (c->end < text->end && *c->end != '\n')
        c->end++;
    text->p = c->end < text->end ? c->end + 1 : c->end;
    return true;
}

/* Adds the lines of one section; NULL or what is wrong. */
static const char *parse_text(struct cursor text, struct manifest *m, unsigned *line)
{
    struct cursor c;

    while (next_line(&text, &c)) {
        struct resource r;
        int kind;
        ++*line;
        if ((kind = resource_parse((const char *)c.p, (size_t)(c.end - c.p), &r)) == 0)
            continue;
        if (kind < 0)
            return "cannot be read";
        if (number_taken(m, &r))
            return "uses a handle number again";
        if (m->count == MANIFEST_RESOURCES_MAX)
            return "is one too many";
        m->res[m->count++] = r;
    }
    return NULL;
}

/* ---- interfaces ------------------------------------------------------------------------------ */

void manifest_free(struct manifest *m)
{
    for (uint32_t i = 0; m && i < m->count; i++)
        contract_put(m->res[i].contract);
    kfree(m);
}

static bool is_interface(const struct resource *r)
{
    return r->kind == RES_USE || r->kind == RES_SERVE || r->kind == RES_CHANNEL;
}

/* Gives the contract with this text to those that still have none and name it. */
static err_t bind_text(struct manifest *m, const char *text, size_t len, char *reason, size_t n)
{
    struct contract *c = NULL;
    uint8_t id[32];
    err_t e = 0;

    sha256(text, len, id);
    for (uint32_t i = 0; i < m->count; i++) {
        struct resource *r = &m->res[i];
        if (!is_interface(r) || r->contract || memcmp(r->id, id, 32) != 0)
            continue;
        if (!c && !(c = contract_add(text, len, id, &e, reason, n)))
            return e;
        r->contract = contract_ref(c);
    }
    contract_put(c);
    return 0;
}

/* The module's own texts, in lines `text TEXT`. */
static err_t bind_texts(struct manifest *m, struct cursor c, char *reason, size_t n)
{
    struct cursor section, line;
    err_t e;

    while (next_section(&c, &section))
        while (next_line(&section, &line)) {
            while (line.p < line.end && (*line.p == ' ' || *line.p == '\t'))
                line.p++;
            if (line.end - line.p < 5 || memcmp(line.p, "text ", 5) != 0)
                continue;
            e = bind_text(m, (const char *)line.p + 5, (size_t)(line.end - line.p) - 5, reason, n);
            if (e < 0)
                return e;
        }
    return 0;
}

/* Finds what every interface's contract is, first among those in use. */
static err_t bind(struct manifest *m, struct cursor c, char *reason, size_t n)
{
    bool missing = false;
    err_t e;

    for (uint32_t i = 0; i < m->count; i++)
        if (is_interface(&m->res[i]))
            missing |= !(m->res[i].contract = contract_find(m->res[i].id));
    if (missing && (e = bind_texts(m, c, reason, n)) < 0)
        return e;
    for (uint32_t i = 0; i < m->count; i++) {
        const struct resource *r = &m->res[i];
        if (!is_interface(r) || (r->contract && wit_is(r->contract->name, r->name)))
            continue;
        ksnprintf(reason, n, r->contract ? "manifest: interface %s has another name: %.*s"
                  : "manifest: interface %s: the text that its id is the hash of is missing",
                  r->name, r->contract ? (int)r->contract->name.len : 0,
                  r->contract ? r->contract->name.s : "");
        return ERR_MODULE;
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct manifest *manifest_parse(const uint8_t *bytes, size_t size, err_t *e, char *reason, size_t n)
{
    static const uint8_t magic[8] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };
    struct cursor all = { bytes + 8, bytes + size }, c = all, text;
    struct manifest *m, *fit;
    const char *wrong = NULL;
    unsigned line = 0;
    err_t bound;

    m = kzalloc(sizeof *m + MANIFEST_RESOURCES_MAX * sizeof m->res[0]);
    if (!m) {
        *e = ERR_NO_MEMORY;
        ksnprintf(reason, n, "out of memory");
        return NULL;
    }
    if (size >= 8 && memcmp(bytes, magic, 8) == 0)      /* else the compiler will say so */
        while (!wrong && next_section(&c, &text))
            wrong = parse_text(text, m, &line);
    if (wrong) {
        *e = ERR_MODULE;
        ksnprintf(reason, n, "manifest: line %u %s", line, wrong);
        kfree(m);
        return NULL;
    }
    if (m->count && (bound = bind(m, all, reason, n)) < 0) {
        *e = bound;
        manifest_free(m);
        return NULL;
    }
    /* kept as large as it is */
    if ((fit = kmalloc(sizeof *m + m->count * sizeof m->res[0]))) {
        memcpy(fit, m, sizeof *m + m->count * sizeof m->res[0]);
        kfree(m);
    }
    return fit ? fit : m;
}
