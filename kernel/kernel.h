/*
 * kernel.h - the core: all of thread.h, object.h, program.h and sip.h. Layers, from below: x64,
 * memory, scheduling, objects, SIPs; README.md has the reading order.
 *
 * The kernel proper is not preemptible: an interrupt that lands in its text is recorded and looked
 * at by sched_point() on the way out. So on one CPU no kernel function sees another one half done;
 * between CPUs there are locks (lock.h), and each structure here says which guards it.
 * What is looked up without a lock (a handle's endpoint, its peer, a token's thread) stays memory
 * of that type until every CPU has left the kernel once (reclaim.c), and is looked at again once
 * its lock is held.
 *
 * A thread of a SIP can be ended whenever it does not run: its kernel frames just vanish.
 * Therefore a function that blocks (sched_block, sched_switch) owns nothing at that moment except
 * through objects that sip_end() finds.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "kernel/sip.h"

#endif
