/*
 * wit_note.c - notes in an interface's text: in which states of a channel an operation may be sent
 * and where it leads, who sends it, how long its list may be. sips/iface/README.md says what they
 * mean.
 */
#include "kernel/wit_parser.h"
#include "kernel/abi.h"
#include "kernel/string.h"

static const struct wit_name none = { "", 0 };

/* The number of the state that is named next. */
static uint8_t state_name(struct parser *ps)
{
    const char *at = ps->tok.s;
    struct wit_name n = token_name(ps);

    for (uint32_t i = 0; !ps->failed && i < ps->w->nstates; i++)
        if (name_same(ps->w->state[i], n))
            return (uint8_t)i;
    token_fail(ps, at, "unknown state '%'; name it in `/// @states ..` in front of the interface",
               n);
    return 0;
}

void note_states(struct parser *ps)
{
    struct wit *w = ps->w;

    w->nstates = 0;
    do {
        const char *at = ps->tok.s;
        struct wit_name n = token_name(ps);
        for (uint32_t i = 0; i < w->nstates; i++)
            if (name_same(w->state[i], n))
                token_fail(ps, at, "'%' is here twice", n);
        if (w->nstates == WIT_STATES_MAX)
            token_fail(ps, at, "more than 32 states", none);
        if (ps->failed)
            return;
        w->state[w->nstates++] = n;
    } while (!token_is(ps, ";"));
}

/* FROM ,.. [-> DURING] [-> TO] [| ERROR] */
static void order(struct parser *ps, struct notes *n)
{
    const char *at = ps->tok.s;
    struct wit_op *o = &n->op;
    uint8_t from, first, second;

    if (n->state)
        token_fail(ps, at, "one @state an operation; several states are @state A, B", none);
    n->state = true;
    o->from = 0;
    do
        o->from |= 1u << (from = state_name(ps));
    while (token_accept(ps, ","));
    if (!token_accept(ps, "->"))
        return;
    first = state_name(ps);
    if (token_accept(ps, "->")) {
        second = state_name(ps);
        o->during = first;
        o->to = second;
        o->error = from;
        if (!token_is(ps, "|") && (o->from & (o->from - 1)))
            token_fail(ps, at, "which state after an answer that is an error? Say it: .. | STATE",
                       none);
    } else {
        o->to = first;
    }
    if (token_accept(ps, "|"))
        o->error = state_name(ps);
}

void note_read(struct parser *ps, struct notes *n)
{
    const char *at = ps->tok.s;
    struct wit_name what = ps->tok;

    if (token_accept(ps, "@event")) {
        n->event = true;
    } else if (token_accept(ps, "@state")) {
        order(ps, n);
    } else if (token_accept(ps, "@max")) {
        n->max_of = token_name(ps);
        n->max = token_number(ps, MSG_BYTES_MAX, "a number of elements from 1 to 8192");
    } else {
        token_fail(ps, at, "unknown note '%'; there are @state, @event, @max, and @states in front "
                   "of the interface", what);
    }
    token_expect(ps, ";");
}

/* @max NAME N: of the string or list of the request or the answer. */
void note_limit(struct parser *ps, const struct wit_fields *list, struct notes *n)
{
    struct wit_field *f = ps->w->field + list->first;

    for (uint32_t i = 0; n->max_of.len && i < list->count; i++)
        if (f[i].type.kind == WIT_TRAILING && name_same(f[i].name, n->max_of)) {
            f[i].type.most = n->max;
            n->max_of.len = 0;
        }
}

static uint32_t bit(uint8_t state)
{
    return state == WIT_KEEP ? 0 : 1u << state;
}

void note_check_states(struct parser *ps)
{
    const struct wit *w = ps->w;
    uint32_t reached = 1, before;

    do {
        before = reached;
        for (uint32_t i = 0; i < w->nops; i++)
            if (w->op[i].from & reached)
                reached |= bit(w->op[i].during) | bit(w->op[i].to) | bit(w->op[i].error);
    } while (reached != before);
    for (uint32_t i = 0; i < w->nstates; i++)
        if (!(reached >> i & 1))
            token_fail(ps, w->state[i].s, "no operation leads to state '%'", w->state[i]);
}
