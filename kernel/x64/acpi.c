/*
 * acpi.c - what the firmware's tables say: CPUs, interrupt controllers, timers, power-off, reset.
 *
 * Read once at boot into `acpi`. Tables are bounds-checked and their checksums verified; a broken
 * one is reported and ignored. References: ACPI 6.4 chapter 5; S5 is found by its byte pattern, not
 * by interpreting AML. Without tables: one CPU, an I/O APIC and a local APIC at their usual places.
 */
#include "kernel/x64/machine.h"
#include "kernel/log.h"
#include "kernel/string.h"

struct sdt {
    char sig[4]; uint32_t length; uint8_t rev, sum; char rest[26];
} __attribute__((packed));
_Static_assert(sizeof(struct sdt) == 36, "ACPI 5.2.6");

struct acpi_info acpi;

static uint64_t get(const void *base, size_t off, unsigned bytes)
{
    uint64_t v = 0;

    memcpy(&v, (const char *)base + off, bytes);
    return v;
}

static bool sums_to_zero(const void *p, size_t n)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)p)[i]);
    return sum == 0;
}

/* A table by address, whole and valid, or NULL. */
static const struct sdt *table_map(paddr_t pa)
{
    const struct sdt *t = pa ? firmware_map(pa, sizeof *t) : NULL;

    if (!t || t->length < sizeof *t || t->length > 16u << 20)
        return NULL;
    t = firmware_map(pa, t->length);
    if (t && !sums_to_zero(t, t->length)) {
        kprintf("acpi: %.4s: bad checksum, ignored\n", t->sig);
        return NULL;
    }
    return t;
}

/* ---- MADT (5.2.12) -------------------------------------------------------------------------- */

static void add_cpu(uint32_t id, uint32_t flags)
{
    for (unsigned i = 0; i < acpi.ncpus; i++)
        if (acpi.apic_ids[i] == id)             /* one listed twice, as APIC and as x2APIC */
            return;
    if ((flags & 1) && acpi.ncpus < CPU_MAX)
        acpi.apic_ids[acpi.ncpus++] = id;
}

static void add_override(const uint8_t *e)
{
    uint8_t irq = e[3];
    uint16_t flags = (uint16_t)get(e, 8, 2);

    if (irq >= 16)
        return;
    acpi.isa[irq] = (struct irq_override){
        .gsi = (uint32_t)get(e, 4, 4), .level = (flags >> 2 & 3) == 3, .low = (flags & 3) == 3,
    };
}

static void madt_entry(const uint8_t *e)
{
    switch (e[0]) {
    case 0:
        add_cpu(e[3], (uint32_t)get(e, 4, 4));
        break;
    case 1:
        if (acpi.nioapics < IOAPIC_MAX)
            acpi.ioapics[acpi.nioapics++] =
                (struct ioapic_info){ get(e, 4, 4), (uint32_t)get(e, 8, 4) };
        break;
    case 2:
        add_override(e);
        break;
    case 5:
        acpi.lapic = get(e, 4, 8);
        break;
    case 9:
        add_cpu((uint32_t)get(e, 4, 4), (uint32_t)get(e, 8, 4));
        break;
    }
}

/* Entries shorter than what madt_entry reads are skipped. */
static void madt(const struct sdt *t)
{
    static const uint8_t need[] = { 8, 12, 10, 8, 6, 12, 16, 16, 16, 16 };
    const uint8_t *p = (const uint8_t *)t + 44, *end = (const uint8_t *)t + t->length;

    acpi.lapic = get(t, 36, 4);
    for (; p + 2 <= end && p[1] >= 2 && p + p[1] <= end; p += p[1])
        if (p[0] < sizeof need && p[1] >= need[p[0]])
            madt_entry(p);
}

/* ---- FADT (5.2.9) and S5 -------------------------------------------------------------------- */

/* One AML integer of a package element. */
static uint16_t aml_byte(const uint8_t **p)
{
    const uint8_t *q = *p;

    if (*q == 0x0a) {                           /* BytePrefix */
        *p += 2;
        return q[1];
    }
    if (*q == 0x0b) {                           /* WordPrefix */
        *p += 3;
        return (uint16_t)(q[1] | q[2] << 8);
    }
    *p += 1;
    return *q == 1;                             /* ZeroOp, OneOp */
}

/* Name (_S5_, Package { SLP_TYPa, SLP_TYPb, ... }) (7.4.2) */
static bool find_s5(const struct sdt *t)
{
    const uint8_t *p = (const uint8_t *)t + sizeof *t, *end = (const uint8_t *)t + t->length;

    for (; p + 8 <= end; p++) {
        uint8_t package[16] = { 0 };            /* what is read below, even at the table's end */
        const uint8_t *q = package;
        if (memcmp(p, "_S5_", 4) != 0 || p[4] != 0x12)
            continue;
        memcpy(package, p + 4, end - p - 4 < 16 ? (size_t)(end - p - 4) : 16);
        q += 2 + (q[1] >> 6);                   /* PkgLength */
        q++;                                    /* NumElements */
        acpi.slp_a = aml_byte(&q);
        acpi.slp_b = aml_byte(&q);
        return true;
    }
    return false;
}

static void fadt(const struct sdt *t)
{
    uint32_t flags = t->length >= 116 ? (uint32_t)get(t, 112, 4) : 0;
    paddr_t dsdt = get(t, 40, 4);
    const struct sdt *d;

    if (t->length < 116)
        return;
    if (t->length >= 148 && get(t, 140, 8))
        dsdt = get(t, 140, 8);
    acpi.smi_port = (uint16_t)get(t, 48, 4);
    acpi.acpi_enable = (uint8_t)get(t, 52, 1);
    acpi.pm1a = (uint16_t)get(t, 64, 4);
    acpi.pm1b = (uint16_t)get(t, 68, 4);
    if (get(t, 91, 1) == 4)
        acpi.pm_timer = (uint16_t)get(t, 76, 4);
    acpi.pm_timer_32 = flags & 1u << 8;
    if (t->length >= 129 && flags & 1u << 10) { /* RESET_REG_SUP */
        acpi.reset_space = (uint8_t)get(t, 116, 1);
        acpi.reset_addr = get(t, 120, 8);
        acpi.reset_value = (uint8_t)get(t, 128, 1);
    }
    if (t->length >= 256 && flags & 1u << 20) { /* HW_REDUCED_ACPI: 4.8.3.7 */
        acpi.sleep_is_port = get(t, 244, 1) == 1;
        acpi.sleep_control = get(t, 248, 8);
        acpi.pm_timer = 0;
    }
    d = table_map(dsdt);
    acpi.power = d && find_s5(d) && (acpi.pm1a || acpi.sleep_control);
}

/* ---- root ----------------------------------------------------------------------------------- */

static bool rsdp_valid(const uint8_t *p)
{
    return memcmp(p, "RSD PTR ", 8) == 0 && sums_to_zero(p, 20);
}

/* 5.2.5.1: on 16-byte boundaries of the first KiB of the EBDA and of 0xe0000-0xfffff. */
static void rsdp_scan(void)
{
    const uint8_t *low = phys_to_virt(0);
    paddr_t ebda = (paddr_t)get(low, 0x40e, 2) << 4;
    struct { paddr_t start, end; } where[] = { { ebda, ebda + 1024 }, { 0xe0000, 0x100000 } };

    for (unsigned i = 0; i < 2; i++)
        for (paddr_t p = where[i].start; p >= 0x400 && p + 36 <= where[i].end; p += 16)
            if (rsdp_valid(low + p)) {
                memcpy(boot_info.rsdp, low + p, 36);
                return;
            }
}

/* PCI configuration space (PCI Firmware Specification 3.3, 4.1.2): 1 MiB a bus. */
static void mcfg(const struct sdt *t)
{
    for (size_t off = 44; off + 16 <= t->length && acpi.necam < ECAM_MAX; off += 16) {
        paddr_t base = get(t, off, 8);
        uint64_t first = get(t, off + 10, 1), last = get(t, off + 11, 1);
        acpi.ecam[acpi.necam].first = base + (first << 20);
        acpi.ecam[acpi.necam++].last = base + ((last + 1) << 20) - 1;
    }
}

static void root_entry(paddr_t pa)
{
    const struct sdt *t = table_map(pa);

    if (!t)
        return;
    if (memcmp(t->sig, "APIC", 4) == 0 && t->length >= 44)
        madt(t);
    else if (memcmp(t->sig, "FACP", 4) == 0)
        fadt(t);
    else if (memcmp(t->sig, "HPET", 4) == 0 && t->length >= 56)
        acpi.hpet = get(t, 44, 8);
    else if (memcmp(t->sig, "MCFG", 4) == 0)
        mcfg(t);
}

static void defaults(void)
{
    acpi.lapic = 0xfee00000;
    for (unsigned i = 0; i < 16; i++)
        acpi.isa[i] = (struct irq_override){ .gsi = i };
}

void acpi_init(void)
{
    const struct sdt *root;
    size_t step;
    bool wide;

    defaults();
    if (!rsdp_valid(boot_info.rsdp))
        rsdp_scan();
    wide = boot_info.rsdp[15] >= 2 && get(boot_info.rsdp, 24, 8);
    root = rsdp_valid(boot_info.rsdp) ?
        table_map(wide ? get(boot_info.rsdp, 24, 8) : get(boot_info.rsdp, 16, 4)) : NULL;
    step = wide ? 8 : 4;
    if (!root)
        kprintf("acpi: no tables; defaults\n");
    for (size_t off = sizeof *root; root && off + step <= root->length; off += step)
        root_entry(get(root, off, (unsigned)step));
    if (!acpi.nioapics)
        acpi.ioapics[acpi.nioapics++] = (struct ioapic_info){ 0xfec00000, 0 };
    if (!acpi.ncpus)
        acpi.ncpus = 1;
}

unsigned machine_cpu_count(void)
{
    return acpi.ncpus;
}
