/*
 * native.c - runs a kernel that is linked in: for each number read, run(number), timed.
 * A line out per line in: nanoseconds and the result. All runners here speak like this.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

uint32_t run(uint32_t n);

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int main(void)
{
    uint32_t n;

    while (scanf("%" SCNu32, &n) == 1) {
        uint64_t from = now_ns();
        uint32_t r = run(n);
        printf("%" PRIu64 " %" PRIu32 "\n", now_ns() - from, r);
        fflush(stdout);
    }
    return 0;
}
