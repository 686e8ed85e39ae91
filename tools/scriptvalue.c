/*
 * scriptvalue.c - values of the scripts. Numbers are decimal strings of bits, floats too; a float
 * may be "nan:canonical" or "nan:arithmetic" (core 2.0, 4.3.3); a v128 is a list of lanes.
 * External references are numbers: n is held as n + 1, since null is null.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "tools/script.h"

static bool is(const char *s, const char *t)
{
    return strcmp(s, t) == 0;
}

static uint64_t bits_of(const char *s)
{
    return *s == '-' ? (uint64_t)strtoll(s, NULL, 10) : strtoull(s, NULL, 10);
}

/* ---- lanes --------------------------------------------------------------------------------- */

static unsigned lane_bytes(const char *type)
{
    return is(type, "i8") ? 1 : is(type, "i16") ? 2 : is(type, "i32") || is(type, "f32") ? 4 : 8;
}

/* canonical: the quiet bit alone; arithmetic: the quiet bit and perhaps others */
static bool nan_matches(const char *kind, uint64_t bits, unsigned bytes)
{
    uint64_t quiet = bytes == 4 ? 0x7fc00000u : 0x7ff8000000000000u;
    uint64_t magnitude = bits & (bytes == 4 ? 0x7fffffffu : 0x7fffffffffffffffu);

    return is(kind, "nan:canonical") ? magnitude == quiet : (magnitude & quiet) == quiet;
}

static bool number_matches(const char *want, uint64_t got, unsigned bytes)
{
    uint64_t mask = bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1;

    if (strncmp(want, "nan:", 4) == 0)
        return nan_matches(want, got & mask, bytes);
    return ((bits_of(want) ^ got) & mask) == 0;
}

static bool vector_value(const struct json *j, union wasm_value *v)
{
    unsigned n = lane_bytes(json_str(j, "lane_type", "i8")), at = 0;
    const struct json *lanes = json_get(j, "value");

    for (lanes = lanes ? lanes->first : NULL; lanes && at + n <= 16; lanes = lanes->next, at += n) {
        uint64_t bits = bits_of(lanes->s);
        memcpy(v->v128 + at, &bits, n);
    }
    return at == 16;
}

static bool vector_matches(const struct json *want, const union wasm_value *v)
{
    unsigned n = lane_bytes(json_str(want, "lane_type", "i8")), at = 0;
    const struct json *lanes = json_get(want, "value");

    for (lanes = lanes ? lanes->first : NULL; lanes && at + n <= 16; lanes = lanes->next, at += n) {
        uint64_t bits = 0;
        memcpy(&bits, v->v128 + at, n);
        if (!number_matches(lanes->s, bits, n))
            return false;
    }
    return at == 16;
}

/* ---- values -------------------------------------------------------------------------------- */

bool script_value(const struct json *j, union wasm_value *v)
{
    const char *type = json_str(j, "type", ""), *s = json_str(j, "value", "null");

    memset(v, 0, sizeof *v);
    if (is(type, "i32") || is(type, "f32"))
        v->i32 = (uint32_t)bits_of(s);
    else if (is(type, "i64") || is(type, "f64"))
        v->i64 = bits_of(s);
    else if (is(type, "v128"))
        return vector_value(j, v);
    else if (is(type, "externref"))
        v->ref = is(s, "null") ? NULL : (void *)(uintptr_t)(bits_of(s) + 1);
    else
        return is(type, "refnull") || is(type, "funcref") || is(type, "exnref");
    return true;
}

bool script_match(const struct json *want, uint8_t type, const union wasm_value *v)
{
    const char *t = json_str(want, "type", ""), *s = json_str(want, "value", "");

    if (is(t, "either")) {
        const struct json *w = json_get(want, "values");
        for (w = w ? w->first : NULL; w; w = w->next)
            if (script_match(w, type, v))
                return true;
        return false;
    }
    if (is(t, "i32"))
        return type == WASM_I32 && number_matches(s, v->i32, 4);
    if (is(t, "i64"))
        return type == WASM_I64 && number_matches(s, v->i64, 8);
    if (is(t, "f32"))
        return type == WASM_F32 && number_matches(s, v->i32, 4);
    if (is(t, "f64"))
        return type == WASM_F64 && number_matches(s, v->i64, 8);
    if (is(t, "v128"))
        return type == WASM_V128 && vector_matches(want, v);
    if (is(t, "refnull") || is(s, "null"))
        return (type == WASM_FUNCREF || type == WASM_EXTERNREF || type == WASM_EXNREF) && !v->ref;
    if (is(t, "funcref"))
        return type == WASM_FUNCREF && v->ref;
    if (is(t, "exnref"))
        return type == WASM_EXNREF && v->ref;
    if (is(t, "externref"))
        return type == WASM_EXTERNREF && v->ref && (!*s || (uintptr_t)v->ref == bits_of(s) + 1);
    return false;
}

const char *script_show(uint8_t type, const union wasm_value *v, char *buf, size_t size)
{
    switch (type) {
    case WASM_I32:
        snprintf(buf, size, "i32:%" PRIu32, v->i32);
        break;
    case WASM_I64:
        snprintf(buf, size, "i64:%" PRIu64, v->i64);
        break;
    case WASM_F32:
        snprintf(buf, size, "f32:%" PRIu32 " (%.9g)", v->i32, (double)v->f32);
        break;
    case WASM_F64:
        snprintf(buf, size, "f64:%" PRIu64 " (%.17g)", v->i64, v->f64);
        break;
    case WASM_V128: {
        uint64_t w[2];
        memcpy(w, v, sizeof w);
        snprintf(buf, size, "v128:%016" PRIx64 "%016" PRIx64, w[1], w[0]);
        break;
    }
    default:
        snprintf(buf, size, "%s:%p", type == WASM_FUNCREF ? "funcref" : "externref", v->ref);
    }
    return buf;
}

const char *script_show_want(const struct json *want, char *buf, size_t size)
{
    snprintf(buf, size, "%s:%s", json_str(want, "type", "?"), json_str(want, "value", "(list)"));
    return buf;
}
