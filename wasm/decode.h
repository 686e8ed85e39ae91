/*
 * decode.h - shared by the files of the module decoder: decode.c (sections), segment.c (constant
 * expressions, elements, data) and module.c (what is computed once all sections are known).
 */
#ifndef WASM_DECODE_H
#define WASM_DECODE_H

#include "wasm/arena.h"
#include "wasm/reader.h"

struct decoder {
    struct reader r;
    struct wasm_module *m;
    const struct wasm_options *o;
    struct wasm_error invalid;      /* first violation; malformed bytes after it go before it */
    uint32_t nimport_globals;       /* constant expressions see only these */
    uint32_t ndatas_declared;       /* by the data count section */
    uint32_t const_nesting;         /* blocks open in an invalid constant expression */
    uint32_t ncode;                 /* bodies found */
};

/* Unlike MALFORMED this does not end decoding: nothing after it may rely on what it said. */
#define INVALID(d, ...) \
    wasm_fail(&(d)->invalid, WASM_INVALID, UINT32_MAX, (d)->r.pos, __VA_ARGS__)
#define MALFORMED(d, ...) READER_FAIL(&(d)->r, WASM_MALFORMED, (d)->r.pos, __VA_ARGS__)

void *decode_array(struct decoder *d, size_t n, size_t size);
uint8_t decode_reftype(struct decoder *d);

/* segment.c */
uint64_t constexpr_operate(uint32_t op, uint64_t a, uint64_t b);    /* opcode of add, sub or mul */
void decode_constexpr(struct decoder *d, uint8_t type, struct wasm_constexpr *out);
void decode_elems(struct decoder *d);
void decode_datas(struct decoder *d);

/* module.c */
bool module_valtype(const struct wasm_module *m, uint8_t type);
void module_func_ref(struct wasm_module *m, uint32_t func);
void module_port_import(struct decoder *d, struct wasm_import *im, struct wasm_func *f);
void module_check_exports(struct decoder *d);
void module_finish(struct decoder *d);

#endif
