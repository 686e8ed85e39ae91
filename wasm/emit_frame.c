/*
 * emit_frame.c - home slots, prologue and epilogue.
 */
#include "wasm/image.h"

static const uint8_t saved_regs[] = { RBX, RBP, R12, R13 };

struct slots { uint32_t *expire, *next, *free8, nfree8, *free16, nfree16, top; bool wide; };

static void slot_give(struct emit *e, struct slots *s, uint32_t v)
{
    struct lfunc *l = e->l;
    uint32_t size = e->f->ins[v].type == T_V128 ? 2 : 1;

    if (!l->spilled[v] || l->slot[v] >= 0)
        return;
    if (size == 1 && s->nfree8) {
        l->slot[v] = (int32_t)s->free8[--s->nfree8];
    } else if (size == 2 && s->nfree16) {
        l->slot[v] = (int32_t)s->free16[--s->nfree16];
    } else {
        if (size == 2 && ((s->top + l->out_words) & 1))
            s->free8[s->nfree8++] = s->top++;
        s->wide |= size == 2;
        l->slot[v] = (int32_t)s->top;
        s->top += size;
    }
    s->next[v] = s->expire[l->end_of[v]];
    s->expire[l->end_of[v]] = v;
}

static void slots_expire(struct emit *e, struct slots *s, uint32_t i)
{
    for (uint32_t v = s->expire[i]; v; v = s->next[v]) {
        if (e->f->ins[v].type == T_V128)
            s->free16[s->nfree16++] = (uint32_t)e->l->slot[v];
        else
            s->free8[s->nfree8++] = (uint32_t)e->l->slot[v];
    }
}

/* Numbers of slots, by a scan over the live ranges: [definition, end_of], loops counted. Those of
 * vectors are never cut into smaller ones: slots of one edge's moves are the same or apart. */
static void assign_slots(struct emit *e, struct slots *s)
{
    struct lfunc *l = e->l;
    struct ir_func *f = e->f;

    s->expire = arena_alloc(e->arena, (l->n + 1) * 4);
    s->next = arena_raw(e->arena, f->nins * 4);
    s->free8 = arena_raw(e->arena, (size_t)f->nins * 8);
    s->free16 = arena_raw(e->arena, (size_t)f->nins * 4);
    l->slot = arena_raw(e->arena, f->nins * sizeof *l->slot);
    memset(l->slot, 0xff, f->nins * sizeof *l->slot);
    struct abi_walk w = { 0 };
    struct abi_loc *loc = arena_raw(e->arena, (f->type->nparams + 1) * sizeof *loc);
    for (uint32_t k = 0; k < f->type->nparams; k++)
        loc[k] = abi_next(&w, ir_type_of(f->type->params[k]));
    /* stack parameters: marked, see below */
    for (uint32_t v = f->blocks[1].first; v; v = f->ins[v].next)
        if (f->ins[v].op == IR_PARAM && loc[f->ins[v].b].reg == NOREG)
            l->slot[v] = INT32_MAX - (int32_t)loc[f->ins[v].b].word;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        if (b != 1 && !f->blocks[b].npreds)
            continue;
        for (uint32_t v = f->blocks[b].first;
             v && (f->ins[v].op == IR_PHI || f->ins[v].op == IR_PARAM);
             v = f->ins[v].next)
            slot_give(e, s, v);
        uint32_t to = f->blocks[b].term == TERM_INVOKE ? f->blocks[b].succ[1] : 0;
        for (uint32_t v = to ? f->blocks[to].first : 0; v && f->ins[v].op == IR_PHI;
             v = f->ins[v].next)
            slot_give(e, s, v);         /* written before the calls */
        for (uint32_t i = l->block_first[b]; i >= l->block_last[b]; i--) {
            struct lir *x = &l->lir[i];
            if (x->dst)
                slot_give(e, s, x->dst);
            if (lir_mode(x->op) & LC_CALL)
                for (uint32_t v = f->ins[x->s1].next; v && f->ins[v].op == IR_RESULT;
                     v = f->ins[v].next)
                    slot_give(e, s, v);
            slots_expire(e, s, i);
        }
    }
}

/* Home slots and the size of the frame; without slots nobody looks at l->slot. */
void emit_slots(struct emit *e)
{
    struct lfunc *l = e->l;
    struct slots s = { 0 };

    if (l->any_spilled)
        assign_slots(e, &s);
    e->saved = (uint32_t)__builtin_popcount(l->callee_used & R_CALLEE);
    e->frame = 8 * (l->out_words + s.top);
    if ((l->has_calls || s.wide) && ((e->frame + 8 * e->saved + 8) & 15))
        e->frame += 8;
    for (uint32_t v = 1; l->any_spilled && v < e->f->nins; v++) {
        if (l->slot[v] > INT32_MAX - 70000)
            l->slot[v] = emit_stack_in(e, (uint32_t)(INT32_MAX - l->slot[v])).disp;
        else if (l->slot[v] >= 0)
            l->slot[v] = (int32_t)(8 * (l->out_words + (uint32_t)l->slot[v]));
    }
}

/* Prologue sites carry the number of pushed words in `pos`, for stack walks through an overflow. */
void emit_prologue(struct emit *e)
{
    uint32_t pushed = 0;

    for (int k = 0; k < 4; k++) {
        if (!(e->l->callee_used & BIT(saved_regs[k])))
            continue;
        emit_site(e, pushed++, SITE_PROLOGUE, false);
        x_push(&e->b, saved_regs[k]);
    }
    if (!e->frame)
        return;
    if (e->frame >= 4096) {         /* larger than the guard: compare first */
        x_rm(&e->b, 0x8d, 8, RAX, mem_at(RSP, -(int32_t)e->frame));
        x_rm(&e->b, 0x3b, 8, RAX, mem_at(R14, offsetof(struct wasm_instance, stack_limit)));
        x_byte(&e->b, 0x73);        /* jae over ud2 */
        x_byte(&e->b, 2);
        emit_site(e, pushed, SITE_PROLOGUE, false);
        x_byte(&e->b, 0x0f);
        x_byte(&e->b, 0x0b);
    }
    x_alu_ri(&e->b, 5, 8, RSP, (int32_t)e->frame);
}

void emit_pop_frame(struct emit *e)
{
    if (e->frame)
        x_alu_ri(&e->b, 0, 8, RSP, (int32_t)e->frame);
    for (int k = 3; k >= 0; k--)
        if (e->l->callee_used & BIT(saved_regs[k]))
            x_pop(&e->b, saved_regs[k]);
}

void emit_epilogue(struct emit *e)
{
    emit_pop_frame(e);
    x_byte(&e->b, 0xc3);
}
