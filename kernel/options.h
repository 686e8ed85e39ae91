/*
 * options.h - the kernel's command line: one row per option.
 *
 * Words are separated by spaces; `name` alone means `name=1`; a value may be "quoted" to hold
 * spaces. The last of equal names counts. Words that are not in the table are reported in the log.
 */
#ifndef KERNEL_OPTIONS_H
#define KERNEL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(identifier, "name", "default", "meaning") */
#define OPTIONS(X) \
    X(QEMU_EXIT, "qemu-exit", "0",  "leave QEMU through port 0xf4 on panic and at the end") \
    X(RUN,       "run",       "",   "program to start after init (name or hash), with arguments") \
    X(TEST,      "test",      "",   "run in-kernel tests that match ('all'), then exit") \
    X(INIT,      "init",      "init", "name of the first program") \
    X(DUMP,      "dump",      "",   "compiler dump letters, as wasmc -d") \
    X(SLICE,     "slice-us",  "10000", "length of a time slice; short ones find races") \
    X(QUIET,     "quiet",     "0",  "log to the ring only, not to serial") \
    X(CPUS,      "cpus",      "0",  "CPUs that run; 0: all") \
    X(SEED,      "seed",      "1",  "of tests that do random things") \
    X(CALLS,     "calls",     "100000", "system calls of the test hostile_calls") \
    X(MINUTES,   "minutes",   "0",  "that the test soak takes") \
    X(KILL_MS,   "kill-ms",   "0",  "what a kill may take in tests; 0: as long as it takes") \
    X(X2APIC,    "x2apic",    "1",  "0: use the memory-mapped local APIC even if x2APIC is there") \
    X(DEADLINE,  "tsc-deadline", "1", "0: one-shot APIC timer even if TSC-deadline is there") \
    X(AVX,       "avx",       "1",  "0: do not switch AVX on") \
    X(FAULT,     "fault",     "",   "raise panic, assert, pf, gp, ud, de, df, wx or nx")

enum option {
#define X(id, name, dflt, help) OPT_##id,
    OPTIONS(X)
#undef X
    OPT_COUNT
};

void options_parse(const char *cmdline);
/* The value, or the default if it was not given. Never NULL. */
const char *option_string(enum option o);
/* Decimal or 0x number; 0 if it is none. */
uint64_t option_number(enum option o);
bool option_bool(enum option o);        /* anything but "" and "0" */
bool option_given(enum option o);

#endif
