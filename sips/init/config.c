/*
 * config.c - init.conf taken apart (pure). Its syntax is told at its head. A line that is wrong is
 * left out, with an error that says where and what would be right.
 */
#include "sips/init/config.h"

#define LIMITS "memory=8M queued=64K handles=20 threads=4 cpu=12.5"

struct reader {
    char *line, *at;            /* at: what is not read yet */
    uint32_t number;
    bool wrong;                 /* an error in this line was told */
    const struct config_sink *to;
};

__attribute__((format(printf, 3, 4)))
static void complain(struct reader *r, const char *at, const char *fmt, ...)
{
    char text[240];
    va_list ap;

    if (r->wrong)
        return;
    r->wrong = true;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->to->error(text, r->number, (uint32_t)(at - r->line) + 1);
}

static void skip_spaces(struct reader *r)
{
    while (is_space(*r->at))
        r->at++;
}

/* The next word, terminated in place; "" at the line's end, with *at where that is. */
static char *next(struct reader *r)
{
    char *word;

    skip_spaces(r);
    word = r->at;
    while (*r->at && !is_space(*r->at))
        r->at++;
    if (*r->at)
        *r->at++ = 0;
    return word;
}

static bool is_next(struct reader *r, const char *word)
{
    size_t n = strlen(word);

    skip_spaces(r);
    if (strncmp(r->at, word, n) || (r->at[n] && !is_space(r->at[n])))
        return false;
    next(r);
    return true;
}

/* A number from 1 to max that ends at *end. */
static uint32_t number(struct reader *r, const char *word, char **end, uint32_t max,
                       const char *what)
{
    uint64_t v = strtoull(word, end, 10);

    if (*end == word || !v || v > max)
        complain(r, word, "%s is a number from 1 to %u here, not `%.40s`", what, max, word);
    return (uint32_t)v;
}

static uint32_t whole(struct reader *r, uint32_t max, const char *what)
{
    char *word = next(r), *end;
    uint32_t v = number(r, word, &end, max, what);

    if (*end)
        complain(r, word, "%s is a number from 1 to %u here, not `%.40s`", what, max, word);
    return v;
}

/* Behind `restart`: nothing, `always`, or `N in SECONDS`. */
static void read_restart(struct reader *r, struct restart *to)
{
    to->times = RESTART_TIMES;
    to->seconds = RESTART_SECONDS;
    if ((to->always = is_next(r, "always")))
        return;
    skip_spaces(r);
    if (!is_digit(*r->at))
        return;
    to->times = whole(r, RESTARTS_MAX, "how often");
    if (!is_next(r, "in"))
        complain(r, r->at, "`restart %u` is followed by `in SECONDS`", to->times);
    else
        to->seconds = whole(r, 86400, "within how many seconds");
}

/* Behind `wait`: MS or MS-MS. */
static void read_wait(struct reader *r, struct restart *to)
{
    char *word = next(r), *end;

    to->pause_ms = to->pause_max_ms = number(r, word, &end, 3600000, "a pause in milliseconds");
    if (*end == '-') {
        word = end + 1;
        to->pause_max_ms = number(r, word, &end, 3600000, "the longest pause in milliseconds");
    }
    if (*end)
        complain(r, word, "a pause is MS or MS-MS, not `%.40s`", word);
    else if (to->pause_max_ms < to->pause_ms)
        complain(r, word, "the longest pause is shorter than the first one");
}

/* Is the next word name=..., with a name of a limit? */
static bool limit_next(struct reader *r)
{
    static const char *const names[] = { "memory=", "queued=", "handles=", "threads=", "cpu=" };

    skip_spaces(r);
    for (uint32_t i = 0; i < COUNT(names); i++)
        if (!strncmp(r->at, names[i], strlen(names[i])))
            return true;
    return false;
}

static void read_options(struct reader *r, struct service *s)
{
    bool never = false, waits = false;

    for (;;) {
        char *at;
        skip_spaces(r);
        at = r->at;
        if (is_next(r, "restart")) {
            read_restart(r, &s->restart);
        } else if (is_next(r, "never")) {
            never = true;
        } else if (is_next(r, "wait")) {
            read_wait(r, &s->restart);
            waits = true;
        } else if (limit_next(r)) {
            if (!limits_read(&s->limits, next(r)))
                complain(r, at, "`%.40s` is no limit; these are: " LIMITS "%%", at);
        } else {
            is_next(r, "--");
            break;
        }
        if (never && (s->restart.times || waits))
            complain(r, at, "`never` and `%s` contradict each other",
                     s->restart.times ? "restart" : "wait");
    }
    if (waits && !s->restart.times)
        complain(r, r->at, "`wait` needs `restart`: it is the pause before that");
}

/* The arguments are put behind the name, without what stood between. */
static void read_args(struct reader *r, struct service *s)
{
    char *to = s->args + strlen(s->args) + 1, *word;

    while (*(word = next(r))) {
        uint32_t n = (uint32_t)strlen(word) + 1;
        if (s->boot)
            complain(r, word, "nothing stands behind $boot");
        if (!strcmp(word, "$boot")) {
            s->boot = true;
            continue;
        }
        memmove(to, word, n);
        to += n;
    }
    s->nargs = (uint32_t)(to - s->args);
    if (s->nargs > LINE_MAX)
        complain(r, s->args, "more than %u bytes of arguments", LINE_MAX);
}

static bool read_start(struct reader *r, struct service *all, uint32_t n)
{
    struct service *s = &all[n];

    skip_spaces(r);
    if (n == SERVICES_MAX) {
        complain(r, r->at, "more than %u programs are started", SERVICES_MAX);
        return false;
    }
    memset(s, 0, sizeof *s);
    s->restart.pause_ms = PAUSE_MS;
    s->restart.pause_max_ms = PAUSE_MAX_MS;
    s->args = next(r);
    if (!*s->args)
        complain(r, s->args, "`start` is followed by a program's name");
    if (strlen(s->args) >= SERVICE_NAME)
        complain(r, s->args, "a program's name has at most %u letters", SERVICE_NAME - 1);
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(all[i].args, s->args))
            complain(r, s->args, "%s is started by an earlier line already", s->args);
    read_options(r, s);
    read_args(r, s);
    return !r->wrong;
}

uint32_t config_read(char *text, struct service all[SERVICES_MAX], const struct config_sink *to)
{
    struct reader r = { .number = 1, .to = to };
    uint32_t n = 0;

    for (char *end; *text; text = end, r.number++) {
        char *comment;
        for (end = text; *end && *end != '\n'; end++)
            ;
        if (*end)
            *end++ = 0;
        if ((comment = strchr(text, '#')))
            *comment = 0;
        r.line = r.at = text;
        r.wrong = false;
        if (is_next(&r, "grant")) {
            skip_spaces(&r);
            to->grant(r.at, r.number, (uint32_t)(r.at - r.line) + 1);
        } else if (is_next(&r, "start")) {
            n += read_start(&r, all, n);
        } else if (*r.at) {
            text = next(&r);
            complain(&r, text, "`%.40s` is nothing that a line begins with: `grant PROGRAM WHAT` or"
                     " `start PROGRAM ...`", text);
        }
    }
    return n;
}
