/*
 * opcodes_atomic.h - the rows of opcodes.h after prefix 0xfe (threads proposal): 0xfe n is OP_FE +
 * n. arg = how it widens | natural alignment << 4. The seven kinds of each operation follow each
 * other.
 */
#ifndef WASM_OPCODES_ATOMIC_H
#define WASM_OPCODES_ATOMIC_H

#define WASM_ATOMIC_OPS(X) \
    X(0x320, memory_atomic_notify, "memory.atomic.notify", "iii", MEMARG, NONE, 2 << 4) \
    X(0x321, memory_atomic_wait32, "memory.atomic.wait32", "iiiI", MEMARG, NONE, 2 << 4) \
    X(0x322, memory_atomic_wait64, "memory.atomic.wait64", "iiII", MEMARG, NONE, 3 << 4) \
    X(0x323, atomic_fence, "atomic.fence", "-", U32, NONE, 0) \
    X(0x330, i32_atomic_load, "i32.atomic.load", "ii", MEMARG, ALOAD, MEM_FULL | 2 << 4) \
    X(0x331, i64_atomic_load, "i64.atomic.load", "Ii", MEMARG, ALOAD, MEM_FULL | 3 << 4) \
    X(0x332, i32_atomic_load8_u, "i32.atomic.load8_u", "ii", MEMARG, ALOAD, MEM_8U | 0 << 4) \
    X(0x333, i32_atomic_load16_u, "i32.atomic.load16_u", "ii", MEMARG, ALOAD, MEM_16U | 1 << 4) \
    X(0x334, i64_atomic_load8_u, "i64.atomic.load8_u", "Ii", MEMARG, ALOAD, MEM_8U | 0 << 4) \
    X(0x335, i64_atomic_load16_u, "i64.atomic.load16_u", "Ii", MEMARG, ALOAD, MEM_16U | 1 << 4) \
    X(0x336, i64_atomic_load32_u, "i64.atomic.load32_u", "Ii", MEMARG, ALOAD, MEM_32U | 2 << 4) \
    X(0x337, i32_atomic_store, "i32.atomic.store", "-ii", MEMARG, ASTORE, MEM_FULL | 2 << 4) \
    X(0x338, i64_atomic_store, "i64.atomic.store", "-iI", MEMARG, ASTORE, MEM_FULL | 3 << 4) \
    X(0x339, i32_atomic_store8, "i32.atomic.store8", "-ii", MEMARG, ASTORE, MEM_8U | 0 << 4) \
    X(0x33a, i32_atomic_store16, "i32.atomic.store16", "-ii", MEMARG, ASTORE, MEM_16U | 1 << 4) \
    X(0x33b, i64_atomic_store8, "i64.atomic.store8", "-iI", MEMARG, ASTORE, MEM_8U | 0 << 4) \
    X(0x33c, i64_atomic_store16, "i64.atomic.store16", "-iI", MEMARG, ASTORE, MEM_16U | 1 << 4) \
    X(0x33d, i64_atomic_store32, "i64.atomic.store32", "-iI", MEMARG, ASTORE, MEM_32U | 2 << 4) \
    X(0x33e, i32_atomic_rmw_add, "i32.atomic.rmw.add", "iii", MEMARG, ARMW, MEM_FULL | 2 << 4) \
    X(0x33f, i64_atomic_rmw_add, "i64.atomic.rmw.add", "IiI", MEMARG, ARMW, MEM_FULL | 3 << 4) \
    X(0x340, i32_atomic_rmw8_add_u, "i32.atomic.rmw8.add_u", "iii", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x341, i32_atomic_rmw16_add_u, "i32.atomic.rmw16.add_u", "iii", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x342, i64_atomic_rmw8_add_u, "i64.atomic.rmw8.add_u", "IiI", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x343, i64_atomic_rmw16_add_u, "i64.atomic.rmw16.add_u", "IiI", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x344, i64_atomic_rmw32_add_u, "i64.atomic.rmw32.add_u", "IiI", MEMARG, ARMW, \
      MEM_32U | 2 << 4) \
    X(0x345, i32_atomic_rmw_sub, "i32.atomic.rmw.sub", "iii", MEMARG, ARMW, MEM_FULL | 2 << 4) \
    X(0x346, i64_atomic_rmw_sub, "i64.atomic.rmw.sub", "IiI", MEMARG, ARMW, MEM_FULL | 3 << 4) \
    X(0x347, i32_atomic_rmw8_sub_u, "i32.atomic.rmw8.sub_u", "iii", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x348, i32_atomic_rmw16_sub_u, "i32.atomic.rmw16.sub_u", "iii", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x349, i64_atomic_rmw8_sub_u, "i64.atomic.rmw8.sub_u", "IiI", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x34a, i64_atomic_rmw16_sub_u, "i64.atomic.rmw16.sub_u", "IiI", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x34b, i64_atomic_rmw32_sub_u, "i64.atomic.rmw32.sub_u", "IiI", MEMARG, ARMW, \
      MEM_32U | 2 << 4) \
    X(0x34c, i32_atomic_rmw_and, "i32.atomic.rmw.and", "iii", MEMARG, ARMW, MEM_FULL | 2 << 4) \
    X(0x34d, i64_atomic_rmw_and, "i64.atomic.rmw.and", "IiI", MEMARG, ARMW, MEM_FULL | 3 << 4) \
    X(0x34e, i32_atomic_rmw8_and_u, "i32.atomic.rmw8.and_u", "iii", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x34f, i32_atomic_rmw16_and_u, "i32.atomic.rmw16.and_u", "iii", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x350, i64_atomic_rmw8_and_u, "i64.atomic.rmw8.and_u", "IiI", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x351, i64_atomic_rmw16_and_u, "i64.atomic.rmw16.and_u", "IiI", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x352, i64_atomic_rmw32_and_u, "i64.atomic.rmw32.and_u", "IiI", MEMARG, ARMW, \
      MEM_32U | 2 << 4) \
    X(0x353, i32_atomic_rmw_or, "i32.atomic.rmw.or", "iii", MEMARG, ARMW, MEM_FULL | 2 << 4) \
    X(0x354, i64_atomic_rmw_or, "i64.atomic.rmw.or", "IiI", MEMARG, ARMW, MEM_FULL | 3 << 4) \
    X(0x355, i32_atomic_rmw8_or_u, "i32.atomic.rmw8.or_u", "iii", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x356, i32_atomic_rmw16_or_u, "i32.atomic.rmw16.or_u", "iii", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x357, i64_atomic_rmw8_or_u, "i64.atomic.rmw8.or_u", "IiI", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x358, i64_atomic_rmw16_or_u, "i64.atomic.rmw16.or_u", "IiI", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x359, i64_atomic_rmw32_or_u, "i64.atomic.rmw32.or_u", "IiI", MEMARG, ARMW, \
      MEM_32U | 2 << 4) \
    X(0x35a, i32_atomic_rmw_xor, "i32.atomic.rmw.xor", "iii", MEMARG, ARMW, MEM_FULL | 2 << 4) \
    X(0x35b, i64_atomic_rmw_xor, "i64.atomic.rmw.xor", "IiI", MEMARG, ARMW, MEM_FULL | 3 << 4) \
    X(0x35c, i32_atomic_rmw8_xor_u, "i32.atomic.rmw8.xor_u", "iii", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x35d, i32_atomic_rmw16_xor_u, "i32.atomic.rmw16.xor_u", "iii", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x35e, i64_atomic_rmw8_xor_u, "i64.atomic.rmw8.xor_u", "IiI", MEMARG, ARMW, MEM_8U | 0 << 4) \
    X(0x35f, i64_atomic_rmw16_xor_u, "i64.atomic.rmw16.xor_u", "IiI", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x360, i64_atomic_rmw32_xor_u, "i64.atomic.rmw32.xor_u", "IiI", MEMARG, ARMW, \
      MEM_32U | 2 << 4) \
    X(0x361, i32_atomic_rmw_xchg, "i32.atomic.rmw.xchg", "iii", MEMARG, ARMW, MEM_FULL | 2 << 4) \
    X(0x362, i64_atomic_rmw_xchg, "i64.atomic.rmw.xchg", "IiI", MEMARG, ARMW, MEM_FULL | 3 << 4) \
    X(0x363, i32_atomic_rmw8_xchg_u, "i32.atomic.rmw8.xchg_u", "iii", MEMARG, ARMW, \
      MEM_8U | 0 << 4) \
    X(0x364, i32_atomic_rmw16_xchg_u, "i32.atomic.rmw16.xchg_u", "iii", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x365, i64_atomic_rmw8_xchg_u, "i64.atomic.rmw8.xchg_u", "IiI", MEMARG, ARMW, \
      MEM_8U | 0 << 4) \
    X(0x366, i64_atomic_rmw16_xchg_u, "i64.atomic.rmw16.xchg_u", "IiI", MEMARG, ARMW, \
      MEM_16U | 1 << 4) \
    X(0x367, i64_atomic_rmw32_xchg_u, "i64.atomic.rmw32.xchg_u", "IiI", MEMARG, ARMW, \
      MEM_32U | 2 << 4) \
    X(0x368, i32_atomic_rmw_cmpxchg, "i32.atomic.rmw.cmpxchg", "iiii", MEMARG, ACMPXCHG, \
      MEM_FULL | 2 << 4) \
    X(0x369, i64_atomic_rmw_cmpxchg, "i64.atomic.rmw.cmpxchg", "IiII", MEMARG, ACMPXCHG, \
      MEM_FULL | 3 << 4) \
    X(0x36a, i32_atomic_rmw8_cmpxchg_u, "i32.atomic.rmw8.cmpxchg_u", "iiii", MEMARG, ACMPXCHG, \
      MEM_8U | 0 << 4) \
    X(0x36b, i32_atomic_rmw16_cmpxchg_u, "i32.atomic.rmw16.cmpxchg_u", "iiii", MEMARG, ACMPXCHG, \
      MEM_16U | 1 << 4) \
    X(0x36c, i64_atomic_rmw8_cmpxchg_u, "i64.atomic.rmw8.cmpxchg_u", "IiII", MEMARG, ACMPXCHG, \
      MEM_8U | 0 << 4) \
    X(0x36d, i64_atomic_rmw16_cmpxchg_u, "i64.atomic.rmw16.cmpxchg_u", "IiII", MEMARG, ACMPXCHG, \
      MEM_16U | 1 << 4) \
    X(0x36e, i64_atomic_rmw32_cmpxchg_u, "i64.atomic.rmw32.cmpxchg_u", "IiII", MEMARG, ACMPXCHG, \
      MEM_32U | 2 << 4)

#endif
