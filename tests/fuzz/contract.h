/*
 * contract.h - what holds for every text of an interface, whoever wrote it: the parser ends with
 * words and a place, or the table that is made keeps within a message and its states. For the unit
 * test and the fuzzer.
 */
#ifndef TESTS_FUZZ_CONTRACT_H
#define TESTS_FUZZ_CONTRACT_H

#include <stdlib.h>
#include <string.h>
#include "kernel/contract.h"

static inline bool part_good(const struct contract *c, const struct contract_part *p)
{
    bool good = p->min <= MSG_BYTES_MAX && p->min + p->span <= MSG_BYTES_MAX && p->unit >= 1
        && p->span % p->unit == 0 && p->handles + p->more <= MSG_HANDLES_MAX;

    for (unsigned i = 0; i < p->handles + p->more && good; i++)
        good = p->carries[i] < CARRIES_IFACE + c->nids;
    return good;
}

static inline bool state_good(const struct contract *c, uint8_t s)
{
    return s == WIT_KEEP || s < c->nstates;
}

static inline bool op_good(const struct contract *c, const struct contract_op *o)
{
    uint32_t none = c->nstates < 32 ? UINT32_MAX << c->nstates : 0;

    return part_good(c, &o->request) && o->request.min >= 4 && o->way <= WAY_EVENT
        && (o->way != WAY_CALL || (part_good(c, &o->answer) && o->answer.min >= 4))
        && o->from && (o->from == UINT32_MAX || !(o->from & none)) && state_good(c, o->during)
        && state_good(c, o->to) && state_good(c, o->error)
        && (o->way == WAY_CALL || (o->during == WIT_KEEP && o->error == WIT_KEEP));
}

/* The table of a text that was taken apart; what is wrong with it, or NULL. Frees nothing of w. */
static inline const char *table_problem(const struct wit *w, const char *text, size_t n,
                                        struct contract **table)
{
    static const uint8_t id[32] = { 1 };
    size_t size = contract_size(w, n);
    struct contract *c = calloc(1, size);

    if (!contract_make(w, text, n, id, c)) {
        free(c);
        *table = NULL;
        return NULL;            /* more interfaces than it may name */
    }
    *table = c;
    if (c->nops > WIT_OPS_MAX || c->nstates < 1 || c->nstates > WIT_STATES_MAX
            || c->nids > CONTRACT_IDS_MAX || !c->name.len || c->name.len > WIT_NAME_MAX
            || memcmp(c->id, id, 32) != 0)
        return "counts or name";
    for (uint32_t i = 0; i < c->nops; i++) {
        if (!op_good(c, &c->op[i]))
            return "an operation";
        if (c->op_name[i].s < (char *)c || c->op_name[i].s + c->op_name[i].len > (char *)c + size)
            return "a name outside of the table";
    }
    return NULL;
}

static inline const char *no_other(void *ctx, struct wit_name name)
{
    return name.s[0] == 'q' ? NULL
        : "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
}

/* Tables apart from the copies of the text that they point to. */
static inline bool same_table(const struct contract *a, const struct contract *b)
{
    return a->nops == b->nops && a->nstates == b->nstates && a->nids == b->nids
        && !memcmp(a->op, b->op, a->nops * sizeof a->op[0])
        && !memcmp(a->ids, b->ids, a->nids * 32);
}

/* Takes n bytes apart as a canonical text, and as the source of one. NULL, or what is wrong. */
static inline const char *text_problem(const char *text, size_t n, bool *taken)
{
    struct wit *w = malloc(sizeof *w);
    struct contract *one = NULL, *two = NULL;
    struct wit_source src = { .id_of = no_other, .cap = 80 * n + 80 };
    const char *wrong = NULL;

    src.canon = malloc(src.cap);
    *taken = wit_parse(w, text, n, NULL);
    if (*taken)
        wrong = table_problem(w, text, n, &one);
    else if (!w->error[0] || w->error_at > n)
        wrong = "an error without words or place";
    if (!wrong && wit_parse(w, text, n, &src)) {
        wrong = table_problem(w, text, n, &two);
        free(one);
        one = NULL;
        if (!wrong && src.ncanon <= WIT_TEXT_MAX) {
            if (!wit_parse(w, src.canon, src.ncanon, NULL))
                wrong = "the canonical text of a source that is good is refused";
            else if (!(wrong = table_problem(w, src.canon, src.ncanon, &one)) && one && two
                     && !same_table(one, two))
                wrong = "the canonical text means something else";
        }
    } else if (!wrong && (!w->error[0] || w->error_at > n)) {
        wrong = "an error without words or place";
    }
    free(one);
    free(two);
    free(src.canon);
    free(w);
    return wrong;
}

#endif
