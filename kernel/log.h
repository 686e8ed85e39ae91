/*
 * log.h - the kernel's log: a ring of text, and early output on the first serial port.
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* %d %i %u %x %X %p %c %s %%, flags 0 - #, widths and precisions (* too), lengths hh h l ll z */
int kprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int kvprintf(const char *fmt, va_list ap);
/* Returns the length that the whole text has; terminates if n > 0. */
int ksnprintf(char *to, size_t n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int kvsnprintf(char *to, size_t n, const char *fmt, va_list ap);

/* Raw text into the ring (and to serial while that is on). */
void log_write(const char *s, size_t n);
/* Copies up to n bytes from stream position *pos (clamped to what the ring still holds), advances
 * *pos; the number of bytes copied. */
size_t log_read(uint64_t *pos, char *to, size_t n);
uint64_t log_end(void);             /* stream position behind the newest byte */
/* Polled output on COM1: on at boot; off once a driver owns the port; panic turns it on. */
void log_serial(bool on);
/* For panic alone: the lock may be held by what died; turns serial output on. */
void log_break_lock(void);

#endif
