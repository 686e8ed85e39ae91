/*
 * config.h - what init.conf says, and when a program is started again: the pure part of init.
 */
#ifndef INIT_CONFIG_H
#define INIT_CONFIG_H

#include "sips/sip.h"

#define SERVICES_MAX 32u
#define SERVICE_NAME 32u        /* bytes of a program's name, with the NUL */
#define RESTARTS_MAX 32u
#define RESTART_TIMES 8u        /* `restart` alone: 8 in 60, wait 10-5000 */
#define RESTART_SECONDS 60u
#define PAUSE_MS 10u
#define PAUSE_MAX_MS 5000u

/* When a program that has ended is started again. */
struct restart {
    uint32_t times, seconds;    /* so many times within so many seconds; 0: not at all */
    bool always;                /* more often, too, with the longest pause */
    uint32_t pause_ms, pause_max_ms;    /* the first pause, doubled with each, and the longest */
    uint32_t made;              /* restarts ever, and when the last ones were */
    int64_t at[RESTARTS_MAX];
};

struct service {
    char *args;                 /* NUL-terminated strings, the name first */
    uint32_t nargs;             /* their bytes */
    struct limits limits;
    struct restart restart;
    bool boot;                  /* the next start is the first, of $boot */
    /* service.c */
    uint32_t state, pid, process;       /* enum services_state; handle, 0: it does not run */
    uint32_t starts;
    int64_t at;                 /* when to start it again; 0: not at all */
    bool stop;                  /* it is ended on purpose */
    char last[144];
};

/* ---- config.c ------------------------------------------------------------------------------ */

/* To whom the lines go; line and column from 1 on. */
struct config_sink {
    void (*grant)(const char *rule, uint32_t line, uint32_t column);
    void (*error)(const char *text, uint32_t line, uint32_t column);
};
/* Takes `text` apart, which is changed and must stay; returns how many services there are. */
uint32_t config_read(char *text, struct service services[SERVICES_MAX],
                     const struct config_sink *to);

/* ---- restart.c ----------------------------------------------------------------------------- */

/* How many restarts count for the limit now. */
uint32_t restart_count(const struct restart *r, int64_t now);
/* Notes one more restart, unless the limit is reached (false); the pause before it in ns. */
bool restart_plan(struct restart *r, int64_t now, int64_t *pause);

#endif
