/*
 * stream.c - the standard stream: a buffer in front of `put` messages, and reading.
 *
 * Output is sent when a line is complete, when the buffer is full, before reading and at exit.
 * A program without a standard stream (a driver) prints to nowhere.
 */
#include "sips/sip.h"
#include "sips/runtime/lock.h"
#include "iface/stream.h"

#define OUT_BYTES 2000
#define IN_BYTES 1024

static uint32_t stream = HANDLE_STDIO;
static struct { uint32_t op; char text[OUT_BYTES]; } out;
static uint32_t nout, out_lock;
static struct { int32_t status; char text[IN_BYTES]; } in;
static uint32_t in_first, in_end, in_lock;

void stdio_set(uint32_t h)
{
    flush();
    stream = h;
    in_first = in_end = 0;
}

static void send_out(void)
{
    out.op = STREAM_PUT;
    if (nout)
        chan_send(stream, &out, 4 + nout, 0);
    nout = 0;
}

void flush(void)
{
    lock_take(&out_lock);
    send_out();
    lock_drop(&out_lock);
}

/* With the lock. True: a line is complete. */
static bool add(const char *s, size_t n)
{
    bool line = false;

    for (size_t i = 0; i < n; i++) {
        if (nout == OUT_BYTES)
            send_out();
        out.text[nout++] = s[i];
        line |= s[i] == '\n';
    }
    return line;
}

void put(const char *s, size_t n)
{
    lock_take(&out_lock);
    if (add(s, n))
        send_out();
    lock_drop(&out_lock);
}

int puts(const char *s)
{
    lock_take(&out_lock);
    add(s, strlen(s));
    add("\n", 1);
    send_out();
    lock_drop(&out_lock);
    return 0;
}

int putchar(int c)
{
    char b = (char)c;

    put(&b, 1);
    return c;
}

int printf(const char *fmt, ...)
{
    char s[1024];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(s, sizeof s, fmt, ap);
    va_end(ap);
    put(s, (size_t)n < sizeof s ? (size_t)n : sizeof s - 1);
    return n;
}

/* At most so much more into the empty buffer. */
static int32_t fill(uint32_t max)
{
    struct stream_read_req q = { STREAM_READ, max };
    int32_t r = chan_call(stream, &q, sizeof q, &in, sizeof in);

    if (r < 0)
        return r;
    in_first = 0;
    in_end = (uint32_t)r - 4;
    return 0;
}

static int32_t take(char *buf, uint32_t cap, uint32_t ahead)
{
    uint32_t n;
    int32_t r;

    if (in_first == in_end && (r = fill(ahead)) < 0)
        return r;
    n = in_end - in_first < cap ? in_end - in_first : cap;
    memcpy(buf, in.text + in_first, n);
    in_first += n;
    return (int32_t)n;
}

int32_t read_bytes(char *buf, uint32_t cap)
{
    int32_t r;

    flush();
    lock_take(&in_lock);
    r = take(buf, cap, IN_BYTES);
    lock_drop(&in_lock);
    return r;
}

int32_t read_key(char *c)
{
    int32_t r;

    flush();
    lock_take(&in_lock);
    r = take(c, 1, 1);
    lock_drop(&in_lock);
    return r;
}

int read_line(char *buf, uint32_t cap)
{
    uint32_t n = 0;
    char c;

    for (;;) {
        int32_t r = read_bytes(&c, 1);
        if (r <= 0 && !n)
            return -1;
        if (r <= 0 || c == '\n')
            break;
        if (n + 1 < cap)
            buf[n++] = c;
    }
    buf[n] = 0;
    return (int)n;
}
