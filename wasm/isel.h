/*
 * isel.h - state of the selector and what its files share:
 *
 *   isel.c          the walk over blocks, terminators, the dispatch
 *   isel_operand.c  operands: values, bounds of addresses, loads folded into their user
 *   isel_flags.c    compares and tests for branches, selects and setcc
 *   isel_int.c      integer operations
 *   isel_memory.c   stores, atomic operations, globals, calls
 *   isel_late.c     values that move to their only user
 *   isel_simd.c     vectors
 */
#ifndef WASM_ISEL_H
#define WASM_ISEL_H

#include "wasm/lir.h"
#include "wasm/range.h"

#define NEED_PHI 0x80000000u    /* in need[]: a phi wants it */
#define FOLDED UINT32_MAX      /* in count[]: computed as part of its user, or written already */

/* room for values that move; late_live, if not under stress */
enum { ISEL_LATE = 64, LATE_LIVE = 6 };

struct isel {
    struct lfunc *l;
    struct ir_func *f;
    struct ir_ins *ins;
    uint32_t *count;        /* references in the IR */
    uint32_t *need;         /* references from emitted instructions, NEED_PHI */
    uint32_t *epoch;
    uint32_t *blk;
    uint32_t *order, cap_order;
    uint32_t cur, now;      /* block and epoch of the instruction being emitted */
    uint32_t pos;
    uint32_t live[2];       /* integers, vectors: needed below, not written yet */
    uint32_t late_live;     /* values move where more integers or vectors than this are alive */
    uint32_t late[ISEL_LATE], nlate;    /* values to be written next, from the end */
};

/* How a condition comes about: cc holds after isel_flags. cmp = the compare to do, or 0: test v.
 * bit = the conjunction that is one bit of a value, or 0. */
struct flags { uint8_t cc; uint32_t cmp, v, bit; };

static inline int isel_width(int type)
{
    return type == T_I32 || type == T_F32 ? 4 : type == T_V128 ? 16 : 8;
}

static inline bool isel_const(struct isel *s, uint32_t v, uint64_t *k)
{
    if (s->ins[v].op != IR_CONST)
        return false;
    *k = ir_imm(&s->ins[v]);
    return true;
}

static inline bool isel_int_compare(int op) { return op >= IR_EQ && op <= IR_GEU; }
static inline bool isel_float_compare(int op) { return op >= IR_FEQ && op <= IR_FGE; }

/* only used here, and defined in this block: may be computed as part of its user */
static inline bool isel_single(struct isel *s, uint32_t v)
{
    return s->count[v] == 1 && s->blk[v] == s->cur;
}

/* v as an operand: of 64 bits and floats; of which only the low 32 bits matter; of width w */
static inline uint32_t isel_val(struct isel *s, uint32_t v)
{
    while (s->ins[v].op == IR_EXTU)
        v = s->ins[v].a;
    if (!(s->need[v]++ & ~NEED_PHI) && s->ins[v].op != IR_CONST)
        s->live[ir_is_vec(s->ins[v].type)]++;
    return v;
}

static inline uint32_t isel_val32(struct isel *s, uint32_t v)
{
    return isel_val(s, s->ins[v].op == IR_WRAP ? s->ins[v].a : v);
}

static inline uint32_t isel_valw(struct isel *s, uint32_t v, int w)
{
    return w == 4 ? isel_val32(s, v) : isel_val(s, v);
}

/* isel.c: v, of which `past` is made, is used in its place: a user more of v, if `past` has others
 * for whose sake it is computed all the same. Returns v. */
uint32_t isel_past(struct isel *s, uint32_t past, uint32_t v);

/* isel_operand.c: a new instruction, before those that are there; constant usable as a
 * sign-extended 32-bit immediate of an operation of width w? */
struct lir *isel_put(struct isel *s, int op, int w, uint32_t dst);
bool isel_imm(struct isel *s, uint32_t v, int w, int32_t *imm);
/* Is v a load of this type that may become the memory operand of the instruction at hand?
 * isel_fold makes it that of x; isel_fold_load does both, for a load of kind `mem`. */
bool isel_can_fold(struct isel *s, uint32_t v, int type);
void isel_fold(struct isel *s, struct lir *x, uint32_t v);
bool isel_fold_load(struct isel *s, struct lir *x, uint32_t v, int type, int mem);
/* memory operand [base of the memory + addr + offset] of x */
void isel_address(struct isel *s, struct lir *x, uint32_t addr, uint32_t offset, uint32_t memory);

/* isel_flags.c: the condition after comparing, when compare v (any_true: nonzero) is true; how to
 * branch on v, through its compare if that is only used here; what sets the flags */
struct flags isel_compare(struct isel *s, uint32_t v);
struct flags isel_plan(struct isel *s, uint32_t v);
void isel_flags(struct isel *s, struct flags fl);

/* isel_int.c */
void isel_alu(struct isel *s, int op, int sub, uint32_t v, uint32_t a, uint32_t b, int w);
void isel_add(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w);
void isel_sub(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w);
void isel_mul(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w);
void isel_ext(struct isel *s, int w, uint32_t v, uint32_t a, int sub);
void isel_and(struct isel *s, uint32_t v, uint32_t a, uint32_t b, int w);
void isel_shift(struct isel *s, uint32_t v, struct ir_ins *i, int w);
uint32_t isel_count(struct isel *s, uint32_t count, int w);     /* less the mask that x86 implies */
void isel_div(struct isel *s, uint32_t v, struct ir_ins *i, int w);
void isel_select(struct isel *s, uint32_t v, struct ir_ins *i);

/* isel_memory.c */
void isel_store(struct isel *s, struct ir_ins *i);
void isel_atomic(struct isel *s, uint32_t v, struct ir_ins *i);
void isel_global(struct isel *s, uint32_t v, struct ir_ins *i);
void isel_call(struct isel *s, uint32_t v, struct ir_ins *i);
int isel_call_op(struct isel *s, const struct ir_ins *i);       /* L_CALL... */

/* isel_late.c: moves operands of lir[from ..) to late[]; `next` is the instruction that would come
 * anyway */
void isel_late(struct isel *s, uint32_t from, uint32_t next);
int isel_operands(int op);      /* number of values in fields a, b, c */

/* isel_simd.c: a vector operation; a store of a vector's lane (false: not that); flags of any_true,
 * zero set if the value is 0 */
void isel_simd(struct isel *s, uint32_t v);
bool isel_store_lane(struct isel *s, struct ir_ins *store);
void isel_any_true(struct isel *s, uint32_t v);

#endif
