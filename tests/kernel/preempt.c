/*
 * preempt.c - two threads that are preempted by turns: everybody goes on where it was, and what the
 * kernel's part of it costs.
 *
 * An interrupt comes when it will; here a thread interrupts itself (turns.asm) where it has jumped
 * to, the one instruction of an image, `jmp rax`, as the timer would: its registers are saved, the
 * other one's come back, and lead to the same instruction. Slices have no length, so each turn ends
 * one; the timer is said to be armed, for on Linux that takes a system call.
 */
#include "kernel/ktest.h"
#include "kernel/options.h"

#define BATCHES 50u
#define TURNS 200u
#define STACK 16384u

static const uint8_t jump_rax[] = { 0xff, 0xe0 }, jump_self[] = { 0xeb, 0xfe };

/* turns.asm */
extern uint32_t turns_left;
void turns_batch(void);
_Noreturn void turns_go(uint64_t *count, uintptr_t image);

static struct code spin, jump;
static struct thread *thread[2];
static uint64_t count[2];
static struct event done = EVENT;
static uint64_t start, least;
static uint32_t batches;
uint32_t turns_left;

/* The first and each TURNS-th: what lies in between was one batch. */
void turns_batch(void)
{
    uint64_t now = clock_tsc();

    if (batches && now - start < least)
        least = now - start;
    turns_left = TURNS;
    if (batches++ >= BATCHES) {
        turns_left = 1;             /* the other one ends, too */
        irq_on();
        cpu_field(timer_deadline) = UINT64_MAX;
        sched_slice(option_number(OPT_SLICE) * 1000);
        event_set(&done);
        sched_sleep(FOREVER / 2);
    }
    start = clock_tsc();
}

static void turn(void *arg)
{
    irq_off();
    cpu_field(timer_deadline) = 0;
    this_core()->slice_end = 0;
    this_core()->slice_stale = false;
    turns_go(arg, (uintptr_t)jump.rx);
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

/* A thread in an image is put aside where it was. */
static bool is_put_aside(void)
{
    struct thread *t = start_pinned((void (*)(void *))(uintptr_t)spin.rx, NULL);
    bool there;

    if (!t)
        return false;
    sched_sleep(5 * NS_PER_MS);
    there = t->preempted && t->frame.rip == (uintptr_t)spin.rx;
    ktest_end(t);
    return there;
}

KTEST(preempt_by_turns)
{
    bool pinned = this_thread()->pinned;

    this_thread()->pinned = true;
    CHECK(make_code(&spin, jump_self) && make_code(&jump, jump_rax), "no memory");
    CHECK(is_put_aside(), "a thread that spins was not preempted");
    batches = 0;
    turns_left = 1;
    least = UINT64_MAX;
    sched_slice(0);
    for (unsigned i = 0; i < 2; i++) {
        count[i] = 0;
        CHECK(thread[i] = start_pinned(turn, &count[i]), "no memory");
    }
    event_wait(&done, FOREVER);
    for (unsigned i = 0; i < 2; i++)
        ktest_end(thread[i]);
    code_free(&spin);
    code_free(&jump);
    this_thread()->pinned = pinned;
    CHECK_EQ(count[0] + count[1], BATCHES * TURNS + 2);
    /* an interrupt of the machine's own in between costs the one that it meets a turn */
    CHECK(count[0] < count[1] + TURNS && count[1] < count[0] + TURNS, "%lu and %lu turns",
          count[0], count[1]);
    ktest_note("preemption takes %lu ps", least * 1000000 / TURNS / (clock_tsc_hz() / 1000000));
}
