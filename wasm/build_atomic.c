/*
 * build_atomic.c - the instructions of the threads proposal. Their effective address is computed as
 * 64-bit IR arithmetic, so that IR operations and helpers take it whole, without an offset.
 */
#include "wasm/build.h"

/* An access must be aligned exactly; returns the memory's index. */
static uint32_t atomic_memarg(struct build *b, uint32_t natural, uint32_t *offset)
{
    uint32_t at = b->r.pos, align = rd_u32(&b->r) & 0x3f;
    b->r.pos = at;
    uint32_t mem = build_memarg(b, natural, offset);
    if (rd_ok(&b->r) && align != natural)
        BUILD_INVALID(b, "atomic alignment must be natural");
    return mem;
}

static void helper(struct build *b, uint32_t op, const struct op_info *info)
{
    uint32_t v[3] = { 0, 0, 0 }, offset = 0, mem = atomic_memarg(b, info->arg >> 4, &offset);
    int rt = op == OP_memory_atomic_notify ? RT_ATOMIC_NOTIFY :
             op == OP_memory_atomic_wait32 ? RT_ATOMIC_WAIT32 : RT_ATOMIC_WAIT64;
    build_pop_sig(b, info->sig, v);
    v[0] = build_effective(b, v[0], offset);
    build_push(b, build_call_rt(b, rt, T_I32, v, (uint32_t)strlen(info->sig) - 1, mem), WASM_I32);
}

static void access(struct build *b, uint32_t op, const struct op_info *info)
{
    uint32_t v[3] = { 0, 0, 0 }, offset = 0, rmw = 0;
    uint32_t mem = atomic_memarg(b, info->arg >> 4, &offset);
    uint8_t type = build_sig_type(info->sig[0]);
    build_pop_sig(b, info->sig, v);
    uint32_t ea = build_effective(b, v[0], offset);
    uint32_t i = build_ins(b, info->ir, type ? ir_type_of(type) : T_NONE, ea, v[1], v[2]);
    if (info->ir == IR_ARMW)
        rmw = (op - OP_i32_atomic_rmw_add) / 7;
    if (i)
        b->f->ins[i].aux = (uint16_t)((info->arg & 15) | rmw << 4 | mem << 8);
    if (type)
        build_push(b, i, type);
}

void build_atomic(struct build *b, uint32_t op, const struct op_info *info)
{
    if (op == OP_atomic_fence) {
        if (rd_u8(&b->r) && rd_ok(&b->r))
            BUILD_MALFORMED(b, "zero byte expected");
        build_ins(b, IR_FENCE, T_NONE, 0, 0, 0);
    } else if (info->ir == IR_NONE) {
        helper(b, op, info);
    } else {
        access(b, op, info);
    }
}
