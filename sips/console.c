/*
 * console.c - joins the terminals (serial line; keyboard and screen) with the sessions of programs.
 *
 * What a session writes goes to every terminal; what is typed at any goes to the session that
 * has the focus. In cooked mode a line is edited here (runtime/line.c) and ctrl-C is told to
 * whoever opened the session; in raw mode the program gets the bytes, but for ctrl-\, which is
 * told in either mode. What a session has not read when it loses the focus, or ends, is for the
 * next one of the same program that reads; a ctrl-C in it ends a program that starts. When a
 * driver dies, what is written waits in a new channel for the next one, as far as there is room.
 * Notes of init go to the terminals at once.
 */
#include "sips/sip.h"
#include "iface/console.h"
#include "iface/display.h"
#include "iface/keyboard.h"
#include "iface/serial.h"
#include "iface/services.h"
#include "iface/stream.h"

SERVE(IFACE_CONSOLE, CLIENTS, 2);
CHANNEL_OF(IFACE_STREAM, STREAMS, 6);
USE(IFACE_SERIAL, SERIAL, 3);
USE(IFACE_KEYBOARD, KEYBOARD, 4);
USE(IFACE_DISPLAY, DISPLAY, 5);
USE(IFACE_SERVICES, INIT, 7);

#define SESSIONS 32
#define INPUT_BYTES 4096u       /* a power of two */
#define COLUMNS 80
#define ROWS 24
#define CATCH_UP 256            /* messages at most, of a session that loses the focus */
#define RETRY_EVERY (1000 * MS)  /* when connecting fails */
#define INTERRUPT_KEY 28        /* ctrl-\ */
#define CTRL_C 3

struct session {
    uint32_t id;                /* 0: free */
    uint32_t stream, owner;     /* our end; the console channel of who opened it */
    bool raw, eof;
    struct line line;
    char input[INPUT_BYTES];
    uint32_t first, end;        /* free-running */
    struct msg reader;          /* a read to answer; token 0: none */
    uint32_t reader_max;
};

static struct session sessions[SESSIONS];
static struct session *focus;
static uint32_t next_id = 1;
static uint32_t column;         /* of the terminals' cursors */
static bool in_escape;
static char last_in;

static struct device {
    uint32_t handle;
    bool down;                  /* there is no channel */
    bool ready;                 /* it has spoken, so a send cannot block for ever */
    int64_t next_try;
} devices[] = { { .handle = SERIAL }, { .handle = DISPLAY }, { .handle = KEYBOARD } };

static struct {
    uint32_t op;
    union { char bytes[MSG_BYTES_MAX - 4]; uint32_t word; };
} in;

/* ---- terminals ----------------------------------------------------------------------------- */

/* Its driver is gone: what is sent from now on waits for the next one. */
static void device_lost(struct device *d)
{
    d->ready = false;
    d->down = sys_connect(d->handle) < 0;
    d->next_try = sys_clock() + RETRY_EVERY;
}

static struct device *device_of(uint32_t handle)
{
    for (uint32_t i = 0; i < COUNT(devices); i++)
        if (devices[i].handle == handle)
            return &devices[i];
    return NULL;
}

/* Tries the devices that are down and due; returns when to try again. */
static int64_t reconnect(void)
{
    int64_t next = FOREVER;

    for (uint32_t i = 0; i < COUNT(devices); i++) {
        struct device *d = &devices[i];
        if (d->down && sys_clock() >= d->next_try)
            device_lost(d);
        if (d->down && d->next_try < next)
            next = d->next_try;
    }
    return next;
}

/* Sends bytes to the devices that show them. */
static void terminal_send(const void *put, uint32_t n)
{
    _Static_assert((uint32_t)SERIAL_PUT == (uint32_t)DISPLAY_PUT, "one message for both");

    for (uint32_t i = 0; i < 2; i++) {
        struct device *d = &devices[i];
        if (!d->down && chan_send(d->handle, put, n, d->ready ? 0 : SEND_NOWAIT) == ERR_PEER) {
            device_lost(d);
            if (!d->down)
                chan_send(d->handle, put, n, SEND_NOWAIT);
        }
    }
}

/* Follows the column; escape sequences do not count. */
static void track(char c)
{
    if (in_escape)
        in_escape = c == '[' || c == ';' || c == '?' || is_digit(c);
    else if (c == 27)
        in_escape = true;
    else if (c == '\r' || c == '\n')
        column = 0;
    else if (c == '\b')
        column -= column > 0;
    else if ((uint8_t)c >= 32 && (c & 0xc0) != 0x80)
        column++;
}

/* Output of a session: a newline becomes CR LF. */
static void terminal_put(const char *s, uint32_t n)
{
    static struct { uint32_t op; char bytes[2048]; } out = { .op = SERIAL_PUT };
    uint32_t k = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (k + 2 > sizeof out.bytes) {
            terminal_send(&out, 4 + k);
            k = 0;
        }
        if (s[i] == '\n')
            out.bytes[k++] = '\r';
        out.bytes[k++] = s[i];
        track(s[i]);
    }
    if (k)
        terminal_send(&out, 4 + k);
}

static void line_out(void *ctx, const char *s, uint32_t n)
{
    terminal_put(s, n);
}

/* ---- sessions ------------------------------------------------------------------------------ */

static struct session *session_of(uint32_t stream)
{
    for (uint32_t i = 0; i < SESSIONS; i++)
        if (sessions[i].id && sessions[i].stream == stream)
            return &sessions[i];
    return NULL;
}

/* What was typed for one session of `owner` (0: before there was any), and none has read. */
static struct { uint32_t owner, n; char bytes[INPUT_BYTES]; } ahead;

static void ahead_put(const char *s, uint32_t n)
{
    if (n > sizeof ahead.bytes - ahead.n)
        return;
    memcpy(ahead.bytes + ahead.n, s, n);
    ahead.n += n;
}

/* s loses the focus. */
static void take_unread(struct session *s)
{
    if (ahead.owner != s->owner)
        ahead.n = 0;
    ahead.owner = s->owner;
    for (; s->first != s->end; s->first++)
        ahead_put(&s->input[s->first % INPUT_BYTES], 1);
    ahead_put(s->line.text, s->line.len);
    s->line.len = 0;
}

static void session_end(struct session *s)
{
    if (focus == s)
        take_unread(s);
    sys_close(s->stream);
    s->id = 0;
    if (focus == s)
        focus = NULL;
}

/* Answers a waiting read if there is input or its end. */
static void give(struct session *s)
{
    static struct { int32_t status; char bytes[MSG_BYTES_MAX - 4]; } out;
    uint32_t n = 0;
    bool line = false;

    if (!s->reader.token || (s->first == s->end && !s->eof))
        return;
    while (n < s->reader_max && s->first != s->end && !line) {
        char c = s->input[s->first++ % INPUT_BYTES];
        out.bytes[n++] = c;
        line = !s->raw && c == '\n';
    }
    if (!n)
        s->eof = false;
    chan_answer(&s->reader, &out, 4 + n, NULL, 0);
    s->reader.token = 0;
}

static void keep(struct session *s, const char *bytes, uint32_t n)
{
    if (INPUT_BYTES - (s->end - s->first) < n)
        return;
    for (uint32_t i = 0; i < n; i++)
        s->input[s->end++ % INPUT_BYTES] = bytes[i];
}

static void interrupt(struct session *s)
{
    struct console_interrupt_req q = { CONSOLE_INTERRUPT, s->id };

    if (s->owner)
        chan_send(s->owner, &q, sizeof q, SEND_NOWAIT);
}

static void cooked_key(struct session *s, char c)
{
    struct line *l = &s->line;

    if (!l->len && !l->nesc)
        line_start(l, column, COLUMNS);
    switch (line_key(l, c)) {
    case LINE_DONE:
        keep(s, l->text, l->len);
        keep(s, "\n", 1);
        terminal_put("\n", 1);
        line_start(l, 0, COLUMNS);
        break;
    case LINE_EOF:
        s->eof = true;
        break;
    case LINE_BREAK:
        terminal_put("^C\n", 3);
        line_start(l, 0, COLUMNS);
        interrupt(s);
        break;
    default:
        break;
    }
}

static void key(struct session *s, char c)
{
    if (c == INTERRUPT_KEY)
        interrupt(s);
    else if (s->raw)
        keep(s, &c, 1);
    else
        cooked_key(s, c);
}

/* What was typed ahead goes to the session with the focus, which reads: up to ctrl-D. */
static void give_ahead(void)
{
    uint32_t i = 0;

    if (ahead.owner && ahead.owner != focus->owner)
        ahead.n = 0;
    while (i < ahead.n && !focus->eof)
        key(focus, ahead.bytes[i++]);
    ahead.n -= i;
    memmove(ahead.bytes, ahead.bytes + i, ahead.n);
}

/* It waits until the session reads; but that it is to be ended is told at once. */
static void wait_ahead(void)
{
    for (uint32_t i = ahead.n; i-- > 0 && focus; )
        if (ahead.bytes[i] == INTERRUPT_KEY || (ahead.bytes[i] == CTRL_C && !focus->raw)) {
            char c = ahead.bytes[i];
            ahead.n -= i + 1;
            memmove(ahead.bytes, ahead.bytes + i + 1, ahead.n);
            key(focus, c);
            return;
        }
}

/* What was typed. The pair CR LF counts as one Enter. */
static void typed(const char *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        bool second = s[i] == '\n' && last_in == '\r';
        last_in = s[i];
        if (second)
            continue;
        if (!focus || ahead.n || focus->eof)
            ahead_put(s + i, 1);
        else
            key(focus, s[i]);
    }
    wait_ahead();
    if (focus)
        give(focus);
}

/* What was typed before it is raw is not lost. */
static void set_mode(struct session *s, bool raw)
{
    if (raw && !s->raw) {
        keep(s, s->line.text, s->line.len);
        s->line.len = 0;
    }
    s->raw = raw;
}

static void stream_request(struct session *s, const struct msg *m, uint32_t n)
{
    switch (in.op) {
    case STREAM_PUT:
        terminal_put(in.bytes, n - 4);
        return;
    case STREAM_WRITE: {
        struct stream_write_ans a = { 0, n - 4 };
        terminal_put(in.bytes, n - 4);
        chan_answer(m, &a, sizeof a, NULL, 0);
        return;
    }
    case STREAM_READ:
        if (!in.word || s->reader.token) {
            chan_answer_status(m, s->reader.token ? ERR_BUSY : ERR_ARGUMENT);
            return;
        }
        s->reader = *m;
        s->reader_max = in.word < INPUT_BYTES ? in.word : INPUT_BYTES;
        if (s == focus)
            give_ahead();
        give(s);
        return;
    case STREAM_SIZE: {
        struct stream_size_ans a = { 0, COLUMNS, ROWS };
        chan_answer(m, &a, sizeof a, NULL, 0);
        return;
    }
    case STREAM_SET_MODE:
        set_mode(s, in.word == STREAM_RAW);
        chan_answer_status(m, 0);
    }
}

/* ---- clients of the console ---------------------------------------------------------------- */

static void open_session(const struct msg *m)
{
    struct console_open_ans a = { 0, next_id };
    struct session *s = sessions;
    uint32_t ends[2];
    int32_t r;

    while (s < sessions + SESSIONS && s->id)
        s++;
    r = s == sessions + SESSIONS ? ERR_LIMIT : sys_channel_of(STREAMS, ADDR(ends));
    if (r < 0) {
        chan_answer_status(m, r);
        return;
    }
    if (chan_answer(m, &a, sizeof a, &ends[1], 1) < 0) {
        sys_close(ends[0]);
        sys_close(ends[1]);
        return;
    }
    memset(s, 0, sizeof *s);
    s->id = next_id++;
    s->stream = ends[0];
    s->owner = m->from;
    s->line.out = line_out;
    if (!focus)
        focus = s;
}

/* Handles what s has written before now. */
static void catch_up(struct session *s)
{
    struct msg m = { 0 };
    int32_t n;

    for (uint32_t i = 0; i < CATCH_UP; i++) {
        n = chan_wait(s->stream, &m, &in, sizeof in, 0);
        if (n < 0)
            return;
        for (uint32_t h = 0; h < m.nhandles; h++)
            sys_close(m.handle[h]);
        if (m.kind == MSG_CLOSED) {
            session_end(s);
            return;
        }
        stream_request(s, &m, (uint32_t)n);
    }
}

static void focus_session(const struct msg *m)
{
    struct session *s = NULL;
    uint32_t id = in.word;

    if (focus)
        catch_up(focus);
    for (uint32_t i = 0; i < SESSIONS; i++)
        if (sessions[i].id == id && id && sessions[i].owner == m->from)
            s = &sessions[i];
    chan_answer_status(m, s ? 0 : ERR_NOT_FOUND);
    if (!s || s == focus)
        return;
    if (focus)
        take_unread(focus);
    focus = s;
    if (s->reader.token) {
        give_ahead();
        give(s);
    } else {
        wait_ahead();
    }
}

static void client_gone(uint32_t h)
{
    for (uint32_t i = 0; i < SESSIONS; i++)
        if (sessions[i].owner == h)
            sessions[i].owner = 0;
    sys_close(h);
}

/* ---- notes of init ------------------------------------------------------------------------- */

static void watch(void)
{
    struct services_watch_req q = { SERVICES_WATCH };

    chan_send(INIT, &q, sizeof q, SEND_NOWAIT);
}

static void init_said(const struct msg *m, uint32_t n)
{
    if (m->kind == MSG_CLOSED && sys_connect(INIT) >= 0) {
        watch();
    } else if (m->kind == MSG_DATA) {
        if (column)
            terminal_put("\n", 1);
        terminal_put(in.bytes, n - 4);
    }
}

/* ---- events -------------------------------------------------------------------------------- */

static void event(const struct msg *m, uint32_t n)
{
    struct session *s = session_of(m->from);
    struct device *d = device_of(m->from);

    if (m->kind == MSG_CONNECT)
        return;                         /* handle[0] speaks for itself from now on */
    if (m->from == INIT) {
        init_said(m, n);
        return;
    }
    if (m->kind == MSG_CLOSED) {
        if (s)
            session_end(s);
        else if (d)
            device_lost(d);
        else
            client_gone(m->from);
    } else if (d) {
        d->ready = true;
        if (in.op == (m->from == SERIAL ? SERIAL_INPUT : KEYBOARD_INPUT))
            typed(in.bytes, n - 4);
    } else if (s) {
        stream_request(s, m, n);
    } else if (in.op == CONSOLE_OPEN) {
        open_session(m);
    } else {
        focus_session(m);
    }
}

int main(int argc, char **argv)
{
    struct msg m = { 0 };

    watch();
    for (;;) {
        int32_t n = chan_serve(&m, &in, sizeof in, reconnect());
        if (n >= 0)
            event(&m, (uint32_t)n);
    }
}
