/*
 * build_ops.c - instructions other than control: the general case from the opcode table, and those
 * whose types depend on context (wasm 3.3).
 */
#include "wasm/build.h"

const uint8_t build_sig_types[128] = {
    ['v'] = WASM_V128, ['i'] = WASM_I32, ['I'] = WASM_I64, ['f'] = WASM_F32, ['F'] = WASM_F64,
    ['r'] = WASM_FUNCREF,
};

/* Pops the operands of a signature, the last one first. */
void build_pop_sig(struct build *b, const char *sig, uint32_t v[3])
{
    for (unsigned n = !sig[1] ? 0 : !sig[2] ? 1 : !sig[3] ? 2 : 3; n--; )
        v[n] = build_pop(b, build_sig_type(sig[1 + n]));
}

static bool has_operand_type(int op)
{
    return (op >= IR_EQZ && op <= IR_GEU) || (op >= IR_FEQ && op <= IR_BITCAST);
}

static void plain(struct build *b, const struct op_info *info)
{
    uint32_t v[3] = { 0, 0, 0 };
    uint8_t type = build_sig_type(info->sig[0]);
    build_pop_sig(b, info->sig, v);
    uint32_t i = build_ins(b, info->ir, ir_type_of(type), v[0], v[1], v[2]);
    if (i && info->ir >= IR_V1 && info->ir <= IR_VANY)
        b->f->ins[i].aux = info->arg;
    else if (i && has_operand_type(info->ir))
        b->f->ins[i].aux = (uint16_t)ir_type_of(build_sig_type(info->sig[1]));
    if (info->ir >= IR_MUL && info->ir <= IR_REMU)
        b->f->has |= HAS_PRODUCT;
    build_push(b, i, type);
}

/* ---- memory -------------------------------------------------------------------------------- */

static uint32_t memory_index(struct build *b)
{
    uint32_t i = 0;
    if (b->m->features & WASM_F_MULTIMEM)
        i = rd_u32(&b->r);
    else if (rd_u8(&b->r) && rd_ok(&b->r))
        BUILD_MALFORMED(b, "zero byte expected");
    if (i >= b->m->nmems && rd_ok(&b->r))
        BUILD_INVALID(b, "unknown memory %u", i);
    return i;
}

uint32_t build_memarg(struct build *b, uint32_t natural, uint32_t *offset)
{
    uint32_t mem = 0, align = rd_u32(&b->r);
    if (b->m->features & WASM_F_MULTIMEM && align & 0x40) {
        align &= ~0x40u;
        mem = rd_u32(&b->r);
    }
    if (align >= (b->m->features & WASM_F_MULTIMEM ? 64u : 32u) && rd_ok(&b->r))
        BUILD_MALFORMED(b, "malformed memop flags 0x%x", align);
    /* with wasm 3.0 an offset is a u64, which 32-bit memories then restrict */
    uint64_t far = b->m->features & WASM_F_MULTIMEM ? rd_leb(&b->r, 64, false) : rd_u32(&b->r);
    *offset = (uint32_t)far;
    if (!rd_ok(&b->r))
        return 0;
    if (mem >= b->m->nmems)
        BUILD_INVALID(b, "unknown memory %u", mem);
    if (align > natural)
        BUILD_INVALID(b, "alignment must not be larger than natural");
    if (far > UINT32_MAX)
        BUILD_INVALID(b, "offset out of range");
    if (mem > 0xff)
        READER_FAIL(&b->r, WASM_LIMIT, b->pos, "memory index %u too large", mem);
    return mem;
}

uint32_t build_effective(struct build *b, uint32_t addr, uint32_t offset)
{
    uint32_t wide = build_ins(b, IR_EXTU, T_I64, addr, 0, 0);
    if (!wide)
        return 0;
    b->f->ins[wide].aux = T_I32;
    if (!offset)
        return wide;
    uint32_t sum = build_ins(b, IR_ADD, T_I64, wide, build_const(b, T_I64, offset), 0);
    if (offset <= INT32_MAX)
        return sum;
    uint32_t top = build_const(b, T_I64, 1ull << 32), low = build_const(b, T_I64, 1ull << 32 | 15);
    uint32_t out = build_ins(b, IR_AND, T_I64, sum, low, 0);
    uint32_t in = build_ins(b, IR_LTU, T_I32, sum, top, 0);
    b->f->ins[in].aux = T_I64;
    return build_ins(b, IR_SELECT, T_I64, sum, out, in);
}

uint32_t build_address(struct build *b, uint32_t addr, uint32_t *offset)
{
    uint32_t far = *offset;
    if (far <= INT32_MAX)
        return addr;
    *offset = 0;
    return build_effective(b, addr, far);
}

static void access(struct build *b, const struct op_info *info)
{
    uint32_t v[3] = { 0, 0, 0 }, offset = 0;
    uint32_t mem = build_memarg(b, info->arg >> 4, &offset);
    if (!rd_ok(&b->r))
        return;
    build_pop_sig(b, info->sig, v);
    uint8_t type = build_sig_type(info->sig[0]);
    v[0] = build_address(b, v[0], &offset);
    uint32_t i = build_ins(b, info->ir, type ? ir_type_of(type) : T_NONE, v[0], v[1], offset);
    if (i)
        b->f->ins[i].aux = (uint16_t)((info->arg & 15) | mem << 8);
    if (type)
        build_push(b, i, type);
}

/* ---- runtime helpers ----------------------------------------------------------------------- */

/* A call of a helper with n values and then, if it has one, an immediate. */
uint32_t build_call_rt(struct build *b, int rt, int type, const uint32_t *v, uint32_t n,
                       uint32_t imm)
{
    if (!b->cur)
        return 0;
    uint32_t c = build_const(b, T_I32, imm), at = build_args(b, n + 1);
    b->f->has |= HAS_RUNTIME_CALL;
    uint32_t first = rt == RT_MEMORY_GROW;      /* its immediate comes first */
    for (uint32_t i = 0; i < n; i++)
        b->f->args[at + first + i] = v[i];
    b->f->args[at + (first ? 0 : n)] = c;
    return build_ins(b, IR_CALLRT, type, at, n + 1, (uint32_t)rt);
}

static uint32_t pack(struct build *b, uint32_t low, uint32_t high)
{
    if (low > 0xffff || high > 0xffff)
        READER_FAIL(&b->r, WASM_LIMIT, b->pos, "index over 65535 in a bulk instruction");
    return low | high << 16;
}

static void bulk(struct build *b, const struct op_info *info, int rt, uint32_t imm)
{
    uint32_t v[3] = { 0, 0, 0 };
    build_pop_sig(b, info->sig, v);
    if (rd_ok(&b->r))
        build_call_rt(b, rt, T_NONE, v, (uint32_t)strlen(info->sig) - 1, imm);
}

/* An index that is checked only after the other immediate. */
static void check_data(struct build *b, uint32_t i)
{
    if (!b->m->has_datacount && rd_ok(&b->r))
        BUILD_MALFORMED(b, "data count section required");
    if (i >= b->m->ndatas && rd_ok(&b->r))
        BUILD_INVALID(b, "unknown data segment %u", i);
}

static void check_elem(struct build *b, uint32_t i)
{
    if (i >= b->m->nelems && rd_ok(&b->r))
        BUILD_INVALID(b, "unknown elem segment %u", i);
}

/* A table index; its element type in *type. */
static uint32_t table_index(struct build *b, uint8_t *type)
{
    uint32_t i = rd_u32(&b->r);
    *type = 0;
    if (!rd_ok(&b->r))
        return 0;
    if (i >= b->m->ntables) {
        BUILD_INVALID(b, "unknown table %u", i);
        return 0;
    }
    if (i > 0xffff)
        READER_FAIL(&b->r, WASM_LIMIT, b->pos, "table index %u too large", i);
    *type = b->m->tables[i].type;
    return i;
}

static void memory_op(struct build *b, uint32_t op, const struct op_info *info)
{
    uint32_t x, y, v[3];
    switch (op) {
    case OP_memory_size:
        x = memory_index(b);
        build_push(b, build_ins(b, IR_MEMSIZE, T_I32, 0, x, 0), WASM_I32);
        break;
    case OP_memory_grow:
        x = memory_index(b);
        v[0] = build_pop(b, WASM_I32);
        build_push(b, build_call_rt(b, RT_MEMORY_GROW, T_I32, v, 1, x), WASM_I32);
        break;
    case OP_memory_init:
        x = rd_u32(&b->r);
        y = memory_index(b);
        check_data(b, x);
        bulk(b, info, RT_MEMORY_INIT, pack(b, x, y));
        break;
    case OP_memory_copy:
        x = memory_index(b);
        y = memory_index(b);
        bulk(b, info, RT_MEMORY_COPY, pack(b, x, y));
        break;
    case OP_memory_fill:
        bulk(b, info, RT_MEMORY_FILL, memory_index(b));
        break;
    case OP_data_drop:
        x = rd_u32(&b->r);
        check_data(b, x);
        bulk(b, info, RT_DATA_DROP, x);
        break;
    }
}

static void table_op(struct build *b, uint32_t op, const struct op_info *info)
{
    uint8_t type, other;
    uint32_t x, y, v[3] = { 0, 0, 0 };
    switch (op) {
    case OP_table_get:
        x = table_index(b, &type);
        v[0] = build_pop(b, WASM_I32);
        build_push(b, build_call_rt(b, RT_TABLE_GET, T_REF, v, 1, x), type);
        break;
    case OP_table_set:
        x = table_index(b, &type);
        v[1] = build_pop(b, type);
        v[0] = build_pop(b, WASM_I32);
        build_call_rt(b, RT_TABLE_SET, T_NONE, v, 2, x);
        break;
    case OP_table_grow:
        x = table_index(b, &type);
        v[1] = build_pop(b, WASM_I32);
        v[0] = build_pop(b, type);
        build_push(b, build_call_rt(b, RT_TABLE_GROW, T_I32, v, 2, x), WASM_I32);
        break;
    case OP_table_size:
        x = table_index(b, &type);
        build_push(b, build_call_rt(b, RT_TABLE_SIZE, T_I32, v, 0, x), WASM_I32);
        break;
    case OP_table_fill:
        x = table_index(b, &type);
        v[2] = build_pop(b, WASM_I32);
        v[1] = build_pop(b, type);
        v[0] = build_pop(b, WASM_I32);
        build_call_rt(b, RT_TABLE_FILL, T_NONE, v, 3, x);
        break;
    case OP_table_copy:
        x = table_index(b, &type);
        y = table_index(b, &other);
        if (type != other && rd_ok(&b->r))
            BUILD_INVALID(b, "type mismatch between tables");
        bulk(b, info, RT_TABLE_COPY, pack(b, x, y));
        break;
    case OP_table_init:
        y = rd_u32(&b->r);
        x = table_index(b, &type);
        check_elem(b, y);
        if (rd_ok(&b->r) && type != b->m->elems[y].type)
            BUILD_INVALID(b, "type mismatch between table and element segment");
        bulk(b, info, RT_TABLE_INIT, pack(b, y, x));
        break;
    case OP_elem_drop:
        x = rd_u32(&b->r);
        check_elem(b, x);
        bulk(b, info, RT_ELEM_DROP, x);
        break;
    }
}

/* ---- calls --------------------------------------------------------------------------------- */

/* `extra`, if not 0, is one more argument after those of the type. */
static void call(struct build *b, int op, const struct wasm_functype *t, uint32_t extra,
                 uint32_t index, uint32_t table)
{
    struct ir_func *f = b->f;
    uint32_t vals = build_pop_vals(b, t->params, t->nparams), i = 0;
    if (!rd_ok(&b->r))
        return;
    if (b->cur) {
        uint32_t n = t->nparams + (extra != 0), at = build_args(b, n);
        if (t->nparams)
            memcpy(f->args + at, b->vals + vals, t->nparams * sizeof *f->args);
        if (extra)
            f->args[at + t->nparams] = extra;
        i = build_ins(b, op, t->nresults ? ir_type_of(t->results[0]) : T_NONE, at, n, index);
        f->ins[i].aux = (uint16_t)table;
    }
    b->nvals = vals;
    for (uint32_t k = 0; k < t->nresults; k++)
        build_push(b, k == 0 ? i : build_ins(b, IR_RESULT, ir_type_of(t->results[k]), i, k, 0),
                   t->results[k]);
    if (i && !(op == IR_CALL && b->m->funcs[index].port_op))
        build_may_throw(b, i);
}

static void op_call(struct build *b)
{
    uint32_t i = rd_u32(&b->r);
    if (i >= b->m->nfuncs && rd_ok(&b->r))
        BUILD_INVALID(b, "unknown function %u", i);
    if (rd_ok(&b->r) && !build_inline_enter(b, i))
        call(b, IR_CALL, &b->m->types[b->m->funcs[i].type], 0, i, 0);
}

static void op_call_indirect(struct build *b)
{
    uint8_t type;
    uint32_t i = rd_u32(&b->r), table = table_index(b, &type);
    if (i >= b->m->ntypes && rd_ok(&b->r))
        BUILD_INVALID(b, "unknown type %u", i);
    if (type != WASM_FUNCREF && rd_ok(&b->r))
        BUILD_INVALID(b, "type mismatch: call_indirect needs a table of functions");
    uint32_t entry = build_pop(b, WASM_I32);
    if (!rd_ok(&b->r))
        return;
    const struct ir_ins *e = &b->f->ins[entry];
    uint32_t known = e->op == IR_CONST ? sealed_callee(b->f->sealed, b->m, table, e->b, i) : 0;
    if (known)
        call(b, IR_CALL, &b->m->types[i], 0, known - 1, 0);
    else
        call(b, IR_CALLIND, &b->m->types[i], entry, i, table);
}

/* ---- variables, parametric, references ----------------------------------------------------- */

static void local_op(struct build *b, uint32_t op)
{
    uint32_t i = rd_u32(&b->r), v;
    if (i >= b->in.nlocals) {
        if (rd_ok(&b->r))
            BUILD_INVALID(b, "unknown local %u", i);
        return;
    }
    i += b->in.locals;
    uint8_t type = b->local_type[i];
    if (op == OP_local_get) {
        build_push(b, build_local_get(b, i), type);
        return;
    }
    v = build_pop(b, type);
    if (rd_ok(&b->r))
        build_local_set(b, i, v);
    if (op == OP_local_tee)
        build_push(b, v, type);
}

static void global_op(struct build *b, uint32_t op)
{
    uint32_t i = rd_u32(&b->r), v;
    if (i >= b->m->nglobals) {
        if (rd_ok(&b->r))
            BUILD_INVALID(b, "unknown global %u", i);
        return;
    }
    const struct wasm_globaltype *g = &b->m->globals[i];
    int type = ir_type_of(g->type);
    if (op == OP_global_set) {
        if (!g->mut)
            BUILD_INVALID(b, "%s", wasm_format_3(b->m->features) ? "immutable global"
                                                                 : "global is immutable");
        v = build_pop(b, g->type);
        build_ins(b, IR_GLOBALSET, T_NONE, v, 0, i);
        return;
    }
    bool known = sealed_global(b->f->sealed, b->m, i);
    uint64_t bits = known && type == T_V128 ? ir_v128(b->f, g->init.bits[0], g->init.bits[1])
                                            : g->init.bits[0];
    v = known ? build_const(b, type, bits) : build_ins(b, IR_GLOBALGET, type, 0, i, 0);
    build_push(b, v, g->type);
}

static void op_select(struct build *b, uint32_t op)
{
    uint8_t type = 0;
    if (op == OP_select_t) {
        uint32_t n = rd_count(&b->r, 1);
        if (n != 1 && rd_ok(&b->r))
            BUILD_INVALID(b, "invalid result arity");
        type = rd_u8(&b->r);
        if (ir_type_of(type) == T_NONE && rd_ok(&b->r))
            BUILD_MALFORMED(b, "malformed value type 0x%x", type);
    }
    uint32_t c = build_pop(b, WASM_I32), y, x;
    if (type) {
        y = build_pop(b, type);
        x = build_pop(b, type);
    } else {
        struct value v = build_pop_any(b), w = build_pop_any(b);
        if ((v.type && w.type && v.type != w.type) || ir_type_of(v.type) == T_REF ||
            ir_type_of(w.type) == T_REF)
            BUILD_INVALID(b, "type mismatch in select");
        y = v.v;
        x = w.v;
        type = v.type ? v.type : w.type;
    }
    build_push(b, build_ins(b, IR_SELECT, ir_type_of(type), x, y, c), type);
}

static void ref_op(struct build *b, uint32_t op)
{
    uint32_t i;
    if (op == OP_ref_null) {
        uint8_t type = rd_u8(&b->r);
        if (type != WASM_FUNCREF && type != WASM_EXTERNREF &&
            !(type == WASM_EXNREF && b->m->features & WASM_F_EH) && rd_ok(&b->r))
            BUILD_MALFORMED(b, "malformed reference type 0x%x", type);
        build_push(b, build_const(b, T_REF, 0), type);
    } else if (op == OP_ref_is_null) {
        struct value v = build_pop_any(b);
        if (v.type && ir_type_of(v.type) != T_REF)
            BUILD_INVALID(b, "type mismatch: expected a reference");
        i = build_ins(b, IR_EQZ, T_I32, v.v, 0, 0);
        if (i)
            b->f->ins[i].aux = T_REF;
        build_push(b, i, WASM_I32);
    } else {
        i = rd_u32(&b->r);
        if (i >= b->m->nfuncs && rd_ok(&b->r))
            BUILD_INVALID(b, "unknown function %u", i);
        else if (rd_ok(&b->r) && !b->m->funcs[i].declared)
            BUILD_INVALID(b, "undeclared function reference");
        build_push(b, build_ins(b, IR_REFFUNC, T_REF, 0, i, 0), WASM_FUNCREF);
    }
}

static void const_op(struct build *b, uint32_t op)
{
    switch (op) {
    case OP_i32_const:
        build_push(b, build_const(b, T_I32, (uint32_t)rd_s32(&b->r)), WASM_I32);
        break;
    case OP_i64_const:
        build_push(b, build_const(b, T_I64, (uint64_t)rd_s64(&b->r)), WASM_I64);
        break;
    case OP_f32_const:
        build_push(b, build_const(b, T_F32, rd_fixed(&b->r, 4)), WASM_F32);
        break;
    case OP_f64_const:
        build_push(b, build_const(b, T_F64, rd_fixed(&b->r, 8)), WASM_F64);
        break;
    }
}

void build_call(struct build *b, uint32_t op)
{
    if (op == OP_call)
        op_call(b);
    else
        op_call_indirect(b);
}

void build_op(struct build *b, uint32_t op, const struct op_info *info)
{
    if (op >= OP_FE) {
        build_atomic(b, op, info);
        return;
    }
    if (info->ir == IR_LOAD || info->ir == IR_STORE) {
        access(b, info);
        return;
    }
    if (info->ir != IR_NONE) {
        plain(b, info);
        return;
    }
    if (op >= OP_FD) {
        build_simd(b, op, info);
        return;
    }
    switch (op) {
    case OP_nop:
        break;
    case OP_drop:
        build_pop_any(b);
        break;
    case OP_select: case OP_select_t:
        op_select(b, op);
        break;
    case OP_call: case OP_call_indirect:
        build_call(b, op);
        break;
    case OP_local_get: case OP_local_set: case OP_local_tee:
        local_op(b, op);
        break;
    case OP_global_get: case OP_global_set:
        global_op(b, op);
        break;
    case OP_i32_const: case OP_i64_const: case OP_f32_const: case OP_f64_const:
        const_op(b, op);
        break;
    case OP_ref_null: case OP_ref_is_null: case OP_ref_func:
        ref_op(b, op);
        break;
    case OP_memory_size: case OP_memory_grow: case OP_memory_init: case OP_memory_copy:
    case OP_memory_fill: case OP_data_drop:
        memory_op(b, op, info);
        break;
    default:
        table_op(b, op, info);
    }
}
