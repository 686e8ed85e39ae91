/* play.h - one module played: every exported function called, and what is left then shown. */
#ifndef FUZZ_PLAY_H
#define FUZZ_PLAY_H

#include "tools/host.h"

/* Calls everything and prints results, logs, globals, tables and memories; run.js is the twin. */
void play(const struct host_module *m);

/*
 * The same, printed as a script in the JSON form of wast2json: each call with the result that it
 * had here as the expected one. `file` is the module's path in the script; imports come from the
 * module "support.wasm" beside it (support.wat).
 */
void play_script(const struct host_module *m, const char *file);

#endif
