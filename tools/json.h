/* json.h - a small JSON reader (RFC 8259): a tree of values. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdbool.h>
#include <stddef.h>

enum json_type {
    JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT
};

struct json {
    enum json_type type;
    double number;
    const char *s;              /* strings: bytes, terminated; may hold zeroes */
    size_t len;
    const char *key;            /* name, as a member of an object */
    struct json *first, *next;  /* members or elements; next sibling */
};

/* NULL on error, with *line set to where. Everything is kept until the program ends. */
struct json *json_parse(const char *text, size_t size, int *line);
/* Member of an object, or NULL (also when j is NULL or no object). */
const struct json *json_get(const struct json *j, const char *key);
/* String member, or `otherwise`. */
const char *json_str(const struct json *j, const char *key, const char *otherwise);
long json_int(const struct json *j, const char *key, long otherwise);

#endif
