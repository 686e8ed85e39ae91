/* wasi_file.c - WASI's functions for open files and folders: sizes, times, space, listing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/wasi_impl.h"

static uint32_t result_of(int r)
{
    return r < 0 ? wasi_errno(errno) : E_SUCCESS;
}

uint32_t wasi_fd_advise(struct wasm_instance *in, uint32_t fd, uint64_t from, uint64_t n,
                        uint32_t advice)
{
    static const int advices[] = { POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                   POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE };
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_ADVISE, &err);
    int e;

    if (!f)
        return err;
    if (advice > 5 || from > INT64_MAX || n > INT64_MAX)
        return E_INVAL;
    if (f->type == TYPE_DIR)
        return E_BADF;
    e = posix_fadvise(f->host, (off_t)from, (off_t)n, advices[advice]);
    return e ? wasi_errno(e) : E_SUCCESS;
}

uint32_t wasi_fd_allocate(struct wasm_instance *in, uint32_t fd, uint64_t from, uint64_t n)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_ALLOCATE, &err);
    int e;

    if (!f)
        return err;
    if (from > INT64_MAX || n > INT64_MAX - from)
        return E_INVAL;
    e = posix_fallocate(f->host, (off_t)from, (off_t)n);
    return e ? wasi_errno(e) : E_SUCCESS;
}

uint32_t wasi_fd_datasync(struct wasm_instance *in, uint32_t fd)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_DATASYNC, &err);

    return f ? result_of(fdatasync(f->host)) : err;
}

uint32_t wasi_fd_sync(struct wasm_instance *in, uint32_t fd)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_SYNC, &err);

    return f ? result_of(fsync(f->host)) : err;
}

/* ---- filestat ------------------------------------------------------------------------------ */

static uint64_t ns_of(const struct timespec *ts)
{
    return (uint64_t)ts->tv_sec * 1000000000 + (uint64_t)ts->tv_nsec;
}

/*
 * device, inode u64 at 0, type u8 at 16; links u64 at 24 (in preview 0: u32 at 20); then size,
 * times of access, change and state u64
 */
void wasi_put_filestat(uint8_t *to, uint32_t size, const struct stat *st)
{
    uint64_t links = st->st_nlink, type = wasi_filetype(st->st_mode);
    uint64_t tail[4] = { (uint64_t)st->st_size, ns_of(&st->st_atim), ns_of(&st->st_mtim),
                         ns_of(&st->st_ctim) };
    uint64_t head[4] = { st->st_dev, st->st_ino, type, links };

    if (size == WASI_FILESTAT_OLD)
        head[2] |= links << 32;
    memcpy(to, head, size - sizeof tail);
    memcpy(to + size - sizeof tail, tail, sizeof tail);
}

uint32_t wasi_times(uint64_t atim, uint64_t mtim, uint32_t fstflags, struct timespec ts[2])
{
    uint64_t given[2] = { atim, mtim };

    for (int i = 0; i < 2; i++) {
        uint32_t how = fstflags >> 2 * i & 3;   /* 1: the given one, 2: now */
        if (how == 3)
            return E_INVAL;
        ts[i].tv_sec = how == 1 ? (time_t)(given[i] / 1000000000) : 0;
        ts[i].tv_nsec = how == 1 ? (long)(given[i] % 1000000000) : how == 2 ? UTIME_NOW
                                                                            : UTIME_OMIT;
    }
    return fstflags >> 4 ? E_INVAL : E_SUCCESS;
}

static uint32_t filestat_get(struct wasm_instance *in, uint32_t fd, uint32_t to, uint32_t size)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_FILESTAT_GET, &err);
    uint8_t *p = wasi_at(in, to, size);
    struct stat st;

    if (!f)
        return err;
    if (!p)
        return E_FAULT;
    if (fstat(f->host, &st))
        return wasi_errno(errno);
    wasi_put_filestat(p, size, &st);
    return E_SUCCESS;
}

uint32_t wasi_fd_filestat_get(struct wasm_instance *in, uint32_t fd, uint32_t to)
{
    return filestat_get(in, fd, to, WASI_FILESTAT);
}

uint32_t wasi_old_fd_filestat_get(struct wasm_instance *in, uint32_t fd, uint32_t to)
{
    return filestat_get(in, fd, to, WASI_FILESTAT_OLD);
}

uint32_t wasi_fd_filestat_set_size(struct wasm_instance *in, uint32_t fd, uint64_t size)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_FILESTAT_SET_SIZE, &err);

    if (!f)
        return err;
    return size > INT64_MAX ? E_INVAL : result_of(ftruncate(f->host, (off_t)size));
}

uint32_t wasi_fd_filestat_set_times(struct wasm_instance *in, uint32_t fd, uint64_t atim,
                                    uint64_t mtim, uint32_t flags)
{
    uint32_t err;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_FILESTAT_SET_TIMES, &err);
    struct timespec ts[2];

    if (!f)
        return err;
    if ((err = wasi_times(atim, mtim, flags, ts)))
        return err;
    return result_of(futimens(f->host, ts));
}

/* ---- listing ------------------------------------------------------------------------------- */

/* next u64 at 0, inode u64 at 8, length of name u32 at 16, type u8 at 20; the name follows */
static uint32_t put_dirent(uint8_t *to, uint32_t room, const struct dirent64 *d)
{
    uint8_t head[24] = { 0 };
    uint32_t len = (uint32_t)strlen(d->d_name), first = room < 24 ? room : 24;

    memcpy(head, &d->d_off, 8);
    memcpy(head + 8, &d->d_ino, 8);
    memcpy(head + 16, &len, 4);
    head[20] = wasi_filetype(DTTOIF(d->d_type));
    memcpy(to, head, first);
    if (len > room - first)
        len = room - first;
    memcpy(to + first, d->d_name, len);
    return first + len;
}

/*
 * A cookie is the folder's position as Linux has it, 0 the start. An entry that the buffer cuts off
 * fills it to the end, and the program asks again with more room.
 */
static uint32_t list(int host, uint8_t *to, uint32_t n, uint64_t cookie, uint32_t *used)
{
    enum { CHUNK = 16384 };
    uint8_t *chunk = malloc(CHUNK);
    uint32_t done = 0;
    long got = chunk && lseek(host, (off_t)cookie, SEEK_SET) >= 0 ? 1 : -1;

    while (got > 0 && done < n) {
        got = getdents64(host, chunk, CHUNK);
        for (long at = 0; at < got && done < n;) {
            const struct dirent64 *d = (const struct dirent64 *)(chunk + at);
            done += put_dirent(to + done, n - done, d);
            at += d->d_reclen;
        }
    }
    *used = done;
    free(chunk);
    return got < 0 ? wasi_errno(errno) : E_SUCCESS;
}

uint32_t wasi_fd_readdir(struct wasm_instance *in, uint32_t fd, uint32_t buf, uint32_t n,
                         uint64_t cookie, uint32_t used)
{
    uint32_t err, done;
    struct wasi_fd *f = wasi_fd_get(in, fd, R_FD_READDIR, &err);
    uint8_t *to = wasi_at(in, buf, n);

    if (!f)
        return err;
    if (!to || !wasi_at(in, used, 4))
        return E_FAULT;
    if (cookie > INT64_MAX)
        return E_INVAL;
    if ((err = list(f->host, to, n, cookie, &done)))
        return err;
    wasi_put32(in, used, done);
    return E_SUCCESS;
}
