/*
 * wasm.h - the public interface of the compiler: bytes -> module -> image -> instance.
 *
 *   wasm_open     decodes and validates everything but the function bodies
 *   wasm_compile  validates and compiles the bodies into an image
 *   wasm_image_write  lays the code out contiguously where the embedder wants it
 *   wasm_instantiate  links an instance block against imports and runs its initialisers
 *
 * The calling convention of compiled code, which the embedder's import functions meet as plain C
 * functions of the System V ABI:
 *   r15 = base of memory 0, r14 = struct wasm_instance of the callee.
 *   integer and reference arguments: rsi, rdx, rcx, r8, r9, then 8-byte stack slots; float and
 *   v128 arguments: xmm0-xmm7, then the stack (a v128 takes two slots). rdi = instance, set only in
 *   calls that leave the module (imports, tables that others can reach, funcrefs).
 *   results: integers rax, rdx, rcx, rsi, rdi, r8, r9; floats xmm0-xmm7, in order, each class
 *   on its own; further ones in 16-byte slots that the caller provides right above the stack args.
 *   saved by the callee: rbx, rbp, r12, r13, r14, r15. No vector register is.
 *   An i32 in a register is zero-extended, arguments too; the result of an import need not be.
 *   rsp is 16-byte aligned at a call. No red zone.
 */
#ifndef WASM_WASM_H
#define WASM_WASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "wasm/host.h"

enum wasm_type {            /* the binary codes of wasm 5.3.1 */
    WASM_I32 = 0x7f, WASM_I64 = 0x7e, WASM_F32 = 0x7d, WASM_F64 = 0x7c, WASM_V128 = 0x7b,
    WASM_FUNCREF = 0x70, WASM_EXTERNREF = 0x6f, WASM_EXNREF = 0x69,
};

enum wasm_kind { WASM_FUNC, WASM_TABLE, WASM_MEMORY, WASM_GLOBAL, WASM_TAG };

#define WASM_PAGE 65536u
#define WASM_MAX_PAGES 65536u
/* What code relies on (address.c): no memory grows beyond TOP_PAGES, and no page of the GUARD_BELOW
 * bytes below its base is accessible, nor of what is above it up to base + 6 GiB. */
#define WASM_TOP_PAGES 65535u
#define WASM_GUARD_BELOW 65536u

/* Traps: X(name, text). The texts are the specification's. */
#define WASM_TRAPS(X) \
    X(NONE,             "no trap") \
    X(UNREACHABLE,      "unreachable") \
    X(MEMORY,           "out of bounds memory access") \
    X(TABLE,            "out of bounds table access") \
    X(ELEMENT,          "undefined element") \
    X(UNINITIALIZED,    "uninitialized element") \
    X(SIGNATURE,        "indirect call type mismatch") \
    X(DIV_ZERO,         "integer divide by zero") \
    X(OVERFLOW,         "integer overflow") \
    X(CONVERSION,       "invalid conversion to integer") \
    X(STACK,            "call stack exhausted") \
    X(ILLEGAL,          "illegal instruction") \
    X(PROTECTION,       "general protection fault") \
    X(KILLED,           "killed") \
    X(UNALIGNED,        "unaligned atomic") \
    X(UNSHARED,         "expected shared memory") \
    X(EXCEPTION,        "uncaught exception") \
    X(NULL_EXN,         "null exception reference") \
    X(EXCEPTIONS,       "too many exceptions")
enum wasm_trap {
#define X(name, text) WASM_TRAP_##name,
    WASM_TRAPS(X)
#undef X
};
const char *wasm_trap_text(int trap);

/* ---- errors -------------------------------------------------------------------------------- */

enum wasm_errcode {
    WASM_OK, WASM_MALFORMED, WASM_INVALID, WASM_LIMIT, WASM_NOMEM,
    WASM_UNLINKABLE,        /* unknown import or incompatible import type */
    WASM_REFUSED,           /* uses what it was not allowed (ports) */
};

/* The first error. `text` begins with the specification's words; `offset` counts module bytes. */
struct wasm_error {
    enum wasm_errcode code;
    uint32_t func;          /* function index, or UINT32_MAX outside of bodies */
    uint64_t offset;
    char text[160];
};

/* ---- modules ------------------------------------------------------------------------------- */

struct wasm_functype {
    uint32_t nparams, nresults;
    const uint8_t *params;  /* enum wasm_type, nparams of them, then the results */
    const uint8_t *results;
};

struct wasm_limits { uint64_t min, max; bool has_max, shared, is64; };

struct wasm_name { const char *s; uint32_t len; };      /* UTF-8, not terminated */

struct wasm_func {                  /* index space: imports first */
    uint32_t type;                  /* index into module.types */
    uint32_t body, body_size;       /* byte offset and size of the code entry; 0 for imports */
    bool imported, escapes;         /* escapes: exported, in an element segment, ref.func, start */
    bool declared;                  /* ref.func in a body may name it (wasm 3.4.10, C.refs) */
    uint8_t port_op;                /* imports of "port": 1 2 4 = in of that width, | 0x80 = out */
    uint16_t port;
};

struct wasm_memtype { struct wasm_limits lim; bool imported, exported; };

/*
 * A constant expression (wasm 3.4.8): a value, or a list of `index` of these in postfix order, in
 * which operators (`index` = opcode) take their operands from a stack of WASM_CONST_DEPTH.
 */
enum wasm_constop { WASM_C_VALUE, WASM_C_GLOBAL, WASM_C_REFFUNC, WASM_C_REFNULL, WASM_C_LIST,
                    WASM_C_OPERATOR };
#define WASM_CONST_DEPTH 32
struct wasm_constexpr {
    uint8_t op, type;
    uint32_t index;
    union { uint64_t bits[2]; const struct wasm_constexpr *list; };
};

struct wasm_tabletype {
    uint8_t type; struct wasm_limits lim; bool imported, exported;
    struct wasm_constexpr init;     /* of all entries */
};

struct wasm_globaltype {
    uint8_t type; bool mut, imported, exported;
    struct wasm_constexpr init;
    uint32_t offset;                /* in the instance block; see instance layout below */
};

struct wasm_tagtype { uint32_t type; bool imported, exported; };    /* index into module.types */

struct wasm_import { struct wasm_name module, field; uint8_t kind; uint32_t index; };
struct wasm_export { struct wasm_name name; uint8_t kind; uint32_t index; };

struct wasm_elem {
    uint8_t mode;                   /* 0 active, 1 passive, 2 declarative */
    uint8_t type;
    uint32_t table, count;
    struct wasm_constexpr offset;
    struct wasm_constexpr *init;    /* count expressions */
};
struct wasm_data {
    uint8_t mode;                   /* 0 active, 1 passive */
    uint32_t memory, at, size;      /* `at`: byte offset in the module */
    struct wasm_constexpr offset;
};
struct wasm_custom { struct wasm_name name; uint32_t at, size; };

/* All arrays live in the module's arena; `bytes` is the caller's and must outlive the module. */
struct wasm_module {
    struct wasm_host *host;
    struct wasm_arena *arena;
    const uint8_t *bytes; size_t size;
    uint32_t features;
    uint32_t ntypes, nfuncs, nimport_funcs, ntables, nmems, nglobals;
    uint32_t nimports, nexports, nelems, ndatas, ncustoms;
    uint32_t start;                 /* function index or UINT32_MAX */
    struct wasm_functype *types;
    uint32_t *type_canon;           /* first structurally equal type of this module */
    struct wasm_func *funcs;
    struct wasm_tabletype *tables;
    struct wasm_memtype *mems;
    struct wasm_globaltype *globals;
    struct wasm_tagtype *tags; uint32_t ntags;
    struct wasm_import *imports;
    struct wasm_export *exports;
    struct wasm_elem *elems;
    struct wasm_data *datas;
    struct wasm_custom *customs;
    bool has_datacount;
    /* function names for backtraces (custom section "name"), NULL where absent */
    struct wasm_name *func_names;
    /* layout of the instance block, set by wasm_open: byte offsets from struct wasm_instance */
    uint32_t off_imports, off_types, off_tables, off_mems, off_globals, off_funcrefs, off_dropped;
    uint32_t off_tags;
    uint32_t inst_size;
};

enum wasm_feature {
    WASM_F_SIMD = 1, WASM_F_TAIL = 2, WASM_F_EXTCONST = 4, WASM_F_MULTIMEM = 8,
    WASM_F_RELAXED = 16, WASM_F_THREADS = 32, WASM_F_EH = 64, WASM_F_LEGACY_EH = 128,
};
#define WASM_F_ONE_TABLE 0x100u     /* refuses a second table, as 1.0 did */
#define WASM_FEATURES_ALL 0xffu
/* Is the binary format that of 3.0, where sizes and offsets are 64-bit numbers? */
static inline bool wasm_format_3(uint32_t features) { return features & WASM_F_MULTIMEM; }
#define WASM_FEATURES_BASE 0u       /* 1.0 and sign extension, saturating conversion, bulk memory,
                                       multi-value, reference types */

enum wasm_cpu { WASM_CPU_LZCNT = 1, WASM_CPU_BMI1 = 2, WASM_CPU_BMI2 = 4, WASM_CPU_AVX = 8,
                WASM_CPU_AVX2 = 16, WASM_CPU_FMA = 32 };

/* Makes rare things common, for tests: of the register allocator, and of inlining. */
enum wasm_stress {
    WASM_STRESS_FEW = 1,            /* few registers */
    WASM_STRESS_RANDOM = 2,         /* any register, any victim */
    WASM_STRESS_LIVE = 4,           /* no exact liveness, as in very large functions */
    WASM_STRESS_INLINE = 8,         /* large bodies, too, stand in place of calls */
};

struct wasm_options {
    uint32_t features;              /* WASM_F_* */
    uint32_t cpu;                   /* WASM_CPU_*; SSE4.1 and POPCNT are the floor */
    uint32_t passes_off;            /* bit (letter - 'a') switches that pass off */
    uint32_t stress;                /* enum wasm_stress; upper 24 bits: seed */
    bool volatile_mem;              /* memory 0 holds device or DMA windows: no load or store of it
                                       is merged, forwarded or dropped */
    /* port I/O imports (module "port", see abi.h): may this module use [first, first+n)? */
    bool (*port_ok)(void *ctx, uint16_t first, uint16_t n);
    void *port_ctx;
    /* dumps: letters as bits; text goes to `print` */
    uint32_t dump;
    uint32_t dump_func;             /* function index, or UINT32_MAX for all */
    void (*print)(void *ctx, const char *s, size_t n);
    void *print_ctx;
};

/* What wasm_options.passes_off may name, a row each; a letter of 0 ends the list (compile.c). */
struct wasm_pass { char letter; const char *what; };
extern const struct wasm_pass wasm_passes[];

/* Decodes and validates all but bodies. NULL on error, with *err filled. */
struct wasm_module *wasm_open(struct wasm_host *h, const uint8_t *bytes, size_t size,
                              const struct wasm_options *o, struct wasm_error *err);
void wasm_close(struct wasm_module *m);

/* Custom section by name, or NULL. */
const struct wasm_custom *wasm_custom_find(const struct wasm_module *m, const char *name);

/* ---- images -------------------------------------------------------------------------------- */

/* Where an address in an image came from. */
struct wasm_site {
    uint32_t func, offset;
    uint8_t trap, kind;             /* WASM_SITE_*: what the code is */
    uint32_t frame;
    uint32_t landing;               /* of a call: code offset of the landing block, 0 if none */
    uint32_t inlined;               /* how many bodies around it stand in place of calls */
    uint32_t piece, call;           /* for wasm_image_outer */
};
enum { WASM_SITE_BODY, WASM_SITE_EXT, WASM_SITE_INVOKE };

struct wasm_image {
    struct wasm_module *module;
    size_t code_size;               /* bytes that wasm_image_write produces */
    uint32_t *entry;                /* per function: internal entry, code offset; UINT32_MAX: it
                                       has no code, all its calls are inlined */
    uint32_t *ext_entry;            /* per escaping function: entry that switches to the instance
                                       in rdi; UINT32_MAX if the function does not escape */
    uint8_t *tail;                  /* per function: WASM_TAIL_* of its ext_entry */
    uint32_t tail_words;            /* stack words that every internal call provides at least */
    uint32_t *invoke;  /* per escaping function: C-callable entry, see wasm_invoke_fn */
    uint32_t resume;                /* code that enters a landing block, see exception.c */
    size_t peak_memory;             /* bytes the compiler had at most, beyond module and output */
    struct wasm_arena *arena;
    void *priv;                     /* code chunks, relocations, site tables */
};

/* values as they cross between C and compiled code */
union wasm_value {
    uint32_t i32; uint64_t i64; float f32; double f64; void *ref; uint8_t v128[16];
};

/* C entry of an exported function: arguments in v[], results overwrite v[] */
typedef void wasm_invoke_fn(struct wasm_instance *in, union wasm_value *v);

/* Validates and compiles all bodies. NULL on error. The module must outlive the image. */
struct wasm_image *wasm_compile(struct wasm_module *m, const struct wasm_options *o,
                                struct wasm_error *err);
/*
 * The same in parts, for several threads: begin, then any number of calls of work at the same time
 * (the host's alloc must allow it), and when they have all returned, finish. The image does not
 * depend on how many there were. finish frees the image and returns NULL on error.
 */
struct wasm_image *wasm_compile_begin(struct wasm_module *m, const struct wasm_options *o,
                                      struct wasm_error *err);
void wasm_compile_work(struct wasm_image *img);
struct wasm_image *wasm_compile_finish(struct wasm_image *img, struct wasm_error *err);
/* Copies the code, relocated (it is position-independent), to `to` (code_size bytes). */
void wasm_image_write(const struct wasm_image *img, uint8_t *to);
/* Finds the site of code offset `pc`: of a faulting instruction (exact), or of the call that
 * returns to `pc` (ret = true). False if there is none. site->frame is the number of bytes from
 * rsp at that point to the return address of the function. */
bool wasm_image_site(const struct wasm_image *img, uint32_t pc, bool ret, struct wasm_site *site);
/* From a site to the call that its function stands for, in the same frame: then it is that of the
 * caller. False if there was a real call (site->inlined is 0). */
bool wasm_image_outer(const struct wasm_image *img, struct wasm_site *site);
void wasm_image_free(struct wasm_image *img);

/*
 * All of an image but its code as bytes (flat.c), from which it is loaded again: with a module of
 * the same bytes and features, code as wasm_image_write left it, by the same build of the
 * compiler, on a CPU with the features it was compiled for. The embedder sees to that; flat and
 * code must outlive the image, and are trusted as code is. NULL on error.
 */
size_t wasm_image_flat_size(const struct wasm_image *img);
void wasm_image_flatten(const struct wasm_image *img, uint8_t *to);
struct wasm_image *wasm_image_from_flat(struct wasm_module *m, const uint8_t *flat, size_t size,
                                        const uint8_t *code, size_t code_size,
                                        struct wasm_error *err);

/* ---- instances ----------------------------------------------------------------------------- */

struct wasm_memory {                /* one linear memory; base never moves */
    uint8_t *base;
    uint32_t pages, max;            /* of 64 KiB; max as declared or WASM_MAX_PAGES;
                                       pages never pass WASM_TOP_PAGES */
    bool has_max, shared;
    void *ctx;                      /* the embedder's */
};

/* A function as a value. A funcref is a pointer to one of these or NULL. */
struct wasm_funcref {
    void *code; struct wasm_instance *in; uint32_t type_id, func;
    uint64_t tail;                  /* how a tail call gets there: WASM_TAIL_* */
};

/*
 * Code of a function has, WASM_TAIL_SIZE bytes before it, an entry that loads r14 and r15 from rdi
 * and does not restore them: for callers of the same instance (LOCAL), and for callers whose own
 * caller restores them (ANY: the function takes and returns nothing on the stack). 0: none.
 */
enum { WASM_TAIL_LOCAL = 1, WASM_TAIL_ANY = 2, WASM_TAIL_SIZE = 16 };

struct wasm_entry {                 /* of a table; 32 bytes, compiled code indexes it */
    void *code;                     /* ext_entry, 0 if null */
    struct wasm_instance *in;
    uint32_t type_id, tail;
    void *ref;                      /* the funcref or externref itself */
};
struct wasm_table {
    struct wasm_entry *entries;
    uint32_t size, max;             /* max as declared or UINT32_MAX */
    uint32_t capacity; uint8_t type; bool has_max;
};

struct wasm_tag { const struct wasm_functype *type; };     /* one is what it is by its address */
struct wasm_tag_slot { struct wasm_tag *tag, own; };

struct wasm_import_slot { void *code; struct wasm_instance *in; uint64_t tail; };

/*
 * The instance block. The head is fixed; the arrays of this module follow at the offsets that
 * wasm_open computed (module.off_*):
 *   imports   struct wasm_import_slot [nimport_funcs]
 *   types     uint32_t type ids [ntypes]
 *   tables    struct wasm_table * [ntables]
 *   mems      struct wasm_memory * [nmems]
 *   globals   16 bytes each: the value, or for imported globals a pointer to the value
 *   funcrefs  struct wasm_funcref [nfuncs], filled for escaping functions
 *   dropped   uint8_t [nelems + ndatas]
 *   tags      struct wasm_tag_slot [ntags]
 */
struct wasm_instance {
    uint8_t *mem0;                  /* 0: base of memory 0, what r15 holds */
    uintptr_t stack_limit;          /* 8: lowest rsp with which code may call out of the image */
    const struct wasm_runtime *rt;  /* 16 */
    const struct wasm_image *image; /* 24 */
    uint8_t *code;                  /* 32: where the image's code stands */
    void *embedder;                 /* 40: SIP or tool context */
    struct wasm_module *module;     /* 48 */
    struct wasm_exn *exns;          /* 56: exceptions, see exception.c */
    struct wasm_exn *kept;          /* 64: those that exnrefs may name */
    uint64_t nexns;                 /* 72: of both */
};

/* Called from compiled code as C functions; the table is instance.c's. */
struct wasm_runtime {
    uint32_t (*memory_grow)(struct wasm_instance *, uint32_t mem, uint32_t delta);
    void (*memory_copy)(struct wasm_instance *, uint32_t to, uint32_t from, uint32_t n,
                        uint32_t mems);
    void (*memory_fill)(struct wasm_instance *, uint32_t to, uint32_t byte, uint32_t n,
                        uint32_t mem);
    void (*memory_init)(struct wasm_instance *, uint32_t to, uint32_t from, uint32_t n,
                        uint32_t seg_mem);
    void (*data_drop)(struct wasm_instance *, uint32_t seg);
    void *(*table_get)(struct wasm_instance *, uint32_t i, uint32_t table);
    void (*table_set)(struct wasm_instance *, uint32_t i, void *ref, uint32_t table);
    uint32_t (*table_grow)(struct wasm_instance *, void *ref, uint32_t n, uint32_t table);
    uint32_t (*table_size)(struct wasm_instance *, uint32_t table);
    void (*table_fill)(struct wasm_instance *, uint32_t i, void *ref, uint32_t n, uint32_t table);
    void (*table_copy)(struct wasm_instance *, uint32_t to, uint32_t from, uint32_t n,
                       uint32_t tables);
    void (*table_init)(struct wasm_instance *, uint32_t to, uint32_t from, uint32_t n,
                       uint32_t seg_table);
    void (*elem_drop)(struct wasm_instance *, uint32_t seg);
    uint32_t (*atomic_notify)(struct wasm_instance *, uint64_t at, uint32_t count, uint32_t mem);
    uint32_t (*atomic_wait32)(struct wasm_instance *, uint64_t at, uint32_t expected, int64_t ns,
                              uint32_t mem);
    uint32_t (*atomic_wait64)(struct wasm_instance *, uint64_t at, uint64_t expected, int64_t ns,
                              uint32_t mem);
    /* exceptions: exception.c */
    void *exn_new, *exn_set_int, *exn_set_float, *exn_set_vec, *exn_get_int, *exn_get_float,
         *exn_get_vec, *exn_match, *exn_keep, *throw_;
};  /* "a_b" arguments pack two indices: low 16 bits the first named, high 16 bits the second
       (to | from << 16; seg | mem << 16). Modules with indices over 65,535 there are refused. */

/* What an import resolves to. */
struct wasm_extern {
    uint8_t kind;                   /* enum wasm_kind */
    const struct wasm_functype *type;   /* functions: exact type */
    /* functions; in = NULL: a C function, gets the caller's instance */
    void *code; struct wasm_instance *in;
    struct wasm_funcref *ref;       /* functions: set if one exists already */
    struct wasm_table *table;
    struct wasm_memory *memory;
    struct wasm_tag *tag;
    uint8_t global_type; bool global_mut;
    union wasm_value *global;
};
typedef bool wasm_resolve_fn(void *ctx, const struct wasm_module *m, uint32_t import,
                             struct wasm_extern *out);

/*
 * Fills the zeroed block `in` of module->inst_size bytes, whose code stands at `code`.
 * `mem` are the memories that the module defines, in order, NULL if none (the embedder has set
 * base; max is set here, pages through wasm_host_memory_grow). Runs element and data
 * initialisers, not `start`. Returns WASM_OK, or WASM_UNLINKABLE / WASM_NOMEM with *err; a trap in
 * an initialiser is returned in *trap with WASM_OK (the instance stays usable as far as the
 * specification says).
 */
enum wasm_errcode wasm_instantiate(struct wasm_instance *in, const struct wasm_image *img,
                                   uint8_t *code, struct wasm_memory *mem,
                                   wasm_resolve_fn *resolve, void *ctx,
                                   int *trap, struct wasm_error *err);
/*
 * A model of `of`, which has just been linked without a trap by functions of C alone, in memory of
 * wasm_model_size bytes, 16-byte aligned, and which part of memory 0 active segments write: false
 * if something else is imported, or there are such segments of other memories. From it the block
 * `in`, which may hold anything but has its embedder and stack_limit, is filled as wasm_instantiate
 * would, without looking at names and types again; but what active data segments write is for the
 * embedder. The model owns nothing and needs no wasm_instance_free.
 */
struct wasm_model;
size_t wasm_model_size(struct wasm_instance *of);
bool wasm_model_make(struct wasm_model *model, struct wasm_instance *of, uint64_t *from,
                     uint64_t *to);
enum wasm_errcode wasm_instantiate_like(struct wasm_instance *in, const struct wasm_model *model,
                                        struct wasm_memory *mem, struct wasm_error *err);
/*
 * Fills the zeroed block `in` for a further thread of what runs in `from`: linked alike, sharing
 * its memories and what it imports, with tables, mutable globals and passive segments of its own as
 * they were when `from` was made. No data segment is written again; `start` is for the embedder to
 * call. False: out of memory.
 */
bool wasm_instance_thread(struct wasm_instance *in, struct wasm_instance *from);
/* Looks an export up; false if there is none of that name. */
bool wasm_export_find(struct wasm_instance *in, struct wasm_name name, struct wasm_extern *out);
/* Frees what wasm_instantiate allocated (tables); not the block. */
void wasm_instance_free(struct wasm_instance *in);

#endif
