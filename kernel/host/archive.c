/*
 * archive.c - the boot archive: a file as it is, or the files below a directory as a ustar archive
 * (POSIX.1-1988 10.1.1), which store.c reads with the same distrust.
 */
#include "kernel/host/linux.h"
#include "kernel/log.h"
#include "kernel/string.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define BLOCK 512u
#define PATH 256u
#define DEPTH 8u

struct dirent64 { uint64_t ino; int64_t off; uint16_t len; uint8_t type; char name[]; };
enum { TYPE_DIR = 4, TYPE_FILE = 8 };

struct out { uint8_t *to; size_t room, n; };

static size_t read_all(int fd, uint8_t *to, size_t room, const char *path)
{
    size_t n = 0;

    for (;;) {
        long got = LINUX3(read, fd, to + n, room - n);
        if (got < 0 || n == room)
            host_fail(got < 0 ? "cannot be read" : "does not fit the memory (-m)", path);
        if (got == 0)
            return n;
        n += (size_t)got;
    }
}

static void add_file(struct out *o, int dir, const char *file, const char *path)
{
    char *h = (char *)o->to + o->n;
    int fd = (int)LINUX6(openat, dir, file, O_RDONLY, 0, 0, 0);
    size_t n, padded;

    if (fd < 0 || strlen(path) >= 100 || o->room - o->n < 2 * BLOCK)
        host_fail(fd < 0 ? "cannot be read" : "does not fit", path);
    memset(h, 0, BLOCK);
    n = read_all(fd, o->to + o->n + BLOCK, o->room - o->n - 2 * BLOCK, path);
    LINUX3(close, fd, 0, 0);
    memcpy(h, path, strlen(path));
    for (unsigned i = 0; i < 11; i++)           /* size[12] at 124: octal digits and a NUL */
        h[124 + i] = (char)('0' + (n >> (30 - 3 * i) & 7));
    h[156] = '0';
    memcpy(h + 257, "ustar", 6);
    padded = (n + BLOCK - 1) / BLOCK * BLOCK;
    memset(h + BLOCK + n, 0, padded - n);
    o->n += BLOCK + padded;
}

static void add_directory(struct out *o, int dir, const char *prefix, unsigned depth)
{
    char buf[4096], path[PATH];
    long got;

    while ((got = LINUX3(getdents64, dir, buf, sizeof buf)) > 0)
        for (long at = 0; at < got;) {
            const struct dirent64 *d = (const void *)(buf + at);
            at += d->len;
            if (d->name[0] == '.')
                continue;
            ksnprintf(path, sizeof path, "%s%s%s", prefix, d->name, d->type == TYPE_DIR ? "/" : "");
            if (d->type == TYPE_FILE) {
                add_file(o, dir, d->name, path);
            } else if (d->type == TYPE_DIR && depth < DEPTH) {
                int sub = (int)LINUX6(openat, dir, d->name, O_RDONLY | O_DIRECTORY, 0, 0, 0);
                add_directory(o, sub, path, depth + 1);
                LINUX3(close, sub, 0, 0);
            }
        }
}

size_t archive_load(const char *path, uint8_t *to, size_t room)
{
    struct out o = { to, room, 0 };
    int fd = (int)LINUX6(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, 0, 0);

    if (fd >= 0) {
        add_directory(&o, fd, "", 0);
    } else {
        fd = (int)LINUX6(openat, AT_FDCWD, path, O_RDONLY, 0, 0, 0);
        if (fd < 0)
            host_fail("no such file or directory", path);
        o.n = read_all(fd, to, room, path);
    }
    LINUX3(close, fd, 0, 0);
    return o.n;
}
