/*
 * job.c - programs that the shell starts. One in the foreground has a console session with the
 * focus; the shell waits for its end and kills it when the console says that ctrl-C was typed.
 * Those in the background have a session without focus, and their end is reported before the
 * next prompt.
 */
#include "shell.h"
#include "iface/console.h"
#include "iface/kernel_process.h"

#define JOBS 32u
#define STATUS_NOT_STARTED 127

struct job { uint32_t pid, process; char name[NAME_BYTES]; };     /* process 0: free */

static struct job jobs[JOBS];
static union {
    struct exit_info exit;
    struct console_interrupt_req interrupt;
    char bytes[MSG_BYTES_MAX];
} in;

static void kill(uint32_t pid)
{
    struct kernel_process_kill_req q = { KERNEL_PROCESS_KILL, pid };
    struct kernel_process_kill_ans a;

    chan_call(PROCESS, &q, sizeof q, &a, sizeof a);
}

/* How a program ended, unless it was well. */
static void report(const struct job *j, const struct exit_info *e, bool background)
{
    if (background)
        printf("[%u] ", j->pid);
    if (e->trap)
        printf("%s: %s\n", j->name, e->text[0] ? e->text : "trap");
    else if (e->status || background)
        printf("%s: status %d\n", j->name, e->status);
}

/* An exit of a background program, if it is one. */
static void background_exit(uint32_t process)
{
    for (uint32_t i = 0; i < JOBS; i++)
        if (jobs[i].process == process && process) {
            report(&jobs[i], &in.exit, true);
            sys_close(process);
            jobs[i].process = 0;
        }
}

void job_poll(void)
{
    struct msg m = { 0 };

    while (chan_serve(&m, &in, sizeof in, 0) >= 0) {
        if (m.kind == MSG_EXIT)
            background_exit(m.from);
        else if (m.kind == MSG_CLOSED && m.from != CONSOLE)
            sys_close(m.from);
    }
}

/* Waits until the job ends; its status. */
static int foreground(struct job *j)
{
    struct msg m = { 0 };

    for (;;) {
        int32_t n = chan_serve(&m, &in, sizeof in, FOREVER);
        if (n < 0)
            continue;
        if (m.kind == MSG_EXIT && m.from == j->process) {
            sys_close(j->process);
            session_focus(own_session);
            report(j, &in.exit, false);
            return in.exit.status;
        }
        if (m.kind == MSG_EXIT)
            background_exit(m.from);
        else if (m.from == CONSOLE && m.kind == MSG_DATA && n >= (int32_t)sizeof in.interrupt
                 && in.interrupt.session != own_session)
            kill(j->pid);
        else if (m.kind == MSG_CLOSED && m.from == CONSOLE)
            kill(j->pid);               /* nobody can see or stop it any more */
    }
}

static struct job *free_job(void)
{
    for (uint32_t i = 0; i < JOBS; i++)
        if (!jobs[i].process)
            return &jobs[i];
    return NULL;
}

/* Starts a program in a session of its own; with the focus there, or back here on an error. */
static int32_t start(struct words *w, uint32_t flags, const struct limits *limits,
                     struct child *child)
{
    uint32_t session = 0, stream = 0;
    int32_t r = session_open(&session, &stream);

    if (r < 0) {
        snprintf(child->reason, sizeof child->reason, "no session at the console: %s",
                 error_text(r));
        return STATUS_NOT_STARTED;
    }
    if (!w->background)
        session_focus(session);
    r = spawn_with(PROCESS, flags, limits, w->text, w->bytes, stream, child);
    if (r < 0) {
        sys_close(stream);
        session_focus(own_session);
    }
    return r;
}

static int run(struct words *w, uint32_t flags, const struct limits *limits)
{
    struct job *slot = free_job(), job = { 0 };
    struct child child;
    int32_t r;

    if (w->background && !slot) {
        printf("%u programs run in the background already\n", JOBS);
        return STATUS_NOT_STARTED;
    }
    r = start(w, flags, limits, &child);
    if (r == ERR_DENIED && permit(w->word[0]))
        r = start(w, flags, limits, &child);
    if (r != 0) {
        if (r != ERR_NOT_FOUND)
            printf("%s: %s\n", w->word[0], child.reason);
        return r;
    }
    job.pid = child.pid;
    job.process = child.process;
    copy_text(job.name, sizeof job.name, w->word[0]);
    if (!w->background)
        return foreground(&job);
    *slot = job;
    printf("[%u] %s\n", job.pid, job.name);
    return 0;
}

int job_run(struct words *w)
{
    return run(w, 0, NULL);
}

int job_replace(struct words *w)
{
    w->background = true;
    return run(w, KERNEL_PROCESS_REPLACE, NULL);
}

int job_limit(struct words *w, const struct limits *limits)
{
    return run(w, 0, limits);
}
