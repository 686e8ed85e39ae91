/*
 * wit.h - the text of an interface, taken apart: a subset of WIT with notes on the order of
 * messages (sips/iface/README.md). One parser for the tool that makes C headers and for the kernel,
 * which makes its table of what may pass from the text that the interface's id is the hash of.
 *
 * Needs only stdint and memcmp; allocates nothing; every text, however hostile, is taken in time
 * that grows with its length, or refused with a place and words.
 */
#ifndef KERNEL_WIT_H
#define KERNEL_WIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIT_TEXT_MAX    8192u       /* bytes of a canonical text */
#define WIT_NAME_MAX    31u
#define WIT_OPS_MAX     64u
#define WIT_DEFS_MAX    64u
#define WIT_FIELDS_MAX  512u        /* in all structures together */
#define WIT_STATES_MAX  32u
#define WIT_HANDLES_MAX 4u
#define WIT_ERROR_MAX   160u
#define WIT_KEEP        0xffu       /* no other state */
#define WIT_HANDLE_KINDS 16u        /* above every enum handle_kind */
#define WIT_ID_DIGITS   64u

/* A part of the text; len 0: none. */
struct wit_name { const char *s; uint32_t len; };

enum wit_kind {
    WIT_FIXED,      /* stands in the C structure */
    WIT_TRAILING,   /* string or list: bytes behind the structure */
    WIT_HANDLE,     /* travels beside the bytes */
};

struct wit_type {
    uint8_t kind;               /* enum wit_kind */
    bool optional;              /* of handles: may be missing */
    uint16_t def;               /* 1 + index of the definition; 0: a number, or no such */
    struct wit_name name;       /* of the element, or of what the handle is to */
    const char *id;             /* of handles: WIT_ID_DIGITS digits of an interface, or NULL */
    uint32_t size, align;       /* of one element in C, bytes */
    uint32_t count;             /* WIT_FIXED: > 0: an array of so many */
    uint32_t most;              /* WIT_TRAILING: elements; UINT32_MAX: as many as fit */
};

struct wit_field { struct wit_name name; struct wit_type type; };

/* wit.field[first .. first + count) as a C structure; size without what trails */
struct wit_fields { uint16_t first, count; uint32_t size, align; };

struct wit_def {
    enum { WIT_RECORD, WIT_ENUM, WIT_FLAGS } kind;
    struct wit_name name;
    struct wit_fields fields;   /* of enum and flags: only names */
};

struct wit_op {
    struct wit_name name;
    bool event;                 /* goes from the handler to the client */
    bool answered;
    struct wit_fields request;  /* begins with uint32_t op */
    struct wit_fields answer;   /* begins with int32_t status */
    uint32_t from;              /* bit s: allowed in state s */
    /* the state while it is not answered, after it (or after a good answer), and after an answer
     * that is an error; WIT_KEEP: unchanged */
    uint8_t during, to, error;
};

struct wit {
    struct wit_name name;
    uint32_t nops, ndefs, nfields, nstates;     /* nstates >= 1 */
    struct wit_op op[WIT_OPS_MAX];
    struct wit_def def[WIT_DEFS_MAX];
    struct wit_field field[WIT_FIELDS_MAX];
    struct wit_name state[WIT_STATES_MAX];      /* without names if the text has none */
    size_t error_at;                            /* byte of the text, if it was refused */
    char error[WIT_ERROR_MAX];
};

/* What the tool has and the kernel has not: a text for people, with comments and free spacing. */
struct wit_source {
    /* The digits of the id of another interface, or NULL: there is none of that name. */
    const char *(*id_of)(void *ctx, struct wit_name interface);
    void *ctx;
    char *canon;                /* written: the canonical text; room for 2 * n + 80 * handles */
    size_t ncanon, cap;
};

/* Takes apart the n bytes at text. src NULL: it must be canonical. False with w->error. */
bool wit_parse(struct wit *w, const char *text, size_t n, struct wit_source *src);
bool wit_is(struct wit_name n, const char *s);
/* Handles of no interface: by enum handle_kind their names, NULL where messages carry none; and the
 * kind of own<n>, 0 if n is the name of an interface. */
extern const char *const wit_handle_names[WIT_HANDLE_KINDS];
unsigned wit_handle_kind(struct wit_name n);

#endif
