/*
 * exception.c - who gets an exception: the address space of SIPs, the fixups of copies, the core;
 * and how a thread's first context looks. The same on Linux.
 */
#include "kernel/x64/machine.h"
#include "kernel/memory.h"
#include "kernel/panic.h"

_Static_assert(offsetof(struct cpu, resume) == 48 && offsetof(struct cpu, current) == 80
               && offsetof(struct cpu, timer_deadline) == 32, "frame.inc, trap.asm");
_Static_assert(offsetof(struct trap_frame, r15) == 256 && offsetof(struct trap_frame, rax) == 368
               && offsetof(struct trap_frame, vector) == 376
               && offsetof(struct trap_frame, rip) == 392
               && offsetof(struct trap_frame, rflags) == 408
               && offsetof(struct trap_frame, rsp) == 416
               && sizeof(struct trap_frame) == 432, "frame.inc");

struct fixup { uintptr_t start, end, resume; };
extern const struct fixup fixups_start[], fixups_end[];      /* linker.ld */

const char *trap_name(unsigned vector)
{
    static const char *const names[32] = {
        "#DE divide", "#DB debug", "NMI", "#BP breakpoint", "#OF overflow", "#BR bound",
        "#UD invalid opcode", "#NM no x87", "#DF double fault", "", "#TS invalid TSS",
        "#NP segment", "#SS stack segment", "#GP protection", "#PF page fault", "", "#MF x87",
        "#AC alignment", "#MC machine check", "#XM SIMD", "#VE", "#CP",
    };

    if (vector < 32)
        return names[vector] ? names[vector] : "exception";
    return vector == VEC_TIMER ? "timer" : "interrupt";
}

bool frame_in_kernel_text(const struct trap_frame *f)
{
    uintptr_t at = f->rip;

    return at >= (uintptr_t)kernel_text_start && at < (uintptr_t)kernel_text_end;
}

__attribute__((weak)) void kernel_fault(struct trap_frame *f)
{
    panic_frame(f, "%s at %016lx", trap_name(f->vector), f->rip);
}

__attribute__((weak)) void kernel_irq(struct trap_frame *f, unsigned irq)
{
}

__attribute__((weak)) void kernel_timer(struct trap_frame *f)
{
}

__attribute__((weak)) void kernel_wake(struct trap_frame *f)
{
}

static bool fix_up(struct trap_frame *f)
{
    for (const struct fixup *x = fixups_start; x < fixups_end; x++)
        if (f->rip >= x->start && f->rip < x->end) {
            f->rip = x->resume;
            return true;
        }
    return false;
}

void trap_exception(struct trap_frame *f)
{
    if (f->vector == VEC_PF) {
        uintptr_t va = fault_address();
        if (va < LOWER_HALF_END && !(f->error & 1) && slot_fault(va) == SLOT_PAGED)
            return;
    }
    if ((f->vector == VEC_PF || f->vector == VEC_GP) && fix_up(f))
        return;
    if (f->vector == VEC_DF || f->vector == VEC_MC || f->vector == VEC_NMI)
        panic_frame(f, "%s", trap_name(f->vector));
    kernel_fault(f);
}

/* ---- contexts ------------------------------------------------------------------------------- */

extern void context_first(void);            /* switch.asm */

void context_init(struct context *c, uintptr_t stack_top, void (*entry)(void *), void *arg)
{
    uint64_t *sp = (uint64_t *)stack_top;

    *--sp = (uintptr_t)context_first;
    *--sp = (uintptr_t)entry;               /* rbx */
    *--sp = 0;                              /* rbp: ends the chain of frames */
    *--sp = (uintptr_t)arg;                 /* r12 */
    for (int i = 13; i <= 15; i++)
        *--sp = 0;
    c->rsp = (uintptr_t)sp;
}
