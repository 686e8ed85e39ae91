/*
 * spin.c - computes for ever, or for the given number of milliseconds, and never asks the
 * kernel for anything but the time.
 */
#include "sips/sip.h"

int main(int argc, char **argv)
{
    int64_t end = argc > 1 ? sys_clock() + (int64_t)strtoull(argv[1], NULL, 10) * MS : FOREVER;
    uint64_t n = 0;

    while (end == FOREVER || sys_clock() < end)
        for (uint32_t i = 0; i < 1000; i++)
            n = n * 6364136223846793005u + 1442695040888963407u;
    printf("came to %llx\n", (unsigned long long)n);
    return 0;
}
