/*
 * init.c - the first program: gives every program what init.conf says, starts those that it
 * lists, and starts again those that are to be kept alive.
 *
 *   grant PROGRAM WHAT           see iface/kernel_policy.wit
 *   start NAME [restart] [LIMITS] [ARGS]  in this order; restart: again whenever it ends;
 *                                LIMITS: memory=8M, cpu=10% ..., see limits_read in sip.h
 *
 * If ARGS end with $boot, then at the first start the word `boot` and init's own arguments,
 * which the kernel takes from its option `run`, stand there; later nothing.
 *
 * `#` starts a comment. A program that ends RESTARTS times within a minute is left alone. What
 * goes wrong is in the kernel's log.
 */
#include "sips/sip.h"
#include "iface/kernel_policy.h"
#include "iface/kernel_process.h"
#include "iface/kernel_store.h"
#include "iface/kernel_system.h"

USE(IFACE_KERNEL_PROCESS, PROCESS, 2);
USE(IFACE_KERNEL_STORE, STORE, 3);
USE(IFACE_KERNEL_POLICY, POLICY, 4);
USE(IFACE_KERNEL_SYSTEM, SYSTEM, 5);

#define CONFIG "init.conf"
#define CONFIG_BYTES 16384u
#define SERVICES 32u
#define RESTARTS 8u
#define MINUTE (60000 * MS)

struct service {
    char *args;                     /* NUL-terminated strings, the name first */
    struct limits limits;
    uint32_t nargs, process;        /* bytes of args; handle, 0: it does not run */
    bool restart, boot;             /* boot: the next start is the first, of $boot */
    int64_t at;                     /* when to start it again; 0: not at all */
    int64_t minute;                 /* start of the minute in which restarts are counted */
    uint32_t restarts;
};

static struct service services[SERVICES];
static uint32_t nservices;
static char config[CONFIG_BYTES + 1];
static int own_argc;
static char **own_argv;

__attribute__((format(printf, 1, 2))) static void report(const char *fmt, ...)
{
    struct { uint32_t op; char text[300]; } q = { .op = KERNEL_SYSTEM_LOG_WRITE };
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(q.text, sizeof q.text, fmt, ap);
    va_end(ap);
    chan_send(SYSTEM, &q, 4 + ((uint32_t)n < sizeof q.text ? (uint32_t)n : sizeof q.text - 1), 0);
}

/* ---- the configuration --------------------------------------------------------------------- */

static bool read_config(void)
{
    struct { struct kernel_store_read_req q; char name[sizeof CONFIG - 1]; } q;
    static struct { struct kernel_store_read_ans a; char bytes[MSG_BYTES_MAX]; } a;
    uint32_t at = 0;

    q.q = (struct kernel_store_read_req){ .op = KERNEL_STORE_READ };
    memcpy(q.name, CONFIG, sizeof q.name);
    for (;;) {
        int32_t n;
        q.q.offset = at;
        n = chan_call(STORE, &q, sizeof q.q + sizeof q.name, &a, sizeof a);
        if (n < (int32_t)sizeof a.a) {
            report(CONFIG ": %s", error_text(n));
            return false;
        }
        n -= (int32_t)sizeof a.a;
        if ((uint32_t)n > CONFIG_BYTES - at) {
            report(CONFIG " is larger than %u bytes", CONFIG_BYTES);
            return false;
        }
        memcpy(config + at, a.bytes, (uint32_t)n);
        at += (uint32_t)n;
        if (n == 0 || at >= a.a.size)
            return true;
    }
}

static void grant(const char *rule, uint32_t line)
{
    struct { struct kernel_policy_grant_req q; char rule[256]; } q;
    struct { struct kernel_policy_grant_ans a; char reason[256]; } a;
    int32_t r;

    q.q.op = KERNEL_POLICY_GRANT;
    memset(&a, 0, sizeof a);
    r = chan_call(POLICY, &q, sizeof q.q + (uint32_t)copy_text(q.rule, sizeof q.rule, rule), &a,
                  sizeof a - 1);
    if (r < 0)
        report(CONFIG " line %u: %s: %s", line, rule,
               a.reason[0] ? a.reason : error_text(r));
}

/* Cuts the words of s into NUL-terminated strings in place; returns their bytes. */
static uint32_t cut_words(char *s)
{
    char *to = s, *from = s;

    while (*from) {
        while (is_space(*from))
            from++;
        if (!*from)
            break;
        while (*from && !is_space(*from))
            *to++ = *from++;
        if (*from)
            from++;
        *to++ = 0;
    }
    return (uint32_t)(to - s);
}

/* Takes the second word out; false if it is another one than `word` (NULL: any). */
static bool take_second(struct service *s, const char *word)
{
    char *second = s->args + strlen(s->args) + 1;
    uint32_t n;

    if (second >= s->args + s->nargs || (word && strcmp(second, word)))
        return false;
    n = strlen(second) + 1;
    s->nargs -= n;
    memmove(second, second + n, s->nargs - (uint32_t)(second - s->args));
    return true;
}

static void add_service(char *args, uint32_t line)
{
    struct service *s = &services[nservices];

    if (nservices == SERVICES) {
        report(CONFIG " line %u: more than %u programs", line, SERVICES);
        return;
    }
    s->args = args;
    s->nargs = cut_words(args);
    s->restart = take_second(s, "restart");
    while (strlen(args) + 1 < s->nargs && limits_read(&s->limits, args + strlen(args) + 1))
        take_second(s, NULL);
    if (s->nargs >= 6 && !memcmp(args + s->nargs - 6, "$boot", 6)) {
        s->boot = true;
        s->nargs -= 6;
    }
    nservices += s->nargs > 0;
}

/* The rest of s after the word, or NULL if s begins with another one. */
static char *after(char *s, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(s, word, n) || !is_space(s[n]))
        return NULL;
    for (s += n; is_space(*s); s++)
        ;
    return s;
}

static void configure(void)
{
    char *s = config, *next, *rest;

    for (uint32_t line = 1; *s; line++, s = next) {
        for (next = s; *next && *next != '\n'; next++)
            ;
        if (*next)
            *next++ = 0;
        if ((rest = strchr(s, '#')))
            *rest = 0;
        while (is_space(*s))
            s++;
        if ((rest = after(s, "grant")))
            grant(rest, line);
        else if ((rest = after(s, "start")))
            add_service(rest, line);
        else if (*s)
            report(CONFIG " line %u: neither grant nor start: %s", line, s);
    }
}

/* ---- services ------------------------------------------------------------------------------ */

static void start(struct service *s)
{
    char args[LINE_MAX];
    struct child child;
    uint32_t n = s->nargs < sizeof args ? s->nargs : sizeof args;

    s->at = 0;
    memcpy(args, s->args, n);
    if (s->boot && n < sizeof args)
        n += (uint32_t)copy_text(args + n, sizeof args - n, "boot") + 1;
    for (int i = 1; s->boot && i < own_argc && n < sizeof args; i++)
        n += (uint32_t)copy_text(args + n, sizeof args - n, own_argv[i]) + 1;
    s->boot = false;
    if (spawn_with(PROCESS, 0, &s->limits, args, n, 0, &child) < 0)
        report("%s: %s", s->args, child.reason);
    s->process = child.process;
}

/* Decides when a service that has ended is started again: sooner if it did not do so lately. */
static void plan_restart(struct service *s)
{
    int64_t now = sys_clock();

    if (now - s->minute > MINUTE) {
        s->minute = now;
        s->restarts = 0;
    }
    if (s->restarts == RESTARTS) {
        report("%s ended %u times within a minute and is left alone", s->args, RESTARTS);
        return;
    }
    s->at = now + ((10 * MS) << s->restarts++);
}

static void ended(struct service *s, const struct exit_info *info)
{
    if (info->trap)
        report("%s: %s", s->args, info->text);
    else
        report("%s ended with status %d", s->args, info->status);
    sys_close(s->process);
    s->process = 0;
    if (s->restart)
        plan_restart(s);
}

/* Starts what is due; returns when the next one is. */
static int64_t start_due(void)
{
    int64_t next = FOREVER;

    for (uint32_t i = 0; i < nservices; i++) {
        struct service *s = &services[i];
        if (s->at && s->at <= sys_clock())
            start(s);
        if (s->at && s->at < next)
            next = s->at;
    }
    return next;
}

int main(int argc, char **argv)
{
    static union { struct exit_info info; char bytes[MSG_BYTES_MAX]; } in;
    struct msg m = { 0 };

    own_argc = argc;
    own_argv = argv;
    if (!read_config())
        return 1;
    configure();
    for (uint32_t i = 0; i < nservices; i++)
        start(&services[i]);
    for (;;) {
        int32_t n = chan_serve(&m, &in, sizeof in, start_due());
        for (uint32_t i = 0; i < nservices && n >= (int32_t)sizeof in.info; i++)
            if (m.kind == MSG_EXIT && services[i].process == m.from)
                ended(&services[i], &in.info);
    }
}
