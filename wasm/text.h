/*
 * text.h - formatting for errors and dumps: the subset of printf that the compiler needs.
 * Knows %s, %.*s, %c, %d, %u, %x (32 bits), %lu, %ld, %lx (64 bits), %% and a width for all, '-' to
 * align left, '0' to fill numbers with zeros.
 */
#ifndef WASM_TEXT_H
#define WASM_TEXT_H

#include <stdarg.h>
#include "wasm/wasm.h"

/* Writes at most size - 1 characters and a 0. Returns the number written. */
size_t text_vformat(char *to, size_t size, const char *fmt, va_list ap);
size_t text_format(char *to, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Formats one piece (up to 500 characters) to o->print, if there is one. */
void text_print(const struct wasm_options *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Records the first error; later ones are dropped. */
void wasm_fail(struct wasm_error *e, enum wasm_errcode code, uint32_t func, uint64_t offset,
               const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
