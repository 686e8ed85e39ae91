/*
 * dma.c - memory for devices: whole, zero, with a physical address below 4 GiB; ends with a number
 * that depends on it.
 */
#include "tests/sips/peer.h"

DMA(40000, MEMORY, 3);

int main(int argc, char **argv)
{
    struct handle_info info;

    EXPECT(sys_info(MEMORY, ADDR(&info)) == 0 && info.kind == HANDLE_WINDOW);
    EXPECT(info.size == 65536 && info.b == 0 && info.a && info.a % 65536 == 0);
    volatile uint32_t *at = (volatile uint32_t *)(uintptr_t)info.offset;
    for (uint32_t i = 0; i < info.size / 4; i++) {
        EXPECT(at[i] == 0);
        at[i] = i + 1;
    }
    for (uint32_t i = 0; i < info.size / 4; i++)
        EXPECT(at[i] == i + 1);
    return (int)(info.a / 65536 % 100) + 1000;
}
