/*
 * clock.c - time from the TSC, and one deadline per CPU from the local APIC.
 *
 * The TSC rate comes from CPUID where it says so (15h, or a hypervisor's 40000010h), else from
 * counting against the ACPI PM timer, the HPET or the PIT, whichever is there first. The deadline
 * uses TSC-deadline mode where the CPU has it, else the one-shot counter, whose rate is measured
 * together with the TSC's. Conversions are 64x64 -> 128 bit multiplications: ns = ticks * mul >>
 * 32.
 */
#include "kernel/x64/machine.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "kernel/panic.h"

#define NS 1000000000ul
#define CALIBRATE_MS 10u
#define PIT_HZ 1193182u
#define PM_HZ 3579545u

/* A counter of known rate that counts up and wraps at mask + 1. */
struct reference { const char *name; uint32_t (*read)(void); uint64_t hz; uint32_t mask; };

static uint64_t tsc_hz, tsc_start, ns_mul;              /* x 2^-32 */
static uint64_t apic_hz, apic_mul;                      /* of its ticks, x 2^-32 of the TSC's */
static bool deadline_mode;
static volatile uint32_t *hpet;

static uint64_t scale(uint64_t v, uint64_t mul)
{
    return (uint64_t)((unsigned __int128)v * mul >> 32);
}

static uint64_t ratio(uint64_t num, uint64_t den)
{
    return (num / den << 32) + ((num % den) << 32) / den;   /* num % den < 2^32 here */
}

/* ---- references ----------------------------------------------------------------------------- */

static uint32_t pm_read(void) { return in32(acpi.pm_timer); }
static uint32_t hpet_read(void) { return hpet[0xf0 / 4]; }

/* PIT channel 2 counts down from 65536; its gate is bit 0 of port 61h. */
static uint32_t pit_read(void)
{
    uint32_t lo;

    out8(0x43, 0x80);                           /* latch */
    lo = in8(0x42);
    return 0xffff - (lo | (uint32_t)in8(0x42) << 8);
}

static void pit_start(void)
{
    out8(0x61, (uint8_t)((in8(0x61) & ~2u) | 1));
    out8(0x43, 0xb4);                           /* channel 2, both bytes, mode 2 */
    out8(0x42, 0);
    out8(0x42, 0);
}

static bool counts(uint32_t (*read)(void), uint32_t mask)
{
    uint32_t first = read();

    for (unsigned i = 0; i < 1000; i++)
        if (((read() - first) & mask) != 0)
            return true;
    return false;
}

static bool hpet_usable(uint64_t *hz)
{
    uint64_t period;

    if (!acpi.hpet || !(hpet = mmio_map(acpi.hpet, 1024, PAGE_W | PAGE_UC)))
        return false;
    period = hpet[1];                           /* femtoseconds a tick */
    if (period == 0 || period > 100000000)
        return false;
    *hz = 1000000000000000ul / period;
    hpet[0x10 / 4] |= 1;                        /* enable */
    return counts(hpet_read, UINT32_MAX);
}

static bool find_reference(struct reference *r)
{
    uint64_t hz;

    if (acpi.pm_timer && counts(pm_read, 0xffffff)) {
        *r = (struct reference){ "ACPI PM timer", pm_read, PM_HZ, 0xffffff };
        return true;
    }
    if (hpet_usable(&hz)) {
        *r = (struct reference){ "HPET", hpet_read, hz, UINT32_MAX };
        return true;
    }
    pit_start();
    if (counts(pit_read, 0xffff)) {
        *r = (struct reference){ "PIT", pit_read, PIT_HZ, 0xffff };
        return true;
    }
    return false;
}

/* ---- calibration ---------------------------------------------------------------------------- */

struct sample { uint64_t tsc; uint32_t ref, apic; };

/* The reading least disturbed in between (an SMI, a hypervisor): the shortest of several. */
static struct sample take(const struct reference *r)
{
    uint64_t best = UINT64_MAX;
    struct sample s = { 0 };

    for (unsigned i = 0; i < 8; i++) {
        uint64_t before = clock_tsc();
        uint32_t ref = r->read(), apic = apic_timer_count();
        uint64_t after = clock_tsc();
        if (after - before < best) {
            best = after - before;
            s = (struct sample){ before + best / 2, ref, apic };
        }
    }
    return s;
}

static void measure(const struct reference *r)
{
    struct sample a, b;
    uint64_t ticks;

    apic_timer_set(UINT32_MAX);
    a = take(r);
    do
        b = take(r);
    while (((b.ref - a.ref) & r->mask) < r->hz * CALIBRATE_MS / 1000);
    apic_timer_set(0);
    ticks = (b.ref - a.ref) & r->mask;
    tsc_hz = (b.tsc - a.tsc) * r->hz / ticks;
    apic_hz = (uint64_t)(a.apic - b.apic) * r->hz / ticks;
}

/* What CPUID says of the TSC rate, 0 if nothing: SDM 3B 18.7.3; hypervisors' 40000010h (kHz). */
static uint64_t cpuid_tsc_hz(void)
{
    struct cpuid c = cpuid(0x15, 0), h = cpuid(0x40000010, 0);

    if (c.a && c.b && c.c)
        return (uint64_t)c.c * c.b / c.a;
    return cpuid(1, 0).c & 1u << 31 ? (uint64_t)h.a * 1000 : 0;
}

void clock_init(void)
{
    struct reference r;
    uint64_t said = cpuid_tsc_hz();

    if (find_reference(&r)) {
        measure(&r);
    } else {
        apic_hz = NS / 16;
        tsc_hz = said ? said : NS;
        r.name = "nothing";
        kprintf("clock: no reference to calibrate against; %s\n",
                said ? "CPUID's rate" : "1 GHz assumed");
    }
    if (said && said / 64 > (said > tsc_hz ? said - tsc_hz : tsc_hz - said))
        tsc_hz = said;                          /* agrees within 1.6 %: it is the exact one */
    ns_mul = ratio(NS, tsc_hz);
    apic_mul = ratio(apic_hz, tsc_hz);
}

void clock_cpu_init(void)
{
    deadline_mode = option_bool(OPT_DEADLINE) && cpuid(1, 0).c & 1u << 24;
    apic_timer_mode(deadline_mode);
}

/* ---- use ------------------------------------------------------------------------------------ */

void clock_mark_start(uint64_t tsc)
{
    tsc_start = tsc;
}

uint64_t clock_ns(void)
{
    return scale(clock_tsc() - tsc_start, ns_mul);
}

uint64_t clock_tsc_hz(void)
{
    return tsc_hz;
}

uint64_t clock_ticks(uint64_t ns)
{
    return tsc_start + unscale(ns, ns_mul);
}

static void set(uint64_t deadline)
{
    uint64_t now, ticks;

    if (deadline_mode) {                        /* 0 disarms; a passed one fires at once */
        msr_write(MSR_TSC_DEADLINE, deadline == UINT64_MAX ? 0 : deadline | 1);
        return;
    }
    if (deadline == UINT64_MAX) {
        apic_timer_set(0);
        return;
    }
    now = clock_tsc();
    ticks = deadline > now ? scale(deadline - now, apic_mul) + 1 : 1;
    apic_timer_set(ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX);
}

/* An interrupt in between could arm it, too: then what is noted is not what is set. */
void timer_arm(uint64_t deadline)
{
    uint64_t on = irq_save();

    cpu_field(timer_deadline) = deadline;
    set(deadline);
    irq_restore(on);
}

void delay_ns(uint64_t ns)
{
    uint64_t end = clock_ns() + ns;

    while (clock_ns() < end)
        cpu_relax();
}

/* ---- entropy -------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h)                 /* the finaliser of MurmurHash3 */
{
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdul;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ul;
    return h ^ h >> 33;
}

uint64_t machine_entropy(void)
{
    static uint64_t pool;
    uint64_t r = 0;

    if (cpuid(1, 0).c & 1u << 30)
        __asm__ volatile("rdrand %0" : "=r"(r) :: "cc");
    for (unsigned i = 0; i < 16; i++) {
        uint64_t t = clock_tsc();
        pool = mix(pool + t + i);
    }
    return pool = mix(pool ^ r);
}
