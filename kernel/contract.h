/*
 * contract.h - what may pass through a channel of an interface: a flat table, and the look-up that
 * every message takes.
 *
 * Pure: the table is made of an interface's text (wit.h) and is constant; the state of the protocol
 * is a byte that whoever asks keeps. Needs only stdint, and links into host programs, too.
 */
#ifndef KERNEL_CONTRACT_H
#define KERNEL_CONTRACT_H

#include "kernel/abi.h"
#include "kernel/wit.h"

#define CONTRACT_IDS_MAX 16u        /* other interfaces that handles in messages may be to */

/* Who sends, and how: a message goes one of four ways. */
enum contract_way {
    WAY_SEND = 0, WAY_CALL = 1,     /* the client */
    WAY_EVENT = 2,                  /* the handler sends */
    WAY_BACK = 3,                   /* the handler calls: no interface has that */
};

/* What a handle in a message must be. Below: of that enum handle_kind. */
enum contract_handle {
    CARRIES_SELF = WIT_HANDLE_KINDS,    /* the client's end of a channel of this interface */
    CARRIES_IFACE,                  /* this + i: the same of interface ids[i] */
};

/* One direction of an operation. */
struct contract_part {
    uint16_t min, span;             /* bytes: min to min + span */
    uint16_t unit;                  /* those beyond min come in pieces of so many */
    uint8_t handles, more;          /* handles: so many, and `more` that may be missing */
    uint8_t carries[WIT_HANDLES_MAX];   /* enum contract_handle */
};

struct contract_op {
    struct contract_part request, answer;
    uint32_t from;                  /* bit s: it may be sent in state s */
    uint8_t way;                    /* enum contract_way */
    uint8_t during, to, error;      /* states, WIT_KEEP: unchanged; see struct wit_op */
};

struct contract {
    uint8_t id[32];
    uint32_t refs;                  /* the embedder's, like `next` */
    struct contract *next;
    uint32_t nops, nstates, nids;
    struct wit_name name;
    const struct wit_name *op_name, *state_name;
    const uint8_t (*ids)[32];
    struct contract_op op[];        /* operation n stands at n - 1 */
};

/* Bytes that contract_make needs for an interface whose canonical text has n bytes. */
size_t contract_size(const struct wit *w, size_t n);
/*
 * Makes the table in zeroed, 8-byte aligned memory `at`. w is the canonical text's, which is
 * copied. NULL: it names more interfaces than CONTRACT_IDS_MAX.
 */
struct contract *contract_make(const struct wit *w, const char *text, size_t n,
                               const uint8_t id[32], void *at);

static inline int32_t contract_part_check(const struct contract_part *p, uint32_t bytes,
                                          uint32_t handles)
{
    uint32_t more = bytes - p->min;

    if (more > p->span || (p->unit > 1 && more % p->unit))
        return ERR_SIZE;
    return handles - p->handles > p->more ? ERR_HANDLE_COUNT : 0;
}

/*
 * May operation `op`, with so many bytes (the op's four among them) and handles, be sent this way
 * in this state? 0 or, in this order, ERR_OPERATION, ERR_WAY, ERR_ORDER, ERR_SIZE,
 * ERR_HANDLE_COUNT.
 */
static inline int32_t contract_check(const struct contract *c, uint8_t state, unsigned way,
                                     uint32_t op, uint32_t bytes, uint32_t handles)
{
    const struct contract_op *o;

    if (op - 1 >= c->nops)
        return ERR_OPERATION;
    o = &c->op[op - 1];
    if (o->way != way)
        return ERR_WAY;
    if (!(o->from >> state & 1))
        return ERR_ORDER;
    return contract_part_check(&o->request, bytes, handles);
}

/* The same for an answer, whose status is its first four bytes. A status that is an error needs
 * nothing behind it, and brings no handles. */
static inline int32_t contract_check_answer(const struct contract *c, uint32_t op, int32_t status,
                                            uint32_t bytes, uint32_t handles)
{
    const struct contract_part *p = &c->op[op - 1].answer;

    if (status >= 0)
        return contract_part_check(p, bytes, handles);
    if (handles)
        return ERR_HANDLE_COUNT;
    return bytes == 4 ? 0 : contract_part_check(p, bytes, p->handles);
}

/* The state after the message: sent (or called and not answered yet), or answered. */
static inline uint8_t contract_next(const struct contract *c, uint8_t state, uint32_t op)
{
    const struct contract_op *o = &c->op[op - 1];
    uint8_t next = o->way == WAY_CALL ? o->during : o->to;

    return next == WIT_KEEP ? state : next;
}

static inline uint8_t contract_next_answer(const struct contract *c, uint8_t state, uint32_t op,
                                           int32_t status)
{
    uint8_t next = status < 0 ? c->op[op - 1].error : c->op[op - 1].to;

    return next == WIT_KEEP ? state : next;
}

/*
 * Is handle i of a message what the interface says? kind: enum handle_kind; id: of the interface of
 * the channel whose client's end it is, NULL: of none. 0 or ERR_HANDLE_KIND.
 */
int32_t contract_check_handle(const struct contract *c, const struct contract_part *p, uint32_t i,
                              unsigned kind, const uint8_t *id);

#endif
