/*
 * contract.c - makes the table of an interface (contract.h), and the part of its look-up that only
 * messages with handles need.
 */
#include "kernel/contract.h"
#include "kernel/string.h"

struct maker { struct contract *c; uint8_t (*ids)[32]; bool full; };

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The number of an interface among those that handles are to. */
static uint8_t intern(struct maker *m, const char *hex)
{
    uint8_t id[32];
    uint32_t i;

    for (i = 0; i < 32; i++)
        id[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    for (i = 0; i < m->c->nids; i++)
        if (memcmp(m->ids[i], id, 32) == 0)
            return (uint8_t)i;
    if (i == CONTRACT_IDS_MAX) {
        m->full = true;
        return 0;
    }
    memcpy(m->ids[m->c->nids++], id, 32);
    return (uint8_t)i;
}

static uint8_t carries(struct maker *m, const struct wit_type *t)
{
    unsigned kind;

    if (t->id)
        return (uint8_t)(CARRIES_IFACE + intern(m, t->id));
    kind = wit_handle_kind(t->name);
    return kind ? (uint8_t)kind : CARRIES_SELF;
}

static void part(struct maker *m, const struct wit *w, const struct wit_fields *list,
                 struct contract_part *p)
{
    uint32_t room = list->size < MSG_BYTES_MAX ? MSG_BYTES_MAX - list->size : 0, n = 0;

    p->min = (uint16_t)list->size;
    p->unit = 1;
    for (uint32_t i = list->first; i < (uint32_t)list->first + list->count; i++) {
        const struct wit_type *t = &w->field[i].type;
        if (t->kind == WIT_TRAILING) {
            p->unit = (uint16_t)t->size;
            p->span = (uint16_t)(t->most < room / t->size ? t->most * t->size
                                 : room / t->size * t->size);
        } else if (t->kind == WIT_HANDLE) {
            p->carries[n++] = carries(m, t);
            *(t->optional ? &p->more : &p->handles) += 1;
        }
    }
}

size_t contract_size(const struct wit *w, size_t n)
{
    return sizeof(struct contract) + w->nops * sizeof(struct contract_op)
        + (w->nops + w->nstates) * sizeof(struct wit_name) + CONTRACT_IDS_MAX * 32 + n;
}

/* A name of the text that was taken apart, in the copy that stays. */
static struct wit_name moved(struct wit_name n, const char *from, const char *to)
{
    return n.len ? (struct wit_name){ to + (n.s - from), n.len } : n;
}

struct contract *contract_make(const struct wit *w, const char *text, size_t n,
                               const uint8_t id[32], void *at)
{
    struct contract *c = at;
    struct wit_name *names = (void *)&c->op[w->nops];
    struct maker m = { .c = c, .ids = (void *)(names + w->nops + w->nstates) };
    char *copy = (char *)(m.ids + CONTRACT_IDS_MAX);

    memcpy(copy, text, n);
    memcpy(c->id, id, 32);
    c->name = moved(w->name, text, copy);
    c->nops = w->nops;
    c->nstates = w->nstates;
    c->op_name = names;
    c->state_name = names + w->nops;
    c->ids = m.ids;
    for (uint32_t i = 0; i < w->nstates; i++)
        names[w->nops + i] = moved(w->state[i], text, copy);
    for (uint32_t i = 0; i < w->nops; i++) {
        const struct wit_op *o = &w->op[i];
        names[i] = moved(o->name, text, copy);
        part(&m, w, &o->request, &c->op[i].request);
        if (o->answered)
            part(&m, w, &o->answer, &c->op[i].answer);
        c->op[i].from = o->from;
        c->op[i].way = o->event ? WAY_EVENT : o->answered ? WAY_CALL : WAY_SEND;
        c->op[i].during = o->during;
        c->op[i].to = o->to;
        c->op[i].error = o->error;
    }
    return m.full ? NULL : c;
}

int32_t contract_check_handle(const struct contract *c, const struct contract_part *p, uint32_t i,
                              unsigned kind, const uint8_t *id)
{
    uint8_t want = p->carries[i];

    if (want < CARRIES_SELF)
        return kind == want ? 0 : ERR_HANDLE_KIND;
    if (kind != HANDLE_CHANNEL || !id)
        return ERR_HANDLE_KIND;
    return memcmp(id, want == CARRIES_SELF ? c->id : c->ids[want - CARRIES_IFACE], 32) == 0
        ? 0 : ERR_HANDLE_KIND;
}
