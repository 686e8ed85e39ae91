/*
 * build_scan.c - a quick look over a body before the walk: where each local is set and where each
 * loop ends. It only steps over instructions; what is malformed ends it, and the walk, which checks
 * everything, then fails at or before that place.
 */
#include "wasm/build.h"

struct scan {
    struct build *b;
    const uint8_t *bytes;
    uint32_t pos, end;
    struct { uint32_t local, pos; } *sets; uint32_t nsets, cap_sets;
    uint32_t *open; uint32_t nopen, cap_open;   /* loop index or 0 for each open block */
    uint32_t cap_loops;
};

static void skip(struct scan *s, uint32_t n)
{
    s->pos = n > s->end - s->pos ? s->end : s->pos + n;
}

static uint32_t leb(struct scan *s)
{
    uint32_t v = 0;
    for (unsigned shift = 0; s->pos < s->end; shift += 7) {
        uint8_t byte = s->bytes[s->pos++];
        if (shift < 32)
            v |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return v;
}

static void skip_immediate(struct scan *s, uint8_t imm)
{
    switch (imm) {
    case IMM_NONE:
        break;
    case IMM_BLOCK: case IMM_U32: case IMM_I32: case IMM_I64: case IMM_MEMORY: case IMM_REFTYPE:
        leb(s);
        break;
    case IMM_U32U32: case IMM_MEMMEM: case IMM_DATAMEM:
        leb(s);
        leb(s);
        break;
    case IMM_MEMARG: case IMM_MEMLANE:
        if (leb(s) & 0x40)
            leb(s);
        leb(s);
        if (imm == IMM_MEMLANE)
            skip(s, 1);
        break;
    case IMM_LANE:
        skip(s, 1);
        break;
    case IMM_V128: case IMM_SHUFFLE:
        skip(s, 16);
        break;
    case IMM_TRYTABLE:
        leb(s);
        for (uint32_t n = leb(s); n && s->pos < s->end; n--) {
            if (leb(s) < 2)
                leb(s);
            leb(s);
        }
        break;
    case IMM_BRTABLE:
        for (uint32_t n = leb(s); n && s->pos < s->end; n--)
            leb(s);
        leb(s);
        break;
    case IMM_SELECT:
        skip(s, leb(s));
        break;
    case IMM_F32:
        skip(s, 4);
        break;
    case IMM_F64:
        skip(s, 8);
        break;
    }
}

static void open_block(struct scan *s, bool is_loop)
{
    struct build *b = s->b;
    struct wasm_arena *a = b->f->arena;
    GROW(a, s->open, s->nopen, s->cap_open, 1);
    s->open[s->nopen++] = is_loop ? b->nloops : 0;
    if (is_loop) {
        GROW(a, b->loops, b->nloops, s->cap_loops, 1);
        b->loops[b->nloops++] = (struct loop){ .end = UINT32_MAX };
    }
}

static bool scan_one(struct scan *s)
{
    struct build *b = s->b;
    uint32_t at = s->pos, op = s->bytes[s->pos++];
    if (op >= OP_PREFIX_FC && op <= OP_PREFIX_FE)
        op = op_prefixed(op, leb(s));
    const struct op_info *info = op_info(op);
    if (!info)
        return false;
    if (op == OP_local_set || op == OP_local_tee) {
        uint32_t local = leb(s);
        if (local >= b->nlocals)
            return false;
        GROW(b->f->arena, s->sets, s->nsets, s->cap_sets, 1);
        s->sets[s->nsets].local = local;
        s->sets[s->nsets++].pos = at;
        return true;
    }
    if (op == OP_block || op == OP_loop || op == OP_if || op == OP_try || op == OP_try_table)
        open_block(s, op == OP_loop);
    if (op == OP_end || op == OP_delegate) {
        if (!s->nopen)
            return false;
        b->loops[s->open[--s->nopen]].end = at;
    }
    skip_immediate(s, info->imm);
    return true;
}

/* Sets by local: a counting sort, which keeps the order of positions. */
static void sort_sets(struct scan *s)
{
    struct build *b = s->b;
    struct wasm_arena *a = b->f->arena;
    uint32_t *first = arena_alloc(a, (b->nlocals + 2) * sizeof *first);
    for (uint32_t i = 0; i < s->nsets; i++)
        first[s->sets[i].local + 2]++;
    for (uint32_t i = 2; i < b->nlocals + 2; i++)
        first[i] += first[i - 1];
    b->sets = arena_raw(a, (s->nsets + 1) * sizeof *b->sets);
    for (uint32_t i = 0; i < s->nsets; i++)
        b->sets[first[s->sets[i].local + 1]++].pos = s->sets[i].pos;
    b->first_set = first;
}

void build_scan(struct build *b)
{
    struct scan s = { .b = b, .bytes = b->r.bytes, .pos = b->body, .end = b->body_end };
    GROW(b->f->arena, b->loops, 0, s.cap_loops, 8);
    b->nloops = 1;                                  /* index 0 collects the ends of other blocks */
    while (s.pos < s.end && scan_one(&s))
        ;
    sort_sets(&s);
}
