/*
 * fold_bytes.c - shifts, masks and disjunctions that only move the bytes of a value: exchanged end
 * to end they are one bswap (C has no other way to read big-endian numbers), turned one rotation.
 *
 * For each byte of a disjunction it is found from which byte of which value it comes; a value of
 * fewer than NODES operations is looked through.
 */
#include "wasm/gvn.h"

enum { NODES = 40, ZERO = 0xff };

/* at[k]: byte k is byte at[k] of value `from`, or ZERO */
struct bytes { uint32_t from; uint8_t at[8]; };

static void move(struct bytes *b, int by)
{
    struct bytes old = *b;

    for (int k = 0; k < 8; k++)
        b->at[k] = k - by >= 0 && k - by < 8 ? old.at[k - by] : ZERO;
}

static void turn(struct bytes *b, int by, int n)
{
    struct bytes old = *b;

    for (int k = 0; k < n; k++)
        b->at[k] = old.at[(k - by + n) % n];
}

static void keep(struct bytes *b, uint64_t mask)
{
    for (int k = 0; k < 8; k++)
        if (!(mask >> 8 * k & 1))
            b->at[k] = ZERO;
}

/* Are all bytes of the mask 0 or 255? */
static bool whole(uint64_t mask)
{
    return (mask & 0x0101010101010101) * 255 == mask;
}

/* What b and c have together; false if a byte is in both, or they are parts of two values. */
static bool join(struct bytes *b, const struct bytes *c)
{
    if (b->from && c->from && b->from != c->from)
        return false;
    b->from |= c->from;
    for (int k = 0; k < 8; k++) {
        if (b->at[k] != ZERO && c->at[k] != ZERO)
            return false;
        b->at[k] &= c->at[k];
    }
    return true;
}

static bool collect(const struct gvn *g, uint32_t v, struct bytes *b, unsigned *nodes)
{
    const struct ir_ins *x = &g->f->ins[v], *y;
    int n = x->type == T_I32 ? 4 : 8;
    struct bytes c;

    if (++*nodes > NODES)
        return false;
    switch (x->op) {
    case IR_OR:
        return collect(g, x->a, b, nodes) && collect(g, x->b, &c, nodes) && join(b, &c);
    case IR_SHL: case IR_SHRU: case IR_ROTL: case IR_AND: {
        y = &g->f->ins[x->b];
        uint64_t k = ir_imm(y);
        if (y->op != IR_CONST || (x->op == IR_AND ? !whole(k) : k % 8 || k >= 8 * (uint64_t)n))
            break;
        if (!collect(g, x->a, b, nodes))
            return false;
        if (x->op == IR_SHL)
            move(b, (int)k / 8);
        else if (x->op == IR_SHRU)
            move(b, -((int)k / 8));
        else if (x->op == IR_ROTL)
            turn(b, (int)k / 8, n);
        else
            keep(b, k);
        if (n == 4)
            keep(b, UINT32_MAX);
        return true;
    }
    default: break;
    }
    *b = (struct bytes){ .from = v };
    for (int k = 0; k < 8; k++)
        b->at[k] = k < n ? (uint8_t)k : ZERO;
    if (x->op == IR_LOAD && (x->aux & 15) != MEM_FULL)
        keep(b, (x->aux & 15) == MEM_8U ? 0xff : (x->aux & 15) == MEM_16U ? 0xffff : UINT64_MAX);
    return true;
}

static bool worth_a_look(const struct gvn *g, uint32_t v)
{
    int op = g->f->ins[v].op;

    return op == IR_OR || op == IR_SHL || op == IR_SHRU || op == IR_ROTL || op == IR_AND;
}

uint32_t fold_bytes(struct gvn *g, uint32_t i)
{
    struct ir_ins *x = &g->f->ins[i];
    struct bytes b;
    unsigned nodes = 0;
    int n = x->type == T_I32 ? 4 : 8, top = n, swapped = 1, turned = 1;

    if (!worth_a_look(g, x->a) || !worth_a_look(g, x->b) || !collect(g, i, &b, &nodes) ||
        g->f->ins[b.from].type != x->type)
        return 0;
    while (top && b.at[top - 1] == ZERO)
        top--;
    for (int k = 0; k < top; k++) {
        swapped &= b.at[k] == top - 1 - k;
        turned &= b.at[k] == (b.at[0] + k) % n;
    }
    if (top < 2 || (!swapped && (!turned || top < n)))
        return 0;
    int type = x->type, op = swapped ? IR_BSWAP : IR_ROTL;
    uint32_t a = b.from, k = 0;
    if (!swapped) {
        k = gvn_const(g, type, (uint64_t)((n - b.at[0]) % n) * 8);
    } else if (top < n) {
        a = gvn_make(g, IR_BSWAP, type, 0, a, 0);
        k = gvn_const(g, type, (uint64_t)(n - top) * 8);
        op = IR_SHRU;
    }
    x = &g->f->ins[i];          /* they may have moved */
    x->op = (uint8_t)op;
    x->a = a;
    x->b = k;
    return i;
}
