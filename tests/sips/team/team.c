/*
 * team.c - a program that is a folder, with threads: all add to one sum.
 */
#include "tests/sips/team/work.h"
#include "tests/sips/peer.h"

#define WORKERS 8u

int main(int argc, char **argv)
{
    static struct thread workers[WORKERS];

    for (uint32_t i = 0; i < WORKERS; i++)
        EXPECT(thread_create(&workers[i], work, (void *)(uintptr_t)i, 0) > 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        thread_join(&workers[i]);
    EXPECT(work_sum() == WORKERS * (WORKERS - 1) / 2 * WORK_ROUNDS);
    return 0;
}
