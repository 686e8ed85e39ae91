/*
 * spawn.c - how a program becomes a SIP: manifest, policy, image, instance (link.c), claims, first
 * thread.
 *
 * Runs in a kernel thread. Compiling and linking may be preempted; what follows them (claim) may
 * not, so that a SIP is seen whole or not at all. Every step that fails says why in words, and
 * sip_free undoes what the earlier ones did. What needs little is started in the call that asks for
 * it (sip_spawn_now): its image is there, with a model of an instance, and small segments.
 */
#include "kernel/kernel.h"

#define DISMISS_NS NS_PER_S

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

static struct sip *make(const struct spawn *sp, struct image *im)
{
    const struct manifest *m = im->manifest;
    uint32_t nmems = im->module->nmems;
    struct sip *s = sip_make(nmems > 1 ? nmems - 1 : 0);

    if (!s)
        return NULL;
    s->quota = quota_within(&sp->quota, &quota_default);
    memcpy(s->name, sp->program->name, sizeof s->name);
    memcpy(s->hash, sp->program->hash, sizeof s->hash);
    s->manifest = im->manifest;
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
    const struct model *model = __atomic_load_n(&s->image->model, __ATOMIC_ACQUIRE);
    struct slot *slot = slot_alloc(m->inst_size, SLOT_STACK_DEFAULT, memory,
                                   model ? model->id : 0, s);

    if (!(s->slot = slot))
        return ERR_NO_MEMORY;
    if (s->quota.memory > half)
        s->quota.memory = half;
    slot->page_limit = (s->quota.memory + (uint64_t)s->quota.threads
                        * (slot->control_size + slot->stack_size)) / PAGE_SIZE;
    s->mem.base = (uint8_t *)slot->base;
    s->mem.ctx = slot;
    for (uint32_t i = 1; i < s->nmems; i++) {
        if (!(slot = slot_alloc(0, 0, 0, 0, s)))
            return ERR_NO_MEMORY;
        s->more_mem[i - 1].base = (uint8_t *)slot->base;
        s->more_mem[i - 1].ctx = slot;
    }
    return 0;
}

/* Are its memories, as they begin, within the limits? */
static err_t fits(const struct sip *s, char *reason, size_t n)
{
    const struct wasm_module *m = s->image->module;
    uint64_t bytes = 0;

    if (s->nmems > SIP_MEMORIES_MAX) {
        ksnprintf(reason, n, "module over a limit: it has more than %u memories", SIP_MEMORIES_MAX);
        return ERR_MODULE;
    }
    for (uint32_t i = 0; i < m->nmems; i++)
        bytes += m->mems[i].lim.min * WASM_PAGE;
    if (bytes <= s->quota.memory)
        return 0;
    ksnprintf(reason, n, "out of memory: it begins with %lu bytes and may have %lu", bytes,
              s->quota.memory);
    return ERR_NO_MEMORY;
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
    *s->in = (struct wasm_instance){ .embedder = s };   /* a kept slot has that of the one before */
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

/* Why a handle that it begins with cannot be had; returns e. */
static err_t no_handle(const struct sip *s, const char *what, err_t e, char *reason, size_t n)
{
    if (e == ERR_LIMIT && s->nhandles >= s->quota.handles)
        ksnprintf(reason, n, "%s: it begins with more handles than the %u it may have", what,
                  s->quota.handles);
    else
        ksnprintf(reason, n, "%s: %s", what, err_text(e));
    return e;
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
            no_handle(s, text, e, reason, n);
        return e;
    }
    return 0;
}

/* Ends those who handle what the program is going to. Who takes their place before it does is found
 * by its claim. */
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

/* Who asks may end, or give up, while it is compiled. */
static err_t wanted(const struct spawn *sp, char *reason, size_t n)
{
    if (!sp->token || kserve_waits(sp->token, sp->asker))
        return 0;
    ksnprintf(reason, n, "whoever asked for it does not wait for it any more");
    return ERR_PEER;
}

/* From here on nothing is preempted, and what can fail leaves no trace. */
static err_t settle(struct sip *s, struct spawn *sp, struct process **process, char *reason,
                    size_t n)
{
    struct process *p;
    struct thread *t;
    err_t e;

    if ((e = wanted(sp, reason, n)) < 0)
        return e;
    p = process_make(s);
    t = p ? thread_create(s, NULL, 0, run, s) : NULL;
    if (!t) {
        kfree(p);
        return sip_no_memory(reason, n, "its thread");
    }
    if ((e = claim_all(s, reason, n)) >= 0 && (e = give_stdio(s, sp->stdio)) < 0)
        no_handle(s, "its stream", e, reason, n);
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

static err_t allowed(const struct spawn *sp, const struct manifest *m, char *reason, size_t n)
{
    return sp->trusted ? 0 : policy_check(sp->program, m, sp->asker, reason, n);
}

/* The image, with a reference: a cached one, or a new one. */
static err_t prepare(const struct spawn *sp, struct image **im, char *reason, size_t n)
{
    const struct program *p = sp->program;
    struct manifest *m;
    err_t e = 0;

    if (!sp->no_cache && (*im = image_find(p->hash))) {
        if ((e = allowed(sp, (*im)->manifest, reason, n)) < 0)
            image_put(*im);
        return e;
    }
    if (!(m = manifest_parse(p->bytes, p->size, &e, reason, n)))
        return e;
    if ((e = allowed(sp, m, reason, n)) >= 0
            && (*im = image_make(p, m, !sp->no_cache, &e, reason, n)))
        return 0;
    manifest_free(m);
    return e;
}

/* The rest; takes the reference. */
static err_t start(struct spawn *sp, struct image *im, struct process **process, char *reason,
                   size_t n)
{
    struct sip *s = make(sp, im);
    err_t e;

    if (!s) {
        image_put(im);
        return sip_no_memory(reason, n, "the process");
    }
    if ((e = fits(s, reason, n)) >= 0 && (e = furnish(s, sp)) < 0)
        sip_no_memory(reason, n, "the process");
    if (e >= 0 && (e = sip_link(s, reason, n)) >= 0) {
        if (sp->replace)
            dismiss_handlers(s->manifest);
        e = settle(s, sp, process, reason, n);
    }
    if (e < 0)
        sip_free(s);
    return e;
}

err_t sip_spawn(struct spawn *sp, struct process **process, char *reason, size_t n)
{
    struct image *im;
    err_t e;

    reason[0] = 0;
    if ((e = wanted(sp, reason, n)) >= 0)
        e = prepare(sp, &im, reason, n);
    return e < 0 ? e : start(sp, im, process, reason, n);
}

bool sip_spawn_now(struct spawn *sp, err_t *e, struct process **process, char *reason, size_t n)
{
    const struct model *m;
    struct image *im;

    if (sp->replace || !(im = image_find(sp->program->hash)))
        return false;
    if (!(m = __atomic_load_n(&im->model, __ATOMIC_ACQUIRE)) || !m->light) {
        image_put(im);
        return false;
    }
    reason[0] = 0;
    sched_hold();
    if ((*e = allowed(sp, im->manifest, reason, n)) < 0)
        image_put(im);
    else
        *e = start(sp, im, process, reason, n);
    sched_unhold();
    return true;
}
