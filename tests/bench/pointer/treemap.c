/* treemap.c - an unbalanced search tree of random keys: insert and find, misses of the branch. */
#include "../bench.h"

enum { KEYS = 2048 };

struct node { struct node *child[2]; uint32_t key, value; };

static struct node pool[KEYS];

static NOINLINE struct node **locate(struct node **at, uint32_t key)
{
    while (*at && (*at)->key != key)
        at = &(*at)->child[key > (*at)->key];
    return at;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 2024;

    for (uint32_t t = 0; t < n; t++) {
        struct node *root = NULL;
        uint32_t first = s;
        int used = 0;
        for (int i = 0; i < KEYS; i++) {
            struct node **at = locate(&root, rnd(&s));
            if (!*at) {
                pool[used] = (struct node){ .key = s };
                *at = &pool[used++];
            }
            (*at)->value += (uint32_t)i;
        }
        s = first;
        for (int i = 0; i < KEYS; i++)
            h += (*locate(&root, rnd(&s)))->value;
        h = mix(h, (uint32_t)used);
    }
    return h;
}
