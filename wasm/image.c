/*
 * image.c - the pieces of an image in their places: laid out when all are compiled, and written
 * with what they ask of each other filled in.
 */
#include "wasm/image.h"

bool image_lay_out(struct wasm_image *img, struct wasm_error *err)
{
    const struct wasm_module *m = img->module;
    struct image_priv *p = img->priv;
    uint64_t at = 0;

    for (uint32_t k = 0; k < p->npiece; k++) {
        struct piece *x = &p->piece[k];
        x->start = (uint32_t)at;
        at = (at + x->size + 15) & ~15ull;
        if (at > INT32_MAX / 2) {
            *err = (struct wasm_error){ .code = WASM_LIMIT, .func = x->func,
                                        .offset = m->funcs[x->func].body,
                                        .text = "more than 1 GiB of code" };
            return false;
        }
        if (x->kind == PIECE_EXT) {
            p->thunk[x->func] = x->start;
        } else if (x->kind == PIECE_RESUME) {
            img->resume = x->start;
        } else if (x->kind == PIECE_TABLE) {
            p->table[x->table] = x->start;
        } else if (x->kind == PIECE_INVOKE) {
            img->invoke[x->func] = x->start;
        } else if (x->deferred) {
            img->entry[x->func] = UINT32_MAX;
        } else if (m->funcs[x->func].escapes) {
            img->ext_entry[x->func] =
                x->start + (m->features & WASM_F_TAIL ? WASM_TAIL_SIZE : 0);
            img->entry[x->func] = img->ext_entry[x->func] + DIRECT_ENTRY;
        } else {
            img->entry[x->func] = x->start;
        }
    }
    img->code_size = (size_t)at;
    return true;
}

static uint32_t reloc_target(const struct wasm_image *img, uint32_t func)
{
    const struct image_priv *p = img->priv;

    if (func & RELOC_THUNK)
        return p->thunk[func & ~RELOC_THUNK];
    return func & RELOC_TABLE ? p->table[func & ~RELOC_TABLE] : img->entry[func];
}

void wasm_image_write(const struct wasm_image *img, uint8_t *to)
{
    struct image_priv *p = img->priv;

    for (uint32_t k = 0; k < p->npiece; k++) {
        struct piece *x = &p->piece[k];
        uint32_t end = k + 1 < p->npiece ? p->piece[k + 1].start : (uint32_t)img->code_size;
        memcpy(to + x->start, x->code, x->size);
        memset(to + x->start + x->size, 0xcc, end - x->start - x->size);
        for (uint32_t r = 0; r < x->nreloc; r++) {
            uint32_t at = x->start + x->reloc[r].at;
            uint32_t d = reloc_target(img, x->reloc[r].func)
                       - (x->kind == PIECE_TABLE ? x->start : at + 4);
            memcpy(to + at, &d, 4);
        }
    }
}
