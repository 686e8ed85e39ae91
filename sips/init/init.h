/*
 * init.h - what the files of init share. Reading order: config.h with config.c (init.conf taken
 * apart) and restart.c (when a program is started again), service.c (starts and ends), again.c
 * (after an end of init itself), init.c.
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include "sips/init/config.h"

/* handles of the manifest, see init.c */
enum { PROCESS = 2, STORE, POLICY, SYSTEM, CLIENTS };

#define CONFIG "init.conf"

/* ---- service.c ----------------------------------------------------------------------------- */

extern struct service services[SERVICES_MAX];
extern uint32_t nservices;
struct service *service_named(const char *name);
/* What stands for $boot at the first start. */
void service_boot(int argc, char **argv);
/* 0, or ERR_* with a reason of at most n bytes. */
int32_t service_start(struct service *s, char *reason, uint32_t n);
int32_t service_stop(struct service *s, char *reason, uint32_t n);
void service_ended(struct service *s, const struct exit_info *info);
/* It runs, with this pid, as the process of this handle. */
void service_runs(struct service *s, uint32_t pid, uint32_t process);
/* It does not run and is not started. */
void service_leave(struct service *s);
/* Starts what is due, in the order of time; returns when the next one is. */
int64_t service_start_due(void);

/* ---- again.c ------------------------------------------------------------------------------- */

/* Does nothing run but this? */
bool again_alone(void);
/* Programs of init.conf that run are taken over; those that run once are not started again. */
void again_take_over(void);

/* ---- init.c -------------------------------------------------------------------------------- */

/* A line in the kernel's log; with `note`, on the terminals, too. */
__attribute__((format(printf, 2, 3))) void report(bool note, const char *fmt, ...);

#endif
