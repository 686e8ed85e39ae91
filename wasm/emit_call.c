/*
 * emit_call.c - machine code of calls: within the module, through tables, of imports, and of the
 * runtime (wasm.h has the convention).
 */
#include "wasm/emit.h"
#include "wasm/sealed.h"

static void stack_check(struct emit *e, uint32_t pos)
{
    x_rm(&e->b, 0x3b, 8, RSP, mem_at(R14, offsetof(struct wasm_instance, stack_limit)));
    emit_trap_if(e, CC_B, WASM_TRAP_STACK, pos);
}

/* In straight code once: rsp is the same in all of a body. */
static void stack_check_once(struct emit *e, uint32_t pos)
{
    if (e->checked != e->block)
        stack_check(e, pos);
    e->checked = e->block;
}

static void call_mem(struct emit *e, int base, int32_t disp, uint32_t pos)
{
    x_rm(&e->b, 0xff, 4, 2, mem_at(base, disp));
    emit_site(e, pos, WASM_TRAP_NONE, true);
}

/* C functions leave the upper half of a 32-bit result open. */
static void clean_result(struct emit *e, uint32_t v)
{
    if (e->f->ins[v].type == T_I32)
        x_rr(&e->b, 0x8b, 4, RAX, RAX);
}

void emit_func_rel(struct emit *e, uint32_t func)
{
    if (e->nreloc == e->capreloc) {
        uint32_t n = e->capreloc ? e->capreloc * 2 : 32;
        e->reloc = arena_grow(e->arena, e->reloc, e->capreloc * sizeof *e->reloc,
                              n * sizeof *e->reloc);
        e->capreloc = n;
    }
    e->reloc[e->nreloc++] = (struct reloc){ .at = (uint32_t)e->b.n, .func = func };
    x_u32(&e->b, 0);
}

struct emit_callee emit_callee(struct emit *e, struct lir *x, struct ir_ins *c)
{
    struct wasm_module *mod = e->f->m;
    int32_t slot = (int32_t)(mod->off_imports + sizeof(struct wasm_import_slot) * c->c);

    if (c->op != IR_CALLIND)
        return (struct emit_callee){ R14, slot + (int32_t)offsetof(struct wasm_import_slot, code),
                                     slot + (int32_t)offsetof(struct wasm_import_slot, in),
                                     slot + (int32_t)offsetof(struct wasm_import_slot, tail) };
    x_rm(&e->b, 0x8b, 8, R10, mem_at(R14, (int32_t)(mod->off_tables + 8 * c->aux)));
    x_rm(&e->b, 0x3b, 4, RAX, mem_at(R10, offsetof(struct wasm_table, size)));
    emit_trap_if(e, CC_AE, WASM_TRAP_ELEMENT, x->pos);
    x_shift_ri(&e->b, 4, 8, RAX, 5);
    x_rm(&e->b, 0x03, 8, RAX, mem_at(R10, offsetof(struct wasm_table, entries)));
    x_rm(&e->b, 0x8b, 4, R11, mem_at(R14, (int32_t)(mod->off_types + 4 * c->c)));
    x_rm(&e->b, 0x3b, 4, R11, mem_at(RAX, offsetof(struct wasm_entry, type_id)));
    emit_trap_if(e, CC_NE, WASM_TRAP_SIGNATURE, x->pos);
    return (struct emit_callee){ RAX, offsetof(struct wasm_entry, code),
                                 offsetof(struct wasm_entry, in),
                                 offsetof(struct wasm_entry, tail) };
}
_Static_assert(sizeof(struct wasm_entry) == 32, "emit_callee shifts by 5");

void emit_call_outside(struct emit *e, uint32_t ins, uint32_t pos, struct emit_callee c)
{
    stack_check(e, pos);
    call_mem(e, c.base, c.code, pos);
    clean_result(e, ins);
}

/* rdi = the callee's instance; C functions have none and get ours */
void emit_instance(struct emit *e, struct emit_callee c)
{
    x_rm(&e->b, 0x8b, 8, RDI, mem_at(c.base, c.in));
    x_rr(&e->b, 0x85, 8, RDI, RDI);
    x_rr(&e->b, XOP(X_P0, X_0F, 0x44), 8, RDI, R14);
}

/* Calls through a sealed table, whose entries in the image are struct sealed_entry. rax = entry in
 * finish_stubs. */
static void call_sealed(struct emit *e, struct lir *x, struct ir_ins *c)
{
    const struct sealed_table *t = sealed_table(e->f->sealed, c->aux);
    uint32_t type = e->f->m->type_canon[c->c];

    x_alu_ri(&e->b, 7, 4, RAX, (int32_t)t->size);
    emit_trap_if(e, CC_AE, WASM_TRAP_ELEMENT, x->pos);
    x_rm(&e->b, 0x8d, 8, R10, (struct xmem){ .base = 0xff, .index = 0xff, .rip = 1 });
    e->b.n -= 4;
    emit_func_rel(e, c->aux | RELOC_TABLE);
    x_rm(&e->b, 0x8d, 8, RAX, (struct xmem){ .base = R10, .index = RAX, .scale = 8 });
    if (t->type != type) {
        x_alu_mi(&e->b, 7, 4, mem_at(RAX, offsetof(struct sealed_entry, type)),
                 (int32_t)(type + 1));
        emit_trap_if(e, CC_NE, WASM_TRAP_SIGNATURE, x->pos);
    }
    x_rm(&e->b, 0x63, 8, RAX, mem_at(RAX, offsetof(struct sealed_entry, code)));
    x_rr(&e->b, 0x03, 8, RAX, R10);
    x_rr(&e->b, 0xff, 4, 2, RAX);
    emit_site(e, x->pos, WASM_TRAP_NONE, true);
}
_Static_assert(sizeof(struct sealed_entry) == 8, "call_sealed multiplies by 8");

/*
 * An entry of this very instance is called where its body starts, DIRECT_ENTRY bytes behind the
 * external entry; all others take the way out of the image, behind the function (emit_cold_calls).
 */
static void op_call_indirect(struct emit *e, struct lir *x, struct ir_ins *c)
{
    if (sealed_table(e->f->sealed, c->aux)) {
        call_sealed(e, x, c);
        return;
    }
    struct emit_callee to = emit_callee(e, x, c);
    if (!abi_within(e->f, c)) {
        emit_instance(e, to);
        emit_call_outside(e, x->s1, x->pos, to);
        return;
    }
    x_rm(&e->b, 0x3b, 8, R14, mem_at(to.base, to.in));
    uint32_t at = emit_cold_call(e, x->s1, x->pos, to);
    x_rm(&e->b, 0x8b, 8, RAX, mem_at(to.base, to.code));
    x_alu_ri(&e->b, 0, 8, RAX, DIRECT_ENTRY);
    x_rr(&e->b, 0xff, 4, 2, RAX);
    emit_site(e, x->pos, WASM_TRAP_NONE, true);
    e->cold[at].back = e->b.n;
}

void emit_cold_calls(struct emit *e)
{
    for (uint32_t k = 0; k < e->ncold; k++) {
        struct cold *c = &e->cold[k];
        emit_room(e);
        x_patch32(&e->b, c->at, (uint32_t)(e->b.n - c->at - 4));
        emit_instance(e, c->to);
        e->landing = c->landing;
        emit_call_outside(e, c->ins, c->pos, c->to);
        e->landing = 0;
        x_byte(&e->b, 0xe9);
        x_u32(&e->b, (uint32_t)(c->back - e->b.n - 4));
    }
}

static void call_runtime(struct emit *e, struct lir *x, struct ir_ins *c)
{
    bool bulk = emit_bulk_wanted(e, c);
    size_t test = bulk ? emit_bulk_test(e) : 0;

    if (bulk)
        stack_check(e, x->pos);
    else
        stack_check_once(e, x->pos);
    x_rr(&e->b, 0x8b, 8, RDI, R14);
    x_rm(&e->b, 0x8b, 8, R10, mem_at(R14, offsetof(struct wasm_instance, rt)));
    call_mem(e, R10, (int32_t)(8 * c->c), x->pos);
    clean_result(e, x->s1);
    if (bulk)
        emit_bulk(e, x->pos, c, test);
}

void emit_call(struct emit *e, struct lir *x)
{
    struct ir_ins *c = &e->f->ins[x->s1];
    struct emit_callee to;

    switch (x->op) {
    case L_CALL:
        x_byte(&e->b, 0xe8);
        emit_func_rel(e, c->c);
        emit_site(e, x->pos, WASM_TRAP_NONE, true);
        break;
    case L_CALLRT: call_runtime(e, x, c); break;
    case L_CALLIMP:
        to = emit_callee(e, x, c);
        x_rm(&e->b, 0x8b, 8, RDI, mem_at(to.base, to.in));
        stack_check_once(e, x->pos);
        call_mem(e, to.base, to.code, x->pos);
        if (e->l->end_of[x->s1])            /* somebody wants it */
            clean_result(e, x->s1);
        break;
    default:
        op_call_indirect(e, x, c);
    }
}
