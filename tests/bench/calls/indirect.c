/* indirect.c - calls through tables of functions: an expression tree of closures, a dispatch
 * loop. */
#include "../bench.h"

struct node {
    uint32_t (*eval)(const struct node *, uint32_t);
    const struct node *a, *b;
    uint32_t k;
};

static uint32_t constant(const struct node *e, uint32_t x) { return e->k; }
static uint32_t variable(const struct node *e, uint32_t x) { return x; }
static uint32_t sum(const struct node *e, uint32_t x)
{
    return e->a->eval(e->a, x) + e->b->eval(e->b, x);
}
static uint32_t product(const struct node *e, uint32_t x)
{
    return e->a->eval(e->a, x) * e->b->eval(e->b, x);
}
static uint32_t shifted(const struct node *e, uint32_t x) { return e->a->eval(e->a, x) >> e->k; }
static uint32_t other(const struct node *e, uint32_t x) { return ~e->a->eval(e->a, x); }

static const struct node c7 = { constant, NULL, NULL, 7 }, x = { variable, NULL, NULL, 0 };
static const struct node p1 = { product, &x, &c7, 0 }, s1 = { sum, &p1, &x, 0 };
static const struct node h1 = { shifted, &s1, NULL, 3 }, o1 = { other, &h1, NULL, 0 };
static const struct node p2 = { product, &o1, &s1, 0 }, root = { sum, &p2, &h1, 0 };

static uint32_t reg[8];

static void op_add(uint32_t a, uint32_t b) { reg[a & 7] += reg[b & 7]; }
static void op_xor(uint32_t a, uint32_t b) { reg[a & 7] ^= reg[b & 7] << 1; }
static void op_mul(uint32_t a, uint32_t b) { reg[a & 7] *= reg[b & 7] | 1; }
static void op_mov(uint32_t a, uint32_t b) { reg[a & 7] = reg[b & 7] + 1; }

static void (*const ops[4])(uint32_t, uint32_t) = { op_add, op_xor, op_mul, op_mov };

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int i = 0; i < 8; i++)
        reg[i] = (uint32_t)i;
    for (uint32_t t = 0; t < n; t++) {
        for (uint32_t i = 0; i < 64; i++) {
            h = mix(h, root.eval(&root, h + i));
            ops[i * 7 >> 2 & 3](i, i * 5);
        }
        h = mix(h, reg[t & 7]);
    }
    return h;
}
