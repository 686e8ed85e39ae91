/*
 * syscall.c - the system calls: one function for each row of SELKIE_CALLS (abi.h), called by
 * compiled code like any import.
 *
 * Each runs on the SIP's stack, which compiled code has checked to have STACK_KERNEL_NEED bytes
 * left; they are touched first, while a missing page can still be the SIP's own fault. On the way
 * out, sched_point() looks at what interrupts have recorded.
 */
#include "kernel/direct.h"
#include "kernel/kernel.h"

const char *err_text(err_t e)
{
    static const char *const text[] = {
#define X(name, words) [ERR_NUM_##name] = words,
        SELKIE_ERRORS(X)
#undef X
    };
    uint32_t n = (uint32_t)-e;

    return e < 0 && n < sizeof text / sizeof *text ? text[n] : "success";
}

static struct sip *enter(struct wasm_instance *in)
{
    stack_touch();
    return sip_of(in);
}

static err_t leave(err_t e)
{
    sched_point();
    return e;
}

static void sys_exit(struct wasm_instance *in, uint32_t status)
{
    stack_touch();
    sip_exit((int32_t)status);
}

int32_t sys_yield_slow(struct wasm_instance *in)
{
    stack_touch();
    sched_yield();
    return 0;
}

int32_t sys_send_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags)
{
    return leave(chan_send(enter(in), h, msg, flags));
}

int32_t sys_call_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline)
{
    return leave(chan_call(enter(in), h, msg, deadline));
}

int32_t sys_wait_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline)
{
    return leave(wait_message(enter(in), h, msg, deadline, NULL));
}

static int32_t sys_answer(struct wasm_instance *in, uint32_t token, uint32_t msg)
{
    return leave(chan_answer(enter(in), token, msg, false, NULL));
}

/* What is wrong with the answer itself is reported; that nobody takes it is not. */
int32_t sys_answer_wait_slow(struct wasm_instance *in, uint32_t token, uint32_t msg,
                             int64_t deadline)
{
    struct sip *s = enter(in);
    struct thread *caller = NULL;
    err_t e = chan_answer(s, token, msg, true, &caller);

    if (e < 0 && e != ERR_PEER && !caller)
        return leave(e);
    return leave(wait_message(s, 0, msg, deadline, caller));
}

/* A new channel, of interface c unless that is NULL. */
static err_t make_channel(struct sip *s, struct contract *c, uint32_t out)
{
    void *at = sip_range(s, out, 8);
    struct endpoint *end[2];
    uint32_t number[2];
    err_t e;

    if (!at)
        return ERR_MEMORY;
    lock_take(&s->lock);
    e = handle_reserve(s, 2, number);
    lock_drop(&s->lock);
    if (e < 0)
        return e;
    if ((e = chan_create(s, end)) >= 0 && !copy_checked(at, number, sizeof number)) {
        object_drop(&end[0]->o);
        object_drop(&end[1]->o);
        e = ERR_NO_MEMORY;
    }
    lock_take(&s->lock);
    if (e < 0) {
        handle_unreserve(s, 2, number);
    } else {
        if (c)
            chan_bind(end[1], end[0], c);
        handle_put(s, number[0], &end[0]->o);
        handle_put(s, number[1], &end[1]->o);
    }
    lock_drop(&s->lock);
    return e < 0 ? e : 0;
}

static int32_t sys_channel(struct wasm_instance *in, uint32_t out)
{
    return leave(make_channel(enter(in), NULL, out));
}

static int32_t sys_channel_of(struct wasm_instance *in, uint32_t n, uint32_t out)
{
    struct sip *s = enter(in);

    for (uint32_t i = 0; i < s->manifest->count; i++)
        if (s->manifest->res[i].contract && s->manifest->res[i].handle == n)
            return leave(make_channel(s, s->manifest->res[i].contract, out));
    return leave(ERR_HANDLE);
}

static int32_t sys_why(struct wasm_instance *in, uint32_t buf, uint32_t cap)
{
    struct sip *s = enter(in);
    void *at = sip_range(s, buf, cap);
    char why[WHY_MAX];
    uint32_t n;

    if (!at)
        return leave(ERR_MEMORY);
    lock_take(&s->lock);                /* another thread may break a rule just now */
    n = s->why ? (uint32_t)strlen(s->why) : 0;
    memcpy(why, s->why ? s->why : "", n);
    lock_drop(&s->lock);
    n = n < cap ? n : cap;
    if (n && !copy_checked(at, why, n))
        return leave(ERR_NO_MEMORY);
    return leave((err_t)n);
}

/* What is refused needs neither stack nor lock. */
static int32_t sys_close(struct wasm_instance *in, uint32_t h)
{
    if (!handle_get(sip_of(in), h, 0) && cpu_field(need_resched) == 0)
        return ERR_HANDLE;
    return leave(handle_close(enter(in), h));
}

/* Closes what stands at h, an end whose other one is closed: ERR_EXISTS if it is anything else, or
 * is so by now, for another thread may connect, too. */
static err_t close_dead(struct sip *s, uint32_t h)
{
    struct object *o = handle_get(s, h, 0);
    const struct endpoint *e = container_of(o, struct endpoint, o);
    bool same;

    if (!o)
        return 0;
    if (o->kind != HANDLE_CHANNEL || glance(e->peer) || e->kernel)
        return ERR_EXISTS;
    dwell(DWELL_DEAD, this_thread());
    lock_take(&s->lock);
    if ((same = handle_get(s, h, 0) == o))
        handle_end(o);
    lock_drop(&s->lock);
    if (same)
        object_drop(o);
    return 0;                           /* else it is free, or the next one finds it taken */
}

static int32_t sys_connect(struct wasm_instance *in, uint32_t h)
{
    struct sip *s = enter(in);
    err_t e;

    for (uint32_t i = 0; i < s->manifest->count; i++) {
        const struct resource *r = &s->manifest->res[i];
        if (r->kind != RES_USE || r->handle != h)
            continue;
        e = close_dead(s, h);
        return leave(e < 0 ? e : iface_connect(s, r));
    }
    return leave(ERR_HANDLE);
}

static int32_t sys_info(struct wasm_instance *in, uint32_t h, uint32_t out)
{
    struct sip *s = enter(in);
    struct object *o = handle_get(s, h, 0);
    struct handle_info info = { 0 };
    void *at = sip_range(s, out, sizeof info);

    if (!at)
        return leave(ERR_MEMORY);
    if (!o)
        return leave(ERR_HANDLE);
    if (o->kind == HANDLE_WINDOW)
        info = container_of(o, struct window, o)->info;
    info.kind = o->kind;
    if (info.kind == HANDLE_BLOCK && block_info(s, h, &info) < 0)
        return leave(ERR_HANDLE);
    return leave(copy_checked(at, &info, sizeof info) ? 0 : ERR_NO_MEMORY);
}

static int32_t sys_block(struct wasm_instance *in, uint32_t bytes)
{
    return leave(block_make(enter(in), bytes));
}

static int32_t sys_args(struct wasm_instance *in, uint32_t buf, uint32_t cap)
{
    struct sip *s = enter(in);
    uint32_t n = cap < s->args_len ? cap : s->args_len;
    void *at = sip_range(s, buf, cap);

    if (!at)
        return leave(ERR_MEMORY);
    if (n && !copy_checked(at, s->args, n))
        return leave(ERR_NO_MEMORY);
    return leave((err_t)s->args_len);
}

static int32_t sys_thread(struct wasm_instance *in, uint32_t arg)
{
    return leave(sip_thread(enter(in), arg));
}

static void sys_thread_end(struct wasm_instance *in)
{
    stack_touch();
    sip_thread_end();
}

static int32_t sys_sleep(struct wasm_instance *in, int64_t deadline)
{
    struct sip *s = enter(in);

    if (deadline > (int64_t)clock_ns()) {
        lock_take(&s->lock);
        sched_block(THREAD_KERNEL, &s->lock, deadline);
    }
    return leave(0);
}

static int64_t sys_clock(struct wasm_instance *in)
{
    stack_touch();
    sched_point();
    return (int64_t)clock_ns();
}

/* ---- the table of imports -------------------------------------------------------------------- */

#define PARAMS_MAX 5
static struct {
    const char *name, *sig;
    void *code;
    struct wasm_functype type;
    uint8_t v[PARAMS_MAX + 1];      /* parameters, then results */
} table[] = {
#define X(name, result, params, sig) { #name, sig, sys_##name, { 0, 0, NULL, NULL }, { 0 } },
    SELKIE_CALLS(X)
#undef X
};
#define CALLS (sizeof table / sizeof *table)

/* "iiI:i": letters of parameters, then of results */
void syscall_init(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        struct wasm_functype *t = &table[i].type;
        uint32_t n = 0;
        t->params = t->results = table[i].v;
        for (const char *c = table[i].sig; *c; c++) {
            if (*c == ':') {
                t->nparams = n;
                t->results = table[i].v + n;
                continue;
            }
            assert(n <= PARAMS_MAX, "a system call has few parameters");
            table[i].v[n++] = *c == 'I' ? WASM_I64 : WASM_I32;
        }
        t->nresults = n - t->nparams;
    }
}

/* The one for as many CPUs as there are. */
static void *code_of(void *one)
{
    static void *const many[][2] = {
        { sys_yield, sys_yield_many }, { sys_wait, sys_wait_many }, { sys_call, sys_call_many },
        { sys_answer_wait, sys_answer_wait_many }, { sys_send, sys_send_many },
    };

    for (unsigned i = 0; cpus_many && i < sizeof many / sizeof *many; i++)
        if (many[i][0] == one)
            return many[i][1];
    return one;
}

bool syscall_find(const char *name, uint32_t len, void **code, const struct wasm_functype **type)
{
    for (unsigned i = 0; i < CALLS; i++) {
        if (strlen(table[i].name) != len || memcmp(table[i].name, name, len) != 0)
            continue;
        *code = code_of(table[i].code);
        *type = &table[i].type;
        return true;
    }
    return false;
}
