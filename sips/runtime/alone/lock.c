/*
 * lock.c - the runtime's lock where there is one thread.
 */
#include "sips/runtime/lock.h"

void lock_take(uint32_t *lock)
{
}

void lock_drop(uint32_t *lock)
{
}
