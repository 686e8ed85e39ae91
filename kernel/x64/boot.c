/*
 * boot.c - reads what the loader left (Multiboot2 information or PVH start_info) into boot_info,
 * and hands out page frames until pmm is up.
 *
 * Runs on the boot page tables: physical memory below 4 GiB is at DIRECT_BASE. Loader data may lie
 * anywhere outside of the kernel, so everything of worth is copied before any frame is handed out.
 */
#include "kernel/x64/machine.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define MB2_LOADER_MAGIC 0x36d76289u            /* MB2 3.6 */
#define PVH_MAGIC 0x336ec578u
#define LOW_END 0x100000ul
#define VGA_TEXT 0xb8000ul

struct boot_info boot_info;
static bool efi;                                /* no VGA text mode to fall back on */
static paddr_t early_next;                      /* next frame of boot_page, 0 before the first */

/* ---- Multiboot2 (MB2 3.6) ------------------------------------------------------------------- */

struct mb2_tag { uint32_t type, size; };
struct mb2_string { struct mb2_tag tag; char text[]; };
struct mb2_module { struct mb2_tag tag; uint32_t start, end; char text[]; };
struct mb2_mmap_entry { uint64_t base, length; uint32_t type, reserved; };
struct mb2_mmap { struct mb2_tag tag; uint32_t entry_size, version; uint8_t entries[]; };
struct mb2_fb {
    struct mb2_tag tag;
    uint64_t addr; uint32_t pitch, width, height; uint8_t bpp, type; uint16_t reserved;
    uint8_t red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
} __attribute__((packed));
enum {
    MB2_CMDLINE = 1, MB2_LOADER = 2, MB2_MODULE = 3, MB2_MMAP = 6, MB2_FB = 8, MB2_EFI64 = 12,
    MB2_RSDP1 = 14, MB2_RSDP2 = 15,
};

static void copy_text(char *to, size_t n, const char *from, size_t max)
{
    size_t len = strnlen(from, max);

    if (len >= n)
        len = n - 1;
    memcpy(to, from, len);
    to[len] = 0;
}

static void add_range(paddr_t start, uint64_t length, uint32_t type)
{
    if (length == 0)
        return;
    if (boot_info.nranges == BOOT_RANGES || start + length < start)
        boot_info.left_out++;
    else
        boot_info.ranges[boot_info.nranges++] = (struct boot_range){ start, start + length, type };
}

static void mb2_framebuffer(const struct mb2_fb *t)
{
    struct framebuffer *fb = &boot_info.fb;

    if (t->type != 1 && t->type != 2)
        return;
    *fb = (struct framebuffer){
        .kind = t->type == 1 ? FB_RGB : FB_TEXT, .width = t->width, .height = t->height,
        .pitch = t->pitch, .bpp = t->bpp, .pa = t->addr,
    };
    if (t->type != 1)
        return;
    fb->red_pos = t->red_pos;
    fb->red_size = t->red_size;
    fb->green_pos = t->green_pos;
    fb->green_size = t->green_size;
    fb->blue_pos = t->blue_pos;
    fb->blue_size = t->blue_size;
}

static void mb2_memory_map(const struct mb2_mmap *map)
{
    const uint8_t *end = (const uint8_t *)map + map->tag.size;

    for (const uint8_t *p = map->entries; p + map->entry_size <= end; p += map->entry_size) {
        const struct mb2_mmap_entry *e = (const void *)p;
        add_range(e->base, e->length, e->type);
        if (map->entry_size < sizeof *e)
            return;
    }
}

static void mb2_tag(const struct mb2_tag *t)
{
    const struct mb2_module *mod = (const void *)t;
    size_t body = t->size - sizeof *t;

    switch (t->type) {
    case MB2_CMDLINE:
        copy_text(boot_info.cmdline, sizeof boot_info.cmdline, (const char *)(t + 1), body);
        break;
    case MB2_LOADER:
        copy_text(boot_info.loader, sizeof boot_info.loader, (const char *)(t + 1), body);
        break;
    case MB2_MODULE:
        if (boot_info.archive)
            break;
        boot_info.archive = mod->start;
        boot_info.archive_end = mod->end;
        break;
    case MB2_MMAP:
        mb2_memory_map((const void *)t);
        break;
    case MB2_FB:
        mb2_framebuffer((const void *)t);
        break;
    case MB2_EFI64:
        efi = true;
        break;
    case MB2_RSDP1:
    case MB2_RSDP2:                             /* the newer one comes last */
        memcpy(boot_info.rsdp, t + 1, body < 36 ? body : 36);
        break;
    }
}

static void mb2_parse(paddr_t info)
{
    const uint8_t *p = phys_to_virt(info), *end = p + *(const uint32_t *)p;

    p += 8;
    for (;;) {
        const struct mb2_tag *t = (const void *)p;
        if (p + sizeof *t > end || t->type == 0 || t->size < sizeof *t)
            return;
        mb2_tag(t);
        p += (t->size + 7u) & ~7u;
    }
}

/* ---- PVH (Xen public/arch-x86/hvm/start_info.h) --------------------------------------------- */

struct pvh_info {
    uint32_t magic, version, flags, nmodules;
    uint64_t modules, cmdline, rsdp;
    uint64_t memmap;                            /* version >= 1 */
    uint32_t nmemmap, reserved;
};
struct pvh_module { uint64_t pa, size, cmdline, reserved; };
struct pvh_memmap { uint64_t pa, size; uint32_t type, reserved; };

static void pvh_parse(paddr_t pa)
{
    const struct pvh_info *i = phys_to_virt(pa);
    const struct pvh_memmap *map = phys_to_virt(i->memmap);

    if (i->magic != PVH_MAGIC)
        panic("boot: PVH start_info has magic %x", i->magic);
    if (i->version < 1)
        panic("boot: PVH start_info of version 0 has no memory map");
    copy_text(boot_info.loader, sizeof boot_info.loader, "PVH", 3);
    if (i->cmdline)
        copy_text(boot_info.cmdline, sizeof boot_info.cmdline, phys_to_virt(i->cmdline),
                  sizeof boot_info.cmdline);
    for (uint32_t n = 0; n < i->nmemmap; n++)
        add_range(map[n].pa, map[n].size, map[n].type);
    if (i->nmodules) {
        const struct pvh_module *m = phys_to_virt(i->modules);
        boot_info.archive = m->pa;
        boot_info.archive_end = m->pa + m->size;
    }
    if (i->rsdp)
        memcpy(boot_info.rsdp, phys_to_virt(i->rsdp), 36);
}

/* A text screen that no loader told us about: do its cells keep what is written? */
static void probe_vga_text(void)
{
    volatile uint16_t *cell = phys_to_virt(VGA_TEXT);
    uint16_t old = cell[0];

    cell[0] = 0x0741;
    if (cell[0] == 0x0741 && (in8(0x3cc) != 0xff))
        boot_info.fb = (struct framebuffer){
            .kind = FB_TEXT, .width = 80, .height = 25, .pitch = 160, .bpp = 16, .pa = VGA_TEXT,
        };
    cell[0] = old;
}

static void sort_ranges(void)
{
    struct boot_range *r = boot_info.ranges;

    for (unsigned i = 1; i < boot_info.nranges; i++)
        for (unsigned k = i; k > 0 && r[k].start < r[k - 1].start; k--) {
            struct boot_range t = r[k];
            r[k] = r[k - 1];
            r[k - 1] = t;
        }
}

void boot_parse(uint32_t magic, paddr_t info)
{
    if (magic == MB2_LOADER_MAGIC)
        mb2_parse(info);
    else if (magic == PVH_MAGIC)
        pvh_parse(info);
    else
        panic("boot: neither Multiboot2 nor PVH (magic %x)", magic);
    sort_ranges();
    if (boot_info.fb.kind == FB_NONE && !efi)
        probe_vga_text();
}

/* ---- usable memory -------------------------------------------------------------------------- */

static paddr_t early_base, early_limit;         /* boot_page hands out [base, next), up to limit */

static paddr_t page_up(paddr_t a) { return (a + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1); }

/* Reports [start, end) less the reservations from number `skip` on. */
static void report(paddr_t start, paddr_t end, unsigned skip, void (*fn)(paddr_t, paddr_t))
{
    const struct { paddr_t start, end; } held[] = {
        { 0, LOW_END },
        { KERNEL_PHYS, page_up(kernel_phys(kernel_end)) },
        { boot_info.archive & ~(PAGE_SIZE - 1), page_up(boot_info.archive_end) },
        { early_base, early_next },
    };

    for (; skip < sizeof held / sizeof *held; skip++) {
        paddr_t a = held[skip].start, b = held[skip].end;
        if (a >= end || b <= start || a >= b)
            continue;
        if (start < a)
            report(start, a, skip + 1, fn);
        if (b >= end)
            return;
        start = b;
    }
    if (start < end)
        fn(start, end);
}

void boot_usable(void (*fn)(paddr_t start, paddr_t end))
{
    for (unsigned i = 0; i < boot_info.nranges; i++) {
        const struct boot_range *r = &boot_info.ranges[i];
        paddr_t start = page_up(r->start), end = r->end & ~(PAGE_SIZE - 1);
        if (r->type == 1 && start < end)
            report(start, end, 0, fn);
    }
}

static void note_largest(paddr_t start, paddr_t end)
{
    if (end > 4ul << 30)
        end = 4ul << 30;
    if (start >= end || end - start <= early_limit - early_base)
        return;
    early_base = start;
    early_limit = end;
}

paddr_t boot_page(size_t pages)
{
    paddr_t pa;

    if (!early_next) {
        boot_usable(note_largest);
        early_next = early_base;
    }
    pa = early_next;
    if (pages * PAGE_SIZE > early_limit - pa)
        panic("boot: %zu pages wanted, %lu free: too little memory", pages,
              (early_limit - pa) / PAGE_SIZE);
    early_next += pages * PAGE_SIZE;
    memset(phys_to_virt(pa), 0, pages * PAGE_SIZE);
    return pa;
}
