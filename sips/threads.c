/*
 * threads.c - counts the primes up to a limit in several threads, each of which takes the next
 * block of numbers that nobody has taken yet.
 */
#include "sips/thread.h"

#define THREADS_MAX 64u
#define BLOCK 1000u

static uint32_t limit, next, found;     /* the last two: atomic */
static uint32_t blocks[THREADS_MAX];    /* that each has counted */

static bool prime(uint32_t n)
{
    if (n % 2 == 0)
        return n == 2;
    for (uint32_t d = 3; (uint64_t)d * d <= n; d += 2)
        if (n % d == 0)
            return false;
    return n > 1;
}

static void count(void *arg)
{
    uint32_t *mine = arg, from, n;

    while ((from = __atomic_fetch_add(&next, BLOCK, __ATOMIC_RELAXED)) < limit) {
        n = 0;
        for (uint32_t i = from; i < from + BLOCK && i < limit; i++)
            n += prime(i);
        __atomic_fetch_add(&found, n, __ATOMIC_RELAXED);
        ++*mine;
    }
}

int main(int argc, char **argv)
{
    uint32_t n = argc > 1 ? (uint32_t)strtoull(argv[1], NULL, 0) : 4;
    static struct thread threads[THREADS_MAX];
    int64_t start = sys_clock();

    limit = argc > 2 ? (uint32_t)strtoull(argv[2], NULL, 0) : 1000000;
    if (!n || n > THREADS_MAX || limit > 1000000000) {
        printf("usage: threads [THREADS] [LIMIT]   (1 to %u threads, up to 1000000000)\n",
               THREADS_MAX);
        return 2;
    }
    for (uint32_t i = 0; i < n; i++) {
        int32_t r = thread_create(&threads[i], count, &blocks[i], 0);
        if (r < 0) {
            printf("thread %u: %s\n", i + 1, error_text(r));
            exit(1);
        }
    }
    for (uint32_t i = 0; i < n; i++)
        thread_join(&threads[i]);
    printf("%u primes below %u in %lld ms; blocks of each thread:", found, limit,
           (long long)((sys_clock() - start) / MS));
    for (uint32_t i = 0; i < n; i++)
        printf(" %u", blocks[i]);
    puts("");
    return 0;
}
