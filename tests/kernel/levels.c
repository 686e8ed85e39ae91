/*
 * levels.c - a level that was lent (sched_switch.c): who borrows it and never comes back keeps
 * nobody from the CPU for long.
 *
 * All of them share one CPU, whose test, of the usual level, wants so many turns: each time that
 * it yields, the others run for their slices at most. They would go on for twenty seconds
 * (sips/level.c), and end then.
 */
#include "kernel/ktest.h"
#include "tests/kernel/sips.h"

#define SLICE (NS_PER_MS / 2)
#define TURNS 10u

struct actor { struct process *p; struct thread *t; };

static bool was_pinned;

static void begin(uint64_t slice)
{
    was_pinned = this_thread()->pinned;
    this_thread()->pinned = true;
    slices(slice);
}

static void end(void)
{
    slices(0);
    this_thread()->pinned = was_pinned;
}

/* Starts a program, which waits on this CPU then, with a level of its own. */
static bool enter(struct actor *a, const char *args, struct endpoint *stdio, uint8_t level)
{
    struct sip *s;
    bool waits = false;

    if (!(a->p = start(args, stdio)))
        return false;
    for (unsigned ms = 0; ms < 10000 && (s = alive(a->p)) && !waits; ms++) {
        lock_take(&s->lock);
        a->t = container_of(s->threads.next, struct thread, of_sip);
        if ((waits = guess(a->t->guard) == &s->lock)) {
            a->t->pinned = true;
            a->t->priority = a->t->level = level;
            thread_on(a->t, this_core());
        }
        lock_drop(&s->lock);
        sched_sleep(NS_PER_MS);
    }
    if (!waits)
        ktest_fail("%s does not wait", args);
    return waits;
}

static bool enter_two(struct actor a[2], const char *one, const char *two, uint8_t level)
{
    struct endpoint *end[2];

    a[0].p = a[1].p = NULL;
    if (chan_create(NULL, end) < 0) {
        ktest_fail("no channel");
        return false;
    }
    if (!enter(&a[0], one, end[0], PRIORITY_NORMAL)) {
        object_drop(&end[1]->o);
        return false;
    }
    return enter(&a[1], two, end[1], level);
}

static void leave_two(struct actor a[2])
{
    for (unsigned i = 0; i < 2; i++)
        finish(a[i].p, 0, NULL);
}

static void claim(struct thread *t)
{
    lock_take(&t->sip->lock);
    wait_done(t);
    sched_claim(t, 0);
    lock_drop(&t->sip->lock);
}

/* This thread, of a high level for the moment, hands the CPU to t. interrupted: while there is an
 * interrupt to be looked at. */
static void hand(struct thread *t, bool interrupted)
{
    static struct lock l = LOCK(RANK_EVENT);
    struct thread *me = this_thread();

    claim(t);
    me->priority = me->level = PRIORITY_HIGH;
    lock_take(&l);
    if (interrupted)
        sched_ask();
    sched_wait_until(me, THREAD_KERNEL, &l, (int64_t)(clock_ns() + NS_PER_MS), t);
    lock_drop(&l);
    sched_switch(t);
    me->priority = me->level = PRIORITY_NORMAL;
}

/* This thread has its turns while the others live. */
static void take_turns(struct actor a[2])
{
    for (unsigned i = 0; i < TURNS; i++) {
        sched_yield();
        for (unsigned j = 0; j < 2; j++)
            CHECK(alive(a[j].p), "only %u turns of the CPU while another one ran", i);
    }
}

/* a[0] goes on, at its own level or a high one, and then everybody shares. */
static void share(const char *one, const char *two, uint8_t level, bool lend)
{
    struct actor a[2];

    begin(SLICE);
    if (enter_two(a, one, two, level)) {
        if (lend) {
            hand(a[0].t, false);
        } else {
            claim(a[0].t);
            sched_resume(a[0].t);
        }
        take_turns(a);
    }
    leave_two(a);
    end();
}

KTEST(level_ends_with_the_slice)
{
    share("test/level spin", "test/level serve", PRIORITY_NORMAL, true);
}

KTEST(level_of_an_answer)
{
    share("test/level call-once", "test/level serve", PRIORITY_HIGH, false);
}

KTEST(level_of_a_call)
{
    share("test/level call", "test/level spin", PRIORITY_NORMAL, true);
}

KTEST(level_handed_to_and_fro)
{
    share("test/level call", "test/level serve", PRIORITY_NORMAL, true);
}

/* The server's level is its own. */
KTEST(level_borrowed_again_and_again)
{
    share("test/level call", "test/level serve", PRIORITY_HIGH, false);
}

KTEST(level_given_up_by_yielding)
{
    struct actor a[2];

    begin(SLICE);
    if (enter_two(a, "test/level yield", "test/level yield", PRIORITY_NORMAL)) {
        hand(a[0].t, false);
        hand(a[1].t, false);
        take_turns(a);
    }
    leave_two(a);
    end();
}

/* An interrupt at the moment of the hand-off takes nothing away. */
KTEST(level_with_an_interrupt)
{
    struct actor a[2];

    begin(NS_PER_S);
    if (enter_two(a, "test/level wait", "test/level serve", PRIORITY_NORMAL)) {
        uint32_t seq = a[0].t->wait_seq;
        hand(a[0].t, true);
        for (unsigned ms = 0; ms < 10000 && glance(a[0].t->wait_seq) == seq; ms++)
            sched_sleep(NS_PER_MS);
        if (a[0].t->lent != PRIORITY_HIGH)
            ktest_fail("it ran at level %u", a[0].t->lent);
    }
    leave_two(a);
    end();
}
