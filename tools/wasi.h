/*
 * wasi.h - WASI preview 1 on Linux, for wasmrun and the benchmarks.
 *
 * A program sees its arguments, the environment that it is given, the standard streams, clocks,
 * randomness, and the folders opened for it beforehand, and what lies below them. All else of the
 * host is out of reach.
 */
#ifndef TOOLS_WASI_H
#define TOOLS_WASI_H

#include "wasm/wasm.h"

struct wasi_fd;

struct wasi {                       /* an instance's `embedder`; what is not set is zero */
    int argc;
    char **argv, **env;
    int exit_code;                  /* of proc_exit, when host_call returned HOST_EXIT */
    bool walk;                      /* paths component by component, as on old kernels */
    struct wasi_fd *fds;            /* wasi_fd.c: open descriptors by number */
    uint32_t nfds;
};

/* Resolves an import of "wasi_snapshot_preview1" or its ancestor "wasi_unstable"; false if it is
 * none of their functions. */
bool wasi_resolve(const struct wasm_module *m, uint32_t import, struct wasm_extern *out);
/* Opens a folder of the host for the program under the name `guest`; false with errno set. */
bool wasi_preopen(struct wasi *w, const char *host, const char *guest);

#endif
