/*
 * ktest.h - tests that run inside the kernel. KTEST(name) { ... } anywhere in tests/kernel/ is
 * found by itself; it runs in a kernel thread with a large stack, may block, and spawns SIPs.
 */
#ifndef KERNEL_KTEST_H
#define KERNEL_KTEST_H

#include "kernel/kernel.h"

/* Tests that are known only when the kernel runs. */
struct ktest_group {
    uint32_t (*count)(void);
    const char *(*name)(uint32_t i);    /* valid until the next call */
    void (*run)(uint32_t i);
};
struct ktest { const char *name; void (*run)(void); const struct ktest_group *group; }
    __attribute__((aligned(32)));

#define KTEST(id) \
    static void ktest_##id(void); \
    static const struct ktest ktest_row_##id \
        __attribute__((section(".ktests"), used)) = { #id, ktest_##id, NULL }; \
    static void ktest_##id(void)

#define KTEST_GROUP(id, ...) \
    static const struct ktest_group ktest_group_##id = { __VA_ARGS__ }; \
    static const struct ktest ktest_row_##id \
        __attribute__((section(".ktests"), used)) = { #id, NULL, &ktest_group_##id }

/* Notes why the running test fails; the first reason counts. */
void ktest_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool ktest_failed(void);
/* Goes into the result's line, behind the time. */
void ktest_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A line of information beside the results. */
void ktest_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends a kernel thread of the test's, once it is blocked or waits for a CPU. */
void ktest_end(struct thread *t);

/* From now on one in `n` allocations fails, at random, of the tests' thread and of SIPs from this
 * pid on; n = 0: none. In the checked hosted build alone (kernel/host/checked). */
void ktest_faults(uint32_t n, uint32_t pid);
bool ktest_fault(void);                 /* asked before an allocation: is this one to fail? */
uint64_t ktest_faulted(void);           /* how many have */

/* In a function without result: fails and leaves it. */
#define CHECK(cond, ...) \
    do { if (!(cond)) { ktest_fail(__VA_ARGS__); return; } } while (0)
#define CHECK_EQ(a, b) \
    do { \
        long long a_ = (long long)(a), b_ = (long long)(b); \
        CHECK(a_ == b_, "line %d: %s is %lld, not %lld", __LINE__, #a, a_, b_); \
    } while (0)

#endif
