/*
 * ap.c - starting an application processor: INIT, start-up IPIs, a page of real mode below 1 MiB
 * (ap.asm), and then what machine_start does for the boot CPU (SDM 3A 8.4.4.1).
 *
 * Its TSC is compared with the boot CPU's before it joins: clock_ns must not go backwards when a
 * thread moves. It is set right through IA32_TSC_ADJUST (SDM 3B 17.17.3); where there is none, or
 * it does not help, that is said.
 */
#include "kernel/x64/tables.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/string.h"

#define START_STACK 65536u
#define LOW_END 0xa0000ul
#define INIT_NS 10000000ul
#define STARTUP_NS 200000ul
#define PATIENCE_NS 5000000000ul
#define MSR_TSC_ADJUST 0x3bu

extern const uint8_t ap_start[], ap_end[];

/* In the page, from its 8th byte on. */
struct ap_start {
    uint64_t cr3, stack;
    void (*entry)(struct cpu *c);
    struct cpu *cpu;
    uint64_t cr4;
    uint16_t gdt_limit; uint32_t gdt_at, long_at; uint16_t selector;
} __attribute__((packed));
_Static_assert(offsetof(struct ap_start, gdt_at) + 8 == 50, "ap.asm");

static paddr_t page;                            /* where the code lies */

/* ---- time ------------------------------------------------------------------------------------ */

/* The new CPU asks, the boot CPU answers with its TSC. */
static struct { uint32_t asked, answered; uint64_t tsc; } sync;

void cpu_assist(void)
{
    uint32_t n = __atomic_load_n(&sync.asked, __ATOMIC_ACQUIRE);

    if (n != sync.answered) {
        sync.tsc = clock_tsc();
        __atomic_store_n(&sync.answered, n, __ATOMIC_RELEASE);
    }
    cpu_relax();
}

/* How far this CPU's TSC is ahead of the boot CPU's, and how sure that is: of several answers, the
 * one that came soonest; what runs in an emulator may wait long for one. */
static int64_t tsc_ahead(uint64_t *doubt)
{
    uint64_t end = clock_tsc() + clock_tsc_hz() / 1000;
    int64_t ahead = 0;

    *doubt = UINT64_MAX;
    for (unsigned i = 0; i < 16 && (i == 0 || clock_tsc() < end); i++) {
        uint64_t before = clock_tsc(), after;
        uint32_t n = __atomic_add_fetch(&sync.asked, 1, __ATOMIC_ACQ_REL);
        while (__atomic_load_n(&sync.answered, __ATOMIC_ACQUIRE) != n)
            cpu_relax();
        after = clock_tsc();
        if (after - before < *doubt) {
            *doubt = after - before;
            ahead = (int64_t)(before + *doubt / 2 - sync.tsc);
        }
    }
    return ahead;
}

static bool differs(int64_t ahead, uint64_t doubt)
{
    return (uint64_t)(ahead < 0 ? -ahead : ahead) > doubt / 2 + 1;
}

static void tsc_sync(struct cpu *c)
{
    uint64_t doubt;
    int64_t ahead = tsc_ahead(&doubt);

    if (differs(ahead, doubt) && cpuid(7, 0).b & 1u << 1) {
        msr_write(MSR_TSC_ADJUST, msr_read(MSR_TSC_ADJUST) - (uint64_t)ahead);
        ahead = tsc_ahead(&doubt);
    }
    if (differs(ahead, doubt))
        kprintf("cpus: the TSC of CPU %u is %ld ticks ahead of the boot CPU's: time may go back\n",
                c->id, ahead);
}

/* ---- the new CPU ----------------------------------------------------------------------------- */

static void enter(struct cpu *c)
{
    msr_write(MSR_FS_BASE, (uintptr_t)c);       /* this_cpu() works from here */
    paging_cpu_init();
    cpu_init(c, c->id);
    apic_init();
    clock_cpu_init();
    tsc_sync(c);
    if (!cpus_enter(c))
        cpu_halt();
    flush_all_here();                           /* from here on it is asked to */
    kernel_cpu_init();
    cpus_join(c);
    kernel_cpu_main();
}

/* ---- the boot CPU's part --------------------------------------------------------------------- */

/* A page of RAM below 640 KiB, beyond what the firmware keeps there. */
static paddr_t low_page(void)
{
    for (unsigned i = 0; i < boot_info.nranges; i++) {
        const struct boot_range *r = &boot_info.ranges[i];
        paddr_t start = r->start < 0x8000 ? 0x8000 : (r->start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
        paddr_t end = r->end < LOW_END ? r->end : LOW_END;
        if (r->type == 1 && start + PAGE_SIZE <= end
                && (start >= boot_info.archive_end || start + PAGE_SIZE <= boot_info.archive))
            return start;
    }
    return 0;
}

bool cpus_prepare(void)
{
    size_t n = (size_t)(ap_end - ap_start);
    struct ap_start *a;

    page = low_page();
    if (!page || !map_page(page, page, PAGE_X | PAGE_BORROWED)) {
        kprintf("cpus: no page below 640 KiB to start the others from\n");
        return false;
    }
    memcpy(phys_to_virt(page), ap_start, n);
    a = (struct ap_start *)((uint8_t *)phys_to_virt(page) + 8);
    a->cr3 = tables_root();
    a->cr4 = cr4_read() & (1ul << 5 | 1ul << 9 | 1ul << 10);    /* PAE, OSFXSR, OSXMMEXCPT */
    a->entry = enter;
    a->gdt_at += (uint32_t)page;
    a->long_at += (uint32_t)page;
    for (unsigned i = 0; i < acpi.ncpus; i++)
        if (acpi.apic_ids[i] != cpu_field(apic_id))
            apic_ipi(acpi.apic_ids[i], IPI_INIT);
    delay_ns(INIT_NS);
    return true;
}

void cpus_prepared(void)
{
    unmap_range(page, PAGE_SIZE);
}

struct cpu *cpu_make(uint32_t id, unsigned n)
{
    struct cpu *c;

    if (acpi.apic_ids[n] == cpu_field(apic_id))
        return NULL;
    c = kzalloc(sizeof *c);
    if (!c || !(c->tables = cpu_tables_make())) {
        kfree(c);
        kprintf("cpus: no memory for CPU %u\n", id);
        return NULL;
    }
    c->self = c;
    c->id = id;
    c->apic_id = acpi.apic_ids[n];
    return c;
}

static bool comes(uint64_t ns)
{
    uint64_t end = clock_ns() + ns;

    while (!__atomic_load_n(&sync.asked, __ATOMIC_ACQUIRE))
        if (clock_ns() >= end)
            return false;
    return true;
}

bool cpu_launch(struct cpu *c)
{
    struct ap_start *a = (struct ap_start *)((uint8_t *)phys_to_virt(page) + 8);

    a->stack = kstack_alloc(START_STACK);
    a->cpu = c;
    if (!a->stack)
        return false;
    sync.asked = sync.answered = 0;
    if (!apic_ipi(c->apic_id, IPI_STARTUP | (uint32_t)(page >> PAGE_SHIFT))) {
        kprintf("cpus: APIC id %u is out of reach without x2APIC\n", c->apic_id);
        return false;
    }
    if (comes(STARTUP_NS))
        return true;
    apic_ipi(c->apic_id, IPI_STARTUP | (uint32_t)(page >> PAGE_SHIFT));
    if (comes(PATIENCE_NS))
        return true;
    apic_ipi(c->apic_id, IPI_INIT);             /* nor may it come later: the page is the next's */
    return false;
}

void cpu_wake(unsigned id)
{
    apic_ipi(cpu_of(id)->apic_id, VEC_WAKE);
}

void cpu_stop(struct cpu *c)
{
    apic_ipi(c->apic_id, IPI_NMI);
}
