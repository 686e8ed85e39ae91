/*
 * devices.c - claims a spare interrupt line and ports that no driver of ours has, and holds them
 * until its channel is closed.
 */
#include "tests/sips/peer.h"

PORTS(2e8, 2ef);
IRQ(5, LINE, 3);
PORT_IN8(line_status, 0x2ed);

int main(int argc, char **argv)
{
    struct handle_info info;
    struct msg m = { 0 };

    EXPECT(sys_info(LINE, ADDR(&info)) == 0 && info.kind == HANDLE_IRQ);
    EXPECT(sys_wait(LINE, ADDR(&m), 0) == ERR_EMPTY);
    EXPECT(line_status() <= 0xff);
    m = (struct msg){ 0 };
    EXPECT(sys_wait(HANDLE_STDIO, ADDR(&m), FOREVER) == 0 && m.kind == MSG_CLOSED);
    return 0;
}
