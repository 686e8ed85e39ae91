/*
 * sips.c - starting programs for tests.
 */
#include "tests/kernel/sips.h"
#include "kernel/options.h"

#define ARGS 256u

/* Blanks become NULs; the length with the last one. */
static uint32_t split(const char *args, char *to)
{
    uint32_t n = 0;

    for (; args[n] && n + 1 < ARGS; n++)
        to[n] = args[n] == ' ' ? 0 : args[n];
    to[n++] = 0;
    return n;
}

static err_t try(const char *args, struct endpoint *stdio, bool trusted,
                 const struct quota *quota, struct process **p, char *reason, size_t n)
{
    char words[ARGS];
    struct spawn sp = { .args = words, .trusted = trusted, .stdio = stdio ? &stdio->o : NULL };
    err_t e;

    if (quota)
        sp.quota = *quota;
    sp.args_len = split(args, words);
    if ((e = store_find(words, &sp.program)) < 0) {
        ksnprintf(reason, n, "no such program");
        return e;
    }
    return sip_spawn(&sp, p, reason, n);
}

struct process *start_with(const char *args, struct endpoint *stdio, const struct quota *quota)
{
    struct process *p = NULL;
    char reason[160];

    if (try(args, stdio, true, quota, &p, reason, sizeof reason) >= 0)
        return p;
    ktest_fail("%s: %s", args, reason);
    if (stdio)
        object_drop(&stdio->o);
    return NULL;
}

struct process *start(const char *args, struct endpoint *stdio)
{
    return start_with(args, stdio, NULL);
}

struct process *start_within(const char *args, const struct quota *quota)
{
    return start_with(args, NULL, quota);
}

err_t start_bytes(const uint8_t *bytes, size_t size, struct process **p, char *reason, size_t n)
{
    struct program prog = { .name = "bytes", .bytes = bytes, .size = size, .module = true };
    struct spawn sp = { .program = &prog, .no_cache = true, .quota = { .memory = 16ul << 20 },
                        .args = "bytes",
                        .args_len = 6 };

    return sip_spawn(&sp, p, reason, n);
}

/* Kills it and waits until nothing of it is left. */
static void end(struct process *p)
{
    struct sip *s = alive(p);

    if (s)
        sip_kill(s);
    if (!process_wait(p, (int64_t)(clock_ns() + 10 * NS_PER_S)))
        panic("a killed SIP does not end");
}

uint64_t time_of(struct process *p)
{
    struct sip *s = alive(p);
    uint64_t ns;

    if (!s)
        return 0;
    lock_take(&s->lock);
    ns = sched_sip_ns(s);
    lock_drop(&s->lock);
    return ns;
}

int32_t finish(struct process *p, uint64_t ms, uint32_t *trap)
{
    int32_t status = TIMED_OUT;

    if (!p)
        return NOT_STARTED;
    if (process_wait(p, (int64_t)(clock_ns() + ms * NS_PER_MS)))
        status = p->info.status;
    else
        end(p);
    if (trap)
        *trap = p->info.trap;
    object_drop(&p->o);
    return status;
}

int32_t run(const char *args, struct endpoint *stdio, uint64_t ms)
{
    return finish(start(args, stdio), ms, NULL);
}

void run_without_loss(const char *args, unsigned n)
{
    size_t before;

    CHECK_EQ(run(args, NULL, 5000), 0);
    before = settled_pages();
    while (n--)
        CHECK_EQ(run(args, NULL, 5000), 0);
    CHECK_EQ(settled_pages(), before);
}

void run_pair(const char *a, const char *b, uint64_t ms, int32_t status[2])
{
    struct endpoint *end[2];
    struct process *p, *q;

    status[0] = status[1] = NOT_STARTED;
    if (chan_create(NULL, end) < 0) {
        ktest_fail("no channel");
        return;
    }
    p = start(a, end[0]);
    q = start(b, end[1]);
    status[0] = finish(p, ms, NULL);
    status[1] = finish(q, ms, NULL);
}

bool contains(const char *s, const char *words)
{
    size_t n = strlen(words);

    for (; *s; s++)
        if (strncmp(s, words, n) == 0)
            return true;
    return n == 0;
}

void expect_refusal(const char *args, bool trusted, err_t want, const char *words)
{
    struct process *p = NULL;
    char reason[200] = "";
    err_t e = try(args, NULL, trusted, NULL, &p, reason, sizeof reason);

    if (p) {
        ktest_fail("%s was started", args);
        finish(p, 0, NULL);
        return;
    }
    if (e != want || !contains(reason, words))
        ktest_fail("%s: %s: %s", args, err_text(e), reason);
}

void slices(uint64_t ns)
{
    sched_slice(ns ? ns : option_number(OPT_SLICE) * 1000);
    this_core()->slice_end = 0;
    this_core()->slice_stale = true;
}

void quiet(bool on)
{
    if (option_given(OPT_TEST))
        log_serial(!on);
}

uint32_t newest_pid(void)
{
    struct sip *s;
    uint32_t pid = 0;

    while ((s = sip_next(pid)))
        pid = s->pid;
    return pid;
}

size_t settled_pages(void)
{
    do
        sched_sleep(NS_PER_MS);
    while (!workers_idle());            /* for one that was killed they go on */
    reclaim_settle();
    image_trim(0);
    slot_trim();
    heap_trim();
    return page_count_free();
}
