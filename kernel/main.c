/*
 * main.c - the core comes up, in the order of its layers; then the first program.
 */
#include "kernel/kernel.h"
#include "kernel/options.h"

/* The first program's arguments: its name, then the words of `run=`. */
static void start_init(void)
{
    char args[512];
    uint32_t n = (uint32_t)ksnprintf(args, sizeof args, "%s", option_string(OPT_INIT)) + 1;
    const char *s = option_string(OPT_RUN);

    while (*s && n + 1 < sizeof args) {
        while (*s == ' ')
            s++;
        if (!*s)
            break;
        while (*s && *s != ' ' && n + 1 < sizeof args)
            args[n++] = *s++;
        args[n++] = 0;
    }
    first_start(args, n);
}

_Noreturn void kernel_main(void)
{
    thread_init();
    sched_init();           /* this becomes the idle thread */
    syscall_init();         /* types of system calls, for linking */
    store_init();           /* files of the boot archive */
    iface_init();           /* interfaces that the kernel handles */
    sip_init();             /* the reaper */
    worker_init();          /* the threads that start programs */
    kprintf("Selkie: core up after %lu us\n", clock_ns() / 1000);
    sched_cpus();           /* the other CPUs */
    crew_init();            /* they compile together */
    ktest_init();           /* the thread that runs tests */
    if (!option_given(OPT_TEST))
        start_init();
    sched_idle();
}
