/*
 * shadow.h - names that GCC and the linker's --wrap give.
 */
#ifndef KERNEL_HOST_CHECKED_SHADOW_H
#define KERNEL_HOST_CHECKED_SHADOW_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/host/wrapped.h"
#include "kernel/x64/x64.h"

WRAPPED(paddr_t, page_alloc, void);
WRAPPED(paddr_t, page_alloc_zero, void);
WRAPPED(paddr_t, page_alloc_run, unsigned order);
WRAPPED(paddr_t, page_alloc_low, unsigned order);
WRAPPED(void, page_free, paddr_t pa);
WRAPPED(void, page_free_run, paddr_t pa, unsigned order);

#define ASAN_ACCESS(n) \
    void __asan_load##n##_noabort(uintptr_t a); \
    void __asan_store##n##_noabort(uintptr_t a);
ASAN_ACCESS(1)
ASAN_ACCESS(2)
ASAN_ACCESS(4)
ASAN_ACCESS(8)
ASAN_ACCESS(16)
void __asan_loadN_noabort(uintptr_t a, size_t n);
void __asan_storeN_noabort(uintptr_t a, size_t n);
void __asan_handle_no_return(void);

#endif
