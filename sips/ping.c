/*
 * ping.c - calls `pong` many times, checks every answer, and reports the time of a round.
 */
#include "sips/sip.h"
#include "iface/ping.h"

USE_NOW(IFACE_PING, PONG, 2);

#define BYTES_MAX 4096u

static struct { struct ping_ping_req q; uint8_t bytes[BYTES_MAX]; } req;
static struct { struct ping_ping_ans a; uint8_t bytes[BYTES_MAX]; } ans;

static bool round_trip(uint32_t i, uint32_t bytes)
{
    int32_t n;

    req.q.op = PING_PING;
    req.q.count = i;
    for (uint32_t b = 0; b < bytes; b += 64)
        req.bytes[b] = (uint8_t)(i + b / 64);
    n = chan_call(PONG, &req, sizeof req.q + bytes, &ans, sizeof ans);
    if (n < 0) {
        printf("ping: %s%s\n", error_text(n),
               n == ERR_PEER ? " (start the other end with: pong &)" : "");
        return false;
    }
    if ((uint32_t)n != sizeof ans.a + bytes || ans.a.count != i + 1
        || memcmp(ans.bytes, req.bytes, bytes)) {
        printf("ping: round %u came back wrong\n", i);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 1 ? (uint32_t)strtoull(argv[1], NULL, 0) : 1000;
    uint32_t bytes = argc > 2 ? (uint32_t)strtoull(argv[2], NULL, 0) : 56;
    int64_t start = sys_clock();

    if (!rounds || bytes > BYTES_MAX) {
        printf("usage: ping [ROUNDS [BYTES]]   (at most %u bytes)\n", BYTES_MAX);
        return 2;
    }
    for (uint32_t i = 0; i < rounds; i++)
        if (!round_trip(i, bytes))
            return 1;
    printf("%u rounds of %u bytes, %lld ns each\n", rounds, bytes,
           (long long)((sys_clock() - start) / rounds));
    return 0;
}
