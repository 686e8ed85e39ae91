/*
 * command.c - the table of commands, and what becomes of a typed line.
 */
#include "shell.h"

static void nearest(const char *name, const char *candidate, const char **best, uint32_t *distance)
{
    uint32_t d = words_distance(name, candidate, *distance);

    if (d < *distance) {
        *distance = d;
        *best = candidate;
    }
}

static void unknown(const char *name)
{
    struct name_list l = { 0 };
    uint32_t distance = strlen(name) < 4 ? 2 : 3;
    const char *best = NULL;

    store_names(&l, true);
    for (const struct command *c = commands; c->name; c++)
        nearest(name, c->name, &best, &distance);
    for (uint32_t i = 0; i < l.count; i++)
        nearest(name, l.name[i], &best, &distance);
    printf("%s: no such command or program", name);
    if (best)
        printf("; did you mean `%s`?\n", best);
    else
        puts("; `help` lists commands, `ls` programs");
    free(l.name);
}

static const struct command *find(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

static void explain(const struct command *c)
{
    printf("usage: %s%s%s\n%s\n", c->name, *c->args ? " " : "", c->args, c->help);
    if (c->more)
        puts(c->more);
}

int command_usage(const struct words *w)
{
    const struct command *c = find(w->word[0]);

    printf("usage: %s%s%s\n", c->name, *c->args ? " " : "", c->args);
    if (c->more)
        puts(c->more);
    return 2;
}

static int help(struct words *w)
{
    const struct command *c;

    if (w->count > 1 && (c = find(w->word[1]))) {
        explain(c);
        return 0;
    }
    if (w->count > 1 && store_has(w->word[1])) {
        printf("%s is a program; `%s --help` may tell how it is used, `grants %s` what it may\n",
               w->word[1], w->word[1], w->word[1]);
        return 0;
    }
    if (w->count > 1) {
        unknown(w->word[1]);
        return 1;
    }
    for (c = commands; c->name; c++)
        printf("  %-9s%-24s%s\n", c->name, c->args, c->help);
    puts("A program's name alone runs it. Ctrl-C ends the program in the foreground.\n"
         "`help COMMAND` and `COMMAND --help` say more.");
    return 0;
}

static int history(struct words *w)
{
    for (uint32_t i = HISTORY; i-- > 0; )
        if (history_get(i))
            printf("  %s\n", history_get(i));
    return 0;
}

static int clear(struct words *w)
{
    printf("\033[2J\033[H");
    return 0;
}

static int run_command(const struct command *c, struct words *w)
{
    if (w->count == 2 && !strcmp(w->word[1], "--help")) {
        explain(c);
        return 0;
    }
    if (w->count > 1 && !*c->args) {
        printf("%s: it takes no arguments, such as %s\n", c->name, w->word[1]);
        return 2;
    }
    return c->run(w);
}

static int run_words(struct words *w)
{
    const struct command *c = find(w->word[0]);
    int status;

    if (c)
        return run_command(c, w);
    status = job_run(w);
    if (status == ERR_NOT_FOUND)
        unknown(w->word[0]);
    return status;
}

static int run(struct words *w)
{
    int status;

    if (w->count < 2)
        return command_usage(w);
    words_drop(w, 1);
    status = job_run(w);
    if (status == ERR_NOT_FOUND)
        unknown(w->word[0]);
    return status;
}

static int replace(struct words *w)
{
    int status;

    if (w->count < 2)
        return command_usage(w);
    words_drop(w, 1);
    status = job_replace(w);
    if (status == ERR_NOT_FOUND)
        unknown(w->word[0]);
    return status;
}

#define LIMITS "memory=8M queued=64K handles=20 threads=4 cpu=12.5%"

static int limit(struct words *w)
{
    struct limits l = { 0 };
    uint32_t n = 1;
    int status;

    while (n < w->count && limits_read(&l, w->word[n]))
        n++;
    if (n < w->count && strchr(w->word[n], '=')) {
        printf("limit: %s is no limit; these are:\n%s\n", w->word[n], LIMITS);
        return 2;
    }
    if (n == 1 || n == w->count)
        return command_usage(w);
    words_drop(w, n);
    status = job_limit(w, &l);
    if (status == ERR_NOT_FOUND)
        unknown(w->word[0]);
    return status;
}

static int time(struct words *w)
{
    int64_t start = sys_clock(), ns;
    int status;

    if (w->count < 2)
        return system_date();
    words_drop(w, 1);
    w->background = false;
    status = run_words(w);
    ns = sys_clock() - start;
    printf("%lld.%06lld s\n", (long long)(ns / (1000 * MS)), (long long)(ns % (1000 * MS) / 1000));
    return status;
}

#define WHAT \
    "WHAT: an interface, `serve INTERFACE`, `port FIRST-LAST`, `irq N`, `window NAME`,\n" \
    "`mmio FIRST-LAST`, `dma BYTES`"

/* ---- what may stand at a word of a line, the command being word 0 ---------------------------- */

static void command_names(struct name_list *l, uint32_t word)
{
    for (const struct command *c = commands; c->name && word < 2; c++)
        names_add(l, c->name);
}

static void programs(struct name_list *l, uint32_t word)
{
    store_names(l, word < 2);           /* then arguments: perhaps files */
}

static void limits_programs(struct name_list *l, uint32_t word)
{
    static const char *const limits[] = { "memory=", "queued=", "handles=", "threads=", "cpu=" };

    for (uint32_t i = 0; i < COUNT(limits); i++)
        names_add(l, limits[i]);
    store_names(l, true);
}

static void pids(struct name_list *l, uint32_t word)
{
    process_names(l);
}

static void services(struct name_list *l, uint32_t word)
{
    if (word < 2)
        service_names(l);
}

static void rules(struct name_list *l, uint32_t word)
{
    if (word < 2)
        store_names(l, true);
    else
        interface_names(l);
}

static void all(struct name_list *l, uint32_t word)
{
    command_names(l, word);
    programs(l, word);
}

static void tests(struct name_list *l, uint32_t word)
{
    if (word < 2)
        test_names(l);
}

void command_complete(struct name_list *l, const struct words *before)
{
    const struct command *c = before->count ? find(before->word[0]) : NULL;

    if (!before->count)
        all(l, 0);
    else if (!c)
        store_names(l, false);
    else if (c->complete)
        c->complete(l, before->count);
}

/* ---- the table ------------------------------------------------------------------------------- */

const struct command commands[] = {
    { "help",     "[COMMAND]",              "this list, or more of one of these",
      help, NULL, command_names },
    { "ls",       "[BEGINNING]",            "programs: name, size, hash; `ls test/` those of tests",
      system_ls, NULL, programs },
    { "run",      "NAME|HASH [ARGS] [&]",   "runs a program; & in the background",
      run,
      "The name alone does so, too, unless it is that of a command.",
      programs },
    { "handlers", "",                       "who handles which interface",
      system_handlers,
      "WAITING: clients that no handler has taken yet.",
      NULL },
    { "replace",  "PROGRAM [ARGS]",         "starts a handler in place of the one that runs",
      replace,
      "It runs in the background; programs that handle what it serves are ended first,\n"
      "and their clients find the new one. `handlers` lists who handles what.",
      programs },
    { "limit",    "LIMIT... PROGRAM [ARGS]","runs a program that may have less: cpu=10% ...",
      limit,
      "LIMIT: " LIMITS "   `ps -v` shows them\n"
      "memory: of all its memories, touched or not; queued: bytes in channels; cpu: of one CPU",
      limits_programs },
    { "ps",       "[-v]",                   "what runs; -v: what each has of what it may have",
      system_ps,
      "`help limit` says what the limits are.",
      NULL },
    { "kill",     "PID...",                 "ends programs",
      system_kill,
      "`ps` lists them.",
      pids },
    { "services", "",                       "what init keeps alive, and how that goes",
      service_list,
      "RESTARTS: those that count for the limit, and the limit, of init.conf (`cat init.conf`).",
      NULL },
    { "start",    "NAME",                   "starts one of these that does not run",
      service_change,
      "`services` lists them.",
      services },
    { "stop",     "NAME",                   "ends one, which is not started again",
      service_change,
      "`services` lists them.",
      services },
    { "grant",    "PROGRAM WHAT",           "lets a program have an interface or device",
      system_grant, WHAT, rules },
    { "deny",     "PROGRAM WHAT",           "takes that back",
      system_grant, WHAT, rules },
    { "grants",   "[PROGRAM]",              "what has been granted",
      system_grants, NULL, programs },
    { "mem",      "",                       "where the memory is",
      system_mem, NULL, NULL },
    { "log",      "",                       "the kernel's log",
      system_log, NULL, NULL },
    { "time",     "[COMMAND]",              "the time of day, or how long a command takes",
      time, NULL, all },
    { "tests",    "[PATTERN|all]",          "lists the kernel's tests, or runs those that match",
      system_tests,
      "A test matches if PATTERN is somewhere in its name.",
      tests },
    { "history",  "",                       "lines typed before",
      history, NULL, NULL },
    { "clear",    "",                       "clears the screen",
      clear, NULL, NULL },
    { "version",  "",                       "of the kernel",
      system_version, NULL, NULL },
    { "reboot",   "",                       "starts the machine again",
      system_power, NULL, NULL },
    { "poweroff", "",                       "switches it off",
      system_power, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL, NULL },
};

void command_line(const char *line)
{
    static struct words w;
    const char *error;

    if (!words_split(&w, line, &error))
        printf("%s\n", error);
    else if (w.count)
        run_words(&w);
}
