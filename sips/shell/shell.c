/*
 * shell.c - the prompt: reads keys, edits a line with history and completion, runs what was typed.
 *
 * Its argument `boot` says that it is the first shell, which reports how long the boot took;
 * further arguments are a command that it runs before the first prompt. When the console dies
 * the shell waits for the next one and opens a new session.
 */
#include "shell.h"
#include "iface/clock.h"
#include "iface/console.h"
#include "iface/kernel_policy.h"
#include "iface/kernel_process.h"
#include "iface/kernel_store.h"
#include "iface/kernel_system.h"
#include "iface/services.h"
#include "iface/stream.h"

USE(IFACE_CONSOLE, USE_CONSOLE, 2);
USE(IFACE_KERNEL_PROCESS, USE_KERNEL_PROCESS, 3);
USE(IFACE_KERNEL_STORE, USE_KERNEL_STORE, 4);
USE(IFACE_KERNEL_POLICY, USE_KERNEL_POLICY, 5);
USE(IFACE_KERNEL_SYSTEM, USE_KERNEL_SYSTEM, 6);
USE(IFACE_CLOCK, USE_CLOCK, 7);
USE(IFACE_SERVICES, USE_SERVICES, 8);
_Static_assert(USE_CONSOLE == CONSOLE && USE_SERVICES == SERVICES,
               "shell.h names the same handles");

#define PROMPT "selkie> "
#define COLUMNS 80u

uint32_t own_session;

static struct line line;
static char history[HISTORY][LINE_MAX];
static uint32_t nhistory;       /* typed in all */

/* ---- sessions ------------------------------------------------------------------------------ */

int32_t session_open(uint32_t *session, uint32_t *stream)
{
    struct console_open_req q = { CONSOLE_OPEN };
    struct console_open_ans a;
    struct msg m = { 0 };
    int32_t r = chan_call_msg(CONSOLE, &m, &q, sizeof q, &a, sizeof a);

    if (r < 0)
        return r;
    if (m.nhandles != 1)
        return ERR_UNSUPPORTED;
    *session = a.session;
    *stream = m.handle[0];
    return 0;
}

void session_focus(uint32_t session)
{
    struct console_focus_req q = { CONSOLE_FOCUS, session };
    struct console_focus_ans a;

    flush();
    chan_call(CONSOLE, &q, sizeof q, &a, sizeof a);
}

/* Opens the shell's own session, waiting for a console as long as it takes. */
static void attach(void)
{
    struct stream_set_mode_req q = { STREAM_SET_MODE, STREAM_RAW };
    struct stream_set_mode_ans a;
    static char none[MSG_BYTES_MAX];
    static uint32_t stream;
    struct msg m = { 0 };

    sys_close(stream);
    while (session_open(&own_session, &stream) < 0)
        if (sys_connect(CONSOLE) < 0)
            chan_wait(0, &m, none, sizeof none, sys_clock() + 50 * MS);
    stdio_set(stream);
    chan_call(stream, &q, sizeof q, &a, sizeof a);
    session_focus(own_session);
}

/* ---- history ------------------------------------------------------------------------------- */

const char *history_get(uint32_t n)
{
    return n < nhistory && n < HISTORY ? history[(nhistory - 1 - n) % HISTORY] : NULL;
}

static void history_add(const char *s)
{
    const char *last = history_get(0);

    if (*s && (!last || strcmp(last, s)))
        copy_text(history[nhistory++ % HISTORY], LINE_MAX, s);
}

/* Shows the line `at` steps back (0: what was being typed); returns where it is then. */
static uint32_t history_show(uint32_t from, uint32_t at)
{
    static char typed[LINE_MAX];

    if (at && !history_get(at - 1))
        return from;
    if (from == 0)
        copy_text(typed, sizeof typed, line.text);
    line_replace(&line, at ? history_get(at - 1) : typed);
    return at;
}

/* ---- completion ---------------------------------------------------------------------------- */

static void show_prompt(void)
{
    put("\r\033[K" PROMPT, 4 + sizeof PROMPT - 1);
    line_show(&line);
}

/* Keeps the names that begin with the n bytes at s, those in a folder only if s says so; returns
 * how many bytes they all share. */
static uint32_t filter(struct name_list *l, const char *s, uint32_t n)
{
    uint32_t kept = 0, common = 0;
    bool folder = false;

    for (uint32_t i = 0; i < n; i++)
        folder |= s[i] == '/';
    for (uint32_t i = 0; i < l->count; i++) {
        uint32_t k = 0;
        if (strncmp(l->name[i], s, n) || (strchr(l->name[i], '/') && !folder))
            continue;
        memmove(l->name[kept], l->name[i], NAME_BYTES);
        while (k < NAME_BYTES - 1 && l->name[0][k] && l->name[0][k] == l->name[kept][k])
            k++;
        common = kept && common < k ? common : k;
        kept++;
    }
    l->count = kept;
    return common;
}

/* In columns. */
static void print_names(const struct name_list *l)
{
    uint32_t width = 14, columns;

    for (uint32_t i = 0; i < l->count; i++)
        width = strlen(l->name[i]) > width ? (uint32_t)strlen(l->name[i]) : width;
    columns = COLUMNS / (width + 2);
    for (uint32_t i = 0; i < l->count; i++)
        printf("%-*s%s", (int)width + 2, l->name[i],
               i % columns == columns - 1 || i + 1 == l->count ? "\n" : "");
}

static void complete(void)
{
    static struct words before;
    struct name_list l = { 0 };
    char head[LINE_MAX];
    const char *error;
    uint32_t start = line.pos, n, common;

    while (start && line.text[start - 1] != ' ')
        start--;
    n = line.pos - start;
    memcpy(head, line.text, start);
    head[start] = 0;
    if (!words_split(&before, head, &error))
        return;
    command_complete(&l, &before);
    common = filter(&l, line.text + start, n);
    if (l.count == 1) {
        line_insert(&line, l.name[0] + n, common - n);
        if (line.text[line.pos - 1] != '=')
            line_insert(&line, " ", 1);
    } else if (common > n) {
        line_insert(&line, l.name[0] + n, common - n);
    } else if (l.count) {
        put("\n", 1);
        print_names(&l);
        show_prompt();
    }
    free(l.name);
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void line_out(void *ctx, const char *s, uint32_t n)
{
    put(s, n);
}

/* Edits one line; false if the terminal is gone. */
static bool edit(void)
{
    uint32_t at = 0;
    char c;

    put(PROMPT, sizeof PROMPT - 1);
    line_start(&line, sizeof PROMPT - 1, COLUMNS);
    for (;;) {
        if (read_key(&c) <= 0)
            return false;
        switch (line_key(&line, c)) {
        case LINE_DONE: put("\n", 1); return true;
        case LINE_BREAK: put("^C\n", 3); line.text[0] = 0; return true;
        case LINE_COMPLETE: complete(); break;
        case LINE_UP: at = history_show(at, at + 1); break;
        case LINE_DOWN: at = history_show(at, at ? at - 1 : 0); break;
        case LINE_REDRAW: put("\033[2J\033[H", 7); show_prompt(); break;
        case LINE_EOF:
        case LINE_MORE: break;
        }
    }
}

/* Does what the arguments say. */
static void first(int argc, char **argv)
{
    char s[LINE_MAX] = "";
    uint32_t n = 0;

    if (argc > 1 && !strcmp(argv[1], "boot")) {
        system_ready();
        argc--, argv++;
    }
    for (int i = 1; i < argc; i++) {
        n += (uint32_t)copy_text(s + n, sizeof s - n, argv[i]);
        n += (uint32_t)copy_text(s + n, sizeof s - n, " ");
    }
    command_line(s);
}

int main(int argc, char **argv)
{
    line.out = line_out;
    attach();
    first(argc, argv);
    for (;;) {
        job_poll();
        if (!edit()) {
            attach();
            continue;
        }
        history_add(line.text);
        command_line(line.text);
    }
}
