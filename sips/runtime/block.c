/*
 * block.c - blocks: where they stand, and copies into and out of them without memory.copy, which
 * looks at the memory's size.
 */
#include "sips/sip.h"

#define PLAIN __attribute__((no_builtin("memcpy", "memmove", "memset")))

static bool block_info(uint32_t h, struct handle_info *info)
{
    return sys_info(h, ADDR(info)) == 0 && info->kind == HANDLE_BLOCK;
}

void *block_at(uint32_t h)
{
    struct handle_info info;

    return block_info(h, &info) ? (void *)(uintptr_t)info.offset : NULL;
}

uint32_t block_size(uint32_t h)
{
    struct handle_info info;

    return block_info(h, &info) ? info.size : 0;
}

typedef uint64_t __attribute__((aligned(1), may_alias)) word;

PLAIN void block_copy(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    for (; n >= sizeof(word); n -= sizeof(word), d += sizeof(word), s += sizeof(word))
        *(word *)d = *(const word *)s;
    while (n--)
        *d++ = *s++;
}

PLAIN void block_fill(void *to, int byte, size_t n)
{
    uint64_t all = (uint8_t)byte * 0x0101010101010101ull;
    uint8_t *d = to;

    for (; n >= sizeof(word); n -= sizeof(word), d += sizeof(word))
        *(word *)d = all;
    while (n--)
        *d++ = (uint8_t)byte;
}
