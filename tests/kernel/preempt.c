/*
 * preempt.c - two threads that are preempted by turns: everybody goes on where it was, and what the
 * kernel's part of it costs.
 *
 * An interrupt comes when it will; here the handler's C function is called with a frame instead,
 * that of a thread at the one instruction of an image, `jmp rax`. From there it calls again. The
 * slice is over each time, and the timer is said to be armed: on Linux that takes a system call.
 */
#include "kernel/ktest.h"

#define BATCHES 50u
#define TURNS 200u
#define STACK 16384u

static const uint8_t jump_rax[] = { 0xff, 0xe0 }, jump_self[] = { 0xeb, 0xfe };

struct turn { struct thread *t; struct trap_frame frame; uint32_t turns; };
static struct turn turns[2];
static struct event done = EVENT;
static uint64_t start, least;
static uint32_t total;

static void take_time(void)
{
    uint64_t now = clock_tsc();

    if (total && now - start < least)
        least = now - start;
    start = clock_tsc();
}

static void turn(void *arg)
{
    struct turn *me = arg;

    me->turns++;
    if (total % TURNS == 0)
        take_time();
    if (total++ < BATCHES * TURNS) {
        this_core()->slice_stale = false;
        this_core()->slice_end = 0;
        cpu_field(timer_deadline) = 0;
        irq_off();
        kernel_timer(&me->frame);       /* does not come back */
    }
    cpu_field(timer_deadline) = UINT64_MAX;
    event_set(&done);
    sched_sleep(FOREVER / 2);
}

/* One instruction in the place of images. */
static bool make_code(struct code *c, const uint8_t bytes[2])
{
    if (!code_alloc(c, 2))
        return false;
    memcpy(c->rw, bytes, 2);
    return code_seal(c);
}

static struct thread *start_pinned(void (*fn)(void *), void *arg)
{
    struct thread *t = thread_create(NULL, "turn", STACK, fn, arg);

    if (t) {
        t->pinned = true;
        sched_start(t);
    }
    return t;
}

static void end(struct thread *t)
{
    while (!thread_stop(t))
        sched_sleep(NS_PER_MS);
    thread_free(t);
}

/* What this machine's frames are like: one of a thread that an interrupt has put aside. */
static bool sample_frame(const struct code *spin, struct trap_frame *f)
{
    struct thread *t = start_pinned((void (*)(void *))(uintptr_t)spin->rx, NULL);
    bool there;

    if (!t)
        return false;
    sched_sleep(5 * NS_PER_MS);
    if ((there = t->preempted))
        *f = t->frame;
    end(t);
    return there;
}

KTEST(preempt_by_turns)
{
    struct code spin, jump;
    struct trap_frame f;
    bool pinned = this_thread()->pinned;

    this_thread()->pinned = true;
    CHECK(make_code(&spin, jump_self) && make_code(&jump, jump_rax), "no memory");
    CHECK(sample_frame(&spin, &f), "a thread that spins was not preempted");
    CHECK_EQ(f.rip, (uintptr_t)spin.rx);
    total = 0;
    least = UINT64_MAX;
    for (unsigned i = 0; i < 2; i++) {
        struct turn *t = &turns[i];
        t->turns = 0;
        CHECK(t->t = start_pinned(turn, t), "no memory");
        t->frame = f;
        t->frame.rip = (uintptr_t)jump.rx;
        t->frame.rax = (uintptr_t)turn;
        t->frame.rdi = (uintptr_t)t;
        t->frame.rsp = t->t->stack_top - 8;
    }
    event_wait(&done, FOREVER);
    for (unsigned i = 0; i < 2; i++)
        end(turns[i].t);
    code_free(&spin);
    code_free(&jump);
    this_thread()->pinned = pinned;
    CHECK_EQ(turns[0].turns, BATCHES * TURNS / 2 + 1);
    CHECK_EQ(turns[1].turns, BATCHES * TURNS / 2 + 1);
    ktest_note("preemption takes %lu ps", least * 1000000 / TURNS / (clock_tsc_hz() / 1000000));
}
