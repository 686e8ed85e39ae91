/*
 * devices.c - which physical addresses a driver may have, on the machine alone: on Linux there are
 * none.
 */
#include "kernel/ktest.h"
#include "kernel/x64/machine.h"

#define HOLE 0xfed40000ul           /* of QEMU's machines: a TPM would be there */

/* What nobody knows of might be anywhere. */
KTEST(device_memory_of_a_map_cut_short)
{
    unsigned before = boot_info.left_out;

    boot_info.left_out = 0;
    CHECK_EQ(machine_memory(HOLE, HOLE + 0xfff), DEVICE_FREE);
    boot_info.left_out = 1;
    CHECK_EQ(machine_memory(HOLE, HOLE + 0xfff), DEVICE_KERNEL);
    boot_info.left_out = before;
}

/* Where a machine has its PCI configuration space. */
KTEST(device_memory_of_the_bus)
{
    for (unsigned i = 0; i < acpi.necam; i++) {
        CHECK_EQ(machine_memory(acpi.ecam[i].first, acpi.ecam[i].first + 0xfff), DEVICE_KERNEL);
        CHECK_EQ(machine_memory(acpi.ecam[i].last - 0xfff, acpi.ecam[i].last), DEVICE_KERNEL);
    }
    ktest_say("%u of them", acpi.necam);
}
