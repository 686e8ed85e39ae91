/*
 * quota.c - what a SIP may have: its limits, and the share of CPU time among them.
 *
 * A share is a budget of CPU time in each period of PERIOD_NS (all begin at multiples of it). What
 * its threads use is taken off when the scheduler looks at the clock; once nothing is left they are
 * parked (sched_queue.c) until the next period. What a slice took too much is taken off the next
 * budget, so that the share is kept on average. While any SIP has a share, the timer of a busy CPU
 * fires every slice.
 */
#include "kernel/kernel.h"

const struct quota quota_default = {
    .memory = 256ul << 20, .queued = 4u << 20, .handles = HANDLES_MAX, .threads = 256,
};
uint32_t quota_shares;

static uint64_t lower(uint64_t asked, uint64_t has)
{
    return asked && (asked < has || !has) ? asked : has;
}

struct quota quota_within(const struct quota *asked, const struct quota *parent)
{
    return (struct quota){
        .memory = lower(asked->memory, parent->memory),
        .queued = (uint32_t)lower(asked->queued, parent->queued),
        .handles = (uint32_t)lower(asked->handles, parent->handles),
        .threads = (uint32_t)lower(asked->threads, parent->threads),
        .cpu = (uint32_t)lower(asked->cpu, parent->cpu),
    };
}

/* TSC ticks of a period's budget. */
static int64_t budget(const struct sip *s)
{
    return (int64_t)(clock_tsc_hz() / 1000 * s->quota.cpu / (NS_PER_S / PERIOD_NS));
}

void quota_charge(struct sip *s, uint64_t ticks)
{
    __atomic_fetch_sub(&s->cpu_left, (int64_t)ticks, __ATOMIC_RELAXED);
}

bool quota_spent(struct sip *s)
{
    uint64_t now = clock_ns() / PERIOD_NS, was = __atomic_load_n(&s->cpu_period, __ATOMIC_RELAXED);
    int64_t more = budget(s), left, full;

    /* another CPU may have begun the next period since the clock was read: it is not begun again */
    if (was < now && __atomic_compare_exchange_n(&s->cpu_period, &was, now, false,
                                                 __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        more *= now - was < 1000 ? (int64_t)(now - was) : 1000;
        left = __atomic_load_n(&s->cpu_left, __ATOMIC_RELAXED);
        do
            full = left + more < budget(s) ? left + more : budget(s);
        while (!__atomic_compare_exchange_n(&s->cpu_left, &left, full, false, __ATOMIC_RELAXED,
                                            __ATOMIC_RELAXED));
    }
    return __atomic_load_n(&s->cpu_left, __ATOMIC_RELAXED) <= 0;
}
