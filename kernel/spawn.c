/*
 * spawn.c - how a program becomes a SIP: manifest, policy, image, instance, claims, first thread.
 *
 * Runs in a kernel thread. Compiling and linking may be preempted; what follows them (claim) may
 * not, so that a SIP is seen whole or not at all. Every step that fails says why in words, and
 * sip_free undoes what the earlier ones did.
 */
#include "kernel/kernel.h"

#define ENTRY_NAME "_start"
#define THREAD_NAME "thread_start"
#define DISMISS_NS NS_PER_S

static bool named(struct wasm_name name, const char *text)
{
    return name.len == strlen(text) && memcmp(name.s, text, name.len) == 0;
}

/* Memory 0 may be imported, as `env` `memory`, which changes nothing. */
static bool resolve(void *ctx, const struct wasm_module *m, uint32_t import,
                    struct wasm_extern *out)
{
    const struct wasm_import *im = &m->imports[import];
    struct sip *s = ctx;

    if (im->kind == WASM_MEMORY && im->index == 0 && named(im->module, "env")
            && named(im->field, "memory")) {
        out->kind = WASM_MEMORY;
        out->memory = &s->mem;
        return true;
    }
    if (im->kind != WASM_FUNC || !named(im->module, "selkie"))
        return false;
    out->kind = WASM_FUNC;
    return syscall_find(im->field.s, im->field.len, &out->code, &out->type);
}

static err_t no_memory(char *reason, size_t n, const char *what)
{
    ksnprintf(reason, n, "out of memory for %s", what);
    return ERR_NO_MEMORY;
}

/* ---- the parts ------------------------------------------------------------------------------- */

struct sip *sip_make(uint32_t more_mems)
{
    struct sip *s = kzalloc(sizeof *s + more_mems * sizeof *s->more_mem);

    if (!s)
        return NULL;
    s->nmems = 1 + more_mems;
    s->quota = quota_default;
    s->lock = (struct lock)LOCK(RANK_SIP);
    s->handles = &handles_none;
    s->priority = PRIORITY_NORMAL;
    list_init(&s->all);
    list_init(&s->threads);
    list_init(&s->ready);
    list_init(&s->allocs);
    return s;
}

static struct sip *make(const struct spawn *sp, struct manifest *m, struct image *im)
{
    uint32_t nmems = im->module->nmems;
    struct sip *s = sip_make(nmems > 1 ? nmems - 1 : 0);

    if (!s)
        return NULL;
    s->quota = quota_within(&sp->quota, &quota_default);
    memcpy(s->name, sp->program->name, sizeof s->name);
    memcpy(s->hash, sp->program->hash, sizeof s->hash);
    s->manifest = m;
    s->image = im;
    for (uint32_t i = 0; i < m->count; i++)
        s->handle_manifest |= m->res[i].handle ? 1ull << m->res[i].handle : 0;
    return s;
}

/* The slots: of memory 0 with stacks and instances, and of each further memory. */
static err_t make_slots(struct sip *s)
{
    const struct wasm_module *m = s->image->module;
    uint64_t memory = m->nmems ? m->mems[0].lim.min * WASM_PAGE : 0;
    uint64_t half = page_count_total() / 2 * PAGE_SIZE;
    struct slot *slot = slot_alloc(m->inst_size, SLOT_STACK_DEFAULT, memory, s);

    if (!(s->slot = slot))
        return ERR_NO_MEMORY;
    if (s->quota.memory > half)
        s->quota.memory = half;
    slot->page_limit = (s->quota.memory + (uint64_t)s->quota.threads
                        * (slot->control_size + slot->stack_size)) / PAGE_SIZE;
    s->mem.base = (uint8_t *)slot->base;
    s->mem.ctx = slot;
    for (uint32_t i = 1; i < s->nmems; i++) {
        if (!(slot = slot_alloc(0, 0, 0, s)))
            return ERR_NO_MEMORY;
        s->more_mem[i - 1].base = (uint8_t *)slot->base;
        s->more_mem[i - 1].ctx = slot;
    }
    return 0;
}

/* Slots, instance block, account, arguments. */
static err_t furnish(struct sip *s, const struct spawn *sp)
{
    struct slot *slot;
    err_t e;

    if ((e = make_slots(s)) < 0)
        return e;
    slot = s->slot;
    s->in = (struct wasm_instance *)slot->control;
    s->in->embedder = s;
    /* one page more for the runtime's frames between the image and the kernel */
    s->in->stack_limit = slot->stack_bottom + STACK_KERNEL_NEED + PAGE_SIZE;
    if (!(s->account = kzalloc(sizeof *s->account)))
        return ERR_NO_MEMORY;
    s->account->refs = 1;
    s->account->queued_max = s->quota.queued;
    if (sp->args_len && !(s->args = kmalloc(sp->args_len)))
        return ERR_NO_MEMORY;
    if (sp->args_len)
        memcpy(s->args, sp->args, sp->args_len);
    s->args_len = sp->args_len;
    return 0;
}

static wasm_invoke_fn *invoke_of(struct sip *s, uint32_t func)
{
    return (wasm_invoke_fn *)(uintptr_t)(s->image->code.rx + s->image->compiled->invoke[func]);
}

/* The exported function of this name with so many parameters, all i32, and no results; NULL. */
static wasm_invoke_fn *exported(struct sip *s, const char *name, uint32_t nparams)
{
    const struct wasm_module *m = s->image->module;

    for (uint32_t i = 0; i < m->nexports; i++) {
        const struct wasm_export *x = &m->exports[i];
        const struct wasm_functype *t;
        if (x->kind != WASM_FUNC || !named(x->name, name))
            continue;
        t = &m->types[m->funcs[x->index].type];
        for (uint32_t p = 0; p < t->nparams; p++)
            if (t->params[p] != WASM_I32)
                return NULL;
        return t->nparams == nparams && !t->nresults && !m->funcs[x->index].imported
            ? invoke_of(s, x->index) : NULL;
    }
    return NULL;
}

static err_t find_entries(struct sip *s, char *reason, size_t n)
{
    const struct wasm_module *m = s->image->module;

    if (m->start != UINT32_MAX) {
        if (m->start < m->nimport_funcs) {
            ksnprintf(reason, n, "module unlinkable: its start function is imported");
            return ERR_MODULE;
        }
        s->start = invoke_of(s, m->start);
    }
    s->thread_main = exported(s, THREAD_NAME, 2);
    if ((s->main = exported(s, ENTRY_NAME, 0)))
        return 0;
    ksnprintf(reason, n,
              "module unlinkable: it exports no function \"" ENTRY_NAME "\" of type [] -> []");
    return ERR_MODULE;
}

/* An imported memory is made as the import says. */
static bool make_imported(struct sip *s)
{
    const struct wasm_limits *lim = &s->image->module->mems[0].lim;

    s->mem.has_max = lim->has_max;
    s->mem.shared = lim->shared;
    s->mem.max = lim->has_max ? (uint32_t)lim->max : WASM_MAX_PAGES;
    return lim->min <= WASM_TOP_PAGES && wasm_host_memory_grow(&s->mem, 0, (uint32_t)lim->min);
}

static err_t link(struct sip *s, char *reason, size_t n)
{
    const struct wasm_module *m = s->image->module;
    bool imported = m->nmems && m->mems[0].imported;
    struct wasm_error err;
    enum wasm_errcode code;
    int trap = 0;

    if (imported && !make_imported(s))
        return no_memory(reason, n, "linear memory");
    this_thread()->linking = s;
    code = wasm_instantiate(s->in, s->image->compiled, s->image->code.rx,
                            imported ? s->more_mem : &s->mem, resolve, s, &trap, &err);
    this_thread()->linking = NULL;
    if (code != WASM_OK) {
        s->in = NULL;       /* what it made it has freed */
        ksnprintf(reason, n, code == WASM_NOMEM ? "%s" : "module unlinkable: %s", err.text);
        return code == WASM_NOMEM ? ERR_NO_MEMORY : ERR_MODULE;
    }
    if (s->no_memory)
        return no_memory(reason, n, "initial data");
    if (trap) {
        ksnprintf(reason, n, "module trapped while it was initialised: %s", wasm_trap_text(trap));
        return ERR_MODULE;
    }
    return find_entries(s, reason, n);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static err_t claim(struct sip *s, const struct resource *r, struct sip **owner)
{
    *owner = NULL;
    switch (r->kind) {
    case RES_USE:
        return iface_connect(s, r);
    case RES_SERVE:
        return iface_serve(s, r, owner);
    case RES_CHANNEL:
        return 0;
    case RES_PORT:
        return port_claim(s, (uint16_t)r->first, (uint16_t)r->last, owner);
    case RES_IRQ:
        return irq_claim(s, r->handle, (unsigned)r->first, owner);
    default:
        return window_claim(s, r, owner);
    }
}

/* A window, or device memory, that this machine does not have leaves its handle empty; all else is
 * needed. */
static err_t claim_all(struct sip *s, char *reason, size_t n)
{
    struct sip *owner;
    char text[64];
    err_t e;

    for (uint32_t i = 0; i < s->manifest->count; i++) {
        const struct resource *r = &s->manifest->res[i];
        e = claim(s, r, &owner);
        if (e >= 0 || (e == ERR_NOT_FOUND && r->kind >= RES_WINDOW))
            continue;
        resource_text(r, text, sizeof text);
        if (e == ERR_BUSY && owner)
            ksnprintf(reason, n, "busy: %s is owned by %s (pid %u)", text, owner->name, owner->pid);
        else if (e == ERR_BUSY)
            ksnprintf(reason, n, "busy: %s is owned by the kernel", text);
        else
            ksnprintf(reason, n, "%s: %s", text, err_text(e));
        return e;
    }
    return 0;
}

/* Ends those who handle what the program is going to. One start is made at a time, so nobody takes
 * their place before it. */
static void dismiss_handlers(const struct manifest *m)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct process *p = NULL;
        struct sip *s;
        if (m->res[i].kind == RES_SERVE)
            p = process_of(iface_handler(m->res[i].contract));
        if (!p)
            continue;
        if ((s = __atomic_load_n(&p->sip, __ATOMIC_ACQUIRE)))
            sip_kill(s);
        process_wait(p, (int64_t)(clock_ns() + DISMISS_NS));
        process_drop(p);
    }
}

/* The first thread: on the SIP's own stack. */
static void run(void *arg)
{
    struct sip *s = arg;
    union wasm_value v[1];

    if (s->start)
        s->start(s->in, v);
    s->main(s->in, v);
    sip_exit(0);
}

static err_t give_stdio(struct sip *s, struct object *stdio)
{
    err_t e = 0;

    if (!stdio)
        return 0;
    lock_take(&s->lock);
    if ((e = handle_reserve_at(s, HANDLE_STDIO)) >= 0)
        handle_put(s, HANDLE_STDIO, stdio);
    lock_drop(&s->lock);
    return e;
}

/* From here on nothing is preempted, and what can fail leaves no trace. */
static err_t settle(struct sip *s, struct spawn *sp, struct process **process, char *reason,
                    size_t n)
{
    struct process *p = process_make(s);
    struct thread *t = p ? thread_create(s, NULL, 0, run, s) : NULL;
    err_t e;

    if (!t) {
        kfree(p);
        return no_memory(reason, n, "its thread");
    }
    if ((e = claim_all(s, reason, n)) >= 0 && (e = give_stdio(s, sp->stdio)) < 0)
        no_memory(reason, n, "its handles");
    if (e < 0) {
        kfree(p);
        thread_free(t);
        return e;
    }
    list_push(&s->threads, &t->of_sip);
    s->nthreads = 1;
    s->process = p;
    if (s->quota.cpu)
        __atomic_fetch_add(&quota_shares, 1, __ATOMIC_RELAXED);
    sip_enter(s);
    p->pid = s->pid;
    *process = p;
    sched_start(t);
    return 0;
}

err_t sip_spawn(struct spawn *sp, struct process **process, char *reason, size_t n)
{
    const struct program *p = sp->program;
    struct manifest *m;
    struct image *im;
    struct sip *s;
    err_t e = 0;

    reason[0] = 0;
    if (!(m = manifest_parse(p->bytes, p->size, &e, reason, n)))
        return e;
    if ((!sp->trusted && (e = policy_check(p, m, sp->asker, reason, n)) < 0)
            || !(im = image_get(p, m, !sp->no_cache, &e, reason, n))) {
        manifest_free(m);
        return e;
    }
    if (!(s = make(sp, m, im))) {
        image_put(im);
        manifest_free(m);
        return no_memory(reason, n, "the process");
    }
    if (s->nmems > SIP_MEMORIES_MAX) {
        ksnprintf(reason, n, "module over a limit: it has more than %u memories", SIP_MEMORIES_MAX);
        e = ERR_MODULE;
    } else if ((e = furnish(s, sp)) < 0)
        no_memory(reason, n, "the process");
    else if ((e = link(s, reason, n)) >= 0) {
        if (sp->replace)
            dismiss_handlers(m);
        e = settle(s, sp, process, reason, n);
    }
    if (e < 0)
        sip_free(s);
    return e;
}
