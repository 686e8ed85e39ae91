/*
 * wasi_path.c - WASI's path_* functions.
 *
 * What is opened or looked at is reached through wasi_beneath_open. What changes a folder first
 * opens the folder that holds the name in the same way, and then acts on that one name there,
 * which Linux does not follow. "." and ".." have no such place and are refused. A path is
 * relative to a descriptor; an absolute one leads out of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/wasi_beneath.h"
#include "tools/wasi_impl.h"

static uint32_t path_errno(int e)
{
    return e == EXDEV ? E_NOTCAPABLE : wasi_errno(e);
}

static uint32_t result_of(int r)
{
    return r < 0 ? wasi_errno(errno) : E_SUCCESS;
}

/* The program's path as a string (free); NULL with *err. */
static char *path_take(struct wasm_instance *in, uint32_t at, uint32_t len, uint32_t *err)
{
    const char *p = wasi_at(in, at, len);
    char *s = NULL;

    if (!p)
        *err = E_FAULT;
    else if (len >= PATH_MAX)
        *err = E_NAMETOOLONG;
    else if (!len)
        *err = E_NOENT;
    else if (memchr(p, 0, len))
        *err = E_INVAL;
    else if (*p == '/')
        *err = E_NOTCAPABLE;
    else if (!(s = strndup(p, len)))
        *err = E_NOMEM;
    return s;
}

/* The object of a path, for looking at it only (O_PATH); -1 with *err. */
static int object_open(struct wasm_instance *in, uint32_t fd, uint32_t rights, uint32_t lookup,
                       uint32_t path, uint32_t len, uint32_t *err)
{
    struct wasi_fd *f = wasi_fd_get(in, fd, rights, err);
    char *s = f ? path_take(in, path, len, err) : NULL;
    int host;

    if (!s)
        return -1;
    host = wasi_beneath_open(wasi_self(in), f->host, s,
                             O_PATH | (lookup & LOOKUP_FOLLOW ? 0 : O_NOFOLLOW), 0);
    if (host < 0)
        *err = path_errno(errno);
    free(s);
    return host;
}

/* ---- the place of a name ------------------------------------------------------------------- */

struct place {
    int dir;                        /* holds `name`; to be closed */
    char *name, *text;
    bool slash;                     /* the path ended in one: only a folder is meant */
};

static void place_drop(struct place *p)
{
    if (p->text) {
        free(p->text);
        close(p->dir);
    }
    p->text = NULL;
}

static bool place_take(struct wasm_instance *in, uint32_t fd, uint32_t rights, uint32_t path,
                       uint32_t len, struct place *p, uint32_t *err)
{
    struct wasi_fd *f = wasi_fd_get(in, fd, rights, err);
    char *s = f ? path_take(in, path, len, err) : NULL;
    size_t n = s ? strlen(s) : 0;

    memset(p, 0, sizeof *p);
    if (!s)
        return false;
    for (; n > 1 && s[n - 1] == '/'; s[--n] = 0)
        p->slash = true;
    p->name = strrchr(s, '/');
    if (p->name)
        *p->name++ = 0;
    p->dir = wasi_beneath_open(wasi_self(in), f->host, p->name ? s : ".", O_PATH | O_DIRECTORY, 0);
    if (!p->name)
        p->name = s;
    *err = p->dir < 0 ? path_errno(errno) : E_INVAL;
    if (p->dir >= 0 && strcmp(p->name, ".") != 0 && strcmp(p->name, "..") != 0) {
        p->text = s;
        return true;
    }
    if (p->dir >= 0)
        close(p->dir);
    free(s);
    return false;
}

static bool place_stat(const struct place *p, struct stat *st)
{
    return fstatat(p->dir, p->name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* With a slash behind it a name is that of a folder, or of nothing yet where that will do. */
static uint32_t place_check(const struct place *p, bool may_lack)
{
    struct stat st;

    if (!p->slash)
        return E_SUCCESS;
    if (!place_stat(p, &st))
        return may_lack ? E_SUCCESS : wasi_errno(errno);
    return S_ISDIR(st.st_mode) ? E_SUCCESS : E_NOTDIR;
}

uint32_t wasi_path_create_directory(struct wasm_instance *in, uint32_t fd, uint32_t path,
                                    uint32_t len)
{
    struct place p;
    uint32_t err;

    if (!place_take(in, fd, R_PATH_CREATE_DIRECTORY, path, len, &p, &err))
        return err == E_INVAL ? E_EXIST : err;
    err = result_of(mkdirat(p.dir, p.name, 0777));
    place_drop(&p);
    return err;
}

uint32_t wasi_path_remove_directory(struct wasm_instance *in, uint32_t fd, uint32_t path,
                                    uint32_t len)
{
    struct place p;
    uint32_t err;

    if (!place_take(in, fd, R_PATH_REMOVE_DIRECTORY, path, len, &p, &err))
        return err;
    err = result_of(unlinkat(p.dir, p.name, AT_REMOVEDIR));
    place_drop(&p);
    return err;
}

uint32_t wasi_path_unlink_file(struct wasm_instance *in, uint32_t fd, uint32_t path, uint32_t len)
{
    struct place p;
    uint32_t err;

    if (!place_take(in, fd, R_PATH_UNLINK_FILE, path, len, &p, &err))
        return err == E_INVAL ? E_ISDIR : err;
    if (!(err = place_check(&p, false)))
        err = result_of(unlinkat(p.dir, p.name, 0));
    place_drop(&p);
    return err;
}

uint32_t wasi_path_rename(struct wasm_instance *in, uint32_t fd, uint32_t path, uint32_t len,
                          uint32_t new_fd, uint32_t new_path, uint32_t new_len)
{
    struct place from, to;
    struct stat st;
    uint32_t err;

    if (!place_take(in, fd, R_PATH_RENAME_SOURCE, path, len, &from, &err))
        return err;
    if (place_take(in, new_fd, R_PATH_RENAME_TARGET, new_path, new_len, &to, &err)
        && !(err = place_check(&from, false)) && !(err = place_check(&to, true))) {
        if (to.slash && place_stat(&from, &st) && !S_ISDIR(st.st_mode))
            err = E_NOTDIR;
        else
            err = result_of(renameat(from.dir, from.name, to.dir, to.name));
    }
    place_drop(&from);
    place_drop(&to);
    return err;
}

uint32_t wasi_path_link(struct wasm_instance *in, uint32_t fd, uint32_t lookup, uint32_t path,
                        uint32_t len, uint32_t new_fd, uint32_t new_path, uint32_t new_len)
{
    struct place from, to;
    uint32_t err;

    if (lookup)                     /* a link to what a link names: not offered */
        return E_INVAL;
    if (!place_take(in, fd, R_PATH_LINK_SOURCE, path, len, &from, &err))
        return err == E_INVAL ? E_PERM : err;
    if (place_take(in, new_fd, R_PATH_LINK_TARGET, new_path, new_len, &to, &err)
        && !(err = place_check(&from, false)))
        err = to.slash ? E_NOENT : result_of(linkat(from.dir, from.name, to.dir, to.name, 0));
    place_drop(&from);
    place_drop(&to);
    return err;
}

uint32_t wasi_path_symlink(struct wasm_instance *in, uint32_t target, uint32_t target_len,
                           uint32_t fd, uint32_t path, uint32_t len)
{
    uint32_t err;
    char *text = path_take(in, target, target_len, &err);
    struct place p;

    if (!text)
        return err;
    if (place_take(in, fd, R_PATH_SYMLINK, path, len, &p, &err)) {
        err = p.slash ? E_NOENT : result_of(symlinkat(text, p.dir, p.name));
        place_drop(&p);
    }
    free(text);
    return err;
}

uint32_t wasi_path_readlink(struct wasm_instance *in, uint32_t fd, uint32_t path, uint32_t len,
                            uint32_t buf, uint32_t n, uint32_t used)
{
    char *to = wasi_at(in, buf, n);
    struct place p;
    uint32_t err;
    ssize_t r;

    if (!to || !wasi_at(in, used, 4))
        return E_FAULT;
    if (!place_take(in, fd, R_PATH_READLINK, path, len, &p, &err))
        return err;
    if (!(err = place_check(&p, false))) {
        r = readlinkat(p.dir, p.name, to, n > INT_MAX ? INT_MAX : n);
        if (r < 0)
            err = wasi_errno(errno);
        else
            wasi_put32(in, used, (uint32_t)r);
    }
    place_drop(&p);
    return err;
}

/* ---- looking and opening ------------------------------------------------------------------- */

static uint32_t filestat_get(struct wasm_instance *in, uint32_t fd, uint32_t lookup, uint32_t path,
                             uint32_t len, uint32_t to, uint32_t size)
{
    uint8_t *p = wasi_at(in, to, size);
    struct stat st;
    uint32_t err;
    int host, r;

    if (!p)
        return E_FAULT;
    if ((host = object_open(in, fd, R_PATH_FILESTAT_GET, lookup, path, len, &err)) < 0)
        return err;
    r = fstat(host, &st);
    err = result_of(r);
    close(host);
    if (r == 0)
        wasi_put_filestat(p, size, &st);
    return err;
}

uint32_t wasi_path_filestat_get(struct wasm_instance *in, uint32_t fd, uint32_t lookup,
                                uint32_t path, uint32_t len, uint32_t to)
{
    return filestat_get(in, fd, lookup, path, len, to, WASI_FILESTAT);
}

uint32_t wasi_old_path_filestat_get(struct wasm_instance *in, uint32_t fd, uint32_t lookup,
                                    uint32_t path, uint32_t len, uint32_t to)
{
    return filestat_get(in, fd, lookup, path, len, to, WASI_FILESTAT_OLD);
}

uint32_t wasi_path_filestat_set_times(struct wasm_instance *in, uint32_t fd, uint32_t lookup,
                                      uint32_t path, uint32_t len, uint64_t atim, uint64_t mtim,
                                      uint32_t flags)
{
    struct timespec ts[2];
    uint32_t err = wasi_times(atim, mtim, flags, ts);
    int host;

    if (err)
        return err;
    host = object_open(in, fd, R_PATH_FILESTAT_SET_TIMES, lookup, path, len, &err);
    if (host < 0)
        return err;
    err = result_of(utimensat(host, "", ts, AT_EMPTY_PATH));
    close(host);
    return err;
}

/* What path_open asks of Linux, or an error. */
static uint32_t open_flags(uint32_t lookup, uint32_t oflags, uint64_t base, uint32_t fdflags,
                           int *flags)
{
    bool read = base & (R_FD_READ | R_FD_READDIR);
    bool write = base & (R_FD_WRITE | R_FD_ALLOCATE | R_FD_FILESTAT_SET_SIZE);

    if (oflags & ~(uint32_t)OFLAG_ALL || fdflags & ~(uint32_t)FDFLAG_ALL)
        return E_INVAL;
    if (oflags & OFLAG_DIRECTORY) {
        if (oflags & (OFLAG_CREAT | OFLAG_EXCL | OFLAG_TRUNC))
            return E_INVAL;
        write = false;
    }
    *flags = (write ? read ? O_RDWR : O_WRONLY : O_RDONLY) | O_NOCTTY | wasi_open_flags(fdflags)
           | (oflags & OFLAG_CREAT ? O_CREAT : 0) | (oflags & OFLAG_DIRECTORY ? O_DIRECTORY : 0)
           | (oflags & OFLAG_EXCL ? O_EXCL : 0) | (oflags & OFLAG_TRUNC ? O_TRUNC : 0)
           | (lookup & LOOKUP_FOLLOW ? 0 : O_NOFOLLOW);
    return E_SUCCESS;
}

uint32_t wasi_path_open(struct wasm_instance *in, uint32_t fd, uint32_t lookup, uint32_t path,
                        uint32_t len, uint32_t oflags, uint64_t base, uint64_t inheriting,
                        uint32_t fdflags, uint32_t result)
{
    uint32_t rights = R_PATH_OPEN | (oflags & OFLAG_CREAT ? R_PATH_CREATE_FILE : 0)
                    | (oflags & OFLAG_TRUNC ? R_PATH_FILESTAT_SET_SIZE : 0);
    uint32_t err, number;
    struct wasi_fd *f = wasi_fd_get(in, fd, rights, &err), made = { .flags = (uint16_t)fdflags };
    struct stat st;
    char *s;
    int flags;

    if (!f)
        return err;
    if (!wasi_at(in, result, 4))
        return E_FAULT;
    made.base = (uint32_t)base & f->inheriting;
    made.inheriting = (uint32_t)inheriting & f->inheriting;
    if ((err = open_flags(lookup, oflags, made.base, fdflags, &flags)))
        return err;
    if (!(s = path_take(in, path, len, &err)))
        return err;
    made.host = wasi_beneath_open(wasi_self(in), f->host, s, flags, 0666);
    if (made.host < 0)
        err = path_errno(errno);
    free(s);
    if (made.host < 0)
        return err;
    if (fstat(made.host, &st) == 0)
        made.type = wasi_filetype(st.st_mode);
    if ((err = wasi_fd_add(wasi_self(in), &made, &number)))
        close(made.host);
    else
        wasi_put32(in, result, number);
    return err;
}
