/*
 * wasi.c - the part of WASI preview 1 that a program needs to compute and print: arguments,
 * environment, the three standard streams, clocks, randomness, exit. Functions of preview 1 that
 * are not here answer ENOSYS. No file can be opened.
 *
 * These are C functions that compiled code calls (see wasm.h): the caller's instance, then 32- and
 * 64-bit integers. Every pointer is an offset in memory 0 and is checked before use.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "tools/host.h"
#include "tools/wasi.h"
#include "wasm/instance.h"

enum { E_SUCCESS = 0, E_BADF = 8, E_FAULT = 21, E_INVAL = 28, E_IO = 29, E_NOSYS = 52, E_PIPE = 64,
       E_SPIPE = 70, E_AGAIN = 6 };

static struct wasi *self(struct wasm_instance *in)
{
    return in->embedder;
}

/* n bytes at offset `at` of memory 0, or NULL */
static void *at(struct wasm_instance *in, uint32_t offset, uint64_t n)
{
    struct wasm_memory *m = in->module->nmems ? inst_mems(in)[0] : NULL;

    if (!m || offset + n > (uint64_t)m->pages * WASM_PAGE)
        return NULL;
    return m->base + offset;
}

static bool put32(struct wasm_instance *in, uint32_t to, uint32_t v)
{
    void *p = at(in, to, 4);

    if (p)
        memcpy(p, &v, 4);
    return p != NULL;
}

static bool put64(struct wasm_instance *in, uint32_t to, uint64_t v)
{
    void *p = at(in, to, 8);

    if (p)
        memcpy(p, &v, 8);
    return p != NULL;
}

static uint32_t error_of(int e)
{
    return e == EBADF ? E_BADF : e == EPIPE ? E_PIPE : e == ESPIPE ? E_SPIPE
         : e == EAGAIN ? E_AGAIN : e == EINVAL ? E_INVAL : E_IO;
}

/* ---- arguments and environment ------------------------------------------------------------- */

static uint32_t put_strings(struct wasm_instance *in, char **list, uint32_t ptrs, uint32_t buf)
{
    for (; *list; list++) {
        size_t n = strlen(*list) + 1;
        void *p = at(in, buf, n);
        if (!p || !put32(in, ptrs, buf))
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

    for (; *list; list++, n++)
        bytes += (uint32_t)strlen(*list) + 1;
    return put32(in, count, n) && put32(in, size, bytes) ? E_SUCCESS : E_FAULT;
}

static uint32_t args_get(struct wasm_instance *in, uint32_t ptrs, uint32_t buf)
{
    return put_strings(in, self(in)->argv, ptrs, buf);
}

static uint32_t args_sizes_get(struct wasm_instance *in, uint32_t count, uint32_t size)
{
    return put_sizes(in, self(in)->argv, count, size);
}

static uint32_t environ_get(struct wasm_instance *in, uint32_t ptrs, uint32_t buf)
{
    return put_strings(in, self(in)->env, ptrs, buf);
}

static uint32_t environ_sizes_get(struct wasm_instance *in, uint32_t count, uint32_t size)
{
    return put_sizes(in, self(in)->env, count, size);
}

/* ---- streams ------------------------------------------------------------------------------- */

/* reads into or writes from a list of (pointer, length) pairs */
static uint32_t transfer(struct wasm_instance *in, bool out, uint32_t fd, uint32_t iov, uint32_t n,
                         uint32_t done)
{
    uint32_t total = 0;

    if (fd > 2 || (out ? fd == 0 : fd != 0))
        return E_BADF;
    if (!at(in, done, 4) || !at(in, iov, 8ull * n))
        return E_FAULT;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v[2];
        memcpy(v, at(in, iov + 8 * i, 8), sizeof v);
        void *p = at(in, v[0], v[1]);
        if (!p)
            return E_FAULT;
        ssize_t r = out ? write((int)fd, p, v[1]) : read((int)fd, p, v[1]);
        if (r < 0 && !total)
            return error_of(errno);
        if (r > 0)
            total += (uint32_t)r;
        if (r != (ssize_t)v[1])
            break;
    }
    put32(in, done, total);
    return E_SUCCESS;
}

static uint32_t fd_write(struct wasm_instance *in, uint32_t fd, uint32_t iov, uint32_t n,
                         uint32_t done)
{
    return transfer(in, true, fd, iov, n, done);
}

static uint32_t fd_read(struct wasm_instance *in, uint32_t fd, uint32_t iov, uint32_t n,
                        uint32_t done)
{
    return transfer(in, false, fd, iov, n, done);
}

static uint32_t fd_close(struct wasm_instance *in, uint32_t fd)
{
    return fd > 2 ? E_BADF : E_SUCCESS;
}

static uint32_t fd_seek(struct wasm_instance *in, uint32_t fd, uint64_t offset, uint32_t whence,
                        uint32_t result)
{
    return fd > 2 ? E_BADF : E_SPIPE;
}

/* fdstat: type u8 at 0, flags u16 at 2, rights u64 at 8 and 16 */
static uint32_t fd_fdstat_get(struct wasm_instance *in, uint32_t fd, uint32_t to)
{
    uint8_t *p = at(in, to, 24);
    struct stat st;

    if (fd > 2)
        return E_BADF;
    if (!p)
        return E_FAULT;
    memset(p, 0, 24);
    if (fstat((int)fd, &st) == 0)
        p[0] = S_ISCHR(st.st_mode) ? 2 : S_ISREG(st.st_mode) ? 4 : 0;
    p[8] = fd == 0 ? 2 : 0x40;      /* rights: fd_read, fd_write; no fd_seek: a terminal */
    return E_SUCCESS;
}

static uint32_t fd_fdstat_set_flags(struct wasm_instance *in, uint32_t fd, uint32_t flags)
{
    return fd > 2 ? E_BADF : E_SUCCESS;
}

static uint32_t fd_prestat_get(struct wasm_instance *in, uint32_t fd, uint32_t to)
{
    return E_BADF;
}

static uint32_t fd_prestat_dir_name(struct wasm_instance *in, uint32_t fd, uint32_t to, uint32_t n)
{
    return E_BADF;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static bool clock_of(uint32_t id, clockid_t *c)
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

    return put64(in, to, ns) ? E_SUCCESS : E_FAULT;
}

static uint32_t clock_time_get(struct wasm_instance *in, uint32_t id, uint64_t precision,
                               uint32_t to)
{
    struct timespec ts;
    clockid_t c;

    if (!clock_of(id, &c) || clock_gettime(c, &ts))
        return E_INVAL;
    return put_time(in, to, &ts);
}

static uint32_t clock_res_get(struct wasm_instance *in, uint32_t id, uint32_t to)
{
    struct timespec ts;
    clockid_t c;

    if (!clock_of(id, &c) || clock_getres(c, &ts))
        return E_INVAL;
    return put_time(in, to, &ts);
}

static uint32_t random_get(struct wasm_instance *in, uint32_t to, uint32_t n)
{
    uint8_t *p = at(in, to, n);

    if (!p)
        return E_FAULT;
    while (n) {
        ssize_t r = getrandom(p, n, 0);
        if (r < 0)
            return E_IO;
        p += r;
        n -= (uint32_t)r;
    }
    return E_SUCCESS;
}

static uint32_t sched_yield_(struct wasm_instance *in)
{
    return E_SUCCESS;
}

static void proc_exit(struct wasm_instance *in, uint32_t code)
{
    self(in)->exit_code = (int)code;
    host_leave();
}

static uint32_t not_here(struct wasm_instance *in)
{
    return E_NOSYS;
}

/* name, parameters (i = i32, I = i64), result, function */
#define WASI(X) \
    X("args_get", "ii", "i", args_get) \
    X("args_sizes_get", "ii", "i", args_sizes_get) \
    X("environ_get", "ii", "i", environ_get) \
    X("environ_sizes_get", "ii", "i", environ_sizes_get) \
    X("clock_res_get", "ii", "i", clock_res_get) \
    X("clock_time_get", "iIi", "i", clock_time_get) \
    X("fd_advise", "iIIi", "i", not_here) \
    X("fd_allocate", "iII", "i", not_here) \
    X("fd_close", "i", "i", fd_close) \
    X("fd_datasync", "i", "i", not_here) \
    X("fd_fdstat_get", "ii", "i", fd_fdstat_get) \
    X("fd_fdstat_set_flags", "ii", "i", fd_fdstat_set_flags) \
    X("fd_fdstat_set_rights", "iII", "i", not_here) \
    X("fd_filestat_get", "ii", "i", not_here) \
    X("fd_filestat_set_size", "iI", "i", not_here) \
    X("fd_filestat_set_times", "iIIi", "i", not_here) \
    X("fd_pread", "iiiIi", "i", not_here) \
    X("fd_prestat_get", "ii", "i", fd_prestat_get) \
    X("fd_prestat_dir_name", "iii", "i", fd_prestat_dir_name) \
    X("fd_pwrite", "iiiIi", "i", not_here) \
    X("fd_read", "iiii", "i", fd_read) \
    X("fd_readdir", "iiiIi", "i", not_here) \
    X("fd_renumber", "ii", "i", not_here) \
    X("fd_seek", "iIii", "i", fd_seek) \
    X("fd_sync", "i", "i", not_here) \
    X("fd_tell", "ii", "i", not_here) \
    X("fd_write", "iiii", "i", fd_write) \
    X("path_create_directory", "iii", "i", not_here) \
    X("path_filestat_get", "iiiii", "i", not_here) \
    X("path_filestat_set_times", "iiiiIIi", "i", not_here) \
    X("path_link", "iiiiiii", "i", not_here) \
    X("path_open", "iiiiiIIii", "i", not_here) \
    X("path_readlink", "iiiiii", "i", not_here) \
    X("path_remove_directory", "iii", "i", not_here) \
    X("path_rename", "iiiiii", "i", not_here) \
    X("path_symlink", "iiiii", "i", not_here) \
    X("path_unlink_file", "iii", "i", not_here) \
    X("poll_oneoff", "iiii", "i", not_here) \
    X("proc_exit", "i", "", proc_exit) \
    X("proc_raise", "i", "i", not_here) \
    X("random_get", "ii", "i", random_get) \
    X("sched_yield", "", "i", sched_yield_) \
    X("sock_accept", "iii", "i", not_here) \
    X("sock_recv", "iiiiii", "i", not_here) \
    X("sock_send", "iiiii", "i", not_here) \
    X("sock_shutdown", "ii", "i", not_here)

struct wasi_func { const char *name, *params, *results; void *code; };

bool wasi_resolve(const struct wasm_module *m, uint32_t import, struct wasm_extern *out)
{
    static const struct wasi_func funcs[] = {
#define X(name, params, results, code) { name, params, results, (void *)code },
        WASI(X)
#undef X
    };
    static uint8_t types[sizeof funcs / sizeof *funcs][12];
    static struct wasm_functype sigs[sizeof funcs / sizeof *funcs];
    const struct wasm_import *im = &m->imports[import];

    for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++) {
        const struct wasi_func *f = &funcs[i];
        size_t n = strlen(f->params);

        if (im->field.len != strlen(f->name) || memcmp(im->field.s, f->name, im->field.len) != 0)
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
