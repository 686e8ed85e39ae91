/*
 * shadow.c - the runtime of -fsanitize=kernel-address in the checked build: every load and store of
 * kernel and compiler asks here whether the bytes exist.
 *
 * Eight bytes of the direct map have one byte of shadow: 0 = all there, 1-7 = so many, else a
 * reason. The linker puts the __wrap functions before the heap and the page allocator: a block gets
 * REDZONE bytes behind it, a block or page that was freed is closed until it is handed out again.
 * heap.c and pmm.c themselves are not instrumented. No quarantine: what is handed out again at once
 * hides its use after free. What is not in the direct map (stacks, SIPs, statics) is not looked at.
 */
#include "kernel/host/linux.h"
#include "kernel/ktest.h"
#include "kernel/host/checked/shadow.h"
#include <linux/mman.h>

#define REDZONE 32u
enum { BEHIND = 0xfa, FREED = 0xfd, PAGE_FREED = 0xfe };

static uint8_t *shadow;
static size_t covered;

static void cover(void)
{
    long at = LINUX6(mmap, 0, memory_bytes() / 8, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at < 0)
        host_fail("no memory for the shadow", "");
    shadow = (uint8_t *)at;
    covered = memory_bytes();
}

static void mark(const void *p, size_t n, uint8_t what)
{
    uintptr_t off = (uintptr_t)p - DIRECT_BASE;

    if (!shadow)
        cover();
    __real_memset(shadow + off / 8, what, n / 8);
    if (n % 8)
        shadow[(off + n) / 8] = what ? what : (uint8_t)(n % 8);
}

static void check(uintptr_t at, size_t n, const char *what, const void *from)
{
    uintptr_t off = at - DIRECT_BASE;

    if (off >= covered || !n)
        return;
    for (uintptr_t b = off / 8; b <= (off + n - 1) / 8; b++) {
        uint8_t s = shadow[b];
        uintptr_t last = b == (off + n - 1) / 8 ? (off + n - 1) % 8 : 7;
        if (s == 0 || (s < 8 && last < s))
            continue;
        covered = 0;                            /* the epitaph is not checked */
        panic("%s of %zu bytes at %p, called from %p: %s", what, n, (void *)at, from,
              s == FREED ? "freed block" : s == PAGE_FREED ? "freed page" : "beyond its block");
    }
}

#define HERE __builtin_return_address(0)
#define ACCESS(n) \
    void __asan_load##n##_noabort(uintptr_t a) { check(a, n, "load", HERE); } \
    void __asan_store##n##_noabort(uintptr_t a) { check(a, n, "store", HERE); }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
void __asan_loadN_noabort(uintptr_t a, size_t n) { check(a, n, "load", HERE); }
void __asan_storeN_noabort(uintptr_t a, size_t n) { check(a, n, "store", HERE); }
void __asan_handle_no_return(void) { }

void *__wrap_memcpy(void *to, const void *from, size_t n)
{
    check((uintptr_t)from, n, "copy from", HERE);
    check((uintptr_t)to, n, "copy to", HERE);
    return __real_memcpy(to, from, n);
}

void *__wrap_memmove(void *to, const void *from, size_t n)
{
    check((uintptr_t)from, n, "move from", HERE);
    check((uintptr_t)to, n, "move to", HERE);
    return __real_memmove(to, from, n);
}

void *__wrap_memset(void *to, int c, size_t n)
{
    check((uintptr_t)to, n, "fill", HERE);
    return __real_memset(to, c, n);
}

/* ---- the heap -------------------------------------------------------------------------------- */

void *__wrap_kmalloc(size_t n)
{
    size_t whole = (n + 7) & ~7ul;
    uint8_t *p = n < 1ul << 40 && !ktest_fault() ? __real_kmalloc(whole + REDZONE) : NULL;

    if (!p)
        return NULL;
    mark(p + whole, REDZONE, BEHIND);
    mark(p, n, 0);
    return p;
}

void *__wrap_kzalloc(size_t n)
{
    void *p = __wrap_kmalloc(n);

    if (p)
        __real_memset(p, 0, n);
    return p;
}

void __wrap_kfree(void *p)
{
    uintptr_t b = ((uintptr_t)p - DIRECT_BASE) / 8;
    size_t n = 0;

    if (p) {
        check((uintptr_t)p, 1, "free", HERE);
        while (shadow[b + n] != BEHIND)
            n++;
        mark(p, n * 8, FREED);
    }
    __real_kfree(p);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* Closed before they are given back, for another CPU may have them at once. What kfree gives back
 * in whole pages (page_free_trimmed) it has closed. */

static paddr_t opened(paddr_t pa, size_t pages)
{
    if (pa != PAGE_NONE)
        mark(phys_to_virt(pa), pages * PAGE_SIZE, 0);
    return pa;
}

paddr_t __wrap_page_alloc(void)
{
    return ktest_fault() ? PAGE_NONE : opened(__real_page_alloc(), 1);
}

paddr_t __wrap_page_alloc_run(unsigned o)
{
    return ktest_fault() ? PAGE_NONE : opened(__real_page_alloc_run(o), 1ul << o);
}

paddr_t __wrap_page_alloc_low(unsigned o)
{
    return ktest_fault() ? PAGE_NONE : opened(__real_page_alloc_low(o), 1ul << o);
}

paddr_t __wrap_page_alloc_zero(void)
{
    paddr_t pa = __wrap_page_alloc();

    if (pa != PAGE_NONE)
        __real_memset(phys_to_virt(pa), 0, PAGE_SIZE);
    return pa;
}

void __wrap_page_free(paddr_t pa)
{
    mark(phys_to_virt(pa), PAGE_SIZE, PAGE_FREED);
    __real_page_free(pa);
}

void __wrap_page_free_run(paddr_t pa, unsigned order)
{
    mark(phys_to_virt(pa), PAGE_SIZE << order, PAGE_FREED);
    __real_page_free_run(pa, order);
}
