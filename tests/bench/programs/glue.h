/*
 * glue.h - what the benchmark programs use and wasi-libc lacks; included before each of their files
 * when they are compiled to wasm. Ownership, modes and temporary files do not exist there.
 */
#ifndef BENCH_GLUE_H
#define BENCH_GLUE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static inline int chmod(const char *path, mode_t m) { return 0; }
static inline int fchmod(int fd, mode_t m) { return 0; }
static inline int chown(const char *path, uid_t u, gid_t g) { return 0; }
static inline int fchown(int fd, uid_t u, gid_t g) { return 0; }
static inline mode_t umask(mode_t m) { return 0; }
static inline uid_t geteuid(void) { return 0; }
static inline uid_t getuid(void) { return 0; }
static inline gid_t getegid(void) { return 0; }
#define L_tmpnam 20

static inline int mkstemp(char *t) { errno = ENOSYS; return -1; }

#endif
