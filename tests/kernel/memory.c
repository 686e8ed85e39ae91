/*
 * memory.c - several threads, on as many CPUs as there are, allocate, map, fault in, seal and free
 * at the same time: nobody finds another's bytes, in the heap or behind a mapping that a CPU has
 * not forgotten; and every page comes back.
 */
#include "tests/kernel/sips.h"

#define ALIKE 77u                   /* what slot_initial is told */
#define STACK 65536u
#define WORKERS 4u
#define ROUNDS 60u
#define RELAYS 16u
#define BLOCKS 40u

static uint32_t done, wrong;
static struct slot *shared;                 /* all fault in its pages, each page at the same time */
static struct event parked;

static uint32_t rnd(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % n;
}

static void wrong_if(bool found)
{
    if (found)
        __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

/* Writes what only this thread and this place would, or looks whether it is still there. */
static void stamp(void *p, size_t bytes, uint64_t mark)
{
    volatile uint64_t *v = p;

    for (size_t i = 0; i < bytes / 8; i++)
        v[i] = (uintptr_t)&v[i] ^ mark;
}

static bool stamped(void *p, size_t bytes, uint64_t mark)
{
    volatile uint64_t *v = p;

    for (size_t i = 0; i < bytes / 8; i++)
        if (v[i] != ((uintptr_t)&v[i] ^ mark))
            return false;
    return true;
}

static void heap_round(uint32_t *seed, uint64_t mark)
{
    void *p[BLOCKS];
    size_t n[BLOCKS];

    for (unsigned i = 0; i < BLOCKS; i++) {
        n[i] = 8 + rnd(seed, rnd(seed, 20) ? 600 : 20000);
        if ((p[i] = kmalloc(n[i])))
            stamp(p[i], n[i], mark);
    }
    sched_yield();
    for (unsigned i = 0; i < BLOCKS; i++) {
        wrong_if(p[i] && !stamped(p[i], n[i], mark));
        kfree(p[i]);
    }
}

static void stack_round(uint32_t *seed, uint64_t mark)
{
    size_t size = PAGE_SIZE * (1 + rnd(seed, 20));
    uintptr_t top = kstack_alloc(size);

    if (!top)
        return;
    stamp((void *)(top - size), size, mark);
    sched_yield();
    wrong_if(!stamped((void *)(top - size), size, mark));
    kstack_free(top, size);
}

static void code_round(uint32_t *seed, uint64_t mark)
{
    struct code c;

    if (!code_alloc(&c, 1 + rnd(seed, 40000)))
        return;
    for (size_t i = 0; i < c.size / 8; i++)
        ((uint64_t *)c.rw)[i] = (uintptr_t)&((uint64_t *)c.rx)[i] ^ mark;
    if (!code_seal(&c))
        return;
    sched_yield();
    wrong_if(!stamped(c.rx, c.size, mark));
    code_free(&c);
}

/* A slot that was another's is zero, and has nothing beyond its size. */
static void slot_round(uint32_t *seed, uint64_t mark)
{
    uint64_t bytes = 65536 * (1 + rnd(seed, 4));
    struct slot *s = slot_alloc(PAGE_SIZE * (1 + rnd(seed, 2)), SLOT_STACK_DEFAULT, bytes, 0,
                                NULL);
    uint32_t touched = rnd(seed, rnd(seed, 4) ? 20 : 60);

    if (!s)
        return;
    for (uint64_t off = bytes; off < bytes + 8 * 65536; off += PAGE_SIZE)
        wrong_if(page_query(s->base + off, NULL, NULL));
    wrong_if(!slot_commit(s, bytes));
    for (uint32_t i = 0; i < touched; i++) {
        volatile uint64_t *at = (uint64_t *)s->base + rnd(seed, (uint32_t)bytes / 8);
        wrong_if(*at && *at != ((uintptr_t)at ^ mark));
        *at = (uintptr_t)at ^ mark;
    }
    sched_yield();
    for (uint64_t off = 0; off < bytes; off += 8) {
        volatile uint64_t *at = (uint64_t *)(s->base + off);
        if (off % PAGE_SIZE == 0 && !page_query((uintptr_t)at, NULL, NULL))
            off += PAGE_SIZE - 8;
        else
            wrong_if(*at && *at != ((uintptr_t)at ^ mark));
    }
    slot_free(s);
}

/* All wait for all. */
static void meet(void)
{
    static uint32_t came;
    uint32_t all = (__atomic_fetch_add(&came, 1, __ATOMIC_ACQ_REL) / WORKERS + 1) * WORKERS;

    while ((int32_t)(__atomic_load_n(&came, __ATOMIC_ACQUIRE) - all) < 0) {
        cpu_relax();
        sched_yield();
    }
}

/* A mapping that all have used is taken away by one of them; what comes to its place is what all
 * see there. */
static void relay_round(uint32_t round, uint32_t me)
{
    static uintptr_t top;

    if (round % WORKERS == me) {
        top = kstack_alloc(2 * PAGE_SIZE);
        if (top)
            stamp((void *)(top - 2 * PAGE_SIZE), 2 * PAGE_SIZE, round);
    }
    meet();
    wrong_if(!top || !stamped((void *)(top - 2 * PAGE_SIZE), 2 * PAGE_SIZE, round));
    meet();
    if ((round + 1) % WORKERS == me && top)
        kstack_free(top, 2 * PAGE_SIZE);
    meet();
}

static void work(void *arg)
{
    uint64_t mark = (uintptr_t)arg << 48;
    uint32_t seed = (uint32_t)(uintptr_t)arg * 77;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        heap_round(&seed, mark);
        stack_round(&seed, mark);
        code_round(&seed, mark);
        slot_round(&seed, mark);
        if (i < RELAYS)
            relay_round(i, (uint32_t)(uintptr_t)arg - 1);
        __atomic_fetch_add((uint32_t *)(shared->base + i * 2 * PAGE_SIZE), 1, __ATOMIC_RELAXED);
        sched_yield();
    }
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
    for (;;)
        event_wait(&parked, FOREVER);
}

KTEST(memory_on_all_cpus)
{
    struct thread *t[WORKERS];
    size_t before = settled_pages();

    done = wrong = 0;
    shared = slot_alloc(PAGE_SIZE, 0, 0, 0, NULL);
    CHECK(shared && slot_commit(shared, ROUNDS * 2 * PAGE_SIZE), "no slot");
    for (uintptr_t i = 0; i < WORKERS; i++) {
        t[i] = thread_create(NULL, "memory", STACK, work, (void *)(i + 1));
        CHECK(t[i], "no thread");
        sched_start(t[i]);
    }
    while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < WORKERS)
        sched_sleep(NS_PER_MS);
    CHECK_EQ(wrong, 0);
    for (uint32_t i = 0; i < ROUNDS; i++)
        CHECK_EQ(*(volatile uint32_t *)(shared->base + i * 2 * PAGE_SIZE), WORKERS);
    for (uint32_t i = 0; i < WORKERS; i++)
        ktest_end(t[i]);
    slot_free(shared);
    CHECK_EQ(settled_pages(), before);
}

/* A slot that was kept with its pages, and is given back before the next SIP has any memory. */
KTEST(memory_slot_given_back_early)
{
    struct slot *s, *again;

    slot_trim();
    CHECK((s = slot_alloc(PAGE_SIZE, SLOT_STACK_DEFAULT, 65536, 0, NULL)), "no slot");
    CHECK(slot_commit(s, 65536), "no memory");
    *(volatile uint32_t *)(s->base + 2 * PAGE_SIZE) = 1;
    slot_free(s);
    CHECK((again = slot_alloc(PAGE_SIZE, SLOT_STACK_DEFAULT, 65536, 0, NULL)), "no slot");
    CHECK(again == s, "it was not kept");
    slot_free(again);
    CHECK(slot_trim() > 0, "it was not kept again");    /* all its pages are found */
}

/* A life in a slot that writes its fifth page, and once its second. */
static struct slot *live(bool first)
{
    struct slot *s = slot_alloc(PAGE_SIZE, SLOT_STACK_DEFAULT, 65536, ALIKE, NULL);

    if (!s || !slot_commit(s, 65536))
        return NULL;
    slot_initial(s, ALIKE, 0, 16);
    *(volatile uint32_t *)(s->base + 4 * PAGE_SIZE) = 1;
    if (first)
        *(volatile uint32_t *)(s->base + PAGE_SIZE) = 1;
    return s;
}

/* A kept page that nobody writes any more goes; one that is used stays. */
KTEST(memory_slot_thinned_out)
{
    struct slot *s, *first;

    slot_trim();
    CHECK((s = first = live(true)), "no memory");
    for (unsigned i = 0; i < 100; i++) {
        slot_free(s);
        CHECK((s = live(false)), "no memory");
        CHECK(s == first, "it was not kept");
    }
    CHECK(!page_query(s->base + PAGE_SIZE, NULL, NULL), "an unused page is still there");
    CHECK(page_query(s->base + 4 * PAGE_SIZE, NULL, NULL), "a used page is gone");
    *(volatile uint32_t *)(s->base + PAGE_SIZE) += 1;
    CHECK_EQ(*(volatile uint32_t *)(s->base + PAGE_SIZE), 1);
    slot_free(s);
    CHECK(slot_trim() > 0, "it was not kept again");
}

static bool is_zero(uintptr_t va, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((const volatile uint8_t *)va)[i])
            return false;
    return true;
}

/* Block and stack share a page; who gets the slot next, with a larger block, finds zeroes where the
 * stack was, and the guard between them and the memory is whole. */
KTEST(memory_block_beside_stack)
{
    struct slot *s, *again;

    slot_trim();
    CHECK((s = slot_alloc(300, SLOT_STACK_DEFAULT, 65536, 0, NULL)), "no slot");
    CHECK_EQ(s->stack_top, s->control);
    CHECK_EQ((s->stack_top - 1) / PAGE_SIZE, s->control / PAGE_SIZE);
    CHECK(is_zero(s->control, 300), "not zero");
    memset((void *)(s->stack_top - 600), 0xff, 900);
    slot_free(s);
    CHECK((again = slot_alloc(800, SLOT_STACK_DEFAULT, 65536, 0, NULL)), "no slot");
    CHECK(again == s, "it was not kept");
    CHECK(is_zero(s->control, 800), "what another one left");
    CHECK(s->control + 800 <= s->base - SLOT_GUARD, "the block is in the guard");
    for (uintptr_t va = s->base - SLOT_GUARD; va < s->base; va += PAGE_SIZE)
        CHECK(!page_query(va, NULL, NULL), "a hole in the guard");
    slot_free(s);
}

/* So do those of further threads, each with a guard of its own below. */
KTEST(memory_areas_apart)
{
    struct slot_area a, next;
    struct slot *s;

    CHECK((s = slot_alloc(300, SLOT_STACK_DEFAULT, 65536, 0, NULL)), "no slot");
    for (uint32_t i = 0; i < 9; i++) {
        CHECK(slot_area(s, i, &a) && slot_area(s, i + 1, &next), "no room");
        CHECK_EQ(a.stack_top, a.control);
        CHECK(a.stack_top - a.stack_bottom >= SLOT_STACK_DEFAULT, "too small a stack");
        CHECK(a.control + 300 <= next.stack_bottom - SLOT_GUARD, "no guard");
        CHECK_EQ(slot_fault(a.control + 299), SLOT_PAGED);
        CHECK_EQ(slot_fault(a.stack_bottom), SLOT_PAGED);
        CHECK_EQ(slot_fault(a.stack_bottom - 1), SLOT_OUTSIDE);
    }
    slot_free(s);
}

/* Is the extent still where it stands? */
static bool still_there(const void *extent)
{
    wrong_if(page_query(((const struct extent *)extent)->at, NULL, NULL));
    done++;
    return false;
}

/* Who may have an extent's place in the TLB is asked when no other CPU can look there any more:
 * one that looked after the question would keep what another SIP is given. */
KTEST(memory_extent_leaves_first)
{
    size_t before = settled_pages();
    struct extent x;
    uintptr_t room;
    struct slot *s;
    paddr_t pa;

    wrong = done = 0;
    CHECK((s = slot_alloc(PAGE_SIZE, 0, 0, 0, NULL)) && (room = slot_room(s, 2 * EXTENT_SPAN)),
          "no slot");
    CHECK((pa = page_alloc_run(0)) != PAGE_NONE && extent_make(&x, pa, 0), "no extent");
    extent_move(&x, room, still_there, &x);
    CHECK(page_query(room, NULL, NULL), "it does not stand there");
    extent_move(&x, room + EXTENT_SPAN, still_there, &x);
    extent_move(&x, 0, still_there, &x);
    CHECK_EQ(done, 2);
    CHECK_EQ(wrong, 0);
    extent_free(&x);
    page_free_run(pa, 0);
    slot_free(s);
    CHECK_EQ(settled_pages(), before);
}
