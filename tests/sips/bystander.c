/*
 * bystander.c - keeps its memory and its dialogue with the handler of `ping` in order while others
 * do what they want: ends with 0 when the other end of handle 1 is closed, or with the line of what
 * was wrong.
 */
#include "tests/sips/peer.h"
#include "iface/ping.h"

USE(IFACE_PING, PING, 2);

#define WORDS 65536u

static uint32_t words[WORDS];

/* Changes every word, and so the sum, in a way that is known. */
static uint32_t sum(uint32_t add)
{
    uint32_t s = 0;

    for (uint32_t i = 0; i < WORDS; i++)
        s += (words[i] += add) * (2 * i + 1);
    return s;
}

int main(int argc, char **argv)
{
    struct { struct ping_ping_req q; uint32_t word[8]; } q = { .q.op = PING_PING };
    struct { struct ping_ping_ans a; uint32_t word[8]; } a;
    struct msg m = { 0 };
    uint32_t factors = 0, expected;

    for (uint32_t i = 0; i < WORDS; i++, factors += 2 * i - 1)
        words[i] = mix(i);
    expected = sum(0);
    for (uint32_t round = 1; sys_wait(HANDLE_STDIO, ADDR(&m), 0) == ERR_EMPTY; round++) {
        EXPECT(sum(round) == (expected += round * factors));
        q.q.count = round;
        for (uint32_t i = 0; i < 8; i++)
            q.word[i] = mix(round + i);
        EXPECT(chan_call(PING, &q, sizeof q, &a, sizeof a) == sizeof a && a.a.count == round + 1);
        for (uint32_t i = 0; i < 8; i++)
            EXPECT(a.word[i] == mix(round + i));
        sleep_ns(MS);
    }
    EXPECT(sum(0) == expected);
    return 0;
}
