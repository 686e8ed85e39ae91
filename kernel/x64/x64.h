/*
 * x64.h - the machine, as the rest of the kernel sees it.
 *
 * Everything runs in ring 0 in one address space. Kernel text is not preemptible: an interrupt that
 * lands there is recorded and looked at on the way out (the core's policy, see kernel_irq). What is
 * preemptible is code of the image arena and the compiler's text (.text.wasm): there an interrupt
 * saves the vector registers too, and the whole frame can be put aside and resumed later.
 *
 * Interrupts are off whenever machine code calls the core (kernel_main, kernel_fault, kernel_irq,
 * kernel_timer), on stacks of this CPU's own (IST), never on a SIP's stack.
 */
#ifndef KERNEL_X64_X64_H
#define KERNEL_X64_X64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t;

#define PAGE_SIZE       4096ul
#define PAGE_SHIFT      12

/* ---- this CPU ------------------------------------------------------------------------------- */

struct cpu_tables;          /* GDT, TSS and the IST stacks of a CPU */
struct thread;

#define CPU_MAX 256u
#define CPU_LOCKS 12u        /* that a CPU may hold at once */
#define CORE_ROOM 320u       /* for struct core */

struct core;
struct lock;

/* Reached through FS, which never changes on a CPU. The first four fields are known to assembly
 * (offsets pinned in cpu.c); the core appends what it needs per CPU behind its marker. */
struct cpu {
    struct cpu *self;               /* 0 */
    uint64_t *fault_ist;            /* 8: the TSS slot that the fault entry rotates */
    uint32_t id, apic_id;           /* 16 */
    struct cpu_tables *tables;      /* 24 */
    uint64_t timer_deadline;        /* TSC for which the timer is armed, UINT64_MAX if not */
    uint64_t interrupts;            /* hosted: what the interrupt flag is on the machine */
    uint64_t resume;                /* 48: frame.inc's */
    uint32_t state;                 /* cpus.c's */
    uint32_t flush;                 /* it is asked to flush; flush.c's, atomic */
    struct page_stack *pages;       /* pmm.c's */
    struct heap_stock *heap;        /* heap.c's */
    /* ---- the core's ---- */
    struct thread *current;         /* 80: frame.inc */
    uint64_t need_resched;          /* set by an interrupt that landed in kernel text */
    int32_t handoffs;               /* that neither this nor CPU time is looked at for */
    struct core *core;              /* in `room` */
    uint64_t room[CORE_ROOM / 8] __attribute__((aligned(64)));      /* whatever else */
    const struct lock *locks[CPU_LOCKS];    /* held, in the order of taking; builds that check */
    unsigned nlocks;
};

#define this_cpu() (((struct cpu __seg_fs *)0)->self)
/* Access to one field without the detour over self: cpu_field(current) */
#define cpu_field(name) (((struct cpu __seg_fs *)0)->name)

/* ---- address space and interrupt flag: place.h of this folder or of kernel/host/ ------------- */

/* LOWER_HALF_END   SIP slots are below
 * DIRECT_BASE      all RAM, read-write, no-execute
 * ARENA_BASE, _SIZE    images, read-execute
 * KSPACE_BASE, _SIZE   kernel stacks, temporary writable aliases
 * MMIO_BASE, _SIZE     device registers
 * KERNEL_BASE      text, rodata, data of the kernel
 * irq_on, irq_off, irq_save, irq_restore; cpu_idle sleeps until an interrupt, which is taken before
 * it returns (interrupts on, then off again); cpu_relax, cpu_halt. */
#include <place.h>

/* Calls lock_spin (lock.h), which keeps all registers: who takes a lock saves none for it. */
static inline void call_lock_spin(void *l)
{
    __asm__ volatile("call lock_spin" : : "D"(l) : "memory", "cc");
}

/* One load of a pointer, as glance.h means it. */
static inline void *load_entry(const void *at)
{
    void *v;

    __asm__("mov %1,%0" : "=r"(v) : "m"(*(void *const *)at));
    return v;
}

static inline void *phys_to_virt(paddr_t pa) { return (void *)(DIRECT_BASE + pa); }
/* Of a direct map pointer only. */
static inline paddr_t virt_to_phys(const void *p) { return (uintptr_t)p - DIRECT_BASE; }

/* ---- page mappings (paging.c) ----------------------------------------------------------------
 * Page tables are made on demand and counted; a table whose last entry goes is freed at once. What
 * is unmapped is so on all CPUs when they return; they wait for those. Not to be called from
 * interrupt or timer hooks that landed in kernel text. */

enum {
    PAGE_W = 1,             /* writable; W and X together are refused by assertion */
    PAGE_X = 2,             /* executable */
    PAGE_UC = 4,            /* uncached */
    PAGE_WC = 8,            /* write-combining */
    PAGE_BORROWED = 16,     /* the frame is not the mapping's: tear-down leaves it alone */
};

/* Maps one 4 KiB page that is not mapped. False: no memory for a table. */
bool map_page(uintptr_t va, paddr_t pa, unsigned flags);
/* Unmaps [va, va + size), sparse or not, on all CPUs, frees frames that are not borrowed
 * (page_free); the number of frames freed. */
size_t unmap_range(uintptr_t va, size_t size);
/* Unmaps so many pages and hands their frames out: pa[pages], 0 where there was none. */
void unmap_take(uintptr_t va, size_t pages, paddr_t *pa);
/* What the owner of a range (who alone maps and unmaps there, one CPU at a time) remembers of one
 * 2 MiB part of it, aligned: the second page that is mapped in it needs no lock that others take.
 * Zeros at first, and again when anything there was unmapped. */
struct page_spot { uintptr_t region; void *table; };
bool map_page_near(struct page_spot *spot, uintptr_t va, paddr_t pa, unsigned flags);
bool page_mapped_near(struct page_spot *spot, uintptr_t va);
/* A run of 2^order frames, at most 2 MiB, that goes from one 2 MiB place to another at once
 * (extent.c). The frames stay the caller's. */
#define EXTENT_SPAN (2ul << 20)
struct extent {
    uint64_t entry;             /* what stands in a page directory */
    uintptr_t at;               /* where it stands; 0: nowhere */
    uint64_t *place;            /* the entry of a page directory there */
    paddr_t pa, table;
    unsigned order;
};
bool extent_make(struct extent *x, paddr_t pa, unsigned order);     /* false: no memory */
void extent_free(struct extent *x);         /* it stands nowhere */
/* to: in a room, free; 0: nowhere. others(arg): may CPUs other than this have used where it stands?
 * It is asked once nobody can begin to. On Linux it may be found nowhere instead, at Linux' limit
 * of mappings. */
void extent_move(struct extent *x, uintptr_t to, bool (*others)(const void *), const void *arg);
/* Prepares a range, 2 MiB aligned, for extents alone; and ends that, when they are gone. False: no
 * memory. */
bool extent_room(uintptr_t va, size_t size);
void extent_room_end(uintptr_t va, size_t size);
/* Looks a mapping up; false if there is none. pa and flags may be NULL. */
bool page_query(uintptr_t va, paddr_t *pa, unsigned *flags);
/* Device registers at pa, in MMIO space, flags PAGE_UC or PAGE_WC; NULL if space runs out. */
void *mmio_map(paddr_t pa, size_t size, unsigned flags);
void mmio_unmap(void *p, size_t size);
/* Pages spent on page tables since boot and not given back. */
size_t paging_table_pages(void);

/* ---- traps and interrupts ------------------------------------------------------------------- */

/* What an interrupt or fault saves. Offsets are known to frame.inc. That of a fault has its xmm if
 * `vectors` is set: it was in preemptible text. That of an interrupt of preemptible text is the
 * interrupted thread's own; its xmm are still in the CPU (vectors_save), and error, cs and ss are
 * not there. */
struct trap_frame {
    uint8_t xmm[16][16];
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint32_t vector, vectors;
    uint64_t error;
    uint64_t rip, cs, rflags, rsp, ss;
} __attribute__((aligned(16)));

enum {
    VEC_DE = 0, VEC_DB = 1, VEC_NMI = 2, VEC_BP = 3, VEC_UD = 6, VEC_NM = 7, VEC_DF = 8,
    VEC_SS = 12, VEC_GP = 13, VEC_PF = 14, VEC_MF = 16, VEC_AC = 17, VEC_MC = 18, VEC_XM = 19,
    VEC_IRQ = 0x30,         /* + irq line, up to VEC_IRQ + IRQ_MAX - 1 */
    VEC_TIMER = 0xe0, VEC_WAKE = 0xe1, VEC_FLUSH = 0xe2, VEC_SPURIOUS = 0xff,
};
#define IRQ_MAX 128u

const char *trap_name(unsigned vector);
/* Was this the kernel proper (not preemptible)? The alternative is an image or the compiler. */
bool frame_in_kernel_text(const struct trap_frame *f);
/* Faulting address of a #PF; valid within kernel_fault only. */
uintptr_t fault_address(void);

/* The core's. Weak defaults: kernel_fault panics, the others do nothing.
 * kernel_fault gets every exception that neither slot_fault() (demand-zero) nor the fixup table of
 * copy_checked resolves. It returns to resume *f, or leaves through frame_resume, thread_switch or
 * thread_start: three fault stacks rotate, so leaving, and up to two nested faults, are harmless.
 * kernel_irq: `irq` as given to irq_open; the line is acknowledged; a level-triggered one is masked
 * until irq_ack. kernel_timer: the deadline of timer_arm passed; the timer is disarmed. If
 * preemptible code was interrupted, they return with the vector registers as they were, or leave
 * through frame_resume; preempt_timer (preempt.c) is then what kernel_timer comes down to. */
void kernel_fault(struct trap_frame *f);
void kernel_irq(struct trap_frame *f, unsigned irq);
void kernel_timer(struct trap_frame *f);
void kernel_wake(struct trap_frame *f);         /* VEC_WAKE from another CPU */
_Noreturn void kernel_main(void);

/* Mine: every vector comes here from trap.asm; dispatches to the above. */
void trap_dispatch(struct trap_frame *f);

/* Device interrupts: 0-15 are the ISA lines as the firmware's overrides route them, from 16 on
 * global system interrupts of the IO-APICs (level, active low). Opened lines go to the boot CPU. */
bool irq_open(unsigned irq);        /* routes and unmasks; false if there is no such line */
void irq_close(unsigned irq);       /* masks */
void irq_ack(unsigned irq);         /* the driver is done: unmasks a level-triggered line */

/* ---- CPUs ----------------------------------------------------------------------------------- */

/* Sets up GDT, TSS, IDT, FS and control registers of the CPU it runs on. */
void cpu_init(struct cpu *c, uint32_t id);
/* WASM_CPU_* bits of wasm/wasm.h, what compiled code may use here. */
uint32_t cpu_features(void);
const char *cpu_brand(void);        /* CPUID's brand string */
unsigned machine_cpu_count(void);   /* enabled processors that the firmware lists */
/* Starts the others, at most `cpus=` in all, one after the other; each gets an id in order, 1, 2
 * ..., a struct cpu, a stack, its clock and timer, and calls kernel_cpu_main with interrupts off.
 * One that does not come up within seconds is reported and left out. Called once, by the boot
 * CPU. */
void cpus_start(void);
unsigned cpus_up(void);             /* how many run, the boot CPU included */
struct cpu *cpu_of(unsigned id);    /* below cpus_up() */
/* VEC_WAKE there: kernel_wake. Harmless if it is this CPU or already on its way. */
void cpu_wake(unsigned id);
/* The core's, on a further CPU, interrupts off: before it is counted, and then for good. */
void kernel_cpu_init(void);
_Noreturn void kernel_cpu_main(void);
/* At the end: stops all other CPUs, whatever they do, and their locks count no more. */
void cpus_stop(void);

/* ---- switching ------------------------------------------------------------------------------ */

/* A thread that gave up the CPU itself: rbx, rbp, r12-r15 and where to go on are on its stack. See
 * switch.asm. */
struct context { uint64_t rsp; };

/* Saves the caller in `from` and resumes `to` (by jmp, never ret), and clears from's on_cpu once
 * its stack is left. Returns from's result, when somebody switches back. No vector state is kept:
 * none is live across a call. Interrupt flag untouched. Of `to` its context and result are looked
 * at. */
int32_t thread_switch(struct thread *from, struct thread *to);
/* Resumes `to`, with interrupts on, and forgets the caller. */
_Noreturn void context_resume(struct thread *to);
/* The context of a thread that an interrupt put aside: resumes in sched_aside(), on this CPU's own
 * stack. */
extern const uint64_t context_aside[];
_Noreturn void sched_aside(void);
/* Builds, on the stack that ends at stack_top (16-byte aligned, mapped or demand-zero), a context
 * that calls entry(arg) when first resumed; entry must not return. */
void context_init(struct context *c, uintptr_t stack_top, void (*entry)(void *), void *arg);
/* Leaves the current stack for a new one and calls entry(arg). */
_Noreturn void thread_start(void (*entry)(void *), void *arg, uintptr_t stack_top);
/* Resumes preemptible code from the frame of its thread, xmm included. */
_Noreturn void frame_resume(const struct trap_frame *f);
/* The CPU's vector registers into f->xmm. */
void vectors_save(struct trap_frame *f);

/* ---- touching SIP memory -------------------------------------------------------------------- */

/* memcpy / memset that return false if an access faulted in the middle and could not be paged in
 * (part may have been written). The caller has checked the ranges against the slot. */
bool copy_checked(void *to, const void *from, size_t n);
extern bool copy_wide;              /* by 64 bytes at a time; cpu_wide_detect */
bool fill_checked(void *to, uint8_t byte, size_t n);

/* ---- time ----------------------------------------------------------------------------------- */

uint64_t clock_ns(void);            /* since kernel entry, monotonic */
uint64_t clock_tsc_hz(void);
/* The first TSC at which clock_ns() is ns or more; ns up to 2^60. */
uint64_t clock_ticks(uint64_t ns);
static inline uint64_t clock_tsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}
/* kernel_timer on this CPU once clock_tsc() >= deadline; a passed one fires at once;
 * UINT64_MAX disarms. One deadline a CPU: the last call wins. */
void timer_arm(uint64_t deadline);
void delay_ns(uint64_t ns);         /* busy wait */

/* ---- ports ---------------------------------------------------------------------------------- */

#define PORT_ACCESS(bits, suffix) \
    static inline uint##bits##_t in##bits(uint16_t port) \
    { \
        uint##bits##_t v; \
        __asm__ volatile("in" #suffix " %1,%0" : "=a"(v) : "Nd"(port)); \
        return v; \
    } \
    static inline void out##bits(uint16_t port, uint##bits##_t v) \
    { \
        __asm__ volatile("out" #suffix " %0,%1" :: "a"(v), "Nd"(port)); \
    }
PORT_ACCESS(8, b)
PORT_ACCESS(16, w)
PORT_ACCESS(32, l)
#undef PORT_ACCESS

/* ---- boot information and power ------------------------------------------------------------- */

enum { FB_NONE, FB_RGB, FB_TEXT };  /* FB_TEXT: 80x25 cells of 16 bits at pa */
struct framebuffer {
    uint32_t kind;
    uint32_t width, height;         /* pixels, or character cells */
    uint32_t pitch, bpp;            /* bytes a line; bits a pixel */
    paddr_t pa;
    uint8_t red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
};

#define BOOT_RANGES 256u
struct boot_range { paddr_t start, end; uint32_t type; };    /* E820 type, 1 = RAM */

struct boot_info {
    char cmdline[1024];
    char loader[64];                /* "GRUB 2.06-..", "PVH" */
    paddr_t archive, archive_end;   /* the boot archive (reserved RAM), equal if there is none */
    uint8_t rsdp[36];               /* copy of the ACPI root pointer; zeros if none was given */
    struct framebuffer fb;
    unsigned nranges, left_out;     /* the latter had no room, or no end: nobody knows of them */
    struct boot_range ranges[BOOT_RANGES];
};
extern struct boot_info boot_info;

/* Whose device memory is at [first, last]: a driver may have what is free. Not free is RAM, what
 * the firmware keeps, and the interrupt controllers, timers and PCI configuration; if ranges of the
 * memory map were left out, nothing is free. */
enum device_memory { DEVICE_NONE, DEVICE_KERNEL, DEVICE_FREE };
enum device_memory machine_memory(paddr_t first, paddr_t last);

/* A byte of the log to the serial line, polled. */
void machine_putc(char c);

_Noreturn void machine_poweroff(void);
_Noreturn void machine_reboot(void);
/* Leaves QEMU with `status` (0-127) through isa-debug-exit: the process ends with status * 2 + 1;
 * EXIT_OK gives 33, EXIT_FAIL 35. Without `qemu-exit` on the command line: powers off. */
_Noreturn void machine_exit(unsigned status);
enum { EXIT_OK = 0x10, EXIT_FAIL = 0x11, EXIT_PANIC = 0x12 };

/* Entropy for seeding: RDRAND / RDSEED where there, TSC jitter always mixed in. */
uint64_t machine_entropy(void);

#endif
