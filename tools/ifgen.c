/*
 * ifgen.c - turns an interface (sips/iface/README.md) into a C header for SIPs and for the kernel.
 *
 * The canonical text is the sequence of tokens with one space between them, and with the id of each
 * other interface that it names; its SHA-256 is the id of the interface. The kernel takes the
 * same text apart with the same parser (kernel/wit.c), so that what the header says and what the
 * kernel lets pass cannot differ.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/contract.h"
#include "kernel/sha256.h"

#define SOURCE_MAX (1u << 20)
#define DEPTH_MAX 8
#define FOLDERS_MAX 8
#define PATH_BYTES 4096

struct file {
    char path[PATH_BYTES];
    char *src, *canon;
    size_t n, ncanon;
    struct wit *w;
    uint8_t id[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    struct file *by;                /* that names this one */
    unsigned depth;
};

static const char *folders[FOLDERS_MAX];
static unsigned nfolders;
static FILE *depends;

static const char help[] =
    "usage: ifgen [OPTIONS] IN.wit -o OUT.h\n"
    "       ifgen [OPTIONS] --id | --text | --table IN.wit\n"
    "Writes the C header of an interface: its id, operations and messages.\n"
    "  -o FILE      the header\n"
    "  -d FILE      the files that it depends on, for make\n"
    "  -I FOLDER    where other interfaces that it names may be, beside its own folder\n"
    "  --id         prints NAME@ID\n"
    "  --text       prints the canonical text, whose SHA-256 is the ID\n"
    "  --table      prints what the kernel lets pass: for each operation who sends it and how,\n"
    "               bytes, handles, in which states and which states follow\n"
    "The language is described in sips/iface/README.md.\n";

static _Noreturn void give_up(const char *path)
{
    perror(path);
    exit(1);
}

/* FILE:LINE:COLUMN: words */
static _Noreturn void refuse(const struct file *f, size_t at, const char *words)
{
    unsigned line = 1, col = 1;

    for (size_t i = 0; i < at && i < f->n; i++) {
        col = f->src[i] == '\n' ? 1 : col + 1;
        line += f->src[i] == '\n';
    }
    fprintf(stderr, "%s:%u:%u: %s\n", f->path, line, col, words);
    for (; f->by; f = f->by)
        fprintf(stderr, "%s: named here\n", f->by->path);
    exit(1);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void load(struct file *f);

/* The file of an interface: `kernel-process` is kernel_process.wit. */
static FILE *find(const char *near, struct wit_name name, char path[PATH_BYTES])
{
    for (unsigned i = 0; i <= nfolders; i++) {
        const char *slash = strrchr(near, '/');
        int n = i ? snprintf(path, PATH_BYTES, "%s/", folders[i - 1])
                  : snprintf(path, PATH_BYTES, "%.*s", slash ? (int)(slash + 1 - near) : 0, near);
        FILE *f;
        for (uint32_t k = 0; k < name.len && n < PATH_BYTES - 8; k++)
            path[n++] = name.s[k] == '-' ? '_' : name.s[k];
        snprintf(path + n, (size_t)(PATH_BYTES - n), ".wit");
        if ((f = fopen(path, "r")))
            return f;
    }
    return NULL;
}

static const char *id_of(void *ctx, struct wit_name name)
{
    struct file *by = ctx, *f = calloc(1, sizeof *f);
    FILE *in = f ? find(by->path, name, f->path) : NULL;

    if (!in)
        return NULL;
    fclose(in);
    f->by = by;
    f->depth = by->depth + 1;
    for (struct file *up = by; up; up = up->by)
        if (!strcmp(up->path, f->path))
            refuse(by, 0, "interfaces that name each other in a circle have no ids; use "
                   "own<channel> in one of them");
    if (f->depth > DEPTH_MAX)
        refuse(by, 0, "interfaces name each other more than 8 deep");
    load(f);
    return f->hex;
}

/* Reads, takes apart, names. */
static void load(struct file *f)
{
    FILE *in = fopen(f->path, "rb");
    struct wit_source src = { .id_of = id_of, .ctx = f };

    f->src = malloc(SOURCE_MAX);
    f->w = malloc(sizeof *f->w);
    if (!in || !f->src || !f->w)
        give_up(f->path);
    f->n = fread(f->src, 1, SOURCE_MAX, in);
    fclose(in);
    src.cap = 80 * f->n + 80;
    src.canon = f->canon = malloc(src.cap);
    if (!f->canon)
        give_up(f->path);
    if (!wit_parse(f->w, f->src, f->n, &src))
        refuse(f, f->w->error_at, f->w->error);
    f->ncanon = src.ncanon;
    if (f->ncanon > WIT_TEXT_MAX)
        refuse(f, f->n, "without comments it is longer than 8192 bytes; split the interface");
    sha256(f->canon, f->ncanon, f->id);
    for (unsigned i = 0; i < sizeof f->id; i++)
        sprintf(f->hex + 2 * i, "%02x", f->id[i]);
    if (depends)
        fprintf(depends, " %s", f->path);
}

/* ---- the header ------------------------------------------------------------------------------ */

/* `a-b` as it is spelt in C. */
static const char *c_name(struct wit_name n)
{
    static char text[4][WIT_NAME_MAX + 1];
    static unsigned next;
    char *to = text[next++ % 4];

    for (uint32_t i = 0; i < n.len; i++)
        to[i] = n.s[i] == '-' ? '_' : n.s[i];
    to[n.len] = 0;
    return to;
}

static const char *upper(struct wit_name n)
{
    char *s = (char *)c_name(n);

    for (char *p = s; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return s;
}

static void print_type(FILE *out, const struct wit *w, const struct wit_type *t)
{
    if (t->def && w->def[t->def - 1].kind == WIT_RECORD)
        fprintf(out, "struct %s_%s", c_name(w->name), c_name(t->name));
    else if (t->def)
        fprintf(out, "uint32_t");
    else if (wit_is(t->name, "string"))
        fprintf(out, "char");
    else
        fprintf(out, "%sint%u_t", t->name.s[0] == 'u' ? "u" : "", 8 * t->size);
}

static void print_fields(FILE *out, const struct wit *w, const struct wit_fields *list)
{
    unsigned handles = 0;

    for (uint32_t i = list->first; i < (uint32_t)list->first + list->count; i++) {
        const struct wit_field *f = &w->field[i];
        fprintf(out, "    ");
        if (f->type.kind == WIT_HANDLE) {
            fprintf(out, "/* handle[%u]%s: %s, of %s */\n", handles++,
                    f->type.optional ? ", may be missing" : "", c_name(f->name),
                    c_name(f->type.name));
            continue;
        }
        if (f->type.kind == WIT_TRAILING)
            fprintf(out, "/* then: ");
        print_type(out, w, &f->type);
        fprintf(out, " %s", c_name(f->name));
        if (f->type.kind == WIT_TRAILING)
            fprintf(out, "[] */\n");
        else if (f->type.count)
            fprintf(out, "[%u];\n", f->type.count);
        else
            fprintf(out, ";\n");
    }
}

static void print_definitions(FILE *out, const struct wit *w)
{
    for (uint32_t i = 0; i < w->ndefs; i++) {
        const struct wit_def *d = &w->def[i];
        fprintf(out, "%s %s_%s {\n", d->kind == WIT_RECORD ? "struct" : "enum", c_name(w->name),
                c_name(d->name));
        if (d->kind == WIT_RECORD)
            print_fields(out, w, &d->fields);
        for (uint32_t k = 0; d->kind != WIT_RECORD && k < d->fields.count; k++)
            fprintf(out, "    %s_%s = %s%u,\n", upper(w->name),
                    upper(w->field[d->fields.first + k].name), d->kind == WIT_FLAGS ? "1u << " : "",
                    k);
        fprintf(out, "};\n");
    }
}

static void print_messages(FILE *out, const struct wit *w)
{
    for (uint32_t i = 0; i < w->nops; i++) {
        const struct wit_op *o = &w->op[i];
        fprintf(out, "struct %s_%s_req {\n    uint32_t op;\n", c_name(w->name), c_name(o->name));
        print_fields(out, w, &o->request);
        fprintf(out, "};\n");
        if (!o->answered)
            continue;
        fprintf(out, "struct %s_%s_ans {\n    int32_t status;\n", c_name(w->name),
                c_name(o->name));
        print_fields(out, w, &o->answer);
        fprintf(out, "};\n");
    }
}

static void write_header(const struct file *f, const char *path)
{
    const struct wit *w = f->w;
    FILE *out = fopen(path, "w");

    if (!out)
        give_up(path);
    fprintf(out, "/* Made by ifgen from %s. */\n#ifndef IFACE_%s_H\n#define IFACE_%s_H\n\n"
            "#include <stdint.h>\n\n", f->path, upper(w->name), upper(w->name));
    fprintf(out, "#define IFACE_%s \"%.*s@%s\"\n", upper(w->name), (int)w->name.len, w->name.s,
            f->hex);
    fprintf(out, "#define IFACE_%s_TEXT \"%.*s\"\n\nenum {\n", upper(w->name), (int)f->ncanon,
            f->canon);
    for (uint32_t i = 0; i < w->nops; i++)
        fprintf(out, "    %s_%s = %u,\n", upper(w->name), upper(w->op[i].name), i + 1);
    fprintf(out, "};\n");
    print_definitions(out, w);
    print_messages(out, w);
    fprintf(out, "\n#endif\n");
    if (fclose(out))
        give_up(path);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void print_part(const char *what, const struct contract_part *p)
{
    printf("  %s %u", what, p->min);
    if (p->span)
        printf("-%u", p->min + p->span);
    printf(" bytes");
    if (p->unit > 1)
        printf(" by %u", p->unit);
    if (p->handles || p->more)
        printf(", %u-%u handles", p->handles, p->handles + p->more);
}

static void print_state(const char *before, const struct contract *c, uint8_t state)
{
    if (state != WIT_KEEP)
        printf("%s%.*s", before, (int)c->state_name[state].len, c->state_name[state].s);
}

static int print_table(const struct file *f)
{
    static const char *const ways[] = { "send", "call", "event" };
    struct wit *w = malloc(sizeof *w);
    struct contract *c;

    /* from the canonical text, as the kernel does it */
    if (!w || !wit_parse(w, f->canon, f->ncanon, NULL)
            || !(c = calloc(1, contract_size(w, f->ncanon)))
            || !contract_make(w, f->canon, f->ncanon, f->id, c))
        refuse(f, 0, w && w->error[0] ? w->error : "it names more than 16 other interfaces");
    for (uint32_t i = 0; i < c->nops; i++) {
        const struct contract_op *o = &c->op[i];
        printf("%2u %-16.*s %s", i + 1, (int)c->op_name[i].len, c->op_name[i].s, ways[o->way]);
        print_part("request", &o->request);
        if (o->way == WAY_CALL)
            print_part(" answer", &o->answer);
        for (uint8_t s = 0; c->nstates > 1 && s < c->nstates; s++)
            if (o->from >> s & 1)
                print_state(o->from & ((1u << s) - 1) ? ", " : "  in ", c, s);
        print_state(" -> ", c, o->during);
        print_state(" -> ", c, o->to);
        print_state(" | ", c, o->error);
        printf("\n");
    }
    return 0;
}

static int usage(const char *wrong)
{
    fprintf(stderr, "ifgen: %s\n%s", wrong, help);
    return 2;
}

int main(int argc, char **argv)
{
    const char *out = NULL, *deps = NULL, *print = NULL;
    struct file f = { .path = "" };

    for (int i = 1; i < argc; i++) {
        bool last = i + 1 == argc;
        if (!strcmp(argv[i], "--help"))
            return fputs(help, stdout) == EOF;
        else if (!strcmp(argv[i], "-o") && !last)
            out = argv[++i];
        else if (!strcmp(argv[i], "-d") && !last)
            deps = argv[++i];
        else if (!strcmp(argv[i], "-I") && !last && nfolders < FOLDERS_MAX)
            folders[nfolders++] = argv[++i];
        else if (!strcmp(argv[i], "--id") || !strcmp(argv[i], "--text")
                 || !strcmp(argv[i], "--table"))
            print = argv[i] + 2;
        else if (argv[i][0] == '-' || f.path[0] || strlen(argv[i]) >= PATH_BYTES)
            return usage("cannot make sense of the arguments");
        else
            strcpy(f.path, argv[i]);
    }
    if (!f.path[0] || !out == !print)
        return usage("it needs IN.wit, and either -o or what to print");
    if (deps && out) {
        if (!(depends = fopen(deps, "w")))
            give_up(deps);
        fprintf(depends, "%s:", out);
    }
    load(&f);
    if (depends && (fputc('\n', depends) == EOF || fclose(depends)))
        give_up(deps);
    if (out)
        write_header(&f, out);
    else if (!strcmp(print, "id"))
        printf("%.*s@%s\n", (int)f.w->name.len, f.w->name.s, f.hex);
    else if (!strcmp(print, "text"))
        printf("%.*s\n", (int)f.ncanon, f.canon);
    else
        return print_table(&f);
    return 0;
}
