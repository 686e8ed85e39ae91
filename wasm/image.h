/* image.h - what is behind struct wasm_image: code in pieces, relocations, the site tables. */
#ifndef WASM_IMAGE_H
#define WASM_IMAGE_H

#include "wasm/emit.h"
#include "wasm/sealed.h"

/* trap code of sites in a prologue: `pos` counts the words pushed so far */
#define SITE_PROLOGUE 0x3f
/* in place of the trap code of a call: the offset of its landing block in the piece follows */
#define SITE_LANDING 1

enum piece_kind { PIECE_BODY = WASM_SITE_BODY, PIECE_EXT = WASM_SITE_EXT,
                  PIECE_INVOKE = WASM_SITE_INVOKE,
                  PIECE_RESUME,
                  PIECE_TABLE };        /* struct sealed_entry, no code */

/* Every so many sites, where to begin reading: byte in piece.sites, sums of the deltas before
 * it. */
enum { SITES_PER_MARK = 64 };
struct site_mark { uint32_t byte, pc, pos; };

struct piece {                  /* one function or thunk, in code order */
    uint32_t start, size;       /* code offset; 16-aligned starts */
    uint32_t func, frame;       /* frame: bytes from rsp to the return address in the body */
    uint8_t kind;               /* enum piece_kind */
    bool deferred;              /* checked, but without code until somebody calls it */
    uint32_t nreloc;
    struct reloc *reloc;
    uint8_t *code;
    uint8_t *sites;             /* pc delta, position delta (zigzag), kind: LEB128, LEB128, byte */
    uint32_t nsites, site_bytes;
    struct site_mark *mark;     /* (nsites - 1) / SITES_PER_MARK of them */
    struct ir_inlined *inlined; uint32_t ninlined;  /* what the positions of sites mean */
    uint32_t table;             /* PIECE_TABLE: of the module */
};

struct image_priv {
    struct piece *piece; uint32_t npiece;   /* bodies in order, then thunks */
    uint32_t *thunk;            /* per escaping function: its thunk for calls from outside */
    uint32_t *table;            /* per sealed table that is called through: its PIECE_TABLE */
};

/* compile.c: an image of m with room for so many pieces, nothing in it; NULL: out of memory */
struct wasm_image *image_new(struct wasm_module *m, const struct wasm_options *o, size_t npiece,
                             struct wasm_error *err);

/* image.c: where everything goes, bodies in the order of their numbers, then the thunks. False:
 * more code than branches reach, in *err. */
bool image_lay_out(struct wasm_image *img, struct wasm_error *err);

/* site.c: the table of piece p, in arena a, from what is noted in e */
void site_pack(struct wasm_arena *a, const struct emit *e, struct piece *p);

/* thunks.c: entries from outside, see struct wasm_image */
void thunk_ext_entry(struct emit *e, const struct wasm_module *m, uint32_t func,
                     uint32_t tail_words);
void thunk_invoke(struct emit *e, const struct wasm_module *m, uint32_t func, uint32_t tail_words);
/* not a call: (rsp, exception, address, instance) as C passes them; goes to the address */
void thunk_resume(struct emit *e, const struct wasm_module *m, uint32_t func, uint32_t tail_words);
/* not code: the entries of a sealed table, relocated from its start */
void thunk_table(struct emit *e, const struct wasm_module *m, const struct sealed_table *t);
uint8_t thunk_tail(const struct wasm_module *m, uint32_t func, uint32_t tail_words);

#endif
