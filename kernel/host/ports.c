/*
 * ports.c - the two devices that drivers find on Linux: the 16550 UART at COM1, whose line is the
 * terminal, and the CMOS clock. `in` and `out` in ring 3 are a #GP, after which they are done here.
 * Every other port reads as if nothing were there.
 *
 * The UART: TL16C550C data sheet, registers in 8.6. Its transmitter is always empty; its line is
 * raised when a cause appears (input, or the transmitter's interrupt being enabled).
 *
 * A driver may run on any CPU: one lock for both devices, taken with interrupts off.
 */
#include "kernel/host/linux.h"
#include "kernel/kernel.h"
#include "kernel/lock.h"
#include "kernel/x64/machine.h"
#include <linux/time.h>

#define COM1 0x3f8u
#define CMOS 0x70u
enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH };
enum { IER_RX = 1, IER_TX = 2, LCR_DLAB = 0x80 };

static struct {
    uint8_t ier, lcr, mcr, scratch, divisor[2];
    bool tx_cause;
    uint8_t in[64], out[256];
    int first, end, nout;
} uart;
static struct lock lock = LOCK(RANK_DEVICE);

/* ---- the UART -------------------------------------------------------------------------------- */

static void flush(void)
{
    int n = uart.nout;

    __atomic_store_n(&uart.nout, 0, __ATOMIC_RELAXED);
    if (n)
        host_write(1, uart.out, (size_t)n);
}

void ports_flush(void)
{
    uint64_t on;

    if (!ports_unflushed())
        return;
    on = irq_save();
    lock_take(&lock);
    flush();
    lock_drop(&lock);
    irq_restore(on);
}

bool ports_unflushed(void)
{
    return __atomic_load_n(&uart.nout, __ATOMIC_RELAXED) != 0;
}

static bool has_input(void)
{
    if (uart.first == uart.end) {
        uart.first = 0;
        uart.end = terminal_read(uart.in, sizeof uart.in);
    }
    return uart.first < uart.end;
}

void ports_input(void)
{
    lock_take(&lock);
    if (uart.ier & IER_RX && has_input())
        trap_raise(TERMINAL_IRQ);
    lock_drop(&lock);
}

static uint8_t uart_cause(void)
{
    if (uart.ier & IER_RX && has_input())
        return 4;
    if (uart.ier & IER_TX && uart.tx_cause) {
        uart.tx_cause = false;
        return 2;
    }
    return 1;
}

static uint8_t uart_read(unsigned r)
{
    flush();
    switch (r) {
    case DATA:
        if (uart.lcr & LCR_DLAB)
            return uart.divisor[0];
        return has_input() ? uart.in[uart.first++] : 0;
    case IER: return uart.lcr & LCR_DLAB ? uart.divisor[1] : uart.ier;
    case IIR: return uart_cause() | 0xc0;
    case LCR: return uart.lcr;
    case MCR: return uart.mcr;
    case LSR: return 0x60 | has_input();
    case MSR: return 0xb0;
    default: return uart.scratch;
    }
}

static void uart_write(unsigned r, uint8_t v)
{
    switch (r) {
    case DATA:
        if (uart.lcr & LCR_DLAB) {
            uart.divisor[0] = v;
            return;
        }
        if (uart.nout == sizeof uart.out)
            flush();
        if (!uart.nout)
            clock_retry();              /* at the latest then it is written */
        uart.out[uart.nout] = v;
        __atomic_store_n(&uart.nout, uart.nout + 1, __ATOMIC_RELAXED);
        uart.tx_cause = true;
        return;
    case IER:
        if (uart.lcr & LCR_DLAB) {
            uart.divisor[1] = v;
            return;
        }
        uart.ier = v & 15;
        uart.tx_cause = v & IER_TX;
        if (uart.tx_cause || (v & IER_RX && has_input()))
            trap_raise(TERMINAL_IRQ);
        return;
    case LCR: uart.lcr = v; return;
    case MCR: uart.mcr = v; return;
    case SCRATCH: uart.scratch = v; return;
    }
}

/* ---- the clock (MC146818): 24 hours, BCD, UTC ---------------------------------------------- */

static uint8_t cmos_index;

static uint8_t bcd(uint64_t v)
{
    return (uint8_t)(v / 10 % 10 << 4 | v % 10);
}

/* Days since 1970 to a date, counted in years that begin with March. */
static void date(int64_t days, uint64_t *year, uint64_t *month, uint64_t *day)
{
    uint64_t z = (uint64_t)days + 719468, era = z / 146097, d = z % 146097;
    uint64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    uint64_t in_year = d - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;

    *day = in_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * 400 + (*month <= 2);
}

static uint8_t cmos_read(void)
{
    struct timespec t;
    uint64_t s, year, month, day;

    LINUX3(clock_gettime, CLOCK_REALTIME, &t, 0);
    s = (uint64_t)t.tv_sec;
    date((int64_t)(s / 86400), &year, &month, &day);
    switch (cmos_index & 0x7f) {
    case 0: return bcd(s % 60);
    case 2: return bcd(s / 60 % 60);
    case 4: return bcd(s / 3600 % 24);
    case 6: return bcd((s / 86400 + 4) % 7 + 1);
    case 7: return bcd(day);
    case 8: return bcd(month);
    case 9: return bcd(year % 100);
    case 10: return 0x26;
    case 11: return 2;
    case 13: return 0x80;
    case 0x32: return bcd(year / 100);
    default: return 0;
    }
}

/* ---- the instructions (SDM 2A: IN, OUT) --------------------------------------------------- */

static uint32_t port_read(uint32_t port, unsigned bytes)
{
    uint32_t v = UINT32_MAX;

    if (port - COM1 < 8 && bytes == 1)
        v = uart_read(port - COM1);
    else if (port == CMOS + 1 && bytes == 1)
        v = cmos_read();
    return v;
}

static void port_write(uint32_t port, uint32_t v, unsigned bytes)
{
    if (port - COM1 < 8 && bytes == 1)
        uart_write(port - COM1, (uint8_t)v);
    else if (port == CMOS && bytes == 1)
        cmos_index = (uint8_t)v;
}

bool ports_access(struct trap_frame *f)
{
    const uint8_t *at = (const uint8_t *)f->rip;
    unsigned bytes = 4, op;
    uint32_t port, v;
    uint64_t mask;

    if (!code_contains(f->rip))
        return false;
    if (*at == 0x66) {
        bytes = 2;
        at++;
    }
    op = *at++;
    if ((op & 0xf4) != 0xe4)                    /* e4-e7, ec-ef */
        return false;
    bytes = op & 1 ? bytes : 1;
    port = op & 8 ? f->rdx & 0xffff : *at++;
    mask = bytes == 4 ? UINT64_MAX : (1ul << bytes * 8) - 1;
    lock_take(&lock);
    if (op & 2) {
        port_write(port, (uint32_t)f->rax, bytes);
    } else {
        v = port_read(port, bytes);
        f->rax = (f->rax & ~mask) | (v & mask);
    }
    lock_drop(&lock);
    f->rip = (uintptr_t)at;
    return true;
}

/* There is no device memory. */
enum device_memory machine_memory(paddr_t first, paddr_t last)
{
    return DEVICE_NONE;
}
