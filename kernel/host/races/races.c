/*
 * races.c - who did what before whom: finds accesses of two CPUs to the same bytes, at least one a
 * write and not both atomic, that nothing orders.
 *
 * The thread of execution is the CPU: kernel text is not preempted, and a thread that moves to
 * another CPU does it through locks. Each CPU has a clock, which ticks when it releases something,
 * and knows of each other CPU up to which of its ticks it has heard. What a CPU releases by an
 * atomic store or a read-modify-write is kept at the word, and taken over by who acquires it there;
 * locks are nothing else. Each word of 8 bytes has the last few accesses to it (struct cell); one
 * that the CPU now accessing has not heard of is a race.
 *
 * Looked at are RAM through the direct map and the kernel's data. A word's state is guarded by one
 * of LOCKS spin locks, with interrupts off, so that a signal on the same CPU does not meet it.
 */
#include "kernel/host/races/races.h"
#include <linux/mman.h>

#define LOCKS 4096u
#define LARGE 512u                  /* bytes */
#define POOL_BYTES (1ul << 32)

struct place { uintptr_t start; size_t size; struct cell *cells; uint32_t **heard; };

static struct place places[2];
static uint32_t clocks[RACE_CPUS][RACE_CPUS + 8] __attribute__((aligned(64)));
static bool busy[RACE_CPUS];        /* it writes a report, by means of instrumented functions */
static uint32_t locks[LOCKS];
static uint32_t *pool;              /* for `heard`, never given back */
static size_t pool_used;
static bool on;

static void *reserve(size_t n)
{
    long at = LINUX6(mmap, 0, n, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at < 0)
        host_fail("no address space for the race detector", "");
    return (void *)at;
}

static void cover(struct place *p, uintptr_t start, size_t size)
{
    p->start = start;
    p->size = size;
    p->cells = reserve(size / 8 * RACE_CELLS * sizeof *p->cells);
    p->heard = reserve(size / 8 * sizeof *p->heard);
}

/* The first further CPU: what was before has been before everything. */
static void begin(void)
{
    uintptr_t data = (uintptr_t)data_start & ~7ul;

    cover(&places[0], DIRECT_BASE, memory_bytes());
    cover(&places[1], data, ((uintptr_t)data_end - data + 7) & ~7ul);
    pool = reserve(POOL_BYTES);
    for (unsigned i = 0; i < RACE_CPUS; i++)
        clocks[i][i] = 1;
    __atomic_store_n(&on, true, __ATOMIC_RELEASE);
}

bool __wrap_cpu_launch(struct cpu *c)
{
    if (c->id >= RACE_CPUS)
        host_fail("the race detector has 8 CPUs", "--cpus");
    if (!on)
        begin();
    for (unsigned i = 0; i < RACE_CPUS; i++)
        if (i != c->id)
            clocks[c->id][i] = clocks[cpu_field(id)][i];
    clocks[cpu_field(id)][cpu_field(id)]++;
    return __real_cpu_launch(c);
}

/* Whoever holds a lock may be stopped. */
void race_end(void)
{
    __atomic_store_n(&on, false, __ATOMIC_SEQ_CST);
}

static const struct place *place_of(uintptr_t at)
{
    for (unsigned i = 0; on && i < 2; i++)
        if (at - places[i].start < places[i].size)
            return &places[i];
    return NULL;
}

/* ---- words ----------------------------------------------------------------------------------- */

static uint32_t *lock_of(uintptr_t at)
{
    return &locks[(at / 8 * 0x9e3779b97f4a7c15ul) >> 52];
}

/* The stack may be that of a SIP, where a page that is missing is one fault more, and that asks for
 * locks here, too: it is there before the first one is taken. */
static void lock_word(uint32_t *l)
{
    __asm__ volatile("testb %%al,-3072(%%rsp)" ::: "cc", "memory");
    while (__atomic_exchange_n(l, 1, __ATOMIC_ACQUIRE) && on)
        LINUX3(sched_yield, 0, 0, 0);
}

static void unlock_word(uint32_t *l)
{
    __atomic_store_n(l, 0, __ATOMIC_RELEASE);
}

/* Do both atomics agree, or an atomic read with a write that it sees whole? */
static bool agree(unsigned a, unsigned b)
{
    return (a & b & ATOMIC) || ((a & (WRITE | ATOMIC)) == ATOMIC && (b & WHOLE))
        || ((b & (WRITE | ATOMIC)) == ATOMIC && (a & WHOLE));
}

/* Is `now` after `before`, or do they agree? */
static bool ordered(uint64_t before, uint64_t now)
{
    unsigned b = cell_how(before), n = cell_how(now);

    return cell_cpu(before) == cell_cpu(now) || !((b | n) & WRITE) || agree(b, n)
        || cell_clock(before) <= clocks[cell_cpu(now)][cell_cpu(before)];
}

/* Would whoever races with `before` also race with `now`, which is after it? */
static bool replaces(uint64_t now, uint64_t before)
{
    unsigned b = cell_how(before), n = cell_how(now);

    return !(cell_bytes(before) & ~cell_bytes(now)) && (!(b & WRITE) || (n & WRITE))
        && (!(n & ATOMIC) || (b & ATOMIC))
        && (!(n & WHOLE) || !(b & WRITE) || (b & (ATOMIC | WHOLE)))
        && cell_clock(before) <= clocks[cell_cpu(now)][cell_cpu(before)];
}

/* An access to a word, which is locked. */
static void note(struct cell *c, uintptr_t at, struct cell now)
{
    unsigned to = RACE_CELLS, cpu = cell_cpu(now.what);

    for (unsigned i = 0; i < RACE_CELLS; i++) {
        uint64_t before = c[i].what;
        if ((cell_bytes(before) & cell_bytes(now.what)) && !ordered(before, now.what)) {
            busy[cpu] = true;
            race_report(at, c[i], now);
            busy[cpu] = false;
        }
        if (!before || replaces(now.what, before)) {
            c[i].what = 0;
            to = i;
        }
    }
    if (to == RACE_CELLS)                       /* any */
        to = (cell_clock(now.what) + now.site.pc) % RACE_CELLS;
    c[to] = now;
}

static uint64_t access_now(uintptr_t at, size_t n, unsigned how)
{
    uint64_t bytes = ((1ul << n) - 1) << at % 8 & 0xff;
    uint32_t cpu = cpu_field(id);

    return (uint64_t)clocks[cpu][cpu] << 32 | cpu << 16 | bytes << 8 | how;
}

static bool noted(const struct cell *c, uint64_t now)
{
    for (unsigned i = 0; i < RACE_CELLS; i++)
        if (__atomic_load_n(&c[i].what, __ATOMIC_RELAXED) == now)
            return true;
    return false;
}

void race_access(uintptr_t at, size_t n, unsigned how, struct site site)
{
    const struct place *p = place_of(at);

    if (!p || !n || busy[cpu_field(id)])
        return;
    for (uintptr_t end = at + n, next; at < end; at = next) {
        struct cell *c = p->cells + (at - p->start) / 8 * RACE_CELLS;
        uint64_t now, irq;
        next = (at & ~7ul) + 8 < end ? (at & ~7ul) + 8 : end;
        now = access_now(at, next - at, how);
        if (n > LARGE)
            next = (at & ~63ul) + 64;           /* one word of each line */
        if (noted(c, now))
            continue;
        irq = irq_save();
        lock_word(lock_of(at));
        note(c, at, (struct cell){ now, site });
        unlock_word(lock_of(at));
        irq_restore(irq);
    }
}

/* ---- what orders ----------------------------------------------------------------------------- */

struct race_word race_enter(uintptr_t at)
{
    const struct place *p = place_of(at);
    struct race_word w = { 0 };

    if (!p || busy[cpu_field(id)])
        return w;
    w.cells = p->cells + (at - p->start) / 8 * RACE_CELLS;
    w.heard = p->heard + (at - p->start) / 8;
    w.lock = lock_of(at);
    w.irq = irq_save();
    lock_word(w.lock);
    return w;
}

void race_leave(struct race_word *w)
{
    if (!w->lock)
        return;
    unlock_word(w->lock);
    irq_restore(w->irq);
}

void race_atomic(struct race_word *w, uintptr_t at, size_t n, unsigned how, struct site site)
{
    uint64_t now = w->lock ? access_now(at, n, how | ATOMIC) : 0;

    if (w->lock && !noted(w->cells, now))
        note(w->cells, at, (struct cell){ now, site });
}

void race_acquire(struct race_word *w, int order)
{
    uint32_t *mine = clocks[cpu_field(id)];

    if (!w->lock || !*w->heard || order == __ATOMIC_RELAXED || order == __ATOMIC_RELEASE)
        return;
    for (unsigned i = 0; i < RACE_CPUS; i++)
        mine[i] = (*w->heard)[i] > mine[i] ? (*w->heard)[i] : mine[i];
}

void race_release(struct race_word *w, int order, bool joins)
{
    uint32_t cpu = cpu_field(id), *mine = clocks[cpu];
    size_t at;

    if (!w->lock || order == __ATOMIC_RELAXED || order == __ATOMIC_ACQUIRE)
        return;
    if (!*w->heard) {
        at = __atomic_fetch_add(&pool_used, RACE_CPUS, __ATOMIC_RELAXED);
        if (at >= POOL_BYTES / sizeof *pool)
            host_fail("the race detector is out of memory", "");
        *w->heard = pool + at;
    }
    for (unsigned i = 0; i < RACE_CPUS; i++)
        (*w->heard)[i] = joins && (*w->heard)[i] > mine[i] ? (*w->heard)[i] : mine[i];
    mine[cpu]++;
}

void race_left(struct thread *t)
{
    struct race_word w = race_enter((uintptr_t)&t->on_cpu);

    race_release(&w, __ATOMIC_RELEASE, false);
    race_leave(&w);
}
