/*
 * sips.h - tests start programs and wait for them.
 */
#ifndef TESTS_KERNEL_SIPS_H
#define TESTS_KERNEL_SIPS_H

#include "kernel/ktest.h"

#define TIMED_OUT (-1000)
#define NOT_STARTED (-1001)

/* Starts a program of the store with all that it asks for. args: words separated by blanks; stdio
 * may be NULL and is consumed. Fails the test and returns NULL if it does not start. */
struct process *start(const char *args, struct endpoint *stdio);
/* The same with less than the usual limits; 0: the usual one. */
struct process *start_within(const char *args, const struct quota *quota);
/* Both. */
struct process *start_with(const char *args, struct endpoint *stdio, const struct quota *quota);
/* The same for bytes that are in no store; the reason of a failure goes to `reason`. */
err_t start_bytes(const uint8_t *bytes, size_t size, struct process **p, char *reason, size_t n);
/* Waits for the end, at most ms; kills it then (TIMED_OUT). The status; *trap may be NULL. */
int32_t finish(struct process *p, uint64_t ms, uint32_t *trap);
/* Both. */
int32_t run(const char *args, struct endpoint *stdio, uint64_t ms);
/* The SIP of p; NULL: it has ended, and p->info is there. Stays memory until the test blocks. */
static inline struct sip *alive(const struct process *p)
{
    return __atomic_load_n(&p->sip, __ATOMIC_ACQUIRE);
}
/* CPU time used by the SIP of p, ns; 0: it has ended. */
uint64_t time_of(struct process *p);
/* Runs it n + 1 times to status 0; after the first time no page is lost. */
void run_without_loss(const char *args, unsigned n);
/* Two programs with a channel between their handles 1; the status of each. */
void run_pair(const char *a, const char *b, uint64_t ms, int32_t status[2]);
/* Expects a refusal to start that contains `words`. */
void expect_refusal(const char *args, bool trusted, err_t e, const char *words);
/* Gives what was put aside for reuse back, so that counts of pages can be compared. */
size_t settled_pages(void);
uint32_t newest_pid(void);                  /* of the SIPs that live; 0: there is none */
/* Time slices take so many ns from now on, on this CPU the present one too; 0: the usual. */
void slices(uint64_t ns);
/* Keeps the log off the serial port (when it is on it) during what logs thousands of lines. */
void quiet(bool on);
bool contains(const char *s, const char *words);

#endif
