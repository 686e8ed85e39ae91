/*
 * pages.c - kernel/pmm.c and kernel/heap.c alone, as a program of Linux: 64 MiB stand for RAM, with
 * holes, and two CPUs take turns, each with its stack of pages and its stock of blocks. Random
 * allocations never overlap or leave RAM, are aligned and keep their content; counts are exact;
 * nothing is lost when memory runs out; what is given back merges.
 *
 * The kernel reaches its CPU through FS, which is the C library's here: it is switched around each
 * call, and nothing of the library runs in between.
 */
#include <asm/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/pmm.h"

enum { RAM = 64 << 20, FRAMES = RAM >> PAGE_SHIFT, HELD = 3000, ROUNDS = 120000, CPUS = 2 };
enum { LARGEST = 6 };           /* order of runs that are asked for at random, at most */

static const struct { paddr_t from, to; } usable[] = {
    { 0x1000, 0x9f000 }, { 0x100000, 0x123000 }, { 0x200000, 0x2000000 }, { 0x2001000, 0x3c00000 },
};
#define RANGES (sizeof usable / sizeof *usable)
static paddr_t reserved = 0x3d00000;    /* what boot_page hands out */

static struct cpu cpus[CPUS];
static uintptr_t library_fs;
static unsigned at;                     /* the CPU whose turn it is */
static uint8_t taken[FRAMES];
static uint32_t seed = 1;
static int cases, failures;

/* ---- what the kernel's files ask of others ------------------------------------------------- */

bool cpus_many;

static void set_fs(uintptr_t to)
{
    long r;

    __asm__ volatile("syscall" : "=a"(r) : "a"(SYS_arch_prctl), "D"(ARCH_SET_FS), "S"(to)
                     : "rcx", "r11", "memory");
}

void panic(const char *fmt, ...)
{
    set_fs(library_fs);
    printf("Bail out! panic: %s\n", fmt);
    exit(1);
}

void lock_spin(struct lock *l)
{
    panic("a lock is held");
}

void lock_check(const struct lock *l, bool take)
{
}

unsigned cpus_up(void)
{
    return CPUS;
}

struct cpu *cpu_of(unsigned id)
{
    return &cpus[id];
}

void boot_usable(void (*fn)(paddr_t, paddr_t));
void boot_usable(void (*fn)(paddr_t, paddr_t))
{
    for (size_t k = 0; k < RANGES; k++)
        fn(usable[k].from, usable[k].to);
}

paddr_t boot_page(size_t pages);
paddr_t boot_page(size_t pages)
{
    reserved += pages << PAGE_SHIFT;
    return reserved - (pages << PAGE_SHIFT);
}

bool map_page(uintptr_t va, paddr_t pa, unsigned flags)
{
    return false;
}

size_t unmap_range(uintptr_t va, size_t size)
{
    return 0;
}

/* ---- the test ------------------------------------------------------------------------------ */

#define ON_CPU(call) ({ set_fs((uintptr_t)&cpus[at]); __auto_type r_ = (call); \
                        set_fs(library_fs); r_; })
#define DO_ON_CPU(call) (set_fs((uintptr_t)&cpus[at]), (call), set_fs(library_fs))

static uint32_t rnd(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void check(bool ok, const char *what)
{
    printf("%sok %d - %s\n", ok ? "" : "not ", ++cases, what);
    failures += !ok;
}

/* Something that is held: pages of RAM, or a block of the heap. */
struct thing { paddr_t pa; uint8_t *p; size_t n; unsigned order; bool trimmed; uint8_t with; };
static struct thing held[HELD];
static uint32_t nheld;

static bool in_ram(paddr_t pa, size_t bytes)
{
    for (size_t k = 0; k < RANGES; k++)
        if (pa >= usable[k].from && pa + bytes <= usable[k].to)
            return true;
    return false;
}

/* Fills it; false: it is not in RAM, or somebody has it. */
static bool hold(struct thing t)
{
    t.with = (uint8_t)rnd(256);
    for (paddr_t pa = t.pa; !t.p && pa < t.pa + t.n; pa += PAGE_SIZE)
        if (taken[pa >> PAGE_SHIFT]++)
            return false;
    if (!t.p && (!in_ram(t.pa, t.n) || t.pa % (PAGE_SIZE << t.order)))
        return false;
    memset(t.p ? t.p : phys_to_virt(t.pa), t.with, t.n);
    held[nheld++] = t;
    return true;
}

static bool untouched(const struct thing *t)
{
    const uint8_t *p = t->p ? t->p : phys_to_virt(t->pa);

    for (size_t k = 0; k < t->n; k++)
        if (p[k] != t->with)
            return false;
    return true;
}

static bool drop(uint32_t k)
{
    struct thing t = held[k];
    bool ok = untouched(&t);

    held[k] = held[--nheld];
    for (paddr_t pa = t.pa; !t.p && pa < t.pa + t.n; pa += PAGE_SIZE)
        taken[pa >> PAGE_SHIFT] = 0;
    if (t.p)
        DO_ON_CPU(kfree(t.p));
    else if (t.trimmed)
        ok = ON_CPU(page_free_trimmed(t.pa)) == t.n >> PAGE_SHIFT && ok;
    else if (t.order)
        DO_ON_CPU(page_free_run(t.pa, t.order));
    else
        DO_ON_CPU(page_free(t.pa));
    return ok;
}

static bool take_pages(void)
{
    unsigned order = rnd(3) ? 0 : rnd(LARGEST + 1);
    paddr_t pa = order ? ON_CPU(page_alloc_run(order)) : ON_CPU(page_alloc());
    struct thing t = { .pa = pa, .order = order, .n = PAGE_SIZE << order };

    if (pa == PAGE_NONE)
        return true;
    if (order && rnd(2)) {
        size_t pages = 1 + rnd(1u << order);
        DO_ON_CPU(page_trim_run(pa, order, pages));
        t.trimmed = true;
        t.n = pages << PAGE_SHIFT;
    }
    return hold(t);
}

static size_t pages_held(void)
{
    size_t n = 0;

    for (uint32_t k = 0; k < nheld; k++)
        n += held[k].n >> PAGE_SHIFT;
    return n;
}

static bool take_block(void)
{
    size_t n = rnd(20) == 0 ? rnd(100000) : rnd(3) ? rnd(200) : rnd(5000);
    uint8_t *p = ON_CPU(kmalloc(n));

    return !p || ((uintptr_t)p % 16 == 0 && in_ram(virt_to_phys(p), n)
                  && hold((struct thing){ .p = p, .n = n }));
}

/* Random takes and drops, more of the ones at first, then of the others. */
static bool churn(bool (*take)(void), size_t total)
{
    for (uint32_t k = 0; k < ROUNDS; k++) {
        at = rnd(CPUS);
        bool more = nheld == 0 || (nheld < HELD && rnd(100) < (k / 20000 % 2 ? 45 : 55));
        if (!(more ? take() : drop(rnd(nheld))))
            return false;
        if (k % 1000 == 0 && total && ON_CPU(page_count_free()) + pages_held() != total)
            return false;
    }
    while (nheld)
        if (!drop(nheld - 1))
            return false;
    return true;
}

static void pages(void)
{
    size_t total = ON_CPU(page_count_free()), n = 0;
    static paddr_t all[FRAMES];

    check(churn(take_pages, total), "pages and runs are apart, aligned, in RAM, and counted");
    check(ON_CPU(page_count_free()) == total, "all pages are back");
    while ((all[n] = ON_CPU(page_alloc())) != PAGE_NONE)
        at = n++ % CPUS;
    check(n == total && ON_CPU(page_count_free()) == 0, "all of RAM can be had");
    check(ON_CPU(kmalloc(100)) == NULL && ON_CPU(page_alloc_run(3)) == PAGE_NONE,
          "then there is none, which is said");
    while (n) {
        at = n % CPUS;
        DO_ON_CPU(page_free(all[--n]));
    }
    check(ON_CPU(page_alloc_run(12)) != PAGE_NONE, "what comes back merges to 16 MiB");
}

static void heap(void)
{
    size_t before = ON_CPU(page_count_free()), held_before = ON_CPU(heap_pages());

    check(churn(take_block, 0), "blocks are apart, aligned, in RAM, and keep their content");
    for (at = 0; at < CPUS; at++)
        DO_ON_CPU(heap_trim());
    at = 0;
    check(ON_CPU(heap_pages()) == held_before && ON_CPU(page_count_free()) == before,
          "after a trim the heap holds what it held before");
    check(ON_CPU(kmalloc((size_t)1 << 41)) == NULL && ON_CPU(kmalloc(RAM)) == NULL
          && ON_CPU(kmalloc((size_t)-1)) == NULL, "more than there is, is refused");
}

int main(void)
{
    void *ram = mmap((void *)DIRECT_BASE, RAM, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (ram != (void *)DIRECT_BASE) {
        perror("Bail out! no place for RAM");
        return 1;
    }
    syscall(SYS_arch_prctl, ARCH_GET_FS, &library_fs);
    for (unsigned k = 0; k < CPUS; k++) {
        cpus[k].self = &cpus[k];
        cpus[k].id = k;
    }
    DO_ON_CPU(pmm_init());
    DO_ON_CPU(heap_init());
    for (unsigned k = 1; k < CPUS; k++) {
        cpus[k].pages = ON_CPU(page_stack_make());
        cpus[k].heap = ON_CPU(heap_stock_make());
    }
    printf("1..8\n");
    pages();
    heap();
    return failures != 0;
}
