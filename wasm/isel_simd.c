/*
 * isel_simd.c - selection of vector operations (simd.h): operands in memory, shifts by constants,
 * lanes that come from or go to memory, and shuffles. See isel.c for how the walk works.
 *
 * A legacy SSE instruction wants its memory operand aligned, so without AVX only constants and
 * operands of 8 bytes or less are left in memory.
 */
#include "wasm/isel.h"
#include "wasm/simd.h"
#include "wasm/x64.h"

static bool avx(struct isel *s)
{
    return s->l->cpu & WASM_CPU_AVX;
}

static uint32_t value(struct isel *s, uint32_t v)
{
    return s->ins[v].type == T_I32 ? isel_val32(s, v) : isel_val(s, v);
}

static struct lir *put_vop(struct isel *s, int op, uint32_t v, const struct vop_info *info)
{
    struct lir *x = isel_put(s, op, info->flags & VF_W ? 8 : 4, v);

    x->imm = (int32_t)info->op;
    x->flt = 1;
    if (info->imm >= 0) {
        x->has_imm = true;
        x->sub = (uint8_t)info->imm;
    }
    return x;
}

/* An instruction that the table does not have: opcode and, if not negative, immediate. */
static struct lir *put_op(struct isel *s, int op, uint32_t v, uint32_t code, int imm)
{
    struct vop_info info = { .op = code, .imm = (int16_t)imm };

    return put_vop(s, op, v, &info);
}

/* Operand b of x: from memory if it can be. */
static void operand(struct isel *s, struct lir *x, uint32_t b, bool half)
{
    if (half && isel_fold_load(s, x, b, T_F64, MEM_FULL))
        return;
    if (avx(s) && isel_fold_load(s, x, b, T_V128, MEM_FULL))
        return;
    x->s2 = value(s, b);
}

static void sel_v1(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    const struct vop_info *info = &vop_table[i->aux];
    struct lir *x = put_vop(s, info->flags & VF_REG ? L_V1R : L_V1, v, info);

    if (i->aux == VOP_ZEXT32) {
        if (isel_fold_load(s, x, i->a, T_F32, MEM_FULL))
            return;
        *x = (struct lir){ .op = L_V1, .w = 4, .dst = v, .flt = 1, .has_imm = true, .sub = 0x0e,
                           .imm = (int32_t)XOP(X_66, X_3A, 0x21), .scale = 1, .pos = x->pos };
        x->s2 = value(s, i->a);
        return;
    }
    if (info->flags & (VF_INT | VF_REG))
        x->s2 = value(s, i->a);
    else
        operand(s, x, i->a, info->flags & VF_HALF);
}

/* immediate forms of the shifts: opcode byte and /n */
static bool shift_by_constant(struct isel *s, uint32_t v)
{
    static const uint8_t bytes[] = { 0x71, 0x72, 0x73, 0x71, 0x72, 0x73, 0x71, 0x72 };
    static const uint8_t digits[] = { 6, 6, 6, 2, 2, 2, 4, 4 };
    struct ir_ins *i = &s->ins[v], *n = &s->ins[i->b];

    if (!(vop_table[i->aux].flags & VF_SHIFT) || n->op != IR_V1 || s->ins[n->a].op != IR_CONST)
        return false;
    unsigned k = i->aux - VOP_SHL16;
    struct lir *x = put_op(s, L_VSHI, v, XOP(X_66, X_0F, bytes[k]), s->ins[n->a].b & 255);
    x->scale = digits[k];
    x->s1 = value(s, i->a);
    return true;
}

static void sel_v2(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    uint32_t a = i->a, b = i->b;

    if (shift_by_constant(s, v))
        return;
    struct lir *x = put_vop(s, i->op == IR_V2C ? L_V2C : L_V2, v, &vop_table[i->aux]);
    if (i->op == IR_V2C && avx(s) && s->ins[b].op != IR_LOAD &&
        isel_fold_load(s, x, a, T_V128, MEM_FULL)) {
        x->s1 = value(s, b);
        return;
    }
    operand(s, x, b, false);
    x->s1 = value(s, a);
}

/* a * b + c: over the addend, or over a factor if the addend is in memory */
static void sel_v3(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    struct lir *x = put_vop(s, L_V3, v, &vop_table[i->aux]);

    if (isel_fold_load(s, x, i->c, T_V128, MEM_FULL)) {
        x->s2 = value(s, i->b);
        x->s1 = value(s, i->a);
        return;
    }
    x->imm += 0x10;             /* 213 -> 231 */
    if (isel_fold_load(s, x, i->b, T_V128, MEM_FULL)) {
        x->s2 = value(s, i->a);
    } else {
        x->s3 = value(s, i->b);
        x->s2 = value(s, i->a);
    }
    x->s1 = value(s, i->c);
}

/* ---- lanes --------------------------------------------------------------------------------- */

static void sel_splat(struct isel *s, uint32_t v)
{
    static const uint8_t mems[] = { MEM_8U, MEM_16U, MEM_FULL, MEM_FULL, MEM_FULL, MEM_FULL };
    static const uint8_t types[] = { T_I32, T_I32, T_I32, T_I64, T_F32, T_F64 };
    struct ir_ins *i = &s->ins[v];
    struct lir *x = put_op(s, L_VSPLAT, v, 0, -1);
    int lane = i->aux;

    x->sub = (uint8_t)lane;
    if (lane < LT_I32 && !(s->l->cpu & WASM_CPU_AVX2))
        x->s2 = value(s, i->a);
    else if (!isel_fold_load(s, x, i->a, types[lane], mems[lane]))
        x->s2 = value(s, i->a);
}

static const struct { uint32_t op; uint8_t w; } get_ops[] = {
    { XOP(X_66, X_3A, 0x14), 4 }, { XOP(X_66, X_3A, 0x15), 4 }, { XOP(X_66, X_3A, 0x16), 4 },
    { XOP(X_66, X_3A, 0x16), 8 }, { XOP(X_66, X_3A, 0x17), 4 }, { XOP(X_P0, X_0F, 0x17), 4 },
};

static void sel_get(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    unsigned type = i->aux & 255, lane = i->aux >> 8;
    struct lir *x;

    if (type >= LT_F32) {       /* lane 0 is the register itself */
        if (lane == 0)
            x = put_op(s, L_V1, v, XOP(X_P0, X_0F, 0x10), -1);
        else if (type == LT_F32 && lane == 1)
            x = put_op(s, L_V1, v, XOP(X_F3, X_0F, 0x16), -1);
        else
            x = put_op(s, L_V1, v, XOP(X_66, X_0F, 0x70), type == LT_F32 ? lane * 0x55 : 0xee);
        x->s2 = value(s, i->a);
        return;
    }
    bool first = lane == 0 && type >= LT_I32;
    x = put_op(s, L_VGET, v, first ? XOP(X_66, X_0F, 0x7e) : get_ops[type].op,
               first ? -1 : (int)lane);
    x->w = get_ops[type].w;
    x->s1 = value(s, i->a);
}

bool isel_store_lane(struct isel *s, struct ir_ins *store)
{
    static const uint8_t mems[] = { MEM_8U, MEM_16U, MEM_FULL, MEM_FULL, MEM_FULL, MEM_FULL };
    struct ir_ins *i = &s->ins[store->b];
    unsigned type = i->aux & 255, lane = i->aux >> 8;

    if (i->op != IR_VGET || !isel_single(s, store->b) || store->aux != mems[type])
        return false;
    bool first = lane == 0 && type >= LT_I32, fp = type == LT_F32 || type == LT_F64;
    uint32_t op = !first ? get_ops[type].op : type == LT_F32 ? XOP(X_F3, X_0F, 0x11) :
                  type == LT_F64 ? XOP(X_F2, X_0F, 0x11) : XOP(X_66, X_0F, 0x7e);
    struct lir *x = put_op(s, L_VGET, 0, op, first || (fp && type == LT_F64) ? -1 : (int)lane);
    x->w = get_ops[type].w;
    x->s1 = value(s, i->a);
    isel_address(s, x, store->a, store->c, store->aux >> 8);
    return true;
}

static void sel_put(struct isel *s, uint32_t v)
{
    static const uint32_t ops[] = {
        XOP(X_66, X_3A, 0x20), XOP(X_66, X_0F, 0xc4), XOP(X_66, X_3A, 0x22), XOP(X_66, X_3A, 0x22),
        XOP(X_66, X_3A, 0x21),
    };
    static const uint8_t mems[] = { MEM_8U, MEM_16U, MEM_FULL, MEM_FULL, MEM_FULL, MEM_FULL };
    static const uint8_t types[] = { T_I32, T_I32, T_I32, T_I64, T_F32, T_F64 };
    struct ir_ins *i = &s->ins[v];
    unsigned type = i->aux & 255, lane = i->aux >> 8;
    struct lir *x;

    if (type == LT_F64) {       /* a move of the low half; of memory, of the half in question */
        x = put_op(s, L_V2R, v, lane ? XOP(X_66, X_0F, 0x14) : XOP(X_F2, X_0F, 0x10), -1);
        if (isel_fold_load(s, x, i->b, T_F64, MEM_FULL))
            x->imm = (int32_t)(lane ? XOP(X_66, X_0F, 0x16) : XOP(X_66, X_0F, 0x12));
        else
            x->s2 = value(s, i->b);
    } else {
        x = put_op(s, L_V2, v, ops[type], type == LT_F32 ? (int)lane << 4 : (int)lane);
        x->w = type == LT_I64 ? 8 : 4;
        if (!isel_fold_load(s, x, i->b, types[type], mems[type]))
            x->s2 = value(s, i->b);
    }
    x->s1 = value(s, i->a);
}

/* ---- shuffles ------------------------------------------------------------------------------ */

struct shuffle { uint8_t lane[16]; uint32_t a, b; };

/* Do lanes of `size` bytes move whole? Then their numbers (of the 32 / size) go to wide[]. */
static bool widen(const struct shuffle *q, unsigned size, uint8_t *wide)
{
    for (unsigned i = 0; i < 16; i += size) {
        if (q->lane[i] % size || q->lane[i] >= 32)
            return false;
        for (unsigned k = 1; k < size; k++)
            if (q->lane[i + k] != q->lane[i] + k)
                return false;
        wide[i / size] = q->lane[i] / size;
    }
    return true;
}

static struct lir *two(struct isel *s, uint32_t v, uint32_t op, int imm, uint32_t a, uint32_t b)
{
    struct lir *x = put_op(s, L_V2, v, op, imm);

    if (a == b)                 /* loaded for s1 all the same */
        x->s2 = value(s, b);
    else
        operand(s, x, b, false);
    x->s1 = value(s, a);
    return x;
}

static void one(struct isel *s, uint32_t v, uint32_t op, int imm, uint32_t a)
{
    operand(s, put_op(s, L_V1, v, op, imm), a, false);
}

/* punpckl, punpckh of lanes of 1 << k bytes, either operand first */
static bool try_unpack(struct isel *s, uint32_t v, const struct shuffle *q)
{
    static const uint8_t low[] = { 0x60, 0x61, 0x62, 0x6c }, high[] = { 0x68, 0x69, 0x6a, 0x6d };

    for (unsigned k = 0; k < 4; k++) {
        unsigned n = 16u >> k;
        uint8_t w[16];
        if (!widen(q, 1u << k, w))
            return false;
        for (unsigned form = 0; form < 8; form++) {     /* high half, first from b, second from b */
            unsigned h = form & 1 ? n / 2 : 0, x = form & 2 ? n : 0, y = form & 4 ? n : 0, i = 0;
            while (i < n && w[i] == i / 2 + h + (i & 1 ? y : x))
                i++;
            if (i < n)
                continue;
            uint8_t op = h ? high[k] : low[k];
            two(s, v, XOP(X_66, X_0F, op), -1, x ? q->b : q->a, y ? q->b : q->a);
            return true;
        }
    }
    return false;
}

/* 16 bytes out of the two side by side; zero bytes at either end: a shift */
static bool try_align(struct isel *s, uint32_t v, const struct shuffle *q)
{
    unsigned i = 0, k = q->lane[0];
    struct lir *x;

    if (k < 32) {
        while (i < 16 && q->lane[i] == ((k + i) & 31))
            i++;
        unsigned n = i;
        while (i < 16 && q->lane[i] == LANE_ZERO)
            i++;
        if (i == 16 && n < 16 && k == 16 - n) {         /* psrldq */
            x = put_op(s, L_VSHI, v, XOP(X_66, X_0F, 0x73), (int)k);
            x->scale = 3;
            x->s1 = value(s, q->a);
            return true;
        }
        if (n < 16)
            return false;
        two(s, v, XOP(X_66, X_3A, 0x0f), (int)(k & 15), k < 16 ? q->b : q->a, k < 16 ? q->a : q->b);
        return true;
    }
    while (i < 16 && q->lane[i] == LANE_ZERO)
        i++;
    k = i;
    while (i < 16 && q->lane[i] == i - k)
        i++;
    if (i < 16 || k == 16)
        return false;
    x = put_op(s, L_VSHI, v, XOP(X_66, X_0F, 0x73), (int)k);
    x->scale = 7;               /* pslldq */
    x->s1 = value(s, q->a);
    return true;
}

/* a rotation of one operand: palignr with itself */
static bool try_rotate(struct isel *s, uint32_t v, const struct shuffle *q)
{
    unsigned i = 0;

    while (i < 16 && q->lane[i] == ((q->lane[0] + i) & 15))
        i++;
    if (i < 16)
        return false;
    two(s, v, XOP(X_66, X_3A, 0x0f), q->lane[0], q->a, q->a);
    return true;
}

/* one operand, words of one half in their places */
static bool try_words(struct isel *s, uint32_t v, const struct shuffle *q)
{
    uint8_t w[8];
    unsigned low = 0, high = 0, i;

    if (!widen(q, 2, w))
        return false;
    for (i = 0; i < 4 && w[i] < 4 && w[i + 4] == i + 4; i++)
        low |= (unsigned)w[i] << 2 * i;
    if (i == 4) {
        one(s, v, XOP(X_F2, X_0F, 0x70), (int)low, q->a);
        return true;
    }
    for (i = 0; i < 4 && w[i] == i && w[i + 4] >= 4; i++)
        high |= (unsigned)(w[i + 4] - 4) << 2 * i;
    if (i == 4) {
        one(s, v, XOP(X_F3, X_0F, 0x70), (int)high, q->a);
        return true;
    }
    return false;
}

static bool one_operand(struct isel *s, uint32_t v, const struct shuffle *q)
{
    uint8_t w[16];

    if (widen(q, 4, w)) {
        int imm = w[0] | w[1] << 2 | w[2] << 4 | w[3] << 6;
        one(s, v, XOP(X_66, X_0F, 0x70), imm, q->a);
        return true;
    }
    return try_unpack(s, v, q) || try_words(s, v, q) || try_rotate(s, v, q);
}

/* every lane stays in its place: a blend by words */
static bool try_blend(struct isel *s, uint32_t v, const struct shuffle *q)
{
    uint8_t w[8];
    int mask = 0;

    if (!widen(q, 2, w))
        return false;
    for (unsigned i = 0; i < 8; i++) {
        if ((w[i] & 7) != i)
            return false;
        mask |= (w[i] >= 8) << i;
    }
    two(s, v, XOP(X_66, X_3A, 0x0e), mask, q->a, q->b);
    return true;
}

/* two dwords of one operand, then two of the other */
static bool try_shufps(struct isel *s, uint32_t v, const struct shuffle *q)
{
    uint8_t w[4];

    if (!widen(q, 4, w) || (w[0] ^ w[1]) & 4 || (w[2] ^ w[3]) & 4)
        return false;
    int imm = (w[0] & 3) | (w[1] & 3) << 2 | (w[2] & 3) << 4 | (w[3] & 3) << 6;
    two(s, v, XOP(X_P0, X_0F, 0xc6), imm, w[0] & 4 ? q->b : q->a, w[2] & 4 ? q->b : q->a);
    return true;
}

/* Lanes by number through a byte shuffle; of two operands, by two and an or. */
static void by_bytes(struct isel *s, uint32_t v, const struct shuffle *q, bool both)
{
    uint64_t k[4] = { 0, 0, 0, 0 };     /* the numbers for a, and those for b */

    for (unsigned i = 0; i < 16; i++) {
        bool from_b = q->lane[i] >= 16 && q->lane[i] < 32;
        k[i / 8] |= (uint64_t)(q->lane[i] < 16 ? q->lane[i] : 0x80) << i % 8 * 8;
        k[2 + i / 8] |= (uint64_t)(from_b ? q->lane[i] - 16 : 0x80) << i % 8 * 8;
    }
    struct lir *x = put_op(s, L_VSHUF, v, ir_v128(s->f, k[0], k[1]), -1);
    x->s1 = value(s, q->a);
    if (both) {
        x->s2 = value(s, q->b);
        x->disp = (int32_t)ir_v128(s->f, k[2], k[3]);
    }
}

static bool is_zero(struct isel *s, uint32_t v)
{
    return s->ins[v].op == IR_CONST && s->ins[v].b == 0;
}

static void sel_shuffle(struct isel *s, uint32_t v)
{
    struct ir_ins *i = &s->ins[v];
    struct ir_vector lanes = ir_vector(s->f, i->c);
    struct shuffle q = { .a = i->a, .b = i->b }, with_zero;
    bool from_a = false, from_b = false, zero = false, same = i->a == i->b;

    for (unsigned k = 0; k < 16; k++) {
        uint8_t lane = (uint8_t)((k < 8 ? lanes.lo : lanes.hi) >> k % 8 * 8);
        q.lane[k] = same && lane < 32 ? lane & 15 : lane;
    }
    with_zero = q;
    for (unsigned k = 0; k < 16; k++) {
        if (q.lane[k] < 32 && is_zero(s, q.lane[k] < 16 ? q.a : q.b))
            q.lane[k] = LANE_ZERO;
        from_a |= q.lane[k] < 16;
        from_b |= q.lane[k] >= 16 && q.lane[k] < 32;
        zero |= q.lane[k] == LANE_ZERO;
    }
    if (!from_a) {              /* the operand in use becomes a */
        q.a = i->b;
        q.b = i->a;
        for (unsigned k = 0; k < 16; k++)
            if (q.lane[k] < 32)
                q.lane[k] ^= 16;
    }
    if (zero) {
        if (!try_align(s, v, &q) && !try_unpack(s, v, &with_zero))
            by_bytes(s, v, &q, from_a && from_b);
    } else if (from_a && from_b) {
        if (!try_unpack(s, v, &q) && !try_blend(s, v, &q) && !try_align(s, v, &q) &&
            !try_shufps(s, v, &q))
            by_bytes(s, v, &q, true);
    } else if (!one_operand(s, v, &q)) {
        by_bytes(s, v, &q, false);
    }
}

/* ---- the dispatch -------------------------------------------------------------------------- */

void isel_any_true(struct isel *s, uint32_t v)
{
    struct lir *x = isel_put(s, L_VTEST, 4, 0);

    x->s1 = value(s, s->ins[v].a);
}

void isel_simd(struct isel *s, uint32_t v)
{
    switch (s->ins[v].op) {
    case IR_V1: sel_v1(s, v); break;
    case IR_V2: case IR_V2C: sel_v2(s, v); break;
    case IR_V3: sel_v3(s, v); break;
    case IR_VSHUF: sel_shuffle(s, v); break;
    case IR_VSPLAT: sel_splat(s, v); break;
    case IR_VGET: sel_get(s, v); break;
    case IR_VPUT: sel_put(s, v); break;
    default:
        isel_put(s, L_SETCC, 4, v)->sub = CC_NE;
        isel_any_true(s, v);
        break;
    }
}
