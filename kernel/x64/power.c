/*
 * power.c - the ways out: S5, reset, QEMU's exit port.
 */
#include "kernel/x64/machine.h"
#include "kernel/log.h"
#include "kernel/options.h"

#define SLP_EN (1u << 13)
#define EXIT_PORT 0xf4              /* -device isa-debug-exit,iobase=0xf4,iosize=4 */

static void acpi_mode(void)
{
    if (!acpi.smi_port || !acpi.acpi_enable || in16(acpi.pm1a) & 1)
        return;
    out8(acpi.smi_port, acpi.acpi_enable);
    for (unsigned ms = 0; ms < 300 && !(in16(acpi.pm1a) & 1); ms++)
        delay_ns(1000000);
}

static void sleep_s5(void)
{
    if (acpi.sleep_control && acpi.sleep_is_port) {
        out8((uint16_t)acpi.sleep_control, (uint8_t)(acpi.slp_a << 2 | 1u << 5));
    } else if (acpi.sleep_control) {
        volatile uint8_t *r = mmio_map(acpi.sleep_control, 1, PAGE_W | PAGE_UC);
        if (r)
            *r = (uint8_t)(acpi.slp_a << 2 | 1u << 5);
    } else {
        acpi_mode();
        out16(acpi.pm1a, (uint16_t)(acpi.slp_a << 10 | SLP_EN));
        if (acpi.pm1b)
            out16(acpi.pm1b, (uint16_t)(acpi.slp_b << 10 | SLP_EN));
    }
    delay_ns(100000000);
}

_Noreturn void machine_poweroff(void)
{
    irq_off();
    if (acpi.power)
        sleep_s5();
    out16(0x604, 0x2000);           /* QEMU q35, Bochs and old QEMU, VirtualBox */
    out16(0xb004, 0x2000);
    out16(0x4004, 0x3400);
    kprintf("It is now safe to switch the machine off.\n");
    cpu_halt();
}

static void reset_by_acpi(void)
{
    if (acpi.reset_space == 1)
        out8((uint16_t)acpi.reset_addr, acpi.reset_value);
    if (acpi.reset_space == 0 && acpi.reset_addr) {
        volatile uint8_t *r = mmio_map(acpi.reset_addr, 1, PAGE_W | PAGE_UC);
        if (r)
            *r = acpi.reset_value;
    }
}

_Noreturn void machine_reboot(void)
{
    struct { uint16_t limit; uint64_t base; } __attribute__((packed)) none = { 0, 0 };

    irq_off();
    reset_by_acpi();
    delay_ns(10000000);
    for (unsigned i = 0; i < 100000 && in8(0x64) & 2; i++)
        cpu_relax();
    out8(0x64, 0xfe);               /* keyboard controller: pulse reset */
    delay_ns(10000000);
    out8(0xcf9, 6);
    delay_ns(10000000);
    __asm__ volatile("lidt %0; int3" :: "m"(none));     /* triple fault */
    cpu_halt();
}

_Noreturn void machine_exit(unsigned status)
{
    if (option_bool(OPT_QEMU_EXIT))
        out32(EXIT_PORT, status);
    machine_poweroff();
}
