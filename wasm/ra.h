/* ra.h - state of the register allocator, shared by uses.c and ra.c. */
#ifndef WASM_RA_H
#define WASM_RA_H

#include "wasm/lir.h"

struct live_use { uint32_t block, v; };     /* v is used in a block that does not define it */

/* mask of the registers that hold a value, and which */
struct regs { uint32_t used; uint32_t val[32]; };

struct ra {
    struct lfunc *l;
    struct ir_func *f;
    struct regs now;            /* vreg in each register, 0 = free */
    uint8_t *regof;             /* per vreg: register now, or NOREG */
    uint8_t *hint;              /* per vreg: register it would like, or NOREG */
    uint32_t *phi_of;           /* per vreg: a phi that it flows into */
    uint32_t *touched;  /* per vreg: lir index of the last instruction that used its register */
    struct regs **snap;         /* per block: registers at its end */
    struct regs **unwind;       /* per block with a landing block: registers before the call */
    struct regs **head;         /* per loop header: registers at its start */
    uint32_t *edge_base;        /* per block: edge of its first predecessor */
    uint32_t *dom_in, *dom_out; /* dominator tree intervals */
    uint32_t *loop_jump;        /* uses.c: per header, one further out; NULL: not made */
    uint32_t *live_id;  /* per vreg that crosses blocks: its bit in the sets; NULL: no sets */
    uint64_t *live_in, *live_out;   /* per block: live_words words */
    uint32_t live_words;
    struct live_use *pairs; uint32_t npairs, cappairs;
    uint32_t ints, vecs;        /* registers that values may have */
    uint32_t random;            /* state of the stress mode's choices; 0: off */
    uint32_t at;                /* lir index of the instruction being allocated */
    uint32_t cur;               /* its block */
    uint32_t locked;            /* registers that it uses already */
    bool has_vconst;            /* some are used: */
    uint32_t *vconst, nvconst;  /* constants of vector registers */
    uint32_t next_call;         /* index in call_at of the next call, counted down */
};

/* The vreg that stands for an IR value: extensions from i32 are free. */
static inline uint32_t ra_vreg(const struct ra *ra, uint32_t v)
{
    while (ra->f->ins[v].op == IR_EXTU)
        v = ra->f->ins[v].a;
    return v;
}

void ra_uses(struct ra *ra);
void ra_live(struct ra *ra, const struct live_use *pairs, uint32_t n);

#endif
