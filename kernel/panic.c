/*
 * panic.c - the epitaph: reason, CPU, what ran, registers, backtrace; then halt or leave QEMU.
 *
 * Function names come from a table that the second link fills in (tools/ksyms.sh): `symbol_count`
 * rows of (address, name offset), ascending, both relative.
 */
#include "kernel/panic.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "kernel/x64/x64.h"

struct symbol { uint32_t address, name; };      /* address - KERNEL_BASE; offset in symbol_names */
extern const uint32_t symbol_count;
extern const struct symbol symbol_table[];
extern const char symbol_names[];

static unsigned panics;

__attribute__((weak)) void kernel_describe(char *to, unsigned long n)
{
    ksnprintf(to, n, "kernel");
}

const char *symbol_find(uintptr_t pc, uintptr_t *offset)
{
    uint32_t lo = 0, hi = symbol_count, at = (uint32_t)(pc - KERNEL_BASE);

    if (pc < KERNEL_BASE || !symbol_count || at < symbol_table[0].address)
        return NULL;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (symbol_table[mid].address <= at)
            lo = mid;
        else
            hi = mid;
    }
    *offset = at - symbol_table[lo].address;
    return symbol_names + symbol_table[lo].name;
}

static void print_site(uintptr_t pc)
{
    uintptr_t off;
    const char *name = symbol_find(pc, &off);

    if (name)
        kprintf("  %016lx %s+0x%lx\n", pc, name, off);
    else if (pc - ARENA_BASE < ARENA_SIZE)
        kprintf("  %016lx image\n", pc);
    else
        kprintf("  %016lx ?\n", pc);
}

void backtrace(uintptr_t rip, uintptr_t rbp)
{
    print_site(rip);
    for (unsigned depth = 0; depth < 24 && rbp && rbp % 8 == 0; depth++) {
        const uintptr_t *frame = (const uintptr_t *)rbp;
        if (!page_query(rbp, NULL, NULL) || !page_query(rbp + 15, NULL, NULL) || !frame[1])
            break;
        print_site(frame[1] - 1);
        if (frame[0] <= rbp)
            break;
        rbp = frame[0];
    }
}

static void print_registers(const struct trap_frame *f)
{
    kprintf("vector %u (%s) error %lx cr2 %016lx\n", f->vector, trap_name(f->vector), f->error,
            fault_address());
    kprintf("rip %016lx rsp %016lx rfl %016lx\n", f->rip, f->rsp, f->rflags);
    kprintf("rax %016lx rbx %016lx rcx %016lx\n", f->rax, f->rbx, f->rcx);
    kprintf("rdx %016lx rsi %016lx rdi %016lx\n", f->rdx, f->rsi, f->rdi);
    kprintf("rbp %016lx r8  %016lx r9  %016lx\n", f->rbp, f->r8, f->r9);
    kprintf("r10 %016lx r11 %016lx r12 %016lx\n", f->r10, f->r11, f->r12);
    kprintf("r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
}

/* A panic inside the epitaph ends at once, a third one silently. One CPU writes it: the others are
 * stopped, and one that panics too waits for that. */
static void panic_enter(void)
{
    static int writer;
    int none = 0, me = this_cpu() ? (int)this_cpu()->id + 1 : 1;

    irq_off();
    if (!__atomic_compare_exchange_n(&writer, &none, me, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)
            && none != me)
        for (;;)
            cpu_relax();
    if (++panics > 2)
        cpu_halt();
    cpus_stop();
    log_break_lock();
}

static _Noreturn void panic_end(void)
{
    if (option_bool(OPT_QEMU_EXIT))
        machine_exit(EXIT_PANIC);
    kprintf("halted\n");
    cpu_halt();
}

static void epitaph(const char *fmt, va_list ap)
{
    char who[128];

    kprintf("\n*** kernel panic: ");
    kvprintf(fmt, ap);
    if (panics > 1)
        return;
    kernel_describe(who, sizeof who);
    kprintf("\ncpu %u, in %s\n", this_cpu() ? this_cpu()->id : 0, who);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    panic_enter();
    va_start(ap, fmt);
    epitaph(fmt, ap);
    va_end(ap);
    if (panics == 1)
        backtrace((uintptr_t)__builtin_return_address(0), *(uintptr_t *)__builtin_frame_address(0));
    panic_end();
}

void panic_frame(const struct trap_frame *f, const char *fmt, ...)
{
    va_list ap;

    panic_enter();
    va_start(ap, fmt);
    epitaph(fmt, ap);
    va_end(ap);
    if (panics == 1) {
        print_registers(f);
        backtrace(f->rip, f->rbp);
    }
    panic_end();
}
