/*
 * mmio.c - text memory of the VGA as device memory: written, and read back; on a machine without,
 * the handle is empty. Holds it until handle 1 is closed.
 */
#include "tests/sips/peer.h"

MMIO(b8000, bffff, SCREEN, 3);

int main(int argc, char **argv)
{
    struct handle_info info;
    struct msg m = { 0 };
    int32_t r = sys_info(SCREEN, ADDR(&info));

    if (r == ERR_HANDLE)
        return 2;
    EXPECT(r == 0 && info.kind == HANDLE_WINDOW && info.size == 0x8000 && info.a == 0xb8000);
    EXPECT(info.b == 0 && info.offset % 4096 == 0);
    volatile uint16_t *cell = (volatile uint16_t *)(uintptr_t)(info.offset + 3000);
    uint16_t before = *cell;
    *cell = 0x0741;
    EXPECT(*cell == 0x0741);
    *cell = before;
    EXPECT(sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER) == 0 && m.kind == MSG_CLOSED);
    return 0;
}
