/*
 * range.h - who hands out parts of a stretch of address space. First fit, sorted, merged on free.
 */
#ifndef KERNEL_RANGE_H
#define KERNEL_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/lock.h"

struct range;
struct range_space {
    uintptr_t base;
    size_t size;
    struct range *free;
    bool ready;
    struct lock lock;
};
#define RANGE_SPACE(base, size) { (base), (size), NULL, false, LOCK(RANK_RANGE) }

/* `size` bytes (whole pages); 0 if there is no room or no memory. */
uintptr_t range_alloc(struct range_space *s, size_t size);
/* False if there is no memory for the book-keeping: the range is lost. */
bool range_free(struct range_space *s, uintptr_t start, size_t size);

/* The space of KSPACE_BASE: kernel stacks, writable aliases of images (heap.c). */
struct range_space *kspace_ranges(void);

#endif
