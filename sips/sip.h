/*
 * sip.h - the SDK: all that a SIP written in C includes, beside the headers of its interfaces.
 *
 * A program is `int main(int argc, char **argv)`. Its manifest stands in its source as macros
 * at file scope (USE, SERVE, PORTS, IRQ, WINDOW). printf goes to the standard stream, line by
 * line. The runtime in sips/runtime/ is linked in front; what a program does not use of it is
 * left out.
 */
#ifndef SIPS_SIP_H
#define SIPS_SIP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi.h"

/* ---- the manifest -------------------------------------------------------------------------- */

#define MANIFEST(line) \
    __asm__(".section .custom_section." MANIFEST_SECTION ",\"\",@\n" \
            ".ascii \"" line "\\n\"\n.text\n")

#define INTERFACE(verb, id, text, name, n, flag) \
    MANIFEST(verb " " id " = " #n flag); MANIFEST("text " text); enum { name = n }

/* USE(IFACE_CLOCK, CLOCK, 2): the constant CLOCK is the handle, number 2, of a channel to the
 * handler of the interface. n is a number from 2 to MANIFEST_HANDLE_MAX. Messages wait until there
 * is a handler; with USE_NOW, where there is none, calls give ERR_PEER. */
#define USE(id, name, n)        INTERFACE("use", id, id##_TEXT, name, n, "")
#define USE_NOW(id, name, n)    INTERFACE("use", id, id##_TEXT, name, n, " now")
/* The program handles the interface; its clients arrive at handle n as MSG_CONNECT. */
#define SERVE(id, name, n)      INTERFACE("serve", id, id##_TEXT, name, n, "")
/* The program makes channels of the interface: sys_channel_of(name, ..). */
#define CHANNEL_OF(id, name, n) INTERFACE("channel", id, id##_TEXT, name, n, "")
/* I/O ports, in hexadecimal without 0x: PORTS(3f8, 3ff). */
#define PORTS(first, last)      MANIFEST("port " #first "-" #last); enum { ports_##first = 1 }
#define IRQ(line, name, n)      MANIFEST("irq " #line " = " #n); enum { name = n }
#define WINDOW(what, name, n)   MANIFEST("window " what " = " #n); enum { name = n }
/* Device memory, in hexadecimal without 0x and whole pages: MMIO(fed00000, fed00fff, HPET, 3). */
#define MMIO(first, last, name, n)  MANIFEST("mmio " #first "-" #last " = " #n); enum { name = n }
/* Memory for devices; sys_info says where it stands and its physical address. */
#define DMA(bytes, name, n)     MANIFEST("dma " #bytes " = " #n); enum { name = n }

/* One I/O instruction with a constant port: PORT_IN8(line_status, 0x3fd); ... line_status() */
#define PORT_IN8(name, port) \
    __attribute__((import_module("port"), import_name("in8:" #port))) uint32_t name(void)
#define PORT_OUT8(name, port) \
    __attribute__((import_module("port"), import_name("out8:" #port))) void name(uint32_t value)

/* ---- system calls: sys_NAME, see kernel/abi.h ---------------------------------------------- */

#define X(name, result, params, sig) \
    __attribute__((import_module("selkie"), import_name(#name))) result sys_##name params;
SELKIE_CALLS(X)
#undef X

#define ADDR(p) ((uint32_t)(uintptr_t)(p))
#define COUNT(array) (sizeof (array) / sizeof (array)[0])
#define MS 1000000ll            /* nanoseconds */

_Noreturn void exit(int status);
/* Sleeps that long; sys_sleep sleeps until a time. */
static inline void sleep_ns(int64_t ns)
{
    sys_sleep(sys_clock() + ns);
}
/* The words for an ERR_*. */
const char *error_text(int32_t err);

/* ---- channels ------------------------------------------------------------------------------ */

/* Sends n bytes. 0 or ERR_*. flags: SEND_NOWAIT. */
int32_t chan_send(uint32_t h, const void *p, uint32_t n, uint32_t flags);

/* Calls and waits for the answer without a limit of time; returns its length (>= 4), an ERR_*, or
 * the status of the answer if that is one. */
int32_t chan_call(uint32_t h, const void *req, uint32_t n, void *ans, uint32_t cap);

/* As chan_call, with the caller's message for handles: m->handle and nhandles go and come. */
int32_t chan_call_msg(uint32_t h, struct msg *m, const void *req, uint32_t n, void *ans,
                      uint32_t cap);

/* Receives into buf. Returns the length; m tells where from. deadline as for sys_wait. */
int32_t chan_wait(uint32_t h, struct msg *m, void *buf, uint32_t cap, int64_t deadline);

/* Receives from any handle into buf, which must hold MSG_BYTES_MAX bytes; closes handles that come
 * with data and calls, for servers that take none. */
int32_t chan_serve(struct msg *m, void *buf, uint32_t cap, int64_t deadline);

/* Answers m with n bytes at p and `nhandles` handles. */
int32_t chan_answer(const struct msg *m, const void *p, uint32_t n, const uint32_t *handles,
                    uint32_t nhandles);

/* Which rule of its interface the last message broke that was refused, in words; "" if none was. */
const char *chan_why(void);

/* Answers m with a status alone. */
int32_t chan_answer_status(const struct msg *m, int32_t status);

/* ---- blocks: memory that moves with its handle, in messages --------------------------------- */

/* Where block h of sys_block, or of a message, stands: as long as it is ours, like any memory, but
 * for memcpy, memmove, memset and what the compiler makes of loops like them, which trap there:
 * instead of these, block_copy and block_fill. NULL: h is none. */
void *block_at(uint32_t h);
uint32_t block_size(uint32_t h);        /* in bytes; 0: h is none */
/* memcpy and memset for memory in blocks and elsewhere; nothing overlaps. */
void block_copy(void *to, const void *from, size_t n);
void block_fill(void *to, int byte, size_t n);

/* ---- programs ------------------------------------------------------------------------------ */

struct child {
    uint32_t pid, process;      /* process: handle on which MSG_EXIT comes */
    char reason[256];           /* in words, if it could not be started */
};

/* Starts a program. kernel_process: a handle to that interface; args: n bytes of NUL-terminated
 * strings, the name first; stdio: becomes its standard stream (moves), or 0. 0 or ERR_*. */
int32_t spawn(uint32_t kernel_process, const char *args, uint32_t n, uint32_t stdio,
              struct child *child);
/* What a program may have, if that is no more than who starts it has; 0: just as much. */
struct limits {
    uint64_t memory;            /* bytes */
    uint32_t queued;            /* bytes in queues */
    uint32_t handles, threads;
    uint32_t cpu;               /* thousandths of one CPU */
};
/* Reads one of memory=8M queued=64K handles=20 threads=4 cpu=12.5%; false: it is none of these. */
bool limits_read(struct limits *l, const char *word);
/* As spawn, with spawn-flags of iface/kernel_process.wit; limits may be NULL. */
int32_t spawn_with(uint32_t kernel_process, uint32_t flags, const struct limits *limits,
                   const char *args, uint32_t n,
                   uint32_t stdio, struct child *child);

/* ---- the standard stream ------------------------------------------------------------------- */

/* Makes h the standard stream of printf and read_line (at the start: HANDLE_STDIO). */
void stdio_set(uint32_t h);
void put(const char *s, size_t n);      /* buffered */
void flush(void);                       /* also done at exit, before reads, after a line */
/* Waits for input; 0 at its end, or ERR_*. */
int32_t read_bytes(char *buf, uint32_t cap);
/* One byte; what is typed behind it stays for whoever reads next, such as a program started now. */
int32_t read_key(char *c);
/* A line without its newline, terminated; its length, or -1 at the end of input. */
int read_line(char *buf, uint32_t cap);

__attribute__((format(printf, 1, 2))) int printf(const char *fmt, ...);
__attribute__((format(printf, 3, 4))) int snprintf(char *s, size_t cap, const char *fmt, ...);
int vsnprintf(char *s, size_t cap, const char *fmt, va_list ap);
int puts(const char *s);
int putchar(int c);

/* ---- strings, memory, numbers: a subset of the C library ----------------------------------- */

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *what);
/* Copies at most cap - 1 bytes and terminates; returns the bytes copied. */
size_t copy_text(char *to, size_t cap, const char *s);
/* Like strtoul; base 0 knows 0x. Saturates. *end may be NULL. */
unsigned long long strtoull(const char *s, char **end, int base);

static inline bool is_digit(int c) { return c >= '0' && c <= '9'; }
static inline bool is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline bool is_print(int c) { return c >= 32 && c < 127; }

/* 16-byte aligned; NULL when memory is at its end. */
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void free(void *p);

/* ---- text of a module's name --------------------------------------------------------------- */

#define CID_CHARS 60
/* The CIDv1 (raw, SHA-256, base32) of a hash: "bafkrei...", 59 characters. */
void cid_text(const uint8_t hash[32], char out[CID_CHARS]);

/* ---- line editing -------------------------------------------------------------------------- */

#define LINE_MAX 512

enum line_event {
    LINE_MORE,          /* keep typing */
    LINE_DONE,          /* enter: text is complete */
    LINE_EOF,           /* ctrl-D on an empty line */
    LINE_BREAK,         /* ctrl-C */
    LINE_COMPLETE,      /* tab */
    LINE_UP, LINE_DOWN, /* history */
    LINE_REDRAW,        /* ctrl-L */
};

struct line {
    char text[LINE_MAX];    /* terminated */
    uint32_t len, pos;      /* pos: where the cursor is */
    uint32_t first;         /* first character on the screen: long lines scroll sideways */
    uint32_t width;         /* of the window in columns */
    uint32_t nesc;
    char esc[8];            /* an escape sequence on its way */
    char killed[LINE_MAX];  /* what ctrl-K, U, W cut, for ctrl-Y */
    void (*out)(void *ctx, const char *s, uint32_t n);
    void *ctx;
};

/* An empty line whose cursor is at column `start` of a screen `columns` wide. */
void line_start(struct line *l, uint32_t start, uint32_t columns);
enum line_event line_key(struct line *l, char c);
/* Inserts at the cursor, replaces everything, or shows the line again after other output. */
void line_insert(struct line *l, const char *s, uint32_t n);
void line_replace(struct line *l, const char *s);
void line_show(struct line *l);

#endif
