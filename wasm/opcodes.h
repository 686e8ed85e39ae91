/*
 * opcodes.h - the table of wasm opcodes: one row each.
 *
 * X(code, identifier, name, signature, immediate, IR operation, arg). Codes after a prefix follow
 * the single bytes: 0xfc n is OP_FC + n. The signature is the result ('-': none) and then the
 * operands: i I f F v = i32 i64 f32 f64 v128, r = funcref; empty where it depends on context. Rows
 * with an IR operation are built by the general case of build_ops.c; the others have a case of
 * their own.
 */
#ifndef WASM_OPCODES_H
#define WASM_OPCODES_H

#include "wasm/ir.h"
#include "wasm/opcodes_atomic.h"
#include "wasm/opcodes_simd.h"

/* what follows the opcode (wasm 5.4) */
enum op_imm {
    IMM_NONE, IMM_BLOCK, IMM_TRYTABLE, IMM_U32, IMM_U32U32, IMM_BRTABLE, IMM_SELECT, IMM_MEMARG,
    IMM_MEMORY,
    IMM_MEMMEM, IMM_DATAMEM, IMM_I32, IMM_I64, IMM_F32, IMM_F64, IMM_REFTYPE,
    IMM_V128, IMM_SHUFFLE, IMM_LANE, IMM_MEMLANE,
};

enum { OP_CONTROL_END = 0x1f, OP_FC = 0x100, OP_FC_END = 0x112, OP_FD = 0x200, OP_RELAXED = 0x300,
       OP_FD_END = 0x314, OP_FE = 0x320, OP_COUNT = 0x36f, OP_PREFIX_FC = 0xfc, OP_PREFIX_FD = 0xfd,
       OP_PREFIX_FE = 0xfe };

#define WASM_OPS(X) \
    /* control (wasm 5.4.1); operands and results depend on context */ \
    X(0x00, unreachable, "unreachable", "", NONE, NONE, 0) \
    X(0x01, nop, "nop", "", NONE, NONE, 0) \
    X(0x02, block, "block", "", BLOCK, NONE, 0) \
    X(0x03, loop, "loop", "", BLOCK, NONE, 0) \
    X(0x04, if, "if", "", BLOCK, NONE, 0) \
    X(0x05, else, "else", "", NONE, NONE, 0) \
    X(0x06, try, "try", "", BLOCK, NONE, 0) \
    X(0x07, catch, "catch", "", U32, NONE, 0) \
    X(0x08, throw, "throw", "", U32, NONE, 0) \
    X(0x09, rethrow, "rethrow", "", U32, NONE, 0) \
    X(0x0a, throw_ref, "throw_ref", "", NONE, NONE, 0) \
    X(0x0b, end, "end", "", NONE, NONE, 0) \
    X(0x0c, br, "br", "", U32, NONE, 0) \
    X(0x0d, br_if, "br_if", "", U32, NONE, 0) \
    X(0x0e, br_table, "br_table", "", BRTABLE, NONE, 0) \
    X(0x0f, return, "return", "", NONE, NONE, 0) \
    X(0x10, call, "call", "", U32, NONE, 0) \
    X(0x11, call_indirect, "call_indirect", "", U32U32, NONE, 0) \
    X(0x12, return_call, "return_call", "", U32, NONE, 0) \
    X(0x13, return_call_indirect, "return_call_indirect", "", U32U32, NONE, 0) \
    X(0x18, delegate, "delegate", "", U32, NONE, 0) \
    X(0x19, catch_all, "catch_all", "", NONE, NONE, 0) \
    X(0x1f, try_table, "try_table", "", TRYTABLE, NONE, 0) \
    X(0x1a, drop, "drop", "", NONE, NONE, 0) \
    X(0x1b, select, "select", "", NONE, NONE, 0) \
    X(0x1c, select_t, "select", "", SELECT, NONE, 0) \
    X(0x20, local_get, "local.get", "", U32, NONE, 0) \
    X(0x21, local_set, "local.set", "", U32, NONE, 0) \
    X(0x22, local_tee, "local.tee", "", U32, NONE, 0) \
    X(0x23, global_get, "global.get", "", U32, NONE, 0) \
    X(0x24, global_set, "global.set", "", U32, NONE, 0) \
    X(0x25, table_get, "table.get", "", U32, NONE, 0) \
    X(0x26, table_set, "table.set", "", U32, NONE, 0) \
    /* memory (wasm 5.4.6); arg = how it widens | natural alignment << 4 */ \
    X(0x28, i32_load, "i32.load", "ii", MEMARG, LOAD, MEM_FULL | 2 << 4) \
    X(0x29, i64_load, "i64.load", "Ii", MEMARG, LOAD, MEM_FULL | 3 << 4) \
    X(0x2a, f32_load, "f32.load", "fi", MEMARG, LOAD, MEM_FULL | 2 << 4) \
    X(0x2b, f64_load, "f64.load", "Fi", MEMARG, LOAD, MEM_FULL | 3 << 4) \
    X(0x2c, i32_load8_s, "i32.load8_s", "ii", MEMARG, LOAD, MEM_8S | 0 << 4) \
    X(0x2d, i32_load8_u, "i32.load8_u", "ii", MEMARG, LOAD, MEM_8U | 0 << 4) \
    X(0x2e, i32_load16_s, "i32.load16_s", "ii", MEMARG, LOAD, MEM_16S | 1 << 4) \
    X(0x2f, i32_load16_u, "i32.load16_u", "ii", MEMARG, LOAD, MEM_16U | 1 << 4) \
    X(0x30, i64_load8_s, "i64.load8_s", "Ii", MEMARG, LOAD, MEM_8S | 0 << 4) \
    X(0x31, i64_load8_u, "i64.load8_u", "Ii", MEMARG, LOAD, MEM_8U | 0 << 4) \
    X(0x32, i64_load16_s, "i64.load16_s", "Ii", MEMARG, LOAD, MEM_16S | 1 << 4) \
    X(0x33, i64_load16_u, "i64.load16_u", "Ii", MEMARG, LOAD, MEM_16U | 1 << 4) \
    X(0x34, i64_load32_s, "i64.load32_s", "Ii", MEMARG, LOAD, MEM_32S | 2 << 4) \
    X(0x35, i64_load32_u, "i64.load32_u", "Ii", MEMARG, LOAD, MEM_32U | 2 << 4) \
    X(0x36, i32_store, "i32.store", "-ii", MEMARG, STORE, MEM_FULL | 2 << 4) \
    X(0x37, i64_store, "i64.store", "-iI", MEMARG, STORE, MEM_FULL | 3 << 4) \
    X(0x38, f32_store, "f32.store", "-if", MEMARG, STORE, MEM_FULL | 2 << 4) \
    X(0x39, f64_store, "f64.store", "-iF", MEMARG, STORE, MEM_FULL | 3 << 4) \
    X(0x3a, i32_store8, "i32.store8", "-ii", MEMARG, STORE, MEM_8U | 0 << 4) \
    X(0x3b, i32_store16, "i32.store16", "-ii", MEMARG, STORE, MEM_16U | 1 << 4) \
    X(0x3c, i64_store8, "i64.store8", "-iI", MEMARG, STORE, MEM_8U | 0 << 4) \
    X(0x3d, i64_store16, "i64.store16", "-iI", MEMARG, STORE, MEM_16U | 1 << 4) \
    X(0x3e, i64_store32, "i64.store32", "-iI", MEMARG, STORE, MEM_32U | 2 << 4) \
    X(0x3f, memory_size, "memory.size", "i", MEMORY, NONE, 0) \
    X(0x40, memory_grow, "memory.grow", "ii", MEMORY, NONE, 0) \
    /* numeric (wasm 5.4.7) */ \
    X(0x41, i32_const, "i32.const", "i", I32, NONE, 0) \
    X(0x42, i64_const, "i64.const", "I", I64, NONE, 0) \
    X(0x43, f32_const, "f32.const", "f", F32, NONE, 0) \
    X(0x44, f64_const, "f64.const", "F", F64, NONE, 0) \
    X(0x45, i32_eqz, "i32.eqz", "ii", NONE, EQZ, 0) \
    X(0x46, i32_eq, "i32.eq", "iii", NONE, EQ, 0) \
    X(0x47, i32_ne, "i32.ne", "iii", NONE, NE, 0) \
    X(0x48, i32_lt_s, "i32.lt_s", "iii", NONE, LTS, 0) \
    X(0x49, i32_lt_u, "i32.lt_u", "iii", NONE, LTU, 0) \
    X(0x4a, i32_gt_s, "i32.gt_s", "iii", NONE, GTS, 0) \
    X(0x4b, i32_gt_u, "i32.gt_u", "iii", NONE, GTU, 0) \
    X(0x4c, i32_le_s, "i32.le_s", "iii", NONE, LES, 0) \
    X(0x4d, i32_le_u, "i32.le_u", "iii", NONE, LEU, 0) \
    X(0x4e, i32_ge_s, "i32.ge_s", "iii", NONE, GES, 0) \
    X(0x4f, i32_ge_u, "i32.ge_u", "iii", NONE, GEU, 0) \
    X(0x50, i64_eqz, "i64.eqz", "iI", NONE, EQZ, 0) \
    X(0x51, i64_eq, "i64.eq", "iII", NONE, EQ, 0) \
    X(0x52, i64_ne, "i64.ne", "iII", NONE, NE, 0) \
    X(0x53, i64_lt_s, "i64.lt_s", "iII", NONE, LTS, 0) \
    X(0x54, i64_lt_u, "i64.lt_u", "iII", NONE, LTU, 0) \
    X(0x55, i64_gt_s, "i64.gt_s", "iII", NONE, GTS, 0) \
    X(0x56, i64_gt_u, "i64.gt_u", "iII", NONE, GTU, 0) \
    X(0x57, i64_le_s, "i64.le_s", "iII", NONE, LES, 0) \
    X(0x58, i64_le_u, "i64.le_u", "iII", NONE, LEU, 0) \
    X(0x59, i64_ge_s, "i64.ge_s", "iII", NONE, GES, 0) \
    X(0x5a, i64_ge_u, "i64.ge_u", "iII", NONE, GEU, 0) \
    X(0x5b, f32_eq, "f32.eq", "iff", NONE, FEQ, 0) \
    X(0x5c, f32_ne, "f32.ne", "iff", NONE, FNE, 0) \
    X(0x5d, f32_lt, "f32.lt", "iff", NONE, FLT, 0) \
    X(0x5e, f32_gt, "f32.gt", "iff", NONE, FGT, 0) \
    X(0x5f, f32_le, "f32.le", "iff", NONE, FLE, 0) \
    X(0x60, f32_ge, "f32.ge", "iff", NONE, FGE, 0) \
    X(0x61, f64_eq, "f64.eq", "iFF", NONE, FEQ, 0) \
    X(0x62, f64_ne, "f64.ne", "iFF", NONE, FNE, 0) \
    X(0x63, f64_lt, "f64.lt", "iFF", NONE, FLT, 0) \
    X(0x64, f64_gt, "f64.gt", "iFF", NONE, FGT, 0) \
    X(0x65, f64_le, "f64.le", "iFF", NONE, FLE, 0) \
    X(0x66, f64_ge, "f64.ge", "iFF", NONE, FGE, 0) \
    X(0x67, i32_clz, "i32.clz", "ii", NONE, CLZ, 0) \
    X(0x68, i32_ctz, "i32.ctz", "ii", NONE, CTZ, 0) \
    X(0x69, i32_popcnt, "i32.popcnt", "ii", NONE, POPCNT, 0) \
    X(0x6a, i32_add, "i32.add", "iii", NONE, ADD, 0) \
    X(0x6b, i32_sub, "i32.sub", "iii", NONE, SUB, 0) \
    X(0x6c, i32_mul, "i32.mul", "iii", NONE, MUL, 0) \
    X(0x6d, i32_div_s, "i32.div_s", "iii", NONE, DIVS, 0) \
    X(0x6e, i32_div_u, "i32.div_u", "iii", NONE, DIVU, 0) \
    X(0x6f, i32_rem_s, "i32.rem_s", "iii", NONE, REMS, 0) \
    X(0x70, i32_rem_u, "i32.rem_u", "iii", NONE, REMU, 0) \
    X(0x71, i32_and, "i32.and", "iii", NONE, AND, 0) \
    X(0x72, i32_or, "i32.or", "iii", NONE, OR, 0) \
    X(0x73, i32_xor, "i32.xor", "iii", NONE, XOR, 0) \
    X(0x74, i32_shl, "i32.shl", "iii", NONE, SHL, 0) \
    X(0x75, i32_shr_s, "i32.shr_s", "iii", NONE, SHRS, 0) \
    X(0x76, i32_shr_u, "i32.shr_u", "iii", NONE, SHRU, 0) \
    X(0x77, i32_rotl, "i32.rotl", "iii", NONE, ROTL, 0) \
    X(0x78, i32_rotr, "i32.rotr", "iii", NONE, ROTR, 0) \
    X(0x79, i64_clz, "i64.clz", "II", NONE, CLZ, 0) \
    X(0x7a, i64_ctz, "i64.ctz", "II", NONE, CTZ, 0) \
    X(0x7b, i64_popcnt, "i64.popcnt", "II", NONE, POPCNT, 0) \
    X(0x7c, i64_add, "i64.add", "III", NONE, ADD, 0) \
    X(0x7d, i64_sub, "i64.sub", "III", NONE, SUB, 0) \
    X(0x7e, i64_mul, "i64.mul", "III", NONE, MUL, 0) \
    X(0x7f, i64_div_s, "i64.div_s", "III", NONE, DIVS, 0) \
    X(0x80, i64_div_u, "i64.div_u", "III", NONE, DIVU, 0) \
    X(0x81, i64_rem_s, "i64.rem_s", "III", NONE, REMS, 0) \
    X(0x82, i64_rem_u, "i64.rem_u", "III", NONE, REMU, 0) \
    X(0x83, i64_and, "i64.and", "III", NONE, AND, 0) \
    X(0x84, i64_or, "i64.or", "III", NONE, OR, 0) \
    X(0x85, i64_xor, "i64.xor", "III", NONE, XOR, 0) \
    X(0x86, i64_shl, "i64.shl", "III", NONE, SHL, 0) \
    X(0x87, i64_shr_s, "i64.shr_s", "III", NONE, SHRS, 0) \
    X(0x88, i64_shr_u, "i64.shr_u", "III", NONE, SHRU, 0) \
    X(0x89, i64_rotl, "i64.rotl", "III", NONE, ROTL, 0) \
    X(0x8a, i64_rotr, "i64.rotr", "III", NONE, ROTR, 0) \
    X(0x8b, f32_abs, "f32.abs", "ff", NONE, FABS, 0) \
    X(0x8c, f32_neg, "f32.neg", "ff", NONE, FNEG, 0) \
    X(0x8d, f32_ceil, "f32.ceil", "ff", NONE, FCEIL, 0) \
    X(0x8e, f32_floor, "f32.floor", "ff", NONE, FFLOOR, 0) \
    X(0x8f, f32_trunc, "f32.trunc", "ff", NONE, FTRUNC, 0) \
    X(0x90, f32_nearest, "f32.nearest", "ff", NONE, FNEAREST, 0) \
    X(0x91, f32_sqrt, "f32.sqrt", "ff", NONE, FSQRT, 0) \
    X(0x92, f32_add, "f32.add", "fff", NONE, FADD, 0) \
    X(0x93, f32_sub, "f32.sub", "fff", NONE, FSUB, 0) \
    X(0x94, f32_mul, "f32.mul", "fff", NONE, FMUL, 0) \
    X(0x95, f32_div, "f32.div", "fff", NONE, FDIV, 0) \
    X(0x96, f32_min, "f32.min", "fff", NONE, FMIN, 0) \
    X(0x97, f32_max, "f32.max", "fff", NONE, FMAX, 0) \
    X(0x98, f32_copysign, "f32.copysign", "fff", NONE, FCOPYSIGN, 0) \
    X(0x99, f64_abs, "f64.abs", "FF", NONE, FABS, 0) \
    X(0x9a, f64_neg, "f64.neg", "FF", NONE, FNEG, 0) \
    X(0x9b, f64_ceil, "f64.ceil", "FF", NONE, FCEIL, 0) \
    X(0x9c, f64_floor, "f64.floor", "FF", NONE, FFLOOR, 0) \
    X(0x9d, f64_trunc, "f64.trunc", "FF", NONE, FTRUNC, 0) \
    X(0x9e, f64_nearest, "f64.nearest", "FF", NONE, FNEAREST, 0) \
    X(0x9f, f64_sqrt, "f64.sqrt", "FF", NONE, FSQRT, 0) \
    X(0xa0, f64_add, "f64.add", "FFF", NONE, FADD, 0) \
    X(0xa1, f64_sub, "f64.sub", "FFF", NONE, FSUB, 0) \
    X(0xa2, f64_mul, "f64.mul", "FFF", NONE, FMUL, 0) \
    X(0xa3, f64_div, "f64.div", "FFF", NONE, FDIV, 0) \
    X(0xa4, f64_min, "f64.min", "FFF", NONE, FMIN, 0) \
    X(0xa5, f64_max, "f64.max", "FFF", NONE, FMAX, 0) \
    X(0xa6, f64_copysign, "f64.copysign", "FFF", NONE, FCOPYSIGN, 0) \
    X(0xa7, i32_wrap_i64, "i32.wrap_i64", "iI", NONE, WRAP, 0) \
    X(0xa8, i32_trunc_f32_s, "i32.trunc_f32_s", "if", NONE, TRUNCS, 0) \
    X(0xa9, i32_trunc_f32_u, "i32.trunc_f32_u", "if", NONE, TRUNCU, 0) \
    X(0xaa, i32_trunc_f64_s, "i32.trunc_f64_s", "iF", NONE, TRUNCS, 0) \
    X(0xab, i32_trunc_f64_u, "i32.trunc_f64_u", "iF", NONE, TRUNCU, 0) \
    X(0xac, i64_extend_i32_s, "i64.extend_i32_s", "Ii", NONE, EXTS, 0) \
    X(0xad, i64_extend_i32_u, "i64.extend_i32_u", "Ii", NONE, EXTU, 0) \
    X(0xae, i64_trunc_f32_s, "i64.trunc_f32_s", "If", NONE, TRUNCS, 0) \
    X(0xaf, i64_trunc_f32_u, "i64.trunc_f32_u", "If", NONE, TRUNCU, 0) \
    X(0xb0, i64_trunc_f64_s, "i64.trunc_f64_s", "IF", NONE, TRUNCS, 0) \
    X(0xb1, i64_trunc_f64_u, "i64.trunc_f64_u", "IF", NONE, TRUNCU, 0) \
    X(0xb2, f32_convert_i32_s, "f32.convert_i32_s", "fi", NONE, CONVS, 0) \
    X(0xb3, f32_convert_i32_u, "f32.convert_i32_u", "fi", NONE, CONVU, 0) \
    X(0xb4, f32_convert_i64_s, "f32.convert_i64_s", "fI", NONE, CONVS, 0) \
    X(0xb5, f32_convert_i64_u, "f32.convert_i64_u", "fI", NONE, CONVU, 0) \
    X(0xb6, f32_demote_f64, "f32.demote_f64", "fF", NONE, DEMOTE, 0) \
    X(0xb7, f64_convert_i32_s, "f64.convert_i32_s", "Fi", NONE, CONVS, 0) \
    X(0xb8, f64_convert_i32_u, "f64.convert_i32_u", "Fi", NONE, CONVU, 0) \
    X(0xb9, f64_convert_i64_s, "f64.convert_i64_s", "FI", NONE, CONVS, 0) \
    X(0xba, f64_convert_i64_u, "f64.convert_i64_u", "FI", NONE, CONVU, 0) \
    X(0xbb, f64_promote_f32, "f64.promote_f32", "Ff", NONE, PROMOTE, 0) \
    X(0xbc, i32_reinterpret_f32, "i32.reinterpret_f32", "if", NONE, BITCAST, 0) \
    X(0xbd, i64_reinterpret_f64, "i64.reinterpret_f64", "IF", NONE, BITCAST, 0) \
    X(0xbe, f32_reinterpret_i32, "f32.reinterpret_i32", "fi", NONE, BITCAST, 0) \
    X(0xbf, f64_reinterpret_i64, "f64.reinterpret_i64", "FI", NONE, BITCAST, 0) \
    X(0xc0, i32_extend8_s, "i32.extend8_s", "ii", NONE, SEXT8, 0) \
    X(0xc1, i32_extend16_s, "i32.extend16_s", "ii", NONE, SEXT16, 0) \
    X(0xc2, i64_extend8_s, "i64.extend8_s", "II", NONE, SEXT8, 0) \
    X(0xc3, i64_extend16_s, "i64.extend16_s", "II", NONE, SEXT16, 0) \
    X(0xc4, i64_extend32_s, "i64.extend32_s", "II", NONE, SEXT32, 0) \
    /* references (wasm 5.4.2) */ \
    X(0xd0, ref_null, "ref.null", "", REFTYPE, NONE, 0) \
    X(0xd1, ref_is_null, "ref.is_null", "", NONE, NONE, 0) \
    X(0xd2, ref_func, "ref.func", "r", U32, NONE, 0) \
    /* after prefix 0xfc: saturating conversions, bulk memory and table instructions */ \
    X(0x100, i32_trunc_sat_f32_s, "i32.trunc_sat_f32_s", "if", NONE, SATS, 0) \
    X(0x101, i32_trunc_sat_f32_u, "i32.trunc_sat_f32_u", "if", NONE, SATU, 0) \
    X(0x102, i32_trunc_sat_f64_s, "i32.trunc_sat_f64_s", "iF", NONE, SATS, 0) \
    X(0x103, i32_trunc_sat_f64_u, "i32.trunc_sat_f64_u", "iF", NONE, SATU, 0) \
    X(0x104, i64_trunc_sat_f32_s, "i64.trunc_sat_f32_s", "If", NONE, SATS, 0) \
    X(0x105, i64_trunc_sat_f32_u, "i64.trunc_sat_f32_u", "If", NONE, SATU, 0) \
    X(0x106, i64_trunc_sat_f64_s, "i64.trunc_sat_f64_s", "IF", NONE, SATS, 0) \
    X(0x107, i64_trunc_sat_f64_u, "i64.trunc_sat_f64_u", "IF", NONE, SATU, 0) \
    X(0x108, memory_init, "memory.init", "-iii", DATAMEM, NONE, 0) \
    X(0x109, data_drop, "data.drop", "-", U32, NONE, 0) \
    X(0x10a, memory_copy, "memory.copy", "-iii", MEMMEM, NONE, 0) \
    X(0x10b, memory_fill, "memory.fill", "-iii", MEMORY, NONE, 0) \
    X(0x10c, table_init, "table.init", "-iii", U32U32, NONE, 0) \
    X(0x10d, elem_drop, "elem.drop", "-", U32, NONE, 0) \
    X(0x10e, table_copy, "table.copy", "-iii", U32U32, NONE, 0) \
    X(0x10f, table_grow, "table.grow", "", U32, NONE, 0) \
    X(0x110, table_size, "table.size", "i", U32, NONE, 0) \
    X(0x111, table_fill, "table.fill", "", U32, NONE, 0) \
    /* after prefix 0xfd: vectors */ \
    WASM_SIMD_OPS(X) \
    WASM_ATOMIC_OPS(X)

enum wasm_op {
#define X(code, id, name, sig, imm, ir, arg) OP_##id = code,
    WASM_OPS(X)
#undef X
};

struct op_info {
    const char *name;           /* NULL: no such opcode */
    char sig[5];
    uint8_t imm, ir, arg;
};
extern const struct op_info op_table[OP_COUNT];

/* The code of `sub` after a prefix byte; OP_COUNT if there is none. */
static inline uint32_t op_prefixed(uint32_t prefix, uint32_t sub)
{
    if (prefix == OP_PREFIX_FC)
        return sub < OP_FC_END - OP_FC ? OP_FC + sub : OP_COUNT;
    if (prefix == OP_PREFIX_FD)
        return sub < OP_FD_END - OP_FD ? OP_FD + sub : OP_COUNT;
    return sub < OP_COUNT - OP_FE ? OP_FE + sub : OP_COUNT;
}

/* Is the opcode in the language with these features (WASM_F_*)? */
bool op_allowed(uint32_t features, uint32_t op);     /* the general case */
static inline bool op_enabled(uint32_t features, uint32_t op)
{
    return (op > OP_CONTROL_END && op < OP_FD) || op_allowed(features, op);
}

static inline const struct op_info *op_info(uint32_t op)
{
    return op < OP_COUNT && op_table[op].name ? &op_table[op] : NULL;
}

#endif
