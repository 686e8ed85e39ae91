/*
 * machine.h - what the files of kernel/x64 tell each other; nobody else includes it.
 */
#ifndef KERNEL_X64_MACHINE_H
#define KERNEL_X64_MACHINE_H

#include "kernel/x64/x64.h"

/* linker.ld */
extern char kernel_text_start[], kernel_text_end[], wasm_text_start[], wasm_text_end[], text_end[];
extern char rodata_start[], rodata_end[], data_start[], data_end[];
extern char symbols_start[], kernel_end[];
#define KERNEL_PHYS 0x100000ul
static inline paddr_t kernel_phys(const void *p) { return (uintptr_t)p - KERNEL_BASE; }

/* ---- instructions ---------------------------------------------------------------------------- */

enum {
    MSR_APIC_BASE = 0x1b, MSR_PAT = 0x277, MSR_TSC_DEADLINE = 0x6e0, MSR_X2APIC = 0x800,
    MSR_EFER = 0xc0000080, MSR_FS_BASE = 0xc0000100, MSR_GS_BASE = 0xc0000101,
};

static inline uint64_t msr_read(uint32_t n)
{
    uint32_t lo, hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(n));
    return (uint64_t)hi << 32 | lo;
}
static inline void msr_write(uint32_t n, uint64_t v)
{
    __asm__ volatile("wrmsr" :: "c"(n), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

struct cpuid { uint32_t a, b, c, d; };
/* All zeros for a leaf that the CPU does not have. */
struct cpuid cpuid(uint32_t leaf, uint32_t sub);

#define CR_ACCESS(n) \
    static inline uint64_t cr##n##_read(void) \
    { uint64_t v; __asm__ volatile("mov %%cr" #n ",%0" : "=r"(v)); return v; } \
    static inline void cr##n##_write(uint64_t v) \
    { __asm__ volatile("mov %0,%%cr" #n :: "r"(v) : "memory"); }
CR_ACCESS(0)
CR_ACCESS(2)
CR_ACCESS(3)
CR_ACCESS(4)

/* ---- boot.c: what the loader said ----------------------------------------------------------- */

void boot_parse(uint32_t magic, paddr_t info);
/* Calls back with each range of RAM of which nothing is reserved (kernel, archive, first MiB, what
 * boot_page handed out): page-aligned, ascending. */
void boot_usable(void (*fn)(paddr_t start, paddr_t end));
/* Page frames before pmm is up; zeroed, below 4 GiB, never freed. */
paddr_t boot_page(size_t pages);

/* ---- paging.c ------------------------------------------------------------------------------- */

/* Replaces the boot tables: direct map of RAM and ACPI data, kernel sections with their rights. */
void paging_init(void);
void paging_cpu_init(void);         /* what another CPU needs beyond CR3 */
/* A pointer to physical memory for reading firmware tables: the direct map where it reaches, else a
 * new mapping that stays. */
const void *firmware_map(paddr_t pa, size_t size);

/* ---- acpi.c --------------------------------------------------------------------------------- */

#define IOAPIC_MAX 8u
#define ECAM_MAX 8u
struct ioapic_info { paddr_t pa; uint32_t gsi_base; };
struct irq_override { uint32_t gsi; bool level, low; };

struct acpi_info {
    unsigned ncpus;
    uint32_t apic_ids[CPU_MAX];
    unsigned nioapics;
    struct ioapic_info ioapics[IOAPIC_MAX];
    struct irq_override isa[16];    /* identity, edge, high where the firmware says nothing */
    paddr_t lapic;
    uint16_t pm_timer;              /* port, 0 = none */
    bool pm_timer_32;
    paddr_t hpet;
    unsigned necam;
    struct { paddr_t first, last; } ecam[ECAM_MAX];     /* PCI configuration in memory */
    bool power;                     /* the following hold */
    uint16_t pm1a, pm1b, slp_a, slp_b;
    uint16_t smi_port; uint8_t acpi_enable;
    paddr_t sleep_control;          /* hardware-reduced: memory or port address */
    bool sleep_is_port;
    uint8_t reset_space, reset_value; uint64_t reset_addr;
};
extern struct acpi_info acpi;
void acpi_init(void);

/* ---- apic.c --------------------------------------------------------------------------------- */

void apic_map(void);                /* once, before apic_init */
void apic_init(void);               /* on each CPU */
uint32_t apic_id(void);
void apic_eoi(void);
void apic_timer_set(uint32_t ticks);        /* one-shot, divided by 16; 0 stops */
uint32_t apic_timer_count(void);
void apic_timer_mode(bool deadline);
/* A vector or one of these (SDM 3A 10.6.1) to the CPU with that APIC id; false: out of reach. */
enum { IPI_NMI = 0x4400, IPI_INIT = 0x4500, IPI_STARTUP = 0x4600 };     /* + page */
bool apic_ipi(uint32_t id, uint32_t what);

/* ---- ioapic.c ------------------------------------------------------------------------------- */

void ioapic_init(void);             /* masks every line, and the legacy PICs */
/* Called by trap_dispatch: masks a level-triggered line. */
void ioapic_taken(unsigned irq);

/* ---- clock.c -------------------------------------------------------------------------------- */

void clock_mark_start(uint64_t tsc);    /* clock_ns is 0 there */
void clock_init(void);              /* boot CPU: calibrates */
void clock_cpu_init(void);          /* each CPU: timer mode */
/* The least x with x * mul >> 32 >= v; v below 2^60, mul from 2^28 on. */
static inline uint64_t unscale(uint64_t v, uint64_t mul)
{
    uint64_t hi = v >> 32, lo = v << 32, q;

    __asm__("divq %3" : "=a"(q), "+d"(hi) : "0"(lo), "r"(mul) : "cc");
    return q + (hi != 0);
}

/* ---- cpu.c ---------------------------------------------------------------------------------- */

extern struct cpu boot_cpu;
struct cpu_tables *cpu_tables_make(void);   /* for cpu_init of another CPU; NULL: no memory */
/* features.c */
void cpu_features_detect(void);
bool cpu_avx_usable(void);
/* Has it vector registers of 512 bits? Are they switched on: then copies use them. */
#define XCR0_WIDE 0xe6u             /* SSE, AVX, the three parts of AVX-512: SDM 1 13.1 */
bool cpu_wide_usable(void);
void cpu_wide_detect(void);

/* ---- cpus.c, and for it ap.c or kernel/host/cpu.c ------------------------------------------- */

/* The CPU that calls is there: its TLB is flushed with the others', it can be stopped. The boot CPU
 * at the start, another one before kernel_cpu_init. False: it was given up. */
bool cpus_enter(struct cpu *c);
unsigned cpus_entered(void);
void cpus_join(struct cpu *c);      /* the last before kernel_cpu_main: cpus_up counts it */
void cpu_stopped(void);             /* by a CPU that cpu_stop has reached */
bool cpus_stopping(void);           /* cpus_stop was called */

bool cpus_prepare(void);            /* before the first cpu_make; false: others cannot be started */
void cpus_prepared(void);           /* after the last one */
/* What the `n`th processor of the firmware needs as CPU `id`; NULL: it is the boot CPU, or there is
 * no memory, which is reported. Never freed. */
struct cpu *cpu_make(uint32_t id, unsigned n);
bool cpu_launch(struct cpu *c);     /* false: it cannot be reached */
void cpu_assist(void);              /* by the boot CPU while it waits */
void cpu_stop(struct cpu *c);       /* for good, wherever it is; it calls cpu_stopped */

/* ---- flush.c -------------------------------------------------------------------------------- */

void flush_all_here(void);          /* this CPU's whole TLB */

/* ---- exception.c ---------------------------------------------------------------------------- */

void trap_exception(struct trap_frame *f);      /* any vector below 32 */

/* ---- selftest.c ----------------------------------------------------------------------------- */

void fault_provoke(const char *name);

#endif
