/*
 * irqs.c - `irqs N`: receives N interrupts of line 5 and answers each once.
 */
#include "tests/sips/peer.h"

IRQ(5, LINE, 3);

int main(int argc, char **argv)
{
    uint32_t n = number_arg(argc, argv, 1, 1);

    for (uint32_t i = 0; i < n; i++) {
        struct msg m = { 0 };
        uint32_t token;
        EXPECT(sys_wait(i % 2 ? LINE : 0, ADDR(&m), FOREVER) == 0);
        EXPECT(m.kind == MSG_IRQ && m.from == LINE && (token = m.token) != 0);
        EXPECT(sys_wait(LINE, ADDR(&m), 0) == ERR_EMPTY);
        EXPECT(sys_answer(token + 256, ADDR(&m)) == ERR_TOKEN);
        EXPECT(sys_answer(token + 1, ADDR(&m)) == ERR_TOKEN);
        EXPECT(sys_answer(token, ADDR(&m)) == 0);
        EXPECT(sys_answer(token, ADDR(&m)) == ERR_TOKEN);
    }
    return 0;
}
