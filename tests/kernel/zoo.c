/*
 * zoo.c - many SIPs at once that do what they must not, for a while: hostile ones that make random
 * system calls, and in the long run all kinds that end, trap, talk and are killed at random. Beside
 * them bystanders whose memory and dialogue must stay as they were; and what the kernel keeps must
 * not contradict itself at any moment, and be free again to the page at the end.
 *
 * `seed` chooses what happens, but for the order in which CPUs come to it.
 */
#include "kernel/options.h"
#include "tests/kernel/invariants.h"
#include "tests/kernel/sips.h"

#define CAGES 8u                /* so many live at a time */
#define LIFE_NS (2 * NS_PER_S)  /* who lives longer is killed: all its threads may wait for ever */
#define LOOK_NS (2 * NS_PER_MS)

struct zoo {
    bool all_kinds;             /* not only hostile ones; and they are killed more often */
    uint64_t dice, calls, lives, killed, refused;
    struct process *cage[CAGES], *pong, *bystander;
    uint64_t born[CAGES];
    struct endpoint *leash;     /* the bystander ends when it is dropped */
    struct endpoint *other;     /* of the channel whose first end went to the last one started */
};

static uint32_t roll(struct zoo *z, uint32_t n)
{
    z->dice ^= z->dice << 13;
    z->dice ^= z->dice >> 7;
    z->dice ^= z->dice << 17;
    return (uint32_t)(z->dice >> 32) % n;
}

static err_t try_start(const char *line, struct endpoint *stdio, struct process **p)
{
    char words[64], reason[160];
    struct spawn sp = { .args = words, .trusted = true, .stdio = stdio ? &stdio->o : NULL };
    uint32_t n = 0;
    err_t e;

    for (; line[n]; n++)
        words[n] = line[n] == ' ' ? 0 : line[n];
    words[n] = 0;
    sp.args_len = n + 1;
    if ((e = store_find(words, &sp.program)) >= 0)
        e = sip_spawn(&sp, p, reason, sizeof reason);
    if (e < 0 && stdio)
        object_drop(&stdio->o);
    return e;
}

/* One end of a channel; the other one is for the next that is started. */
static struct endpoint *an_end(struct zoo *z)
{
    struct endpoint *end[2] = { z->other, NULL };

    z->other = NULL;
    if (end[0] || chan_create(NULL, end) < 0)
        return end[0];
    z->other = end[1];
    return end[0];
}

/* What is to live in cage i. */
static void choose(struct zoo *z, uint32_t i, char *line, size_t n)
{
    static const char *const kinds[] = {
        "test/quit 3", "test/crash", "test/dirty", "test/ticker 5 1", "test/forever",
        "test/vectors 3 50", "test/deep call", "test/deep runtime", "test/threads count",
        "test/threads forever", "test/threads notify", "test/threads exit", "test/blocked call",
        "test/blocked send", "test/blocked wait", "test/yields 20", "test/call 1000",
        "test/answer 1000",
    };
    const uint32_t count = sizeof kinds / sizeof *kinds;

    if (z->all_kinds && roll(z, 4))
        ksnprintf(line, n, "%s", kinds[roll(z, count)]);
    else
        ksnprintf(line, n, "test/hostile%s %u %u %u", i == 0 ? "_handler" : "",
                  roll(z, UINT32_MAX), 2000 + roll(z, 8000), 1 + roll(z, 5));
}

static void let_in(struct zoo *z, uint32_t i)
{
    char line[64];

    choose(z, i, line, sizeof line);
    z->born[i] = clock_ns();
    if (try_start(line, an_end(z), &z->cage[i]) < 0) {
        z->cage[i] = NULL;
        z->refused++;
    } else {
        z->lives++;
    }
}

static void let_out(struct zoo *z, uint32_t i)
{
    struct process *p = z->cage[i];

    if (alive(p))
        z->killed++;
    else if (!z->all_kinds && !p->info.trap && p->info.status > 0 && p->info.status <= 20000)
        z->calls += (uint32_t)p->info.status;
    else if (!z->all_kinds && p->info.status <= -100 && p->info.status >= -200)
        ktest_fail("tests/sips/hostile.h does not know the signature of call %d of SELKIE_CALLS",
                   -100 - p->info.status);
    finish(p, 0, NULL);
    z->cage[i] = NULL;
}

/* Those who are at their end leave, others come; now and then one is killed. */
static void feed(struct zoo *z)
{
    for (uint32_t i = 0; i < CAGES; i++) {
        struct process *p = z->cage[i];
        if (p && (!alive(p) || roll(z, z->all_kinds ? 50 : 500) == 0
                  || clock_ns() - z->born[i] > LIFE_NS))
            let_out(z, i);
        if (!z->cage[i])
            let_in(z, i);
    }
    if (!z->bystander->sip)
        ktest_fail("the bystander ended with %d: %s", z->bystander->info.status,
                   z->bystander->info.text);
    if (!z->pong->sip)
        ktest_fail("pong ended with %d: %s", z->pong->info.status, z->pong->info.text);
}

static bool open(struct zoo *z)
{
    struct endpoint *end[2];

    z->dice = option_number(OPT_SEED) * 0x9e3779b97f4a7c15ull | 1;
    if (!(z->pong = start("pong", NULL)))
        return false;
    if (chan_create(NULL, end) < 0) {
        ktest_fail("no channel");
        return false;
    }
    z->leash = end[1];
    return (z->bystander = start("test/bystander", end[0])) != NULL;
}

static void close(struct zoo *z)
{
    int32_t status;

    for (uint32_t i = 0; i < CAGES; i++)
        if (z->cage[i])
            let_out(z, i);
    if (z->other)
        object_drop(&z->other->o);
    if (z->leash)
        object_drop(&z->leash->o);
    status = finish(z->bystander, 10000, NULL);
    if (status)
        ktest_fail("the bystander ended with %d", status);
    finish(z->pong, 0, NULL);
}

static void visit(struct zoo *z, uint64_t calls)
{
    if (open(z)) {
        while (z->calls < calls && !ktest_failed()) {
            feed(z);
            sched_sleep(LOOK_NS);
            invariants_check();
        }
    }
    close(z);
}

/* Once for `warm`, and then for n: that leaves all memory and all queues as they were. */
static void without_loss(struct zoo *z, void (*open_for)(struct zoo *z, uint64_t n), uint64_t warm,
                         uint64_t n)
{
    struct zoo first = { 0 };
    size_t before, queued;

    quiet(true);
    open_for(&first, warm);
    before = settled_pages();
    queued = ring_bytes();
    open_for(z, n);
    quiet(false);
    CHECK_EQ(settled_pages(), before);
    CHECK_EQ(ring_bytes(), queued);
}

/* Every system call with random and edge-case arguments, by several threads of several SIPs. */
KTEST(hostile_calls)
{
    struct zoo z = { 0 };

    without_loss(&z, visit, 1000, option_number(OPT_CALLS));
    ktest_say("%lu calls, %lu lives, %lu killed, %lu refused", (unsigned long)z.calls,
              (unsigned long)z.lives, (unsigned long)z.killed, (unsigned long)z.refused);
}

/* The same with programs of all kinds, allocations that fail, and slices of any length. */
static void soak(struct zoo *z, uint64_t minutes)
{
    uint64_t end = clock_ns() + minutes * 60 * NS_PER_S, said = clock_ns();

    z->all_kinds = true;
    if (open(z)) {
        ktest_faults(1000, z->bystander->pid + 1);
        for (unsigned i = 0; (i < 150 || clock_ns() < end) && !ktest_failed(); i++) {
            sched_slice(20000 + roll(z, 2000000));
            feed(z);
            sched_sleep(roll(z, 2 * LOOK_NS));
            invariants_check();
            if (clock_ns() - said > 60 * NS_PER_S) {
                said += 60 * NS_PER_S;
                quiet(false);
                ktest_note("%lu lives, %lu killed, %lu refused", (unsigned long)z->lives,
                           (unsigned long)z->killed, (unsigned long)z->refused);
                quiet(true);
            }
        }
        ktest_faults(0, 0);
    }
    close(z);
    sched_slice(option_number(OPT_SLICE) * 1000);
}

KTEST(soak)
{
    struct zoo z = { 0 };

    without_loss(&z, soak, 0, option_number(OPT_MINUTES));
    ktest_say("%lu lives, %lu killed, %lu refused, %lu allocations failed",
              (unsigned long)z.lives, (unsigned long)z.killed, (unsigned long)z.refused,
              (unsigned long)ktest_faulted());
}
