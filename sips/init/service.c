/*
 * service.c - programs that init starts: their start, their end, and what follows from it.
 */
#include "sips/init/init.h"
#include "iface/kernel_process.h"
#include "iface/services.h"

struct service services[SERVICES_MAX];
uint32_t nservices;

static int own_argc;
static char **own_argv;

void service_boot(int argc, char **argv)
{
    own_argc = argc;
    own_argv = argv;
}

struct service *service_named(const char *name)
{
    for (uint32_t i = 0; i < nservices; i++)
        if (!strcmp(services[i].args, name))
            return &services[i];
    return NULL;
}

static uint32_t arguments(struct service *s, char *to, uint32_t cap)
{
    uint32_t n = s->nargs;

    memcpy(to, s->args, n);
    if (s->boot)
        n += (uint32_t)copy_text(to + n, cap - n, "boot") + 1;
    for (int i = 1; s->boot && i < own_argc && n < cap; i++)
        n += (uint32_t)copy_text(to + n, cap - n, own_argv[i]) + 1;
    s->boot = false;
    return n;
}

void service_runs(struct service *s, uint32_t pid, uint32_t process)
{
    s->at = 0;
    s->stop = s->boot = false;
    s->pid = pid;
    s->process = process;
    s->state = SERVICES_RUNNING;
    s->starts++;
}

/* It will not be started again by itself. */
static void leave(struct service *s, uint32_t state)
{
    s->at = 0;
    s->state = state;
}

void service_leave(struct service *s)
{
    leave(s, SERVICES_STOPPED);
}

/* It has ended, or could not be started, as s->last says. */
static void plan(struct service *s)
{
    struct restart *r = &s->restart;
    uint32_t lately = restart_count(r, sys_clock());
    int64_t pause;

    if (!r->times) {
        leave(s, SERVICES_STOPPED);
        report(false, "%s: %s", s->args, s->last);
    } else if (!restart_plan(r, sys_clock(), &pause)) {
        leave(s, SERVICES_CRASH_LOOP);
        report(true, "%s: %s; ended again after %u restarts in %u s, it is left alone until"
               " `start %s`", s->args, s->last, lately, r->seconds, s->args);
    } else {
        s->state = SERVICES_PAUSE;
        s->at = sys_clock() + pause;
        report(r->always && lately == r->times, "%s: %s; again in %lld ms (%u of %u in %u s)",
               s->args, s->last, (long long)(pause / MS), lately + 1, r->times, r->seconds);
    }
}

/* Would another attempt end the same way? */
static bool lasting(int32_t error)
{
    return error == ERR_NOT_FOUND || error == ERR_MODULE || error == ERR_DENIED
        || error == ERR_EXISTS;
}

static int32_t start(struct service *s, struct child *child)
{
    char args[2 * LINE_MAX];
    uint32_t n = arguments(s, args, sizeof args);
    int32_t r = spawn_with(PROCESS, 0, &s->limits, args, n, 0, child);

    s->at = 0;
    if (r < 0) {
        snprintf(s->last, sizeof s->last, "not started: %s", child->reason);
        return r;
    }
    service_runs(s, child->pid, child->process);
    return 0;
}

static void start_again(struct service *s)
{
    struct child child;
    int32_t r = start(s, &child);

    if (r >= 0)
        return;
    if (lasting(r)) {
        leave(s, SERVICES_STOPPED);
        report(true, "%s: %s", s->args, s->last);
    } else {
        plan(s);
    }
}

int64_t service_start_due(void)
{
    for (;;) {
        struct service *first = NULL;
        for (uint32_t i = 0; i < nservices; i++)
            if (services[i].at && (!first || services[i].at < first->at))
                first = &services[i];
        if (!first)
            return FOREVER;
        if (first->at > sys_clock())
            return first->at;
        start_again(first);
    }
}

int32_t service_start(struct service *s, char *reason, uint32_t n)
{
    struct child child;
    int32_t r;

    if (s->process) {
        snprintf(reason, n, "%s runs already, as process %u", s->args, s->pid);
        return ERR_EXISTS;
    }
    s->restart.made = 0;
    if ((r = start(s, &child)) < 0) {
        leave(s, SERVICES_STOPPED);
        copy_text(reason, n, child.reason);
    }
    return r;
}

int32_t service_stop(struct service *s, char *reason, uint32_t n)
{
    struct kernel_process_kill_req q = { KERNEL_PROCESS_KILL, s->pid };
    struct kernel_process_kill_ans a;

    if (!s->process && !s->at) {
        snprintf(reason, n, "%s does not run", s->args);
        return ERR_NOT_FOUND;
    }
    if (s->process) {
        s->stop = true;
        chan_call(PROCESS, &q, sizeof q, &a, sizeof a);     /* if it still lives */
    } else {
        leave(s, SERVICES_STOPPED);
    }
    return 0;
}

void service_ended(struct service *s, const struct exit_info *info)
{
    if (info->trap)
        snprintf(s->last, sizeof s->last, "%s", info->text);
    else
        snprintf(s->last, sizeof s->last, "status %d", info->status);
    sys_close(s->process);
    s->process = s->pid = 0;
    if (s->stop)
        leave(s, SERVICES_STOPPED);
    else
        plan(s);
}
