/*
 * shell.h - what the files of the shell share. Reading order: shell.c (the prompt), words.c (pure:
 * taking a line apart), command.c (the table of commands), job.c (programs), permit.c (asking what
 * they may have), system.c (the kernel's interfaces), service.c (what init keeps alive).
 */
#ifndef SHELL_SHELL_H
#define SHELL_SHELL_H

#include "sips/sip.h"

/* handles of the manifest, see shell.c */
enum { CONSOLE = 2, PROCESS, STORE, POLICY, SYSTEM, CLOCK, SERVICES };

#define WORDS_MAX 64u
#define NAME_BYTES 32u

/* ---- words.c ------------------------------------------------------------------------------- */

struct words {
    char text[LINE_MAX + WORDS_MAX];    /* NUL-terminated strings, as spawn wants them */
    uint32_t bytes, count;
    char *word[WORDS_MAX + 1];          /* NULL after the last */
    bool background;                    /* `&` came last */
};

/* Splits at spaces; '...', "..." and \ keep what they hold. False with *error on bad syntax. */
bool words_split(struct words *w, const char *s, const char **error);
/* Drops the first n words. */
void words_drop(struct words *w, uint32_t n);
/* How many letters to change, insert, delete or swap to get from a to b; `limit` if it is more. */
uint32_t words_distance(const char *a, const char *b, uint32_t limit);

/* ---- command.c ----------------------------------------------------------------------------- */

struct name_list { uint32_t count, cap; char (*name)[NAME_BYTES]; };

struct command {
    const char *name, *args, *help;     /* args "": it takes none */
    int (*run)(struct words *w);        /* returns a status */
    const char *more;                   /* for `help COMMAND`; or NULL */
    void (*complete)(struct name_list *l, uint32_t word);   /* what may stand there; or NULL */
};
extern const struct command commands[];     /* name NULL: the end */
void command_line(const char *line);
/* Says how the command w->word[0] is used; the status of that mistake. */
int command_usage(const struct words *w);
/* Adds what may stand behind these words. */
void command_complete(struct name_list *l, const struct words *before);

/* ---- shell.c ------------------------------------------------------------------------------- */

#define HISTORY 32u

/* The n-th last line, 0 the last; NULL. */
const char *history_get(uint32_t n);
/* Opens a session at the console: its number and stream, or ERR_*. */
int32_t session_open(uint32_t *session, uint32_t *stream);
void session_focus(uint32_t session);
extern uint32_t own_session;

/* ---- job.c --------------------------------------------------------------------------------- */

/* Runs a program with its arguments; the status it ends with, 0 in the background, or 127. */
int job_run(struct words *w);
/* With less than the shell itself may have. */
int job_limit(struct words *w, const struct limits *limits);
/* In the background, in place of those who handle what it serves. */
int job_replace(struct words *w);
/* Reports background programs that have ended. */
void job_poll(void);

/* ---- permit.c ------------------------------------------------------------------------------ */

/* Lists what a program wants and has not been granted, and asks. True: it was granted, once or for
 * good, and may be started. */
bool permit(const char *program);

/* ---- system.c ------------------------------------------------------------------------------ */

void names_add(struct name_list *l, const char *name);
/* Adds the names of modules, or of all files. */
void store_names(struct name_list *l, bool modules_only);
bool store_has(const char *name);           /* a module of that name */
void process_names(struct name_list *l);    /* pids */
void interface_names(struct name_list *l);  /* those that somebody handles */
void test_names(struct name_list *l);
/* Says once how long the boot took. */
void system_ready(void);

int system_ls(struct words *w);
int system_ps(struct words *w);
int system_kill(struct words *w);
int system_handlers(struct words *w);
int system_grant(struct words *w);      /* and deny */
int system_grants(struct words *w);
int system_mem(struct words *w);
int system_log(struct words *w);
int system_date(void);
int system_tests(struct words *w);
int system_power(struct words *w);      /* reboot, poweroff */
int system_version(struct words *w);
/* Calls with the answer in `answer`, connecting again if the handler has changed; complains as
 * `what` if it fails. */
int32_t ask(uint32_t h, const void *q, uint32_t n, const char *what);
extern char answer[MSG_BYTES_MAX];

/* ---- service.c ----------------------------------------------------------------------------- */

int service_list(struct words *w);
void service_names(struct name_list *l);
int service_change(struct words *w);    /* start and stop */

#endif
