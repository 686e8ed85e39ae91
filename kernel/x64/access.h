/*
 * access.h - single loads and stores of SIP memory that survive a fault: false if there is no page
 * and none can be had. The caller has checked the range. Longer ones: copy_checked (copy.asm).
 *
 * Each instruction leaves a row in the section `fixups`: where it stands, its end, where to go on.
 */
#ifndef KERNEL_X64_ACCESS_H
#define KERNEL_X64_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#define FIXUP "2: .pushsection fixups,\"a\"\n\t.balign 8\n\t.quad 1b, 2b, %l[fault]\n\t.popsection"

#define PEEK(bits, suffix) \
    static inline bool peek##bits(const void *at, uint##bits##_t *v) \
    { \
        __asm__ goto("1: mov" suffix " %1,%0\n\t" FIXUP \
                     : "=r"(*v) : "m"(*(const volatile uint##bits##_t *)at) : : fault); \
        return true; \
    fault: \
        return false; \
    }
#define POKE(bits, suffix) \
    static inline bool poke##bits(void *at, uint##bits##_t v) \
    { \
        __asm__ goto("1: mov" suffix " %1,%0\n\t" FIXUP \
                     : : "m"(*(volatile uint##bits##_t *)at), "r"(v) : "memory" : fault); \
        return true; \
    fault: \
        return false; \
    }
PEEK(32, "l")
PEEK(64, "q")
POKE(32, "l")
POKE(64, "q")
#undef PEEK
#undef POKE
#undef FIXUP

#endif
