/*
 * moves.c - wasm/moves.c on a model of places: every function from five places to five places or a
 * constant,
 * with none to five of them exchangeable, then random larger sets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wasm/moves.h"

enum { MOST = 200, CONSTANT = 1000 };

struct model {
    struct place_move sets[MOST];
    uint32_t at[MOST], outside[MOST], scratch, held, nouts;
    const char *bad;
};

static uint32_t arrays[3][MOST], queue[MOST];
static struct place_move moves[MOST];

static void step(void *ctx, int kind, uint32_t k, uint32_t from)
{
    struct model *s = ctx;
    uint32_t to = s->sets[k].to, v = from == MOVE_OUTSIDE ? CONSTANT + k : from < MOST
        ? s->at[from] : 0;

    switch (kind) {
    case MOVE_STEP:
        if (to == MOVE_OUTSIDE)
            s->outside[k] = v;
        else
            s->at[to] = v;
        break;
    case MOVE_SWAP:
        v = s->at[to];
        s->at[to] = s->at[from];
        s->at[from] = v;
        break;
    case MOVE_SAVE:
        if (s->held)
            s->bad = "the scratch register is in use";
        s->scratch = v;
        s->held = 1;
        break;
    default:
        if (!s->held)
            s->bad = "nothing was saved";
        s->held = 0;
        s->at[to] = s->scratch;
    }
}

/* runs one set and compares with what should be everywhere */
static int run(const struct place_move *set, uint32_t n, uint32_t places, uint32_t nswap)
{
    struct model s = { .bad = NULL };
    struct moves w = { .m = moves, .queue = queue, .readers = arrays[0], .reader = arrays[1],
                       .writer = arrays[2], .nswap = nswap, .step = step, .ctx = &s };
    uint32_t want[MOST];

    for (uint32_t p = 0; p < places; p++)
        want[p] = s.at[p] = p;
    memcpy(s.sets, set, n * sizeof *set);
    memcpy(moves, set, n * sizeof *set);
    for (uint32_t k = 0; k < n; k++)
        if (set[k].to != MOVE_OUTSIDE)
            want[set[k].to] = set[k].from == MOVE_OUTSIDE ? CONSTANT + k : set[k].from;
    moves_run(&w, n);
    for (uint32_t p = 0; p < places && !s.bad; p++)
        if (s.at[p] != want[p])
            s.bad = "a place holds the wrong value";
    for (uint32_t k = 0; k < n && !s.bad; k++)
        if (set[k].to == MOVE_OUTSIDE
            && s.outside[k] != (set[k].from == MOVE_OUTSIDE ? CONSTANT + k : set[k].from))
            s.bad = "the wrong value left";
    for (uint32_t p = 0; p < places && !s.bad; p++)
        if (arrays[0][p] || arrays[1][p] || arrays[2][p])
            s.bad = "the tables are not clean";
    if (s.held)
        s.bad = "a value is left in the scratch register";
    if (!s.bad)
        return 1;
    printf("# %s, %u exchangeable:", s.bad, nswap);
    for (uint32_t k = 0; k < n; k++)
        printf(" %d<-%d", (int)set[k].to, (int)set[k].from);
    printf("\n");
    return 0;
}

static int exhaustive(void)
{
    struct place_move set[5];
    int good = 1;

    for (uint32_t nswap = 0; nswap <= 5; nswap++)
        for (uint32_t f = 0; f < 7 * 7 * 7 * 7 * 7 && good; f++) {
            uint32_t x = f, n = 0;
            for (uint32_t p = 0; p < 5; p++, x /= 7)    /* 5: a constant, 6: no move */
                if (x % 7 < 6)
                    set[n++] = (struct place_move){ p, x % 7 < 5 ? x % 7 : MOVE_OUTSIDE };
            good = run(set, n, 5, nswap);
        }
    return good;
}

static int random_sets(void)
{
    struct place_move set[MOST];
    int good = 1;

    srand(1);
    for (int round = 0; round < 20000 && good; round++) {
        uint32_t places = 2 + (uint32_t)rand() % (MOST / 2), order[MOST], n = 0,
            outs = (uint32_t)rand() % 5;
        for (uint32_t p = 0; p < places; p++)
            order[p] = p;
        for (uint32_t p = places - 1; p > 0; p--) {
            uint32_t q = (uint32_t)rand() % (p + 1), t = order[p];
            order[p] = order[q];
            order[q] = t;
        }
        for (uint32_t p = 0; p < places; p++) {         /* mostly a permutation: long cycles */
            uint32_t from = rand() % 8 ? order[p] : (uint32_t)rand() % places;
            if (rand() % 16)
                set[n++] = (struct place_move){ p, rand() % 16 ? from : MOVE_OUTSIDE };
        }
        while (outs--)
            set[n++] = (struct place_move){ MOVE_OUTSIDE, (uint32_t)rand() % places };
        good = run(set, n, places, (uint32_t)rand() % 2 ? 0 : (uint32_t)rand() % places);
    }
    return good;
}

int main(void)
{
    int a = exhaustive(), b = random_sets();

    printf("1..2\n%sok 1 - all functions of five places\n%sok 2 - random sets\n", a ? "" : "not ",
           b ? "" : "not ");
    return !(a && b);
}
