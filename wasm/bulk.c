/*
 * bulk.c - memory.copy and memory.fill of small constant lengths as loads and stores.
 *
 * All loads come before the first store, so that overlapping copies are right and a source out of
 * bounds traps with nothing written. The store of the last bytes comes first: if any byte of the
 * target is out of bounds, its last one is (wasm 4.4.7), and a store that faults writes nothing.
 * Needs: no aliases. The call becomes the last store.
 */
#include "wasm/ir.h"

enum { BULK_MAX = 64 };

struct piece { uint8_t at, type, mem, size; };

/* Cuts n bytes into accesses, the last ones overlapping; 16-byte ones only if `wide`. Returns how
 * many. */
static uint32_t cut(uint32_t n, bool wide, struct piece *p)
{
    uint32_t size = wide && n >= 16 ? 16 : n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
    uint32_t count = 0, at = 0;
    struct piece x = { .type = size == 16 ? T_V128 : size == 8 ? T_I64 : T_I32,
                       .mem = size == 2 ? MEM_16U : size == 1 ? MEM_8U : MEM_FULL,
                       .size = (uint8_t)size };

    for (; at + size <= n; at += size) {
        x.at = (uint8_t)at;
        p[count++] = x;
    }
    if (at < n) {
        x.at = (uint8_t)(n - size);
        p[count++] = x;
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
    struct piece x[BULK_MAX];
    uint32_t value[BULK_MAX], count = cut(n, true, x);

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
    uint64_t mask = type == T_I64 ? UINT64_MAX : UINT32_MAX;

    if (i.op == IR_CONST)
        return constant(p, type, ((ir_imm(&i) & 255) * ones) & mask);
    uint32_t low = ir_insert(p, (struct ir_ins){ .op = IR_AND, .type = T_I32, .a = byte,
                                                 .b = constant(p, T_I32, 255) });
    if (type == T_I64)
        low = ir_insert(p, (struct ir_ins){ .op = IR_EXTU, .type = T_I64, .aux = T_I32, .a = low });
    return ir_insert(p, (struct ir_ins){ .op = IR_MUL, .type = (uint8_t)type, .a = low,
                                    .b = constant(p, type, ones & mask) });
}

static void fill(struct ir_place *p, uint32_t v, uint32_t to, uint32_t byte, uint32_t n)
{
    struct piece x[BULK_MAX];
    uint32_t value[BULK_MAX], count = cut(n, false, x), all = spread(p, byte, x[0].type);

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
