/*
 * wasi_impl.h - what the files of the WASI implementation share: numbers of preview 1 (its witx
 * files), access to the caller's memory, descriptors, and the list of functions.
 *
 * The functions are C functions that compiled code calls (wasm.h): the caller's instance, then 32-
 * and 64-bit integers; the result is an errno of preview 1. They run on the wasm stack with little
 * room left: large buffers are on the heap. Every pointer is an offset in memory 0 and is checked
 * with 64-bit arithmetic before use. Nothing is changed before all arguments have been checked.
 */
#ifndef TOOLS_WASI_IMPL_H
#define TOOLS_WASI_IMPL_H

#include <sys/stat.h>
#include <time.h>
#include "tools/wasi.h"
#include "wasm/instance.h"

enum { E_SUCCESS = 0, E_2BIG = 1, E_ACCES = 2, E_AGAIN = 6, E_BADF = 8, E_BUSY = 10, E_DEADLK = 16,
       E_DQUOT = 19, E_EXIST = 20, E_FAULT = 21, E_FBIG = 22, E_ILSEQ = 25, E_INTR = 27,
       E_INVAL = 28, E_IO = 29, E_ISDIR = 31, E_LOOP = 32, E_MFILE = 33, E_MLINK = 34,
       E_NAMETOOLONG = 37, E_NFILE = 41, E_NODEV = 43, E_NOENT = 44, E_NOLCK = 46, E_NOMEM = 48,
       E_NOSPC = 51, E_NOSYS = 52, E_NOTDIR = 54, E_NOTEMPTY = 55, E_NOTSOCK = 57, E_NOTSUP = 58,
       E_NOTTY = 59, E_NXIO = 60, E_OVERFLOW = 61, E_PERM = 63, E_PIPE = 64, E_RANGE = 68,
       E_ROFS = 69, E_SPIPE = 70, E_STALE = 72, E_TIMEDOUT = 73, E_TXTBSY = 74, E_XDEV = 75,
       E_NOTCAPABLE = 76 };

enum { TYPE_UNKNOWN, TYPE_BLOCK, TYPE_CHAR, TYPE_DIR, TYPE_FILE, TYPE_DGRAM, TYPE_STREAM,
       TYPE_SYMLINK };

/* rights, in the order of their bits */
#define WASI_RIGHTS(X) \
    X(FD_DATASYNC) X(FD_READ) X(FD_SEEK) X(FD_FDSTAT_SET_FLAGS) X(FD_SYNC) X(FD_TELL) X(FD_WRITE) \
    X(FD_ADVISE) X(FD_ALLOCATE) X(PATH_CREATE_DIRECTORY) X(PATH_CREATE_FILE) X(PATH_LINK_SOURCE) \
    X(PATH_LINK_TARGET) X(PATH_OPEN) X(FD_READDIR) X(PATH_READLINK) X(PATH_RENAME_SOURCE) \
    X(PATH_RENAME_TARGET) X(PATH_FILESTAT_GET) X(PATH_FILESTAT_SET_SIZE) \
    X(PATH_FILESTAT_SET_TIMES) X(FD_FILESTAT_GET) X(FD_FILESTAT_SET_SIZE) \
    X(FD_FILESTAT_SET_TIMES) X(PATH_SYMLINK) X(PATH_REMOVE_DIRECTORY) X(PATH_UNLINK_FILE) \
    X(POLL_FD_READWRITE) X(SOCK_SHUTDOWN) X(SOCK_ACCEPT)
enum {
#define X(name) BIT_##name,
    WASI_RIGHTS(X)
#undef X
    NRIGHTS
};
enum {
#define X(name) R_##name = 1 << BIT_##name,
    WASI_RIGHTS(X)
#undef X
    R_ALL = (1 << NRIGHTS) - 1,
    R_ANY_FILE = R_FD_FDSTAT_SET_FLAGS | R_FD_SYNC | R_FD_ADVISE | R_FD_FILESTAT_GET
               | R_FD_FILESTAT_SET_TIMES | R_POLL_FD_READWRITE,
    R_STREAM = R_ANY_FILE | R_FD_DATASYNC | R_FD_READ | R_FD_WRITE,
    R_FILE = R_STREAM | R_FD_SEEK | R_FD_TELL | R_FD_ALLOCATE | R_FD_FILESTAT_SET_SIZE,
    R_DIR = R_ANY_FILE | R_PATH_CREATE_DIRECTORY | R_PATH_CREATE_FILE | R_PATH_LINK_SOURCE
          | R_PATH_LINK_TARGET | R_PATH_OPEN | R_FD_READDIR | R_PATH_READLINK
          | R_PATH_RENAME_SOURCE | R_PATH_RENAME_TARGET | R_PATH_FILESTAT_GET
          | R_PATH_FILESTAT_SET_SIZE | R_PATH_FILESTAT_SET_TIMES | R_PATH_SYMLINK
          | R_PATH_REMOVE_DIRECTORY | R_PATH_UNLINK_FILE,
};

enum { FDFLAG_APPEND = 1, FDFLAG_DSYNC = 2, FDFLAG_NONBLOCK = 4, FDFLAG_RSYNC = 8,
       FDFLAG_SYNC = 16, FDFLAG_ALL = 31 };
enum { OFLAG_CREAT = 1, OFLAG_DIRECTORY = 2, OFLAG_EXCL = 4, OFLAG_TRUNC = 8, OFLAG_ALL = 15 };
enum { LOOKUP_FOLLOW = 1 };

struct wasi_fd {
    bool open, borrowed;            /* borrowed: a standard stream, shared with other processes */
    uint8_t type;
    uint16_t flags;                 /* FDFLAG_* */
    int host;
    uint32_t base, inheriting;      /* rights */
    char *preopen;                  /* the program's name for it, or NULL */
};

/* ---- wasi.c: memory and numbers ------------------------------------------------------------ */

static inline struct wasi *wasi_self(struct wasm_instance *in)
{
    return in->embedder;
}

/* n bytes at offset `at` of memory 0, or NULL */
void *wasi_at(struct wasm_instance *in, uint32_t at, uint64_t n);
bool wasi_put32(struct wasm_instance *in, uint32_t to, uint32_t v);
bool wasi_put64(struct wasm_instance *in, uint32_t to, uint64_t v);
/* errno of Linux as one of preview 1 */
uint32_t wasi_errno(int e);
bool wasi_clock(uint32_t id, clockid_t *c);

/* ---- wasi_fd.c ----------------------------------------------------------------------------- */

/*
 * Descriptor `fd` if it is open and holds all those rights; else NULL, with *err filled. The
 * pointer is good until the next wasi_fd_add.
 */
struct wasi_fd *wasi_fd_get(struct wasm_instance *in, uint32_t fd, uint32_t rights, uint32_t *err);
/* Takes `f` over, at the lowest free number; on failure (E_MFILE) the caller keeps it. */
uint32_t wasi_fd_add(struct wasi *w, const struct wasi_fd *f, uint32_t *fd);
uint8_t wasi_filetype(mode_t mode);
/* O_* of FDFLAG_* */
int wasi_open_flags(uint32_t fdflags);
enum { WASI_FILESTAT = 64, WASI_FILESTAT_OLD = 56 };
/* Writes a filestat of one of these sizes. */
void wasi_put_filestat(uint8_t *to, uint32_t size, const struct stat *st);
/* utimensat's times from preview 1's, or E_INVAL */
uint32_t wasi_times(uint64_t atim, uint64_t mtim, uint32_t fstflags, struct timespec ts[2]);

/* ---- the functions: name, parameters (i = i32, I = i64), result ------------------------------ */

#define WASI_FUNCS(X) \
    X(args_get, "ii", "i") \
    X(args_sizes_get, "ii", "i") \
    X(environ_get, "ii", "i") \
    X(environ_sizes_get, "ii", "i") \
    X(clock_res_get, "ii", "i") \
    X(clock_time_get, "iIi", "i") \
    X(fd_advise, "iIIi", "i") \
    X(fd_allocate, "iII", "i") \
    X(fd_close, "i", "i") \
    X(fd_datasync, "i", "i") \
    X(fd_fdstat_get, "ii", "i") \
    X(fd_fdstat_set_flags, "ii", "i") \
    X(fd_fdstat_set_rights, "iII", "i") \
    X(fd_filestat_get, "ii", "i") \
    X(fd_filestat_set_size, "iI", "i") \
    X(fd_filestat_set_times, "iIIi", "i") \
    X(fd_pread, "iiiIi", "i") \
    X(fd_prestat_get, "ii", "i") \
    X(fd_prestat_dir_name, "iii", "i") \
    X(fd_pwrite, "iiiIi", "i") \
    X(fd_read, "iiii", "i") \
    X(fd_readdir, "iiiIi", "i") \
    X(fd_renumber, "ii", "i") \
    X(fd_seek, "iIii", "i") \
    X(fd_sync, "i", "i") \
    X(fd_tell, "ii", "i") \
    X(fd_write, "iiii", "i") \
    X(path_create_directory, "iii", "i") \
    X(path_filestat_get, "iiiii", "i") \
    X(path_filestat_set_times, "iiiiIIi", "i") \
    X(path_link, "iiiiiii", "i") \
    X(path_open, "iiiiiIIii", "i") \
    X(path_readlink, "iiiiii", "i") \
    X(path_remove_directory, "iii", "i") \
    X(path_rename, "iiiiii", "i") \
    X(path_symlink, "iiiii", "i") \
    X(path_unlink_file, "iii", "i") \
    X(poll_oneoff, "iiii", "i") \
    X(proc_exit, "i", "") \
    X(proc_raise, "i", "i") \
    X(random_get, "ii", "i") \
    X(sched_yield, "", "i") \
    X(sock_accept, "iii", "i") \
    X(sock_recv, "iiiiii", "i") \
    X(sock_send, "iiiii", "i") \
    X(sock_shutdown, "ii", "i")

/* those of "wasi_unstable", preview 0, that differ */
#define WASI_OLD_FUNCS(X) \
    X(fd_filestat_get, "ii", "i") \
    X(fd_seek, "iIii", "i") \
    X(path_filestat_get, "iiiii", "i") \
    X(poll_oneoff, "iiii", "i")

/* those outside wasi.c */
#define IN struct wasm_instance *in
uint32_t wasi_fd_advise(IN, uint32_t fd, uint64_t from, uint64_t n, uint32_t advice);
uint32_t wasi_fd_allocate(IN, uint32_t fd, uint64_t from, uint64_t n);
uint32_t wasi_fd_close(IN, uint32_t fd);
uint32_t wasi_fd_datasync(IN, uint32_t fd);
uint32_t wasi_fd_fdstat_get(IN, uint32_t fd, uint32_t to);
uint32_t wasi_fd_fdstat_set_flags(IN, uint32_t fd, uint32_t flags);
uint32_t wasi_fd_fdstat_set_rights(IN, uint32_t fd, uint64_t base, uint64_t inheriting);
uint32_t wasi_fd_filestat_get(IN, uint32_t fd, uint32_t to);
uint32_t wasi_fd_filestat_set_size(IN, uint32_t fd, uint64_t size);
uint32_t wasi_fd_filestat_set_times(IN, uint32_t fd, uint64_t atim, uint64_t mtim, uint32_t flags);
uint32_t wasi_fd_pread(IN, uint32_t fd, uint32_t iov, uint32_t n, uint64_t from, uint32_t done);
uint32_t wasi_fd_prestat_get(IN, uint32_t fd, uint32_t to);
uint32_t wasi_fd_prestat_dir_name(IN, uint32_t fd, uint32_t to, uint32_t n);
uint32_t wasi_fd_pwrite(IN, uint32_t fd, uint32_t iov, uint32_t n, uint64_t from, uint32_t done);
uint32_t wasi_fd_read(IN, uint32_t fd, uint32_t iov, uint32_t n, uint32_t done);
uint32_t wasi_fd_readdir(IN, uint32_t fd, uint32_t buf, uint32_t n, uint64_t cookie,
                         uint32_t used);
uint32_t wasi_fd_renumber(IN, uint32_t from, uint32_t to);
uint32_t wasi_fd_seek(IN, uint32_t fd, uint64_t offset, uint32_t whence, uint32_t result);
uint32_t wasi_fd_sync(IN, uint32_t fd);
uint32_t wasi_fd_tell(IN, uint32_t fd, uint32_t result);
uint32_t wasi_fd_write(IN, uint32_t fd, uint32_t iov, uint32_t n, uint32_t done);
uint32_t wasi_path_create_directory(IN, uint32_t fd, uint32_t path, uint32_t len);
uint32_t wasi_path_filestat_get(IN, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t len,
                                uint32_t to);
uint32_t wasi_path_filestat_set_times(IN, uint32_t fd, uint32_t lookup, uint32_t path,
                                      uint32_t len, uint64_t atim, uint64_t mtim, uint32_t flags);
uint32_t wasi_path_link(IN, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t len,
                        uint32_t new_fd, uint32_t new_path, uint32_t new_len);
uint32_t wasi_path_open(IN, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t len,
                        uint32_t oflags, uint64_t base, uint64_t inheriting, uint32_t fdflags,
                        uint32_t result);
uint32_t wasi_path_readlink(IN, uint32_t fd, uint32_t path, uint32_t len, uint32_t buf,
                            uint32_t n, uint32_t used);
uint32_t wasi_path_remove_directory(IN, uint32_t fd, uint32_t path, uint32_t len);
uint32_t wasi_path_rename(IN, uint32_t fd, uint32_t path, uint32_t len, uint32_t new_fd,
                          uint32_t new_path, uint32_t new_len);
uint32_t wasi_path_symlink(IN, uint32_t target, uint32_t target_len, uint32_t fd, uint32_t path,
                           uint32_t len);
uint32_t wasi_path_unlink_file(IN, uint32_t fd, uint32_t path, uint32_t len);
uint32_t wasi_poll_oneoff(IN, uint32_t subs, uint32_t events, uint32_t n, uint32_t done);
uint32_t wasi_old_fd_filestat_get(IN, uint32_t fd, uint32_t to);
uint32_t wasi_old_fd_seek(IN, uint32_t fd, uint64_t offset, uint32_t whence, uint32_t result);
uint32_t wasi_old_path_filestat_get(IN, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t len,
                                    uint32_t to);
uint32_t wasi_old_poll_oneoff(IN, uint32_t subs, uint32_t events, uint32_t n, uint32_t done);
#undef IN

#endif
