/*
 * gvn_memory.c - numbering of loads and globals, part of pass_gvn.
 *
 * Each store, call or confluence of different histories begins an epoch; a load belongs to the
 * epoch of the last store that may alias it, and equal loads of one epoch are equal. Stores are
 * seen through if the addresses share a base and do not overlap, and a load of exactly what was
 * stored is that value. Globals in the same way. An epoch that a store began stands in a chain: its
 * parent is what held before. A loop that writes anywhere begins with an epoch of its own.
 */
#include "wasm/build.h"
#include "wasm/gvn.h"

enum { ALIAS_STEPS = 8 };

static uint32_t epoch_new(struct gvn *g, uint32_t parent, uint32_t ins)
{
    GROW(g->f->temp, g->epochs, g->nepochs, g->cap_epochs, 1);
    g->epochs[g->nepochs] = (struct gvn_epoch){ parent, ins };
    return g->nepochs++;
}

static uint32_t access_size(const struct ir_func *f, const struct ir_ins *x)
{
    static const uint8_t sizes[] = { 0, 1, 1, 2, 2, 4, 4 };
    uint8_t type = x->op == IR_LOAD ? x->type : f->ins[x->b].type;
    if (x->aux & 15)
        return sizes[x->aux & 15];
    return type == T_V128 ? 16 : type == T_I64 || type == T_F64 ? 8 : 4;
}

enum overlap { APART, SAME, MAYBE };

/* Effective addresses do not wrap, so one base and distinct ranges of offsets are apart. */
static enum overlap overlap(const struct ir_func *f, const struct ir_ins *load,
                            const struct ir_ins *store)
{
    int64_t a = (int32_t)load->c, b = (int32_t)store->c;
    uint32_t na = access_size(f, load), nb = access_size(f, store);
    if (load->aux >> 8 != store->aux >> 8)
        return MAYBE;               /* two imported memories may be one */
    if (f->ins[load->a].op == IR_CONST && f->ins[store->a].op == IR_CONST) {
        a += (int64_t)ir_imm(&f->ins[load->a]);
        b += (int64_t)ir_imm(&f->ins[store->a]);
    } else if (load->a != store->a) {
        return MAYBE;
    }
    if (a == b && na == nb)
        return SAME;
    return a + na <= b || b + nb <= a ? APART : MAYBE;
}

uint32_t gvn_load(struct gvn *g, uint32_t i)
{
    const struct ir_func *f = g->f;
    const struct ir_ins *x = &f->ins[i];
    uint32_t e = g->now[CLASS_MEMORY];
    for (unsigned n = 0; n < ALIAS_STEPS && g->epochs[e].ins; n++) {
        const struct ir_ins *s = &f->ins[g->epochs[e].ins];
        enum overlap o = overlap(f, x, s);
        if (o == SAME && (x->aux & 15) == MEM_FULL && (s->aux & 15) == MEM_FULL &&
            f->ins[s->b].type == x->type)
            return s->b;
        if (o != APART)
            break;
        e = g->epochs[e].parent;
    }
    return gvn_find(g, i, e);
}

uint32_t gvn_global(struct gvn *g, uint32_t i)
{
    const struct ir_func *f = g->f;
    uint32_t index = f->ins[i].b, e = g->now[CLASS_GLOBAL];
    if (!f->m->globals[index].mut)
        return gvn_find(g, i, 0);
    for (unsigned n = 0; n < ALIAS_STEPS && g->epochs[e].ins; n++) {
        const struct ir_ins *s = &f->ins[g->epochs[e].ins];
        if (s->c == index)
            return s->a;
        if (f->m->globals[index].imported && f->m->globals[s->c].imported)
            break;                  /* may be the same */
        e = g->epochs[e].parent;
    }
    return gvn_find(g, i, e);
}

static uint8_t rt_writes(uint32_t rt)
{
    switch (rt) {
    case RT_MEMORY_GROW: return 1 << CLASS_SIZE;
    case RT_ATOMIC_NOTIFY: case RT_ATOMIC_WAIT32: case RT_ATOMIC_WAIT64:
        return 1 << CLASS_MEMORY | 1 << CLASS_SIZE;     /* other threads run */
    case RT_MEMORY_COPY: case RT_MEMORY_FILL: case RT_MEMORY_INIT: return 1 << CLASS_MEMORY;
    }
    return 0;
}

/* The classes that an instruction writes, as bits. */
static uint8_t writes(const struct ir_func *f, const struct ir_ins *x)
{
    switch (x->op) {
    case IR_STORE: return 1 << CLASS_MEMORY;
    case IR_GLOBALSET: return 1 << CLASS_GLOBAL;
    case IR_ALOAD: case IR_ASTORE: case IR_ARMW: case IR_ACMPXCHG: case IR_FENCE:
        return 1 << CLASS_MEMORY | 1 << CLASS_SIZE;
    case IR_CALL: return f->m->funcs[x->c].port_op ? 0 : (1 << CLASSES) - 1;
    case IR_CALLIND: return (1 << CLASSES) - 1;
    case IR_CALLRT: return rt_writes(x->c);
    }
    return 0;
}

void gvn_write(struct gvn *g, uint32_t i)
{
    uint8_t op = g->f->ins[i].op, bits = writes(g->f, &g->f->ins[i]);
    bool exact = op == IR_STORE || op == IR_GLOBALSET;
    for (unsigned c = 0; c < CLASSES; c++)
        if (bits >> c & 1)
            g->now[c] = exact ? epoch_new(g, g->now[c], i) : epoch_new(g, 0, 0);
}

void gvn_scan_writes(struct gvn *g)
{
    struct ir_func *f = g->f;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        uint8_t bits = 0;
        for (uint32_t i = f->blocks[b].first; f->blocks[b].loop && i; i = f->ins[i].next)
            bits |= writes(f, &f->ins[i]);
        for (uint32_t h = f->blocks[b].loop; h && bits & ~g->loop_writes[h];
             h = f->blocks[h].loop_up)
            g->loop_writes[h] |= bits;
    }
}

/* Epochs at the start of a block: those its predecessors agree on. */
void gvn_enter_block(struct gvn *g, uint32_t block)
{
    struct ir_func *f = g->f;
    const struct ir_block *k = &f->blocks[block];
    for (unsigned c = 0; c < CLASSES; c++) {
        uint32_t e = k->npreds ? g->out[f->args[k->preds]][c] : 0;
        bool same = k->npreds && !(k->header && g->loop_writes[block] >> c & 1);
        for (uint32_t i = 1; same && !k->header && i < k->npreds; i++)
            same = g->out[f->args[k->preds + i]][c] == e;
        g->now[c] = same ? e : epoch_new(g, 0, 0);
    }
}
