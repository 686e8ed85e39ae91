/*
 * flip.c - while two threads call test-b, a third one writes other operations over the message: the
 * handler (test/strict) never sees one that the interface does not have.
 */
#include "sips/thread.h"
#include "tests/sips/peer.h"
#include "iface/test_b.h"

USE(IFACE_TEST_B, STRICT, 2);

#define CALLS 20000u
#define FLIPS 4099u             /* before it yields: another word stands there each time */

static uint32_t word = TEST_B_COUNT, passed, refused, done;

static void flip(void *arg)
{
    static const uint32_t words[] = { TEST_B_COUNT, 99, TEST_B_COUNT, TEST_B_TOLD, 0 };

    for (uint32_t i = 0; !__atomic_load_n(&done, __ATOMIC_RELAXED); i++) {
        __atomic_store_n(&word, words[i % COUNT(words)], __ATOMIC_RELAXED);
        if (i % FLIPS == 0)
            sys_yield();
    }
}

/* Has the third thread done what this is about? It may be a while before it gets a CPU. */
static bool both(void)
{
    return __atomic_load_n(&passed, __ATOMIC_RELAXED)
        && __atomic_load_n(&refused, __ATOMIC_RELAXED);
}

static void call(void *arg)
{
    for (uint32_t i = 0; i < CALLS || !both(); i++) {
        struct test_b_count_ans a;
        int32_t r = chan_call(STRICT, &word, 4, &a, sizeof a);
        EXPECT(r == sizeof a || r == ERR_OPERATION || r == ERR_WAY);
        if (i % 16 == 0)
            sys_yield();
        __atomic_fetch_add(r < 0 ? &refused : &passed, 1, __ATOMIC_RELAXED);
        if (i % 512 == 0)
            sys_yield();                /* to the other one, which goes on with another word */
    }
}

int main(int argc, char **argv)
{
    struct test_b_count_req q = { TEST_B_COUNT };
    struct test_b_count_ans a;
    struct thread t[3];

    EXPECT(thread_create(&t[2], flip, NULL, 0) > 0);
    for (uint32_t i = 0; i < 2; i++)
        EXPECT(thread_create(&t[i], call, NULL, 0) > 0);
    thread_join(&t[0]);
    thread_join(&t[1]);
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    thread_join(&t[2]);
    EXPECT(both() && passed + refused >= 2 * CALLS);
    EXPECT(chan_call(STRICT, &q, sizeof q, &a, sizeof a) == sizeof a && a.count == passed + 1);
    return 0;
}
