/*
 * entry.c - what -fsanitize=thread makes instrumented code call before each access, and instead of
 * each atomic one; and the functions of string.asm, which see memory, too.
 */
#include "kernel/host/races/races.h"

void __tsan_init(void)
{
}

/* What is volatile is meant to be read while others write it: it is as good as atomic, and what is
 * found through what was read is there, as with READ_ONCE of Linux. */
static void volatile_read(uintptr_t a, size_t n, struct site site)
{
    struct race_word w = race_enter(a);

    race_atomic(&w, a, n, READ, site);
    race_acquire(&w, __ATOMIC_ACQUIRE);
    race_leave(&w);
}

/* A plain write that is aligned and no larger than a register is one instruction. */
static unsigned write_of(uintptr_t a, size_t n)
{
    return n <= 8 && a % n == 0 ? WRITE | WHOLE : WRITE;
}

#define ACCESS(n) \
    void __tsan_read##n(uintptr_t a) { race_access(a, n, READ, SITE); } \
    void __tsan_write##n(uintptr_t a) { race_access(a, n, write_of(a, n), SITE); } \
    void __tsan_unaligned_read##n(uintptr_t a) { race_access(a, n, READ, SITE); } \
    void __tsan_unaligned_write##n(uintptr_t a) { race_access(a, n, WRITE, SITE); } \
    void __tsan_volatile_read##n(uintptr_t a) { volatile_read(a, n, SITE); } \
    void __tsan_volatile_write##n(uintptr_t a) { race_access(a, n, WRITE | ATOMIC, SITE); }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
void __tsan_read_range(uintptr_t a, size_t n) { race_access(a, n, READ, SITE); }
void __tsan_write_range(uintptr_t a, size_t n) { race_access(a, n, WRITE, SITE); }

void *__wrap_memcpy(void *to, const void *from, size_t n)
{
    race_access((uintptr_t)from, n, READ, SITE);
    race_access((uintptr_t)to, n, WRITE, SITE);
    return __real_memcpy(to, from, n);
}

void *__wrap_memmove(void *to, const void *from, size_t n)
{
    race_access((uintptr_t)from, n, READ, SITE);
    race_access((uintptr_t)to, n, WRITE, SITE);
    return __real_memmove(to, from, n);
}

void *__wrap_memset(void *to, int c, size_t n)
{
    race_access((uintptr_t)to, n, WRITE, SITE);
    return __real_memset(to, c, n);
}

/* ---- atomic ones ----------------------------------------------------------------------------- */

void __tsan_atomic_thread_fence(int order)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int order)
{
}

#define FETCH(bits, op, real) \
    uint##bits##_t __tsan_atomic##bits##_##op(volatile uint##bits##_t *p, uint##bits##_t v, \
                                              int order) \
    { \
        struct race_word w = race_enter((uintptr_t)p); \
        uint##bits##_t was = real(p, v, __ATOMIC_SEQ_CST); \
        race_atomic(&w, (uintptr_t)p, sizeof v, WRITE, SITE); \
        race_acquire(&w, order); \
        race_release(&w, order, true); \
        race_leave(&w); \
        return was; \
    }

#define COMPARE(bits, kind) \
    bool __tsan_atomic##bits##_compare_exchange_##kind(volatile uint##bits##_t *p, \
        uint##bits##_t *was, uint##bits##_t v, int order, int failed) \
    { \
        struct race_word w = race_enter((uintptr_t)p); \
        bool ok = __atomic_compare_exchange_n(p, was, v, false, __ATOMIC_SEQ_CST, \
                                              __ATOMIC_SEQ_CST); \
        race_atomic(&w, (uintptr_t)p, sizeof v, ok ? WRITE : READ, SITE); \
        race_acquire(&w, ok ? order : failed); \
        race_release(&w, ok ? order : __ATOMIC_RELAXED, true); \
        race_leave(&w); \
        return ok; \
    }

#define ATOMIC_ACCESS(bits) \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order) \
    { \
        struct race_word w = race_enter((uintptr_t)p); \
        uint##bits##_t v = __atomic_load_n(p, __ATOMIC_SEQ_CST); \
        race_atomic(&w, (uintptr_t)p, sizeof v, READ, SITE); \
        race_acquire(&w, order); \
        race_leave(&w); \
        return v; \
    } \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int order) \
    { \
        struct race_word w = race_enter((uintptr_t)p); \
        race_atomic(&w, (uintptr_t)p, sizeof v, WRITE, SITE); \
        race_release(&w, order, false); \
        __atomic_store_n(p, v, __ATOMIC_SEQ_CST); \
        race_leave(&w); \
    } \
    COMPARE(bits, strong) \
    COMPARE(bits, weak) \
    FETCH(bits, exchange, __atomic_exchange_n) \
    FETCH(bits, fetch_add, __atomic_fetch_add) \
    FETCH(bits, fetch_sub, __atomic_fetch_sub) \
    FETCH(bits, fetch_and, __atomic_fetch_and) \
    FETCH(bits, fetch_or, __atomic_fetch_or) \
    FETCH(bits, fetch_xor, __atomic_fetch_xor)
ATOMIC_ACCESS(8)
ATOMIC_ACCESS(16)
ATOMIC_ACCESS(32)
ATOMIC_ACCESS(64)
