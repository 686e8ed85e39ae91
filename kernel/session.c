/*
 * session.c - the contracts in use, and what they mean to the messages of a channel.
 *
 * A contract is shared by all manifests and channels that name its interface, and found by its id.
 * A channel of an interface is a session: the client's end keeps the state of the protocol. What
 * breaks a rule is refused before anything has moved; the sender gets the rule's error, and why, in
 * words, is kept for it (`why`) and logged, the first LOGGED times for each SIP.
 */
#include "kernel/kernel.h"
#include "kernel/lock.h"
#include "kernel/sha256.h"

#define LOGGED 8u

static struct contract *contracts;
static struct lock lock = LOCK(RANK_SPACE);     /* guards the list and counts of references */

/* ---- contracts in use ------------------------------------------------------------------------ */

struct contract *contract_ref(struct contract *c)
{
    if (c)
        __atomic_fetch_add(&c->refs, 1, __ATOMIC_RELAXED);
    return c;
}

static struct contract *find(const uint8_t id[32])
{
    struct contract *c = contracts;

    while (c && memcmp(c->id, id, 32) != 0)
        c = c->next;
    return contract_ref(c);
}

struct contract *contract_find(const uint8_t id[32])
{
    struct contract *c;

    lock_take(&lock);
    c = find(id);
    lock_drop(&lock);
    return c;
}

void contract_put(struct contract *c)
{
    struct contract **at = &contracts;
    bool last;

    if (!c)
        return;
    lock_take(&lock);
    last = __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) == 0;
    while (last && *at != c)
        at = &(*at)->next;
    if (last)
        *at = c->next;
    lock_drop(&lock);
    if (last)
        kfree(c);
}

/* The table of a text with this hash; NULL with *e and a reason. */
static struct contract *make(const char *text, size_t n, const uint8_t id[32], err_t *e,
                             char *reason, size_t nreason)
{
    struct wit *w = kmalloc(sizeof *w);
    struct contract *c = NULL;
    void *at;

    *e = ERR_NO_MEMORY;
    ksnprintf(reason, nreason, "out of memory for an interface");
    if (!w)
        return NULL;
    if (!wit_parse(w, text, n, NULL)) {
        *e = ERR_MODULE;
        ksnprintf(reason, nreason, "interface: byte %lu of its text: %s", w->error_at, w->error);
    } else if ((at = kzalloc(contract_size(w, n))) && !(c = contract_make(w, text, n, id, at))) {
        *e = ERR_MODULE;
        ksnprintf(reason, nreason, "interface: it names more than %u others", CONTRACT_IDS_MAX);
        kfree(at);
    }
    kfree(w);
    return c;
}

struct contract *contract_add(const char *text, size_t n, const uint8_t id[32], err_t *e,
                              char *reason, size_t nreason)
{
    struct contract *c = make(text, n, id, e, reason, nreason), *other;

    if (!c)
        return NULL;
    lock_take(&lock);
    if (!(other = find(id))) {
        c->refs = 1;
        c->next = contracts;
        contracts = c;
    }
    lock_drop(&lock);
    if (other)
        kfree(c);
    return other ? other : c;
}

/* ---- why ------------------------------------------------------------------------------------- */

static int bytes_words(const struct contract_part *p, char *to, size_t n)
{
    if (!p->span)
        return ksnprintf(to, n, "%u", p->min);
    if (p->unit == 1)
        return ksnprintf(to, n, "%u to %u", p->min, p->min + p->span);
    return ksnprintf(to, n, "%u to %u by %u", p->min, p->min + p->span, p->unit);
}

static void order_words(const struct contract *c, uint32_t from, uint8_t state, char *to, size_t n)
{
    size_t k = (size_t)ksnprintf(to, n, " is not allowed in state %.*s, but in",
                                 (int)c->state_name[state].len, c->state_name[state].s);

    for (uint32_t i = 0; i < c->nstates && k < n; i++)
        if (from >> i & 1)
            k += (size_t)ksnprintf(to + k, n - k, " %.*s", (int)c->state_name[i].len,
                                   c->state_name[i].s);
}

static void way_words(unsigned right, char *to, size_t n)
{
    ksnprintf(to, n, right == WAY_CALL ? " is the client's, with call"
              : right == WAY_SEND ? " is the client's, with send"
              : " is the handler's, with send");
}

static void kind_words(const struct contract *c, const struct contract_part *p, uint32_t i,
                       char *to, size_t n)
{
    uint8_t want = p->carries[i];
    const uint8_t *id = want >= CARRIES_IFACE ? c->ids[want - CARRIES_IFACE] : c->id;

    if (want < CARRIES_SELF)
        ksnprintf(to, n, ": handle[%u] has to be of kind %s", i, wit_handle_names[want]);
    else
        ksnprintf(to, n, ": handle[%u] has to be the client's end of a channel of interface "
                  "%02x%02x%02x%02x..", i, id[0], id[1], id[2], id[3]);
}

/* What a message was when it broke a rule. */
struct breach {
    uint32_t op, bytes, handles, bad;   /* bad: which handle is of the wrong kind */
    uint8_t state;
    bool answer;
};

static void rule_words(const struct contract *c, const struct breach *b, err_t rule, char *to,
                       size_t n)
{
    const struct contract_op *o = &c->op[b->op - 1];
    const struct contract_part *p;
    char size[40];

    if (rule == ERR_OPERATION) {
        ksnprintf(to, n, "there is no operation %u, but 1 to %u", b->op, c->nops);
        return;
    }
    p = b->answer ? &o->answer : &o->request;
    to += ksnprintf(to, n, "%.*s%s", (int)c->op_name[b->op - 1].len, c->op_name[b->op - 1].s,
                    b->answer ? "'s answer" : "");
    n -= WIT_NAME_MAX + 10;
    bytes_words(p, size, sizeof size);
    if (rule == ERR_ORDER)
        order_words(c, o->from, b->state, to, n);
    else if (rule == ERR_WAY)
        way_words(o->way, to, n);
    else if (rule == ERR_SIZE)
        ksnprintf(to, n, " has %s bytes, not %u", size, b->bytes);
    else if (rule == ERR_HANDLE_COUNT)
        ksnprintf(to, n, " has %u to %u handles, not %u", p->handles, p->handles + p->more,
                  b->handles);
    else
        kind_words(c, p, b->bad, to, n);
}

/* Keeps and logs why; returns the rule's error. ERR_HANDLE is no rule of the contract's. */
static err_t refuse(struct sip *s, const struct contract *c, const struct breach *b, err_t rule)
{
    if (rule == ERR_HANDLE)
        return rule;
    lock_take(&s->lock);
    if (!s->why)
        s->why = kzalloc(WHY_MAX);
    if (!s->why) {
        lock_drop(&s->lock);
        return rule;
    }
    ksnprintf(s->why, WHY_MAX, "%.*s: ", (int)c->name.len, c->name.s);
    rule_words(c, b, rule, s->why + c->name.len + 2, WHY_MAX - c->name.len - 2);
    if (s->breaches++ < LOGGED)
        kprintf("%s (pid %u): refused: %s\n", s->name, s->pid, s->why);
    lock_drop(&s->lock);
    return rule;
}

/* ---- messages -------------------------------------------------------------------------------- */

static uint8_t *state_of(struct endpoint *e)
{
    return e->handler && e->peer ? &e->peer->state : &e->state;
}

/* Are all handles what they have to be? *bad: the first that is not. ERR_HANDLE: s has it no more,
 * and of an end that is closed the contract may be gone. The locks of the objects are held, but for
 * calls of the kernel, whose interfaces want handles of a kind, and of no contract. */
static err_t check_handles(const struct sip *s, const struct contract *c,
                           const struct contract_part *p, const struct parcel *parcel,
                           uint32_t *bad)
{
    for (uint32_t i = 0; i < parcel->nobj; i++) {
        const struct object *o = parcel->obj[i];
        const struct endpoint *e = container_of(o, struct endpoint, o);
        bool typed = o->kind == HANDLE_CHANNEL && e->contract && !e->handler;
        if (guess(o->owner) != s)
            return ERR_HANDLE;
        *bad = i;
        if (contract_check_handle(c, p, i, o->kind, typed ? e->contract->id : NULL) < 0)
            return ERR_HANDLE_KIND;
    }
    return 0;
}

/* The first word of a parcel: 0 if there is none. */
static err_t first_word(const struct parcel *p, uint32_t *word)
{
    *word = 0;
    return p->len < 4 || copy_checked(word, p->data, 4) ? 0 : ERR_NO_MEMORY;
}

err_t session_check(struct sip *s, struct endpoint *e, struct parcel *p, bool call)
{
    const struct contract *c = e->contract;
    struct breach b = { .bytes = p->len, .handles = p->nobj, .state = *state_of(e) };
    err_t r;

    if ((r = first_word(p, &b.op)) < 0)
        return r;
    r = contract_check(c, b.state, (e->handler ? WAY_EVENT : WAY_SEND) | call, b.op, p->len,
                       p->nobj);
    if (r >= 0 && p->nobj)
        r = check_handles(s, c, &c->op[b.op - 1].request, p, &b.bad);
    if (r < 0)
        return refuse(s, c, &b, r);
    p->checked = true;
    p->op = p->word = b.op;
    p->next = contract_next(c, b.state, b.op);
    return 0;
}

err_t session_check_answer(struct sip *s, struct endpoint *caller, uint32_t op, struct parcel *p)
{
    const struct contract *c = caller->contract;
    struct breach b = { .op = op, .bytes = p->len, .handles = p->nobj, .answer = true,
                        .state = caller->state };
    uint32_t status;
    err_t r;

    if ((r = first_word(p, &status)) < 0)
        return r;
    r = contract_check_answer(c, op, (int32_t)status, p->len, p->nobj);
    if (r >= 0 && p->nobj)
        r = check_handles(s, c, &c->op[op - 1].answer, p, &b.bad);
    if (r < 0)
        return refuse(s, c, &b, r);
    p->checked = true;
    p->word = status;
    p->next = contract_next_answer(c, b.state, op, (int32_t)status);
    return 0;
}

void session_move(struct endpoint *e, const struct parcel *p)
{
    *state_of(e) = p->next;
}
