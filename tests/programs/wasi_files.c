/*
 * wasi_files.c - exercises WASI's files, folders, links, times and waiting through libc and
 * directly, and prints what came of it: the same under every implementation. Run with an empty
 * folder as
 * /work, which has a file "secret" beside it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

static void say(const char *what, long r)
{
    printf("%s: %s\n", what, r < 0 ? strerror(errno) : "ok");
}

static void say_open(const char *path, int flags)
{
    int fd = open(path, flags, 0644);

    printf("open %s: %s\n", path, fd < 0 ? strerror(errno) : "ok");
    if (fd >= 0)
        close(fd);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char **)a, *(char **)b);
}

static void list(const char *path)
{
    char *names[1000];
    size_t n = 0;
    DIR *d = opendir(path);
    struct dirent *e;

    while (d && n < 1000 && (e = readdir(d)))
        if (e->d_name[0] != '.')
            names[n++] = strdup(e->d_name);
    qsort(names, n, sizeof *names, by_name);
    printf("%s has %zu:", path, n);
    for (size_t i = 0; i < n && i < 8; i++)
        printf(" %s", names[i]);
    printf("\n");
    if (d)
        closedir(d);
}

static void files(void)
{
    char buf[64] = { 0 };
    struct iovec v[3] = { { "one ", 4 }, { "", 0 }, { "two", 3 } };
    struct stat st;
    int fd = open("/work/a", O_RDWR | O_CREAT | O_EXCL, 0644);

    say("create", fd);
    say("again", open("/work/a", O_RDWR | O_CREAT | O_EXCL, 0644));
    printf("writev %zd\n", writev(fd, v, 3));
    printf("seek %lld\n", (long long)lseek(fd, -3, SEEK_END));
    printf("read %zd %s\n", read(fd, buf, 10), buf);
    printf("at end %zd\n", read(fd, buf, 10));
    printf("pwrite %zd pread %zd", pwrite(fd, "TWO", 3, 4), pread(fd, buf, 64, 0));
    printf(" %s\n", buf);
    printf("seek before the start: %lld\n", (long long)lseek(fd, -100, SEEK_SET));
    say("truncate", ftruncate(fd, 5));
    say("allocate", posix_fallocate(fd, 0, 100) ? -1 : 0);
    fstat(fd, &st);
    printf("size %lld type %o\n", (long long)st.st_size, st.st_mode & S_IFMT);
    say("fdatasync", fdatasync(fd));
    say("fsync", fsync(fd));
    say("close", close(fd));
    say("close again", close(fd));
    fd = open("/work/a", O_WRONLY | O_APPEND);
    printf("append %zd\n", write(fd, "end", 3));
    printf("read of it: %zd\n", read(fd, buf, 1));
    close(fd);
    fd = open("/work/a", O_RDONLY);
    printf("write of it: %zd\n", write(fd, buf, 1));
    close(fd);
    stat("/work/a", &st);
    printf("size %lld\n", (long long)st.st_size);
    struct timespec ts[2] = { { 1000, 5 }, { 2000000000, 7 } };
    say("utimens", utimensat(AT_FDCWD, "/work/a", ts, 0));
    stat("/work/a", &st);
    printf("times %lld.%ld %lld.%ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
           (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void folders(void)
{
    char name[64];

    say("mkdir", mkdir("/work/d", 0755));
    say("mkdir again", mkdir("/work/d", 0755));
    say("mkdir below nothing", mkdir("/work/x/y", 0755));
    say("mkdir below a file", mkdir("/work/a/y", 0755));
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "/work/d/a rather long name of a file %03d", i);
        close(open(name, O_WRONLY | O_CREAT, 0644));
    }
    list("/work/d");
    say("rmdir full", rmdir("/work/d"));
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "/work/d/a rather long name of a file %03d", i);
        if (unlink(name))
            perror(name);
    }
    say("unlink folder", unlink("/work/d") ? 0 : -1);
    say("rmdir file", rmdir("/work/a"));
    say("rmdir", rmdir("/work/d"));
    say_open("/work/d", O_RDONLY);
    say_open("/work/a/", O_RDONLY);
    say_open("/work", O_WRONLY);
    say_open("/work/a", O_RDONLY | O_DIRECTORY);
}

static void links(void)
{
    char buf[64] = { 0 };
    struct stat st;

    say("mkdir", mkdir("/work/e", 0755));
    say("symlink", symlink("../a", "/work/e/up"));
    printf("readlink %zd", readlink("/work/e/up", buf, sizeof buf));
    printf(" %s\n", buf);
    say("readlink of a file", readlink("/work/a", buf, sizeof buf));
    lstat("/work/e/up", &st);
    printf("lstat %o\n", st.st_mode & S_IFMT);
    stat("/work/e/up", &st);
    printf("stat %o %lld\n", st.st_mode & S_IFMT, (long long)st.st_size);
    say_open("/work/e/up", O_RDONLY);
    say_open("/work/e/up", O_RDONLY | O_NOFOLLOW);
    say("link", link("/work/a", "/work/b"));
    stat("/work/b", &st);
    printf("links %ld\n", (long)st.st_nlink);
    say("rename", rename("/work/b", "/work/e/c"));
    say("rename nothing", rename("/work/b", "/work/e/c"));
    say("rename folder onto file", rename("/work/e", "/work/a"));
    say("loop", symlink("loop", "/work/loop"));
    say_open("/work/loop", O_RDONLY);
    say("dangling", symlink("nothing", "/work/dangling"));
    say_open("/work/dangling", O_RDONLY);
    say_open("/work/dangling", O_WRONLY | O_CREAT);
    say_open("/work/nothing", O_RDONLY);
    list("/work");
    list("/work/e");
}

/* Each of these is refused, whatever the error is called. */
static void escapes(void)
{
    static const char *const paths[] = {
        "/work/../secret", "/work/e/../../secret", "/work/out", "/work/out2", "/work/e/../out",
        "/work/etc", "/work/dots/secret", "/secret", "/etc/passwd", "../secret",
        "/work/./../secret",
    };
    struct stat st;
    char buf[10];

    symlink("../secret", "/work/out");
    symlink("e/../../secret", "/work/out2");
    symlink("..", "/work/dots");
    say("absolute link", symlink("/etc/passwd", "/work/etc") ? 0 : -1);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int fd = open(paths[i], O_RDONLY), made = open(paths[i], O_WRONLY | O_CREAT, 0644);
        printf("%s: open %d create %d stat %d mkdir %d unlink %d rename %d link %d readlink %d\n",
               paths[i], fd >= 0, made >= 0, stat(paths[i], &st) == 0,
               strstr(paths[i], "secret") && mkdir(paths[i], 0755) == 0,
               strstr(paths[i], "secret") && unlink(paths[i]) == 0,
               strstr(paths[i], "secret") && rename(paths[i], "/work/r") == 0,
               strstr(paths[i], "secret") && link(paths[i], "/work/r") == 0,
               strstr(paths[i], "secret") && readlink(paths[i], buf, 10) >= 0);
    }
}

int unlink_raw(int fd, uint32_t path, uint32_t len)
    __attribute__((import_module("wasi_snapshot_preview1"), import_name("path_unlink_file")));

static void pointers(void)
{
    __wasi_fd_t fd = 3;
    static const __wasi_ciovec_t wrap = { (uint8_t *)0xfffffff0, 0x20 };
    static const __wasi_ciovec_t far = { (uint8_t *)16, 0xffffffff };
    size_t n;

    printf("random %d\n", __wasi_random_get((uint8_t *)0xfffffff0, 0x20) != 0);
    printf("write %d", __wasi_fd_write(1, &wrap, 1, &n) != 0);
    printf(" %d\n", __wasi_fd_write(1, &far, 1, &n) != 0);
    printf("list %d\n", __wasi_fd_write(1, (void *)0xfffffff8, 0x20000000, &n) != 0);
    printf("path %d\n", unlink_raw(fd, 0xfffffff0, 0x20) != 0);
    printf("prestat %d\n", __wasi_fd_prestat_get(fd, (void *)0xfffffffc) != 0);
    printf("fd %d\n", __wasi_fd_close(0xffffffff) != 0);
}

static void waiting(void)
{
    struct timespec a, b, d = { 0, 20000000 };
    int fd = open("/work/a", O_RDONLY);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    __wasi_subscription_t subs[2] = { 0 };
    __wasi_event_t events[2];
    size_t n = 0;

    clock_gettime(CLOCK_MONOTONIC, &a);
    nanosleep(&d, NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("slept %d\n", (b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec >= 20000000);
    printf("poll %d %d\n", poll(&p, 1, 1000), p.revents == POLLIN);
    subs[0].userdata = 77;
    subs[0].u.tag = __WASI_EVENTTYPE_CLOCK;
    subs[0].u.u.clock.id = __WASI_CLOCKID_REALTIME;
    subs[0].u.u.clock.timeout = 1;
    subs[0].u.u.clock.flags = __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
    printf("past %d", __wasi_poll_oneoff(subs, events, 1, &n));
    printf(" %zu %llu\n", n, (unsigned long long)events[0].userdata);
    printf("none %d\n", __wasi_poll_oneoff(subs, events, 0, &n));
    close(fd);
}

static void descriptors(void)
{
    int a = open("/work/a", O_RDONLY), b = open("/work/b2", O_WRONLY | O_CREAT, 0644);
    __wasi_fdstat_t st;
    struct stat s;

    printf("renumber %d", __wasi_fd_renumber(a, b));
    fstat(b, &s);
    printf(" %lld\n", (long long)s.st_size);
    printf("old one %d\n", __wasi_fd_renumber(a, b));
    say("fdstat", __wasi_fd_fdstat_get(b, &st));
    printf("type %d, may read %d, write %d\n", st.fs_filetype,
           !!(st.fs_rights_base & __WASI_RIGHTS_FD_READ),
           !!(st.fs_rights_base & __WASI_RIGHTS_FD_WRITE));
    printf("fewer rights %d\n", __wasi_fd_fdstat_set_rights(b, __WASI_RIGHTS_FD_FILESTAT_GET, 0));
    printf("more rights %d\n", __wasi_fd_fdstat_set_rights(b, __WASI_RIGHTS_FD_READ, 0));
    printf("read %d\n", read(b, &s, 1) < 0);
    printf("advise %d\n", __wasi_fd_advise(b, 0, 0, 99) != 0);
    printf("a socket %d\n", __wasi_sock_shutdown(b, 1));
    close(b);
}

int main(int argc, char **argv)
{
    const char *x = getenv("X");

    printf("%d arguments, last %s; X is %s\n", argc, argv[argc - 1], x ? x : "unset");
    files();
    folders();
    links();
    escapes();
    pointers();
    waiting();
    descriptors();
    fflush(stdout);
    exit(42);
}
