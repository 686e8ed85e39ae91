/*
 * command.c - the table of commands, and what becomes of a typed line.
 */
#include "shell.h"

static int help(struct words *w)
{
    for (const struct command *c = commands; c->name; c++)
        printf("  %-9s%-24s%s\n", c->name, c->args, c->help);
    puts("A program's name alone runs it. Ctrl-C ends the program in the foreground.");
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

static int run_words(struct words *w)
{
    int status;

    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, w->word[0]))
            return c->run(w);
    status = job_run(w);
    if (status == ERR_NOT_FOUND)
        unknown(w->word[0]);
    return status;
}

static int run(struct words *w)
{
    int status;

    if (w->count < 2) {
        puts("usage: run NAME|HASH [ARGS] [&]");
        return 2;
    }
    words_drop(w, 1);
    status = job_run(w);
    if (status == ERR_NOT_FOUND)
        unknown(w->word[0]);
    return status;
}

static int replace(struct words *w)
{
    int status;

    if (w->count < 2) {
        puts("usage: replace PROGRAM [ARGS]\n"
             "Starts it in the background; programs that handle what it serves are ended first,\n"
             "and their clients find the new one. `handlers` lists who handles what.");
        return 2;
    }
    words_drop(w, 1);
    status = job_replace(w);
    if (status == ERR_NOT_FOUND)
        unknown(w->word[0]);
    return status;
}

static int limit(struct words *w)
{
    struct limits l = { 0 };
    uint32_t n = 1;
    int status;

    while (n < w->count && limits_read(&l, w->word[n]))
        n++;
    if (n < w->count && strchr(w->word[n], '=')) {
        printf("limit: %s is no limit; these are:\n"
               "memory=8M queued=64K handles=20 threads=4 cpu=12.5%%\n", w->word[n]);
        return 2;
    }
    if (n == 1 || n == w->count) {
        puts("usage: limit LIMIT... PROGRAM [ARGS] [&]\n"
             "LIMIT: memory=8M queued=64K handles=20 threads=4 cpu=12.5%   `ps -v` shows them");
        return 2;
    }
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

const struct command commands[] = {
    { "help",     "",                       "this list", help },
    { "ls",       "[BEGINNING]",            "programs: name, size, hash; `ls test/` those of tests",
      system_ls },
    { "run",      "NAME|HASH [ARGS] [&]",   "runs a program; & in the background", run },
    { "handlers", "",                       "who handles which interface", system_handlers },
    { "replace",  "PROGRAM [ARGS]",         "starts a handler in place of the one that runs",
      replace },
    { "limit",    "LIMIT... PROGRAM [ARGS]", "runs a program that may have less: cpu=10% ...",
      limit },
    { "ps",       "[-v]",                   "what runs; -v: what each has of what it may have",
      system_ps },
    { "kill",     "PID...",                 "ends programs", system_kill },
    { "services", "",                       "what init keeps alive, and how that goes",
      service_list },
    { "start",    "NAME",                   "starts one of these that does not run",
      service_change },
    { "stop",     "NAME",                   "ends one, which is not started again",
      service_change },
    { "grant",    "PROGRAM WHAT",           "lets a program have an interface or device",
      system_grant },
    { "deny",     "PROGRAM WHAT",           "takes that back", system_grant },
    { "grants",   "[PROGRAM]",              "what has been granted", system_grants },
    { "mem",      "",                       "where the memory is", system_mem },
    { "log",      "",                       "the kernel's log", system_log },
    { "time",     "[COMMAND]",              "the time of day, or how long a command takes", time },
    { "tests",    "[PATTERN|all]",          "lists the kernel's tests, or runs those that match",
      system_tests },
    { "history",  "",                       "lines typed before", history },
    { "clear",    "",                       "clears the screen", clear },
    { "version",  "",                       "of the kernel", system_version },
    { "reboot",   "",                       "starts the machine again", system_power },
    { "poweroff", "",                       "switches it off", system_power },
    { NULL, NULL, NULL, NULL },
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
