/*
 * ioapic.c - routes device interrupts: ISA lines through the firmware's overrides, others by their
 * global system interrupt number. The legacy PICs are parked and masked.
 *
 * A register is chosen, then written: under a lock with interrupts off, for an interrupt masks its
 * line in the same way.
 */
#include "kernel/x64/machine.h"
#include "kernel/lock.h"
#include "kernel/log.h"
#include "kernel/panic.h"

#define LINE_LEVEL (1u << 15)
#define LINE_LOW (1u << 13)
#define LINE_MASKED (1u << 16)

struct ioapic { volatile uint32_t *regs; uint32_t first, count; };
static struct ioapic units[IOAPIC_MAX];
static unsigned nunits;
static uint32_t opened[IRQ_MAX];        /* low word of the open line's entry, 0 = closed */
static struct lock lock = LOCK(RANK_DEVICE);    /* opened, and the units' registers */

static uint32_t unit_read(const struct ioapic *u, uint32_t r)
{
    u->regs[0] = r;
    return u->regs[4];
}

static void unit_write(const struct ioapic *u, uint32_t r, uint32_t v)
{
    u->regs[0] = r;
    u->regs[4] = v;
}

/* ICW1-4 move the PICs away from the exceptions; then every line is masked. */
static void pic_park(void)
{
    out8(0x20, 0x11);
    out8(0xa0, 0x11);
    out8(0x21, 0xf0);
    out8(0xa1, 0xf8);
    out8(0x21, 4);
    out8(0xa1, 2);
    out8(0x21, 1);
    out8(0xa1, 1);
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
}

void ioapic_init(void)
{
    pic_park();
    for (unsigned i = 0; i < acpi.nioapics; i++) {
        struct ioapic *u = &units[nunits];
        u->regs = mmio_map(acpi.ioapics[i].pa, 32, PAGE_W | PAGE_UC);
        if (!u->regs || unit_read(u, 1) == 0xffffffff) {
            kprintf("ioapic: nothing at %lx\n", acpi.ioapics[i].pa);
            continue;
        }
        u->first = acpi.ioapics[i].gsi_base;
        u->count = (unit_read(u, 1) >> 16 & 0xff) + 1;
        for (uint32_t n = 0; n < u->count; n++)
            unit_write(u, 0x10 + n * 2, LINE_MASKED);
        nunits++;
    }
}

/* The unit that has the irq's global system interrupt; *n is the line there. */
static struct ioapic *unit_of(unsigned irq, uint32_t *n)
{
    uint32_t gsi = irq < 16 ? acpi.isa[irq].gsi : irq;

    for (unsigned i = 0; i < nunits; i++)
        if (gsi - units[i].first < units[i].count) {
            *n = gsi - units[i].first;
            return &units[i];
        }
    return NULL;
}

bool irq_open(unsigned irq)
{
    bool level = irq < 16 ? acpi.isa[irq].level : true;
    bool low = irq < 16 ? acpi.isa[irq].low : true;
    uint64_t on;
    uint32_t n;
    struct ioapic *u = irq < IRQ_MAX ? unit_of(irq, &n) : NULL;

    if (!u)
        return false;
    on = irq_save();
    lock_take(&lock);
    opened[irq] = (VEC_IRQ + irq) | (level ? LINE_LEVEL : 0) | (low ? LINE_LOW : 0);
    unit_write(u, 0x11 + n * 2, boot_cpu.apic_id << 24);
    unit_write(u, 0x10 + n * 2, opened[irq]);
    lock_drop(&lock);
    irq_restore(on);
    return true;
}

/* Writes what `opened` says now to an open line that is of a kind in `mask`, and `more`. */
static void line_write(unsigned irq, uint32_t mask, uint32_t more)
{
    uint64_t on = irq_save();
    struct ioapic *u;
    uint32_t n;

    lock_take(&lock);
    if (opened[irq] & mask && (u = unit_of(irq, &n)))
        unit_write(u, 0x10 + n * 2, opened[irq] | more);
    lock_drop(&lock);
    irq_restore(on);
}

void irq_close(unsigned irq)
{
    assert(irq < IRQ_MAX, "irq_close: no such line");
    line_write(irq, UINT32_MAX, LINE_MASKED);
    __atomic_store_n(&opened[irq], 0, __ATOMIC_RELEASE);
}

void irq_ack(unsigned irq)
{
    assert(irq < IRQ_MAX, "irq_ack: no such line");
    line_write(irq, LINE_LEVEL, 0);
}

void ioapic_taken(unsigned irq)
{
    if (__atomic_load_n(&opened[irq], __ATOMIC_RELAXED) & LINE_LEVEL)
        line_write(irq, LINE_LEVEL, LINE_MASKED);
}
