/* wasi_beneath.h - opens what lies below a folder, and nothing else. */
#ifndef TOOLS_WASI_BENEATH_H
#define TOOLS_WASI_BENEATH_H

#include <sys/types.h>
#include "tools/wasi.h"

/* openat, close-on-exec; -1 with errno EXDEV when the path leads out of the folder `dir`. */
int wasi_beneath_open(struct wasi *w, int dir, const char *path, int flags, mode_t mode);

#endif
