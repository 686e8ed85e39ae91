/*
 * wit.c - the grammar of an interface's text, and where in a message everything stands.
 *
 *   text      = [package NAME : NAME ;] [@states NAME.. ;] interface NAME { item.. }
 *   item      = record NAME { NAME : fixed ,.. } | enum NAME { NAME ,.. } | flags NAME { NAME ,.. }
 *             | note.. NAME : func ( NAME : type ,.. ) [-> ( NAME : type ,.. )] ;
 *   note      = @event ; | @max NAME NUMBER ; | @state FROM ,.. [-> DURING] [-> TO] [| ERROR] ;
 *   type      = fixed | string | list<element> | own<NAME> | option<own<NAME>>
 *   fixed     = element | list<element, NUMBER>
 *   element   = u8 .. u64 | s8 .. s64 | NAME of a definition above
 *
 * In a message stand the operation (or the status), the parameters of fixed size as fields of a C
 * structure with its natural alignment, and behind it the bytes of at most one string or list.
 * Handles travel beside the bytes, those that may be missing last. sips/iface/README.md says what
 * notes mean.
 */
#include "kernel/wit_parser.h"
#include "kernel/abi.h"
#include "kernel/string.h"

#define LIST_MAX 4096u              /* elements of a list of fixed length */

_Static_assert(WIT_HANDLES_MAX == MSG_HANDLES_MAX, "as many as go with a message");

static const struct wit_name none = { "", 0 };

/* ---- types ----------------------------------------------------------------------------------- */

static bool number_type(struct wit_type *t)
{
    static const char *const numbers[] = { "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64" };

    for (unsigned i = 0; i < 8; i++)
        if (wit_is(t->name, numbers[i])) {
            t->size = t->align = 1u << i % 4;
            return true;
        }
    return false;
}

/* An element: a number or a definition. */
static void element(struct parser *ps, struct wit_type *t)
{
    const char *at = ps->tok.s;
    struct wit *w = ps->w;

    t->name = token_name(ps);
    t->size = t->align = 1;
    if (ps->failed || number_type(t))
        return;
    for (uint32_t i = 0; i < w->ndefs; i++)
        if (name_same(w->def[i].name, t->name)) {
            t->def = (uint16_t)(i + 1);
            t->size = w->def[i].fields.size;
            t->align = w->def[i].fields.align;
            return;
        }
    token_fail(ps, at, "unknown type '%'; there are u8-u64, s8-s64, string, list<T>, list<T, N>, "
               "own<NAME>, and what is defined above", t->name);
}

const char *const wit_handle_names[WIT_HANDLE_KINDS] = {
    [HANDLE_CHANNEL] = "channel", [HANDLE_IRQ] = "interrupt", [HANDLE_PROCESS] = "process",
    [HANDLE_BLOCK] = "block",
};

unsigned wit_handle_kind(struct wit_name n)
{
    for (unsigned k = 0; k < WIT_HANDLE_KINDS; k++)
        if (wit_handle_names[k] && wit_is(n, wit_handle_names[k]))
            return k;
    return 0;
}

static void handle_type(struct parser *ps, struct wit_type *t)
{
    const char *at, *id = NULL;

    t->kind = WIT_HANDLE;
    token_expect(ps, "<");
    at = ps->tok.s;
    if (!ps->src && ps->tok.len > WIT_ID_DIGITS
            && ps->tok.s[ps->tok.len - WIT_ID_DIGITS - 1] == '@') {
        id = ps->tok.s + ps->tok.len - WIT_ID_DIGITS;
        ps->tok.len -= WIT_ID_DIGITS + 1;
    }
    t->name = ps->tok;
    if (t->name.len > 1 && *t->name.s == '%')
        t->name = (struct wit_name){ t->name.s + 1, t->name.len - 1 };
    if (ps->src && t->name.len && !wit_handle_kind(t->name) && !name_same(t->name, ps->w->name)) {
        const char *found = ps->src->id_of(ps->src->ctx, t->name);
        if (found) {
            token_add(ps, "@", 1);
            token_add(ps, found, WIT_ID_DIGITS);
        } else {
            token_fail(ps, at, "there is no interface '%' beside this one; of none are "
                       "own<channel>, own<process>, own<block> and own<interrupt>", t->name);
        }
        id = found;
    }
    t->name = token_name(ps);
    for (unsigned i = 0; !ps->src && id && i < WIT_ID_DIGITS; i++)
        if ((id[i] < '0' || id[i] > '9') && (id[i] < 'a' || id[i] > 'f'))
            token_fail(ps, at, "own<%> with an id that is no hash", t->name);
    t->id = id;
    if (!ps->failed && !id && !wit_handle_kind(t->name) && !name_same(t->name, ps->w->name))
        token_fail(ps, at, "own<%> without the interface's id", t->name);
    token_expect(ps, ">");
}

static void list_type(struct parser *ps, struct wit_type *t)
{
    const char *at;

    token_expect(ps, "<");
    at = ps->tok.s;
    element(ps, t);
    t->kind = WIT_TRAILING;
    if (token_accept(ps, ",")) {
        t->kind = WIT_FIXED;
        t->count = token_number(ps, LIST_MAX, "a length from 1 to 4096");
        if (t->count * t->size > MSG_BYTES_MAX)
            token_fail(ps, at, "larger than a message can be, 8192 bytes", none);
    }
    token_expect(ps, ">");
}

static void type(struct parser *ps, struct wit_type *t)
{
    memset(t, 0, sizeof *t);
    t->most = UINT32_MAX;
    t->size = t->align = 1;
    t->name = ps->tok;
    if (token_accept(ps, "string")) {
        t->kind = WIT_TRAILING;
    } else if (token_accept(ps, "list")) {
        list_type(ps, t);
    } else if (token_accept(ps, "own")) {
        handle_type(ps, t);
    } else if (token_accept(ps, "option")) {
        token_expect(ps, "<");
        token_expect(ps, "own");
        handle_type(ps, t);
        token_expect(ps, ">");
        t->optional = true;
    } else {
        element(ps, t);
    }
}

/* ---- structures ------------------------------------------------------------------------------ */

/* Room for one more field; NULL after an error. */
static struct wit_field *new_field(struct parser *ps, struct wit_fields *list)
{
    struct wit *w = ps->w;

    if (w->nfields == WIT_FIELDS_MAX)
        token_fail(ps, ps->tok.s, "more than 512 fields in all; split the interface", none);
    if (ps->failed)
        return NULL;
    list->count++;
    return &w->field[w->nfields++];
}

static void check_name(struct parser *ps, const struct wit_fields *list, const char *at)
{
    const struct wit_field *f = ps->w->field + list->first;

    for (uint32_t i = 0; i + 1 < list->count; i++)
        if (name_same(f[i].name, f[list->count - 1].name))
            token_fail(ps, at, "'%' is here twice; rename one", f[i].name);
}

/* A field of fixed size joins the C structure. */
static void place(struct parser *ps, struct wit_fields *list, const struct wit_type *t,
                  const char *at)
{
    uint32_t bytes = t->size * (t->count ? t->count : 1);

    list->size = (list->size + t->align - 1) / t->align * t->align + bytes;
    if (t->align > list->align)
        list->align = t->align;
    if (list->size > MSG_BYTES_MAX)
        token_fail(ps, at, "with this the structure is larger than a message, 8192 bytes", none);
}

static void finish(struct wit_fields *list)
{
    list->size = (list->size + list->align - 1) / list->align * list->align;
}

static struct wit_fields begin(struct parser *ps, uint32_t head)
{
    return (struct wit_fields){ (uint16_t)ps->w->nfields, 0, head, head ? head : 1 };
}

/* May a field of type t follow those of the message that `list` holds? */
static void check_order(struct parser *ps, const struct wit_fields *list, const struct wit_type *t,
                        const char *at)
{
    const struct wit_field *f = ps->w->field + list->first;
    uint32_t handles = 0;

    for (uint32_t i = 0; i + 1 < list->count; i++) {
        if (f[i].type.kind == WIT_TRAILING && t->kind != WIT_HANDLE)
            token_fail(ps, at, "only a handle can follow a string or list; put '%' last",
                       f[i].name);
        if (f[i].type.kind == WIT_HANDLE && f[i].type.optional && t->kind == WIT_HANDLE
                && !t->optional)
            token_fail(ps, at, "a handle that may be missing comes last; put it behind this", none);
        handles += f[i].type.kind == WIT_HANDLE;
    }
    if (t->kind == WIT_HANDLE && handles == WIT_HANDLES_MAX)
        token_fail(ps, at, "more than 4 handles in a message", none);
}

/* Parameters or results, in parentheses. */
static void message(struct parser *ps, struct wit_fields *list)
{
    *list = begin(ps, 4);
    token_expect(ps, "(");
    while (!ps->failed && !token_is(ps, ")")) {
        const char *at = ps->tok.s;
        struct wit_field *f = new_field(ps, list);
        if (!f)
            return;
        f->name = token_name(ps);
        check_name(ps, list, at);
        token_expect(ps, ":");
        type(ps, &f->type);
        check_order(ps, list, &f->type, at);
        if (f->type.kind == WIT_FIXED)
            place(ps, list, &f->type, at);
        if (!token_accept(ps, ","))
            break;
    }
    token_expect(ps, ")");
    finish(list);
}

static void record(struct parser *ps, struct wit_def *d)
{
    d->fields = begin(ps, 0);
    while (!ps->failed && !token_is(ps, "}")) {
        const char *at = ps->tok.s;
        struct wit_field *f = new_field(ps, &d->fields);
        if (!f)
            return;
        f->name = token_name(ps);
        check_name(ps, &d->fields, at);
        token_expect(ps, ":");
        at = ps->tok.s;
        type(ps, &f->type);
        if (f->type.kind != WIT_FIXED)
            token_fail(ps, at, "a record holds only types of fixed size; a string in it is "
                       "list<u8, N>", none);
        place(ps, &d->fields, &f->type, at);
        if (!token_accept(ps, ","))
            break;
    }
    finish(&d->fields);
    if (!d->fields.count)
        token_fail(ps, ps->tok.s, "an empty record", none);
}

/* enum and flags: names of values, kept as fields; in a message they are a u32. */
static void values(struct parser *ps, struct wit_def *d)
{
    d->fields = begin(ps, 4);
    while (!ps->failed && !token_is(ps, "}")) {
        const char *at = ps->tok.s;
        struct wit_field *f = new_field(ps, &d->fields);
        if (!f)
            return;
        memset(f, 0, sizeof *f);
        f->name = token_name(ps);
        check_name(ps, &d->fields, at);
        if (d->kind == WIT_FLAGS && d->fields.count > 32)
            token_fail(ps, at, "more than 32 flags; they are bits of a u32", none);
        if (!token_accept(ps, ","))
            break;
    }
}

static void definition(struct parser *ps, unsigned kind)
{
    struct wit *w = ps->w;
    struct wit_def d = { .kind = kind };
    const char *at = ps->tok.s;

    d.name = token_name(ps);
    for (uint32_t i = 0; i < w->ndefs; i++)
        if (name_same(w->def[i].name, d.name))
            token_fail(ps, at, "'%' is defined twice; rename one", d.name);
    if (w->ndefs == WIT_DEFS_MAX)
        token_fail(ps, at, "more than 64 definitions; split the interface", none);
    token_expect(ps, "{");
    if (kind == WIT_RECORD)
        record(ps, &d);
    else
        values(ps, &d);
    token_expect(ps, "}");
    if (!ps->failed)
        w->def[w->ndefs++] = d;
}

/* ---- operations ------------------------------------------------------------------------------ */

static void check_op(struct parser *ps, const struct notes *n, const char *at)
{
    const struct wit_op *o = &ps->w->op[ps->w->nops - 1];

    for (uint32_t i = 0; i + 1 < ps->w->nops; i++)
        if (name_same(ps->w->op[i].name, o->name))
            token_fail(ps, at, "'%' is here twice; rename one", o->name);
    if (n->max_of.len)
        token_fail(ps, at, "@max names no string or list of '%'", o->name);
    if (o->event && o->answered)
        token_fail(ps, at, "'%' is an event, which has no answer; take `-> ..` away", o->name);
    if (!o->answered && (o->during != WIT_KEEP || o->error != WIT_KEEP))
        token_fail(ps, at, "'%' has no answer; its note is @state FROM -> TO", o->name);
}

static void operation(struct parser *ps)
{
    struct notes n = { .op = { .from = UINT32_MAX, .during = WIT_KEEP, .to = WIT_KEEP,
                               .error = WIT_KEEP } };
    struct wit *w = ps->w;
    const char *at;

    while (!ps->failed && ps->tok.len && *ps->tok.s == '@')
        note_read(ps, &n);
    at = ps->tok.s;
    n.op.name = token_name(ps);
    n.op.event = n.event;
    token_expect(ps, ":");
    token_expect(ps, "func");
    message(ps, &n.op.request);
    note_limit(ps, &n.op.request, &n);
    if ((n.op.answered = token_accept(ps, "->"))) {
        message(ps, &n.op.answer);
        note_limit(ps, &n.op.answer, &n);
    }
    token_expect(ps, ";");
    if (w->nops == WIT_OPS_MAX)
        token_fail(ps, at, "more than 64 operations; split the interface", none);
    if (ps->failed)
        return;
    w->op[w->nops++] = n.op;
    check_op(ps, &n, at);
}

static void interface(struct parser *ps)
{
    struct wit *w = ps->w;

    token_next(ps);
    if (token_accept(ps, "package")) {
        token_name(ps);
        token_expect(ps, ":");
        token_name(ps);
        token_expect(ps, ";");
    }
    if (token_accept(ps, "@states")) {
        note_states(ps);
        token_expect(ps, ";");
    }
    token_expect(ps, "interface");
    w->name = token_name(ps);
    token_expect(ps, "{");
    while (!ps->failed && !token_is(ps, "}")) {
        if (token_accept(ps, "record"))
            definition(ps, WIT_RECORD);
        else if (token_accept(ps, "enum"))
            definition(ps, WIT_ENUM);
        else if (token_accept(ps, "flags"))
            definition(ps, WIT_FLAGS);
        else
            operation(ps);
    }
    token_expect(ps, "}");
    if (ps->tok.len)
        token_fail(ps, ps->tok.s, "one interface a file: nothing may follow it", none);
    note_check_states(ps);
}

bool wit_parse(struct wit *w, const char *text, size_t n, struct wit_source *src)
{
    struct parser ps = { .w = w, .text = text, .p = text, .end = text + n, .src = src };

    memset(w, 0, sizeof *w);
    w->nstates = 1;
    if (!src && n > WIT_TEXT_MAX)
        token_fail(&ps, text, "the text is longer than 8192 bytes", none);
    else
        interface(&ps);
    return !ps.failed;
}
