/*
 * emit_bulk.c - memory.copy and memory.fill of short lengths in place of the call to the runtime.
 *
 * n bytes are the first and the last s of them, overlapping, s the largest power of two that fits,
 * up to 16; in small loops from 33 bytes on the first and the last two times 16. As in bulk.c all
 * loads come before the first store, and the store of the last bytes comes first: whatever lies out
 * of bounds faults with nothing written. Registers are those of the runtime's arguments: esi
 * target, edx source or byte, ecx n; all that calls clobber is free. Lengths 0 and beyond are the
 * runtime's.
 */
#include "wasm/emit.h"

enum { SHORT_MAX = 32, LONG_MAX = 64 /* in small loops */, SMALL_LOOP = 16 /* blocks */,
       MOVUPS_LOAD = XOP(X_P0, X_0F, 0x10), MOVUPS_STORE = XOP(X_P0, X_0F, 0x11) };

struct bulk { struct emit *e; uint32_t pos; bool fill, zero; };

/* jmp with 32 bits, to be closed by here() */
static size_t forward(struct emit *e)
{
    x_byte(&e->b, 0xe9);
    x_u32(&e->b, 0);
    return e->b.n - 4;
}

static void here(struct emit *e, size_t at)
{
    x_patch32(&e->b, at, (uint32_t)(e->b.n - at - 4));
}

/* load or store of 1, 4, 8 or 16 bytes at [r15 + at + disp] */
static void access(struct bulk *k, bool store, int size, int reg, int at, int disp)
{
    struct emit *e = k->e;
    struct xmem m = { .base = R15, .index = (uint8_t)at, .scale = 1, .disp = disp };

    emit_room(e);
    emit_site(e, k->pos, WASM_TRAP_MEMORY, false);
    if (size == 16)
        emit_vec(e, store ? MOVUPS_STORE : MOVUPS_LOAD, 4, reg, 0, opnd_mem(m), 0);
    else if (size == 1)
        x_rm(&e->b, store ? 0x88 : XOP(X_P0, X_0F, 0xb6), store ? 1 : 4, reg, m);
    else
        x_rm(&e->b, store ? 0x89 : 0x8b, size, reg, m);
}

/* The first and the last `count` times `size` bytes; r9 and r10 are the ends of source and target,
 * rdx and xmm0 the byte of a fill in all bytes. */
static void halves(struct bulk *k, int size, int count)
{
    static const uint8_t general[] = { RAX, R11 };
    static const uint8_t vector[] = { XMM0, XMM0 + 1, XMM0 + 2, XMM0 + 3 };
    const uint8_t *reg = size == 16 ? vector : general;
    int n = 2 * count;

    for (int i = 0; i < n && !k->fill; i++)
        access(k, false, size, reg[i], i < count ? RDX : R9, size * (i < count ? i : i - n));
    for (int i = n; i-- > 0;)
        access(k, true, size, !k->fill ? reg[i] : size == 16 ? XMM0 : RDX, i < count ? RSI : R10,
               size * (i < count ? i : i - n));
}

/* 1 to 3 bytes: the first, the last, and the one in the middle, which may be one of these */
static void few(struct bulk *k)
{
    struct xbuf *b = &k->e->b;
    int first = RDX, middle = RDX, last = RDX;

    x_shift_ri(b, 5, 4, RCX, 1);
    if (!k->fill) {
        first = RAX;
        last = R11;
        access(k, false, 1, RAX, RDX, 0);
        access(k, false, 1, R11, R9, -1);
        x_rr(b, 0x03, 8, RDX, RCX);
        access(k, false, 1, RDX, RDX, 0);
    }
    x_rr(b, 0x03, 8, RCX, RSI);
    access(k, true, 1, last, R10, -1);
    access(k, true, 1, middle, RCX, 0);
    access(k, true, 1, first, RSI, 0);
}

/* the byte dl in all of rdx; 0 is there already */
static void spread(struct bulk *k)
{
    struct xbuf *b = &k->e->b;

    if (k->zero)
        return;
    x_rr(b, XOP(X_P0, X_0F, 0xb6) | X_R8, 4, RDX, RDX);
    x_mov_ri(b, RAX, 0x0101010101010101);
    x_rr(b, XOP(X_P0, X_0F, 0xaf), 8, RDX, RAX);
}

/* xmm0 = rdx twice */
static void widen(struct bulk *k)
{
    if (k->zero) {
        emit_vec(k->e, XOP(X_P0, X_0F, 0x57), 4, XMM0, XMM0, opnd_reg(XMM0), 0);
        return;
    }
    emit_vec(k->e, XOP(X_66, X_0F, 0x6e), 8, XMM0, 0, opnd_reg(RDX), 0);
    emit_vec(k->e, XOP(X_66, X_0F, 0x6c), 4, XMM0, XMM0, opnd_reg(XMM0), 0);
}

static size_t below(struct bulk *k, int n)
{
    x_alu_ri(&k->e->b, 7, 4, RCX, n);
    return emit_jcc8(k->e, CC_B);
}

/* All cases but that of 33 and more, within reach of short branches. */
static void cases(struct bulk *k)
{
    struct emit *e = k->e;
    size_t done[3], under;

    under = below(k, 16);
    if (k->fill)
        widen(k);
    halves(k, 16, 1);
    done[0] = emit_jcc8(e, -1);
    emit_here8(e, under);
    under = below(k, 8);
    halves(k, 8, 1);
    done[1] = emit_jcc8(e, -1);
    emit_here8(e, under);
    under = below(k, 4);
    halves(k, 4, 1);
    done[2] = emit_jcc8(e, -1);
    emit_here8(e, under);
    few(k);
    for (int i = 0; i < 3; i++)
        emit_here8(e, done[i]);
}

bool emit_bulk_wanted(const struct emit *e, const struct ir_ins *call)
{
    const struct ir_func *f = e->f;
    const uint32_t *a = f->args + call->a;

    return (call->c == RT_MEMORY_COPY || call->c == RT_MEMORY_FILL) &&
        !(f->o->passes_off >> ('m' - 'a') & 1) && !f->o->volatile_mem &&
        f->ins[a[2]].op != IR_CONST && f->ins[a[3]].b == 0;
}

/* what is inlined: more in small loops without others inside */
static int longest(const struct emit *e)
{
    const struct ir_block *bl = e->f->blocks;
    uint32_t h = bl[e->block].loop, b = h;

    while (b && b < e->f->nblocks && bl[b].loop == h && b - h <= SMALL_LOOP)
        b++;
    return h && e->block < b && b - h <= SMALL_LOOP && (b == e->f->nblocks || !bl[b].header) ?
        LONG_MAX : SHORT_MAX;
}

size_t emit_bulk_test(struct emit *e)
{
    x_rm(&e->b, 0x8d, 4, RAX, mem_at(RCX, -1));
    x_alu_ri(&e->b, 7, 4, RAX, longest(e) - 1);
    return emit_jcc8(e, CC_BE);
}

void emit_bulk(struct emit *e, uint32_t pos, const struct ir_ins *call, size_t test)
{
    const struct ir_ins *byte = &e->f->ins[e->f->args[call->a + 1]];
    bool fill = call->c == RT_MEMORY_FILL;
    struct bulk k = { .e = e, .pos = pos, .fill = fill,
                      .zero = fill && byte->op == IR_CONST && byte->b == 0 };
    struct xmem end = { .base = RSI, .index = RCX, .scale = 1 };
    size_t behind = forward(e), large = 0;

    emit_here8(e, test);
    x_rm(&e->b, 0x8d, 8, R10, end);
    end.base = RDX;
    if (fill)
        spread(&k);
    else
        x_rm(&e->b, 0x8d, 8, R9, end);
    if (longest(e) == LONG_MAX) {
        size_t under = below(&k, SHORT_MAX + 1);
        if (fill)
            widen(&k);
        halves(&k, 16, 2);
        large = forward(e);
        emit_here8(e, under);
    }
    cases(&k);
    here(e, behind);
    if (large)
        here(e, large);
}
