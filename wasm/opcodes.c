/*
 * opcodes.c - the table of opcodes.h as data.
 */
#include "wasm/opcodes.h"

const struct op_info op_table[OP_COUNT] = {
#define X(code, id, name, sig, imm, ir, arg) [code] = { name, sig, IMM_##imm, IR_##ir, arg },
    WASM_OPS(X)
#undef X
};

bool op_allowed(uint32_t features, uint32_t op)
{
    if (op == OP_try || op == OP_catch || op == OP_catch_all || op == OP_delegate ||
        op == OP_rethrow)
        return features & WASM_F_LEGACY_EH;
    if (op == OP_throw)
        return features & (WASM_F_EH | WASM_F_LEGACY_EH);
    if (op == OP_throw_ref || op == OP_try_table)
        return features & WASM_F_EH;
    if (op == OP_return_call || op == OP_return_call_indirect)
        return features & WASM_F_TAIL;
    if (op >= OP_FE)
        return features & WASM_F_THREADS;
    if (op >= OP_FD)
        return features & (op >= OP_RELAXED ? WASM_F_RELAXED : WASM_F_SIMD);
    return true;
}
