/*
 * wasi_beneath.c - opens a path of the program below a folder and nowhere else.
 *
 * Linux does it in one call where it knows openat2 (5.6): RESOLVE_BENEATH. Elsewhere the path is
 * walked: each component is opened by itself and without following links, links are read and put
 * in front of what is left of the path, ".." pops a stack of the folders passed. A name that
 * another process swaps for a link in between is not followed. Leaving the folder is EXDEV in
 * both ways.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/wasi_beneath.h"

enum { MAX_LINKS = 40, MAX_DEPTH = 256, TRIES = 16 };

struct walk {
    int dirs[MAX_DEPTH];            /* folders passed; [0] is the caller's */
    int depth, links;
    char *rest;                     /* what is left of the path */
};

static int pop_all(struct walk *w, int result, int error)
{
    while (w->depth > 0)
        close(w->dirs[w->depth--]);
    free(w->rest);
    free(w);
    errno = error;
    return result;
}

/* Puts the link `name` in front of `after`, what follows it; 0, or an errno: EINVAL if it is
 * none. */
static int follow(struct walk *w, const char *name, const char *after)
{
    char *text = malloc(2 * PATH_MAX);
    ssize_t n = text ? readlinkat(w->dirs[w->depth], name, text, PATH_MAX) : -1;
    int e = n < 0 ? errno : n == 0 ? ENOENT : n == PATH_MAX ? ENAMETOOLONG
          : *text == '/' ? EXDEV : ++w->links > MAX_LINKS ? ELOOP : 0;

    if (!e && strlen(after) + (size_t)n >= PATH_MAX)
        e = ENAMETOOLONG;
    if (e) {
        free(text);
        return e;
    }
    strcpy(text + n, after);
    free(w->rest);
    w->rest = text;
    return 0;
}

/* One component that is not the last: 0 or an errno. */
static int step(struct walk *w, const char *name, const char *after)
{
    int fd, e;

    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0) {
        if (!w->depth)
            return EXDEV;
        close(w->dirs[w->depth--]);
        return 0;
    }
    if (w->depth + 1 == MAX_DEPTH)
        return ENAMETOOLONG;
    fd = openat(w->dirs[w->depth], name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        w->dirs[++w->depth] = fd;
        return 0;
    }
    e = errno;
    if (e != ENOTDIR && e != ELOOP)
        return e;
    if ((e = follow(w, name, after)))
        return e == EINVAL ? ENOTDIR : e;
    return -1;                      /* w->rest is new */
}

/* The last component: a descriptor, or -1 and an errno, or -2: it was a link, go on. */
static int last(struct walk *w, const char *name, int flags, mode_t mode, int *error)
{
    int fd = openat(w->dirs[w->depth], name, flags | O_NOFOLLOW, mode), e = errno;
    struct stat st;

    if (fd >= 0 && (!(flags & O_PATH) || flags & O_NOFOLLOW || fstat(fd, &st)
                    || !S_ISLNK(st.st_mode)))
        return fd;
    if (fd >= 0)
        close(fd);
    *error = e;
    if (fd < 0 && (flags & O_NOFOLLOW || (e != ELOOP && e != ENOTDIR)))
        return -1;
    if ((e = follow(w, name, ""))) {
        *error = e == EINVAL ? *error : e;
        return -1;
    }
    return -2;
}

static int walk_open(int dir, const char *path, int flags, mode_t mode)
{
    struct walk *w = malloc(sizeof *w);
    char *name, *end;
    int e, fd;

    if (!w)
        return -1;
    w->depth = w->links = 0;
    w->dirs[0] = dir;
    if (!(w->rest = strdup(path)))
        return pop_all(w, -1, ENOMEM);
    for (name = w->rest;;) {
        char part[NAME_MAX + 1];
        name += strspn(name, "/");
        end = name + strcspn(name, "/");
        if (end - name > NAME_MAX)
            return pop_all(w, -1, ENAMETOOLONG);
        memcpy(part, name, (size_t)(end - name));
        part[end - name] = 0;
        if (!*part || (!*end && strcmp(part, ".") == 0)) {      /* the folder we are in */
            fd = openat(w->dirs[w->depth], ".", flags, mode);
            return pop_all(w, fd, errno);
        }
        if (!*end && strcmp(part, "..") != 0) {
            fd = last(w, part, flags, mode, &e);
            if (fd != -2)
                return pop_all(w, fd, fd < 0 ? e : 0);
            name = w->rest;
        } else if ((e = step(w, part, end)) > 0) {
            return pop_all(w, -1, e);
        } else {
            name = e < 0 ? w->rest : end;
        }
    }
}

int wasi_beneath_open(struct wasi *w, int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
                            .mode = flags & O_CREAT ? mode : 0,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };

    if (*path == '/') {
        errno = EXDEV;
        return -1;
    }
    /* EAGAIN: something was renamed while a ".." was looked up */
    for (int i = 0; i < TRIES && !w->walk; i++) {
        long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
        if (fd < 0 && errno == ENOSYS)
            w->walk = true;
        else if (fd >= 0 || errno != EAGAIN)
            return (int)fd;
    }
    if (w->walk)
        return walk_open(dir, path, flags | O_CLOEXEC, mode);
    return -1;
}
