/*
 * flat.c - an image as one block of bytes, to be kept and loaded again instead of compiling.
 *
 * The block holds what struct wasm_image and its pieces hold besides the code, which stands alone
 * (wasm_image_write), so that an embedder can map it. In order: the head; per function entry,
 * ext_entry, invoke (four bytes each) and tail (one); padding to four; per piece a record, then the
 * marks of all pieces, then what is inlined in them, then their sites. Numbers are of this machine.
 * Lengths are checked, as is that every piece lies within the code: loading an image and asking for
 * sites reads nothing else, whatever the bytes. Entries and what sites say are believed, as the
 * code is: whoever can write an image can write any code. Keeping it from others is the embedder's
 * affair.
 */
#include "wasm/image.h"

struct flat_head {
    uint64_t code_size, peak_memory, sites;     /* sites: bytes of all pieces */
    uint32_t nfuncs, npiece, marks, inlined, tail_words, resume;
};

struct flat_piece { uint32_t start, size, func, frame, nsites, site_bytes, ninlined, kind; };

/* a field more in the image may have to go here, too */
_Static_assert(sizeof(struct wasm_image) == 88 && sizeof(struct piece) == 80,
               "flat.c writes all that an image is loaded from");

static uint32_t marks_of(uint32_t nsites)
{
    return nsites ? (nsites - 1) / SITES_PER_MARK : 0;
}

static struct flat_head head_of(const struct wasm_image *img)
{
    const struct image_priv *p = img->priv;
    struct flat_head h = { .code_size = img->code_size, .peak_memory = img->peak_memory,
                           .nfuncs = img->module->nfuncs, .npiece = p->npiece,
                           .tail_words = img->tail_words, .resume = img->resume };

    for (uint32_t k = 0; k < p->npiece; k++) {
        h.sites += p->piece[k].site_bytes;
        h.marks += marks_of(p->piece[k].nsites);
        h.inlined += p->piece[k].ninlined;
    }
    return h;
}

static uint64_t size_of(const struct flat_head *h)
{
    return sizeof *h + ((uint64_t)h->nfuncs * 13 + 3) / 4 * 4
         + (uint64_t)h->npiece * sizeof(struct flat_piece)
         + (uint64_t)h->marks * sizeof(struct site_mark)
         + (uint64_t)h->inlined * sizeof(struct ir_inlined) + h->sites;
}

size_t wasm_image_flat_size(const struct wasm_image *img)
{
    struct flat_head h = head_of(img);

    return (size_t)size_of(&h);
}

static uint8_t *put(uint8_t *to, const void *from, size_t n)
{
    if (n)
        memcpy(to, from, n);
    return to + n;
}

void wasm_image_flatten(const struct wasm_image *img, uint8_t *to)
{
    const struct image_priv *p = img->priv;
    struct flat_head h = head_of(img);
    size_t n = h.nfuncs;

    to = put(to, &h, sizeof h);
    to = put(to, img->entry, n * 4);
    to = put(to, img->ext_entry, n * 4);
    to = put(to, img->invoke, n * 4);
    to = put(to, img->tail, n);
    to = put(to, "\0\0", (4 - n % 4) % 4);
    for (uint32_t k = 0; k < h.npiece; k++) {
        const struct piece *x = &p->piece[k];
        struct flat_piece f = { x->start, x->size, x->func, x->frame, x->nsites, x->site_bytes,
                                x->ninlined, x->kind };
        to = put(to, &f, sizeof f);
    }
    for (uint32_t k = 0; k < h.npiece; k++)
        to = put(to, p->piece[k].mark, marks_of(p->piece[k].nsites) * sizeof(struct site_mark));
    for (uint32_t k = 0; k < h.npiece; k++)
        to = put(to, p->piece[k].inlined, p->piece[k].ninlined * sizeof(struct ir_inlined));
    for (uint32_t k = 0; k < h.npiece; k++)
        to = put(to, p->piece[k].sites, p->piece[k].site_bytes);
}

static bool inlined_ok(const struct piece *x, uint32_t nfuncs)
{
    for (uint32_t k = 0; k < x->ninlined; k++)
        if (x->inlined[k].func >= nfuncs || !x->inlined[k].start)
            return false;
    return true;
}

/* The pieces from their records at `at`; false: they do not fit the code or each other. */
static bool take_pieces(struct image_priv *p, const struct flat_head *h, const uint8_t *at,
                        const uint8_t *code)
{
    const uint8_t *mark = at + h->npiece * sizeof(struct flat_piece);
    const uint8_t *inlined = mark + h->marks * sizeof(struct site_mark);
    const uint8_t *sites = inlined + h->inlined * sizeof(struct ir_inlined);
    uint64_t marks = 0, bodies = 0, bytes = 0, end = 0;

    for (uint32_t k = 0; k < h->npiece; k++) {
        struct flat_piece f;
        memcpy(&f, at + k * sizeof f, sizeof f);
        if (f.start < end || (uint64_t)f.start + f.size > h->code_size || f.func >= h->nfuncs
            || marks + marks_of(f.nsites) > h->marks || bytes + f.site_bytes > h->sites
            || bodies + f.ninlined > h->inlined)
            return false;
        p->piece[k] = (struct piece){
            .start = f.start, .size = f.size, .func = f.func, .frame = f.frame,
            .kind = (uint8_t)f.kind, .nsites = f.nsites, .site_bytes = f.site_bytes,
            .code = (uint8_t *)code + f.start, .sites = (uint8_t *)sites + bytes,
            .mark = (struct site_mark *)(mark + marks * sizeof(struct site_mark)),
            .inlined = (struct ir_inlined *)(inlined + bodies * sizeof(struct ir_inlined)),
            .ninlined = f.ninlined,
        };
        if (!inlined_ok(&p->piece[k], h->nfuncs))
            return false;
        end = (uint64_t)f.start + f.size;
        marks += marks_of(f.nsites);
        bodies += f.ninlined;
        bytes += f.site_bytes;
    }
    return marks == h->marks && bodies == h->inlined && bytes == h->sites;
}

struct wasm_image *wasm_image_from_flat(struct wasm_module *m, const uint8_t *flat, size_t size,
                                        const uint8_t *code, size_t code_size,
                                        struct wasm_error *err)
{
    struct flat_head h;
    struct wasm_image *img;

    *err = (struct wasm_error){ .code = WASM_MALFORMED, .func = UINT32_MAX,
                                .text = "the image is damaged" };
    if (size < sizeof h)
        return NULL;
    memcpy(&h, flat, sizeof h);
    if (h.nfuncs != m->nfuncs || h.code_size != code_size || h.sites > size || size_of(&h) != size)
        return NULL;
    if (!(img = image_new(m, NULL, h.npiece, err)))
        return NULL;
    img->code_size = code_size;
    img->peak_memory = (size_t)h.peak_memory;
    img->tail_words = h.tail_words;
    img->resume = h.resume;
    flat += sizeof h;
    memcpy(img->entry, flat, 4 * (size_t)h.nfuncs);
    memcpy(img->ext_entry, flat + 4 * (size_t)h.nfuncs, 4 * (size_t)h.nfuncs);
    memcpy(img->invoke, flat + 8 * (size_t)h.nfuncs, 4 * (size_t)h.nfuncs);
    memcpy(img->tail, flat + 12 * (size_t)h.nfuncs, h.nfuncs);
    struct image_priv *p = img->priv;
    p->npiece = h.npiece;
    if (take_pieces(p, &h, flat + ((uint64_t)h.nfuncs * 13 + 3) / 4 * 4, code))
        return img;
    wasm_image_free(img);
    return NULL;
}
