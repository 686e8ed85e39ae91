/* script.h - one script of the specification's suite. */
#ifndef TOOLS_SCRIPT_H
#define TOOLS_SCRIPT_H

#include <stdbool.h>
#include "tools/host.h"
#include "tools/json.h"

struct script_result { long passed, total, text, line; };

/*
 * Runs the script at this feature set (WASM_F_*); failures go to stdout if `verbose`. Before every command and at the end the
 * counts so far are written to `fd`, so that they survive a crash. Loads and keeps many modules:
 * meant for a process of its own.
 */
void script_run(const char *path, uint32_t features, bool verbose, int fd);

/* ---- scriptvalue.c: values as the scripts write them ---- */

/* Argument or exact value; false if its type is not known. */
bool script_value(const struct json *j, union wasm_value *v);
/* Is `v`, of type `type`, what `want` allows? */
bool script_match(const struct json *want, uint8_t type, const union wasm_value *v);
/* "i32:5", for messages; returns buf */
const char *script_show(uint8_t type, const union wasm_value *v, char *buf, size_t size);
const char *script_show_want(const struct json *want, char *buf, size_t size);

/* ---- scripthost.c: the module "spectest" ---- */

bool script_spectest(struct wasm_name field, struct wasm_extern *out);

#endif
