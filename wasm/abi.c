/* abi.c - where arguments and results go: the convention at the head of wasm.h. */
#include "wasm/lir.h"
#include "wasm/sealed.h"

static const uint8_t param_regs[] = { RSI, RDX, RCX, R8, R9 };
static const uint8_t result_regs[] = { RAX, RDX, RCX, RSI, RDI, R8, R9 };

struct abi_loc abi_next(struct abi_walk *w, enum ir_type t)
{
    struct abi_loc loc = { .reg = NOREG };

    if (ir_is_vec(t) && w->vecs < 8) {
        loc.reg = (uint8_t)(XMM0 + w->vecs++);
    } else if (!ir_is_vec(t) && w->ints < (w->results ? sizeof result_regs : sizeof param_regs)) {
        loc.reg = w->results ? result_regs[w->ints] : param_regs[w->ints];
        w->ints++;
    } else {
        loc.word = w->words;
        w->words += w->results || t == T_V128 ? 2 : 1;
    }
    return loc;
}

static uint32_t stack_words(const uint8_t *types, uint32_t n, bool results)
{
    struct abi_walk w = { .results = results };

    for (uint32_t k = 0; k < n; k++)
        abi_next(&w, ir_type_of(types[k]));
    return w.words;
}

uint32_t abi_param_words(const struct wasm_functype *t)
{
    return stack_words(t->params, t->nparams, false);
}

uint32_t abi_area_words(const struct wasm_functype *t, uint32_t tail_words)
{
    uint32_t n = abi_param_words(t);

    return n > tail_words ? n : tail_words;
}

bool abi_one_place(const struct wasm_functype *t, uint32_t tail_words)
{
    return !abi_result_words(t) || abi_param_words(t) >= tail_words;
}

bool abi_within(const struct ir_func *f, const struct ir_ins *call)
{
    if (call->op == IR_CALL)
        return !f->m->funcs[call->c].imported;
    return call->op == IR_CALLIND && (sealed_table(f->sealed, call->aux) ||
                                      abi_one_place(&f->m->types[call->c], f->tail_words));
}

uint32_t abi_result_words(const struct wasm_functype *t)
{
    return stack_words(t->results, t->nresults, true);
}

const uint16_t lir_modes[L_COUNT_OPS] = {
#define X(name, mode) mode,
    LIR_OPS(X)
#undef X
};

const char *lir_name(int op)
{
    static const char *const names[] = {
#define X(name, mode) #name,
        LIR_OPS(X)
#undef X
    };
    return names[op];
}
