/*
 * divide.c - division and remainder by constants as multiplications, and multiplication by
 * constants of two set bits or so as two operations of a cycle each, which is less than a product
 * takes.
 *
 * The quotient is the high half of a product with a magic number, shifted. 32-bit operations take
 * the high half from a 64-bit product; 64-bit ones from IR_MULHU and IR_MULHS. Powers of two are
 * fold.c's.
 * Needs: no aliases. New instructions stand right before the division, which becomes the last of
 * them.
 * Reference: Warren, "Hacker's Delight", 2nd edition, 10-1 and 10-9 (how the numbers are found).
 */
#include "wasm/ir.h"

struct magic { uint64_t m; uint32_t shift; bool add; };

/* bits = 32 or 64; 2 <= d < 2^bits, no power of two */
static struct magic magic_unsigned(uint64_t d, int bits)
{
    uint64_t mask = bits == 64 ? UINT64_MAX : UINT32_MAX, half = 1ull << (bits - 1);
    uint64_t nc = mask - ((0 - d) & mask) % d, delta;
    uint64_t q1 = half / nc, r1 = half - q1 * nc, q2 = (half - 1) / d, r2 = (half - 1) - q2 * d;
    int p = bits - 1;
    bool add = false;

    do {
        p++;
        bool up = r1 >= nc - r1;
        q1 = (2 * q1 + up) & mask;
        r1 = (2 * r1 - (up ? nc : 0)) & mask;
        up = r2 + 1 >= d - r2;
        add |= q2 >= half - up;
        q2 = (2 * q2 + up) & mask;
        r2 = (2 * r2 + 1 - (up ? d : 0)) & mask;
        delta = d - 1 - r2;
    } while (p < 2 * bits && (q1 < delta || (q1 == delta && r1 == 0)));
    return (struct magic){ .m = (q2 + 1) & mask, .shift = (uint32_t)(p - bits), .add = add };
}

/* d is sign-extended from `bits`; 2 < |d| < 2^(bits-1), no power of two */
static struct magic magic_signed(int64_t d, int bits)
{
    uint64_t mask = bits == 64 ? UINT64_MAX : UINT32_MAX, half = 1ull << (bits - 1);
    uint64_t ad = d < 0 ? 0 - (uint64_t)d : (uint64_t)d, t = half + (d < 0), anc = t - 1 - t % ad,
        delta;
    uint64_t q1 = half / anc, r1 = half - q1 * anc, q2 = half / ad, r2 = half - q2 * ad;
    int p = bits - 1;

    do {
        p++;
        bool up = r1 >= anc - r1;
        q1 = (2 * q1 + up) & mask;
        r1 = (2 * r1 - (up ? anc : 0)) & mask;
        up = r2 >= ad - r2;
        q2 = (2 * q2 + up) & mask;
        r2 = (2 * r2 - (up ? ad : 0)) & mask;
        delta = ad - r2;
    } while (q1 < delta || (q1 == delta && r1 == 0));
    uint64_t m = q2 + 1;
    return (struct magic){ .m = (d < 0 ? 0 - m : m) & mask, .shift = (uint32_t)(p - bits) };
}

static uint32_t make(struct ir_place *p, int op, int type, uint32_t a, uint32_t b)
{
    return ir_insert(p, (struct ir_ins){ .op = (uint8_t)op, .type = (uint8_t)type, .a = a,
                                         .b = b });
}

static uint32_t constant(struct ir_place *p, int type, uint64_t k)
{
    uint32_t v = make(p, IR_CONST, type, 0, (uint32_t)k);

    p->f->ins[v].c = type == T_I32 ? 0 : (uint32_t)(k >> 32);
    return v;
}

static uint32_t shift(struct ir_place *p, int op, int type, uint32_t v, uint32_t count)
{
    return count ? make(p, op, type, v, constant(p, type, count)) : v;
}

/* high half of x * m */
static uint32_t high(struct ir_place *p, int type, uint32_t x, uint64_t m, bool sign)
{
    if (type == T_I64)
        return make(p, sign ? IR_MULHS : IR_MULHU, T_I64, x, constant(p, T_I64, m));
    uint32_t wide = make(p, sign ? IR_EXTS : IR_EXTU, T_I64, x, 0);
    p->f->ins[wide].aux = T_I32;
    uint32_t k = constant(p, T_I64, sign ? (uint64_t)(int64_t)(int32_t)m : m);
    uint32_t v = shift(p, IR_SHRU, T_I64, make(p, IR_MUL, T_I64, wide, k), 32);
    v = make(p, IR_WRAP, T_I32, v, 0);
    p->f->ins[v].aux = T_I64;
    return v;
}

static uint32_t quotient_unsigned(struct ir_place *p, int type, uint32_t x, uint64_t d)
{
    struct magic g = magic_unsigned(d, type == T_I32 ? 32 : 64);
    uint32_t h = high(p, type, x, g.m, false);

    if (!g.add)
        return shift(p, IR_SHRU, type, h, g.shift);
    uint32_t t = shift(p, IR_SHRU, type, make(p, IR_SUB, type, x, h), 1);
    return shift(p, IR_SHRU, type, make(p, IR_ADD, type, t, h), g.shift - 1);
}

static uint32_t quotient_signed(struct ir_place *p, int type, uint32_t x, int64_t d)
{
    int bits = type == T_I32 ? 32 : 64;
    struct magic g = magic_signed(d, bits);
    bool negative = g.m >> (bits - 1) & 1;
    uint32_t h = high(p, type, x, g.m, true);

    if (d > 0 && negative)
        h = make(p, IR_ADD, type, h, x);
    else if (d < 0 && !negative)
        h = make(p, IR_SUB, type, h, x);
    h = shift(p, IR_SHRS, type, h, g.shift);
    return make(p, IR_ADD, type, h, shift(p, IR_SHRU, type, h, (uint32_t)bits - 1));
}

/* i = x * k: the second of two steps, behind the first one; i itself if k has none. */
static struct ir_ins two_steps(struct ir_place *p, struct ir_ins i, uint64_t k)
{
    uint32_t n = k ? (uint32_t)__builtin_ctzll(k) : 0, x = i.a, bits = i.type == T_I32 ? 32 : 64;
    uint64_t odd = k >> n;

    p->pos = i.pos;
    if (k < 6)
        return i;               /* one lea or shift */
    if (n && (odd == 3 || odd == 5 || odd == 9)) {
        i.op = IR_SHL;
        i.a = make(p, IR_MUL, i.type, x, constant(p, i.type, odd));
        i.b = constant(p, i.type, n);
    } else if ((k & (k + 1)) == 0 && k >> (bits - 1) == 0) {
        i.op = IR_SUB;
        i.a = shift(p, IR_SHL, i.type, x, (uint32_t)__builtin_ctzll(k + 1));
        i.b = x;
    } else if (k > 9 && ((k - 1) & (k - 2)) == 0) {
        i.op = IR_ADD;
        i.a = shift(p, IR_SHL, i.type, x, (uint32_t)__builtin_ctzll(k - 1));
        i.b = x;
    }
    return i;
}

static bool suits(uint64_t d, bool sign, int bits)
{
    uint64_t ad =
        sign && (d >> (bits - 1) & 1) ? (0 - d) & (bits == 64 ? UINT64_MAX : UINT32_MAX) : d;

    return ad > 2 && (ad & (ad - 1));
}

static uint32_t replace(struct ir_place *p, uint32_t v)
{
    struct ir_ins i = p->f->ins[v];
    uint64_t d = ir_imm(&p->f->ins[i.b]);
    bool sign = i.op == IR_DIVS || i.op == IR_REMS, rem = i.op == IR_REMS || i.op == IR_REMU;
    int64_t sd = i.type == T_I32 ? (int32_t)d : (int64_t)d;
    uint32_t q;

    p->pos = i.pos;
    q = sign ? quotient_signed(p, i.type, i.a, sd) : quotient_unsigned(p, i.type, i.a, d);
    struct ir_ins *x = &p->f->ins[v];
    if (!rem) {             /* v itself becomes the last step, so that its users need not change */
        struct ir_ins last = p->f->ins[q];
        x = &p->f->ins[v];
        x->op = last.op;
        x->aux = last.aux;
        x->a = last.a;
        x->b = last.b;
        x->c = last.c;
        p->f->ins[q].op = IR_NONE;      /* stays in the list as nothing */
        p->f->ins[q].type = T_NONE;
        return v;
    }
    struct ir_ins times = { .op = IR_MUL, .type = i.type, .a = q, .b = i.b, .pos = i.pos };
    uint32_t product = ir_insert(p, two_steps(p, times, d));
    x = &p->f->ins[v];
    x->op = IR_SUB;
    x->a = i.a;
    x->b = product;
    return v;
}

static void multiply(struct ir_place *p, uint32_t v)
{
    struct ir_ins i = two_steps(p, p->f->ins[v], ir_imm(&p->f->ins[p->f->ins[v].b]));

    p->f->ins[v] = i;           /* the array may have moved */
}

void pass_divide(struct ir_func *f)
{
    if (!(f->has & HAS_PRODUCT))
        return;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_place p = { .f = f, .block = b };
        for (uint32_t v = f->blocks[b].first; v; v = f->ins[v].next) {
            struct ir_ins *i = &f->ins[v];
            bool div = i->op >= IR_DIVS && i->op <= IR_REMU;
            if (div && f->ins[i->b].op == IR_CONST &&
                suits(ir_imm(&f->ins[i->b]), i->op == IR_DIVS || i->op == IR_REMS,
                      i->type == T_I32 ? 32 : 64))
                replace(&p, v);
            else if (i->op == IR_MUL && f->ins[i->b].op == IR_CONST)
                multiply(&p, v);
            p.prev = v;
        }
    }
}
