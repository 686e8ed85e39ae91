/*
 * ifgen.c - turns an interface in a subset of WIT into a C header for SIPs and for the kernel.
 *
 * The canonical text is the sequence of tokens with one space between them; its SHA-256 is the
 * id of the interface. Of WIT it takes: `package` (not part of the text's meaning, but of the
 * text), one `interface`, `record`, `enum`, `flags` and `func`. Types: u8-u64, s8-s64, string,
 * list<T>, list<T, N>, own<NAME> (a handle), and records, enums and flags defined before.
 *
 * In a message stand the operation (or the status of the answer), then the parameters of fixed
 * size as fields of a C struct, then the bytes of at most one string or list, which must be the
 * last parameter that is not a handle. Handles travel beside the bytes. A func with `->` is
 * answered.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/sha256.h"

#define NAME_MAX_ 64
#define DEFS_MAX 64

enum type_kind { FIXED, TRAILING, HANDLE };

struct type {
    enum type_kind kind;
    char c[NAME_MAX_ + 16];         /* C type of the element */
    unsigned count;                 /* > 0: an array of that many */
};

struct parser {
    const char *path, *src, *p;     /* p: after the current token */
    const char *tok;
    size_t len;                     /* 0 at the end */
    char *canon;
    size_t ncanon;
    char iface[NAME_MAX_], prefix[NAME_MAX_], upper[NAME_MAX_];
    char def[DEFS_MAX][NAME_MAX_];  /* WIT names of records, enums, flags */
    bool is_record[DEFS_MAX];
    unsigned ndefs, nops;
    FILE *ops, *structs;
};

static _Noreturn void fail(struct parser *ps, const char *at, const char *fmt, ...)
{
    unsigned line = 1, col = 1;
    va_list ap;

    for (const char *s = ps->src; s < at; s++) {
        col = *s == '\n' ? 1 : col + 1;
        line += *s == '\n';
    }
    fprintf(stderr, "%s:%u:%u: ", ps->path, line, col);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

/* ---- tokens -------------------------------------------------------------------------------- */

static void skip_space(struct parser *ps)
{
    for (;;) {
        while (isspace((unsigned char)*ps->p))
            ps->p++;
        if (ps->p[0] == '/' && ps->p[1] == '/') {
            while (*ps->p && *ps->p != '\n')
                ps->p++;
        } else if (ps->p[0] == '/' && ps->p[1] == '*') {
            const char *end = strstr(ps->p + 2, "*/");
            if (!end)
                fail(ps, ps->p, "this comment has no end");
            ps->p = end + 2;
        } else {
            return;
        }
    }
}

/* Moves to the next token and adds it to the canonical text. */
static void next(struct parser *ps)
{
    skip_space(ps);
    ps->tok = ps->p;
    if (!*ps->p) {
        ps->len = 0;
        return;
    }
    if (isalnum((unsigned char)*ps->p)) {
        while (isalnum((unsigned char)*ps->p) || (*ps->p == '-' && ps->p[1] != '>'))
            ps->p++;
    } else if (ps->p[0] == '-' && ps->p[1] == '>') {
        ps->p += 2;
    } else if (strchr("{}():;,<>", *ps->p)) {
        ps->p++;
    } else {
        fail(ps, ps->p, "unexpected character '%c'", *ps->p);
    }
    ps->len = (size_t)(ps->p - ps->tok);
    if (ps->ncanon)
        ps->canon[ps->ncanon++] = ' ';
    memcpy(ps->canon + ps->ncanon, ps->tok, ps->len);
    ps->ncanon += ps->len;
}

static bool is(struct parser *ps, const char *s)
{
    return ps->len == strlen(s) && !memcmp(ps->tok, s, ps->len);
}

static void expect(struct parser *ps, const char *s)
{
    if (!ps->len)
        fail(ps, ps->tok, "expected '%s', found the end of the file", s);
    if (!is(ps, s))
        fail(ps, ps->tok, "expected '%s', found '%.*s'", s, (int)ps->len, ps->tok);
    next(ps);
}

static bool accept(struct parser *ps, const char *s)
{
    if (!is(ps, s))
        return false;
    next(ps);
    return true;
}

static void name(struct parser *ps, char out[NAME_MAX_])
{
    if (!ps->len || !islower((unsigned char)*ps->tok))
        fail(ps, ps->tok, "expected a name of lower-case words joined by '-'");
    if (ps->len >= NAME_MAX_ - 1)
        fail(ps, ps->tok, "this name is longer than %d characters", NAME_MAX_ - 2);
    for (size_t i = 0; i < ps->len; i++)
        if (isupper((unsigned char)ps->tok[i]))
            fail(ps, ps->tok + i, "names are lower case");
    snprintf(out, NAME_MAX_, "%.*s", (int)ps->len, ps->tok);
    next(ps);
}

/* `a-b` as it is spelt in C, in lower or upper case. */
static void c_name(const char *wit, char out[NAME_MAX_], bool upper)
{
    size_t i;

    for (i = 0; wit[i]; i++)
        out[i] = wit[i] == '-' ? '_' : (char)(upper ? toupper((unsigned char)wit[i]) : wit[i]);
    out[i] = 0;
}

/* ---- types --------------------------------------------------------------------------------- */

static int find_def(struct parser *ps, const char *n)
{
    for (unsigned i = 0; i < ps->ndefs; i++)
        if (!strcmp(ps->def[i], n))
            return (int)i;
    return -1;
}

static void add_def(struct parser *ps, const char *at, const char *n, bool record)
{
    if (find_def(ps, n) >= 0)
        fail(ps, at, "'%s' is defined twice", n);
    if (ps->ndefs == DEFS_MAX)
        fail(ps, at, "more than %d definitions", DEFS_MAX);
    ps->is_record[ps->ndefs] = record;
    snprintf(ps->def[ps->ndefs++], NAME_MAX_, "%s", n);
}

static void element_type(struct parser *ps, char c[NAME_MAX_ + 16])
{
    static const char *const ints[][2] = {
        { "u8", "uint8_t" }, { "u16", "uint16_t" }, { "u32", "uint32_t" }, { "u64", "uint64_t" },
        { "s8", "int8_t" }, { "s16", "int16_t" }, { "s32", "int32_t" }, { "s64", "int64_t" },
    };
    const char *at = ps->tok;
    char n[NAME_MAX_], cn[NAME_MAX_];
    int d;

    name(ps, n);
    for (unsigned i = 0; i < sizeof ints / sizeof *ints; i++)
        if (!strcmp(n, ints[i][0])) {
            snprintf(c, NAME_MAX_ + 16, "%s", ints[i][1]);
            return;
        }
    d = find_def(ps, n);
    if (d < 0)
        fail(ps, at, "unknown type '%s'", n);
    c_name(n, cn, false);
    if (ps->is_record[d])
        snprintf(c, NAME_MAX_ + 16, "struct %.30s_%.40s", ps->prefix, cn);
    else
        snprintf(c, NAME_MAX_ + 16, "uint32_t");
}

static struct type type(struct parser *ps)
{
    struct type t = { .kind = FIXED };
    char n[NAME_MAX_];

    if (accept(ps, "string")) {
        t.kind = TRAILING;
        snprintf(t.c, sizeof t.c, "char");
    } else if (accept(ps, "own")) {
        t.kind = HANDLE;
        expect(ps, "<");
        name(ps, n);
        snprintf(t.c, sizeof t.c, "%s", n);
        expect(ps, ">");
    } else if (accept(ps, "list")) {
        expect(ps, "<");
        element_type(ps, t.c);
        t.kind = TRAILING;
        if (accept(ps, ",")) {
            char *end;
            unsigned long v = strtoul(ps->tok, &end, 10);
            if (!ps->len || end != ps->tok + ps->len || v < 1 || v > 4096)
                fail(ps, ps->tok, "expected a length from 1 to 4096");
            next(ps);
            t.kind = FIXED;
            t.count = (unsigned)v;
        }
        expect(ps, ">");
    } else {
        element_type(ps, t.c);
    }
    return t;
}

static void field(FILE *f, const char *n, struct type t)
{
    char cn[NAME_MAX_];

    c_name(n, cn, false);
    if (t.count)
        fprintf(f, "    %s %s[%u];\n", t.c, cn, t.count);
    else
        fprintf(f, "    %s %s;\n", t.c, cn);
}

/* ---- definitions --------------------------------------------------------------------------- */

static void record(struct parser *ps)
{
    const char *at = ps->tok;
    char n[NAME_MAX_], cn[NAME_MAX_], fn[NAME_MAX_];

    name(ps, n);
    c_name(n, cn, false);
    fprintf(ps->structs, "struct %s_%s {\n", ps->prefix, cn);
    expect(ps, "{");
    do {
        const char *fat;
        struct type t;
        if (is(ps, "}"))
            break;
        name(ps, fn);
        expect(ps, ":");
        fat = ps->tok;
        t = type(ps);
        if (t.kind != FIXED)
            fail(ps, fat, "a record holds only types of fixed size");
        field(ps->structs, fn, t);
    } while (accept(ps, ","));
    expect(ps, "}");
    fprintf(ps->structs, "};\n");
    add_def(ps, at, n, true);
}

static void enumeration(struct parser *ps, bool flags)
{
    const char *at = ps->tok;
    char n[NAME_MAX_], cn[NAME_MAX_], v[NAME_MAX_], cv[NAME_MAX_];
    unsigned i = 0;

    name(ps, n);
    c_name(n, cn, false);
    add_def(ps, at, n, false);
    fprintf(ps->structs, "enum %s_%s {\n", ps->prefix, cn);
    expect(ps, "{");
    do {
        if (is(ps, "}"))
            break;
        if (flags && i == 32)
            fail(ps, ps->tok, "more than 32 flags");
        name(ps, v);
        c_name(v, cv, true);
        fprintf(ps->structs, "    %s_%s = %s%u,\n", ps->upper, cv, flags ? "1u << " : "", i++);
    } while (accept(ps, ","));
    expect(ps, "}");
    fprintf(ps->structs, "};\n");
}

/* Parameters or results up to ')': a struct with `first` in front. */
static void fields(struct parser *ps, const char *cn, const char *suffix, const char *first)
{
    char fn[NAME_MAX_], cf[NAME_MAX_], tail[2 * NAME_MAX_ + 64] = "", handles[512] = "";
    unsigned nh = 0;

    fprintf(ps->structs, "struct %s_%s_%s {\n    %s;\n", ps->prefix, cn, suffix, first);
    expect(ps, "(");
    do {
        const char *at = ps->tok;
        struct type t;
        if (is(ps, ")"))
            break;
        name(ps, fn);
        expect(ps, ":");
        t = type(ps);
        c_name(fn, cf, false);
        if (t.kind == HANDLE) {
            size_t l = strlen(handles);
            if (nh == 4)
                fail(ps, at, "more than 4 handles");
            snprintf(handles + l, sizeof handles - l, "    /* handle[%u]: %s, of %s */\n", nh++,
                     cf, t.c);
        } else if (tail[0]) {
            fail(ps, at, "only a handle can follow a string or list");
        } else if (t.kind == TRAILING) {
            snprintf(tail, sizeof tail, "    /* then: %s %s[] */\n", t.c, cf);
        } else {
            field(ps->structs, fn, t);
        }
    } while (accept(ps, ","));
    expect(ps, ")");
    fprintf(ps->structs, "%s%s};\n", tail, handles);
}

static void func(struct parser *ps)
{
    char n[NAME_MAX_], cn[NAME_MAX_], up[NAME_MAX_];

    name(ps, n);
    c_name(n, cn, false);
    c_name(n, up, true);
    expect(ps, ":");
    expect(ps, "func");
    fprintf(ps->ops, "    %s_%s = %u,\n", ps->upper, up, ++ps->nops);
    fields(ps, cn, "req", "uint32_t op");
    if (accept(ps, "->"))
        fields(ps, cn, "ans", "int32_t status");
    expect(ps, ";");
}

static void interface(struct parser *ps)
{
    next(ps);
    if (accept(ps, "package")) {
        char n[NAME_MAX_];
        name(ps, n);
        expect(ps, ":");
        name(ps, n);
        expect(ps, ";");
    }
    expect(ps, "interface");
    name(ps, ps->iface);
    if (strlen(ps->iface) > 31)
        fail(ps, ps->tok, "the interface's name is longer than 31 characters");
    c_name(ps->iface, ps->prefix, false);
    c_name(ps->iface, ps->upper, true);
    expect(ps, "{");
    while (ps->len && !is(ps, "}")) {
        if (accept(ps, "record"))
            record(ps);
        else if (accept(ps, "enum"))
            enumeration(ps, false);
        else if (accept(ps, "flags"))
            enumeration(ps, true);
        else
            func(ps);
    }
    expect(ps, "}");
    if (ps->len)
        fail(ps, ps->tok, "one interface a file: nothing may follow it");
}

/* ---- files --------------------------------------------------------------------------------- */

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *s = malloc(1 << 20);
    size_t n;

    if (!f || !s) {
        perror(path);
        exit(1);
    }
    n = fread(s, 1, (1 << 20) - 1, f);
    s[n] = 0;
    fclose(f);
    return s;
}

static void write_header(struct parser *ps, const char *out, const char *ops, const char *structs)
{
    uint8_t id[SHA256_BYTES];
    FILE *f = fopen(out, "w");

    if (!f) {
        perror(out);
        exit(1);
    }
    sha256(ps->canon, ps->ncanon, id);
    fprintf(f, "/* Made by ifgen from %s. */\n#ifndef IFACE_%s_H\n#define IFACE_%s_H\n\n"
            "#include <stdint.h>\n\n#define IFACE_%s \"%s@", ps->path, ps->upper, ps->upper,
            ps->upper, ps->iface);
    for (unsigned i = 0; i < sizeof id; i++)
        fprintf(f, "%02x", id[i]);
    fprintf(f, "\"\n\nenum {\n%s};\n%s\n#endif\n", ops, structs);
    if (fclose(f)) {
        perror(out);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct parser ps = { 0 };
    char *ops = NULL, *structs = NULL;
    size_t nops, nstructs;

    if (argc != 4 || strcmp(argv[2], "-o")) {
        bool help = argc == 2 && !strcmp(argv[1], "--help");
        fprintf(help ? stdout : stderr, "usage: ifgen IN.wit -o OUT.h\n"
                "Writes the C header of an interface: its id, operations and messages.\n");
        return help ? 0 : 2;
    }
    ps.path = argv[1];
    ps.src = ps.p = read_file(argv[1]);
    ps.canon = malloc(2 * strlen(ps.src) + 1);
    ps.ops = open_memstream(&ops, &nops);
    ps.structs = open_memstream(&structs, &nstructs);
    if (!ps.canon || !ps.ops || !ps.structs) {
        perror("ifgen");
        return 1;
    }
    interface(&ps);
    fclose(ps.ops);
    fclose(ps.structs);
    write_header(&ps, argv[3], ops, structs);
    return 0;
}
