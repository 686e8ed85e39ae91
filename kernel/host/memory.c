/*
 * memory.c - RAM is one memfd. The direct map is a mapping of all of it, and a page table entry
 * takes effect as a mapping of its one page; neighbours that are neighbours in RAM too are merged
 * by Linux. Its limit vm.max_map_count is met like a want of page tables.
 */
#include "kernel/host/linux.h"
#include "kernel/x64/machine.h"
#include "kernel/string.h"
#include <linux/mman.h>

#define BYTES_MIN (16ul << 20)
#define LARGE (2ul << 20)
#define LARGE_BYTES (32ul << 20)

static int ram = -1;
static size_t bytes;
static paddr_t low = PAGE_SIZE;     /* frame 0 is never handed out */

/* Large pages for the first of the direct map, where the heap begins: on the machine all of it has
 * them. Linux before 6.1, or without a run of free memory, refuses, which does no harm. */
static void use_large_pages(void)
{
    size_t size = bytes < LARGE_BYTES ? bytes & ~(LARGE - 1) : LARGE_BYTES;

    for (size_t at = 0; at < size; at += LARGE)
        *(volatile uint8_t *)(DIRECT_BASE + at) = 0;        /* what is not there is not looked at */
    LINUX3(madvise, DIRECT_BASE, size, MADV_COLLAPSE);
}

void memory_init(size_t megabytes)
{
    long at;

    bytes = megabytes << 20;
    if (bytes < BYTES_MIN || megabytes > 1ul << 20)
        host_fail("-m: at least 16 MiB and at most 1 TiB", "");
    ram = (int)LINUX3(memfd_create, "selkie", 1 /* MFD_CLOEXEC */, 0);
    if (ram < 0 || LINUX3(ftruncate, ram, bytes, 0) < 0)
        host_fail("no memory of that size", "");
    at = LINUX6(mmap, DIRECT_BASE, bytes, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_FIXED_NOREPLACE, ram, 0);
    if (at != (long)DIRECT_BASE)
        host_fail("no address space for memory of that size", "");
    use_large_pages();
}

void *memory_ram(void)
{
    return (void *)DIRECT_BASE;
}

size_t memory_bytes(void)
{
    return bytes;
}

void memory_reserve(size_t end)
{
    low = (end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

paddr_t boot_page(size_t pages)
{
    paddr_t pa = low;

    if (pages > (bytes - low) / PAGE_SIZE)
        host_fail("too little memory", "");
    low += pages * PAGE_SIZE;
    return pa;
}

void boot_usable(void (*fn)(paddr_t start, paddr_t end))
{
    fn(low, bytes);
}

bool page_show(uintptr_t va, paddr_t pa, unsigned flags)
{
    long prot = PROT_READ | (flags & PAGE_W ? PROT_WRITE : 0) | (flags & PAGE_X ? PROT_EXEC : 0);

    return LINUX6(mmap, va & ~(PAGE_SIZE - 1), PAGE_SIZE, prot,
                  MAP_SHARED | MAP_FIXED | MAP_POPULATE, ram, pa) >= 0;
}

void page_hide(uintptr_t va, size_t size)
{
    LINUX3(munmap, va, size, 0);
}

bool page_room(uintptr_t va, size_t size)
{
    return LINUX6(mmap, va, size, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) >= 0;
}

void page_room_end(uintptr_t va, size_t size)
{
    page_hide(va, size);
}

static long show_run(uintptr_t va, paddr_t pa, size_t size)
{
    return LINUX6(mmap, va, size, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_FIXED | MAP_POPULATE, ram, pa);
}

bool page_park(paddr_t pa, size_t size)
{
    return show_run(PARK_BASE + pa, pa, size) >= 0;
}

void page_unpark(paddr_t pa, size_t size)
{
    page_hide(PARK_BASE + pa, size);
}

/* What Linux does not move must not stay where it was, at least. */
void page_move(uintptr_t from, uintptr_t to, paddr_t pa, size_t size)
{
    from = from ? from : PARK_BASE + pa;
    to = to ? to : PARK_BASE + pa;
    if (LINUX6(mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to, 0) >= 0)
        return;
    page_hide(from, size);
    show_run(to, pa, size);
}
