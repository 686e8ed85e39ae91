/*
 * init.c - the first program: gives every program what init.conf says, starts those that it
 * lists, and starts again those that are to be kept alive. Interface `services` tells others how
 * they are, starts and stops them.
 *
 * What goes wrong is in the kernel's log. What a person should know at once is a note besides: it
 * goes to who watches (the console), and waits for them if nobody does. init waits for no other
 * program, so that none of those it keeps alive can stop it.
 */
#include "sips/init/init.h"
#include "iface/kernel_policy.h"
#include "iface/kernel_process.h"
#include "iface/kernel_store.h"
#include "iface/kernel_system.h"
#include "iface/services.h"

USE(IFACE_KERNEL_PROCESS, USE_PROCESS, 2);
USE(IFACE_KERNEL_STORE, USE_STORE, 3);
USE(IFACE_KERNEL_POLICY, USE_POLICY, 4);
USE(IFACE_KERNEL_SYSTEM, USE_SYSTEM, 5);
SERVE(IFACE_SERVICES, SERVE_SERVICES, 6);
_Static_assert(USE_PROCESS == PROCESS && SERVE_SERVICES == CLIENTS,
               "init.h names the same handles");

#define CONFIG_BYTES 16384u
#define NOTES_BYTES 2048u       /* of notes that nobody has seen */

static char config[CONFIG_BYTES + 1];
static uint32_t watcher;        /* a client's channel; 0: nobody watches */
static struct { uint32_t op; char text[NOTES_BYTES]; } notes = { .op = SERVICES_NOTE };
static uint32_t nnotes;         /* bytes of text */

/* ---- reports ------------------------------------------------------------------------------- */

/* A watcher that does not keep up gets them with the next one. */
static void send_notes(void)
{
    if (watcher && nnotes && chan_send(watcher, &notes, 4 + nnotes, SEND_NOWAIT) == 0)
        nnotes = 0;
}

void report(bool note, const char *fmt, ...)
{
    struct { uint32_t op; char text[400]; } q = { .op = KERNEL_SYSTEM_LOG_WRITE };
    uint32_t n, len;
    va_list ap;

    va_start(ap, fmt);
    n = (uint32_t)vsnprintf(q.text, sizeof q.text, fmt, ap);
    va_end(ap);
    len = n < sizeof q.text ? n : sizeof q.text - 1;
    chan_send(SYSTEM, &q, 4 + len, 0);
    if (note && len + 1 <= NOTES_BYTES - nnotes) {
        memcpy(notes.text + nnotes, q.text, len);
        nnotes += len;
        notes.text[nnotes++] = '\n';
    }
    send_notes();
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
            report(true, CONFIG ": %s", error_text(n));
            return false;
        }
        n -= (int32_t)sizeof a.a;
        if ((uint32_t)n > CONFIG_BYTES - at) {
            report(true, CONFIG " is larger than %u bytes", CONFIG_BYTES);
            return false;
        }
        memcpy(config + at, a.bytes, (uint32_t)n);
        at += (uint32_t)n;
        if (n == 0 || at >= a.a.size)
            return true;
    }
}

static void wrong(const char *text, uint32_t line, uint32_t column)
{
    report(true, CONFIG ":%u:%u: %s", line, column, text);
}

static void grant(const char *rule, uint32_t line, uint32_t column)
{
    struct { struct kernel_policy_grant_req q; char rule[256]; } q;
    struct { struct kernel_policy_grant_ans a; char reason[256]; } a;
    int32_t r;

    q.q.op = KERNEL_POLICY_GRANT;
    memset(&a, 0, sizeof a);
    r = chan_call(POLICY, &q, sizeof q.q + (uint32_t)copy_text(q.rule, sizeof q.rule, rule), &a,
                  sizeof a - 1);
    if (r < 0)
        wrong(a.reason[0] ? a.reason : error_text(r), line, column);
}

/* ---- clients ------------------------------------------------------------------------------- */

static union {
    struct exit_info exit;
    uint32_t op;
    struct services_list_req list;
    struct services_start_req name;     /* the name follows; stop has the same */
    char bytes[MSG_BYTES_MAX + 1];
} in;

static void list(const struct msg *m)
{
    static struct {
        struct services_list_ans a;
        struct services_service service[SERVICES_MAX];
    } out;
    uint32_t n = 0;

    memset(&out, 0, sizeof out);
    for (uint32_t i = in.list.first; i < nservices; i++, n++) {
        const struct service *s = &services[i];
        struct services_service *to = &out.service[n];
        *to = (struct services_service){
            .state = s->state, .pid = s->pid, .starts = s->starts, .times = s->restart.times,
            .restarts = restart_count(&s->restart, sys_clock()), .seconds = s->restart.seconds,
            .always = s->restart.always,
        };
        copy_text((char *)to->name, sizeof to->name, s->args);
        copy_text((char *)to->last, sizeof to->last, s->last);
    }
    chan_answer(m, &out, sizeof out.a + n * sizeof out.service[0], NULL, 0);
}

/* The name is the n bytes behind the operation. */
static void change(const struct msg *m, uint32_t n)
{
    struct { int32_t status; char reason[200]; } out = { 0 };
    struct service *s;

    in.bytes[n] = 0;
    s = service_named(in.bytes + sizeof in.name);
    if (!s) {
        out.status = ERR_NOT_FOUND;
        snprintf(out.reason, sizeof out.reason,
                 "%.40s is not started by " CONFIG "; `services` lists what is",
                 in.bytes + sizeof in.name);
    } else if (in.op == SERVICES_START) {
        out.status = service_start(s, out.reason, sizeof out.reason);
    } else {
        out.status = service_stop(s, out.reason, sizeof out.reason);
    }
    chan_answer(m, &out, sizeof out.status + (uint32_t)strlen(out.reason), NULL, 0);
}

static void event(const struct msg *m, uint32_t n)
{
    if (m->kind == MSG_EXIT) {
        for (uint32_t i = 0; i < nservices; i++)
            if (services[i].process == m->from)
                service_ended(&services[i], &in.exit);
    } else if (m->kind == MSG_CLOSED) {
        if (m->from == watcher)
            watcher = 0;
        sys_close(m->from);
    } else if (m->kind == MSG_DATA) {           /* watch */
        watcher = m->from;
        send_notes();
    } else if (m->kind == MSG_CALL && in.op == SERVICES_LIST) {
        list(m);
    } else if (m->kind == MSG_CALL) {
        change(m, n);
    }
}

static void granted(const char *rule, uint32_t line, uint32_t column)
{
}

/* The services of init.conf; how: the end of an earlier init, or NULL. */
static bool begin(const char *how)
{
    struct config_sink sink = { how && !again_alone() ? granted : grant, wrong };

    if (!read_config())
        return false;
    nservices = config_read(config, services, &sink);
    for (uint32_t i = 0; i < nservices; i++) {
        services[i].at = 1;
        services[i].boot &= !how;
    }
    if (how) {
        report(true, "init has ended (%s) and was started again; what runs goes on", how);
        again_take_over();
    }
    return true;
}

int main(int argc, char **argv)
{
    bool again = argc > 2 && !strcmp(argv[1], "--again");
    struct msg m = { 0 };

    service_boot(argc, argv);
    if (!begin(again ? argv[2] : NULL))
        return 1;
    for (;;) {
        int32_t n = chan_serve(&m, &in, sizeof in - 1, service_start_due());
        if (n >= 0)
            event(&m, (uint32_t)n);
    }
}
