/*
 * memory.c - allocates and frees blocks of many sizes and checks that none touches another.
 */
#include "sips/sip.h"

#define BLOCKS 200u

static struct { uint8_t *p; uint32_t size; uint8_t mark; } blocks[BLOCKS];
static uint32_t seed = 12345;

static uint32_t next(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

static bool intact(uint32_t i)
{
    for (uint32_t k = 0; k < blocks[i].size; k++)
        if (blocks[i].p[k] != blocks[i].mark)
            return false;
    return true;
}

static bool step(uint32_t n)
{
    uint32_t i = next(BLOCKS);

    if (blocks[i].p && !intact(i))
        return false;
    free(blocks[i].p);
    blocks[i].size = next(next(8) ? 200 : 20000) + 1;
    blocks[i].mark = (uint8_t)n;
    blocks[i].p = malloc(blocks[i].size);
    if (!blocks[i].p || (uintptr_t)blocks[i].p % 16)
        return false;
    memset(blocks[i].p, blocks[i].mark, blocks[i].size);
    return true;
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 1 ? (uint32_t)strtoull(argv[1], NULL, 0) : 20000;

    for (uint32_t n = 0; n < rounds; n++)
        if (!step(n)) {
            printf("memory: round %u: a block is damaged or missing\n", n);
            return 1;
        }
    printf("%u rounds, %u KiB in the end\n", rounds,
           (uint32_t)__builtin_wasm_memory_size(0) * 64);
    return 0;
}
