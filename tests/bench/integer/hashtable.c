/* hashtable.c - open addressing with linear probing: insert, find, delete. */
#include "../bench.h"

enum { SLOTS = 8192, KEYS = 5000 };

struct slot { uint32_t key, value; };

static struct slot table[SLOTS];

static uint32_t hash(uint32_t k)
{
    k = (k ^ k >> 16) * 0x7feb352d;
    k = (k ^ k >> 15) * 0x846ca68b;
    return k ^ k >> 16;
}

static NOINLINE struct slot *find(uint32_t key)
{
    uint32_t i = hash(key) & (SLOTS - 1);

    while (table[i].key && table[i].key != key)
        i = (i + 1) & (SLOTS - 1);
    return &table[i];
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 4242;

    for (uint32_t t = 0; t < n; t++) {
        uint32_t first = s;
        memset(table, 0, sizeof table);
        for (int i = 0; i < KEYS; i++) {
            struct slot *p = find(rnd(&s));
            p->key = s;
            p->value += (uint32_t)i;
        }
        s = first;
        for (int i = 0; i < KEYS; i++) {
            h += find(rnd(&s))->value;
            h += find(s ^ 0x55555)->value;
        }
        h = mix(h, t);
    }
    return h;
}
