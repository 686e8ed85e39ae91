/* bintrees.c - builds, walks and drops binary trees; nodes from a free list. */
#include "../bench.h"

enum { NODES = 1 << 15 };

struct node { struct node *left, *right; };

static struct node pool[NODES], *unused;

static struct node *build(int depth)
{
    struct node *t = unused;

    unused = t->left;
    t->left = t->right = NULL;
    if (depth > 0) {
        t->left = build(depth - 1);
        t->right = build(depth - 1);
    }
    return t;
}

static uint32_t check(const struct node *t)
{
    return t->left ? 1 + check(t->left) + check(t->right) : 1;
}

static void drop(struct node *t)
{
    if (t->left) {
        drop(t->left);
        drop(t->right);
    }
    t->left = unused;
    unused = t;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    unused = NULL;
    for (int i = NODES; i-- > 0;) {
        pool[i].left = unused;
        unused = &pool[i];
    }
    for (uint32_t t = 0; t < n; t++) {
        struct node *a = build(8 + (int)(t & 3)), *b = build(9);
        h = mix(h, check(a) + check(b));
        drop(a);
        drop(b);
    }
    return h;
}
