/*
 * landing.c - `takes HOW`: two threads that wait for anything; to one of them comes an endpoint
 * with a message in its queue, which the other one gets, while the first one waits for that alone.
 * HOW the endpoint comes: `sent`; in a message that is too `large` for a first try; `answered` to a
 * call of one while the other one waits. `gives HOW` is who passes it on.
 */
#include "sips/thread.h"
#include "tests/sips/peer.h"

#define LARGE 4096u

enum { NOTHING, LANDED, INNER };

static struct thread other;
static uint32_t got;
static bool answered;
static char buffer[2][LARGE];

/* What has come: the message with the endpoint, or what was in that. */
static void take(char *in)
{
    struct msg m = { 0 };
    int32_t n = chan_wait(0, &m, in, 64, FOREVER);

    while (n == ERR_TOO_BIG)
        n = chan_wait(0, &m, in, LARGE, FOREVER);
    EXPECT(n >= 0);
    if (m.nhandles) {
        while (__atomic_load_n(&got, __ATOMIC_SEQ_CST) != INNER)
            EXPECT(futex_wait(&got, NOTHING, sys_clock() + 10 * 1000 * MS) != ERR_TIMEOUT);
        exit(0);
    }
    EXPECT(m.received == 5 && !memcmp(in, "inner", 5));
    __atomic_store_n(&got, INNER, __ATOMIC_SEQ_CST);
    futex_wake(&got, 1);
}

static void take_one(void *arg)
{
    take(buffer[1]);
}

/* The other one takes what is in the endpoint that is answered. */
static void call(void)
{
    struct msg m = { 0 };

    sys_sleep(sys_clock() + 20 * MS);
    EXPECT(chan_call_msg(HANDLE_STDIO, &m, "give", 4, buffer[0], 64) >= 0 && m.nhandles == 1);
    while (__atomic_load_n(&got, __ATOMIC_SEQ_CST) != INNER)
        EXPECT(futex_wait(&got, NOTHING, sys_clock() + 10 * 1000 * MS) != ERR_TIMEOUT);
    exit(0);
}

static void takes(void)
{
    EXPECT(thread_create(&other, take_one, NULL, 0) > 0);
    if (answered)
        call();
    take(buffer[0]);
    thread_join(&other);
}

static void gives(bool large)
{
    struct msg m = { 0 };
    uint32_t ends[2];

    EXPECT(sys_channel(ADDR(ends)) == 0);
    EXPECT(chan_send(ends[0], "inner", 5, 0) == 0);
    if (answered) {
        EXPECT(chan_wait(HANDLE_STDIO, &m, buffer[0], 64, FOREVER) == 4);
        chan_answer(&m, "ends", 4, &ends[1], 1);
    } else {
        sys_sleep(sys_clock() + 20 * MS);       /* both wait by then */
        m = (struct msg){ .data = ADDR(buffer[0]), .len = large ? LARGE : 4, .nhandles = 1,
                          .handle = { ends[1] } };
        EXPECT(sys_send(HANDLE_STDIO, ADDR(&m), 0) == 0);
    }
    chan_wait(HANDLE_STDIO, &m, buffer[0], 64, FOREVER);        /* until the other one ends */
    exit(0);
}

int main(int argc, char **argv)
{
    EXPECT(argc == 3);
    answered = !strcmp(argv[2], "answered");
    if (!strcmp(argv[1], "takes"))
        takes();
    gives(!strcmp(argv[2], "large"));
}
