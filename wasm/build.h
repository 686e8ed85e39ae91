/*
 * build.h - shared by the files of the SSA builder: build.c (the walk and the operand stack),
 * build_control.c (blocks and edges), build_ops.c (all other instructions), build_ssa.c (locals),
 * build_scan.c (where locals are set), build_inline.c (bodies in place of calls).
 *
 * Time is the position in the text: the byte offset in the module, as long as no call has been
 * replaced by a body. That body is spliced into the text within the call: its first byte follows
 * the call's first byte, and what follows the call comes later by the body's size. Instructions,
 * blocks, sets and loops have times; only errors have offsets.
 */
#ifndef WASM_BUILD_H
#define WASM_BUILD_H

#include "wasm/ir.h"
#include "wasm/opcodes.h"
#include "wasm/reader.h"
#include "wasm/sealed.h"
#include "wasm/step.h"
#include "wasm/survey.h"

enum { MAX_LOCALS = 50000 };

/* An entry of the operand stack. type 0 = any (below a polymorphic stack); v 0 = in dead code. */
struct value { uint32_t v; uint8_t type; };

struct blocktype { uint32_t nparams, nresults; const uint8_t *params, *results; };

/* FR_FUNC: of the function that is compiled; FR_INLINED: of a body within it */
enum frame_kind { FR_FUNC, FR_INLINED, FR_BLOCK, FR_LOOP, FR_IF, FR_ELSE, FR_TRY, FR_CATCH,
                  FR_TRYTABLE };

/* A control frame. Its edges are the branches to its label, in text order. */
struct frame {
    uint8_t kind;
    bool unreachable;           /* the operand stack is polymorphic */
    struct blocktype type;
    uint32_t height;            /* of the operand stack below the operands of the block */
    uint32_t edges, last_edge, nedges;
    uint32_t from;              /* block of the last edge: a block has at most one */
    uint32_t checked;           /* time of the br_table that last checked this label */
    uint32_t else_block, else_slot, params;     /* if: the edge to else; params in vals */
    uint32_t loop;              /* loop: index in loops, 0 if it is dead */
    uint32_t phis;              /* loop: first of the parameters' phis, which are consecutive */
    uint32_t outer_try;         /* b->try_at around the frame */
    uint32_t exc, last_exc, nexc;   /* try: edges of calls that may throw in it */
    uint32_t exn;               /* catch: the exception */
    uint32_t clauses;           /* try_table: where they stand */
    bool catch_all;             /* the last handler has begun */
};

/* A branch whose target was not known when it was made. slot: 0, 1 = succ, else args + 2. */
struct edge { uint32_t next, block, slot, vals; bool again; };

/* An assignment to a local (see build_ssa.c). */
struct set { uint32_t time, val; };

struct loop {
    uint32_t end;               /* time of its end */
    uint32_t header;            /* 0 if the loop is dead */
    uint32_t parent, jump, depth;
    uint32_t pending;           /* list of phis that wait for the back edges */
};
struct pending { uint32_t next, phi, local; };

struct fill { uint32_t phi, local, block, args, i; };   /* a phi whose operands are being found */
struct slot { uint32_t block, local, val; };            /* hash of values at block entries */

/*
 * A body that stands for a call, beside its struct ir_inlined: its first instruction, its locals
 * among all, and what the walk skips if the call is dead code: the bodies before `next`, and loops.
 */
struct splice { uint32_t code, locals, nlocals, next, loops; };

/* The function whose body is being read. */
struct scope {
    uint32_t pos, end;          /* outer ones: where the walk goes on */
    uint32_t shift;             /* time = position + shift */
    uint32_t locals, nlocals;   /* its locals: the first among all, how many */
    uint32_t frames;            /* frames below its own */
    uint32_t splice;
};

struct build {
    struct ir_func *f;
    struct wasm_module *m;
    struct reader r;
    uint32_t body, body_end;    /* code after the declarations of locals */
    uint32_t pos, time;         /* of the instruction at hand */
    struct scope in;            /* the function at hand; pos and end are the reader's */
    uint32_t cur;               /* block, 0 in dead code */
    uint32_t cur_loop;          /* innermost live loop */
    uint32_t max_ins, max_args;

    uint32_t try_at;            /* index + 1 of the innermost frame that may catch; 0 */
    struct value *stack;    uint32_t nstack, cap_stack;
    struct frame *frames;   uint32_t nframes, cap_frames;
    struct edge *edges;     uint32_t nedges, cap_edges;
    uint32_t *vals;         uint32_t nvals, cap_vals;       /* operands of edges */

    /* inlining: the calls that build_scan replaced, in text order, beside f->inlined */
    struct splice *splice;  uint32_t cap_splice, cap_inlined;
    uint32_t next_splice;       /* the first that the walk has not met */
    struct scope outer[INLINE_DEPTH]; uint32_t nouter;

    /* locals: the function's, then those of bodies in it */
    uint32_t nlocals, cap_locals;
    uint8_t *local_type;        /* enum wasm_type */
    uint32_t *first_set;        /* [nlocals + 1] */
    uint32_t *next_set;         /* the first set of the local that the walk has not passed */
    struct set *sets;           /* by local, then by time */
    uint32_t *known, *known_in; /* value at this point, if known_in is the current block */
    uint32_t zero[T_REF + 1];   /* constants 0 in the entry block */
    uint32_t entry_tail;        /* last parameter or zero there */

    struct loop *loops;     uint32_t nloops, loops_seen;
    struct pending *pending;uint32_t npending, cap_pending;
    uint32_t *start, *block_loop;   uint32_t cap_start, cap_block_loop;     /* per block */
    struct slot *slots;     uint32_t mask, nslots;
    struct fill *work;      uint32_t nwork, cap_work;
    uint32_t *path;         uint32_t npath, cap_path;
};

#define BUILD_INVALID(b, ...) READER_FAIL(&(b)->r, WASM_INVALID, (b)->pos, __VA_ARGS__)
#define BUILD_MALFORMED(b, ...) READER_FAIL(&(b)->r, WASM_MALFORMED, (b)->pos, __VA_ARGS__)

/* Makes room for n more elements of an array x of the builder or the function; what is in them is
 * anything, but the first of all is zero. */
#define GROW(arena, x, n, cap, more) \
    ((n) + (more) <= (cap) ? (void)0 : \
     (void)((x) = build_grow(arena, x, sizeof *(x), n, &(cap), more)))
void *build_grow(struct wasm_arena *a, void *old, size_t size, uint32_t n, uint32_t *cap,
                 uint32_t more);

static inline struct frame *build_top(struct build *b)
{
    return &b->frames[b->nframes - 1];
}

/* build.c: the operand stack. Popping checks types and returns the value. */
uint32_t build_pop_other(struct build *b, uint8_t type);    /* the general case of build_pop */
struct value build_pop_any(struct build *b);

static inline uint32_t build_pop(struct build *b, uint8_t type)
{
    if (b->nstack > build_top(b)->height && b->stack[b->nstack - 1].type == type)
        return b->stack[--b->nstack].v;
    return build_pop_other(b, type);
}

static inline void build_push(struct build *b, uint32_t v, uint8_t type)
{
    GROW(b->f->arena, b->stack, b->nstack, b->cap_stack, 1);
    b->stack[b->nstack++] = (struct value){ v, type };
}


/* Pops n operands of these types into vals; returns where they are. */
uint32_t build_pop_vals(struct build *b, const uint8_t *types, uint32_t n);
void build_push_vals(struct build *b, const uint8_t *types, uint32_t n, uint32_t vals);
void build_check_vals(struct build *b, const uint8_t *types, uint32_t n);   /* leaves them */

/* The time of what follows the instruction at hand. */
static inline uint32_t build_next_time(const struct build *b)
{
    return b->r.pos + b->in.shift;
}

/* build_control.c */
uint32_t build_block(struct build *b, uint32_t start);      /* a new block of the IR */
struct frame *build_frame(struct build *b, uint8_t kind, struct blocktype type);
bool build_control(struct build *b, uint32_t op);           /* false: not a control instruction */

/* Ends the current block; the code that follows is dead until a block begins. */
struct ir_block *build_block_end(struct build *b, uint32_t term);
/* A block with one predecessor, reached through this slot of its terminator. */
uint32_t build_block_after(struct build *b, uint32_t pred, uint32_t slot, uint32_t start);
/* A branch from the end of a block to a frame's label, with operands in vals. */
void build_edge(struct build *b, struct frame *fr, uint32_t block, uint32_t slot, uint32_t vals);
void build_jump(struct build *b, struct frame *fr, uint32_t vals);  /* ends the current block */
/* The values that a frame leaves: from the stack, or phis of a new block where its edges meet. */
void build_join(struct build *b, struct frame *fr, uint32_t vals);
/* Fails: at the end of the frame on top stand `have` operands, which are too many. */
void build_block_mismatch(struct build *b, const uint8_t *types, uint32_t n, uint32_t have);
uint32_t build_frame_results(struct build *b, struct frame *fr);
struct frame *build_label(struct build *b, uint32_t depth);
const uint8_t *build_label_types(const struct frame *fr, uint32_t *n);
struct blocktype build_block_type(struct build *b);
void build_unreachable(struct build *b);

/* build_eh.c: exceptions. A call, the last in its block but for its results, may throw. */
void build_may_throw(struct build *b, uint32_t call);
void build_eh_end(struct build *b, struct frame *fr, uint32_t vals);
bool build_eh(struct build *b, uint32_t op);                /* false: none of its instructions */

void build_too_complex(struct build *b);                    /* build.c: fails, WASM_LIMIT */

/* build.c: making instructions. All return 0 and do nothing in dead code. */
uint32_t build_raw(struct build *b, int op, int type);      /* in no block */
uint32_t build_ins(struct build *b, int op, int type, uint32_t x, uint32_t y, uint32_t z);
uint32_t build_const(struct build *b, int type, uint64_t bits);
uint32_t build_args(struct build *b, uint32_t n);           /* n slots in f->args */
void build_phi_link(struct build *b, uint32_t block, uint32_t phi);

/* build_ops.c: calls, with operands from the stack; 0 in dead code */
void build_call(struct build *b, uint32_t op);
/* build_ops.c: everything but control */
void build_op(struct build *b, uint32_t op, const struct op_info *info);
extern const uint8_t build_sig_types[128];
static inline uint8_t build_sig_type(char c)                /* of a letter of a signature */
{
    return build_sig_types[(uint8_t)c & 127];
}
void build_pop_sig(struct build *b, const char *sig, uint32_t v[3]);    /* its operands */
/* Alignment and offset of an access, checked; returns the memory's index. */
uint32_t build_memarg(struct build *b, uint32_t natural, uint32_t *offset);
/*
 * addr + offset with 64 bits. What is not below 4 GiB, and so out of bounds, comes down to just
 * there (aligned as before): base + 4 GiB + 2 GiB is the end of what embedders leave unmapped.
 */
uint32_t build_effective(struct build *b, uint32_t addr, uint32_t offset);
/* The address of an access with less than 2 GiB of offset, for displacements are not larger. */
uint32_t build_address(struct build *b, uint32_t addr, uint32_t *offset);

/* build_simd.c: vector instructions that are not one IR operation */
void build_simd(struct build *b, uint32_t op, const struct op_info *info);

/* A call of a runtime helper with n values and an immediate; enum ir_rt. */
uint32_t build_call_rt(struct build *b, int rt, int type, const uint32_t *v, uint32_t n,
                       uint32_t imm);

/* build_atomic.c: all after prefix 0xfe */
void build_atomic(struct build *b, uint32_t op, const struct op_info *info);

/* build.c: declarations of locals, checked; adds those of the function at hand. */
bool build_valtype(const struct wasm_module *m, uint8_t type);

/* build_scan.c: returns how much longer the text gets by bodies in place of calls. */
uint32_t build_scan(struct build *b);

/* build_inline.c. A direct call, its index read: goes on in the callee's body, if that stands for
 * the call. */
bool build_inline_enter(struct build *b, uint32_t func);
void build_inline_leave(struct build *b);       /* behind the end of that body */

/* build_ssa.c */
void build_ssa_init(struct build *b);
/* Locals by their number among all. */
uint32_t build_local_get(struct build *b, uint32_t local);
void build_local_set(struct build *b, uint32_t local, uint32_t v);
uint32_t build_zero(struct build *b, uint8_t type);         /* the initial value of a local */
void build_ssa_loop_open(struct build *b, uint32_t loop, uint32_t header);
void build_ssa_loop_close(struct build *b, uint32_t loop);  /* the header's preds are known */
void build_phi_finish(struct build *b, uint32_t phi, uint32_t args, uint32_t n);

/* ir.c */
void ir_dom_link(struct ir_func *f, uint32_t block, uint32_t idom);
uint32_t ir_dom_common(const struct ir_func *f, uint32_t a, uint32_t b);
/* Aliases of aliases become aliases of values. */
void ir_shorten_aliases(struct ir_func *f);

#endif
