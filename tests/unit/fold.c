/*
 * fold.c - the rules of wasm/fold*.c, gvn.c and divide.c against plain C: expressions of integer
 * instructions, many of them, are built into the intermediate form, evaluated at edge operands,
 * optimised, and evaluated again. Nothing is compiled to machine code.
 *
 * An expression is a random tree of up to four levels over two i32 and two i64 parameters,
 * constants from a list of edges, and itself: a part comes twice, so that x - x and (x + y) - y
 * are common.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wasm/ir.h"

enum { FUNCS = 400, MODULES = 250, OPERANDS = 48, BODY = 600, SHOWN = 5 };

static uint64_t state = 88172645463325252ull;

static uint32_t rnd(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % n;
}

static const uint64_t edges[] = {
    0, 1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 24, 31, 32, 33, 40, 48, 56, 63, 64, 100, 127, 128, 255, 256,
    0x7fff, 0x8000, 0xffff, 0x10000, 0xff00ff, 0xff00ff00, 0x7fffffff, 0x80000000, 0x80000001,
    0xffffff80, 0xffff8000, 0xfffffff0, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
    0x8000000000000000, 0x8000000000000001, 0xffffffff80000000, 0xffffffffffffff80,
    0xffffffffffff8000, 0xfffffffffffffffe, ~0ull, 0x0123456789abcdef,
};

static uint64_t edge(void)
{
    return rnd(8) ? edges[rnd(sizeof edges / sizeof *edges)] : state;
}

/* ---- expressions, in the binary format ----------------------------------------------------- */

struct code { uint8_t b[BODY]; uint32_t n; uint32_t part, part_end; uint8_t part_type; };

static void put(struct code *c, uint8_t byte)
{
    c->b[c->n++] = byte;
}

static void put_signed(struct code *c, int64_t v)
{
    for (;; v >>= 7) {
        uint8_t byte = (uint8_t)(v & 127);
        if ((v >> 6) == 0 || (v >> 6) == -1) {
            put(c, byte);
            return;
        }
        put(c, byte | 128);
    }
}

static void leaf(struct code *c, bool wide)
{
    if (rnd(2)) {
        uint64_t v = edge();
        put(c, wide ? 0x42 : 0x41);
        put_signed(c, wide ? (int64_t)v : (int32_t)v);
    } else {
        put(c, 0x20);
        put(c, (uint8_t)(2 * wide + rnd(2)));
    }
}

static void constant(struct code *c, bool wide, int64_t v)
{
    put(c, wide ? 0x42 : 0x41);
    put_signed(c, v);
}

/* x << k >> k */
static void two_shifts(struct code *c, bool wide)
{
    int k = (wide ? 64 : 32) - 8 * (int)(1 + rnd(wide ? 7 : 3));

    leaf(c, wide);
    constant(c, wide, k);
    put(c, wide ? 0x86 : 0x74);
    constant(c, wide, rnd(8) ? k : 8);
    put(c, (uint8_t)((wide ? 0x87 : 0x75) + rnd(2)));
}

/* The bytes of a value taken apart and put together: in the other order, turned, or any. */
static void bytes(struct code *c, bool wide)
{
    int n = wide ? 8 : 4, how = (int)rnd(5), by = (int)rnd(8), top = rnd(3) ? n : (int)rnd(4) + 1;
    uint8_t of = (uint8_t)(2 * wide + rnd(2));

    for (int k = 0; k < top; k++) {
        int to = how < 3 ? top - 1 - k : how == 3 ? (k + by) % n : (int)rnd((uint32_t)n);
        put(c, 0x20);
        put(c, of);
        constant(c, wide, 8 * k);
        put(c, (uint8_t)((wide ? 0x87 : 0x75) + (rnd(20) != 0)));
        constant(c, wide, rnd(20) ? 0xff : 0xffff);
        put(c, wide ? 0x83 : 0x71);
        constant(c, wide, 8 * to);
        put(c, wide ? 0x86 : 0x74);
        if (k)
            put(c, wide ? 0x84 : 0x72);
    }
}

static void tree(struct code *c, bool wide, int depth);

static void comparison(struct code *c, int depth)
{
    bool wide = rnd(2), zero = rnd(3) == 0;

    tree(c, wide, depth - 1);
    if (!zero)
        tree(c, wide, depth - 1);
    put(c, (uint8_t)((wide ? 0x50 : 0x45) + (zero ? 0 : 1 + rnd(10))));
}

static void tree(struct code *c, bool wide, int depth)
{
    uint32_t from = c->n, n;

    if (c->part_end && c->part_type == wide && rnd(4) == 0
        && c->n + c->part_end - c->part < BODY / 2) {
        memcpy(c->b + c->n, c->b + c->part, n = c->part_end - c->part);
        c->n += n;
        return;
    }
    if (depth == 0 || c->n > BODY / 2 || rnd(9) == 0) {
        leaf(c, wide);
        return;
    }
    if (rnd(30) == 0 && c->n < BODY / 3) {
        if (rnd(2))
            two_shifts(c, wide);
        else
            bytes(c, wide);
        return;
    }
    switch (rnd(wide ? 10 : 13)) {
    default:
        tree(c, wide, depth - 1);
        tree(c, wide, depth - 1);
        put(c, (uint8_t)((wide ? 0x7c : 0x6a) + rnd(15)));     /* add to rotr */
        break;
    case 1:                                                     /* clz, ctz, popcnt */
        tree(c, wide, depth - 1);
        put(c, (uint8_t)((wide ? 0x79 : 0x67) + rnd(3)));
        break;
    case 2:                                                     /* extend8_s... */
        tree(c, wide, depth - 1);
        put(c, (uint8_t)((wide ? 0xc2 : 0xc0) + rnd(wide ? 3 : 2)));
        break;
    case 3:                                                     /* wrap, extend_i32 */
        tree(c, !wide, depth - 1);
        put(c, wide ? (uint8_t)(0xac + rnd(2)) : 0xa7);
        break;
    case 4:
        tree(c, wide, depth - 1);
        tree(c, wide, depth - 1);
        tree(c, false, depth - 1);
        put(c, 0x1b);
        break;
    case 5:                                                     /* through a float */
        tree(c, wide, depth - 1);
        put(c, wide ? 0xbf : 0xbe);
        put(c, (uint8_t)((wide ? 0x99 : 0x8b) + rnd(2)));
        put(c, wide ? 0xbd : 0xbc);
        break;
    case 10: case 11: case 12:
        comparison(c, depth);
        break;
    }
    if (rnd(3) == 0) {
        c->part = from;
        c->part_end = c->n;
        c->part_type = wide;
    }
}

static uint8_t *put_leb(uint8_t *p, uint32_t v)
{
    for (int k = 0; k < 4; k++, v >>= 7)
        *p++ = (uint8_t)(v | 128);
    *p++ = (uint8_t)v;
    return p;
}

/* A module of FUNCS functions of types (i32 i32 i64 i64) -> i32 and -> i64; its size. */
static size_t make(uint8_t *out)
{
    static const uint8_t head[] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 1, 17, 2,
        0x60, 4, 0x7f, 0x7f, 0x7e, 0x7e, 1, 0x7f, 0x60, 4, 0x7f, 0x7f, 0x7e, 0x7e, 1, 0x7e };
    static struct code body[FUNCS];
    uint32_t size = 5;
    uint8_t *p = out;

    memcpy(p, head, sizeof head);
    p += sizeof head;
    *p++ = 3;
    p = put_leb(p, 5 + FUNCS);
    p = put_leb(p, FUNCS);
    for (int k = 0; k < FUNCS; k++) {
        body[k] = (struct code){ .n = 0 };
        put(&body[k], 0);
        tree(&body[k], k & 1, (int)rnd(4) + 1);
        put(&body[k], 0x0b);
        size += body[k].n + 5;
        *p++ = k & 1;
    }
    *p++ = 10;
    p = put_leb(p, size);
    p = put_leb(p, FUNCS);
    for (int k = 0; k < FUNCS; k++) {
        p = put_leb(p, body[k].n);
        memcpy(p, body[k].b, body[k].n);
        p += body[k].n;
    }
    return (size_t)(p - out);
}

/* ---- what the instructions mean (wasm 4.3.2) ----------------------------------------------- */

static int64_t sign(uint64_t v, unsigned bits)
{
    return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static uint64_t cut(uint64_t v, unsigned w)
{
    return w == 32 ? (uint32_t)v : v;
}

static uint64_t binary(int op, unsigned w, uint64_t x, uint64_t y, int *trap)
{
    unsigned n = y & (w - 1);
    int64_t sx = sign(x, w), sy = sign(y, w);
    bool divides = op == IR_DIVS || op == IR_DIVU || op == IR_REMS || op == IR_REMU;

    if (divides && y == 0) {
        *trap = WASM_TRAP_DIV_ZERO;
        return 0;
    }
    if (sy == -1 && x == 1ull << (w - 1) && (op == IR_DIVS || op == IR_REMS)) {
        *trap = op == IR_DIVS ? WASM_TRAP_OVERFLOW : *trap;
        return 0;
    }
    switch (op) {
    case IR_ADD: return x + y;
    case IR_SUB: return x - y;
    case IR_MUL: return x * y;
    case IR_DIVS: return (uint64_t)(sx / sy);
    case IR_DIVU: return x / y;
    case IR_REMS: return (uint64_t)(sx % sy);
    case IR_REMU: return x % y;
    case IR_MULHU: return (uint64_t)((unsigned __int128)x * y >> 64);
    case IR_MULHS: return (uint64_t)((__int128)sx * sy >> 64);
    case IR_AND: return x & y;
    case IR_OR: return x | y;
    case IR_XOR: return x ^ y;
    case IR_SHL: return x << n;
    case IR_SHRU: return x >> n;
    case IR_SHRS: return (uint64_t)(sx >> n);
    case IR_ROTL: return n ? x << n | x >> (w - n) : x;
    case IR_ROTR: return n ? x >> n | x << (w - n) : x;
    case IR_EQ: return x == y;
    case IR_NE: return x != y;
    case IR_LTS: return sx < sy;
    case IR_LTU: return x < y;
    case IR_GTS: return sx > sy;
    case IR_GTU: return x > y;
    case IR_LES: return sx <= sy;
    case IR_LEU: return x <= y;
    case IR_GES: return sx >= sy;
    case IR_GEU: return x >= y;
    }
    printf("Bail out! no meaning of %s\n", ir_op_name(op));
    exit(1);
}

static uint64_t swap(uint64_t x, unsigned w)
{
    uint64_t r = 0;

    for (unsigned k = 0; k < w; k += 8)
        r = r << 8 | (x >> k & 255);
    return r;
}

/* w: width of the operand */
static uint64_t unary(const struct ir_ins *i, unsigned w, uint64_t x)
{
    unsigned n = 0;

    switch (i->op) {
    case IR_CLZ:
        while (n < w && !(x >> (w - 1 - n) & 1))
            n++;
        return n;
    case IR_CTZ:
        while (n < w && !(x >> n & 1))
            n++;
        return n;
    case IR_POPCNT:
        for (; x; x >>= 1)
            n += x & 1;
        return n;
    case IR_BSWAP: return swap(x, w);
    case IR_SEXT8: return (uint64_t)sign(x, 8);
    case IR_SEXT16: return (uint64_t)sign(x, 16);
    case IR_SEXT32: case IR_EXTS: return (uint64_t)sign(x, 32);
    case IR_WRAP: case IR_EXTU: return (uint32_t)x;
    case IR_EQZ: return x == 0;
    case IR_BITCAST: return x;
    case IR_FABS: return x & ~(1ull << (w - 1));
    case IR_FNEG: return x ^ 1ull << (w - 1);
    }
    printf("Bail out! no meaning of %s\n", ir_op_name(i->op));
    exit(1);
}

static unsigned width(int type)
{
    return type == T_I32 || type == T_F32 ? 32 : 64;
}

/* The function's result; *trap is what it traps with, 0 if not. One block. */
static uint64_t evaluate(const struct ir_func *f, const uint64_t *param, int *trap)
{
    static uint64_t value[1 << 16];
    const struct ir_block *b = &f->blocks[1];

    *trap = 0;
    for (uint32_t v = b->first; v && !*trap; v = f->ins[v].next) {
        const struct ir_ins *i = &f->ins[v];
        uint8_t uses = ir_op_uses(i->op);
        uint32_t x = uses & USES_A ? ir_resolve(f, i->a) : 0;
        uint32_t y = uses & USES_B ? ir_resolve(f, i->b) : 0;
        uint64_t r;
        if (i->op == IR_ALIAS || i->op == IR_NONE)
            continue;
        if (i->op == IR_CONST)
            r = ir_imm(i);
        else if (i->op == IR_PARAM)
            r = param[i->b];
        else if (i->op == IR_SELECT)
            r = (uint32_t)value[ir_resolve(f, i->c)] ? value[x] : value[y];
        else if (uses == USES_A)
            r = unary(i, width(f->ins[x].type), value[x]);
        else
            r = binary(i->op, width(f->ins[x].type), value[x], value[y], trap);
        value[v] = cut(r, width(i->type));
    }
    return *trap || b->term != TERM_RETURN ? 0 : value[ir_resolve(f, f->args[b->b])];
}

/* ---- one function -------------------------------------------------------------------------- */

struct result { uint64_t value; int trap; };

static uint64_t params[OPERANDS][4];

static void evaluate_all(const struct ir_func *f, struct result *r)
{
    for (int k = 0; k < OPERANDS; k++)
        r[k].value = evaluate(f, params[k], &r[k].trap);
}

static bool same(const struct result *a, const struct result *b, const char *after, uint32_t func)
{
    static int shown;

    for (int k = 0; k < OPERANDS; k++)
        if (a[k].trap != b[k].trap || a[k].value != b[k].value) {
            if (shown++ < SHOWN)
                printf("# function %u after %s, of %llx %llx %llx %llx: trap %d value %llx, before"
                       " trap %d value %llx\n", func, after, (long long)params[k][0],
                       (long long)params[k][1], (long long)params[k][2], (long long)params[k][3],
                       b[k].trap, (long long)b[k].value, a[k].trap, (long long)a[k].value);
            return false;
        }
    return true;
}

static void print(void *ctx, const char *s, size_t n)
{
    printf("%.*s", (int)n, s);
}

static int wrong[2];                /* functions that gvn, divide changed the meaning of */
static long folded, total;          /* instructions less, of so many */

static uint32_t count(const struct ir_func *f)
{
    uint32_t n = 0;

    for (uint32_t v = f->blocks[1].first; v; v = f->ins[v].next)
        n++;
    return n;
}

static void try_func(struct wasm_module *m, struct wasm_arena *a, uint32_t index)
{
    struct wasm_options o = { .dump_func = index, .print = print };
    struct wasm_error err = { .func = UINT32_MAX };
    struct ir_func *f = arena_alloc(a, sizeof *f);
    struct result before[OPERANDS], after[OPERANDS];

    *f = (struct ir_func){ .m = m, .o = &o, .arena = a, .temp = a, .index = index };
    if (!pass_build(f, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    for (int k = 0; k < OPERANDS; k++)
        for (int p = 0; p < 4; p++)
            params[k][p] = cut(edge(), p < 2 ? 32 : 64);
    evaluate_all(f, before);
    total += count(f);
    folded += count(f);
    pass_gvn(f);
    pass_dead(f);
    folded -= count(f);
    evaluate_all(f, after);
    if (!same(before, after, "gvn", index)) {
        if (wrong[0]++ == 0)
            ir_dump(f, "gvn");
        return;
    }
    pass_divide(f);
    evaluate_all(f, after);
    if (!same(before, after, "divide", index) && wrong[1]++ == 0)
        ir_dump(f, "divide");
}

static void *take(void *ctx, size_t n)
{
    return malloc(n);
}

static void give(void *ctx, void *p, size_t n)
{
    free(p);
}

int main(void)
{
    static uint8_t bytes[FUNCS * (BODY + 16)];
    struct wasm_host host = { .alloc = take, .release = give };
    struct wasm_options o = { .dump_func = UINT32_MAX };
    struct wasm_arena a;
    struct wasm_error err = { .func = UINT32_MAX };
    void *oom[5];

    arena_init(&a, &host, oom);
    if (__builtin_setjmp(oom)) {
        printf("Bail out! out of memory\n");
        return 1;
    }
    printf("1..3\n");
    for (int k = 0; k < MODULES; k++) {
        struct wasm_module *m = wasm_open(&host, bytes, make(bytes), &o, &err);
        if (!m) {
            printf("Bail out! %s\n", err.text);
            return 1;
        }
        for (uint32_t f = 0; f < FUNCS; f++) {
            arena_reset(&a);
            try_func(m, &a, f);
        }
        wasm_close(m);
    }
    arena_free(&a);
    printf("%sok 1 - pass_gvn keeps what %d expressions mean\n", wrong[0] ? "not " : "",
           FUNCS * MODULES);
    printf("%sok 2 - so does pass_divide\n", wrong[1] ? "not " : "");
    printf("%sok 3 - %ld of %ld instructions are folded away\n", folded * 4 > total ? "" : "not ",
           folded, total);
    return wrong[0] || wrong[1] || folded * 4 <= total;
}
