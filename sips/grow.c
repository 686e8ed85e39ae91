/*
 * grow.c - grows its memory until that is refused, touching every page, and says how far it came.
 */
#include "sips/sip.h"

#define WASM_PAGE 65536u

int main(int argc, char **argv)
{
    uint32_t step = argc > 1 ? (uint32_t)strtoull(argv[1], NULL, 0) : 16, pages;

    if (step == 0) {
        puts("usage: grow [PAGES AT A TIME]");
        return 2;
    }
    while ((pages = (uint32_t)__builtin_wasm_memory_grow(0, step)) != UINT32_MAX)
        for (uint64_t a = (uint64_t)pages * WASM_PAGE, end = a + (uint64_t)step * WASM_PAGE;
             a < end; a += 4096)
            *(volatile uint8_t *)(uintptr_t)a = 1;
    printf("refused at %u KiB\n", (uint32_t)__builtin_wasm_memory_size(0) * (WASM_PAGE / 1024));
    return 0;
}
