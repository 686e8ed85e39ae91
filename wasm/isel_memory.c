/*
 * isel_memory.c - stores, operations on memory, atomic operations, globals and calls.
 */
#include "wasm/isel.h"

static const uint8_t mem_bytes[] = { 0, 1, 1, 2, 2, 4, 4 };

/* Is v a load of w bytes from where store i writes, used only by the operation that is stored? */
static bool same_place(struct isel *s, struct ir_ins *i, uint32_t v, int w)
{
    struct ir_ins *l = &s->ins[v];

    return l->op == IR_LOAD && isel_single(s, v) && s->epoch[v] == s->now && l->a == i->a &&
        l->c == i->c &&
           (l->aux & 255 ? mem_bytes[l->aux & 255] : isel_width(l->type)) == w &&
           l->aux >> 8 == i->aux >> 8;
}

/* store(p, load(p) op y) is one instruction: low bits depend on low bits only */
static bool sel_rmw(struct isel *s, struct ir_ins *i, int w)
{
    static const uint8_t alu[] = { [IR_ADD] = 1, [IR_SUB] = 6, [IR_AND] = 5, [IR_OR] = 2,
                                   [IR_XOR] = 7 };
    struct ir_ins *o = &s->ins[i->b];
    uint32_t y = 0, load = 0;
    int32_t imm;

    if (o->op >= sizeof alu || !alu[o->op] || !isel_single(s, i->b))
        return false;
    if (same_place(s, i, o->a, w)) {
        load = o->a;
        y = o->b;
    } else if (o->op != IR_SUB && same_place(s, i, o->b, w)) {
        load = o->b;
        y = o->a;
    }
    if (!load || s->ins[load].aux >> 8)
        return false;
    struct lir *x = isel_put(s, L_ALUM, w, 0);
    x->sub = alu[o->op] - 1;
    if (isel_imm(s, y, w, &imm)) {
        x->has_imm = true;
        x->imm = w == 1 ? (int8_t)imm : w == 2 ? (int16_t)imm : imm;
    } else {
        x->s1 = w == 8 ? isel_val(s, y) : isel_val32(s, y);
    }
    s->count[load] = s->count[i->b] = FOLDED;
    isel_address(s, x, i->a, i->c, i->aux >> 8);
    return true;
}

void isel_store(struct isel *s, struct ir_ins *i)
{
    int type = s->ins[i->b].type, w = i->aux & 255 ? mem_bytes[i->aux & 255] : isel_width(type);
    int32_t imm;

    if ((!ir_is_vec(type) && sel_rmw(s, i, w)) || isel_store_lane(s, i))
        return;
    struct lir *x = isel_put(s, L_STORE, w, 0);

    x->flt = ir_is_vec(type);
    if (isel_imm(s, i->b, w, &imm)) {
        x->has_imm = true;
        x->imm = imm;
    } else {
        x->s1 = x->flt || w == 8 ? isel_val(s, i->b) : isel_val32(s, i->b);
    }
    isel_address(s, x, i->a, i->c, i->aux >> 8);
}

void isel_atomic(struct isel *s, uint32_t v, struct ir_ins *i)
{
    int type = i->op == IR_ASTORE ? s->ins[i->b].type : i->type;
    int w = i->aux & 15 ? mem_bytes[i->aux & 15] : isel_width(type);
    struct lir *x = isel_put(s, L_ATOMIC, w, i->op == IR_ASTORE ? 0 : v);

    x->sub = i->op == IR_ALOAD ? LA_LOAD : i->op == IR_ASTORE ? LA_STORE :
             i->op == IR_ACMPXCHG ? LA_CMPXCHG : LA_ADD + (i->aux >> 4 & 15);
    if (i->op == IR_ACMPXCHG) {
        x->s1 = isel_valw(s, i->b, w);
        x->s2 = isel_valw(s, i->c, w);
    } else if (i->op != IR_ALOAD) {
        x->s2 = isel_valw(s, i->b, w);
    }
    isel_address(s, x, i->a, 0, i->aux >> 8);
}

void isel_global(struct isel *s, uint32_t v, struct ir_ins *i)
{
    bool set = i->op == IR_GLOBALSET;
    struct wasm_globaltype *g = &s->f->m->globals[set ? i->c : i->b];
    int type = ir_type_of(g->type), w = isel_width(type);
    struct lir *x = isel_put(s, g->imported ? L_GLOBALP : set ? L_STORE : L_LOAD, w, set ? 0 : v);

    x->flt = ir_is_vec(type);
    x->imm = x->disp = (int32_t)g->offset;
    x->mem = g->imported ? LM_NONE : LM_INST;
    if (set)
        x->s1 = w == 4 && !x->flt ? isel_val32(s, i->a) : isel_val(s, i->a);
}

const struct wasm_functype *call_type(const struct ir_func *f, const struct ir_ins *i)
{
    return &f->m->types[i->op == IR_CALL ? f->m->funcs[i->c].type : i->c];
}

int isel_call_op(struct isel *s, const struct ir_ins *i)
{
    return i->op == IR_CALLIND ? L_CALLIND : i->op == IR_CALLRT ? L_CALLRT :
           s->f->m->funcs[i->c].imported ? L_CALLIMP : L_CALL;
}

void isel_call(struct isel *s, uint32_t v, struct ir_ins *i)
{
    struct wasm_func *fn = i->op == IR_CALL ? &s->f->m->funcs[i->c] : NULL;

    if (fn && fn->port_op) {
        bool out = fn->port_op & 0x80;
        struct lir *x = isel_put(s, out ? L_OUT : L_IN, 4, out ? 0 : v);
        x->sub = fn->port_op & 7;
        x->imm = fn->port;
        if (out)
            x->s1 = isel_val32(s, s->f->args[i->a]);
        return;
    }
    struct ir_block *bl = &s->f->blocks[s->cur];
    struct lir *x = isel_put(s, isel_call_op(s, i), 8, v);
    x->s1 = v;
    x->imm = bl->term == TERM_INVOKE && bl->a == v ? (int32_t)bl->succ[1] : 0;
    s->l->has_calls = true;
    for (uint32_t k = 0; k < i->b; k++)
        isel_val(s, s->f->args[i->a + k]);
}
