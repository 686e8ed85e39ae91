/* moves.h - the order of moves that happen at once. */
#ifndef WASM_MOVES_H
#define WASM_MOVES_H

#include <stdint.h>

enum { MOVE_OUTSIDE = 0xffffffff, MOVE_HELD = 0xfffffffe };

/* Places are numbers below moves.nplaces, or MOVE_OUTSIDE: a target nobody reads, a constant
   source. */
struct place_move { uint32_t to, from; };

enum move_step {
    MOVE_STEP,      /* move k, from place `from` */
    MOVE_SWAP,      /* exchange the contents of k's places */
    MOVE_SAVE,      /* source of k to the scratch register */
    MOVE_RESTORE,   /* scratch register to the target of k; nothing else used it since MOVE_SAVE */
};

struct moves {
    struct place_move *m;  /* room for the largest set; not const: sources change */
    uint32_t *queue;                        /* as many */
    uint32_t *readers, *reader, *writer;    /* nplaces each, zero between calls */
    uint32_t nswap;                         /* two places below this can be exchanged */
    void (*step)(void *ctx, int kind, uint32_t k, uint32_t from);
    void *ctx;
};

/* Calls step() so that m[0 .. n) seem to happen at once. No place is the target of two. Time O(n).
   */
void moves_run(struct moves *w, uint32_t n);

#endif
