/* emit.h - state of the emitter, and what its files share. */
#ifndef WASM_EMIT_H
#define WASM_EMIT_H

#include "wasm/lir.h"
#include "wasm/moves.h"
#include "wasm/x64.h"

/* displacement at `at` to block `to`; 32 bits, 8 if `shorter`. `fixed`: the code around it may not
 * move */
struct fix { size_t at; uint32_t to; bool fixed, cond, shorter; };
struct stub { size_t at; uint32_t pos; uint8_t trap; }; /* rel32 at `at` to a trap */
/* Where an instance's block or a table's entry keeps what a call out of the function needs. */
struct emit_callee { int base; int32_t code, in, tail; };
/* call behind the function */
struct cold { size_t at, back; uint32_t ins, pos, landing; struct emit_callee to; };
struct pool_ref { size_t at; uint8_t tail, size; uint64_t lo, hi; };
/* jump table of a switch: displacement of its address */
struct table { size_t lea; uint32_t block; };
struct reloc { uint32_t at, func; };                    /* rel32 at `at` to a function's entry */
/* landing: block or 0 */
struct site_rec { uint32_t pc, pos; uint8_t trap, call; uint32_t landing; };

struct emit {
    struct lfunc *l;
    struct ir_func *f;
    struct wasm_arena *arena;
    struct xbuf b;
    size_t *block_at;
    uint32_t *goes_to;          /* per block: itself, or the block that a jump to it ends up in */
    struct fix *fix; uint32_t nfix, capfix;
    struct stub *stub; uint32_t nstub, capstub;
    struct cold *cold; uint32_t ncold, capcold;
    struct pool_ref *pool; uint32_t npool, cappool;
    struct table *table; uint32_t ntable, captable;
    struct reloc *reloc; uint32_t nreloc, capreloc;
    struct site_rec *site; uint32_t nsite, capsite;
    size_t *target;  /* per block: where a switch goes to reach it, while its table is written */
    uint32_t frame;             /* bytes below the saved registers */
    uint32_t saved;             /* number of pushed registers */
    uint32_t landing;           /* landing block of the call being emitted */
    uint32_t checked;           /* block in which the depth of the stack was looked at last; or 0 */
    uint32_t block, next;       /* block under way, and the one that follows in the layout */
    int wrap;                   /* block 1's successor that returns without a frame, or -1 */
    uint32_t left_out;          /* that block, if nobody else goes there; else 0 */
    bool avx;
    bool held;                  /* the scratch register has a value of a cycle of moves */
    uint8_t spare;              /* register that may take the value of a cycle instead, or NOREG */
    struct moves moves;         /* tables of moves.c */
    uint32_t first_move;        /* pool index of the set under way */
    /* flags of this register, if no code came since */
    size_t flags_at; uint8_t flags_reg, flags_w;
};

/* r/m operand: register, memory, or a constant of the pool */
struct opnd { bool mem, pooled; uint8_t reg, size; struct xmem m; uint64_t lo, hi; };

void emit_room(struct emit *e);
void emit_site(struct emit *e, uint32_t pos, int trap, bool call);
void emit_trap_if(struct emit *e, int cc, int trap, uint32_t pos);
/* op reg, operand; tail = bytes of immediate that follow; vector forms take vvvv (NOREG: legacy
 * SSE) */
void emit_rm(struct emit *e, uint32_t op, int w, int reg, struct opnd o, int tail);
void emit_vec(struct emit *e, uint32_t op, int w, int reg, int src1, struct opnd o, int tail);
struct opnd opnd_reg(int r);
struct opnd opnd_const(uint64_t lo, uint64_t hi, int size);
struct opnd opnd_mem(struct xmem m);
struct xmem mem_at(int base, int32_t disp);
/* the r/m operand of instruction x: its memory operand, its slot, or register r */
struct opnd opnd_of(struct emit *e, struct lir *x, struct mi *m, uint32_t v, uint8_t r);
void emit_branch(struct emit *e, int cc, uint32_t block);
void emit_move(struct emit *e, int type, int rd, int rs);
void emit_op(struct emit *e, struct lir *x, struct mi *m);
void emit_float(struct emit *e, struct lir *x, struct mi *m);   /* emit_float.c */
void emit_call(struct emit *e, struct lir *x);                  /* emit_call.c */
void emit_atomic(struct emit *e, struct lir *x, struct mi *m);  /* emit_atomic.c */
void emit_simd(struct emit *e, struct lir *x, struct mi *m);    /* emit_simd.c: vector operations */
size_t emit_jcc8(struct emit *e, int cc);       /* short forward branch, to be closed by */
void emit_here8(struct emit *e, size_t at);

/* appends room for one to array `field` of e */
#define EMIT_GROW(e, field, n, cap) do { \
    if ((e)->n == (e)->cap) { \
        uint32_t c_ = (e)->cap ? (e)->cap * 2 : 64; \
        (e)->field = arena_grow((e)->arena, (e)->field, (e)->cap * sizeof *(e)->field, \
                                c_ * sizeof *(e)->field); \
        (e)->cap = c_; \
    } } while (0)

/* emit_bulk.c: memory.copy and fill of short lengths. Has this call a short way? Then: the test of
 * the length, what the call is otherwise, and the short way with what the test returned. */
bool emit_bulk_wanted(const struct emit *e, const struct ir_ins *call);
size_t emit_bulk_test(struct emit *e);
void emit_bulk(struct emit *e, uint32_t pos, const struct ir_ins *call, size_t test);

/* emit_move.c: where v lives when it is in no register; rd <- constant v, which may set the flags
 * unless they are to be kept; rd <- v from there; v, just defined, goes there if it is wanted */
struct opnd emit_home(struct emit *e, uint32_t v);
void emit_const(struct emit *e, uint32_t v, int rd, bool keep_flags);
void emit_load_home(struct emit *e, uint32_t v, int type, int rd);
void emit_keep(struct emit *e, uint32_t v);
struct xmem emit_stack_in(struct emit *e, uint32_t word);   /* the function's own stack argument */
/* pool[first .. first + n); spare: a general register that nobody needs, or NOREG */
void emit_moves(struct emit *e, uint32_t first, uint32_t n, uint8_t spare);
bool emit_move_nop(struct emit *e, struct pmove *p);
void emit_prepare_moves(struct emit *e);        /* needs the slots */

/* emit_frame.c */
void emit_slots(struct emit *e);        /* home slots, size of the frame */
void emit_prologue(struct emit *e);
void emit_pop_frame(struct emit *e);
void emit_epilogue(struct emit *e);

/* emit_wrap.c: decides e->wrap; needs the slots and goes_to. Then the branch of block 1 under cc,
 * the way out and the prologue */
void emit_find_wrap(struct emit *e);
void emit_wrapped(struct emit *e, int cc);
void emit_mi(struct emit *e, uint32_t b, struct mi *m);         /* emit.c: one operation of b */

/* emit_jump.c */
void emit_find_targets(struct emit *e);     /* goes_to; needs the slots */
struct edge *emit_edge(struct emit *e, uint32_t from, uint32_t to);
void emit_edge_moves(struct emit *e, struct edge *ed);
bool emit_real_moves(struct emit *e, struct edge *ed);  /* has it moves that do something? */
void emit_term(struct emit *e, uint32_t b, struct lir *x, struct mi *m);    /* ends block b */
void emit_tables(struct emit *e);       /* the jump tables, behind the code */

/* compile.c takes the finished function from here */
void emit_func(struct emit *e);
void emit_relax(struct emit *e);      /* relax.c */

/* Call of an import, or of an entry whose index is in rax: checked, entry in rax afterwards. */
struct emit_callee emit_callee(struct emit *e, struct lir *x, struct ir_ins *c);
/* rdi is set: the call itself */
void emit_call_outside(struct emit *e, uint32_t ins, uint32_t pos, struct emit_callee c);
void emit_instance(struct emit *e, struct emit_callee c);
/* jne to a call outside that stands behind the function; index in cold[], whose `back` the caller
 * sets */
uint32_t emit_cold_call(struct emit *e, uint32_t ins, uint32_t pos, struct emit_callee to);
void emit_cold_calls(struct emit *e);
void emit_func_rel(struct emit *e, uint32_t func);     /* rel32 to a function's entry */

/* The code behind the call in an ext_entry whose function has nothing on the stack:
 * add rsp, 8; pop r15; pop r14. Tail calls look for it at their return address. */
#define EXT_RETURN 0x5e415f4108c48348u

/* The external entry of a function is a jump to its thunk, padded to this; then comes the body. */
#define DIRECT_ENTRY 16
#define RELOC_THUNK 0x80000000u     /* in reloc.func: the thunk of that function, not its body */
#define RELOC_TABLE 0x40000000u     /* ... the image's table for that table of the module */

#define VEC(r) ((r) & 15)

#endif
