/*
 * bulk.c - memory.copy and memory.fill of small constant lengths as loads and stores.
 *
 * All loads come before the first store, so that overlapping copies are right and a source out of
 * bounds traps with nothing written. The store of the last bytes comes first: if any byte of the
 * target is out of bounds, its last one is (wasm 4.4.7), and a store that faults writes nothing.
 * Needs: no aliases. The call becomes the last store.
 */
#include "wasm/ir.h"
#include "wasm/simd.h"

enum { BULK_MAX = 128, PIECES = BULK_MAX / 16 + 2 };

struct piece { uint8_t at, type, mem, size; };

static struct piece piece(uint32_t at, uint32_t size)
{
    return (struct piece){ .at = (uint8_t)at, .size = (uint8_t)size,
                           .type = size == 16 ? T_V128 : size == 8 ? T_I64 : T_I32,
                           .mem = size == 2 ? MEM_16U : size == 1 ? MEM_8U : MEM_FULL };
}

static uint32_t largest(uint32_t n)
{
    return n >= 16 ? 16 : 1u << (31 - __builtin_clz(n));
}

/*
 * Cuts n bytes into accesses of one size, the last one overlapping; or of several where that takes
 * no more than one more: a load across two stores under way, as copies of a structure from place
 * to place make them, waits for both. Returns how many.
 */
static uint32_t cut(uint32_t n, bool exact, struct piece *p)
{
    uint32_t size = largest(n), count = 0, at = 0;

    for (; at + size <= n; at += size)
        p[count++] = piece(at, size);
    while (at < n) {
        uint32_t rest = n - at, s = largest(rest);
        if (!exact || (rest != s && rest != 12)) {
            while (s < rest)
                s *= 2;
            s = exact ? s : size;
            at = n - s;
        }
        p[count++] = piece(at, s);
        at += s;
    }
    return count;
}

/* stores of the pieces, the last first; the very last of them replaces call v */
static void store(struct ir_place *p, uint32_t v, uint32_t to, const struct piece *x, uint32_t n,
                  const uint32_t *value)
{
    for (uint32_t k = n; k-- > 0;) {
        struct ir_ins i = { .op = IR_STORE, .aux = x[k].mem, .a = to, .b = value[k], .c = x[k].at };
        if (k) {
            ir_insert(p, i);
            continue;
        }
        i.next = p->f->ins[v].next;
        i.pos = p->f->ins[v].pos;
        p->f->ins[v] = i;
    }
}

static void copy(struct ir_place *p, uint32_t v, uint32_t to, uint32_t from, uint32_t n)
{
    struct piece x[PIECES];
    uint32_t value[PIECES], count = cut(n, true, x);

    for (uint32_t k = 0; k < count; k++)
        value[k] = ir_insert(p, (struct ir_ins){ .op = IR_LOAD, .type = x[k].type, .aux = x[k].mem,
                                                 .a = from,
                                            .c = x[k].at });
    store(p, v, to, x, count, value);
}

static uint32_t constant(struct ir_place *p, int type, uint64_t k)
{
    return ir_insert(p, (struct ir_ins){ .op = IR_CONST, .type = (uint8_t)type, .b = (uint32_t)k,
                                    .c = type == T_I32 ? 0 : (uint32_t)(k >> 32) });
}

/* the byte in all bytes of a value of the pieces' type */
static uint32_t spread(struct ir_place *p, uint32_t byte, int type)
{
    const uint64_t ones = 0x0101010101010101ull;
    struct ir_ins i = p->f->ins[byte];
    uint64_t mask = type == T_I32 ? UINT32_MAX : UINT64_MAX, all = (ir_imm(&i) & 255) * ones & mask;

    if (i.op == IR_CONST)
        return constant(p, type, type == T_V128 ? ir_v128(p->f, all, all) : all);
    if (type == T_V128)
        return ir_insert(p, (struct ir_ins){ .op = IR_VSPLAT, .type = T_V128, .aux = LT_I8,
                                             .a = byte });
    uint32_t low = ir_insert(p, (struct ir_ins){ .op = IR_AND, .type = T_I32, .a = byte,
                                                 .b = constant(p, T_I32, 255) });
    if (type == T_I64)
        low = ir_insert(p, (struct ir_ins){ .op = IR_EXTU, .type = T_I64, .aux = T_I32, .a = low });
    return ir_insert(p, (struct ir_ins){ .op = IR_MUL, .type = (uint8_t)type, .a = low,
                                    .b = constant(p, type, ones & mask) });
}

static void fill(struct ir_place *p, uint32_t v, uint32_t to, uint32_t byte, uint32_t n)
{
    struct piece x[PIECES];
    uint32_t value[PIECES], count = cut(n, false, x), all = spread(p, byte, x[0].type);

    for (uint32_t k = 0; k < count; k++)
        value[k] = all;
    store(p, v, to, x, count, value);
}

static bool small(const struct ir_func *f, uint32_t n, uint32_t memories)
{
    return f->ins[n].op == IR_CONST && f->ins[n].b - 1 < BULK_MAX && f->ins[memories].b == 0;
}

void pass_bulk(struct ir_func *f)
{
    if (!(f->has & HAS_RUNTIME_CALL))
        return;
    for (uint32_t b = 1; b < f->nblocks; b++) {
        struct ir_place p = { .f = f, .block = b };
        for (uint32_t v = f->blocks[b].first; v; v = f->ins[v].next) {
            struct ir_ins *i = &f->ins[v];
            p.pos = i->pos;
            if (i->op == IR_CALLRT && (i->c == RT_MEMORY_COPY || i->c == RT_MEMORY_FILL)) {
                const uint32_t *a = f->args + i->a;
                uint32_t n = f->ins[a[2]].b;
                if (small(f, a[2], a[3]) && i->c == RT_MEMORY_COPY)
                    copy(&p, v, a[0], a[1], n);
                else if (small(f, a[2], a[3]))
                    fill(&p, v, a[0], a[1], n);
            }
            p.prev = v;
        }
    }
}
