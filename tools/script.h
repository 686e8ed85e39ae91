/* script.h - one script of the specification's suite, run in this process. */
#ifndef TOOLS_SCRIPT_H
#define TOOLS_SCRIPT_H

#include <stdbool.h>
#include "tests/spec/script.h"
#include "tools/host.h"

/*
 * Runs the script at `path` at this feature set (WASM_F_*); failures go to stdout if `verbose`.
 * With `images` every module goes through a file (image_file.h) before it is instantiated. Before
 * every command and at the end the counts so far are written to `fd`, so that they survive a
 * crash. Loads and keeps many modules: meant for a process of its own.
 */
void script_file(const char *path, uint32_t features, bool verbose, bool images,
                 int fd);

#endif
