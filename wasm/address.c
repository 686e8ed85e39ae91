/*
 * address.c - pass_address: constants in addresses become displacements, so that [r15 + x + k] is
 * one operand and no addition of its own.
 *
 * An address is the 32-bit sum x + k, which wraps; a displacement is added with 64 bits. [x + k]
 * may become [x] + k where the two never differ in what they do. Three reasons:
 *
 *  1. x + k does not wrap, by the range of x (range.c).
 *
 *  2. -64 KiB <= k < 0 and there is no static offset. If x >= -k, nothing wraps. If x < -k, the
 *     wrapped address is at least 2^32 - 64 KiB. No memory is that large (WASM_TOP_PAGES), so the
 *     access must trap. So it does: base + x + k lies in the guard of 64 KiB below the memory
 *     (WASM_GUARD_BELOW), or begins there.
 *
 *  3. An access of n bytes at [x] + c succeeds or there will be a trap before anything else can be
 *     seen. If it succeeds, x + c + n <= 2^32 - 64 KiB, so x + k < 2^32 for all k < 64 KiB + c + n;
 *     and x >= -c. This holds where the access dominates; and before it in one block, if there is
 *     nothing between but loads and what can neither trap nor be seen: should x be too large, the
 *     one or the other access faults, and both give the same trap.
 *
 * Where none holds, the sum v = x + k is computed; then [x + j] is [v] + (j - k) by 2 or 3.
 *
 * No proof is what keeps an access inside of the memory's reservation: x has 32 bits and every
 * displacement is within -64 KiB .. 2 GiB.
 *
 * Needs: no aliases, loops, dominators. Leaves additions that nobody uses.
 */
#include "wasm/build.h"
#include "wasm/range.h"

enum { CHAIN = 4 };

/* What is known of a value that stands in addresses. */
struct fact {
    uint32_t block;         /* where an access to it succeeds, 0 = none does */
    uint32_t reach, low;    /* then value + reach < 2^32 and value >= low */
    uint32_t sum, block_of_sum;     /* the last sum = value + k that was computed for an access */
    int64_t k;
};

struct address {
    struct ir_func *f;
    uint32_t block;
    uint8_t *carried;       /* per value: goes round a loop */
    uint32_t *at;           /* per value: its fact */
    struct fact *facts; uint32_t nfacts, cap_facts;
};

static struct fact *fact_of(struct address *s, uint32_t v)
{
    if (!s->at[v]) {
        GROW(s->f->temp, s->facts, s->nfacts, s->cap_facts, 1);
        s->facts[s->nfacts] = (struct fact){ 0 };
        s->at[v] = s->nfacts++;
    }
    return &s->facts[s->at[v]];
}

/* v = x + k; a value that goes round a loop stays, or it would take a register beside x. */
static uint32_t strip(const struct address *s, uint32_t v, int64_t *k)
{
    const struct ir_ins *n = s->f->ins;
    uint32_t sum = 0;
    for (unsigned i = 0; i < CHAIN && n[v].op == IR_ADD && n[v].type == T_I32 && !s->carried[v] &&
         n[n[v].b].op == IR_CONST; i++) {
        sum += n[n[v].b].b;
        v = n[v].a;
    }
    *k = (int32_t)sum;
    return v;
}

static uint32_t access_size(const struct ir_func *f, const struct ir_ins *x)
{
    static const uint8_t sizes[] = { 0, 1, 1, 2, 2, 4, 4 };
    uint8_t type = x->op == IR_LOAD ? x->type : f->ins[x->b].type;
    if (x->aux & 15)
        return sizes[x->aux & 15];
    return type == T_V128 ? 16 : type == T_I64 || type == T_F64 ? 8 : 4;
}

static bool holds(const struct address *s, const struct fact *k)
{
    return k->block && ir_dominates(s->f, k->block, s->block);
}

/* Access x succeeds: what that says of its address (reason 3). */
static void note(struct address *s, const struct ir_ins *x)
{
    struct fact *k = fact_of(s, x->a);
    int64_t c = (int32_t)x->c, reach = WASM_PAGE - 1 + c + access_size(s->f, x);
    if (reach > UINT32_MAX)
        reach = UINT32_MAX;
    uint32_t far = reach > 0 ? (uint32_t)reach : 0, low = c < 0 ? (uint32_t)-c : 0;
    if (!holds(s, k)) {
        k->block = s->block;
        k->reach = far;
        k->low = low;
    } else if (far > k->reach + WASM_PAGE / 2 || low > k->low) {
        k->block = s->block;
        k->reach = far > k->reach ? far : k->reach;
        k->low = low > k->low ? low : k->low;
    }
}

/* [x->a] becomes [root] + k, if that is a displacement. */
static bool move(struct ir_ins *x, uint32_t root, int64_t k)
{
    int64_t c = (int32_t)x->c + k;
    if (c < -(int64_t)WASM_PAGE || c > INT32_MAX)
        return false;
    x->a = root;
    x->c = (uint32_t)c;
    return true;
}

/* By reason 1 or 2? */
static bool fold_alone(struct address *s, struct ir_ins *x)
{
    int64_t k;
    uint32_t root = strip(s, x->a, &k);
    if (root == x->a)
        return true;
    struct range r = range_unsigned(range_of(s->f, root));
    bool fits = r.lo + k >= 0 && r.hi + k <= UINT32_MAX;
    return (fits || (k < 0 && x->c == 0)) && move(x, root, k);
}

/* Is [v + k] + c the same as [v] + (k + c)? */
static bool known(const struct address *s, const struct fact *v, int64_t k, uint32_t c)
{
    if (k < 0 && c == 0)
        return true;
    return holds(s, v) && (k < 0 ? v->low >= -k : v->reach >= k);
}

/* By reason 3, or relative to another sum of this block? If not, it is computed. */
static void fold_beside(struct address *s, struct ir_ins *x)
{
    int64_t k;
    uint32_t root = strip(s, x->a, &k);
    struct fact *of = fact_of(s, root);
    if (known(s, of, k, x->c) && move(x, root, k))
        return;
    if (of->block_of_sum == s->block) {
        int64_t d = k - of->k;
        uint32_t sum = of->sum;
        if (known(s, fact_of(s, sum), d, x->c) && move(x, sum, d))
            return;
    }
    of = fact_of(s, root);
    of->sum = x->a;
    of->k = k;
    of->block_of_sum = s->block;
}

static bool is_access(const struct ir_ins *x)
{
    return x->op == IR_LOAD || x->op == IR_STORE;
}

/* Does nothing before i show if i traps? */
static bool ends_run(const struct address *s, const struct ir_ins *x)
{
    if (x->op == IR_LOAD)
        return s->f->o && s->f->o->volatile_mem;
    return ir_op_mode(x->op) & (M_WRITE | M_TRAP);
}

/* The instructions from i to the next that can be seen: first all that is certain. Returns what is
 * behind. */
static uint32_t do_run(struct address *s, uint32_t first)
{
    struct ir_ins *n = s->f->ins;
    uint32_t i, end = 0;
    for (i = first; i && !end; i = n[i].next) {
        if (is_access(&n[i]) && fold_alone(s, &n[i]))
            note(s, &n[i]);
        if (ends_run(s, &n[i]))
            end = i;
    }
    uint32_t behind = i;
    for (i = first; i != behind; i = n[i].next) {
        int64_t k;
        if (!is_access(&n[i]) || strip(s, n[i].a, &k) == n[i].a)
            continue;
        fold_beside(s, &n[i]);
        note(s, &n[i]);
    }
    return behind;
}

static void mark_carried(struct address *s)
{
    const struct ir_func *f = s->f;
    for (uint32_t b = 1; b < f->nblocks; b++)
        for (uint32_t v = f->blocks[b].header ? f->blocks[b].first : 0;
             v && f->ins[v].op == IR_PHI; v = f->ins[v].next)
            for (uint32_t i = 0; i < f->ins[v].b; i++)
                s->carried[f->args[f->ins[v].a + i]] = 1;
}

void pass_address(struct ir_func *f)
{
    struct address s = { .f = f, .nfacts = 1 };
    range_loops(f);
    s.at = arena_alloc(f->temp, f->nins * sizeof *s.at);
    s.carried = arena_alloc(f->temp, f->nins);
    GROW(f->temp, s.facts, 0, s.cap_facts, 1);
    mark_carried(&s);
    for (uint32_t b = 1; b < f->nblocks; b++) {
        s.block = b;
        for (uint32_t i = f->blocks[b].first; i; )
            i = do_run(&s, i);
    }
}
