/*
 * marks.c - expects its variables and its memory to be as at the start of a program, then leaves a
 * mark in every byte of some pages of them. Few enough that its slot is kept for the next one.
 */
#include "tests/sips/peer.h"

#define FAR 4096u

extern uint8_t __heap_base;

static volatile uint32_t given[5000] = { [0 ... 4999] = 0x12345678 };
static volatile uint8_t zero[3 * FAR];

static void look(const volatile uint8_t *from, const volatile uint8_t *to)
{
    for (; from < to; from++)
        EXPECT(*from == 0);
}

int main(int argc, char **argv)
{
    uint32_t words = COUNT(given);
    volatile uint8_t here = 0;

    for (uint32_t i = 0; i < words; i++)
        EXPECT(given[i] == 0x12345678);
    look(zero, zero + sizeof zero);
    look(&__heap_base + FAR, (uint8_t *)(__builtin_wasm_memory_size(0) * 65536));
    look(&here - 3 * FAR, &here - FAR);     /* below the stack */
    for (uint32_t i = 0; i < words; i++)
        given[i] = 0xa5a5a5a5;
    for (uint32_t i = 0; i < sizeof zero; i++)
        zero[i] = 0xa5;
    for (volatile uint8_t *p = &here - 3 * FAR; p < &here - FAR; p++)
        *p = 0xa5;
    return 0;
}
