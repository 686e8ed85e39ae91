/*
 * cpu.c - what a CPU is and how it is set up: GDT, TSS with its IST stacks, IDT, FS, control
 * registers, vector state.
 */
#include "kernel/x64/machine.h"
#include "kernel/memory.h"
#include "kernel/panic.h"

#define IST_STACK 16384u            /* trap.asm knows it */
#define FAULT_STACKS 3u

enum { IST_FAULT = 1, IST_IRQ, IST_DF, IST_NMI, IST_MC, IST_COUNT };

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

struct gate { uint16_t off0, sel; uint8_t ist, type; uint16_t off1; uint32_t off2, reserved; };

/* The last 16 bytes of a fault stack name the next one in the ring; the CPU pushes below them. */
struct ist_stack {
    uint8_t space[IST_STACK - 16];
    uint64_t reserved, next;
} __attribute__((aligned(16384)));

struct cpu_tables {
    struct ist_stack fault[FAULT_STACKS], irq, df, nmi, mc;
    uint64_t gdt[5];
    struct tss tss __attribute__((aligned(16)));
};

_Static_assert(offsetof(struct cpu, self) == 0, "trap.asm, this_cpu()");
_Static_assert(offsetof(struct cpu, fault_ist) == 8, "trap.asm");
_Static_assert(sizeof(struct ist_stack) == IST_STACK, "trap.asm rounds to it");

struct cpu boot_cpu;
static struct cpu_tables boot_tables;
static struct gate idt[256] __attribute__((aligned(16)));
extern const uintptr_t trap_entries[256];           /* trap.asm */

/* ---- tables ---------------------------------------------------------------------------------- */

static unsigned ist_of(unsigned vector)
{
    switch (vector) {
    case VEC_DF: return IST_DF;
    case VEC_NMI: return IST_NMI;
    case VEC_MC: return IST_MC;
    default: return vector < 32 ? IST_FAULT : IST_IRQ;
    }
}

static void idt_fill(void)
{
    for (unsigned v = 0; v < 256; v++) {
        uintptr_t at = trap_entries[v];
        idt[v] = (struct gate){                     /* interrupt gates: SDM 3A 6.14.1 */
            .off0 = (uint16_t)at, .sel = 0x08, .ist = (uint8_t)ist_of(v), .type = 0x8e,
            .off1 = (uint16_t)(at >> 16), .off2 = (uint32_t)(at >> 32),
        };
    }
}

static void load_tables(struct cpu_tables *t)
{
    struct { uint16_t limit; uint64_t base; } __attribute__((packed)) r;
    uint64_t tss = (uintptr_t)&t->tss;

    t->gdt[1] = 0x00af9b000000ffff;                 /* 64-bit code, ring 0 */
    t->gdt[2] = 0x00cf93000000ffff;                 /* data */
    t->gdt[3] = (sizeof t->tss - 1) | (tss & 0xffffff) << 16 | 0x89ul << 40 |
                (tss >> 24 & 0xff) << 56;       /* available 64-bit TSS */
    t->gdt[4] = tss >> 32;
    r.limit = sizeof t->gdt - 1;
    r.base = (uintptr_t)t->gdt;
    __asm__ volatile("lgdt %0" :: "m"(r));
    __asm__ volatile("pushq $8; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:\n\t"
                     "movw %w0, %%ds; movw %w0, %%es; movw %w0, %%ss"
                     :: "r"(0x10) : "rax", "memory");
    __asm__ volatile("ltr %w0" :: "r"(0x18));
    r.limit = sizeof idt - 1;
    r.base = (uintptr_t)idt;
    __asm__ volatile("lidt %0" :: "m"(r));
}

static uint64_t stack_end(struct ist_stack *s)
{
    return (uintptr_t)&s->reserved;
}

static void tables_init(struct cpu *c, struct cpu_tables *t)
{
    for (unsigned i = 0; i < FAULT_STACKS; i++)
        t->fault[i].next = stack_end(&t->fault[(i + 1) % FAULT_STACKS]);
    t->tss.ist[IST_FAULT - 1] = stack_end(&t->fault[0]);
    t->tss.ist[IST_IRQ - 1] = stack_end(&t->irq);
    t->tss.ist[IST_DF - 1] = stack_end(&t->df);
    t->tss.ist[IST_NMI - 1] = stack_end(&t->nmi);
    t->tss.ist[IST_MC - 1] = stack_end(&t->mc);
    t->tss.io_map = sizeof t->tss;
    c->fault_ist = (uint64_t *)((uintptr_t)t + offsetof(struct cpu_tables, tss.ist));
    c->tables = t;
}

/* Control registers and vector state, constants of the system. CR4.CET stays off. */
static void control_init(void)
{
    struct cpuid seven = cpuid(7, 0);
    uint64_t cr4 = cr4_read();
    uint32_t mxcsr = 0x1f80;

    cr4 |= 1ul << 9 | 1ul << 10;                    /* OSFXSR, OSXMMEXCPT */
    if (cpuid(1, 0).d & 1u << 13)
        cr4 |= 1ul << 7;                            /* PGE */
    if (seven.b & 1u << 0)
        cr4 |= 1ul << 16;                           /* FSGSBASE */
    if (cpu_avx_usable())
        cr4 |= 1ul << 18;                           /* OSXSAVE */
    cr4_write(cr4);
    if (cpu_avx_usable())
        __asm__ volatile("xsetbv" :: "c"(0), "a"(cpu_wide_usable() ? 7 | XCR0_WIDE : 7), "d"(0));
    __asm__ volatile("fninit; ldmxcsr %0" :: "m"(mxcsr));   /* FNINIT: control word 0x37f */
}

struct cpu_tables *cpu_tables_make(void)
{
    return kzalloc(sizeof(struct cpu_tables));
}

void cpu_init(struct cpu *c, uint32_t id)
{
    struct cpu_tables *t = id == 0 ? &boot_tables : c->tables;

    assert((uintptr_t)t % IST_STACK == 0, "IST stacks are aligned to their size");
    c->self = c;
    c->id = id;
    c->timer_deadline = UINT64_MAX;
    tables_init(c, t);
    if (id == 0)
        idt_fill();
    load_tables(t);
    msr_write(MSR_FS_BASE, (uintptr_t)c);           /* loading selectors may have cleared it */
    msr_write(MSR_GS_BASE, 0);
    control_init();
}
