/*
 * uart.c - the log's way out while no driver owns COM1: polled, as the firmware left it.
 */
#include "kernel/x64/x64.h"

#define COM1 0x3f8

void machine_putc(char c)
{
    for (unsigned spin = 0; spin < 100000 && !(in8(COM1 + 5) & 0x20); spin++)
        cpu_relax();
    out8(COM1, (uint8_t)c);
}
