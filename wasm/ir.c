/*
 * ir.c - what all passes share: the table of operations, dominators, aliases and the dump.
 */
#include "wasm/build.h"
#include "wasm/simd.h"

static const struct { const char *name; char operands[4]; } ops[IR_COUNT] = {
#define X(name, text, mode, operands) [IR_##name] = { text, operands },
    IR_OPS(X)
#undef X
};

#define USES(s) (((s "\0\0\0")[0] == 'a' ? USES_A : 0) | ((s "\0\0\0")[1] == 'b' ? USES_B : 0) \
                 | ((s "\0\0\0")[2] == 'c' ? USES_C : 0) | ((s "\0\0\0")[0] == 'n' ? USES_LIST : 0))

const struct ir_op_info ir_op_table[IR_COUNT] = {
#define X(name, text, mode, operands) [IR_##name] = { mode, USES(operands) },
    IR_OPS(X)
#undef X
};

const char *ir_op_name(int op)
{
    return ops[op].name;
}

const uint8_t ir_types[32] = {
    [WASM_I32 - 0x60] = T_I32, [WASM_I64 - 0x60] = T_I64, [WASM_F32 - 0x60] = T_F32,
    [WASM_F64 - 0x60] = T_F64, [WASM_V128 - 0x60] = T_V128, [WASM_FUNCREF - 0x60] = T_REF,
    [WASM_EXTERNREF - 0x60] = T_REF, [WASM_EXNREF - 0x60] = T_REF,
};

/* ---- dominators: a tree with skew-binary jump pointers (Myers 1983) ------------------------ */

void ir_dom_link(struct ir_func *f, uint32_t block, uint32_t idom)
{
    struct ir_block *k = &f->blocks[block], *up = &f->blocks[idom];
    const struct ir_block *jump = &f->blocks[up->domjump];
    k->idom = idom;
    k->domdepth = up->domdepth + 1;
    k->domjump = up->domdepth - jump->domdepth ==
                 jump->domdepth - f->blocks[jump->domjump].domdepth ? jump->domjump : idom;
}

/* The dominator of `a` at this depth. */
static uint32_t dom_at_depth(const struct ir_func *f, uint32_t a, uint32_t depth)
{
    while (f->blocks[a].domdepth > depth) {
        uint32_t jump = f->blocks[a].domjump;
        a = f->blocks[jump].domdepth >= depth ? jump : f->blocks[a].idom;
    }
    return a;
}

uint32_t ir_dom_common(const struct ir_func *f, uint32_t a, uint32_t b)
{
    const struct ir_block *k = f->blocks;
    if (k[a].domdepth > k[b].domdepth)
        a = dom_at_depth(f, a, k[b].domdepth);
    else
        b = dom_at_depth(f, b, k[a].domdepth);
    while (a != b) {                    /* of equal depth, so their jumps are too */
        bool far = k[a].domjump != k[b].domjump;
        a = far ? k[a].domjump : k[a].idom;
        b = far ? k[b].domjump : k[b].idom;
    }
    return a;
}

uint32_t ir_insert(struct ir_place *p, struct ir_ins i)
{
    struct ir_func *f = p->f;

    if (f->nins == f->cap_ins) {
        f->ins = arena_grow(f->arena, f->ins, f->cap_ins * sizeof *f->ins,
                            2 * f->cap_ins * sizeof *f->ins);
        f->cap_ins *= 2;
    }
    uint32_t v = f->nins++;
    uint32_t *link = p->prev ? &f->ins[p->prev].next : &f->blocks[p->block].first;
    i.next = *link;
    i.pos = p->pos;
    f->ins[v] = i;
    *link = v;
    p->prev = v;
    return v;
}

bool ir_dominates(const struct ir_func *f, uint32_t a, uint32_t b)
{
    const struct ir_block *k = f->blocks;
    return k[a].domdepth <= k[b].domdepth && dom_at_depth(f, b, k[a].domdepth) == a;
}

/* ---- aliases ------------------------------------------------------------------------------- */

static void resolve_list(struct ir_func *f, uint32_t at, uint32_t n)
{
    for (uint32_t i = at; i < at + n; i++)
        f->args[i] = ir_resolve(f, f->args[i]);
}

void ir_shorten_aliases(struct ir_func *f)
{
    for (uint32_t i = 1; i < f->nins; i++) {
        if (f->ins[i].op != IR_ALIAS)
            continue;
        uint32_t to = ir_resolve(f, i);
        for (uint32_t k = i, next; f->ins[k].op == IR_ALIAS; k = next) {
            next = f->ins[k].a;
            f->ins[k].a = to;
        }
    }
}

void ir_drop_aliases(struct ir_func *f)
{
    ir_shorten_aliases(f);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_block *k = &f->blocks[b];
        uint32_t *link = &k->first;
        k->last = 0;
        for (uint32_t i = k->first; i; i = f->ins[i].next) {
            struct ir_ins *x = &f->ins[i];
            if (x->op == IR_ALIAS)
                continue;
            *link = k->last = i;
            link = &x->next;
            ir_resolve_operands(f, x);
        }
        *link = 0;
        if (k->term == TERM_BR || k->term == TERM_SWITCH)
            k->a = ir_resolve(f, k->a);
        if (k->term == TERM_RETURN)
            resolve_list(f, k->b, k->c);
    }
}

/* ---- the dump ------------------------------------------------------------------------------ */

static const char *type_names[] = { "", "i32", "i64", "f32", "f64", "v128", "ref" };
static const char *mem_names[] = { "", "8s", "8u", "16s", "16u", "32s", "32u" };
static const char *rt_names[] = { "memory_grow", "memory_copy", "memory_fill", "memory_init",
    "data_drop", "table_get", "table_set", "table_grow", "table_size", "table_fill", "table_copy",
    "table_init", "elem_drop", "atomic_notify", "atomic_wait32", "atomic_wait64",
    "exn_new", "exn_set_int", "exn_set_float", "exn_set_vec", "exn_get_int", "exn_get_float",
    "exn_get_vec", "exn_match", "exn_keep", "throw" };

static void dump_list(const struct ir_func *f, const char *before, const char *prefix,
                      uint32_t at, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        text_print(f->o, "%s%s%u", i ? ", " : before, prefix, f->args[at + i]);
}

static void dump_operands(const struct ir_func *f, const struct ir_ins *x)
{
    const struct wasm_options *o = f->o;
    switch (x->op) {
    case IR_CONST:
        if (x->type == T_V128) {
            text_print(o, " %lx %lx", ir_vector(f, x->b).hi, ir_vector(f, x->b).lo);
            return;
        }
        text_print(o, " %ld", x->type == T_I32 ? (int64_t)(int32_t)x->b : (int64_t)ir_imm(x));
        if (ir_imm(x) > 9)
            text_print(o, " (0x%lx)", ir_imm(x));
        return;
    case IR_LOAD:
        text_print(o, "%s [v%u + %d]", mem_names[x->aux & 15], x->a, (int32_t)x->c);
        break;
    case IR_STORE:
        text_print(o, "%s [v%u + %d], v%u", mem_names[x->aux & 15], x->a, (int32_t)x->c, x->b);
        break;
    case IR_GLOBALSET:
        text_print(o, " %u, v%u", x->c, x->a);
        return;
    case IR_RESULT:
        text_print(o, " v%u, %u", x->a, x->b);
        return;
    case IR_CALL:
        text_print(o, " f%u", x->c);
        break;
    case IR_CALLIND:
        text_print(o, " type %u, table %u", x->c, x->aux);
        break;
    case IR_CALLRT:
        text_print(o, " %s", rt_names[x->c]);
        break;
    case IR_V1: case IR_V2: case IR_V2C: case IR_V3:
        text_print(o, " %s", vop_table[x->aux].name);
        break;
    case IR_VSHUF:
        text_print(o, " %lx %lx", ir_vector(f, x->c).hi, ir_vector(f, x->c).lo);
        break;
    case IR_VSPLAT: case IR_VGET: case IR_VPUT:
        text_print(o, " type %u lane %u", x->aux & 255, x->aux >> 8);
        break;
    default:
        if (x->aux && x->aux <= T_REF)
            text_print(o, ".%s", type_names[x->aux]);
    }
    if ((x->op == IR_LOAD || x->op == IR_STORE) && x->aux >> 8)
        text_print(o, " memory %u", x->aux >> 8);
    const char *s = ops[x->op].operands;
    if (x->op == IR_LOAD || x->op == IR_STORE)
        return;
    if (s[0] == 'n')
        dump_list(f, " ", "v", x->a, x->b);
    else if (s[0] == 'i')
        text_print(o, " %ld", ir_imm(x));
    else if (s[0] == 'a')
        text_print(o, " v%u", x->a);
    if (s[0] && s[1] == 'b')
        text_print(o, ", v%u", x->b);
    if (s[0] && s[1] && s[2] == 'c')
        text_print(o, ", v%u", x->c);
}

static void dump_term(const struct ir_func *f, const struct ir_block *k)
{
    const struct wasm_options *o = f->o;
    switch (k->term) {
    case TERM_JUMP:
        text_print(o, "    jump b%u\n", k->succ[0]);
        break;
    case TERM_BR:
        text_print(o, "    br v%u, b%u, b%u\n", k->a, k->succ[0], k->succ[1]);
        break;
    case TERM_SWITCH:
        text_print(o, "    switch v%u", k->a);
        dump_list(f, ": ", "b", k->b, k->c);
        text_print(o, "\n");
        break;
    case TERM_RETURN:
        text_print(o, "    return");
        dump_list(f, " ", "v", k->b, k->c);
        text_print(o, "\n");
        break;
    case TERM_TRAP:
        text_print(o, "    trap %u\n", k->a);
        break;
    case TERM_INVOKE:
        text_print(o, "    invoke v%u, b%u, landing b%u\n", k->a, k->succ[0], k->succ[1]);
        break;
    case TERM_TAIL:
        text_print(o, "    tail v%u\n", k->a);
        break;
    default:
        text_print(o, "    none\n");
    }
}

static void dump_head(const struct ir_func *f, uint32_t b)
{
    const struct ir_block *k = &f->blocks[b];
    text_print(f->o, "b%u:", b);
    dump_list(f, " <- ", "b", k->preds, k->npreds);
    text_print(f->o, "  idom b%u", k->idom);
    if (k->loop)
        text_print(f->o, " loop b%u depth %u", k->loop, k->depth);
    if (k->header)
        text_print(f->o, " header ..b%u up b%u", k->loop_end, k->loop_up);
    text_print(f->o, "\n");
}

void ir_dump(const struct ir_func *f, const char *title)
{
    const struct wasm_name *names = f->m->func_names;
    text_print(f->o, "%s: f%u", title, f->index);
    if (names && names[f->index].len && names[f->index].len < 200)
        text_print(f->o, " %.*s", (int)names[f->index].len, names[f->index].s);
    text_print(f->o, " (%u instructions, %u blocks)\n", f->nins - 1, f->nblocks - 1);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        const struct ir_block *k = &f->blocks[b];
        dump_head(f, b);
        for (uint32_t i = k->first; i; i = f->ins[i].next) {
            const struct ir_ins *x = &f->ins[i];
            if (x->type)
                text_print(f->o, "    v%-4u = %s.%s", i, ops[x->op].name, type_names[x->type]);
            else
                text_print(f->o, "    %s", ops[x->op].name);
            dump_operands(f, x);
            text_print(f->o, "    ; 0x%x\n", x->pos);
        }
        dump_term(f, k);
    }
}
