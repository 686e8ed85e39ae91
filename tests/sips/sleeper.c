/*
 * sleeper.c - sleeps until times from 1 us to 10 ms away and says by how much it was late at worst;
 * ends with 1 if it was ever early.
 */
#include "tests/sips/peer.h"

int main(int argc, char **argv)
{
    int64_t worst = 0, least = FOREVER;

    for (uint32_t i = 0; i < 200; i++) {
        int64_t until = sys_clock() + 1000 + mix(i) % (i % 4 ? 100000 : 10 * MS), late;
        if (sys_sleep(until) != 0 || (late = sys_clock() - until) < 0)
            return 1;
        worst = late > worst ? late : worst;
        least = late < least ? late : least;
    }
    printf("late by %lld to %lld ns\n", (long long)least, (long long)worst);
    return 0;
}
