/*
 * restart.c - when a program that has ended is started again (pure): after a pause that doubles
 * with each restart of late; and after too many of them not at all, or only so often.
 */
#include "sips/init/config.h"

uint32_t restart_count(const struct restart *r, int64_t now)
{
    uint32_t n = 0, kept = r->made < RESTARTS_MAX ? r->made : RESTARTS_MAX;

    for (uint32_t i = 0; i < kept; i++)
        n += now - r->at[i] < (int64_t)r->seconds * 1000 * MS;
    return n;
}

bool restart_plan(struct restart *r, int64_t now, int64_t *pause)
{
    uint32_t n = restart_count(r, now);
    uint64_t ms = (uint64_t)r->pause_ms << n;

    if (!r->times || (n >= r->times && !r->always))
        return false;
    *pause = (ms < r->pause_max_ms ? (int64_t)ms : r->pause_max_ms) * MS;
    r->at[r->made++ % RESTARTS_MAX] = now;
    return true;
}
