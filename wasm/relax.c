/*
 * relax.c - short branches and aligned loops: one pass over the finished code of a function.
 *
 * Branches between blocks are emitted with 32-bit displacements. Those that reach their target with
 * 8 bits in the long layout do so all the more in the short one, but for the padding in front of
 * the loop headers between, which is counted as if it were always the largest. Then the code is
 * copied together and everything that names a position is moved along.
 */
#include "wasm/emit.h"

#define LOOP_ALIGN 16

struct move { size_t at; ptrdiff_t delta; };    /* positions from `at` on move by delta */

struct relax {
    struct emit *e;
    uint32_t last;  /* row of move[] found last: positions mostly ascend */
    struct move *move; uint32_t n;
    uint8_t *out; size_t len, done;             /* copied: bytes [0, done) */
};

/* Innermost loops: headers whose loop holds no other header. */
static uint32_t *find_loops(struct emit *e, uint32_t *count)
{
    struct ir_func *f = e->f;
    uint8_t *outer = arena_alloc(e->arena, f->nblocks);
    uint32_t *list, n = 0;

    for (uint32_t b = 1; b < f->nblocks; b++)
        if (f->blocks[b].header && f->blocks[b].npreds) {
            n++;
            if (f->blocks[b].loop_up)
                outer[f->blocks[b].loop_up] = 1;
        }
    list = arena_alloc(e->arena, (n + 1) * sizeof *list);
    n = 0;
    for (uint32_t b = 1; b < f->nblocks; b++)
        if (f->blocks[b].header && f->blocks[b].npreds && !outer[b])
            list[n++] = b;
    *count = n;
    return list;
}

static void copy_to(struct relax *r, size_t to)
{
    memcpy(r->out + r->len, r->e->b.p + r->done, to - r->done);
    r->len += to - r->done;
    r->done = to;
}

static void pad(struct relax *r)
{
    static const uint8_t nop[9][9] = {
        { 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0 }, { 0x0f, 0x1f, 0x40, 0 },
        { 0x0f, 0x1f, 0x44, 0, 0 },
        { 0x66, 0x0f, 0x1f, 0x44, 0, 0 }, { 0x0f, 0x1f, 0x80, 0, 0, 0, 0 },
        { 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 }, { 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
    };

    while (r->len % LOOP_ALIGN) {
        size_t n = LOOP_ALIGN - r->len % LOOP_ALIGN;
        n = n > 9 ? 9 : n;
        memcpy(r->out + r->len, nop[n - 1], n);
        r->len += n;
    }
}

static void moved(struct relax *r)
{
    r->move[r->n++] = (struct move){ .at = r->done,
                                     .delta = (ptrdiff_t)r->len - (ptrdiff_t)r->done };
}

static size_t place(struct relax *r, size_t at)
{
    uint32_t lo = 0, hi = r->n;

    if (r->last && r->move[r->last - 1].at <= at) {
        lo = r->last;
        for (int k = 0; k < 4 && lo < hi && r->move[lo].at <= at; k++)
            lo++;
        if (lo == hi || r->move[lo].at > at)
            hi = lo;
    }

    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (r->move[mid].at <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    r->last = lo;
    return lo ? at + (size_t)r->move[lo - 1].delta : at;
}

/* number of aligned headers at or before position `at` */
static uint32_t headers_to(struct emit *e, const uint32_t *loops, uint32_t n, size_t at)
{
    uint32_t lo = 0, hi = n;

    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (e->block_at[loops[mid]] <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool is_short(struct emit *e, struct fix *x, const uint32_t *loops, uint32_t n)
{
    size_t from = x->at + 4, to = e->block_at[x->to];
    /* the padding of a header that stands at `from` comes behind the branch */
    uint32_t a = headers_to(e, loops, n, from - 1), b = headers_to(e, loops, n, to);
    size_t span = (to > from ? to - from : from - to) + (LOOP_ALIGN - 1)
        * (size_t)(a > b ? a - b : b - a);

    return !x->fixed && span <= 127;
}

static void shorten(struct relax *r, struct fix *x)
{
    struct emit *e = r->e;
    bool jump = e->b.p[x->at - 1] == 0xe9 && !x->cond;

    copy_to(r, x->at - (jump ? 1 : 2));
    r->out[r->len++] = jump ? 0xeb : 0x70 | (e->b.p[x->at - 1] & 15);
    x->shorter = true;
    r->done = x->at;
    moved(r);
    r->out[r->len++] = 0;
    r->done = x->at + 4;
    moved(r);
}

void emit_relax(struct emit *e)
{
    struct relax r = { .e = e };
    uint32_t nloops, k = 0;
    uint32_t *loops = find_loops(e, &nloops);

    if (!nloops && !e->nfix)
        return;
    r.out = arena_raw(e->arena, e->b.cap + (size_t)nloops * LOOP_ALIGN);
    r.move = arena_raw(e->arena, (2 * (size_t)e->nfix + nloops + 1) * sizeof *r.move);
    for (uint32_t j = 0; j <= nloops; j++) {
        size_t end = j < nloops ? e->block_at[loops[j]] : SIZE_MAX;
        for (; k < e->nfix && e->fix[k].at < end; k++)
            if (is_short(e, &e->fix[k], loops, nloops))
                shorten(&r, &e->fix[k]);
        if (j == nloops)
            break;
        copy_to(&r, end);
        pad(&r);
        moved(&r);
    }
    copy_to(&r, e->b.n);
    for (uint32_t b = 1; b < e->f->nblocks; b++)
        if (b == 1 || e->f->blocks[b].npreds)
            e->block_at[b] = place(&r, e->block_at[b]);
    for (uint32_t i = 0; i < e->nfix; i++)
        e->fix[i].at = place(&r, e->fix[i].at);
    for (uint32_t i = 0; i < e->nstub; i++)
        e->stub[i].at = place(&r, e->stub[i].at);
    for (uint32_t i = 0; i < e->ncold; i++) {
        e->cold[i].at = place(&r, e->cold[i].at);
        e->cold[i].back = place(&r, e->cold[i].back);
    }
    for (uint32_t i = 0; i < e->ntable; i++) {
        e->table[i].lea = place(&r, e->table[i].lea);
        for (uint32_t x = e->l->edges_of[e->table[i].block]; x; x = e->l->edge[x].next)
            if (e->l->edge[x].stub)
                e->l->edge[x].stub = place(&r, e->l->edge[x].stub);
    }
    for (uint32_t i = 0; i < e->npool; i++)
        e->pool[i].at = place(&r, e->pool[i].at);
    for (uint32_t i = 0; i < e->nreloc; i++)
        e->reloc[i].at = (uint32_t)place(&r, e->reloc[i].at);
    for (uint32_t i = 0; i < e->nsite; i++) {
        uint32_t back = e->site[i].call;    /* behind the call, not behind padding that follows */
        e->site[i].pc = (uint32_t)place(&r, e->site[i].pc - back) + back;
    }
    e->b.cap += (size_t)nloops * LOOP_ALIGN;
    e->b.p = r.out;
    e->b.n = r.len;
}
