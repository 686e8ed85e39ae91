/* wasi.h - WASI preview 1 for wasmrun: arguments, standard streams, clocks, randomness, exit. */
#ifndef TOOLS_WASI_H
#define TOOLS_WASI_H

#include "wasm/wasm.h"

struct wasi {                       /* an instance's `embedder` */
    int argc;
    char **argv, **env;
    int exit_code;                  /* of proc_exit, when host_call returned HOST_EXIT */
};

/* Resolves an import of "wasi_snapshot_preview1"; false if there is no such function. */
bool wasi_resolve(const struct wasm_module *m, uint32_t import, struct wasm_extern *out);

#endif
