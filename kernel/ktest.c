/*
 * ktest.c - the harness of in-kernel tests: lists them, runs them one after the other in a thread
 * of its own, says how they went as TAP lines. `test=PATTERN` on the command line runs those whose
 * names contain it ("all": all) instead of the first program, and ends the machine with a status.
 */
#include "kernel/ktest.h"
#include "kernel/options.h"
#include "iface/kernel_system.h"

#define STACK (256ul << 10)
#define REASON_MAX 240u

extern const struct ktest ktests_start[], ktests_end[];

static struct event work_come = EVENT;
static bool asked;                      /* atomic */
static uint32_t asked_index, asked_token, asked_pid;
static char reason[REASON_MAX], said[80];

/* The linker has each file's last test first. Members of groups count one each: *member. NULL: past
 * the end, and *member is the number of tests. */
static const struct ktest *find(uint32_t index, uint32_t *member)
{
    uint32_t all = 0;

    for (const struct ktest *t = ktests_end; t-- > ktests_start;) {
        uint32_t n = t->group ? t->group->count() : 1;
        if (index - all < n) {
            *member = index - all;
            return t;
        }
        all += n;
    }
    *member = all;
    return NULL;
}

uint32_t ktest_count(void)
{
    uint32_t n;

    find(UINT32_MAX, &n);
    return n;
}

const char *ktest_name(uint32_t index)
{
    uint32_t i;
    const struct ktest *t = find(index, &i);

    return !t ? "" : t->group ? t->group->name(i) : t->name;
}

static void run(uint32_t index)
{
    uint32_t i;
    const struct ktest *t = find(index, &i);

    reason[0] = said[0] = 0;
    if (t && t->group)
        t->group->run(i);
    else if (t)
        t->run();
}

void ktest_fail(const char *fmt, ...)
{
    va_list ap;

    if (reason[0])
        return;
    va_start(ap, fmt);
    kvsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
}

void ktest_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    kvsnprintf(said, sizeof said, fmt, ap);
    va_end(ap);
}

bool ktest_failed(void)
{
    return reason[0] != 0;
}

void ktest_note(const char *fmt, ...)
{
    char line[200];
    va_list ap;

    va_start(ap, fmt);
    kvsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    kprintf("# %s\n", line);
}

void ktest_end(struct thread *t)
{
    while (!thread_stop(t))
        sched_sleep(NS_PER_MS);
    thread_free(t);
}

/* ---- allocations that fail ------------------------------------------------------------------- */

static struct thread *tester;
static uint32_t fault_rate, fault_pid;
static uint64_t fault_dice = 1, faulted;        /* atomic */

void ktest_faults(uint32_t n, uint32_t pid)
{
    fault_pid = pid;
    __atomic_store_n(&fault_rate, n, __ATOMIC_RELEASE);
}

bool ktest_fault(void)
{
    const struct thread *t = this_thread();
    uint32_t n = __atomic_load_n(&fault_rate, __ATOMIC_RELAXED);
    uint64_t x;

    if (!n || !(t->sip ? t->sip->pid >= fault_pid : t == tester))
        return false;
    x = __atomic_add_fetch(&fault_dice, 0x9e3779b97f4a7c15ull, __ATOMIC_RELAXED);
    x = (x ^ x >> 31) * 0xbf58476d1ce4e5b9ull;
    if ((x >> 33) % n)
        return false;
    __atomic_fetch_add(&faulted, 1, __ATOMIC_RELAXED);
    return true;
}

uint64_t ktest_faulted(void)
{
    return faulted;
}

/* pattern: "all", or parts of names with commas between them. */
static bool matches(const char *name, const char *pattern)
{
    if (strcmp(pattern, "all") == 0)
        return true;
    for (size_t n; *pattern; pattern += n + (pattern[n] == ',')) {
        for (n = 0; pattern[n] && pattern[n] != ','; n++)
            ;
        for (const char *at = name; *at; at++)
            if (strncmp(at, pattern, n) == 0)
                return true;
    }
    return false;
}

static void run_matching(const char *pattern)
{
    uint32_t n = 0, passed = 0, failed = 0;

    for (uint32_t i = 0; i < ktest_count(); i++)
        n += matches(ktest_name(i), pattern);
    kprintf("TAP version 13\n1..%u\n", n);
    n = 0;
    for (uint32_t i = 0; i < ktest_count(); i++) {
        uint64_t start = clock_ns();
        if (!matches(ktest_name(i), pattern))
            continue;
        run(i);
        failed += reason[0] != 0;
        passed += reason[0] == 0;
        kprintf("%sok %u - %s # %lu ms%s%s%s%s\n", reason[0] ? "not " : "", ++n, ktest_name(i),
                (unsigned long)((clock_ns() - start) / NS_PER_MS), said[0] ? ", " : "", said,
                reason[0] ? ": " : "", reason);
    }
    kprintf("# %u passed, %u failed\n", passed, failed);
    machine_exit(failed || !passed ? EXIT_FAIL : EXIT_OK);
}

static void serve_request(void)
{
    struct { struct kernel_system_test_run_ans a; char report[REASON_MAX]; } ans = { 0 };
    uint32_t token = asked_token, pid = asked_pid;

    run(asked_index);
    ans.a.failed = reason[0] != 0;
    memcpy(ans.report, reason, sizeof ans.report);
    __atomic_store_n(&asked, false, __ATOMIC_RELEASE);
    kserve_answer(token, pid, &ans, (uint32_t)(sizeof ans.a + strlen(ans.report)), NULL);
}

static void work(void *arg)
{
    tester = this_thread();
    if (option_given(OPT_TEST))
        run_matching(option_string(OPT_TEST));
    for (;;) {
        event_wait(&work_come, FOREVER);
        serve_request();
    }
}

/* Runs test `index` for a caller of kernel-system; one at a time. */
err_t ktest_request(uint32_t index, uint32_t token, uint32_t pid)
{
    if (index >= ktest_count())
        return ERR_NOT_FOUND;
    if (__atomic_exchange_n(&asked, true, __ATOMIC_ACQUIRE))
        return ERR_BUSY;
    asked_index = index;
    asked_token = token;
    asked_pid = pid;
    event_set(&work_come);
    return 0;
}

void ktest_init(void)
{
    struct thread *t = thread_create(NULL, "tests", STACK, work, NULL);

    assert(t, "no memory for the test thread");
    sched_start(t);
}
