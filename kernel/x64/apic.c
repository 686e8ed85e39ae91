/*
 * apic.c - the local APIC of each CPU, memory-mapped or as MSRs (x2APIC): SDM 3A chapter 10.
 */
#include "kernel/x64/machine.h"
#include "kernel/options.h"
#include "kernel/panic.h"

enum {                              /* register offsets, SDM 3A table 10-1 */
    R_ID = 0x20, R_TPR = 0x80, R_EOI = 0xb0, R_SPURIOUS = 0xf0, R_ESR = 0x280, R_ICR = 0x300,
    R_ICR_HIGH = 0x310, R_LVT_TIMER = 0x320, R_LVT_LINT0 = 0x350, R_LVT_LINT1 = 0x360,
    R_LVT_ERROR = 0x370, R_TIMER_INIT = 0x380, R_TIMER_NOW = 0x390, R_TIMER_DIV = 0x3e0,
};
#define MASKED (1u << 16)
#define ICR_PENDING (1u << 12)
#define DEADLINE (2u << 17)
#define DIV_16 3u
#define BASE_X2APIC (1ul << 10)
#define BASE_ENABLE (1ul << 11)

static volatile uint8_t *mmio;
static bool x2apic;

static uint32_t reg_read(unsigned r)
{
    if (x2apic)
        return (uint32_t)msr_read(MSR_X2APIC + r / 16);
    return *(volatile uint32_t *)(mmio + r);
}

static void reg_write(unsigned r, uint32_t v)
{
    if (x2apic)
        msr_write(MSR_X2APIC + r / 16, v);
    else
        *(volatile uint32_t *)(mmio + r) = v;
}

void apic_map(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE);

    x2apic = base & BASE_X2APIC ||              /* the firmware may have left no choice */
             (cpuid(1, 0).c & 1u << 21 && option_bool(OPT_X2APIC));
    if (x2apic)
        return;
    mmio = mmio_map(base & 0x000ffffffffff000ul, PAGE_SIZE, PAGE_W | PAGE_UC);
    if (!mmio)
        panic("apic: no memory to map it");
}

void apic_init(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE) | BASE_ENABLE;

    msr_write(MSR_APIC_BASE, base);             /* xAPIC first: SDM 3A 10.12.5 */
    if (x2apic)
        msr_write(MSR_APIC_BASE, base | BASE_X2APIC);
    reg_write(R_LVT_TIMER, MASKED);
    reg_write(R_LVT_LINT0, MASKED);
    reg_write(R_LVT_LINT1, 4u << 8);            /* NMI */
    reg_write(R_LVT_ERROR, MASKED);
    reg_write(R_TPR, 0);
    reg_write(R_TIMER_DIV, DIV_16);
    reg_write(R_SPURIOUS, 0x100 | VEC_SPURIOUS);
    apic_eoi();
    this_cpu()->apic_id = apic_id();
}

uint32_t apic_id(void)
{
    return x2apic ? reg_read(R_ID) : reg_read(R_ID) >> 24;
}

void apic_eoi(void)
{
    reg_write(R_EOI, 0);
}

void apic_timer_mode(bool deadline)
{
    reg_write(R_LVT_TIMER, VEC_TIMER | (deadline ? DEADLINE : 0));
    __asm__ volatile("mfence" ::: "memory");    /* before the first deadline: SDM 3A 10.5.4.1 */
}

void apic_timer_set(uint32_t ticks)
{
    reg_write(R_TIMER_INIT, ticks);
}

uint32_t apic_timer_count(void)
{
    return reg_read(R_TIMER_NOW);
}

/* x2APIC: writes of its MSRs are not ordered after earlier stores (SDM 3A 10.12.3). xAPIC: two
 * writes, and an interrupt between them may want to send, too. */
bool apic_ipi(uint32_t id, uint32_t what)
{
    uint64_t on;

    if (x2apic) {
        __asm__ volatile("mfence; lfence" ::: "memory");
        msr_write(MSR_X2APIC + R_ICR / 16, (uint64_t)id << 32 | what);
        return true;
    }
    if (id > 254)
        return false;
    on = irq_save();
    while (reg_read(R_ICR) & ICR_PENDING)
        cpu_relax();
    reg_write(R_ICR_HIGH, id << 24);
    reg_write(R_ICR, what);
    irq_restore(on);
    return true;
}
