/*
 * start.c - the program: its arguments, its memory, the order in which things come up, and its ways
 * to end. From kernel_main on it is the kernel.
 */
#include "kernel/host/linux.h"
#include "kernel/kernel.h"
#include "kernel/options.h"
#include "kernel/pmm.h"
#include "kernel/x64/tables.h"

#define MAIN_STACK 65536u
#define MEGABYTES 512u

static const char usage[] =
    "selkie [-m MEGABYTES] [--cpus N] [--append \"CMDLINE\"] [DIRECTORY|boot.tar]\n"
    "The kernel as a program: programs come from the archive (boot.tar beside it), the\n"
    "terminal is the serial line (ctrl-a x ends it). CMDLINE: see kernel/options.h, such as\n"
    "test=all or run=\"hello\". Status: 0 after poweroff or passed tests, 1 after failed ones,\n"
    "2 for bad arguments, 3 after a panic.\n";

struct boot_info boot_info;
static char **arguments, **environment;
static const char *archive_path;
static size_t megabytes = MEGABYTES;

_Noreturn void host_start(long *sp);

/* ---- ways to end ---------------------------------------------------------------------------- */

bool host_write(int fd, const void *p, size_t n)
{
    const char *s = p;

    while (n) {
        long k = LINUX3(write, fd, s, n);
        if (k == -4 || k == -11)                /* EINTR, EAGAIN */
            continue;
        if (k <= 0)
            return false;
        s += k;
        n -= (size_t)k;
    }
    return true;
}

static char line[256];
static size_t line_bytes;

static void line_flush(void)
{
    ports_flush();                              /* what was said before */
    host_write(1, line, line_bytes);
    line_bytes = 0;
}

void machine_putc(char c)
{
    if (c == '\r' && !terminal_shown())
        return;
    line[line_bytes++] = c;
    if (c == '\n' || line_bytes == sizeof line)
        line_flush();
}

void host_exit(int status)
{
    cpus_stop();                                /* whoever holds a lock does not go on */
    line_flush();
    terminal_restore();
    for (;;)
        LINUX3(exit_group, status, 0, 0);
}

void host_fail(const char *what, const char *which)
{
    host_write(2, "selkie: ", 8);
    host_write(2, which, strlen(which));
    host_write(2, *which ? ": " : "", *which ? 2 : 0);
    host_write(2, what, strlen(what));
    host_write(2, "\n", 1);
    host_exit(2);
}

void machine_poweroff(void)
{
    host_exit(0);
}

void machine_reboot(void)
{
    cpus_stop();
    line_flush();
    terminal_restore();
    LINUX3(execve, "/proc/self/exe", arguments, environment);
    host_exit(3);
}

void machine_exit(unsigned status)
{
    host_exit(status == EXIT_OK ? 0 : status == EXIT_FAIL ? 1 : 3);
}

void cpu_halt(void)
{
    host_exit(3);
}

/* ---- the start ------------------------------------------------------------------------------ */

static size_t decimal(const char *s)
{
    size_t v = 0;

    for (; *s >= '0' && *s <= '9' && v < 1ul << 40; s++)
        v = v * 10 + (size_t)(*s - '0');
    return *s ? 0 : v;
}

static void parse(char **argv)
{
    size_t n;

    for (argv++; *argv; argv++) {
        if (strcmp(*argv, "--help") == 0) {
            host_write(1, usage, sizeof usage - 1);
            host_exit(0);
        } else if (strcmp(*argv, "-m") == 0 && argv[1]) {
            megabytes = decimal(*++argv);
        } else if (strcmp(*argv, "--cpus") == 0 && argv[1]) {
            n = decimal(*++argv);
            if (n < 1 || n > CPU_MAX)
                host_fail("--cpus: 1 to 256", "");
            cpu_set_count((unsigned)n);
        } else if (strcmp(*argv, "--append") == 0 && argv[1]) {
            ksnprintf(boot_info.cmdline, sizeof boot_info.cmdline, "%s", *++argv);
        } else if ((*argv)[0] == '-' || archive_path) {
            host_fail("what? --help says what there is", *argv);
        } else {
            archive_path = *argv;
        }
    }
}

/* boot.tar in the folder above the program's. */
static const char *beside(void)
{
    static char path[512];
    long n = LINUX3(readlink, "/proc/self/exe", path, sizeof path - 16);

    for (unsigned up = 0; up < 2 && n > 0; up++)
        while (n > 0 && path[--n] != '/')
            ;
    memcpy(path + (n > 0 ? n : 0), "/boot.tar", 10);
    return path;
}

static void load(void)
{
    uint8_t *to = (uint8_t *)memory_ram() + PAGE_SIZE;
    size_t n = archive_load(archive_path ? archive_path : beside(), to,
                            memory_bytes() / 2 - PAGE_SIZE);

    boot_info.archive = PAGE_SIZE;
    boot_info.archive_end = PAGE_SIZE + n;
    memory_reserve(PAGE_SIZE + n);
}

static void enter_main(void *arg)
{
    kernel_main();
}

void host_start(long *sp)
{
    clock_mark_start(clock_tsc());
    cpu_boot();
    arguments = (char **)(sp + 1);
    environment = arguments + *sp + 1;
    parse(arguments);
    options_parse(machine_cpu_count() > 1 ? "cpus=0" : "");
    options_parse(boot_info.cmdline);
    log_serial(!option_bool(OPT_QUIET));
    ksnprintf(boot_info.loader, sizeof boot_info.loader, "Linux");
    memory_init(megabytes);
    load();
    cpu_features_detect();
    cpu_wide_detect();
    tables_init();
    tables_dynamic();
    pmm_init();
    heap_init();
    trap_init();                                        /* faults are reported from here */
    clock_init();
    terminal_init();
    kprintf("Selkie: a program of Linux, %s, %zu MiB, TSC %lu MHz\n", cpu_brand(),
            page_count_total() >> 8, clock_tsc_hz() / 1000000);
    thread_start(enter_main, NULL, kstack_alloc(MAIN_STACK));
}
