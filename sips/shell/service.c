/*
 * service.c - commands that ask init: what it keeps alive.
 */
#include "shell.h"
#include "iface/services.h"

static void print_service(const struct services_service *s, void *ctx)
{
    static const char *const states[] = { "pause", "running", "stopped", "crash loop" };
    char limit[24] = "never", pid[12] = "-";

    if (s->always)
        snprintf(limit, sizeof limit, "%u, always", s->restarts);
    else if (s->times)
        snprintf(limit, sizeof limit, "%u/%u in %u s", s->restarts, s->times, s->seconds);
    if (s->pid)
        snprintf(pid, sizeof pid, "%u", s->pid);
    printf("%-16s%-11s%5s%8u  %-15s%.*s\n", (const char *)s->name,
           s->state < COUNT(states) ? states[s->state] : "?", pid, s->starts, limit,
           (int)sizeof s->last, (const char *)s->last);
}

/* Calls `each` with every service; false: it cannot. */
static bool each_service(void (*each)(const struct services_service *s, void *ctx), void *ctx)
{
    struct services_list_req q = { SERVICES_LIST, 0 };
    struct services_service one;
    int32_t n;

    do {
        if ((n = ask(SERVICES, &q, sizeof q, "services")) < 0)
            return false;
        for (uint32_t at = 4; at + sizeof one <= (uint32_t)n; at += sizeof one, q.first++) {
            memcpy(&one, answer + at, sizeof one);
            each(&one, ctx);
        }
    } while (n > (int32_t)sizeof one);
    return true;
}

int service_list(struct words *w)
{
    printf("%-16s%-11s%5s%8s  %-15s%s\n", "SERVICE", "STATE", "PID", "STARTS", "RESTARTS",
           "ENDED LAST");
    return !each_service(print_service, NULL);
}

static void add_service(const struct services_service *s, void *ctx)
{
    names_add(ctx, (const char *)s->name);
}

void service_names(struct name_list *l)
{
    each_service(add_service, l);
}

int service_change(struct words *w)
{
    struct { uint32_t op; char name[LINE_MAX]; } q;
    int32_t r;

    if (w->count != 2)
        return command_usage(w);
    q.op = w->word[0][2] == 'a' ? SERVICES_START : SERVICES_STOP;
    memset(answer, 0, 512);
    r = chan_call(SERVICES, &q, 4 + (uint32_t)copy_text(q.name, sizeof q.name, w->word[1]), answer,
                  sizeof answer - 1);
    if (r < 0)
        printf("%s: %s\n", w->word[0], answer[4] ? answer + 4 : error_text(r));
    return r < 0;
}
