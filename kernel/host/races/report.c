/*
 * report.c - a race in words, once for each pair of places: both accesses with function and
 * caller, then the way to the second one, and what is at the address. And the end: status 1 if
 * there was a race.
 *
 * Heap blocks are known by a note where they begin: who asked for them, and their size. A block
 * that goes is written to, so that who still uses it races.
 */
#include "kernel/host/races/races.h"
#include <linux/mman.h>

#define PAIRS 512u
#define DEEP 10u
#define FRAME_MAX 4096u

struct block_note { uint32_t pc, size; };

static struct { uint64_t a, b; } pairs[PAIRS];
static unsigned found;
static uint32_t report_lock;
static struct block_note *notes;        /* one for each 16 bytes of RAM */

static char line[200];

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    kvsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    host_write(1, line, strlen(line));
}

static void say_place(const char *before, uintptr_t at, const char *after)
{
    uintptr_t off = 0;
    const char *name = at ? symbol_find(at, &off) : NULL;

    say("%s%s+0x%lx%s", before, name ? name : "image", off, after);
}

static void say_access(struct cell c)
{
    unsigned bytes = 0;

    for (unsigned b = cell_bytes(c.what); b; b &= b - 1)
        bytes++;
    say("#   %s%s of %u by CPU %u:", cell_how(c.what) & ATOMIC ? "atomic " : "",
        cell_how(c.what) & WRITE ? "write" : "read", bytes,
        cell_cpu(c.what));
    say_place(" ", c.site.pc, "");
    say_place(" < ", c.site.caller, "\n");
}

/* The way to the access that is being made, as far as kernel frames go on one stack. */
static void say_way(uintptr_t rbp, uint32_t from)
{
    bool there = false;

    for (unsigned n = 0; n < DEEP; n++) {
        const uintptr_t *frame = (const uintptr_t *)rbp;
        if (there)
            say_place(" < ", site_in_kernel(frame[1]), "");
        there |= frame[1] == from;
        if (frame[0] - rbp > FRAME_MAX || !site_in_kernel(frame[1]))
            break;
        rbp = frame[0];
    }
}

static void say_object(uintptr_t at)
{
    size_t i = (at - DIRECT_BASE) / 16, back = 0;

    if (at - DIRECT_BASE >= memory_bytes()) {
        say_place("#   at ", at, "\n");
        return;
    }
    while (back < 4096 / 16 * 64 && back < i && !notes[i - back].size)
        back++;
    if (at - (DIRECT_BASE + (i - back) * 16) < notes[i - back].size) {
        say("#   at %lx, byte %lu of %u", at, at - (DIRECT_BASE + (i - back) * 16),
            notes[i - back].size);
        say_place(" that ", notes[i - back].pc, " has asked for\n");
    } else {
        say("#   at %lx, in a page\n", at);
    }
}

static bool known(uint64_t a, uint64_t b)
{
    for (unsigned i = 0; i < found && i < PAIRS; i++)
        if ((pairs[i].a == a && pairs[i].b == b) || (pairs[i].a == b && pairs[i].b == a))
            return true;
    if (found < PAIRS) {
        pairs[found].a = a;
        pairs[found].b = b;
    }
    return false;
}

void race_report(uintptr_t at, struct cell before, struct cell now)
{
    while (__atomic_exchange_n(&report_lock, 1, __ATOMIC_ACQUIRE))
        LINUX3(sched_yield, 0, 0, 0);
    if (!known(before.site.pc, now.site.pc)) {
        say("# race %u:\n", ++found);
        say_access(before);
        say_access(now);
        say("#     ");
        say_way((uintptr_t)__builtin_frame_address(0), now.site.pc);
        say("\n");
        say_object(at);
    }
    __atomic_store_n(&report_lock, 0, __ATOMIC_RELEASE);
}

void __wrap_cpus_stop(void)
{
    static bool told;

    race_end();
    __real_cpus_stop();
    if (__atomic_load_n(&found, __ATOMIC_ACQUIRE) && !told) {
        told = true;
        say("# %u races\n", found);
        LINUX3(exit_group, 1, 0, 0);
    }
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void *noted(void *p, size_t n, uint32_t pc)
{
    long at;

    if (!notes) {                               /* one CPU is up */
        at = LINUX6(mmap, 0, memory_bytes() / 16 * sizeof *notes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at < 0)
            host_fail("no address space for the race detector", "");
        notes = (struct block_note *)at;
    }
    if (p)
        notes[((uintptr_t)p - DIRECT_BASE) / 16] = (struct block_note){ pc, (uint32_t)n };
    return p;
}

void *__wrap_kmalloc(size_t n)
{
    return noted(__real_kmalloc(n), n, SITE.pc);
}

void *__wrap_kzalloc(size_t n)
{
    return noted(__real_kzalloc(n), n, SITE.pc);
}

void __wrap_kfree(void *p)
{
    struct block_note *b = p ? &notes[((uintptr_t)p - DIRECT_BASE) / 16] : NULL;

    if (b) {
        race_access((uintptr_t)p, b->size, WRITE, SITE);
        b->size = 0;
    }
    __real_kfree(p);
}
