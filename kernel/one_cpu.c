/*
 * one_cpu.c - what a machine that starts no other CPUs says; weak, for the machine's own.
 */
#include "kernel/kernel.h"

__attribute__((weak)) void cpus_start(void) { }
__attribute__((weak)) unsigned cpus_up(void) { return 1; }
__attribute__((weak)) void cpu_wake(unsigned id) { }
