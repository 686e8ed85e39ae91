/*
 * log.c - the ring of log text, and output of it on the serial line until a driver owns that.
 *
 * Readers and writers take a lock with interrupts off; panic breaks it.
 */
#include "kernel/log.h"
#include "kernel/lock.h"
#include "kernel/string.h"
#include "kernel/x64/x64.h"

#define RING 65536u

static char ring[RING];
static uint64_t written;            /* bytes ever written; the newest RING of them are there */
static bool serial = true;
static struct lock lock = LOCK(RANK_LOG);

void log_write(const char *s, size_t n)
{
    uint64_t flags = irq_save();

    lock_take(&lock);
    for (size_t i = 0; i < n; i++) {
        ring[written++ % RING] = s[i];
        if (!serial)
            continue;
        if (s[i] == '\n')
            machine_putc('\r');
        machine_putc(s[i]);
    }
    lock_drop(&lock);
    irq_restore(flags);
}

size_t log_read(uint64_t *pos, char *to, size_t n)
{
    uint64_t flags = irq_save();
    size_t i = 0;

    lock_take(&lock);
    if (*pos > written)
        *pos = written;
    if (written - *pos > RING)
        *pos = written - RING;
    for (; i < n && *pos < written; i++)
        to[i] = ring[(*pos)++ % RING];
    lock_drop(&lock);
    irq_restore(flags);
    return i;
}

uint64_t log_end(void)
{
    return written;
}

void log_serial(bool on)
{
    serial = on;
}

void log_break_lock(void)
{
    lock.held = 0;
    this_cpu()->nlocks = 0;
    serial = true;
}

int kvprintf(const char *fmt, va_list ap)
{
    char line[512];
    int n = kvsnprintf(line, sizeof line, fmt, ap);

    log_write(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
    return n;
}

int kprintf(const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = kvprintf(fmt, ap);
    va_end(ap);
    return n;
}
