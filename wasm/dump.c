/* dump.c - text of the machine instructions after register allocation (dump letter r). */
#include "wasm/lir.h"
#include "wasm/text.h"

static const char *const reg_names[] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15",
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
    "x15",
};

static void reg(struct lfunc *l, const char *before, uint8_t r, uint32_t v)
{
    if (r < 32)
        text_print(l->f->o, "%s%s(v%u)", before, reg_names[r], v);
    else if (r == RMEM)
        text_print(l->f->o, "%s[v%u]", before, v);
}

static void moves(struct lfunc *l, uint32_t first, uint32_t n)
{
    for (uint32_t k = first; k < first + n; k++) {
        struct pmove *p = &l->pool[k];
        if (p->rd < 32)
            text_print(l->f->o, "  %s<-", reg_names[p->rd]);
        else
            text_print(l->f->o, "  %s%u<-",
                       p->rd == PM_OUT ? "out" : p->rd == PM_RET ? "ret" : "v", p->to);
        if (p->rs < 32)
            text_print(l->f->o, "%s", reg_names[p->rs]);
        else
            text_print(l->f->o, "%s%u", p->rs == PM_IN ? "in" : "v", p->from);
    }
}

static void dump_mi(struct lfunc *l, struct mi *m)
{
    struct lir *x = &l->lir[m->a];
    const struct wasm_options *o = l->f->o;

    switch (m->kind) {
    case MI_MOVE: text_print(o, "    move %s <- %s", reg_names[m->rd], reg_names[m->r1]); break;
    case MI_RELOAD: text_print(o, "    reload %s <- v%u", reg_names[m->rd], m->a); break;
    case MI_CONST: text_print(o, "    const %s <- v%u", reg_names[m->rd], m->a); break;
    case MI_UNWIND: text_print(o, "    unwind b%u", m->a); break;
    case MI_PMOVE:
        text_print(o, "    moves");
        moves(l, m->a, m->b);
        break;
    default:
        text_print(o, "    %s.%u", lir_name(x->op), x->w * 8);
        reg(l, " ", m->rd, x->dst);
        reg(l, " <- ", m->r1, x->s1);
        reg(l, ", ", m->r2, x->s2);
        if (x->mem == LM_LINEAR || x->mem == LM_OTHER)
            text_print(o, " mem");
        reg(l, " + ", m->r3, x->s3);
        text_print(o, " sub %u imm %d disp %d", x->sub, x->imm, x->disp);
        break;
    }
    text_print(o, "\n");
}

void lir_dump(struct lfunc *l, const char *title)
{
    struct ir_func *f = l->f;

    text_print(f->o, "%s: f%u\n", title, f->index);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        text_print(f->o, "b%u:\n", b);
        for (uint32_t v = f->blocks[b].first; v && f->ins[v].op == IR_PHI; v = f->ins[v].next)
            text_print(f->o, "    phi v%u in %s\n", v,
                       l->entry_reg[v] == NOREG ? "memory" : reg_names[l->entry_reg[v]]);
        for (uint32_t k = l->block_mi[b]; k < l->block_mi[b + 1]; k++)
            dump_mi(l, &l->mi[k]);
        for (uint32_t e = l->edges_of[b]; e; e = l->edge[e].next) {
            text_print(f->o, "    edge b%u:", l->edge[e].to);
            moves(l, l->edge[e].moves, l->edge[e].nmoves);
            text_print(f->o, "\n");
        }
    }
}
