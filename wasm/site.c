/*
 * site.c - the tables that say of places in the code what they are: packed from what the emitter
 * noted, and read again when a fault or a backtrace asks.
 */
#include "wasm/image.h"

static uint8_t *leb(uint8_t *p, uint32_t v)
{
    for (; v >= 128; v >>= 7)
        *p++ = (uint8_t)(v | 128);
    *p++ = (uint8_t)v;
    return p;
}

/* up to `end`: the bytes may be those of a damaged file */
static const uint8_t *unleb(const uint8_t *p, const uint8_t *end, uint32_t *v)
{
    *v = 0;
    for (int shift = 0; p < end && shift < 32; shift += 7) {
        *v |= (uint32_t)(*p & 127) << shift;
        if (!(*p++ & 128))
            break;
    }
    return p;
}

static uint32_t zigzag(int32_t d)
{
    return (uint32_t)d << 1 ^ (uint32_t)(d >> 31);
}

static int32_t unzigzag(uint32_t z)
{
    return (int32_t)(z >> 1 ^ -(z & 1));
}

void site_pack(struct wasm_arena *a, const struct emit *e, struct piece *p)
{
    uint8_t *buf = arena_raw(e->arena, (size_t)e->nsite * 16 + 1), *q = buf;
    uint32_t pc = 0, pos = 0;

    p->mark = arena_raw(a, (e->nsite / SITES_PER_MARK) * sizeof *p->mark);
    for (uint32_t k = 0; k < e->nsite; k++) {
        struct site_rec *s = &e->site[k];
        if (k && k % SITES_PER_MARK == 0)
            p->mark[k / SITES_PER_MARK - 1] = (struct site_mark){ (uint32_t)(q - buf), pc, pos };
        q = leb(q, s->pc - pc);
        q = leb(q, zigzag((int32_t)(s->pos - pos)));
        *q++ = (s->landing ? SITE_LANDING : s->trap) | s->call << 7;
        if (s->landing)
            q = leb(q, (uint32_t)e->block_at[s->landing]);
        pc = s->pc;
        pos = s->pos;
    }
    p->nsites = e->nsite;
    p->site_bytes = (uint32_t)(q - buf);
    p->sites = arena_raw(a, (size_t)(q - buf) + 1);
    memcpy(p->sites, buf, (size_t)(q - buf));
}

static struct piece *find_piece(struct image_priv *p, uint32_t pc)
{
    uint32_t lo = 0, hi = p->npiece;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (p->piece[mid].start <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? &p->piece[lo - 1] : NULL;
}

/* The last mark whose sites begin before pc: its number from 1, and what has been added up
 * there. */
static uint32_t start_at_mark(const struct piece *x, uint32_t pc, uint32_t *at, uint32_t *pos)
{
    uint32_t lo = 0, hi = x->nsites ? (x->nsites - 1) / SITES_PER_MARK : 0;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (x->start + x->mark[mid].pc < pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo) {
        *at = x->mark[lo - 1].pc;
        *pos = x->mark[lo - 1].pos;
    }
    return lo;
}

/* The function and offset of time `at` in a piece: innermost, and how many bodies are around it. */
static void locate(const struct wasm_image *img, const struct piece *x, uint32_t at,
                   struct wasm_site *site)
{
    const struct wasm_func *funcs = img->module->funcs;
    uint32_t shift = 0;

    site->func = x->func;
    site->inlined = 0;
    for (uint32_t k = 0; k < x->ninlined && x->inlined[k].start <= at; ) {
        const struct ir_inlined *n = &x->inlined[k++];
        if (at - n->start < n->size) {
            site->func = n->func;
            site->call = n->start - 1;
            site->inlined++;
            shift = n->start - funcs[n->func].body;
            continue;
        }
        shift += n->size;
        while (k < x->ninlined && x->inlined[k].start - n->start < n->size)
            k++;
    }
    site->offset = at - shift;
}

bool wasm_image_outer(const struct wasm_image *img, struct wasm_site *site)
{
    if (!site->inlined)
        return false;
    locate(img, &((struct image_priv *)img->priv)->piece[site->piece], site->call, site);
    site->trap = 0;
    return true;
}

/* Fills in what the table of a piece says about pc; site->offset is a time. */
static void find_site(const struct piece *x, uint32_t pc, bool ret, struct wasm_site *site)
{
    uint32_t at = 0, pos = 0, d, z, landing;
    const uint8_t *s = x->sites, *end;
    uint32_t k = start_at_mark(x, pc, &at, &pos);
    if (!x->nsites)
        return;
    end = s + x->site_bytes;
    if (k && x->mark[k - 1].byte <= x->site_bytes) {
        s += x->mark[k - 1].byte;
        site->offset = pos;
    }
    for (k *= SITES_PER_MARK; k < x->nsites; k++) {
        s = unleb(s, end, &d);
        s = unleb(s, end, &z);
        if (s == end)
            break;
        uint8_t kind = *s++;
        landing = 0;
        if (kind == (SITE_LANDING | 0x80)) {
            s = unleb(s, end, &landing);
            kind = 0x80;
        }
        at += d;
        pos += (uint32_t)unzigzag(z);
        if (x->start + at > pc)
            break;
        bool prologue = (kind & 127) == SITE_PROLOGUE;
        if (!prologue && pos)
            site->offset = pos;
        if (x->start + at != pc || (kind >> 7) != ret)
            continue;
        site->trap = prologue ? WASM_TRAP_STACK : kind & 127;
        site->landing = landing ? x->start + landing : 0;
        if (prologue)
            site->frame = 8 * pos;
        return;
    }
}

bool wasm_image_site(const struct wasm_image *img, uint32_t pc, bool ret, struct wasm_site *site)
{
    struct image_priv *p = img->priv;
    struct piece *x = find_piece(p, ret && pc ? pc - 1 : pc);

    if (!x || pc > x->start + x->size)
        return false;
    *site = (struct wasm_site){ .offset = img->module->funcs[x->func].body, .frame = x->frame,
                                .kind = x->kind, .piece = (uint32_t)(x - p->piece) };
    find_site(x, pc, ret, site);
    locate(img, x, site->offset, site);
    return true;
}
