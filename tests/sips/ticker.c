/*
 * ticker.c - `ticker COUNT MS`: sleeps MS milliseconds COUNT times; ends with the milliseconds
 * that the worst of them was late, at most 250, or with 255 if one was early.
 */
#include "tests/sips/peer.h"

int main(int argc, char **argv)
{
    uint32_t count = number_arg(argc, argv, 1, 10), ms = number_arg(argc, argv, 2, 10);
    int64_t worst = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct msg m = { 0 };
        int64_t until = sys_clock() + ms * MS, late;
        if (sys_wait(0, ADDR(&m), until) != ERR_TIMEOUT)
            return 254;
        late = sys_clock() - until;
        if (late < 0)
            return 255;
        if (late > worst)
            worst = late;
    }
    worst /= MS;
    return worst < 250 ? (int)worst : 250;
}
