/*
 * native.c - runs a kernel that is linked in: for each number read, run(number), timed.
 * A line out per line in: nanoseconds and the result. All runners here speak like this. The time is
 * that of the processor: on a shared machine it varies less than that of the clock.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

uint32_t run(uint32_t n);

static uint64_t cpu_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int main(void)
{
    uint32_t n;

    while (scanf("%" SCNu32, &n) == 1) {
        uint64_t from = cpu_ns();
        uint32_t r = run(n);
        printf("%" PRIu64 " %" PRIu32 "\n", cpu_ns() - from, r);
        fflush(stdout);
    }
    return 0;
}
