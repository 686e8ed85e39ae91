/*
 * thunks.c - entries into an image from outside.
 *
 * ext_entry: same convention as the function itself, but r14 and r15 of the callee come from rdi,
 * and the caller's are restored. invoke: a C function (wasm_invoke_fn) that moves values between an
 * array and the registers.
 */
#include "wasm/image.h"

static void func_rel(struct emit *e, uint32_t func)
{
    if (!e->reloc)
        e->reloc = arena_alloc(e->arena, 2 * sizeof *e->reloc);
    e->reloc[e->nreloc++] = (struct reloc){ .at = (uint32_t)e->b.n, .func = func };
    x_u32(&e->b, 0);
}

static void call_func(struct emit *e, const struct wasm_module *m, uint32_t func)
{
    int32_t slot = (int32_t)(m->off_imports + sizeof(struct wasm_import_slot) * func);

    if (m->funcs[func].imported) {
        x_rm(&e->b, 0x8b, 8, RDI, mem_at(R14, slot + 8));
        x_rm(&e->b, 0xff, 4, 2, mem_at(R14, slot));
    } else {
        x_byte(&e->b, 0xe8);
        func_rel(e, func);
    }
    emit_site(e, 0, WASM_TRAP_NONE, true);
}

static void start(struct emit *e)
{
    e->b.cap = 4096;
    e->b.p = arena_raw(e->arena, e->b.cap);
    emit_room(e);
}

void thunk_table(struct emit *e, const struct wasm_module *m, const struct sealed_table *t)
{
    start(e);
    for (uint32_t i = 0; i < t->size; i++) {
        uint32_t f = t->func[i];
        emit_room(e);
        x_u32(&e->b, f ? m->type_canon[m->funcs[f - 1].type] + 1 : 0);
        if (f)
            emit_func_rel(e, f - 1);
        else
            x_u32(&e->b, 0);
    }
}

uint8_t thunk_tail(const struct wasm_module *m, uint32_t func, uint32_t tail_words)
{
    const struct wasm_functype *t = &m->types[m->funcs[func].type];
    bool any = !tail_words && !abi_param_words(t) && !abi_result_words(t);

    return m->features & WASM_F_TAIL ? WASM_TAIL_LOCAL | (any ? WASM_TAIL_ANY : 0) : 0;
}

void thunk_ext_entry(struct emit *e, const struct wasm_module *m, uint32_t func,
                     uint32_t tail_words)
{
    const struct wasm_functype *t = &m->types[m->funcs[func].type];
    uint32_t params = abi_param_words(t), results = abi_result_words(t);
    uint32_t area = abi_area_words(t, tail_words), frame = 8 * (area + results);

    if ((frame + 24) & 15)
        frame += 8;
    start(e);
    x_push(&e->b, R14);
    x_push(&e->b, R15);
    x_alu_ri(&e->b, 5, 8, RSP, (int32_t)frame);
    for (uint32_t k = 0; k < params; k++) {
        emit_room(e);
        x_rm(&e->b, 0x8b, 8, RAX, mem_at(RSP, (int32_t)(frame + 24 + 8 * k)));
        x_rm(&e->b, 0x89, 8, RAX, mem_at(RSP, (int32_t)(8 * k)));
    }
    x_rr(&e->b, 0x8b, 8, R14, RDI);
    x_rm(&e->b, 0x8b, 8, R15, mem_at(R14, 0));
    call_func(e, m, func);
    for (uint32_t k = 0; k < results; k++) {
        emit_room(e);
        x_rm(&e->b, 0x8b, 8, R10, mem_at(RSP, (int32_t)(8 * (area + k))));
        x_rm(&e->b, 0x89, 8, R10, mem_at(RSP, (int32_t)(frame + 24 + 8 * (params + k))));
    }
    emit_room(e);
    x_alu_ri(&e->b, 0, 8, RSP, (int32_t)frame);
    x_pop(&e->b, R15);
    x_pop(&e->b, R14);
    x_byte(&e->b, 0xc3);
    e->frame = frame;
    e->saved = 2;
}

static void load_param(struct emit *e, struct abi_loc loc, enum ir_type t, uint32_t k)
{
    struct xmem from = mem_at(RBX, (int32_t)(16 * k));

    emit_room(e);
    if (loc.reg >= XMM0 && loc.reg != NOREG) {
        x_rm(&e->b, XOP(X_P0, X_0F, 0x10), 4, VEC(loc.reg), from);
    } else if (loc.reg != NOREG) {
        x_rm(&e->b, 0x8b, t == T_I32 ? 4 : 8, loc.reg, from);
    } else {
        for (int32_t half = 0; half < (t == T_V128 ? 2 : 1); half++) {
            from.disp = (int32_t)(16 * k) + 8 * half;
            x_rm(&e->b, 0x8b, t == T_I32 ? 4 : 8, RAX, from);
            x_rm(&e->b, 0x89, 8, RAX, mem_at(RSP, (int32_t)(8 * loc.word) + 8 * half));
        }
    }
}

static void store_results(struct emit *e, const struct wasm_functype *t, uint32_t base)
{
    /* rax is free after the registers are stored */
    for (int on_stack = 0; on_stack < 2; on_stack++) {
        struct abi_walk w = { .results = true };
        for (uint32_t k = 0; k < t->nresults; k++) {
            enum ir_type type = ir_type_of(t->results[k]);
            struct abi_loc loc = abi_next(&w, type);
            struct xmem to = mem_at(RBX, (int32_t)(16 * k));
            emit_room(e);
            if ((loc.reg == NOREG) != on_stack)
                continue;
            if (on_stack) {
                for (int32_t half = 0; half < 2; half++) {
                    to.disp = (int32_t)(16 * k) + 8 * half;
                    x_rm(&e->b, 0x8b, 8, RAX,
                         mem_at(RSP, (int32_t)(8 * (base + loc.word)) + 8 * half));
                    x_rm(&e->b, 0x89, 8, RAX, to);
                }
            } else if (loc.reg >= XMM0) {
                x_rm(&e->b, XOP(X_P0, X_0F, 0x11), 4, VEC(loc.reg), to);
            } else {
                x_rm(&e->b, 0x89, type == T_I32 ? 4 : 8, loc.reg, to);
            }
        }
    }
}

void thunk_invoke(struct emit *e, const struct wasm_module *m, uint32_t func, uint32_t tail_words)
{
    static const uint8_t saved[] = { RBX, RBP, R12, R13, R14, R15 };
    const struct wasm_functype *t = &m->types[m->funcs[func].type];
    struct abi_walk w = { 0 };
    uint32_t area = m->funcs[func].imported ? abi_param_words(t) : abi_area_words(t, tail_words);
    uint32_t frame = 8 * (area + abi_result_words(t)) + 8;

    if (!(frame & 8))
        frame += 8;
    if (frame == 8)                 /* lest the end look like EXT_RETURN */
        frame = 24;
    start(e);
    for (size_t k = 0; k < sizeof saved; k++)
        x_push(&e->b, saved[k]);
    x_alu_ri(&e->b, 5, 8, RSP, (int32_t)frame);
    x_rr(&e->b, 0x8b, 8, RBX, RSI);
    x_rr(&e->b, 0x8b, 8, R14, RDI);
    x_rm(&e->b, 0x8b, 8, R15, mem_at(R14, 0));
    for (uint32_t k = 0; k < t->nparams; k++) {
        enum ir_type type = ir_type_of(t->params[k]);
        load_param(e, abi_next(&w, type), type, k);
    }
    emit_room(e);
    call_func(e, m, func);
    store_results(e, t, area);
    emit_room(e);
    x_alu_ri(&e->b, 0, 8, RSP, (int32_t)frame);
    for (size_t k = sizeof saved; k-- > 0;)
        x_pop(&e->b, saved[k]);
    x_byte(&e->b, 0xc3);
    e->frame = frame;
    e->saved = sizeof saved;
}

void thunk_resume(struct emit *e, const struct wasm_module *m, uint32_t func, uint32_t tail_words)
{
    start(e);
    x_rr(&e->b, 0x8b, 8, RSP, RDI);
    x_rr(&e->b, 0x8b, 8, RAX, RSI);
    x_rr(&e->b, 0x8b, 8, R14, RCX);
    x_rm(&e->b, 0x8b, 8, R15, mem_at(R14, 0));
    x_rr(&e->b, 0xff, 4, 4, RDX);
}
