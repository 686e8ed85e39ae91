/*
 * emit_atomic.c - machine code of atomic accesses (SDM 3A 9.1.2, 9.2.3.9): aligned loads are atomic
 * and sequentially consistent as they are; stores are exchanges, the rest has a lock prefix.
 */
#include "wasm/emit.h"

/* The effective address must be a multiple of the size. */
static void check_alignment(struct emit *e, struct lir *x, struct mi *m)
{
    struct xmem a = { .base = m->r3, .index = 0xff, .scale = 1, .disp = x->disp };

    if (x->w == 1)
        return;
    if (m->r3 == NOREG)
        x_mov_ri(&e->b, m->t1, (uint32_t)x->disp);
    else
        x_rm(&e->b, 0x8d, 4, m->t1, a);
    x_rr(&e->b, 0xf6 | X_R8, 4, 0, m->t1);
    x_byte(&e->b, (uint8_t)(x->w - 1));
    emit_trap_if(e, CC_NE, WASM_TRAP_UNALIGNED, x->pos);
}

/* op [memory], reg of the width of the access; `op` is the form for bytes, the others follow it */
static void access(struct emit *e, struct lir *x, bool lock, uint32_t op, int reg, struct xmem to)
{
    emit_site(e, x->pos, WASM_TRAP_MEMORY, false);
    if (lock)
        x_byte(&e->b, 0xf0);
    if (x->w == 2)
        x_byte(&e->b, 0x66);
    x_rm(&e->b, x->w == 1 ? op : op + 1, x->w == 2 ? 4 : x->w, reg, to);
}

static void load(struct emit *e, struct lir *x, struct xmem from)
{
    uint32_t op = x->w == 1 ? XOP(X_P0, X_0F, 0xb6) : x->w == 2 ? XOP(X_P0, X_0F, 0xb7) : 0x8b;

    emit_site(e, x->pos, WASM_TRAP_MEMORY, false);
    x_rm(&e->b, op, x->w == 8 ? 8 : 4, RAX, from);
}

/* what was read, in rax, is the result */
static void widen(struct emit *e, struct lir *x)
{
    if (x->w <= 2)
        x_rr(&e->b, XOP(X_P0, X_0F, x->w == 1 ? 0xb6 : 0xb7) | X_R8, 4, RAX, RAX);
    else if (x->w == 4)
        x_rr(&e->b, 0x8b, 4, RAX, RAX);
}

/* and, or, xor: until nobody came in between */
static void loop(struct emit *e, struct lir *x, struct mi *m, struct xmem at)
{
    static const uint8_t alu[] = { [LA_AND] = 0x23, [LA_OR] = 0x0b, [LA_XOR] = 0x33 };

    load(e, x, at);
    size_t again = e->b.n;
    x_rr(&e->b, 0x8b, 8, m->r1, RAX);
    x_rr(&e->b, alu[x->sub], 8, m->r1, m->r2);
    access(e, x, true, XOP(X_P0, X_0F, 0xb0), m->r1, at);
    x_byte(&e->b, 0x75);
    x_byte(&e->b, (uint8_t)(again - e->b.n - 1));
}

void emit_atomic(struct emit *e, struct lir *x, struct mi *m)
{
    check_alignment(e, x, m);
    struct xmem at = opnd_of(e, x, m, 0, NOREG).m;

    switch (x->sub) {
    case LA_LOAD:
        load(e, x, at);
        return;
    case LA_ADD: case LA_SUB:
        x_rr(&e->b, 0x8b, 8, RAX, m->r2);
        if (x->sub == LA_SUB)
            x_rr(&e->b, 0xf7, 8, 3, RAX);
        access(e, x, true, XOP(X_P0, X_0F, 0xc0), RAX, at);
        break;
    case LA_STORE: case LA_XCHG:
        x_rr(&e->b, 0x8b, 8, RAX, m->r2);
        access(e, x, false, 0x86, RAX, at);
        break;
    case LA_CMPXCHG:
        access(e, x, true, XOP(X_P0, X_0F, 0xb0), m->r2, at);
        break;
    default:
        loop(e, x, m, at);
    }
    widen(e, x);
}
