/*
 * wasi.c - WASI preview 1: arguments, environment, clocks, randomness, exit, and the table of all
 * functions. Descriptors are wasi_fd.c's, paths wasi_path.c's, waiting is wasi_poll.c's. Sockets
 * are not supported: no descriptor is one.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include "tools/host.h"
#include "tools/wasi_impl.h"

/* ---- memory and numbers -------------------------------------------------------------------- */

void *wasi_at(struct wasm_instance *in, uint32_t at, uint64_t n)
{
    struct wasm_memory *m = in->module->nmems ? inst_mems(in)[0] : NULL;

    if (!m || at + n > (uint64_t)m->pages * WASM_PAGE)
        return NULL;
    return m->base + at;
}

bool wasi_put32(struct wasm_instance *in, uint32_t to, uint32_t v)
{
    void *p = wasi_at(in, to, 4);

    if (p)
        memcpy(p, &v, 4);
    return p != NULL;
}

bool wasi_put64(struct wasm_instance *in, uint32_t to, uint64_t v)
{
    void *p = wasi_at(in, to, 8);

    if (p)
        memcpy(p, &v, 8);
    return p != NULL;
}

uint32_t wasi_errno(int e)
{
    static const struct { int host; uint32_t wasi; } errors[] = {
#define X(name) { E##name, E_##name }
        X(2BIG), X(ACCES), X(AGAIN), X(BADF), X(BUSY), X(DEADLK), X(DQUOT), X(EXIST), X(FAULT),
        X(FBIG), X(ILSEQ), X(INTR), X(INVAL), X(IO), X(ISDIR), X(LOOP), X(MFILE), X(MLINK),
        X(NAMETOOLONG), X(NFILE), X(NODEV), X(NOENT), X(NOLCK), X(NOMEM), X(NOSPC), X(NOSYS),
        X(NOTDIR), X(NOTEMPTY), X(NOTSOCK), X(NOTSUP), X(NOTTY), X(NXIO), X(OVERFLOW), X(PERM),
        X(PIPE), X(RANGE), X(ROFS), X(SPIPE), X(STALE), X(TIMEDOUT), X(TXTBSY), X(XDEV),
#undef X
    };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].host == e)
            return errors[i].wasi;
    return E_IO;
}

/* ---- arguments and environment ------------------------------------------------------------- */

static uint32_t put_strings(struct wasm_instance *in, char **list, uint32_t ptrs, uint32_t buf)
{
    for (; list && *list; list++) {
        size_t n = strlen(*list) + 1;
        void *p = wasi_at(in, buf, n);
        if (!p || !wasi_put32(in, ptrs, buf))
            return E_FAULT;
        memcpy(p, *list, n);
        ptrs += 4;
        buf += (uint32_t)n;
    }
    return E_SUCCESS;
}

static uint32_t put_sizes(struct wasm_instance *in, char **list, uint32_t count, uint32_t size)
{
    uint32_t n = 0, bytes = 0;

    for (; list && *list; list++, n++)
        bytes += (uint32_t)strlen(*list) + 1;
    return wasi_put32(in, count, n) && wasi_put32(in, size, bytes) ? E_SUCCESS : E_FAULT;
}

static uint32_t wasi_args_get(struct wasm_instance *in, uint32_t ptrs, uint32_t buf)
{
    return put_strings(in, wasi_self(in)->argv, ptrs, buf);
}

static uint32_t wasi_args_sizes_get(struct wasm_instance *in, uint32_t count, uint32_t size)
{
    return put_sizes(in, wasi_self(in)->argv, count, size);
}

static uint32_t wasi_environ_get(struct wasm_instance *in, uint32_t ptrs, uint32_t buf)
{
    return put_strings(in, wasi_self(in)->env, ptrs, buf);
}

static uint32_t wasi_environ_sizes_get(struct wasm_instance *in, uint32_t count, uint32_t size)
{
    return put_sizes(in, wasi_self(in)->env, count, size);
}

/* ---- clocks, randomness -------------------------------------------------------------------- */

bool wasi_clock(uint32_t id, clockid_t *c)
{
    static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                        CLOCK_THREAD_CPUTIME_ID };
    if (id > 3)
        return false;
    *c = clocks[id];
    return true;
}

static uint32_t put_time(struct wasm_instance *in, uint32_t to, const struct timespec *ts)
{
    uint64_t ns = (uint64_t)ts->tv_sec * 1000000000 + (uint64_t)ts->tv_nsec;

    return wasi_put64(in, to, ns) ? E_SUCCESS : E_FAULT;
}

static uint32_t wasi_clock_time_get(struct wasm_instance *in, uint32_t id, uint64_t precision,
                                    uint32_t to)
{
    struct timespec ts;
    clockid_t c;

    if (!wasi_clock(id, &c) || clock_gettime(c, &ts))
        return E_INVAL;
    return put_time(in, to, &ts);
}

static uint32_t wasi_clock_res_get(struct wasm_instance *in, uint32_t id, uint32_t to)
{
    struct timespec ts;
    clockid_t c;

    if (!wasi_clock(id, &c) || clock_getres(c, &ts))
        return E_INVAL;
    return put_time(in, to, &ts);
}

static uint32_t wasi_random_get(struct wasm_instance *in, uint32_t to, uint32_t n)
{
    uint8_t *p = wasi_at(in, to, n);

    if (!p)
        return E_FAULT;
    while (n) {
        ssize_t r = getrandom(p, n, 0);
        if (r < 0 && errno != EINTR)
            return E_IO;
        if (r > 0) {
            p += r;
            n -= (uint32_t)r;
        }
    }
    return E_SUCCESS;
}

/* ---- process ------------------------------------------------------------------------------- */

static uint32_t wasi_sched_yield(struct wasm_instance *in)
{
    sched_yield();
    return E_SUCCESS;
}

static void wasi_proc_exit(struct wasm_instance *in, uint32_t code)
{
    wasi_self(in)->exit_code = (int)code;
    host_leave();
}

/* Signals 1 to 15 have the numbers of Linux and end the program as they would there. */
static uint32_t wasi_proc_raise(struct wasm_instance *in, uint32_t signal)
{
    if (signal > 30)
        return E_INVAL;
    if (signal == 0 || signal > 15)
        return E_SUCCESS;
    wasi_self(in)->exit_code = 128 + (int)signal;
    host_leave();
}

/* ---- sockets ------------------------------------------------------------------------------- */

static uint32_t no_socket(struct wasm_instance *in, uint32_t fd)
{
    uint32_t err;
    const struct wasi_fd *f = wasi_fd_get(in, fd, 0, &err);

    return !f ? err : f->type == TYPE_STREAM || f->type == TYPE_DGRAM ? E_NOTSUP : E_NOTSOCK;
}

static uint32_t wasi_sock_accept(struct wasm_instance *in, uint32_t fd, uint32_t flags,
                                 uint32_t result)
{
    return no_socket(in, fd);
}

static uint32_t wasi_sock_recv(struct wasm_instance *in, uint32_t fd, uint32_t iov, uint32_t n,
                               uint32_t flags, uint32_t done, uint32_t result_flags)
{
    return no_socket(in, fd);
}

static uint32_t wasi_sock_send(struct wasm_instance *in, uint32_t fd, uint32_t iov, uint32_t n,
                               uint32_t flags, uint32_t done)
{
    return no_socket(in, fd);
}

static uint32_t wasi_sock_shutdown(struct wasm_instance *in, uint32_t fd, uint32_t how)
{
    return no_socket(in, fd);
}

/* ---- resolution ---------------------------------------------------------------------------- */

struct wasi_func { bool old; const char *name, *params, *results; void *code; };

static bool name_is(struct wasm_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.s, s, n.len) == 0;
}

bool wasi_resolve(const struct wasm_module *m, uint32_t import, struct wasm_extern *out)
{
    static const struct wasi_func funcs[] = {
#define X(name, params, results) { true, #name, params, results, (void *)wasi_old_##name },
        WASI_OLD_FUNCS(X)
#undef X
#define X(name, params, results) { false, #name, params, results, (void *)wasi_##name },
        WASI_FUNCS(X)
#undef X
    };
    static uint8_t types[sizeof funcs / sizeof *funcs][12];
    static struct wasm_functype sigs[sizeof funcs / sizeof *funcs];
    const struct wasm_import *im = &m->imports[import];
    bool old = name_is(im->module, "wasi_unstable");

    if (!old && !name_is(im->module, "wasi_snapshot_preview1"))
        return false;
    for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++) {
        const struct wasi_func *f = &funcs[i];
        size_t n = strlen(f->params);

        if ((f->old && !old) || !name_is(im->field, f->name))
            continue;
        for (size_t k = 0; k < n; k++)
            types[i][k] = f->params[k] == 'I' ? WASM_I64 : WASM_I32;
        types[i][n] = WASM_I32;
        sigs[i].nparams = (uint32_t)n;
        sigs[i].nresults = (uint32_t)strlen(f->results);
        sigs[i].params = types[i];
        sigs[i].results = types[i] + n;
        out->kind = WASM_FUNC;
        out->type = &sigs[i];
        out->code = f->code;
        return true;
    }
    return false;
}
