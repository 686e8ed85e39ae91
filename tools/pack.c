/*
 * pack.c - reads a script as JSON and writes it as commands with values and module bytes in place
 * (the format is in tests/spec/script.h). Numbers are decimal strings of bits, floats too; a float
 * may be "nan:canonical" or "nan:arithmetic"; a v128 is a list of lanes. Commands whose modules are
 * in text form are left out and counted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tests/spec/script.h"
#include "tools/host.h"
#include "tools/json.h"
#include "tools/pack.h"

static void add(struct pack *p, const void *bytes, size_t n)
{
    if (p->size + n > p->capacity) {
        p->capacity = (p->size + n) * 2;
        if (!(p->bytes = realloc(p->bytes, p->capacity))) {
            perror("pack");
            exit(1);
        }
    }
    if (n)
        memcpy(p->bytes + p->size, bytes, n);
    p->size += n;
}

static void add_word(struct pack *p, size_t v)
{
    uint32_t w = (uint32_t)v;

    add(p, &w, sizeof w);
}

static void add_text(struct pack *p, const char *s, size_t n)
{
    add_word(p, n);
    add(p, s, n);
}

/* A string member, nothing if there is none. */
static void add_member(struct pack *p, const struct json *j, const char *key)
{
    const struct json *s = json_get(j, key);
    bool is = s && s->type == JSON_STRING;

    add_text(p, is ? s->s : "", is ? s->len : 0);
}

void pack_begin(struct pack *p)
{
    memset(p, 0, sizeof *p);
    add(p, PACK_MAGIC, strlen(PACK_MAGIC));
}

/* ---- values -------------------------------------------------------------------------------- */

static bool is(const char *s, const char *t)
{
    return strcmp(s, t) == 0;
}

static uint64_t bits_of(const char *s)
{
    return *s == '-' ? (uint64_t)strtoll(s, NULL, 10) : strtoull(s, NULL, 10);
}

static void lane(struct script_value *v, unsigned i, const char *s)
{
    uint64_t bits = 0;

    if (is(s, "nan:canonical"))
        v->canonical |= (uint16_t)(1u << i);
    else if (is(s, "nan:arithmetic"))
        v->arithmetic |= (uint16_t)(1u << i);
    else
        bits = bits_of(s);
    memcpy(v->bits + i * v->lane, &bits, v->lane);
}

static struct script_value number(uint8_t type, unsigned bytes, const char *s)
{
    struct script_value v = { .kind = VALUE_BITS, .type = type, .lane = (uint8_t)bytes };

    lane(&v, 0, s);
    return v;
}

static struct script_value vector(const struct json *j)
{
    const char *type = json_str(j, "lane_type", "i8");
    const struct json *lanes = json_get(j, "value");
    struct script_value v = { .kind = VALUE_BITS, .type = WASM_V128 };
    unsigned i = 0;

    v.lane = is(type, "i8") ? 1 : is(type, "i16") ? 2 : is(type, "i32") || is(type, "f32") ? 4 : 8;
    for (lanes = lanes ? lanes->first : NULL; lanes && i * v.lane < 16; lanes = lanes->next)
        lane(&v, i++, lanes->type == JSON_STRING ? lanes->s : "0");
    if (i * v.lane != 16)
        v.kind = VALUE_UNKNOWN;
    return v;
}

static struct script_value reference(uint8_t type, const char *s)
{
    struct script_value v = { .kind = VALUE_ANY_REF, .type = type, .lane = 8 };
    uint64_t n;

    if (is(s, "null"))
        v.kind = VALUE_NULL;
    else if (*s && type == WASM_EXTERNREF) {
        v.kind = VALUE_BITS;
        n = bits_of(s) + 1;
        memcpy(v.bits, &n, sizeof n);
    }
    return v;
}

static struct script_value value(const struct json *j)
{
    const char *type = json_str(j, "type", ""), *s = json_str(j, "value", "");

    if (is(type, "i32"))
        return number(WASM_I32, 4, s);
    if (is(type, "i64"))
        return number(WASM_I64, 8, s);
    if (is(type, "f32"))
        return number(WASM_F32, 4, s);
    if (is(type, "f64"))
        return number(WASM_F64, 8, s);
    if (is(type, "v128"))
        return vector(j);
    if (is(type, "funcref"))
        return reference(WASM_FUNCREF, s);
    if (is(type, "externref"))
        return reference(WASM_EXTERNREF, s);
    if (is(type, "exnref"))
        return reference(WASM_EXNREF, s);
    if (is(type, "refnull") || is(s, "null"))
        return (struct script_value){ .kind = VALUE_NULL };
    return (struct script_value){ .kind = VALUE_UNKNOWN };
}

static uint32_t add_values(struct pack *p, const struct json *list, bool alternatives)
{
    struct script_value v;
    uint32_t n = 0;

    for (const struct json *j = list ? list->first : NULL; j; j = j->next) {
        if (is(json_str(j, "type", ""), "either")) {
            n += add_values(p, json_get(j, "values"), true);
            continue;
        }
        v = value(j);
        v.more = alternatives && j->next;
        add(p, &v, sizeof v);
        n++;
    }
    return n;
}

/* ---- commands ------------------------------------------------------------------------------ */

static enum script_kind kind_of(const char *type)
{
    static const char *const names[] = {
#define X(id, name) [SCRIPT_##id] = name,
        SCRIPT_KINDS(X)
#undef X
    };
    unsigned i = 0;

    while (i < SCRIPT_KIND_COUNT && !is(names[i], type))
        i++;
    return i;
}

static void add_names(struct pack *p, const struct json *c, enum script_kind kind)
{
    const struct json *action = json_get(c, "action");

    if (action) {
        add_member(p, action, "module");
        add_member(p, action, "field");
    } else if (kind == SCRIPT_INSTANCE) {
        add_member(p, c, "instance");
        add_member(p, c, "module");
    } else {
        add_member(p, c, "name");
        add_member(p, c, "as");
    }
    add_member(p, c, "text");
}

static bool add_module(struct pack *p, const struct json *c, const char *dir)
{
    char path[8192];
    size_t size = 0;
    uint8_t *bytes;

    if (!json_get(c, "filename")) {
        add_word(p, 0);
        return true;
    }
    snprintf(path, sizeof path, "%s/%s", dir, json_str(c, "filename", ""));
    if (!(bytes = host_read_file(path, &size)))
        return false;
    add_text(p, (char *)bytes, size);
    free(bytes);
    return true;
}

static bool add_command(struct pack *p, const struct json *c, const char *dir)
{
    enum script_kind kind = kind_of(json_str(c, "type", ""));
    const struct json *action = json_get(c, "action");
    uint8_t head[2] = { (uint8_t)kind, 0 };
    uint32_t counts[2] = { 0, 0 };
    size_t at;

    if (action)
        head[1] |= SCRIPT_ACTS | (is(json_str(action, "type", ""), "get") ? SCRIPT_GET : 0);
    if (json_get(c, "filename"))
        head[1] |= SCRIPT_HAS_MODULE;
    add(p, head, sizeof head);
    add_word(p, (size_t)json_int(c, "line", 0));
    add_names(p, c, kind);
    if (!add_module(p, c, dir))
        return false;
    at = p->size;
    add(p, counts, sizeof counts);
    counts[0] = add_values(p, json_get(action, "args"), false);
    if (kind == SCRIPT_RETURN)
        counts[1] = add_values(p, json_get(c, "expected"), false);
    memcpy(p->bytes + at, counts, sizeof counts);
    return true;
}

const char *pack_script(struct pack *p, const char *path, const char *name, uint32_t features)
{
    const char *slash = strrchr(path, '/');
    const struct json *j, *c;
    uint32_t head[4] = { features, 0, 0, 0 };
    size_t size = 0, at;
    char dir[4096];
    uint8_t *text = host_read_file(path, &size);
    int line;

    if (!text)
        return strerror(errno);
    if (!(j = json_parse((const char *)text, size, &line)) || !(c = json_get(j, "commands")))
        return "not a script";
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    add_text(p, name, strlen(name));
    at = p->size;
    add(p, head, sizeof head);
    for (c = c->first; c; c = c->next) {
        if (is(json_str(c, "module_type", ""), "text")) {
            head[1]++;
            continue;
        }
        head[2]++;
        if (!add_command(p, c, dir))
            return "a module of it cannot be read";
    }
    head[3] = (uint32_t)(p->size - at - sizeof head);
    memcpy(p->bytes + at, head, sizeof head);
    return NULL;
}
