/* isel.h - state of the selector, and what isel.c and isel_simd.c share. */
#ifndef WASM_ISEL_H
#define WASM_ISEL_H

#include "wasm/lir.h"

struct isel {
    struct lfunc *l;
    struct ir_func *f;
    struct ir_ins *ins;
    uint32_t *count;        /* references in the IR */
    uint32_t *need;         /* references from emitted instructions */
    uint32_t *epoch;
    uint32_t *blk;
    uint32_t *order, cap_order;
    uint32_t cur, now;      /* block and epoch of the instruction being emitted */
    uint32_t pos;
};

struct lir *isel_put(struct isel *s, int op, int w, uint32_t dst);
uint32_t isel_val(struct isel *s, uint32_t v);      /* v as an operand */
bool isel_single(struct isel *s, uint32_t v);       /* only used here, and of this block */
/* v as the memory operand of x, if it is a load of this kind that can be done there */
bool isel_fold_load(struct isel *s, struct lir *x, uint32_t v, int type, int mem);
void isel_address(struct isel *s, struct lir *x, struct ir_ins *store);

/* isel_simd.c: a vector operation; a store of a vector's lane (false: not that); flags of any_true,
 * zero set if the value is 0 */
void isel_simd(struct isel *s, uint32_t v);
bool isel_store_lane(struct isel *s, struct ir_ins *store);
void isel_any_true(struct isel *s, uint32_t v);

#endif
