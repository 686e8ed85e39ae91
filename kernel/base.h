/*
 * base.h - what all of the core uses: errors, times, what reclaim.c gives back.
 */
#ifndef KERNEL_BASE_H
#define KERNEL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi.h"
#include "kernel/dwell.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/x64/x64.h"
#include "wasm/wasm.h"

#define unlikely(x) __builtin_expect(!!(x), 0)
#define likely(x) __builtin_expect(!!(x), 1)
#define always static inline __attribute__((always_inline))
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

typedef int32_t err_t;          /* >= 0, or an ERR_* of abi.h */
const char *err_text(err_t e);

struct sip;
struct object;
struct endpoint;

/* What memory is handed to reclaim() by: a field of what is to go. */
struct reclaim { struct reclaim *next; void (*fn)(struct reclaim *r); uint64_t epoch; };

#endif
