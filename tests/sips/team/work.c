/*
 * work.c - the sum, and a count of each thread's own, which must stay apart.
 */
#include "tests/sips/team/work.h"
#include "tests/sips/peer.h"

static struct mutex mutex;
static uint32_t sum;
static _Thread_local uint32_t mine;

void work(void *number)
{
    for (uint32_t i = 0; i < WORK_ROUNDS; i++) {
        mutex_lock(&mutex);
        sum += (uint32_t)(uintptr_t)number;
        mutex_unlock(&mutex);
        EXPECT(++mine == i + 1);
    }
}

uint32_t work_sum(void)
{
    return sum;
}
