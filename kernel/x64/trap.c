/*
 * trap.c - where every vector arrives in C: exceptions, device lines, timer.
 */
#include "kernel/x64/machine.h"

uintptr_t fault_address(void)
{
    return cr2_read();
}

void trap_dispatch(struct trap_frame *f)
{
    if (f->vector == VEC_NMI && cpus_stopping()) {
        cpu_stopped();
        cpu_halt();
    } else if (f->vector < 32) {
        trap_exception(f);
    } else if (f->vector == VEC_TIMER) {        /* of kernel text: trap.asm */
        apic_eoi();
        this_cpu()->timer_deadline = UINT64_MAX;
        kernel_timer(f);
    } else if (f->vector == VEC_FLUSH) {
        apic_eoi();
        flush_here();
    } else if (f->vector == VEC_WAKE) {
        apic_eoi();
        kernel_wake(f);
    } else if (f->vector >= VEC_IRQ && f->vector < VEC_IRQ + IRQ_MAX) {
        ioapic_taken(f->vector - VEC_IRQ);
        apic_eoi();
        kernel_irq(f, f->vector - VEC_IRQ);
    }
    /* the rest is spurious (SDM 3A 10.9): no EOI */
}
