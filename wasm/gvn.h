/*
 * gvn.h - between gvn.c (numbering, memory, motion, dead code) and fold.c (algebra).
 */
#ifndef WASM_GVN_H
#define WASM_GVN_H

#include "wasm/ir.h"

struct gvn_slot { uint32_t ins, epoch; };
struct gvn_epoch { uint32_t parent, ins; };     /* ins: the store or global.set that began it */

enum { CLASS_MEMORY, CLASS_GLOBAL, CLASS_SIZE, CLASSES };

struct gvn {
    struct ir_func *f;
    uint32_t block;             /* at hand */
    uint32_t tail;              /* last instruction placed in it */
    uint32_t pos;               /* for new instructions */
    uint32_t *home;             /* block of each instruction, 0 = not placed */
    uint32_t cap_home;
    struct gvn_slot *slots; uint32_t mask, used;
    struct gvn_epoch *epochs; uint32_t nepochs, cap_epochs;
    uint32_t now[CLASSES];      /* epochs at this point */
    uint32_t (*out)[CLASSES];   /* at the end of each block */
    uint8_t *loop_writes;       /* bit per class, for headers */
    bool edges_removed;
};

/* The one instruction for a constant; it stands in the entry block. */
uint32_t gvn_const(struct gvn *g, int type, uint64_t bits);
/* A new instruction, or an old equal one, before the one at hand. aux = operand type (compares). */
uint32_t gvn_make(struct gvn *g, int op, int type, int aux, uint32_t a, uint32_t b);

/*
 * Simplifies instruction i, whose operands are resolved. Returns an equal value, or i itself if it
 * was rewritten in place (and may be simplified again), or 0 if there is nothing to do.
 */
uint32_t fold(struct gvn *g, uint32_t i);

uint32_t fold_bytes(struct gvn *g, uint32_t i);         /* fold_bytes.c: the same for IR_OR */
uint32_t fold_simd(struct gvn *g, uint32_t i);          /* the same for vector operations */

/* gvn.c: an earlier instruction equal to i that is good here, or 0; then i is entered. */
uint32_t gvn_find(struct gvn *g, uint32_t i, uint32_t epoch);

/* gvn_memory.c: an equal value for a load or global.get, or 0 */
uint32_t gvn_load(struct gvn *g, uint32_t i);
uint32_t gvn_global(struct gvn *g, uint32_t i);
void gvn_write(struct gvn *g, uint32_t i);              /* i may write something */
void gvn_scan_writes(struct gvn *g);                    /* fills loop_writes */
void gvn_enter_block(struct gvn *g, uint32_t block);    /* epochs at its start */

/* gvn_edges.c */
void gvn_fold_term(struct gvn *g, uint32_t block);
bool gvn_bury(struct gvn *g, uint32_t block);           /* empties the block if it is dead */
void gvn_relink_dominator(struct gvn *g, uint32_t block);
void gvn_relink_loops(struct ir_func *f);

/* Can this division not trap? */
bool fold_safe_division(const struct ir_func *f, const struct ir_ins *x);

#endif
