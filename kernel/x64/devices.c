/*
 * devices.c - which physical addresses may be a driver's: the holes of the firmware's memory map,
 * but for what the kernel itself uses there.
 */
#include "kernel/x64/machine.h"

/* What is written there becomes an interrupt (SDM 3A 11.11.1). */
#define MSI_FIRST 0xfee00000ul
#define MSI_LAST 0xfeeffffful

static bool overlap(paddr_t a, paddr_t b, paddr_t first, paddr_t last)
{
    return a <= last && first <= b;
}

static bool kernels_own(paddr_t a, paddr_t b)
{
    bool own = overlap(a, b, MSI_FIRST, MSI_LAST)
        || overlap(a, b, acpi.lapic, acpi.lapic + PAGE_SIZE - 1)
        || (acpi.hpet && overlap(a, b, acpi.hpet, acpi.hpet + 1023));

    for (unsigned i = 0; i < acpi.nioapics && !own; i++)
        own = overlap(a, b, acpi.ioapics[i].pa, acpi.ioapics[i].pa + PAGE_SIZE - 1);
    for (unsigned i = 0; i < acpi.necam && !own; i++)
        own = overlap(a, b, acpi.ecam[i].first, acpi.ecam[i].last);
    return own;
}

enum device_memory machine_memory(paddr_t first, paddr_t last)
{
    unsigned width = cpuid(0x80000008, 0).a & 0xff;     /* 0: no such leaf */
    paddr_t end = 1ul << (width >= 36 && width < 52 ? width : 36);

    if (first > last || last >= end)
        return DEVICE_NONE;
    for (unsigned i = 0; i < boot_info.nranges; i++)
        if (boot_info.ranges[i].start < boot_info.ranges[i].end
                && overlap(first, last, boot_info.ranges[i].start, boot_info.ranges[i].end - 1))
            return DEVICE_KERNEL;
    return boot_info.left_out || kernels_own(first, last) ? DEVICE_KERNEL : DEVICE_FREE;
}
