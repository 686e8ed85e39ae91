/*
 * start.c - the first C: brings the boot CPU and its devices up, then hands over to kernel_main.
 */
#include "kernel/x64/machine.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "kernel/pmm.h"

#define MAIN_STACK 65536u

_Noreturn void machine_start(uint32_t magic, uint64_t info);

static void enter_main(void *arg)
{
    kernel_main();
}

/* What the core will replace. */
__attribute__((weak)) void kernel_main(void)
{
    kprintf("no kernel core linked\n");
    machine_exit(EXIT_OK);
}

void machine_start(uint32_t magic, uint64_t info)
{
    clock_mark_start(clock_tsc());
    boot_cpu.self = &boot_cpu;
    msr_write(MSR_FS_BASE, (uintptr_t)&boot_cpu);   /* this_cpu() works from here */
    cpus_enter(&boot_cpu);
    cpus_join(&boot_cpu);
    boot_parse(magic, info);                        /* copies all that the loader left */
    options_parse(boot_info.cmdline);
    log_serial(!option_bool(OPT_QUIET));
    kprintf("Selkie: booted by %s\n", boot_info.loader);
    cpu_features_detect();
    paging_init();                                  /* W^X from here; boot tables gone */
    cpu_init(&boot_cpu, 0);                         /* faults are reported from here */
    cpu_wide_detect();
    pmm_init();
    heap_init();
    acpi_init();
    apic_map();
    apic_init();
    ioapic_init();
    clock_init();
    clock_cpu_init();
    kprintf("Selkie: %s, %u CPU%s, %zu MiB, TSC %lu MHz\n", cpu_brand(), machine_cpu_count(),
            machine_cpu_count() == 1 ? "" : "s", page_count_total() >> 8, clock_tsc_hz() / 1000000);
    kprintf("Selkie: archive %lu bytes, screen %ux%u%s\n",
            boot_info.archive_end - boot_info.archive, boot_info.fb.width, boot_info.fb.height,
            boot_info.fb.kind == FB_TEXT ? " text" : boot_info.fb.kind == FB_NONE ? " (none)" : "");
    if (boot_info.left_out)
        kprintf("Selkie: %u ranges of the memory map are wrong, or beyond %u: they are not used, "
                "and no driver gets device memory\n", boot_info.left_out, BOOT_RANGES);
    if (option_given(OPT_FAULT))
        fault_provoke(option_string(OPT_FAULT));
    thread_start(enter_main, NULL, kstack_alloc(MAIN_STACK));
}
