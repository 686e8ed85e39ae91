/*
 * exception.c - exceptions at run time: the objects, and the walk to the handler.
 *
 * The normal path costs nothing. throw walks the frames by the images' site tables: a body's frame
 * has the size that its site says; an ext_entry's holds the caller's instance; an invoke thunk ends
 * the walk. At the first call that has a landing block, that block gets control with rsp as it was
 * at the call, r14 and r15 of its instance, and the exception in rax. Compiled code keeps
 * everything that a landing block reads in its frame, and saves all callee-saved registers in
 * functions that have one.
 *
 * Objects: an exception is on the list of one instance. It is freed when its handler cannot look at
 * it any more, which is known at the next landing there: whatever was caught by frames that are
 * gone, or by the same handler of the same frame before. One that became an exnref may be anywhere:
 * it is kept as long as the instance. Their number is bounded (EXN_LIMIT).
 */
#include "wasm/emit.h"
#include "wasm/instance.h"

#define EXN_LIMIT 65536u

struct wasm_exn {
    struct wasm_exn *next;
    struct wasm_instance *owner;
    const struct wasm_tag *tag;
    uintptr_t sp, pc;               /* of the handler that caught it; in flight: UINTPTR_MAX */
    uint64_t kept;                  /* an exnref may exist */
    union wasm_value v[];
};

static size_t exn_size(const struct wasm_exn *x)
{
    return sizeof *x + x->tag->type->nparams * sizeof *x->v;
}

static void unlink(struct wasm_exn *x)
{
    struct wasm_exn **p = x->kept ? &x->owner->kept : &x->owner->exns;

    while (*p != x)
        p = &(*p)->next;
    *p = x->next;
    x->owner->nexns--;
}

static void link(struct wasm_instance *in, struct wasm_exn *x)
{
    struct wasm_exn **p = x->kept ? &in->kept : &in->exns;

    x->owner = in;
    x->next = *p;
    *p = x;
    in->nexns++;
}

static void drop(struct wasm_exn *x)
{
    struct wasm_instance *in = x->owner;

    unlink(x);
    wasm_host_free(in, x, exn_size(x));
}

void exn_free_all(struct wasm_instance *in)
{
    while (in->exns)
        drop(in->exns);
    while (in->kept)
        drop(in->kept);
}

/* ---- what compiled code asks ----------------------------------------------------------------- */

void *rt_exn_new(struct wasm_instance *in, uint32_t tag)
{
    const struct wasm_tag *t = inst_tags(in)[tag].tag;
    struct wasm_exn *x;

    if (in->nexns >= EXN_LIMIT
            || !(x = wasm_host_alloc(in, sizeof *x + t->type->nparams * sizeof *x->v)))
        wasm_host_trap(in, WASM_TRAP_EXCEPTIONS);
    x->tag = t;
    x->sp = UINTPTR_MAX;
    link(in, x);
    return x;
}

void rt_exn_set_int(struct wasm_instance *in, void *exn, uint64_t v, uint32_t i)
{
    ((struct wasm_exn *)exn)->v[i].i64 = v;
}

void rt_exn_set_float(struct wasm_instance *in, void *exn, double v, uint32_t i)
{
    ((struct wasm_exn *)exn)->v[i].f64 = v;
}

void rt_exn_set_vec(struct wasm_instance *in, void *exn, exn_vec v, uint32_t i)
{
    memcpy(&((struct wasm_exn *)exn)->v[i], &v, sizeof v);
}

uint64_t rt_exn_get_int(struct wasm_instance *in, void *exn, uint32_t i)
{
    return ((struct wasm_exn *)exn)->v[i].i64;
}

double rt_exn_get_float(struct wasm_instance *in, void *exn, uint32_t i)
{
    return ((struct wasm_exn *)exn)->v[i].f64;
}

exn_vec rt_exn_get_vec(struct wasm_instance *in, void *exn, uint32_t i)
{
    exn_vec v;

    memcpy(&v, &((struct wasm_exn *)exn)->v[i], sizeof v);
    return v;
}

uint32_t rt_exn_match(struct wasm_instance *in, void *exn, uint32_t tag)
{
    return ((struct wasm_exn *)exn)->tag == inst_tags(in)[tag].tag;
}

void rt_exn_keep(struct wasm_instance *in, void *exn, uint32_t unused)
{
    struct wasm_exn *x = exn;

    if (x->kept)
        return;
    unlink(x);
    x->kept = 1;
    link(x->owner, x);
}

/* ---- the walk ------------------------------------------------------------------------------ */

/* A place in a stack: the next instruction and rsp, in code of this instance. */
struct place { struct wasm_instance *in; uintptr_t pc, sp; };

static uintptr_t word(uintptr_t at)
{
    return *(const uintptr_t *)at;
}

/* Up by one frame of `frame` bytes, to what called it. */
static void up(struct place *p, uint32_t frame)
{
    p->pc = word(p->sp + frame);
    p->sp += frame + 8;
}

/* Finds the landing block for an exception that comes out of the call before p: its address, or
 * 0. */
static uintptr_t find_landing(struct place *p)
{
    struct wasm_site site;

    for (;;) {
        /* maybe of an image that p->in does not have */
        if (*(const uint64_t *)p->pc == EXT_RETURN) {
            p->in = (struct wasm_instance *)word(p->sp + 16);
            up(p, 24);
            continue;
        }
        uintptr_t at = p->pc - (uintptr_t)p->in->code;
        if (at >= p->in->image->code_size
                || !wasm_image_site(p->in->image, (uint32_t)at, true, &site)
                || site.kind == WASM_SITE_INVOKE)
            return 0;
        if (site.kind == WASM_SITE_BODY && site.landing)
            return (uintptr_t)p->in->code + site.landing;
        if (site.kind == WASM_SITE_EXT)
            p->in = (struct wasm_instance *)word(p->sp + site.frame - 8);
        up(p, site.frame);
    }
}

/* The exception has got to a handler of this instance. */
static void settle(struct wasm_exn *exn, struct place *p, uintptr_t pc)
{
    for (struct wasm_exn *x = p->in->exns, *next; x; x = next) {
        next = x->next;
        if (x != exn && (x->sp < p->sp || (x->sp == p->sp && x->pc == pc)))
            drop(x);
    }
    if (exn->owner != p->in && !exn->kept) {
        unlink(exn);
        link(p->in, exn);
    }
    exn->sp = p->sp;
    exn->pc = pc;
}

typedef void resume_fn(uintptr_t sp, void *exn, uintptr_t pc, struct wasm_instance *in);

void rt_throw(struct wasm_instance *in, void *exn, uint32_t unused)
{
    uintptr_t *frame = __builtin_frame_address(0);      /* saved rbp, then where we return to */
    struct place p = { in, frame[1], (uintptr_t)(frame + 2) };
    struct wasm_exn *x = exn;

    if (!x)
        wasm_host_trap(in, WASM_TRAP_NULL_EXN);
    uintptr_t pc = find_landing(&p);
    if (!pc) {
        if (!x->kept)
            drop(x);
        wasm_host_trap(in, WASM_TRAP_EXCEPTION);
    }
    settle(x, &p, pc);
    resume_fn *resume = (resume_fn *)(p.in->code + p.in->image->resume);
    resume(p.sp, x, pc, p.in);
}
