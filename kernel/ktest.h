/*
 * ktest.h - tests that run inside the kernel. KTEST(name) { ... } anywhere in tests/kernel/ is
 * found by itself; it runs in a kernel thread with a large stack, may block, and spawns SIPs.
 */
#ifndef KERNEL_KTEST_H
#define KERNEL_KTEST_H

#include "kernel/kernel.h"

struct ktest { const char *name; void (*run)(void); };

#define KTEST(id) \
    static void ktest_##id(void); \
    static const struct ktest ktest_row_##id \
        __attribute__((section(".ktests"), used, aligned(16))) = { #id, ktest_##id }; \
    static void ktest_##id(void)

/* Notes why the running test fails; the first reason counts. */
void ktest_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool ktest_failed(void);
/* A line of information beside the results. */
void ktest_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* In a function without result: fails and leaves it. */
#define CHECK(cond, ...) \
    do { if (!(cond)) { ktest_fail(__VA_ARGS__); return; } } while (0)
#define CHECK_EQ(a, b) \
    do { \
        long long a_ = (long long)(a), b_ = (long long)(b); \
        CHECK(a_ == b_, "line %d: %s is %lld, not %lld", __LINE__, #a, a_, b_); \
    } while (0)

#endif
