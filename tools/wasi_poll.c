/*
 * wasi_poll.c - WASI's poll_oneoff: waits until a clock has reached a time or a descriptor is
 * ready. Several clocks become the earliest of them; regular files are always ready.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "tools/wasi_impl.h"

enum { MAX_SUBS = 1 << 16, EVENT_CLOCK = 0, EVENT_READ = 1, EVENT_WRITE = 2, ABSTIME = 1,
       HANGUP = 1, SUB_SIZE = 48, SUB_SIZE_OLD = 56, EVENT_SIZE = 32 };

struct sub {
    uint64_t userdata, timeout;
    uint32_t id;                    /* clock or descriptor */
    uint16_t flags;
    uint8_t type;
    uint16_t error;
    int64_t due;                    /* clocks: ns from the start of the call */
    int poll;                       /* descriptors: index in the pollfds */
};

/* userdata u64 at 0, type u8 at 8; clock: id u32 at 16, timeout u64 at 24, flags u16 at 40, in
   preview 0 all 8 later; descriptor: u32 at 16 */
static void take(const uint8_t *p, uint32_t size, struct sub *s)
{
    const uint8_t *clock = p + 16 + (size - SUB_SIZE);

    memset(s, 0, sizeof *s);
    memcpy(&s->userdata, p, 8);
    s->type = p[8];
    memcpy(&s->id, p + 16, 4);
    if (s->type == EVENT_CLOCK) {
        memcpy(&s->id, clock, 4);
        memcpy(&s->timeout, clock + 8, 8);
        memcpy(&s->flags, clock + 24, 2);
    }
}

/* userdata u64 at 0, error u16 at 8, type u8 at 10, bytes u64 at 16, flags u16 at 24 */
static void put_event(uint8_t *to, const struct sub *s, uint64_t bytes, uint16_t flags)
{
    memset(to, 0, EVENT_SIZE);
    memcpy(to, &s->userdata, 8);
    memcpy(to + 8, &s->error, 2);
    to[10] = s->type;
    memcpy(to + 16, &bytes, 8);
    memcpy(to + 24, &flags, 2);
}

static int64_t now(clockid_t c)
{
    struct timespec ts = { 0 };

    clock_gettime(c, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void prepare_clock(struct sub *s)
{
    clockid_t c;

    if (!wasi_clock(s->id, &c)) {
        s->error = E_INVAL;
        return;
    }
    s->due = s->timeout > INT64_MAX ? INT64_MAX : (int64_t)s->timeout;
    if (s->flags & ABSTIME)
        s->due = s->due > now(c) ? s->due - now(c) : 0;
}

static void prepare_fd(struct wasm_instance *in, struct sub *s, struct pollfd *p, int *n)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, s->id, R_POLL_FD_READWRITE, &err);

    if (!f) {
        s->error = (uint16_t)err;
        return;
    }
    p[*n] = (struct pollfd){ .fd = f->host, .events = s->type == EVENT_READ ? POLLIN : POLLOUT };
    s->poll = (*n)++;
}

/* How many bytes can be read */
static uint64_t readable(int host)
{
    struct stat st;
    off_t at;
    int n = 0;

    if (fstat(host, &st) == 0 && S_ISREG(st.st_mode)) {
        at = lseek(host, 0, SEEK_CUR);
        return at >= 0 && at < st.st_size ? (uint64_t)(st.st_size - at) : 0;
    }
    return ioctl(host, FIONREAD, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

/* Writes the events that have come; their number. */
static uint32_t report(const struct sub *subs, uint32_t n, const struct pollfd *p, int64_t passed,
                       uint8_t *to)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct sub *s = &subs[i];
        uint64_t bytes = 0;
        uint16_t flags = 0;
        if (!s->error && s->type == EVENT_CLOCK) {
            if (s->due > passed)
                continue;
        } else if (!s->error) {
            if (!p[s->poll].revents)
                continue;
            bytes = s->type == EVENT_READ ? readable(p[s->poll].fd) : 0;
            flags = p[s->poll].revents & (POLLHUP | POLLERR) ? HANGUP : 0;
        }
        put_event(to + (size_t)EVENT_SIZE * count++, s, bytes, flags);
    }
    return count;
}

static uint32_t wait_for(const struct sub *subs, uint32_t n, struct pollfd *p, int npoll,
                         uint8_t *to, uint32_t *count)
{
    int64_t from = now(CLOCK_MONOTONIC), due = INT64_MAX, passed, left;
    struct timespec ts;

    for (uint32_t i = 0; i < n; i++)
        if (subs[i].error)
            due = 0;
        else if (subs[i].type == EVENT_CLOCK && subs[i].due < due)
            due = subs[i].due;
    do {
        passed = now(CLOCK_MONOTONIC) - from;
        left = due > passed ? due - passed : 0;
        ts.tv_sec = left / 1000000000;
        ts.tv_nsec = left % 1000000000;
        if (ppoll(p, (nfds_t)npoll, due == INT64_MAX ? NULL : &ts, NULL) < 0)
            return wasi_errno(errno);
        *count = report(subs, n, p, now(CLOCK_MONOTONIC) - from, to);
    } while (!*count);
    return E_SUCCESS;
}

static uint32_t poll_all(struct wasm_instance *in, uint32_t at, uint32_t events, uint32_t n,
                         uint32_t done, uint32_t size)
{
    const uint8_t *from = wasi_at(in, at, (uint64_t)n * size);
    uint8_t *to = wasi_at(in, events, (uint64_t)n * EVENT_SIZE);
    struct sub *subs;
    struct pollfd *p;
    uint32_t err = E_SUCCESS, count = 0;
    int npoll = 0;

    if (!from || !to || !wasi_at(in, done, 4))
        return E_FAULT;
    if (!n || n > MAX_SUBS)
        return E_INVAL;
    subs = malloc(n * sizeof *subs);
    p = malloc(n * sizeof *p);
    if (!subs || !p)
        err = E_NOMEM;
    for (uint32_t i = 0; i < n && !err; i++) {
        take(from + (size_t)size * i, size, &subs[i]);
        if (subs[i].type > EVENT_WRITE)
            err = E_INVAL;
        else if (subs[i].type == EVENT_CLOCK)
            prepare_clock(&subs[i]);
        else
            prepare_fd(in, &subs[i], p, &npoll);
    }
    if (!err)
        err = wait_for(subs, n, p, npoll, to, &count);
    free(subs);
    free(p);
    if (!err)
        wasi_put32(in, done, count);
    return err;
}

uint32_t wasi_poll_oneoff(struct wasm_instance *in, uint32_t subs, uint32_t events, uint32_t n,
                          uint32_t done)
{
    return poll_all(in, subs, events, n, done, SUB_SIZE);
}

uint32_t wasi_old_poll_oneoff(struct wasm_instance *in, uint32_t subs, uint32_t events, uint32_t n,
                              uint32_t done)
{
    return poll_all(in, subs, events, n, done, SUB_SIZE_OLD);
}
