/*
 * wasi_fd.c - WASI's descriptors: the table, and the fd_* functions but fd_readdir.
 *
 * A descriptor of the program is an index of wasi.fds. It holds rights, which only shrink: those of
 * a file are what its type allows, out of what path_open asked for and the folder passes on. The
 * standard streams belong to other processes too: their flags are kept here and acted out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tools/wasi_impl.h"

enum { MAX_FDS = 4096, MAX_IOV = 64 };

/* ---- the table ----------------------------------------------------------------------------- */

uint8_t wasi_filetype(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFBLK: return TYPE_BLOCK;
    case S_IFCHR: return TYPE_CHAR;
    case S_IFDIR: return TYPE_DIR;
    case S_IFREG: return TYPE_FILE;
    case S_IFLNK: return TYPE_SYMLINK;
    case S_IFIFO:
    case S_IFSOCK: return TYPE_STREAM;
    default: return TYPE_UNKNOWN;
    }
}

/* A terminal is a character device without rights to seek: libc's isatty goes by that. */
static uint32_t type_rights(uint8_t type, int host)
{
    if (type == TYPE_DIR)
        return R_DIR;
    if (type == TYPE_FILE || type == TYPE_BLOCK || (type == TYPE_CHAR && !isatty(host)))
        return R_FILE;
    return R_STREAM;
}

static void add_stream(struct wasi_fd *f, int host)
{
    struct stat st;
    int mode = fcntl(host, F_GETFL);

    f->open = f->borrowed = true;
    f->host = host;
    if (mode < 0 || fstat(host, &st))
        return;                     /* closed: no rights, but its number is taken */
    f->type = wasi_filetype(st.st_mode);
    f->base = type_rights(f->type, host);
    if ((mode & O_ACCMODE) == O_RDONLY)
        f->base &= ~(uint32_t)(R_FD_WRITE | R_FD_ALLOCATE | R_FD_FILESTAT_SET_SIZE);
    if ((mode & O_ACCMODE) == O_WRONLY)
        f->base &= ~(uint32_t)R_FD_READ;
    f->flags = mode & O_APPEND ? FDFLAG_APPEND : 0;
}

static bool grow(struct wasi *w)
{
    uint32_t n = w->nfds ? 2 * w->nfds : 16;
    struct wasi_fd *more = n > MAX_FDS ? NULL : realloc(w->fds, n * sizeof *more);

    if (!more)
        return false;
    memset(more + w->nfds, 0, (n - w->nfds) * sizeof *more);
    if (!w->nfds)
        for (int i = 0; i < 3; i++)
            add_stream(&more[i], i);
    w->fds = more;
    w->nfds = n;
    return true;
}

struct wasi_fd *wasi_fd_get(struct wasm_instance *in, uint32_t fd, uint32_t rights, uint32_t *err)
{
    struct wasi *w = wasi_self(in);

    *err = E_BADF;
    if ((!w->nfds && !grow(w)) || fd >= w->nfds || !w->fds[fd].open)
        return NULL;
    *err = E_NOTCAPABLE;
    return rights & ~w->fds[fd].base ? NULL : &w->fds[fd];
}

uint32_t wasi_fd_add(struct wasi *w, const struct wasi_fd *f, uint32_t *fd)
{
    uint32_t i = 0;

    if (!w->nfds && !grow(w))
        return E_NOMEM;
    while (i < w->nfds && w->fds[i].open)
        i++;
    if (i == w->nfds && !grow(w))
        return E_MFILE;
    w->fds[i] = *f;
    w->fds[i].open = true;
    w->fds[i].base &= type_rights(f->type, f->host);
    *fd = i;
    return E_SUCCESS;
}

bool wasi_preopen(struct wasi *w, const char *host, const char *guest)
{
    struct wasi_fd f = { .type = TYPE_DIR, .base = R_ALL, .inheriting = R_ALL };
    uint32_t fd;

    f.host = open(host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f.host < 0 || !(f.preopen = strdup(guest)))
        return false;
    if (!w->nfds && !grow(w))
        return false;
    errno = EMFILE;
    return wasi_fd_add(w, &f, &fd) == E_SUCCESS;
}

static void drop(struct wasi_fd *f)
{
    if (!f->borrowed)
        close(f->host);
    free(f->preopen);
    memset(f, 0, sizeof *f);
}

uint32_t wasi_fd_close(struct wasm_instance *in, uint32_t fd)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, 0, &err);

    if (!f)
        return err;
    drop(f);
    return E_SUCCESS;
}

uint32_t wasi_fd_renumber(struct wasm_instance *in, uint32_t from, uint32_t to)
{
    uint32_t err;
    struct wasi_fd *a = wasi_fd_get(in, from, 0, &err), *b = wasi_fd_get(in, to, 0, &err);

    if (!a || !b)
        return E_BADF;
    if (a != b) {
        drop(b);
        *b = *a;
        memset(a, 0, sizeof *a);
    }
    return E_SUCCESS;
}

/* ---- reading and writing ------------------------------------------------------------------- */

/*
 * The program's list of (pointer, length) pairs as Linux wants it: at most MAX_IOV that are not
 * empty, for a short transfer is always allowed. Their number, or -1.
 */
static int gather(struct wasm_instance *in, uint32_t iov, uint32_t n, struct iovec *to)
{
    const uint8_t *list = wasi_at(in, iov, 8ull * n);
    int count = 0;

    for (uint32_t i = 0; list && i < n && count < MAX_IOV; i++) {
        uint32_t v[2];
        memcpy(v, list + 8ull * i, sizeof v);
        if (!(to[count].iov_base = wasi_at(in, v[0], v[1])))
            return -1;
        to[count].iov_len = v[1];
        count += v[1] != 0;
    }
    return list ? count : -1;
}

/* A standard stream that the program thinks of as non-blocking, and that would block. */
static bool would_block(const struct wasi_fd *f, bool out)
{
    struct pollfd p = { .fd = f->host, .events = out ? POLLOUT : POLLIN };

    return f->borrowed && f->flags & FDFLAG_NONBLOCK && poll(&p, 1, 0) == 0;
}

static uint32_t transfer(struct wasm_instance *in, bool out, uint32_t fd, uint32_t iov, uint32_t n,
                         int64_t from, uint32_t done)
{
    struct iovec v[MAX_IOV];
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, 0, &err);
    int count;
    ssize_t r;

    if (!f)
        return err;
    if (f->type == TYPE_DIR)
        return E_ISDIR;
    if (!(f->base & (out ? R_FD_WRITE : R_FD_READ)))
        return E_BADF;
    if ((count = gather(in, iov, n, v)) < 0 || !wasi_at(in, done, 4))
        return E_FAULT;
    if (would_block(f, out))
        return E_AGAIN;
    if (from >= 0)
        r = out ? pwritev(f->host, v, count, from) : preadv(f->host, v, count, from);
    else
        r = out ? writev(f->host, v, count) : readv(f->host, v, count);
    if (r < 0)
        return wasi_errno(errno);
    wasi_put32(in, done, (uint32_t)r);      /* Linux moves less than 2 GiB at a time */
    return E_SUCCESS;
}

uint32_t wasi_fd_write(struct wasm_instance *in, uint32_t fd, uint32_t iov, uint32_t n,
                       uint32_t done)
{
    return transfer(in, true, fd, iov, n, -1, done);
}

uint32_t wasi_fd_read(struct wasm_instance *in, uint32_t fd, uint32_t iov, uint32_t n,
                      uint32_t done)
{
    return transfer(in, false, fd, iov, n, -1, done);
}

uint32_t wasi_fd_pwrite(struct wasm_instance *in, uint32_t fd, uint32_t iov, uint32_t n,
                        uint64_t from, uint32_t done)
{
    return from > INT64_MAX ? E_INVAL : transfer(in, true, fd, iov, n, (int64_t)from, done);
}

uint32_t wasi_fd_pread(struct wasm_instance *in, uint32_t fd, uint32_t iov, uint32_t n,
                       uint64_t from, uint32_t done)
{
    return from > INT64_MAX ? E_INVAL : transfer(in, false, fd, iov, n, (int64_t)from, done);
}

static uint32_t seek(struct wasm_instance *in, uint32_t fd, int64_t offset, uint32_t whence,
                     uint32_t rights, uint32_t result)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, 0, &err);
    off_t at;

    if (!f)
        return err;
    if (rights & ~f->base)
        return f->type == TYPE_DIR || f->type == TYPE_FILE ? E_NOTCAPABLE : E_SPIPE;
    if (whence > 2)
        return E_INVAL;
    if (!wasi_at(in, result, 8))
        return E_FAULT;
    at = lseek(f->host, offset, whence == 0 ? SEEK_SET : whence == 1 ? SEEK_CUR : SEEK_END);
    if (at < 0)
        return wasi_errno(errno);
    wasi_put64(in, result, (uint64_t)at);
    return E_SUCCESS;
}

uint32_t wasi_fd_seek(struct wasm_instance *in, uint32_t fd, uint64_t offset, uint32_t whence,
                      uint32_t result)
{
    uint32_t tell = offset == 0 && whence == 1;

    return seek(in, fd, (int64_t)offset, whence, tell ? R_FD_TELL : R_FD_SEEK, result);
}

uint32_t wasi_old_fd_seek(struct wasm_instance *in, uint32_t fd, uint64_t offset, uint32_t whence,
                          uint32_t result)
{
    static const uint8_t now[] = { 1, 2, 0 };  /* preview 0 counted from the position, end, start */

    return whence > 2 ? E_INVAL : wasi_fd_seek(in, fd, offset, now[whence], result);
}

uint32_t wasi_fd_tell(struct wasm_instance *in, uint32_t fd, uint32_t result)
{
    return seek(in, fd, 0, 1, R_FD_TELL, result);
}

/* ---- state --------------------------------------------------------------------------------- */

int wasi_open_flags(uint32_t fdflags)
{
    return (fdflags & FDFLAG_APPEND ? O_APPEND : 0) | (fdflags & FDFLAG_DSYNC ? O_DSYNC : 0)
         | (fdflags & FDFLAG_NONBLOCK ? O_NONBLOCK : 0) | (fdflags & FDFLAG_RSYNC ? O_RSYNC : 0)
         | (fdflags & FDFLAG_SYNC ? O_SYNC : 0);
}

/* fdstat: type u8 at 0, flags u16 at 2, rights u64 at 8 and 16 */
uint32_t wasi_fd_fdstat_get(struct wasm_instance *in, uint32_t fd, uint32_t to)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, 0, &err);
    uint8_t *p = wasi_at(in, to, 24);

    if (!f)
        return err;
    if (!p)
        return E_FAULT;
    memset(p, 0, 24);
    p[0] = f->type;
    memcpy(p + 2, &f->flags, 2);
    memcpy(p + 8, &f->base, 4);
    memcpy(p + 16, &f->inheriting, 4);
    return E_SUCCESS;
}

uint32_t wasi_fd_fdstat_set_flags(struct wasm_instance *in, uint32_t fd, uint32_t flags)
{
    const uint32_t settable = FDFLAG_APPEND | FDFLAG_NONBLOCK;
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_FDSTAT_SET_FLAGS, &err);

    if (!f)
        return err;
    if (flags & ~(uint32_t)FDFLAG_ALL)
        return E_INVAL;
    if ((flags & ~f->flags) & ~settable)
        return E_NOTSUP;
    if (!f->borrowed && fcntl(f->host, F_SETFL, wasi_open_flags(flags)) < 0)
        return wasi_errno(errno);
    f->flags = (uint16_t)((flags & settable) | (f->flags & ~settable));
    return E_SUCCESS;
}

uint32_t wasi_fd_fdstat_set_rights(struct wasm_instance *in, uint32_t fd, uint64_t base,
                                   uint64_t inheriting)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, 0, &err);

    if (!f)
        return err;
    if (base & ~(uint64_t)f->base || inheriting & ~(uint64_t)f->inheriting)
        return E_NOTCAPABLE;
    f->base = (uint32_t)base;
    f->inheriting = (uint32_t)inheriting;
    return E_SUCCESS;
}

/* prestat: tag u8 at 0, 0 = a folder; length of its name u32 at 4 */
uint32_t wasi_fd_prestat_get(struct wasm_instance *in, uint32_t fd, uint32_t to)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, 0, &err);

    if (!f || !f->preopen)
        return E_BADF;
    if (!wasi_at(in, to, 8))
        return E_FAULT;
    wasi_put64(in, to, (uint64_t)strlen(f->preopen) << 32);
    return E_SUCCESS;
}

uint32_t wasi_fd_prestat_dir_name(struct wasm_instance *in, uint32_t fd, uint32_t to, uint32_t n)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, 0, &err);
    size_t len;
    void *p;

    if (!f || !f->preopen)
        return E_BADF;
    if ((len = strlen(f->preopen)) > n)
        return E_NAMETOOLONG;
    if (!(p = wasi_at(in, to, len)))
        return E_FAULT;
    memcpy(p, f->preopen, len);
    return E_SUCCESS;
}
