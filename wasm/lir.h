/*
 * lir.h - machine instructions before and after register allocation, and what the back end shares.
 *
 *   isel.c  walks the IR backwards and writes struct lir, last instruction first: index i grows
 *           towards the start of the function. A value is named by its IR index ("vreg").
 *   ra.c    walks forwards (i falling), gives registers, and writes struct mi in execution order.
 *   emit.c  turns struct mi into bytes.
 *
 * Every value has at most one register at a time and at most one home slot on the stack. A value
 * that is ever evicted is stored once, right after its definition, so a slot is valid from there
 * on.
 */
#ifndef WASM_LIR_H
#define WASM_LIR_H

#include "wasm/ir.h"

/* General registers 0-15, vector registers 16-31. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, XMM0 };
enum { NOREG = 0xff, RMEM = 0x40 /* operand is in its home slot or the constant pool */ };
#define BIT(r) (1u << (r))
#define R_CALLEE (BIT(RBX) | BIT(RBP) | BIT(R12) | BIT(R13))
#define R_INTS   (0xffffu & ~(BIT(RSP) | BIT(R14) | BIT(R15)))
#define R_VECS   0x7fff0000u            /* xmm15 is the emitter's scratch */
#define XSCRATCH (XMM0 + 15)

/* constraints on the registers of an operation */
enum {
    LC_TIED = 1,     /* dst is s1's register */
    LC_COMM = 2,     /* s1 and s2 may change places */
    LC_S2MEM = 4,    /* s2 may stay in its slot */
    LC_EARLY = 8,    /* dst is written before all sources are read: shares no register with them */
    LC_S1MEM = 16,   /* s1 may stay in its slot (moves, compares with an immediate) */
    LC_AVX3 = 32,    /* LC_TIED only without AVX */
    LC_CALL = 64,    /* arguments by convention, clobbers what is not callee-saved */
    LC_TERM = 128,   /* ends the block */
    LC_TMP = 256,    /* wants a temporary general register */
    LC_FLAGS = 512,  /* reads the flags that the instruction before it set */
    LC_FIXED = 1024, /* registers are given: ra_fixed.c */
};

/* X(name, constraints). `sub` refines: ALU number, condition, rounding mode, conversion, ... */
#define LIR_OPS(X) \
    X(NONE,     0) \
    X(ALU,      LC_TIED|LC_S2MEM)     /* sub = x86 /n: 0 add 1 or 4 and 5 sub 6 xor */ \
    X(ALUC,     LC_TIED|LC_S2MEM|LC_COMM) \
    X(ALUM,     0)                  /* [memory] = [memory] op s1 or imm */ \
    X(IMUL,     LC_TIED|LC_S2MEM|LC_COMM) \
    X(IMULI,    LC_S1MEM)            /* dst = s1 * imm */ \
    X(LEA,      0)                  /* dst = s1 + s3 * scale + disp */ \
    X(ADD,      LC_COMM)             /* add or lea, whichever the registers allow */ \
    X(SHIFTI,   LC_TIED)             /* sub = x86 /n: 0 rol 1 ror 4 shl 5 shr 7 sar */ \
    X(SHIFTC,   LC_TIED|LC_FIXED)            /* count s2 in rcx */ \
    X(SHIFTX,   LC_S1MEM)            /* BMI2 */ \
    X(ROLI,     LC_S1MEM)            /* dst = s1 rotated left by imm (BMI2) */ \
    X(BLS,      LC_S1MEM)            /* BMI1, sub = /n: 1 lowest bit off, 3 lowest bit only */ \
    X(ANDN,     LC_S2MEM)            /* dst = ~s1 & s2 (BMI1) */ \
    X(BSWAP,    LC_TIED)             \
    X(BT,       0)                  /* carry = bit s2 or imm of s1 */ \
    X(DIV,      LC_FIXED) /* sub: 0 divs 1 divu 2 rems 3 remu 4 mulhu 5 mulhs; s1 in rax */ \
    X(NEG,      LC_TIED) \
    X(NOT,      LC_TIED) \
    X(COUNT,    LC_S1MEM|LC_TMP)      /* sub: 0 clz 1 ctz 2 popcnt */ \
    X(EXT,      LC_S1MEM)            /* sub = enum ir_mem */ \
    X(LOAD,     0)                  /* sub = enum ir_mem */ \
    X(STORE,    0)                  /* s1 -> memory */ \
    X(CMP,      LC_S2MEM|LC_S1MEM)    /* flags only */ \
    X(TEST,     0) \
    X(FCMP,     LC_S2MEM) \
    X(SETCC,    LC_FLAGS|LC_TMP)      /* sub = condition */ \
    X(CMOV,     LC_FLAGS|LC_TIED|LC_S2MEM) /* dst = cond ? s2 : s1 */ \
    X(FSEL,     LC_FLAGS|LC_TIED|LC_S2MEM) \
    X(FALU,     LC_TIED|LC_S2MEM|LC_AVX3)  /* sub = opcode byte 58 59 5c 5e */ \
    X(FUN,      LC_S2MEM|LC_EARLY)  /* sub: 51 sqrt; rounding 0..3 with imm; s2 is the operand */ \
    X(FBIT,     LC_TIED|LC_AVX3)      /* and/xor with mask: abs, neg */ \
    X(FMINMAX,  LC_EARLY) \
    X(FCOPYSIGN,LC_EARLY|LC_TMP) \
    X(CVT,      LC_EARLY|LC_TMP)      /* sub = enum lir_cvt */ \
    X(GLOBALP,  LC_TMP)              /* load or store through a global's pointer at [r14+imm] */ \
    X(MEMSIZE,  0) \
    X(INSTADDR, 0)                  /* dst = r14 + imm */ \
    X(ATOMIC,   LC_FIXED) /* sub = enum lir_atomic; dst in rax; s1 = expected; s2 = operand */ \
    X(FENCE,    0) \
    X(LANDING,  LC_FIXED)                  /* dst in rax */ \
    X(CALL,     LC_CALL)            /* calls: imm = landing block or 0 */ \
    X(CALLIMP,  LC_CALL) \
    X(CALLIND,  LC_CALL) \
    X(CALLRT,   LC_CALL) \
    /* vectors: imm = opcode, sub = immediate if has_imm */ \
    X(V1,       LC_S2MEM)            /* dst = op s2 */ \
    X(V1R,      0) \
    X(V2,       LC_TIED|LC_S2MEM|LC_AVX3) \
    X(V2C,      LC_TIED|LC_S2MEM|LC_AVX3|LC_COMM) \
    X(V2R,      LC_TIED|LC_AVX3) \
    X(V3,       LC_TIED)             /* s3 a vector if there is no memory operand */ \
    X(VSHI,     LC_TIED|LC_AVX3)     /* scale = /n */ \
    X(VGET,     0)                  /* s1 -> dst or memory */ \
    X(VSPLAT,   LC_S2MEM)            /* sub = lane type */ \
    X(VSHUF,    0)                  /* imm, disp = vector constants for s1, s2 */ \
    X(VTEST,    0) \
    X(IN,       LC_FIXED)            /* sub = width, imm = port; dst in rax, rdx clobbered */ \
    X(OUT,      LC_FIXED) \
    X(JMP,      LC_TERM) \
    X(JCC,      LC_TERM|LC_FLAGS) \
    X(SWITCH,   LC_TERM|LC_TMP) \
    X(RET,      LC_TERM|LC_FIXED) \
    X(TAIL,     LC_TERM|LC_FIXED)            /* sub: the call, L_CALL, L_CALLIMP or L_CALLIND */ \
    X(TRAP,     LC_TERM)

enum lir_op {
#define X(name, mode) L_##name,
    LIR_OPS(X)
#undef X
    L_COUNT_OPS
};

enum lir_cvt { CVT_I2F, CVT_U2F, CVT_F2I, CVT_F2U, CVT_SATS, CVT_SATU, CVT_F2F, CVT_MOVI2F,
               CVT_MOVF2I };

/* LA_ADD and on: the order of enum ir_rmw */
enum lir_atomic { LA_LOAD, LA_STORE, LA_CMPXCHG, LA_ADD, LA_SUB, LA_AND, LA_OR, LA_XOR, LA_XCHG };

/* x86 conditions, and two that floats need */
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE,
       CC_LE,
       CC_G, CC_FEQ, CC_FNE };

enum lir_memkind { LM_NONE, LM_LINEAR /* r15 + s3*scale + disp */, LM_INST /* r14 + disp */,
                   LM_OTHER /* memory `memory` > 0: base in the temporary + s3*scale + disp */ };

struct lir {
    uint8_t op, w, sub, mem;        /* w: 4 or 8 bytes; floats too */
    uint8_t scale, has_imm, flt, memory;
    uint32_t dst, s1, s2, s3;       /* vregs, 0 = none; calls: s1 = IR instruction */
    int32_t imm, disp;
    uint32_t pos;                   /* module offset */
};

enum mi_kind { MI_LIR, MI_MOVE, MI_RELOAD, MI_CONST, MI_PMOVE, MI_UNWIND };

/* Allocated instruction. MI_LIR: a = lir index. MI_MOVE: rd <- r1. MI_RELOAD: rd <- slot of vreg a.
 * MI_CONST: rd <- constant vreg a. MI_UNWIND: the moves of the edge to landing block a.
 * MI_PMOVE: parallel moves pool[a .. a+b). */
struct mi { uint8_t kind, rd, r1, r2, r3, t1, type, spare; uint32_t a, b; };

/* One of a set of moves that happen at once: dst register, or home slot of vreg `to`; outgoing
 * stack argument word `to` if rd = PM_OUT. Source: register, or vreg `from` where it lives. */
/* stack result of a call just made: word `from` of the outgoing area */
enum { PM_SLOT = RMEM, PM_OUT = 0x41, PM_IN = 0x42,
       PM_RET = 0x43 /* own stack result `to` */ };
struct pmove { uint8_t rd, rs, type, spare; uint32_t to, from; };

struct edge {               /* from a block to a successor */
    uint32_t to, index;     /* index among the predecessors of `to` */
    uint32_t next;          /* of the same source block */
    uint32_t moves, nmoves; /* pool range */
    uint8_t spare;          /* general register that is free on it, or NOREG */
    size_t stub;            /* emit: where the moves of a switch's edge stand; 0: it has none */
};

struct use { uint32_t at, next; };      /* lir index of a use; list in execution order */

struct lfunc {
    struct ir_func *f;
    struct wasm_arena *arena;
    uint32_t cpu;
    struct lir *lir; uint32_t n, cap;       /* execution order is from n-1 down to 1 */
    uint32_t *block_first, *block_last;  /* lir index of first and last (terminator) instruction */
    uint32_t *uses_of;                      /* per vreg: head of list in use[] */
    uint32_t *end_of;  /* per vreg: lir index of its last use, loops counted; 0 none */
    uint32_t *def_block;
    struct use *use; uint32_t nuse, capuse;
    struct edge *edge; uint32_t nedge;      /* edge[0] unused */
    uint32_t *edges_of;                     /* per block: first edge */
    bool has_calls, has_landing;
    uint32_t out_words;                     /* outgoing stack argument area, 8-byte words */
    uint32_t *call_at; uint32_t ncalls;     /* lir indices of calls, falling in execution order */
    /* ra -> emit */
    struct mi *mi; uint32_t nmi, capmi;
    uint32_t *block_mi;                     /* first mi of each block; [nblocks] = end */
    struct pmove *pool; uint32_t npool, cappool;
    uint8_t *spilled;                       /* per vreg: needs its home slot */
    bool any_spilled;                       /* one of them */
    uint8_t *entry_reg;  /* per phi and parameter: register at definition or NOREG */
    uint8_t *def_reg;                       /* per vreg: register that its definition wrote */
    uint32_t callee_used;                   /* mask */
    int32_t *slot;                          /* per vreg: byte offset from rsp after the prologue */
};

/* Where parameters and results of a function type go. */
struct abi_loc { uint8_t reg; uint32_t word; };     /* reg = NOREG: stack word `word` */
struct abi_walk { uint32_t ints, vecs, words; bool results; };
struct abi_loc abi_next(struct abi_walk *w, enum ir_type t);

static inline bool ir_is_vec(int type) { return type >= T_F32 && type <= T_V128; }
extern const uint16_t lir_modes[L_COUNT_OPS];
static inline uint16_t lir_mode(int op) { return lir_modes[op]; }
const char *lir_name(int op);

void isel_run(struct lfunc *l);
void ra_run(struct lfunc *l);
void lir_dump(struct lfunc *l, const char *title);

/* Functions of a type: the list of arguments of a call as vregs, last of them the entry
 * (CALLIND). */
const struct wasm_functype *call_type(const struct ir_func *f, const struct ir_ins *i);

#endif
