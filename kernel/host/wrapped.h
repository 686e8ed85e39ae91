/*
 * wrapped.h - what both checking builds put their own function in front of, by the linker's --wrap.
 */
#ifndef KERNEL_HOST_WRAPPED_H
#define KERNEL_HOST_WRAPPED_H

#include <stddef.h>

#define WRAPPED(result, name, ...) \
    result __real_##name(__VA_ARGS__); \
    result __wrap_##name(__VA_ARGS__)
WRAPPED(void *, memcpy, void *to, const void *from, size_t n);
WRAPPED(void *, memmove, void *to, const void *from, size_t n);
WRAPPED(void *, memset, void *to, int c, size_t n);
WRAPPED(void *, kmalloc, size_t n);
WRAPPED(void *, kzalloc, size_t n);
WRAPPED(void, kfree, void *p);

#endif
