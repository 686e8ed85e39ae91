/*
 * lock.h - what the runtime itself shares between threads: threads/sync.c has the lock, and
 * alone/lock.c is for programs of one thread.
 */
#ifndef SIPS_RUNTIME_LOCK_H
#define SIPS_RUNTIME_LOCK_H

#include <stdint.h>

void lock_take(uint32_t *lock);     /* a word that was 0 at first */
void lock_drop(uint32_t *lock);

#endif
