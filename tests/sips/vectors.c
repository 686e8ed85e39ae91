/*
 * vectors.c - `vectors SEED MS`: keeps sixteen floating-point values, which depend on the seed,
 * alive in registers through a loop for MS milliseconds of the clock (0: until the channel of
 * handle 1 is closed), and checks them all the time.
 */
#include "tests/sips/peer.h"

#define VALUES(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

static bool goes_on(uint32_t ms, int64_t end)
{
    struct msg m = { 0 };

    return ms ? sys_clock() < end : sys_wait(HANDLE_STDIO, ADDR(&m), 0) == ERR_EMPTY;
}

int main(int argc, char **argv)
{
    double seed = number_arg(argc, argv, 1, 1);
    uint32_t ms = number_arg(argc, argv, 2, 1000);
    int64_t end = sys_clock() + ms * MS;
    volatile double v_seed = seed;
    uint32_t rounds = 0;

    do {
#define X(i) double v##i = v_seed * (i + 3);
        VALUES(X)
#undef X
        /* each value goes round by one step and comes back after an even number of them */
        for (uint32_t k = 0; k < 20000; k++) {
            double s = v_seed;
#define X(i) v##i = s * (2 * i + 6) - v##i;
            VALUES(X)
#undef X
        }
#define X(i) if (v##i != seed * (i + 3)) return 100 + i;
        VALUES(X)
#undef X
        rounds++;
    } while (goes_on(ms, end));
    return rounds ? 0 : 1;
}
