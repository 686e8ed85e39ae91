/*
 * outside.c - uses a handle that its manifest does not declare, then touches device memory: the
 * last byte of its window; with `outside below` or `outside above` one that is not in it.
 */
#include "tests/sips/peer.h"

DMA(8192, MEMORY, 3);
#define NOT_DECLARED 4

int main(int argc, char **argv)
{
    struct handle_info info;
    struct msg m = { 0 };

    EXPECT(sys_info(MEMORY, ADDR(&info)) == 0 && info.kind == HANDLE_WINDOW);
    EXPECT(sys_info(NOT_DECLARED, ADDR(&info)) == ERR_HANDLE);
    EXPECT(sys_wait(NOT_DECLARED, ADDR(&m), 0) == ERR_HANDLE);
    EXPECT(sys_connect(NOT_DECLARED) == ERR_HANDLE);
    EXPECT(sys_info(MEMORY, ADDR(&info)) == 0);
    *(volatile uint8_t *)(uintptr_t)(info.offset + info.size - 1) = 1;
    if (argc > 1 && !strcmp(argv[1], "below"))
        *(volatile uint8_t *)(uintptr_t)(info.offset - 1) = 1;
    if (argc > 1 && !strcmp(argv[1], "above"))
        *(volatile uint8_t *)(uintptr_t)(info.offset + info.size) = 1;
    return 0;
}
