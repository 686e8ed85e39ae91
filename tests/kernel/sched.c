/*
 * sched.c - tests of the scheduler with kernel threads: sleeping, waking, the timer queue.
 */
#include "kernel/glance.h"
#include "kernel/ktest.h"
#include "kernel/sched.h"

static uint32_t done;

struct sleeper { uint64_t until, woke; struct thread *t; bool ended; };

static void sleep_once(void *arg)
{
    struct sleeper *s = arg;

    sched_sleep(s->until - clock_ns());
    s->woke = clock_ns();
    s->ended = true;
    __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
    sched_sleep(FOREVER / 2);
}

KTEST(sched_sleep_is_on_time)
{
    uint64_t start = clock_ns(), end;

    sched_sleep(20 * NS_PER_MS);
    end = clock_ns();
    CHECK(end - start >= 20 * NS_PER_MS, "woke %lu ns after the start", end - start);
    /* several CPUs may be threads of a Linux that has fewer to give */
    CHECK(end - start < (cpus_up() > 1 ? 400 : 40) * NS_PER_MS, "woke only after %lu ns",
          end - start);
}

/* Fifty threads with deadlines in a mixed order wake in the right one, none too early. */
KTEST(sched_deadlines_in_order)
{
    enum { N = 50 };
    static struct sleeper s[N];
    uint64_t base = clock_ns() + 20 * NS_PER_MS;

    done = 0;
    for (unsigned i = 0; i < N; i++) {
        s[i] = (struct sleeper){ .until = base + (i * 37 % N) * NS_PER_MS / 2 };
        s[i].t = thread_create(NULL, "sleeper", 16384, sleep_once, &s[i]);
        CHECK(s[i].t, "thread %u", i);
        sched_start(s[i].t);
    }
    sched_sleep(70 * NS_PER_MS);
    CHECK_EQ(done, N);
    for (unsigned i = 0; i < N; i++) {
        CHECK(s[i].woke >= s[i].until, "thread %u woke too early", i);
        CHECK(thread_stop(s[i].t), "thread %u still runs", i);
        thread_free(s[i].t);
    }
}

/* Taking threads out of the middle of the timer queue leaves the others in order. */
KTEST(sched_timer_queue_removal)
{
    enum { N = 200 };
    static struct thread t[N];
    struct core c = { .timers = NULL };
    uint64_t last = 0, x = 12345;
    unsigned left = 0;

    for (unsigned i = 0; i < N; i++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        t[i].timed = NULL;
        timer_add(&c, &t[i], x >> 40);
    }
    for (unsigned i = 0; i < N; i += 3)
        timer_del(&c, &t[i]);
    while (c.timers) {
        struct thread *first = c.timers;
        CHECK(first->deadline >= last, "the queue is out of order");
        last = first->deadline;
        timer_del(&c, first);
        left++;
    }
    CHECK_EQ(left, N - (N + 2) / 3);
}

/* There is no tick: while everybody sleeps no CPU wakes but for the deadline of this thread. */
KTEST(sched_idle_has_no_tick)
{
    uint32_t before[CPU_MAX], naps;

    sched_sleep(20 * NS_PER_MS);            /* what was before has come to rest */
    for (unsigned i = 0; i < cpus_up(); i++)
        before[i] = glance(core_of(i)->naps);
    sched_sleep(400 * NS_PER_MS);
    for (unsigned i = 0; i < cpus_up(); i++) {
        naps = glance(core_of(i)->naps) - before[i];
        CHECK(naps < 10, "CPU %u slept %u times in 400 ms", i, naps);
    }
}

static struct event ping = EVENT, pong = EVENT;

static void ping_pong(void *arg)
{
    for (;;) {
        event_wait(&ping, FOREVER);
        done++;
        event_set(&pong);
    }
}

KTEST(sched_events_wake)
{
    struct thread *t = thread_create(NULL, "partner", 16384, ping_pong, NULL);

    CHECK(t, "no thread");
    done = 0;
    sched_start(t);
    for (unsigned i = 0; i < 1000; i++) {
        event_set(&ping);
        CHECK(event_wait(&pong, (int64_t)(clock_ns() + NS_PER_S)), "round %u", i);
    }
    CHECK_EQ(done, 1000);
    ktest_end(t);
}

KTEST(sched_event_deadline)
{
    struct event never = EVENT;
    uint64_t start = clock_ns();

    CHECK(!event_wait(&never, (int64_t)(start + 5 * NS_PER_MS)), "it was set by nobody");
    CHECK(clock_ns() - start >= 5 * NS_PER_MS, "the deadline came early");
    event_set(&never);
    CHECK(event_wait(&never, 0), "it was set");
    CHECK(!event_wait(&never, 0), "it was cleared");
}

#define END_NS (3 * NS_PER_MS)          /* less than a slice: its end asks for the clock */

static void end_slowly(void *arg)
{
    delay_ns(END_NS);
    thread_free(arg);
    done++;
}

static void end_at_once(void *arg)
{
    sched_leave(end_slowly, this_thread());
}

/* What the calling thread is said to have used while another one ended. */
static uint64_t used_beside_an_end(void)
{
    struct thread *t = this_thread();
    struct thread *ender = thread_create(NULL, "ender", 16384, end_at_once, NULL);
    uint64_t before;

    if (!ender)
        return UINT64_MAX;
    ender->pinned = true;
    done = 0;
    this_core()->slice_end = clock_tsc() + clock_tsc_hz();  /* no timer asks for the clock */
    this_core()->slice_stale = false;
    timer_arm(this_core()->slice_end);
    sched_charge(this_core());
    before = t->tsc;
    sched_start(ender);
    while (!glance(done))
        sched_yield();
    sched_charge(this_core());
    return t->tsc - before;
}

/* However long the end of a thread takes, who runs next has not used that time. */
KTEST(sched_end_is_not_the_next_ones_time)
{
    bool pinned = this_thread()->pinned;
    uint64_t least = UINT64_MAX, end = clock_tsc_hz() / 1000 * END_NS / NS_PER_MS;

    this_thread()->pinned = true;
    for (unsigned i = 0; i < 5; i++) {
        uint64_t used = used_beside_an_end();
        least = used < least ? used : least;
    }
    this_thread()->pinned = pinned;
    CHECK(least < end / 2, "%lu ticks, of an end of %lu", least, end);
}
