/*
 * ir.h - the compiler's intermediate representation: SSA over basic blocks, as compact arrays.
 *
 * Everything is an index: struct ir_ins in f->ins, blocks in f->blocks. Index 0 is "none" in both.
 * Blocks stand in layout order, which is the order of the wasm text: a reverse postorder in which
 * every loop is a contiguous range of blocks [header, loop end]. Instructions of a block form a
 * list (block.first, ins.next); phis come first. The terminator is in the block, not in the list.
 *
 * i32, i64 and references live in integer registers; f32, f64 and v128 in vector registers.
 * An IR_ALIAS stands for its operand: passes resolve it with ir_resolve before use.
 */
#ifndef WASM_IR_H
#define WASM_IR_H

#include "wasm/arena.h"
#include "wasm/wasm.h"

enum ir_type { T_NONE, T_I32, T_I64, T_F32, T_F64, T_V128, T_REF };

/* mode bits of an operation */
enum {
    M_PURE = 1,         /* no effect, no trap: may be moved, merged, dropped */
    M_COMM = 2,         /* a op b == b op a */
    M_TRAP = 4,         /* may trap, no other effect: must stay unless proved not to trap */
    M_READ = 8,         /* reads memory, globals or tables */
    M_WRITE = 16,       /* writes them, or calls: stays where it is */
};

/*
 * X(name, mnemonic, mode, operands): operands is a string of what the fields hold:
 *   a b c = instruction indices; o = byte offset of a memory access in field c (an i32);
 *   i = immediate, 64 bits in b and c; n = argument list: args[a .. a+b), c = index of a
 *   function...
 * `type` is the result type (T_NONE: no value). For compares and conversions `aux` is the operand
 * type. Operations on I32 and I64 share a row, F32 and F64 too.
 */
#define IR_OPS(X) \
    X(NONE,     "none",     0,              "") \
    X(ALIAS,    "alias",    M_PURE,         "a")    /* resolved away */ \
    X(PARAM,    "param",    0,              "i")    /* b = parameter number */ \
    X(CONST,    "const",    M_PURE,         "i")    /* bits; i32 zero-extended, v128: its index */ \
    X(PHI,      "phi",      0,              "n")    /* args[a..a+b) in the order of preds */ \
    /* integer */ \
    X(ADD,      "add",      M_PURE|M_COMM,  "ab") \
    X(SUB,      "sub",      M_PURE,         "ab") \
    X(MUL,      "mul",      M_PURE|M_COMM,  "ab") \
    X(DIVS,     "divs",     M_TRAP,         "ab") \
    X(DIVU,     "divu",     M_TRAP,         "ab") \
    X(REMS,     "rems",     M_TRAP,         "ab") \
    X(REMU,     "remu",     M_TRAP,         "ab") \
    X(MULHU,    "mulhu",    M_PURE|M_COMM,  "ab") /* high half of the 128-bit product, i64 only */ \
    X(MULHS,    "mulhs",    M_PURE|M_COMM,  "ab") \
    X(AND,      "and",      M_PURE|M_COMM,  "ab") \
    X(OR,       "or",       M_PURE|M_COMM,  "ab") \
    X(XOR,      "xor",      M_PURE|M_COMM,  "ab") \
    X(SHL,      "shl",      M_PURE,         "ab") \
    X(SHRS,     "shrs",     M_PURE,         "ab") \
    X(SHRU,     "shru",     M_PURE,         "ab") \
    X(ROTL,     "rotl",     M_PURE,         "ab") \
    X(ROTR,     "rotr",     M_PURE,         "ab") \
    X(CLZ,      "clz",      M_PURE,         "a") \
    X(CTZ,      "ctz",      M_PURE,         "a") \
    X(POPCNT,   "popcnt",   M_PURE,         "a") \
    X(BSWAP,    "bswap",    M_PURE,         "a") \
    X(SEXT8,    "sext8",    M_PURE,         "a")    /* i32/i64.extend8_s */ \
    X(SEXT16,   "sext16",   M_PURE,         "a") \
    X(SEXT32,   "sext32",   M_PURE,         "a")    /* i64.extend32_s */ \
    X(WRAP,     "wrap",     M_PURE,         "a")    /* i64 -> i32 */ \
    X(EXTS,     "exts",     M_PURE,         "a")    /* i32 -> i64 */ \
    X(EXTU,     "extu",     M_PURE,         "a") \
    /* integer compares: aux = operand type, result i32 */ \
    X(EQZ,      "eqz",      M_PURE,         "a")    /* also ref.is_null with aux = T_REF */ \
    X(EQ,       "eq",       M_PURE|M_COMM,  "ab") \
    X(NE,       "ne",       M_PURE|M_COMM,  "ab") \
    X(LTS,      "lts",      M_PURE,         "ab") \
    X(LTU,      "ltu",      M_PURE,         "ab") \
    X(GTS,      "gts",      M_PURE,         "ab") \
    X(GTU,      "gtu",      M_PURE,         "ab") \
    X(LES,      "les",      M_PURE,         "ab") \
    X(LEU,      "leu",      M_PURE,         "ab") \
    X(GES,      "ges",      M_PURE,         "ab") \
    X(GEU,      "geu",      M_PURE,         "ab") \
    /* float */ \
    X(FADD,     "fadd",     M_PURE|M_COMM,  "ab") \
    X(FSUB,     "fsub",     M_PURE,         "ab") \
    X(FMUL,     "fmul",     M_PURE|M_COMM,  "ab") \
    X(FDIV,     "fdiv",     M_PURE,         "ab") \
    X(FMIN,     "fmin",     M_PURE,         "ab") \
    X(FMAX,     "fmax",     M_PURE,         "ab") \
    X(FCOPYSIGN,"fcopysign",M_PURE,         "ab") \
    X(FABS,     "fabs",     M_PURE,         "a") \
    X(FNEG,     "fneg",     M_PURE,         "a") \
    X(FCEIL,    "fceil",    M_PURE,         "a") \
    X(FFLOOR,   "ffloor",   M_PURE,         "a") \
    X(FTRUNC,   "ftrunc",   M_PURE,         "a") \
    X(FNEAREST, "fnearest", M_PURE,         "a") \
    X(FSQRT,    "fsqrt",    M_PURE,         "a") \
    X(FEQ,      "feq",      M_PURE|M_COMM,  "ab") \
    X(FNE,      "fne",      M_PURE|M_COMM,  "ab") \
    X(FLT,      "flt",      M_PURE,         "ab") \
    X(FGT,      "fgt",      M_PURE,         "ab") \
    X(FLE,      "fle",      M_PURE,         "ab") \
    X(FGE,      "fge",      M_PURE,         "ab") \
    /* conversions: aux = operand type */ \
    X(TRUNCS,   "truncs",   M_TRAP,         "a")    /* float -> signed integer, traps */ \
    X(TRUNCU,   "truncu",   M_TRAP,         "a") \
    X(SATS,     "sats",     M_PURE,         "a")    /* saturating */ \
    X(SATU,     "satu",     M_PURE,         "a") \
    X(CONVS,    "convs",    M_PURE,         "a")    /* integer -> float */ \
    X(CONVU,    "convu",    M_PURE,         "a") \
    X(DEMOTE,   "demote",   M_PURE,         "a") \
    X(PROMOTE,  "promote",  M_PURE,         "a") \
    X(BITCAST,  "bitcast",  M_PURE,         "a")    /* reinterpret */ \
    X(SELECT,   "select",   M_PURE,         "abc")  /* c != 0 ? a : b */ \
    /* memory: a = address (i32; i64 for far offsets), c = offset, an i32 not below \
       -WASM_PAGE; aux = enum ir_mem | memory index << 8 */ \
    X(LOAD,     "load",     M_READ|M_TRAP,  "ao") \
    X(STORE,    "store",    M_WRITE|M_TRAP, "abo") \
    /* atomic accesses: a = effective address (i64); */ \
    /* aux = enum ir_mem | enum ir_rmw << 4 | memory << 8 */ \
    X(ALOAD,    "atomic.load",M_WRITE|M_TRAP,"a") \
    X(ASTORE,   "atomic.store",M_WRITE|M_TRAP,"ab") \
    X(ARMW,     "atomic.rmw",M_WRITE|M_TRAP,"ab") \
    X(ACMPXCHG, "atomic.cmpxchg",M_WRITE|M_TRAP,"abc") /* b = expected, c = replacement */ \
    X(FENCE,    "atomic.fence",M_WRITE,     "") \
    X(GLOBALGET,"global.get",M_READ,        "i")    /* b = global index */ \
    X(GLOBALSET,"global.set",M_WRITE,       "ao")   /* a = value, c = global index */ \
    X(MEMSIZE,  "memory.size",M_READ,       "i")    /* b = memory index */ \
    X(REFFUNC,  "ref.func", M_PURE,         "i")    /* b = function index */ \
    /* calls: args[a..a+b) = arguments; the first result is the instruction itself */ \
    X(CALL,     "call",     M_WRITE,        "n")    /* c = function index */ \
    X(CALLIND,  "call_indirect",M_WRITE,    "n")    /* c = type, aux = table; last arg = entry */ \
    X(CALLRT,   "call_rt",  M_WRITE,        "n")    /* c = enum ir_rt: runtime helper */ \
    X(LANDING,  "landing",  M_WRITE,        "")     /* first in a landing block: the exception */ \
    X(RESULT,   "result",   0,              "ai")   /* result number b >= 1 of call a (c = 0) */ \
    /* vectors (simd.h): aux = enum vop, or lane type | lane << 8 */ \
    X(V1,       "v1",       M_PURE,         "a") \
    X(V2,       "v2",       M_PURE,         "ab") \
    X(V2C,      "v2c",      M_PURE|M_COMM,  "ab") \
    X(V3,       "v3",       M_PURE,         "abc") \
    X(VSHUF,    "shuffle",  M_PURE,         "ab")   /* c = index of the vector of lane numbers */ \
    X(VSPLAT,   "splat",    M_PURE,         "a") \
    X(VGET,     "lane",     M_PURE,         "a")    /* i8 and i16 zero-extended */ \
    X(VPUT,     "put_lane", M_PURE,         "ab") \
    X(VANY,     "any_true", M_PURE,         "a")

enum ir_op {
#define X(name, text, mode, operands) IR_##name,
    IR_OPS(X)
#undef X
    IR_COUNT
};

/* How a memory access widens: aux low byte of LOAD and STORE. */
enum ir_mem { MEM_FULL, MEM_8S, MEM_8U, MEM_16S, MEM_16U, MEM_32S, MEM_32U };
/* (stores of i32.store8 and the like use MEM_8U, MEM_16U, MEM_32U) */

enum ir_rmw { RMW_ADD, RMW_SUB, RMW_AND, RMW_OR, RMW_XOR, RMW_XCHG };

/*
 * Runtime helpers in the order of struct wasm_runtime. Arguments are exactly those of the C
 * prototype after the instance, immediates as IR_CONST arguments.
 */
enum ir_rt { RT_MEMORY_GROW, RT_MEMORY_COPY, RT_MEMORY_FILL, RT_MEMORY_INIT, RT_DATA_DROP,
             RT_TABLE_GET, RT_TABLE_SET, RT_TABLE_GROW, RT_TABLE_SIZE, RT_TABLE_FILL, RT_TABLE_COPY,
             RT_TABLE_INIT, RT_ELEM_DROP, RT_ATOMIC_NOTIFY, RT_ATOMIC_WAIT32, RT_ATOMIC_WAIT64,
             RT_EXN_NEW, RT_EXN_SET_INT, RT_EXN_SET_FLOAT, RT_EXN_SET_VEC, RT_EXN_GET_INT,
             RT_EXN_GET_FLOAT, RT_EXN_GET_VEC, RT_EXN_MATCH, RT_EXN_KEEP, RT_THROW };

struct ir_ins {
    uint8_t op, type;
    uint16_t aux;
    uint32_t a, b, c;
    uint32_t next;      /* in the block's list */
    uint32_t pos;       /* time, see struct ir_inlined: traps and backtraces */
};

static inline uint64_t ir_imm(const struct ir_ins *i) { return i->b | (uint64_t)i->c << 32; }

enum ir_term {
    TERM_NONE,          /* block is not finished (or unreachable and empty) */
    TERM_JUMP,          /* succ[0] */
    TERM_BR,            /* value a != 0 ? succ[0] : succ[1]; the two differ */
    TERM_SWITCH,  /* value a (i32, unsigned): targets args[b .. b+n), n = c; the last is default */
    TERM_RETURN,        /* values args[b .. b+c) */
    TERM_TRAP,          /* a = enum wasm_trap */
    TERM_INVOKE,  /* call a in this block returns to succ[0] or throws to landing block succ[1] */
    TERM_TAIL,          /* a = call in this block whose results are the function's */
};

/* A block appears at most once in another's list of predecessors (a switch may name it often). */
struct ir_block {
    uint32_t first, last;           /* instructions, 0 if empty; phis first */
    uint8_t term;
    uint8_t depth;                  /* loop nesting, saturating */
    bool header;                    /* of a loop */
    bool landing;  /* predecessors come from within a call: no register holds a value */
    uint32_t pos;                   /* of the terminator */
    uint32_t a, b, c;
    uint32_t succ[2];
    uint32_t preds, npreds;         /* args[preds .. preds+npreds) = block indices */
    uint32_t idom;                  /* immediate dominator; 0 for the entry */
    uint32_t domdepth;              /* depth in the dominator tree; domjump: skew-binary jump */
    uint32_t domjump;
    uint32_t loop;  /* header of the innermost loop that holds it, itself for headers; 0 */
    uint32_t loop_up;               /* headers: header of the enclosing loop */
    uint32_t loop_end;              /* headers: last block of the loop, in layout order */
};

struct ir_vector { uint64_t lo, hi; };

/* what a function has, or may have: passes that look for nothing else are left out */
enum ir_has { HAS_PRODUCT = 1, HAS_RUNTIME_CALL = 2 };

/*
 * A body that stands where it was called. `pos` of instructions and blocks is a time: the offset in
 * the module, plus the sizes of the bodies before it. That of this body and of those within it is
 * [start, start + size); start is the time of `func`'s body, start - 1 that of the call. In text
 * order.
 */
struct ir_inlined { uint32_t start, size, func; };

struct ir_func {
    struct wasm_module *m;
    const struct wasm_options *o;
    struct wasm_arena *arena;       /* reset after each function */
    struct wasm_arena *temp;        /* reset after each pass, for what only it needs; or `arena` */
    uint32_t index;                 /* function index */
    const struct wasm_functype *type;
    uint32_t tail_words;            /* stack words that every internal call provides at least */
    bool wants_tail_words;          /* set by the builder: a tail call needs them */
    bool keeps;                     /* there is an RT_EXN_KEEP */
    uint8_t has;                    /* enum ir_has, set by the builder */

    const struct survey *survey;    /* of the module; NULL: not made */
    const struct sealed *sealed;    /* constant tables and globals; NULL: not looked for */
    bool inlining;                  /* calls may be replaced by bodies */
    struct ir_inlined *inlined; uint32_t ninlined;
    struct ir_ins *ins;     uint32_t nins, cap_ins;
    struct ir_block *blocks;uint32_t nblocks, cap_blocks;   /* blocks[1] is the entry */
    uint32_t *args;         uint32_t nargs, cap_args;       /* pool of lists */
    struct ir_vector *v128; uint32_t nv128, cap_v128;       /* constants; see simd.c */
    uint32_t *v128_slots;   uint32_t v128_mask;
    struct ir_range *ranges; uint32_t nranges;              /* range.h; [0] unused */
    uint32_t *range_at;     uint32_t nrange_at;             /* per value: its range, 0 none */
};

/* which fields of an operation hold values: a, b, c, or args[a .. a+b) */
enum { USES_A = 1, USES_B = 2, USES_C = 4, USES_LIST = 8 };
struct ir_op_info { uint8_t mode, uses; };
extern const struct ir_op_info ir_op_table[IR_COUNT];

static inline uint8_t ir_op_mode(int op) { return ir_op_table[op].mode; }
static inline uint8_t ir_op_uses(int op) { return ir_op_table[op].uses; }
const char *ir_op_name(int op);

extern const uint8_t ir_types[32];      /* by enum wasm_type - 0x60 */
static inline enum ir_type ir_type_of(uint8_t wasm_type)
{
    uint8_t i = (uint8_t)(wasm_type - 0x60);
    return i < 32 ? (enum ir_type)ir_types[i] : T_NONE;
}


/* abi.c */
uint32_t abi_param_words(const struct wasm_functype *t);    /* stack words of the parameters */
uint32_t abi_result_words(const struct wasm_functype *t);
/* Words below the stack results in a call within the module (see struct wasm_image.tail_words). */
uint32_t abi_area_words(const struct wasm_functype *t, uint32_t tail_words);
/* Are stack results, if any, at the same place for callers within the module and from outside? */
bool abi_one_place(const struct wasm_functype *t, uint32_t tail_words);
/* Are arguments and results of this call where functions of the module have them for each other? */
bool abi_within(const struct ir_func *f, const struct ir_ins *call);

/* Follows aliases. */
static inline uint32_t ir_resolve(const struct ir_func *f, uint32_t v)
{
    while (f->ins[v].op == IR_ALIAS)
        v = f->ins[v].a;
    return v;
}

/* The operands of x, aliases followed. */
static inline void ir_resolve_operands(struct ir_func *f, struct ir_ins *x)
{
    uint8_t uses = ir_op_uses(x->op);
    if (uses & USES_LIST)
        for (uint32_t k = x->a; k < x->a + x->b; k++)
            f->args[k] = ir_resolve(f, f->args[k]);
    if (uses & USES_A)
        x->a = ir_resolve(f, x->a);
    if (uses & USES_B)
        x->b = ir_resolve(f, x->b);
    if (uses & USES_C)
        x->c = ir_resolve(f, x->c);
}

/* Replaces all uses of aliases and takes them out of the lists. */
void ir_drop_aliases(struct ir_func *f);

/* simd.c: the number of a constant vector, entered if it is new; and back. */
uint32_t ir_v128(struct ir_func *f, uint64_t lo, uint64_t hi);
struct ir_vector ir_vector(const struct ir_func *f, uint32_t index);

/* Where new instructions go: behind `prev` (0: at the start) of a block; they get the position
 * `pos`. */
struct ir_place { struct ir_func *f; uint32_t block, prev, pos; };
/* Puts a copy of i there, and the place behind it; returns its index. Pointers into f->ins move. */
uint32_t ir_insert(struct ir_place *p, struct ir_ins i);

/* Does block a dominate block b? O(log depth). */
bool ir_dominates(const struct ir_func *f, uint32_t a, uint32_t b);

/* Text of a function to o->print. */
void ir_dump(const struct ir_func *f, const char *title);

/* ---- the pipeline (compile.c), one file a pass --------------------------------------------- */

struct build;
/* build.c: body -> SSA, aliases in it. Records the first error in *err and returns false. */
bool pass_build(struct ir_func *f, struct wasm_error *err);
void pass_gvn(struct ir_func *f);       /* gvn.c: fold, number, forward, hoist */
void pass_unroll(struct ir_func *f);    /* unroll.c: small loops, several rounds in one */
void pass_address(struct ir_func *f);   /* address.c: constants in addresses join the offsets */
void pass_dead(struct ir_func *f);      /* dead.c: drops what nobody uses */
void pass_divide(struct ir_func *f);    /* divide.c: division by constants */
void pass_bulk(struct ir_func *f);      /* bulk.c: small memory.copy and memory.fill */
void pass_keep(struct ir_func *f);      /* keep.c: exceptions that need not be kept */
/* isel.c, ra.c, emit.c: see lir.h */

#endif
