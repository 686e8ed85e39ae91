/*
 * moves.c - parallel moves, one after the other: those first whose target nobody still reads.
 *
 * What is left then are cycles in which each place has exactly one reader, for moves and pending
 * targets are
 * equal in number. Two registers of a cycle are exchanged; else one source goes to the scratch
 * register, which frees its place and so, one by one, the whole cycle before the next begins.
 * `reader` holds the exclusive or of the pending readers' numbers: with one reader left, that
 * reader.
 */
#include <stdbool.h>
#include "wasm/moves.h"

static void read_starts(struct moves *w, uint32_t k)
{
    uint32_t s = w->m[k].from;

    if (s >= MOVE_HELD)
        return;
    w->readers[s]++;
    w->reader[s] ^= k + 1;
}

/* the place that k read is read once less; true if its own writer may go now */
static bool read_ends(struct moves *w, uint32_t k)
{
    uint32_t s = w->m[k].from;

    if (s >= MOVE_HELD)
        return false;
    w->reader[s] ^= k + 1;
    return --w->readers[s] == 0 && w->writer[s];
}

static void finish(struct moves *w, uint32_t k)
{
    if (w->m[k].to != MOVE_OUTSIDE)
        w->writer[w->m[k].to] = 0;
    w->m[k].to = w->m[k].from = MOVE_HELD;      /* done */
}

/* k's target holds the right value after the exchange; who read that target finds it in k's source
   */
static void swap(struct moves *w, uint32_t k)
{
    uint32_t d = w->m[k].to, s = w->m[k].from, r = w->reader[d] - 1;

    w->step(w->ctx, MOVE_SWAP, k, s);
    read_ends(w, k);
    finish(w, k);
    read_ends(w, r);
    w->m[r].from = s;
    if (w->m[r].to == s)
        finish(w, r);
    else
        read_starts(w, r);
}

/* Runs the queue empty; returns its new end. */
static uint32_t drain(struct moves *w, uint32_t head, uint32_t tail)
{
    while (head < tail) {
        uint32_t k = w->queue[head++], s = w->m[k].from;
        w->step(w->ctx, s == MOVE_HELD ? MOVE_RESTORE : MOVE_STEP, k, s);
        if (read_ends(w, k))
            w->queue[tail++] = w->writer[s] - 1;
        finish(w, k);
    }
    return tail;
}

void moves_run(struct moves *w, uint32_t n)
{
    uint32_t tail = 0, head;

    for (uint32_t k = 0; k < n; k++) {
        if (w->m[k].to == w->m[k].from && w->m[k].to != MOVE_OUTSIDE) {
            w->m[k].to = w->m[k].from = MOVE_HELD;
            continue;
        }
        read_starts(w, k);
        if (w->m[k].to != MOVE_OUTSIDE)
            w->writer[w->m[k].to] = k + 1;
    }
    for (uint32_t k = 0; k < n; k++)
        if (w->m[k].to != MOVE_HELD && (w->m[k].to == MOVE_OUTSIDE || !w->readers[w->m[k].to]))
            w->queue[tail++] = k;
    head = tail = drain(w, 0, tail);
    for (uint32_t k = 0; k < n; k++) {
        if (w->m[k].to == MOVE_HELD)
            continue;
        uint32_t s = w->m[k].from;
        if (w->m[k].to < w->nswap && s < w->nswap) {
            swap(w, k);
            continue;
        }
        w->step(w->ctx, MOVE_SAVE, k, s);
        read_ends(w, k);
        w->m[k].from = MOVE_HELD;
        w->queue[tail++] = w->writer[s] - 1;
        head = tail = drain(w, head, tail);
    }
}
