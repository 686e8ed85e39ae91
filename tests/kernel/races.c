/*
 * races.c - races that were there once, each brought about by a CPU that stays in the middle
 * (kernel/dwell.h). They need several CPUs, and a build that has such points.
 *
 * The test keeps its own CPU, the others do what races.
 */
#include "kernel/ktest.h"
#include "tests/kernel/sips.h"

#define LONG (10 * NS_PER_S)

/* The test stays on its own CPU, if there are n of them and such points. */
static void race(bool points, unsigned n, void (*run)(void))
{
    this_thread()->pinned = true;
    if (points && cpus_up() >= n)
        run();
    else
        ktest_say("left out");
    this_thread()->pinned = false;
}

#define RACE(id, cpus) \
    static void id(void); \
    KTEST(race_##id) { race(DWELLING, cpus, id); } \
    static void id(void)

/* The n-th CPU after this one. */
static struct core *other(unsigned n)
{
    return core_of((cpu_field(id) + n) % cpus_up());
}

/* A thread for the n-th one, and there it stays. It ends by rest(). */
static struct thread *make(unsigned n, void (*fn)(void *))
{
    struct thread *t = thread_create(NULL, "race", 16384, fn, NULL);

    assert(t, "no memory for a thread");
    t->pinned = true;
    thread_on(t, other(n));
    return t;
}

static void rest(void)
{
    sched_sleep(FOREVER / 2);
}

/* t, claimed, goes on on the n-th CPU. */
static void resume_on(unsigned n, struct thread *t)
{
    thread_on(t, other(n));
    sched_resume(t);
}

static bool reaches(const uint32_t *x, uint32_t value)
{
    for (unsigned ms = 0; ms < 10000 && glance(*x) < value; ms++)
        sched_sleep(NS_PER_MS);
    return glance(*x) >= value;
}

static struct thread *a, *b;
static uint32_t passed;

static void pass(void)
{
    __atomic_fetch_add(&passed, 1, __ATOMIC_RELAXED);
}

/* One on each of the next two CPUs. */
static void make_both(void (*fn_a)(void *), void (*fn_b)(void *))
{
    passed = 0;
    a = make(1, fn_a);
    b = make(2, fn_b);
}

static void end_both(void)
{
    ktest_end(a);
    ktest_end(b);
}

/* Thread t is started, and stays at that point. */
static bool start_until(enum dwell at, struct thread *t)
{
    dwell_ask(at, t, LONG);
    sched_start(t);
    return dwell_wait(at);
}

/* A program is started, and a thread of it stays at that point. NULL: none does. */
static struct process *start_sip_until(enum dwell at, const char *args, struct endpoint *stdio)
{
    struct process *p;

    dwell_ask(at, NULL, LONG);
    p = start(args, stdio);
    if (dwell_wait(at))
        return p;
    finish(p, 0, NULL);
    return NULL;
}

static int64_t in_ms(uint64_t ms)
{
    return (int64_t)(clock_ns() + ms * NS_PER_MS);
}

static void wait_under(struct lock *l, int64_t deadline, struct thread *to)
{
    lock_take(l);
    sched_wait_until(this_thread(), THREAD_KERNEL, l, deadline, to);
    lock_drop(l);
    sched_switch(to);
}

static void claim_under(struct lock *l, struct thread *t)
{
    lock_take(l);
    assert(t->guard == l, "it is blocked");
    sched_claim(t, 0);
    lock_drop(l);
}

static struct lock lock_a = LOCK(RANK_EVENT), lock_b = LOCK(RANK_EVENT);

/* ---- whose level ----------------------------------------------------------------------------- */

/* Who blocks is claimed before it has left its stack, by one of a higher level, which it gets: what
 * it ran at is known when it waits again. No slice ends meanwhile, for that would end it, too. */
RACE(level_is_kept, 2)
{
    struct thread *me = this_thread(), *t;
    struct endpoint *end[2];
    struct process *p;
    struct sip *s;
    uint32_t seq;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    CHECK(p = start_sip_until(DWELL_LEAVING, "test/dwell wait", end[0]), "it does not wait");
    s = alive(p);
    t = container_of(s->threads.next, struct thread, of_sip);
    lock_take(&s->lock);
    wait_done(t);
    sched_claim(t, 0);
    lock_drop(&s->lock);
    dwell_on(DWELL_LEAVING, 100 * NS_PER_MS);
    seq = t->wait_seq;
    t->pinned = true;
    slices(LONG);
    me->priority = me->level = PRIORITY_HIGH;
    wait_under(&lock_a, in_ms(300), t);
    me->priority = me->level = PRIORITY_NORMAL;
    CHECK(reaches(&t->wait_seq, seq + 1), "it does not wait again");
    CHECK_EQ(glance(t->lent), PRIORITY_HIGH);
    slices(0);
    CHECK_EQ(finish(p, 0, NULL), TIMED_OUT);
    object_drop(&end[1]->o);
}

/* ---- whose stack ----------------------------------------------------------------------------- */

static void leave_a(void *arg)
{
    wait_under(&lock_a, FOREVER, NULL);
    pass();
    rest();
}

static void leave_b(void *arg)
{
    claim_under(&lock_a, a);
    wait_under(&lock_b, FOREVER, a);
    pass();
    rest();
}

/* Two CPUs that leave for each other's threads at the same time. */
RACE(stacks_crosswise, 3)
{
    make_both(leave_a, leave_b);
    CHECK(start_until(DWELL_LEAVING, a), "a does not leave");
    CHECK(start_until(DWELL_HANDING, b), "b does not leave");
    claim_under(&lock_b, b);
    resume_on(1, b);
    dwell_end(DWELL_LEAVING);
    dwell_end(DWELL_HANDING);
    CHECK(reaches(&passed, 2), "they wait for each other");
    end_both();
}

/* ---- whose queue ----------------------------------------------------------------------------- */

enum { RUNS = 1, YIELD, STAYS, LEAVE };
static uint32_t at, ran_on;             /* where the test is, and the last of the three below */

static void now_at(uint32_t x)
{
    __atomic_store_n(&at, x, __ATOMIC_RELAXED);
}

/* Keeps its CPU busy from there until the test is that far. */
static void stay_until(uint32_t from, uint32_t until)
{
    now_at(from);
    while (glance(at) < until)
        cpu_relax();
}

static void yield_once(void *arg)
{
    stay_until(RUNS, YIELD);
    sched_ask();
    sched_yield();
    pass();
    rest();
}

static void stay(void *arg)
{
    stay_until(STAYS, LEAVE);
    pass();
    rest();
}

static void note_cpu(void *arg)
{
    ran_on = cpu_field(id);
    pass();
    rest();
}

/* Who yields is put aside for somebody of a higher level, and goes on on another CPU: it does not
 * take there whom it has seen in the queue of the first. No point of the code is needed. */
static void yield_elsewhere(void)
{
    struct thread *c;

    passed = 0;
    now_at(0);
    a = make(1, yield_once);
    b = make(1, stay);
    c = make(1, note_cpu);
    b->priority = b->level = PRIORITY_HIGH;
    sched_start(a);
    CHECK(reaches(&at, RUNS), "it does not run");
    sched_start(b);
    sched_start(c);
    now_at(YIELD);
    CHECK(reaches(&at, STAYS), "it is not put aside");
    CHECK(sched_remove(a), "it is in no queue");
    resume_on(2, a);
    CHECK(reaches(&passed, 1), "it does not go on");
    now_at(LEAVE);
    CHECK(reaches(&passed, 3), "a thread is lost");
    CHECK_EQ(glance(ran_on), other(1)->cpu->id);
    end_both();
    ktest_end(c);
}

KTEST(race_yield_elsewhere) { race(true, 2, yield_elsewhere); }

/* ---- whose heap ------------------------------------------------------------------------------ */

static void sleep_300(void *arg)
{
    wait_under(&lock_b, in_ms(300), NULL);
    pass();
    rest();
}

static void sleep_5_then_100(void *arg)
{
    struct thread *t = this_thread();

    wait_under(&lock_a, in_ms(5), NULL);
    lock_take(&lock_a);
    sched_wait_until(t, THREAD_KERNEL, &lock_a, in_ms(100), NULL);
    pass();
    lock_drop(&lock_a);
    sched_switch(NULL);
    rest();
}

/* A thread is in another CPU's heap of deadlines as soon as it is said to be in none: with what
 * hangs below it there. */
RACE(heap_of_deadlines, 3)
{
    make_both(sleep_5_then_100, sleep_300);
    sched_start(b);
    for (unsigned ms = 0; ms < 10000 && !__atomic_load_n(&b->timed, __ATOMIC_ACQUIRE); ms++)
        sched_sleep(NS_PER_MS);
    CHECK(start_until(DWELL_UNTIMED, a), "its deadline does not come");
    claim_under(&lock_a, a);
    resume_on(2, a);
    CHECK(reaches(&passed, 1), "it does not wait again");
    dwell_end(DWELL_UNTIMED);
    CHECK(reaches(&passed, 2), "a deadline is lost");
    end_both();
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* A deadline has found the guard of a thread whose SIP ends, futexes and all. */
RACE(futex_and_end, 2)
{
    struct process *p = start_sip_until(DWELL_GUARD, "test/dwell futex", NULL);

    CHECK(p, "its deadline does not come");
    CHECK_EQ(finish(p, 0, NULL), TIMED_OUT);
    dwell_end(DWELL_GUARD);
    reclaim_settle();           /* by when that CPU has gone on */
}

/* Who finds that a SIP has ended finds out how. */
RACE(exit_info, 2)
{
    struct process *p = start_sip_until(DWELL_ENDED, "test/quit 7", NULL);

    CHECK(p, "it does not end");
    CHECK(alive(p) || p->info.status == 7, "it has ended with %d", p->info.status);
    dwell_end(DWELL_ENDED);
    CHECK_EQ(finish(p, 10000, NULL), 7);
}

/* A block leaves its place before its number is free. And who waits for a SIP that cannot be
 * stopped yet keeps nobody from the CPU. */
RACE(place_of_a_block, 2)
{
    struct process *p = start_sip_until(DWELL_CLOSED, "test/dwell blocks", NULL);
    struct sip *s;

    CHECK(p, "nothing is closed");
    while ((s = alive(p)) && !__atomic_load_n(&s->dying, __ATOMIC_ACQUIRE))
        sched_sleep(NS_PER_MS);
    sched_sleep(5 * NS_PER_MS);
    CHECK(dwell_end(DWELL_CLOSED), "the test did not get its CPU back");
    CHECK_EQ(finish(p, 10000, NULL), 0);
}

static bool registered(const char *name)
{
    struct iface_info info;
    bool found = false;

    for (uint32_t n = 0; iface_at(n, &info) && !found; n++)
        found = contains(info.name, name);
    return found;
}

/* Nobody handles an interface any more, and before the last handler has gone on, the last client
 * ends that waited for one: it is freed, once. */
RACE(interface_freed_once, 2)
{
    size_t before = settled_pages();
    struct process *client = start("test/client 1", NULL), *p;

    p = start_sip_until(DWELL_CLOSED, "test/dwell serve", NULL);
    CHECK_EQ(finish(client, 0, NULL), TIMED_OUT);
    CHECK(p, "it closes nothing");
    CHECK(!registered("test-a"), "somebody waits for it still");
    dwell_end(DWELL_CLOSED);
    CHECK_EQ(finish(p, 10000, NULL), 0);
    CHECK_EQ(settled_pages(), before);
}

/* Before the last handler has gone on, another one is there: it is not touched. */
RACE(interface_handed_on, 2)
{
    size_t before = settled_pages();
    struct process *p = start_sip_until(DWELL_CLOSED, "test/dwell serve", NULL);
    struct process *q = start("test/handler", NULL);

    CHECK(p && q, "it closes nothing");
    dwell_end(DWELL_CLOSED);
    CHECK_EQ(finish(p, 10000, NULL), 0);
    CHECK_EQ(run("test/client 3", NULL, 10000), 0);
    CHECK_EQ(finish(q, 0, NULL), TIMED_OUT);
    CHECK_EQ(settled_pages(), before);
}

/* Nobody takes an answer any more, and before the block in it is closed, another thread closes it
 * and makes one that has its number: that one stays. */
RACE(discarded_block, 2)
{
    size_t before = settled_pages();
    struct endpoint *end[2];
    struct process *p;
    struct sip *s;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    CHECK(p = start_sip_until(DWELL_DISCARDED, "test/dwell discard", end[0]), "it is taken");
    object_drop(&end[1]->o);
    for (unsigned ms = 0; ms < 10000 && (s = alive(p)) && glance(s->nthreads) > 1; ms++)
        sched_sleep(NS_PER_MS);
    CHECK(dwell_end(DWELL_DISCARDED), "it has gone on");
    CHECK_EQ(finish(p, 10000, NULL), 0);
    CHECK_EQ(settled_pages(), before);
}

/* Who calls the kernel through an end that is closed before the call begins does not wait in what
 * is freed. */
RACE(call_and_close, 2)
{
    struct process *p = start_sip_until(DWELL_CALLING, "test/dwell call", NULL);

    CHECK(p, "it does not call");
    CHECK_EQ(handle_close(alive(p), 2), 0);
    dwell_end(DWELL_CALLING);
    CHECK_EQ(finish(p, 10000, NULL), 0);
}

/* Two threads connect again: what the first one has got, the second one does not close. */
RACE(connect_twice, 2)
{
    struct endpoint *end[2];
    struct process *p;
    struct sip *s;
    err_t e;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    CHECK((p = start_sip_until(DWELL_DEAD, "test/dwell connect", NULL)), "it does not connect");
    s = alive(p);
    CHECK_EQ(handle_close(s, 3), 0);
    lock_take(&s->lock);
    if ((e = handle_reserve_at(s, 3)) >= 0)
        handle_put(s, 3, &end[0]->o);
    lock_drop(&s->lock);
    CHECK_EQ(e, 0);
    dwell_end(DWELL_DEAD);
    CHECK_EQ(finish(p, 10000, NULL), 0);
    object_drop(&end[1]->o);
}

static struct sip *owner_of_line;

static void claim_again(void *arg)
{
    struct sip *before;

    handle_close(owner_of_line, 5);
    irq_claim(owner_of_line, 5, 5, &before);
    __atomic_store_n(&passed, 1, __ATOMIC_RELEASE);
    rest();
}

/* A line that is claimed again has its lock all the time: a message with its handle, which another
 * thread closes meanwhile, drops the locks that it took, and no others. */
RACE(lock_of_a_line, 2)
{
    struct sip *s = sip_make(0), *before;
    const struct object *line;
    uint32_t unlocked = 0;

    CHECK(s, "no memory");
    CHECK_EQ(irq_claim(s, 5, 5, &before), 0);
    line = handle_get(s, 5, HANDLE_IRQ);
    passed = 0;
    owner_of_line = s;
    a = make(1, claim_again);
    dwell_ask(DWELL_MAKING, a, 20 * NS_PER_MS);
    sched_start(a);
    for (unsigned ms = 0; ms < 10000 && !__atomic_load_n(&passed, __ATOMIC_ACQUIRE); ms++) {
        unlocked += !glance(line->lock);
        sched_sleep(NS_PER_MS);
    }
    dwell_end(DWELL_MAKING);
    CHECK_EQ(unlocked, 0);
    CHECK(handle_get(s, 5, HANDLE_IRQ) == line, "it was not claimed again");
    ktest_end(a);
    sip_free(s);
}
