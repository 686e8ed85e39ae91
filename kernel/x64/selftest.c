/*
 * selftest.c - `fault=NAME` on the command line: raises what NAME says, so that tests can see that
 * every kind of kernel bug ends in an epitaph.
 */
#include "kernel/x64/machine.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/string.h"

static void raise_panic(void) { panic("as asked for by fault=panic"); }
static void raise_ud(void) { __asm__ volatile("ud2"); }
static void raise_de(void) { __asm__ volatile("divl %0" :: "r"(0) : "eax", "edx"); }
static void raise_gp(void) { *(volatile char *)0x8000000000000000ul = 1; }
static void raise_pf(void) { *(volatile char *)0x1000 = 1; }

/* Neither may text be written nor data or the direct map be executed. */
static void raise_wx(void) { *(volatile char *)kernel_text_start = 0; }
static void raise_nx(void)
{
    char *p = kzalloc(16);

    p[0] = (char)0xc3;
    ((void (*)(void))p)();
}

/* A page fault that cannot push its frame: the stack pointer is wild and the IST slot is ruined. */
static void raise_df(void)
{
    *this_cpu()->fault_ist = 0x10;
    raise_pf();
}

static void raise_assert(void)
{
    paddr_t p = page_alloc();

    page_free(p);
    page_free(p);
}

void fault_provoke(const char *name)
{
    static const struct { const char *name; void (*raise)(void); } all[] = {
        { "panic", raise_panic }, { "ud", raise_ud }, { "de", raise_de }, { "gp", raise_gp },
        { "pf", raise_pf }, { "wx", raise_wx }, { "nx", raise_nx }, { "df", raise_df },
        { "assert", raise_assert },
    };

    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            all[i].raise();
    kprintf("fault: '%s' is none, or did nothing\n", name);
}
