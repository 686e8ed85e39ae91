/*
 * hoard.c - grows its memory until that is refused, touches it all, and lives on.
 */
#include "tests/sips/peer.h"

int main(int argc, char **argv)
{
    uint32_t pages, from = (uint32_t)__builtin_wasm_memory_size(0);

    EXPECT(__builtin_wasm_memory_grow(0, 65536) == (size_t)-1);
    EXPECT(__builtin_wasm_memory_grow(0, 0) == from);
    while ((pages = (uint32_t)__builtin_wasm_memory_grow(0, 16)) != UINT32_MAX)
        ;
    pages = (uint32_t)__builtin_wasm_memory_size(0);
    EXPECT(pages > from || argc > 1);
    for (uint32_t p = from; p < pages; p++) {
        volatile uint32_t *at = (volatile uint32_t *)(uintptr_t)(p * 65536u);
        EXPECT(at[0] == 0 && at[16383] == 0);
        at[0] = p;
    }
    for (uint32_t p = from; p < pages; p++)
        EXPECT(*(volatile uint32_t *)(uintptr_t)(p * 65536u) == p);
    return 0;
}
