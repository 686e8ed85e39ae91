/*
 * looks.c - expects all memory but its own data to be zero, whatever an image with more data had
 * there (marks.c).
 */
#include "tests/sips/peer.h"

#define FAR 4096u

extern uint8_t __heap_base;

static void look(const volatile uint8_t *from, const volatile uint8_t *to)
{
    for (; from < to; from++)
        EXPECT(*from == 0);
}

int main(int argc, char **argv)
{
    volatile uint8_t here = 0;

    look(&__heap_base, (uint8_t *)(__builtin_wasm_memory_size(0) * 65536));
    look(&here - 8 * FAR, &here - FAR);         /* below the stack */
    return 0;
}
