/*
 * first.c - the first program (init), and what becomes of the machine when it ends: it is started
 * again after a pause, which doubles, with `--again` and how it ended as its arguments; the others
 * go on meanwhile, and it takes them over (kernel-process, adopt).
 *
 * If it ends too often, it is left alone as long as another program runs. If none does, the machine
 * stops: it panics, or is switched off if all went well.
 */
#include "kernel/kernel.h"

#define STACK (256ul << 10)     /* for the compiler */
#define ARGS 512u
#define TIMES 8u                /* so often is it started again .. */
#define LATELY_NS (60 * NS_PER_S)   /* .. if it ran for less than that each time */
#define PAUSE_NS (10 * NS_PER_MS)

static struct spawn sp;
static char args[ARGS];
static struct event never = EVENT;

/* Runs it once; to: how it ended, in words. True: as it should. */
static bool run_once(bool first, char *to, size_t n)
{
    struct process *p = NULL;
    bool well;

    if (sip_spawn(&sp, &p, to, n) < 0) {
        if (first)
            panic("%s: %s", args, to);
        return false;
    }
    process_wait(p, FOREVER);
    well = !p->info.status && !p->info.trap;
    if (p->info.trap)
        ksnprintf(to, n, "%s", p->info.text);
    else
        ksnprintf(to, n, "status %d", p->info.status);
    object_drop(&p->o);
    return well;
}

/* Its arguments from now on. */
static void set_again(const char *how)
{
    uint32_t at = (uint32_t)strlen(args) + 1;

    at += (uint32_t)ksnprintf(args + at, ARGS - at, "--again") + 1;
    sp.args_len = at + (uint32_t)ksnprintf(args + at, ARGS - at, "%.300s", how) + 1;
}

static bool alone(void)
{
    return workers_idle() && !sip_next(0);
}

/* It will not be started again. */
static void leave(bool well, const char *how)
{
    if (alone() && well) {
        kprintf("Selkie: %s ended with status 0 and nothing else runs: switching off\n", args);
        machine_poweroff();
    }
    if (alone())
        panic("%s: %s; it ended %u times shortly after its start, and nothing else runs", args,
              how, TIMES + 1);
    kprintf("Selkie: %s: %s; it ended %u times shortly after its start and is left alone: "
            "what runs goes on, until `reboot`\n", args, how, TIMES + 1);
}

static void run(void *arg)
{
    char how[START_REASON_MAX];
    unsigned again = 0;
    bool first = true, well;

    if (store_find(args, &sp.program) < 0)
        panic("%s: no such program in the boot archive, or several", args);
    for (;; first = false, again++) {
        uint64_t since = clock_ns();
        well = run_once(first, how, sizeof how);
        if (clock_ns() - since > LATELY_NS)
            again = 0;
        if (again == TIMES || (well && alone()))
            break;
        kprintf("Selkie: %s: %s; it is started again in %lu ms (%u of %u)\n", args, how,
                (unsigned long)((PAUSE_NS << again) / NS_PER_MS), again + 1, TIMES);
        set_again(how);
        sched_sleep(PAUSE_NS << again);
    }
    leave(well, how);
    event_wait(&never, FOREVER);
}

void first_start(const char *from, uint32_t args_len)
{
    struct thread *t = thread_create(NULL, "first", STACK, run, NULL);

    assert(t && args_len <= ARGS, "no memory for the thread of the first program");
    memcpy(args, from, args_len);
    sp = (struct spawn){ .args = args, .args_len = args_len, .trusted = true };
    sched_start(t);
}
