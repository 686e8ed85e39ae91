/*
 * yields.c - `yields MS`: yields for so many milliseconds.
 */
#include "tests/sips/peer.h"

int main(int argc, char **argv)
{
    int64_t end = sys_clock() + number_arg(argc, argv, 1, 100) * MS;

    while (sys_clock() < end)
        EXPECT(sys_yield() == 0);
    return 0;
}
