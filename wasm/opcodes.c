/*
 * opcodes.c - the table of opcodes.h as data.
 */
#include "wasm/opcodes.h"

const struct op_info op_table[OP_COUNT] = {
#define X(code, id, name, sig, imm, ir, arg) [code] = { name, sig, IMM_##imm, IR_##ir, arg },
    WASM_OPS(X)
#undef X
};
