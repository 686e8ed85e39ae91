/*
 * build_ssa.c - the values of locals: SSA construction without renaming.
 *
 * Time is the position in the text (build.h). build_scan knows all sets of a local beforehand, so
 * the value of local v at time t in block X is found by climbing the dominator tree from X instead
 * of by visiting blocks. Let e be v's last set before t, and n its next one.
 *
 *   - Each block A is straight text [start, end]; between the end of idom(A) and the start of A
 *     lies A's gap: code that may or may not run before A. Let A be the lowest dominator of X whose
 *     idom ends before e. So e stands in A's text: it is the value; or in A's gap: then v may
 *     differ at A's predecessors, and the value is a phi at A (or, if A has only one predecessor,
 *     the value at its end).
 *   - But if a loop around X below A ends after n, v changes in it and its header has a phi.
 *
 * Both searches use skew-binary jump pointers and are logarithmic. Phis come into being only when
 * something reads them. Values at block entries are remembered in a hash table. The operands of a
 * new phi are found with an explicit stack, depth first, so that a phi whose operands are all
 * one value is known as such (and becomes an alias) before its users are looked at. The phis of an
 * open loop wait for its end.
 */
#include "wasm/build.h"

/* ---- values at block entries --------------------------------------------------------------- */

static struct slot *slot_at(struct build *b, uint32_t block, uint32_t local)
{
    uint32_t h = block * 0x9e3779b1u ^ local * 0x85ebca6bu;
    h ^= h >> 15;
    for (;; h++) {
        struct slot *s = &b->slots[h & b->mask];
        if (!s->block || (s->block == block && s->local == local))
            return s;
    }
}

static uint32_t entry_find(struct build *b, uint32_t block, uint32_t local)
{
    struct slot *s = slot_at(b, block, local);
    return s->block ? s->val : 0;
}

static void entry_put(struct build *b, uint32_t block, uint32_t local, uint32_t val)
{
    if (2 * b->nslots >= b->mask) {
        struct slot *old = b->slots;
        uint32_t n = b->mask + 1;
        b->mask = 2 * n - 1;
        b->slots = arena_alloc(b->f->temp, 2 * (size_t)n * sizeof *old);
        for (uint32_t i = 0; i < n; i++)
            if (old[i].block)
                *slot_at(b, old[i].block, old[i].local) = old[i];
    }
    struct slot *s = slot_at(b, block, local);
    b->nslots += !s->block;
    if (b->nslots > b->max_ins)
        build_too_complex(b);
    *s = (struct slot){ block, local, val };
}

/* ---- the searches -------------------------------------------------------------------------- */

/* The first set of the local at or after time t. */
static uint32_t set_after(const struct build *b, uint32_t local, uint32_t t)
{
    uint32_t low = b->first_set[local], high = b->first_set[local + 1];
    if (t == b->time)
        return b->next_set[local];
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (b->sets[mid].time < t)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static uint32_t gap_start(const struct ir_func *f, uint32_t block)
{
    return f->blocks[f->blocks[block].idom].pos;    /* block 0 ends at 0 */
}

static uint32_t lowest_dominator_before(const struct ir_func *f, uint32_t block, uint32_t time)
{
    while (gap_start(f, block) > time) {
        uint32_t jump = f->blocks[block].domjump;
        block = gap_start(f, jump) > time ? jump : f->blocks[block].idom;
    }
    return block;
}

/* The innermost loop around the block that ends after this time, 0 if there is none. */
static uint32_t loop_beyond(const struct build *b, uint32_t block, uint32_t time)
{
    uint32_t i = b->block_loop[block];
    while (i && b->loops[i].end <= time) {
        uint32_t jump = b->loops[i].jump;
        i = jump && b->loops[jump].end <= time ? jump : b->loops[i].parent;
    }
    return i;
}

/* ---- phis ---------------------------------------------------------------------------------- */

uint32_t build_zero(struct build *b, uint8_t wasm_type)
{
    struct ir_func *f = b->f;
    int type = ir_type_of(wasm_type);
    if (!b->zero[type]) {
        uint32_t v = build_raw(b, IR_CONST, type);
        struct ir_block *entry = &f->blocks[1];
        uint32_t *link = b->entry_tail ? &f->ins[b->entry_tail].next : &entry->first;
        f->ins[v].pos = b->body;
        f->ins[v].next = *link;
        *link = v;
        if (entry->last == b->entry_tail)
            entry->last = v;
        b->entry_tail = b->zero[type] = v;
    }
    return b->zero[type];
}

static uint32_t initial_value(struct build *b, uint32_t local)
{
    return local < b->f->type->nparams ? 1 + local : build_zero(b, b->local_type[local]);
}

static uint32_t phi_new(struct build *b, uint32_t block, uint32_t local)
{
    struct ir_func *f = b->f;
    uint32_t phi = build_raw(b, IR_PHI, ir_type_of(b->local_type[local]));
    f->ins[phi].pos = b->start[block];
    build_phi_link(b, block, phi);
    entry_put(b, block, local, phi);
    if (!f->blocks[block].npreds) {
        struct loop *l = &b->loops[b->block_loop[block]];
        GROW(b->f->temp, b->pending, b->npending, b->cap_pending, 1);
        b->pending[b->npending] = (struct pending){ l->pending, phi, local };
        l->pending = b->npending++;
    } else {
        uint32_t args = build_args(b, f->blocks[block].npreds);
        GROW(b->f->temp, b->work, b->nwork, b->cap_work, 1);
        b->work[b->nwork++] = (struct fill){ phi, local, block, args, 0 };
    }
    return phi;
}

void build_phi_finish(struct build *b, uint32_t phi, uint32_t args, uint32_t n)
{
    struct ir_func *f = b->f;
    uint32_t same = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v = ir_resolve(f, f->args[args + i]);
        f->args[args + i] = v;
        if (v == phi || v == same)
            continue;
        if (same) {
            f->ins[phi].a = args;
            f->ins[phi].b = n;
            return;
        }
        same = v;
    }
    f->ins[phi].op = IR_ALIAS;
    f->ins[phi].a = same;
}

/*
 * The value of a local in block x at time t: a value, or a phi that may have just been put on the
 * work stack. Steps through single predecessors are remembered for all blocks on the way.
 */
static uint32_t local_at(struct build *b, uint32_t x, uint32_t t, uint32_t local)
{
    struct ir_func *f = b->f;
    uint32_t base = b->npath, v;
    for (;;) {
        uint32_t n = set_after(b, local, t);
        uint32_t before = n > b->first_set[local] ? b->sets[n - 1].time : 0;
        uint32_t after = n < b->first_set[local + 1] ? b->sets[n].time : UINT32_MAX;
        uint32_t at = lowest_dominator_before(f, x, before);
        uint32_t header = b->loops[loop_beyond(b, x, after)].header;
        bool in_loop = header && f->blocks[header].domdepth > f->blocks[at].domdepth;
        if (!in_loop && before >= b->start[at]) {
            v = before ? b->sets[n - 1].val : initial_value(b, local);
            break;
        }
        if (in_loop)
            at = header;
        v = entry_find(b, at, local);
        if (v)
            break;
        if (f->blocks[at].npreds != 1) {
            v = phi_new(b, at, local);
            break;
        }
        GROW(b->f->temp, b->path, b->npath, b->cap_path, 1);
        b->path[b->npath++] = at;
        x = f->blocks[at].idom;
        t = f->blocks[x].pos;
    }
    while (b->npath > base)
        entry_put(b, b->path[--b->npath], local, v);
    return v;
}

static void drain(struct build *b)
{
    struct ir_func *f = b->f;
    while (b->nwork && rd_ok(&b->r)) {
        struct fill *w = &b->work[b->nwork - 1];
        struct ir_block *k = &f->blocks[w->block];
        if (w->i < k->npreds) {
            uint32_t pred = f->args[k->preds + w->i], to = w->args + w->i++;
            uint32_t v = local_at(b, pred, f->blocks[pred].pos, w->local);
            f->args[to] = v;
        } else {
            uint32_t phi = w->phi, args = w->args;
            b->nwork--;
            build_phi_finish(b, phi, args, k->npreds);
        }
    }
}

/* ---- interface to the walk ----------------------------------------------------------------- */

void build_ssa_init(struct build *b)
{
    struct wasm_arena *a = b->f->temp;
    size_t n = b->nlocals + 1;
    b->next_set = arena_raw(a, n * sizeof *b->next_set);
    memcpy(b->next_set, b->first_set, n * sizeof *b->next_set);
    b->known = arena_raw(a, n * sizeof *b->known);
    b->known_in = arena_alloc(a, n * sizeof *b->known_in);
    b->slots = arena_alloc(a, 64 * sizeof *b->slots);
    b->mask = 63;
    b->npending = 1;
    GROW(b->f->temp, b->pending, 0, b->cap_pending, 8);
}

uint32_t build_local_get(struct build *b, uint32_t local)
{
    if (!b->cur)
        return 0;
    if (b->known_in[local] != b->cur) {
        bool never_set = b->first_set[local] == b->first_set[local + 1];
        b->known[local] = never_set ? initial_value(b, local)
                                    : local_at(b, b->cur, b->time, local);
        b->known_in[local] = b->cur;
        drain(b);
    }
    return b->known[local] = ir_resolve(b->f, b->known[local]);
}

void build_local_set(struct build *b, uint32_t local, uint32_t v)
{
    uint32_t i = b->next_set[local]++;
    if (i >= b->first_set[local + 1] || b->sets[i].time != b->time) {
        READER_FAIL(&b->r, WASM_LIMIT, b->pos, "internal error: unknown set of local %u", local);
        return;
    }
    b->sets[i].val = v;
    b->known[local] = v;
    b->known_in[local] = b->cur;
}

void build_ssa_loop_open(struct build *b, uint32_t loop, uint32_t header)
{
    struct loop *l = &b->loops[loop], *up = &b->loops[b->cur_loop];
    l->header = header;
    l->parent = b->cur_loop;
    l->depth = up->depth + 1;
    l->jump = b->cur_loop && up->depth - b->loops[up->jump].depth ==
              b->loops[up->jump].depth - b->loops[b->loops[up->jump].jump].depth
              ? b->loops[up->jump].jump : b->cur_loop;
}

void build_ssa_loop_close(struct build *b, uint32_t loop)
{
    struct ir_func *f = b->f;
    uint32_t header = b->loops[loop].header;
    for (uint32_t i = b->loops[loop].pending; i && rd_ok(&b->r); ) {
        struct pending p = b->pending[i];
        uint32_t args = build_args(b, f->blocks[header].npreds);
        GROW(b->f->temp, b->work, b->nwork, b->cap_work, 1);
        b->work[b->nwork++] = (struct fill){ p.phi, p.local, header, args, 0 };
        drain(b);
        i = p.next;
    }
    b->loops[loop].pending = 0;
}
