/*
 * measure.h - what the programs of `make bench-kernel` share: the least of many batches, in
 * picoseconds by the kernel's clock, as a line of the log: `kbench: NAME PICOSECONDS`.
 */
#include "sips/sip.h"
#include "iface/kernel_process.h"
#include "iface/kernel_system.h"

USE(IFACE_KERNEL_PROCESS, PROCESS, 2);
USE(IFACE_KERNEL_SYSTEM, SYSTEM, 3);

#define BATCHES 50

static void say(const char *name, uint64_t ps)
{
    static struct { uint32_t op; char text[100]; } q = { .op = KERNEL_SYSTEM_LOG_WRITE };
    int n = snprintf(q.text, sizeof q.text, "%s %llu", name, (unsigned long long)ps);

    chan_send(SYSTEM, &q, 4 + (uint32_t)n, 0);
}

static inline void measure(const char *name, void (*once)(void), uint32_t times)
{
    uint64_t best = UINT64_MAX;

    for (uint32_t b = 0; b < BATCHES; b++) {
        int64_t start = sys_clock(), ns;
        for (uint32_t i = 0; i < times; i++)
            once();
        ns = sys_clock() - start;
        if ((uint64_t)ns < best)
            best = (uint64_t)ns;
    }
    say(name, best * 1000 / times);
}

static inline uint32_t start_program(const char *args, uint32_t n, uint32_t stdio)
{
    struct child c;

    if (spawn(PROCESS, args, n, stdio, &c) < 0)
        exit(5);
    return c.process;
}

/* Waits for its end and lets it go. */
static inline void end_program(uint32_t process)
{
    struct { struct exit_info info; char rest[64]; } info;
    struct msg m = { 0 };

    if (chan_wait(process, &m, &info, sizeof info, FOREVER) < 0 || m.kind != MSG_EXIT)
        exit(6);
    sys_close(process);
}

static void power_off(void)
{
    static struct { uint32_t op; } q = { KERNEL_SYSTEM_POWEROFF };
    int32_t status;

    chan_call(SYSTEM, &q, sizeof q, &status, sizeof status);
}
