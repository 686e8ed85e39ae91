/*
 * service.c - commands that ask init: what it keeps alive.
 */
#include "shell.h"
#include "iface/services.h"

static void print_service(const struct services_service *s)
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

int service_list(struct words *w)
{
    struct services_list_req q = { SERVICES_LIST, 0 };
    struct services_service one;
    int32_t n;

    printf("%-16s%-11s%5s%8s  %-15s%s\n", "SERVICE", "STATE", "PID", "STARTS", "RESTARTS",
           "ENDED LAST");
    do {
        if ((n = ask(SERVICES, &q, sizeof q, "services")) < 0)
            return 1;
        for (uint32_t at = 4; at + sizeof one <= (uint32_t)n; at += sizeof one, q.first++) {
            memcpy(&one, answer + at, sizeof one);
            print_service(&one);
        }
    } while (n > (int32_t)sizeof one);
    return 0;
}

int service_change(struct words *w)
{
    struct { uint32_t op; char name[LINE_MAX]; } q;
    int32_t r;

    if (w->count != 2) {
        printf("usage: %s NAME   `services` lists them\n", w->word[0]);
        return 2;
    }
    q.op = w->word[0][2] == 'a' ? SERVICES_START : SERVICES_STOP;
    memset(answer, 0, 512);
    r = chan_call(SERVICES, &q, 4 + (uint32_t)copy_text(q.name, sizeof q.name, w->word[1]), answer,
                  sizeof answer - 1);
    if (r < 0)
        printf("%s: %s\n", w->word[0], answer[4] ? answer + 4 : error_text(r));
    return r < 0;
}
