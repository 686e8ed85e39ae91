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
#include "kernel/x64/x64.h"

#define FIXUP "2: .pushsection fixups,\"a\"\n\t.balign 8\n\t.quad 1b, 2b, %l[fault]\n\t.popsection"

/* Zero-extended, as the instruction does it. */
#define PEEK(bits, load) \
    static inline bool peek##bits(const void *at, uint64_t *v) \
    { \
        __asm__ goto("1: mov" load "\n\t" FIXUP \
                     : "=r"(*v) : "m"(*(const volatile uint##bits##_t *)at) : : fault); \
        return true; \
    fault: \
        return false; \
    }
#define POKE(bits, suffix) \
    static inline bool poke##bits(void *at, uint##bits##_t v) \
    { \
        __asm__ goto("1: mov" suffix " %1,%0\n\t" FIXUP \
                     : "=m"(*(uint##bits##_t *)at) : "er"(v) : : fault); \
        return true; \
    fault: \
        return false; \
    }
PEEK(32, "l %1,%k0")
PEEK(64, "q %1,%0")
POKE(32, "l")
POKE(64, "q")

/* Is it there, and 0? */
static inline bool zero32(const void *at)
{
    uint64_t unused;

    __asm__ goto("1: cmpl $0,%1\n\tjne %l[fault]\n\t" FIXUP
                 : "=r"(unused) : "m"(*(const volatile uint32_t *)at) : "cc" : fault);
    return true;
fault:
    return false;
}

/* 33 to 64 bytes, the last ones first: who polls looks at the first line. Vector registers are free
 * in kernel text: C does not use them there, and no image keeps one across a call. */
static inline bool copy_64(void *to, const void *from, uint64_t n)
{
    __asm__ goto("1: movups (%1),%%xmm0\n\tmovups 16(%1),%%xmm1\n\tmovups -32(%1,%2),%%xmm2\n\t"
                 "movups -16(%1,%2),%%xmm3\n\tmovups %%xmm3,-16(%0,%2)\n\t"
                 "movups %%xmm2,-32(%0,%2)\n\tmovups %%xmm1,16(%0)\n\tmovups %%xmm0,(%0)\n\t" FIXUP
                 : : "r"(to), "r"(from), "r"(n) : "memory" : fault);
    return true;
fault:
    return false;
}
#undef PEEK
#undef POKE
#undef FIXUP

/* One instruction, where the compiler makes it two for want of a smaller one. */
static inline void clear64(void *at)
{
    __asm__("movq $0,%0" : "=m"(*(uint64_t *)at));
}
static inline void clear32(void *at)
{
    __asm__("movl $0,%0" : "=m"(*(uint32_t *)at));
}

/* This pointer is computed once, not anew for each field that it leads to. */
#define in_register(pointer) __asm__("" : "+r"(pointer))

/* cpu_field(handoffs) goes down, in one instruction: an interrupt may set it to 0. True: it was 0
 * or less. */
static inline bool cpu_handoff(void)
{
    __asm__ goto("subl $1,%%fs:%c0\n\tjs %l[done]"
                 : : "i"(offsetof(struct cpu, handoffs)) : "cc", "memory" : done);
    return false;
done:
    return true;
}

/* The KiB below rsp is there from here on: more than the direct path of a message needs (direct.c),
 * which allocates nothing. Else: stack_touch. */
static inline void stack_touch_little(void)
{
    __asm__ volatile("testb %%al,-1024(%%rsp)" ::: "cc", "memory");
}

/* direct_go (switch.asm) without a call: `to` is a thread, its context and its result are so many
 * bytes from its beginning. */
#define GO_TO(to, ctx, result) \
    do { \
        __asm__ volatile("movl %c2(%0),%%eax\n\tmovq %c1(%0),%%rcx\n\t" \
                         "movq (%%rcx),%%r15\n\tmovq 8(%%rcx),%%r14\n\t" \
                         "movq 16(%%rcx),%%r13\n\tmovq 24(%%rcx),%%r12\n\t" \
                         "movq 32(%%rcx),%%rbp\n\tmovq 40(%%rcx),%%rbx\n\t" \
                         "leaq 56(%%rcx),%%rsp\n\tjmp *48(%%rcx)" \
                         : : "c"(to), "i"(ctx), "i"(result) : "memory"); \
        __builtin_unreachable(); \
    } while (0)

#endif
