/*
 * system.c - commands that ask the kernel: programs, processes, policy, memory, log, tests, power.
 */
#include "shell.h"
#include "iface/clock.h"
#include "iface/kernel_policy.h"
#include "iface/kernel_process.h"
#include "iface/kernel_store.h"
#include "iface/kernel_system.h"

char answer[MSG_BYTES_MAX] __attribute__((aligned(8)));

int32_t ask(uint32_t h, const void *q, uint32_t n, const char *what)
{
    int32_t r;

    memset(answer, 0, 512);
    r = chan_call(h, q, n, answer, sizeof answer);
    if ((r == ERR_PEER || r == ERR_HANDLE) && sys_connect(h) >= 0)  /* there is a new handler */
        r = chan_call(h, q, n, answer, sizeof answer);
    if (r < 0)
        printf("%s: %s\n", what, error_text(r));
    return r;
}

/* ---- names --------------------------------------------------------------------------------- */

void names_add(struct name_list *l, const char *name)
{
    if (l->count == l->cap) {
        uint32_t cap = l->cap ? 2 * l->cap : 32;
        void *p = realloc(l->name, cap * NAME_BYTES);
        if (!p)
            return;
        l->name = p;
        l->cap = cap;
    }
    copy_text(l->name[l->count++], NAME_BYTES, name);
}

/* Calls `each` with every file of the store. */
static void each_file(void (*each)(const struct kernel_store_file *f, void *ctx), void *ctx)
{
    struct kernel_store_list_req q = { KERNEL_STORE_LIST, 0 };
    struct kernel_store_file file;
    int32_t n;

    do {
        n = ask(STORE, &q, sizeof q, "store");
        for (uint32_t at = offsetof(struct kernel_store_list_ans, status) + 4;
             n > 0 && at + sizeof file <= (uint32_t)n; at += sizeof file, q.first++) {
            memcpy(&file, answer + at, sizeof file);
            each(&file, ctx);
        }
    } while (n > (int32_t)sizeof file);
}

struct filter { struct name_list *l; bool modules_only; };

static void add_file(const struct kernel_store_file *f, void *ctx)
{
    struct filter *x = ctx;

    if (f->module || !x->modules_only)
        names_add(x->l, (const char *)f->name);
}

void store_names(struct name_list *l, bool modules_only)
{
    struct filter x = { l, modules_only };

    each_file(add_file, &x);
}

bool store_has(const char *name)
{
    struct name_list l = { 0 };
    bool has = false;

    store_names(&l, true);
    for (uint32_t i = 0; i < l.count; i++)
        has |= !strcmp(l.name[i], name);
    free(l.name);
    return has;
}

struct listing { const char *prefix; uint32_t count; };     /* NULL: those without a folder */

static void print_file(const struct kernel_store_file *f, void *ctx)
{
    const char *name = (const char *)f->name;
    struct listing *l = ctx;
    char cid[CID_CHARS];

    cid_text(f->hash, cid);
    if (!f->module
            || (l->prefix ? strncmp(name, l->prefix, strlen(l->prefix)) : strchr(name, '/') != 0))
        return;
    l->count++;
    printf("%-16s%9llu  %.20s\n", name, (unsigned long long)f->size, cid);
}

int system_ls(struct words *w)
{
    struct listing l = { w->word[1], 0 };

    each_file(print_file, &l);
    if (!l.count)
        printf("ls: no program's name begins with %s\n", w->word[1]);
    return !l.count;
}

/* ---- processes ----------------------------------------------------------------------------- */

/* Calls `each` with every SIP. */
static void each_process(void (*each)(const struct kernel_process_sip *s, void *ctx), void *ctx)
{
    struct kernel_process_list_req q = { KERNEL_PROCESS_LIST, 0 };
    static char copy[MSG_BYTES_MAX];
    struct kernel_process_sip sip;
    uint32_t at;
    int32_t n;

    do {
        n = ask(PROCESS, &q, sizeof q, "processes");
        if (n < 0)
            return;
        memcpy(copy, answer, (uint32_t)n);      /* `each` may ask, too */
        for (at = 4; at + sizeof sip <= (uint32_t)n; at += sizeof sip) {
            memcpy(&sip, copy + at, sizeof sip);
            q.after = sip.pid;
            each(&sip, ctx);
        }
    } while (at > 4);
}

static void add_pid(const struct kernel_process_sip *s, void *ctx)
{
    char pid[12];

    snprintf(pid, sizeof pid, "%u", s->pid);
    names_add(ctx, pid);
}

void process_names(struct name_list *l)
{
    each_process(add_pid, l);
}

static void print_process(const struct kernel_process_sip *s, void *ctx)
{
    static const char *const states[] = { "ready", "running", "sending", "calling", "waiting",
                                          "ended" };

    printf("%5u %-16s%7u  %-8s%9llu.%03llu%8llu%10llu\n", s->pid, (const char *)s->name,
           s->threads, s->state < COUNT(states) ? states[s->state] : "?",
           (unsigned long long)s->cpu_ns / MS, (unsigned long long)s->cpu_ns / 1000 % 1000,
           (unsigned long long)s->memory / 1024, (unsigned long long)s->messages);
}

/* Used/limit of each. */
static void print_limits(const struct kernel_process_sip *s, void *ctx)
{
    const struct kernel_process_limits *l = &s->limit;
    char cpu[12] = "-";

    if (l->cpu)
        snprintf(cpu, sizeof cpu, "%u.%u%%", l->cpu / 10, l->cpu % 10);
    printf("%5u %-16s%4u/%-5u%4u/%-5u%9llu/%-8llu%6u/%-6u%4u.%u%%/%s\n", s->pid,
           (const char *)s->name, s->threads, l->threads, s->handles, l->handles,
           (unsigned long long)s->memory / 1024, (unsigned long long)l->memory / 1024,
           s->queued / 1024, l->queued / 1024, s->share / 10, s->share % 10, cpu);
}

int system_ps(struct words *w)
{
    if (w->count > 1 && !strcmp(w->word[1], "-v")) {
        printf("%5s %-16s%7s   %7s   %14s    %10s   %8s\n", "PID", "NAME", "THREADS", "HANDLES",
               "MEMORY KiB", "QUEUED KiB", "CPU");
        each_process(print_limits, NULL);
        return 0;
    }
    if (w->count > 1) {
        printf("ps: it knows -v, not %s\n", w->word[1]);
        return 2;
    }
    printf("%5s %-16s%7s  %-8s%13s%8s%10s\n", "PID", "NAME", "THREADS", "STATE", "CPU ms", "KiB",
           "MESSAGES");
    each_process(print_process, NULL);
    return 0;
}

static bool kill_one(const char *word)
{
    struct kernel_process_kill_req q = { .op = KERNEL_PROCESS_KILL };
    struct kernel_process_kill_ans a;
    char *end;
    uint64_t pid = strtoull(word, &end, 10);
    int32_t r;

    if (*end || end == word) {
        printf("kill: %s is not a PID, which is a number; `ps` lists them\n", word);
        return false;
    }
    q.pid = (uint32_t)pid;
    r = pid > UINT32_MAX ? ERR_NOT_FOUND : chan_call(PROCESS, &q, sizeof q, &a, sizeof a);
    if (r == ERR_NOT_FOUND)
        printf("kill: there is no process %s; `ps` lists them\n", word);
    else if (r < 0)
        printf("kill: %s: %s\n", word, error_text(r));
    return r >= 0;
}

int system_kill(struct words *w)
{
    int status = 0;

    if (w->count < 2)
        return command_usage(w);
    for (uint32_t i = 1; i < w->count; i++)
        status |= !kill_one(w->word[i]);
    return status;
}

/* Calls `each` with every interface that somebody handles or waits for; false: it cannot. */
static bool each_handler(void (*each)(const struct kernel_process_handler *h, void *ctx), void *ctx)
{
    struct kernel_process_handlers_req q = { KERNEL_PROCESS_HANDLERS, 0 };
    struct kernel_process_handler one;
    int32_t n;

    do {
        if ((n = ask(PROCESS, &q, sizeof q, "handlers")) < 0)
            return false;
        for (uint32_t at = 4; at + sizeof one <= (uint32_t)n; at += sizeof one, q.first++) {
            memcpy(&one, answer + at, sizeof one);
            each(&one, ctx);
        }
    } while (n > 4);
    return true;
}

static void print_handler(const struct kernel_process_handler *h, void *ctx)
{
    char who[12];

    copy_text(who, sizeof who, h->kernel ? "kernel" : "nobody");
    if (h->pid)
        snprintf(who, sizeof who, "%u", h->pid);
    printf("%-20s%02x%02x%02x%02x..      %8s%9u\n", (const char *)h->name, h->id[0], h->id[1],
           h->id[2], h->id[3], who, h->waiting);
}

int system_handlers(struct words *w)
{
    printf("%-20s%-16s%8s%9s\n", "INTERFACE", "ID", "PID", "WAITING");
    return !each_handler(print_handler, NULL);
}

static void add_interface(const struct kernel_process_handler *h, void *ctx)
{
    names_add(ctx, (const char *)h->name);
}

void interface_names(struct name_list *l)
{
    each_handler(add_interface, l);
}

/* ---- policy -------------------------------------------------------------------------------- */

int system_grant(struct words *w)
{
    struct { uint32_t op; char rule[LINE_MAX]; } q;
    uint32_t n = 0;
    int32_t r;

    if (w->count < 3)
        return command_usage(w);
    q.op = w->word[0][0] == 'g' ? KERNEL_POLICY_GRANT : KERNEL_POLICY_DENY;
    for (uint32_t i = 1; i < w->count; i++)
        n += (uint32_t)snprintf(q.rule + n, sizeof q.rule - n, "%s%s", i > 1 ? " " : "",
                                w->word[i]);
    memset(answer, 0, 512);
    r = chan_call(POLICY, &q, 4 + n, answer, sizeof answer - 1);
    if (r < 0)
        printf("%s: %s\n", w->word[0], answer[4] ? answer + 4 : error_text(r));
    return r < 0;
}

/* Prints the lines of text that begin with `word`, all if it is NULL; how many. */
static uint32_t print_lines(const char *s, uint32_t n, const char *word)
{
    size_t len = word ? strlen(word) : 0;
    uint32_t lines = 0;

    for (uint32_t i = 0, end; i < n; i = end + 1) {
        for (end = i; end < n && s[end] != '\n'; end++)
            ;
        if (word && (strncmp(s + i, word, len) || s[i + len] != ' '))
            continue;
        printf("%.*s\n", (int)(end - i), s + i);
        lines++;
    }
    return lines;
}

int system_grants(struct words *w)
{
    struct kernel_policy_list_req q = { KERNEL_POLICY_LIST, 0 };
    const struct kernel_policy_list_ans *a = (const void *)answer;
    const char *program = w->word[1];
    uint32_t lines = 0;
    int32_t n;

    while ((n = ask(POLICY, &q, sizeof q, "grants")) > (int32_t)sizeof *a) {
        lines += print_lines(answer + sizeof *a, (uint32_t)n - sizeof *a, program);
        q.first = a->next;
    }
    if (n >= 0 && !lines && program && !store_has(program)) {
        printf("grants: %s: no such program; `ls` lists them\n", program);
        return 1;
    }
    if (n >= 0 && !lines && program)
        printf("%s has been granted nothing\n", program);
    return n < 0;
}

/* ---- the machine --------------------------------------------------------------------------- */

int system_mem(struct words *w)
{
    struct kernel_system_memory_req q = { KERNEL_SYSTEM_MEMORY };
    const struct kernel_system_memory_ans *a = (const void *)answer;

    if (ask(SYSTEM, &q, sizeof q, "mem") < (int32_t)sizeof *a)
        return 1;
    printf("total  %9llu KiB\nfree   %9llu KiB\nSIPs   %9llu KiB\nimages %9llu KiB\n"
           "kernel %9llu KiB\n", (unsigned long long)a->total / 1024,
           (unsigned long long)a->free / 1024, (unsigned long long)a->sips / 1024,
           (unsigned long long)a->images / 1024, (unsigned long long)a->kernel / 1024);
    return 0;
}

int system_log(struct words *w)
{
    struct kernel_system_log_read_req q = { .op = KERNEL_SYSTEM_LOG_READ };
    const struct kernel_system_log_read_ans *a = (const void *)answer;
    int32_t n;

    while ((n = ask(SYSTEM, &q, sizeof q, "log")) > (int32_t)sizeof *a) {
        put(answer + sizeof *a, (uint32_t)n - sizeof *a);
        q.from = a->next;
    }
    return n < 0;
}

int system_version(struct words *w)
{
    struct kernel_system_version_req q = { KERNEL_SYSTEM_VERSION };
    int32_t n = ask(SYSTEM, &q, sizeof q, "version");

    if (n >= 4)
        printf("%.*s\n", (int)n - 4, answer + 4);
    return n < 0;
}

int system_power(struct words *w)
{
    struct { uint32_t op; } q = {
        w->word[0][0] == 'r' ? KERNEL_SYSTEM_REBOOT : KERNEL_SYSTEM_POWEROFF
    };
    static char none[MSG_BYTES_MAX];
    struct msg m = { 0 };

    printf("%s\n", w->word[0][0] == 'r' ? "rebooting" : "switching off");
    chan_wait(CONSOLE, &m, none, sizeof none, sys_clock() + 50 * MS);    /* for that to be seen */
    return ask(SYSTEM, &q, sizeof q, w->word[0]) < 0;
}

void system_ready(void)
{
    struct kernel_system_uptime_req q = { KERNEL_SYSTEM_UPTIME };
    struct { uint32_t op; char text[80]; } line = { .op = KERNEL_SYSTEM_LOG_WRITE };
    const struct kernel_system_uptime_ans *a = (const void *)answer;
    uint32_t n;

    if (chan_call(SYSTEM, &q, sizeof q, answer, sizeof answer) < (int32_t)sizeof *a)
        return;
    n = (uint32_t)snprintf(line.text, sizeof line.text,
                           "ready in %llu ms (kernel entry to prompt)\n",
                           (unsigned long long)a->ns / MS);
    put(line.text, n);
    chan_send(SYSTEM, &line, 4 + n, SEND_NOWAIT);
}

/* Year, month and day of a day since 1970-01-01. */
static void civil(uint64_t day, uint32_t *year, uint32_t *month, uint32_t *mday)
{
    uint32_t era, doe, yoe, doy, m;     /* years of 365.2425 days that begin in March */

    day += 719468;
    era = (uint32_t)(day / 146097);
    doe = (uint32_t)(day % 146097);
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    m = (5 * doy + 2) / 153;
    *mday = doy - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = yoe + era * 400 + (*month <= 2);
}

int system_date(void)
{
    struct clock_now_req q = { CLOCK_NOW };
    const struct clock_now_ans *a = (const void *)answer;
    uint32_t year, month, day;
    uint64_t s;

    if (ask(CLOCK, &q, sizeof q, "time") < (int32_t)sizeof *a)
        return 1;
    s = a->unix_ns / 1000000000u;
    civil(s / 86400, &year, &month, &day);
    printf("%04u-%02u-%02u %02u:%02u:%02u UTC\n", year, month, day, (uint32_t)(s / 3600 % 24),
           (uint32_t)(s / 60 % 60), (uint32_t)(s % 60));
    return 0;
}

/* ---- tests --------------------------------------------------------------------------------- */

/* Runs test i; true if it passed. */
static bool run_test(uint32_t i, uint32_t number, const char *name)
{
    struct kernel_system_test_run_req q = { KERNEL_SYSTEM_TEST_RUN, i };
    const struct kernel_system_test_run_ans *a = (const void *)answer;
    int32_t n = ask(SYSTEM, &q, sizeof q, name);
    bool ok = n >= (int32_t)sizeof *a && !a->failed;

    printf("%sok %u - %s\n", ok ? "" : "not ", number, name);
    if (n > (int32_t)sizeof *a)
        printf("# %.*s\n", (int)(n - (int32_t)sizeof *a), answer + sizeof *a);
    return ok;
}

void test_names(struct name_list *l)
{
    struct kernel_system_test_list_req q = { KERNEL_SYSTEM_TEST_LIST, 0 };
    const struct kernel_system_test *t;
    int32_t n;

    while ((n = ask(SYSTEM, &q, sizeof q, "tests")) > 4)
        for (t = (const void *)(answer + 4); (const char *)(t + 1) <= answer + n; t++, q.first++)
            names_add(l, (const char *)t->name);
}

int system_tests(struct words *w)
{
    struct name_list l = { 0 };
    uint32_t passed = 0, run = 0;

    test_names(&l);
    for (uint32_t i = 0; i < l.count; i++) {
        if (w->count < 2)
            printf("  %s\n", l.name[i]);
        else if (!strcmp(w->word[1], "all") || strstr(l.name[i], w->word[1]))
            passed += run_test(i, ++run, l.name[i]);
    }
    if (w->count >= 2 && !run)
        printf("tests: no test has %s in its name; `tests` lists them\n", w->word[1]);
    else if (w->count >= 2)
        printf("1..%u\n# %u passed, %u failed\n", run, passed, run - passed);
    free(l.name);
    return passed != run || (w->count >= 2 && !run);
}
