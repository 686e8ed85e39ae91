/*
 * kserve_process.c - interface kernel-process: starting, ending and listing SIPs.
 */
#include "kernel/kernel.h"
#include "iface/kernel_process.h"

static struct quota asked(const struct kernel_process_limits *l, const struct quota *parent)
{
    struct quota q = { l->memory, l->queued, l->handles, l->threads, l->cpu };

    return quota_within(&q, parent);
}

/* Starts it at once, if that takes little: false if not. */
static bool spawn_now(struct kcall *k, struct spawn *sp)
{
    struct kernel_process_spawn_ans *a;
    struct process *p = NULL;
    char reason[START_REASON_MAX];
    err_t e;

    if (!sip_spawn_now(sp, &e, &p, reason, sizeof reason))
        return false;
    a = kserve_reply(k, sizeof *a);
    a->status = e;
    if (e < 0) {
        kserve_text(k, reason);
        return true;
    }
    a->pid = p->pid;
    k->answer_obj = &p->o;
    k->undo = process_undo;
    k->obj[0] = NULL;
    return true;
}

static void refuse(struct kcall *k, err_t e, const char *reason)
{
    struct kernel_process_spawn_ans *a = kserve_reply(k, sizeof *a);

    a->status = e;
    kserve_text(k, reason);
}

static void spawn(struct kcall *k)
{
    const struct kernel_process_spawn_req *q = kserve_request(k, sizeof *q);
    const char *args = (const char *)(q + 1);
    struct spawn sp = { .asker = k->sip->pid, .token = k->token };
    char reason[START_REASON_MAX];
    uint32_t n;
    err_t e;

    if (!q)
        return;
    n = k->len - (uint32_t)sizeof *q;
    if (n == 0 || n > ARGS_MAX || args[n - 1] != 0 || args[0] == 0 || k->nobj > 1 || !k->token
            || q->flags & ~KERNEL_PROCESS_REPLACE
            || (k->nobj && k->obj[0]->kind != HANDLE_CHANNEL)) {
        refuse(k, ERR_ARGUMENT, err_text(ERR_ARGUMENT));
        return;
    }
    if ((e = store_look_up(args, &sp.program, reason, sizeof reason)) < 0) {
        refuse(k, e, reason);
        return;
    }
    sp.args = args;
    sp.args_len = n;
    sp.stdio = k->obj[0];
    sp.quota = asked(&q->limits, &k->sip->quota);
    sp.replace = q->flags & KERNEL_PROCESS_REPLACE;
    if (spawn_now(k, &sp))
        return;
    if ((e = worker_spawn(&sp)) < 0) {
        refuse(k, e, e == ERR_FULL ? "too many programs are being started" : err_text(e));
        return;
    }
    k->obj[0] = NULL;
    k->later = true;
}

static void kill(struct kcall *k)
{
    const struct kernel_process_kill_req *q = kserve_request(k, sizeof *q);
    struct sip *s;

    if (!q)
        return;
    if ((s = sip_find(q->pid)))
        sip_kill(s);
    kserve_status(k, s ? 0 : ERR_NOT_FOUND);
}

static void adopt(struct kcall *k)
{
    const struct kernel_process_adopt_req *q = kserve_request(k, sizeof *q);
    err_t e;

    if (!q)
        return;
    e = process_adopt(q->pid, &k->answer_obj);
    kserve_status(k, e);
}

static uint32_t state_of(const struct sip *s)
{
    static const uint8_t states[] = {
        [THREAD_SENDING] = KERNEL_PROCESS_SENDING, [THREAD_CALLING] = KERNEL_PROCESS_CALLING,
        [THREAD_WAITING] = KERNEL_PROCESS_WAITING, [THREAD_KERNEL] = KERNEL_PROCESS_WAITING,
        [THREAD_ENDED] = KERNEL_PROCESS_ENDED,
    };

    const struct thread *t = container_of(s->threads.next, struct thread, of_sip);

    if (list_empty(&s->threads))
        return KERNEL_PROCESS_ENDED;
    if (thread_blocked(t) || t->state == THREAD_ENDED)
        return states[t->state];
    return __atomic_load_n(&t->core->cpu->current, __ATOMIC_RELAXED) == t
        ? KERNEL_PROCESS_RUNNING : KERNEL_PROCESS_READY;
}

/* Pages of all its memories, what the runtime holds, and blocks. */
static uint64_t memory_of(const struct sip *s)
{
    size_t pages = s->slot->pages;

    for (uint32_t i = 1; i < s->nmems; i++)
        pages += ((struct slot *)s->more_mem[i - 1].ctx)->pages;
    return pages * PAGE_SIZE + s->alloc_bytes + s->account->blocks;
}

/* With the lock of s, which has not ended. */
static void describe(const struct sip *s, struct kernel_process_sip *to)
{
    uint64_t ms = (clock_ns() - s->started) / NS_PER_MS;

    memset(to, 0, sizeof *to);
    to->pid = s->pid;
    to->state = state_of(s);
    to->handles = s->nhandles;
    to->memory = memory_of(s);
    to->messages = s->messages;
    to->threads = s->nthreads;
    to->cpu_ns = sched_sip_ns(s);
    to->queued = (uint32_t)s->account->queued;
    to->share = (uint32_t)(to->cpu_ns / 1000 / (ms + 1));
    to->limit = (struct kernel_process_limits){
        s->quota.memory, s->quota.queued, s->quota.handles, s->quota.threads, s->quota.cpu,
    };
    memcpy(to->name, s->name, sizeof to->name);
}

static bool look_at(struct sip *s, struct kernel_process_sip *to)
{
    bool there;

    lock_take(&s->lock);
    if ((there = !s->ended))
        describe(s, to);
    lock_drop(&s->lock);
    return there;
}

#define LISTED ((MSG_BYTES_MAX - sizeof(struct kernel_process_list_ans)) \
    / sizeof(struct kernel_process_sip))

/* One walk over the SIPs finds as many as an answer holds. Who asks takes an empty one for the end:
 * it is that only if there is nobody any more, not if those that were found have just ended. */
static void list(struct kcall *k)
{
    const struct kernel_process_list_req *q = kserve_request(k, sizeof *q);
    struct kernel_process_sip one;
    struct sip *some[LISTED];
    uint32_t after, n, listed = 0;

    if (!q)
        return;
    after = q->after;
    sched_charge(this_core());      /* what the caller has used it has, whoever runs next */
    kserve_reply(k, sizeof(struct kernel_process_list_ans));
    while (!listed && (n = sip_list(after, some, LISTED)) > 0) {
        for (uint32_t i = 0; i < n; i++) {
            after = some[i]->pid;
            if (!look_at(some[i], &one))
                continue;
            memcpy(k->answer + k->answer_len, &one, sizeof one);
            k->answer_len += sizeof one;
            listed++;
        }
    }
}

static void handlers(struct kcall *k)
{
    const struct kernel_process_handlers_req *q = kserve_request(k, sizeof *q);
    struct kernel_process_handler one = { 0 };
    struct iface_info info;
    uint32_t n;

    if (!q)
        return;
    n = q->first;
    kserve_reply(k, sizeof(struct kernel_process_handlers_ans));
    for (; k->answer_len + sizeof one <= MSG_BYTES_MAX && iface_at(n, &info); n++) {
        one.pid = info.pid;
        one.waiting = info.waiting;
        one.kernel = info.kernel;
        memcpy(one.id, info.id, sizeof one.id);
        memcpy(one.name, info.name, sizeof one.name);
        memcpy(k->answer + k->answer_len, &one, sizeof one);
        k->answer_len += sizeof one;
    }
}

static void call(struct kcall *k)
{
    switch (*(const uint32_t *)k->request) {
    case KERNEL_PROCESS_SPAWN:
        spawn(k);
        break;
    case KERNEL_PROCESS_KILL:
        kill(k);
        break;
    case KERNEL_PROCESS_LIST:
        list(k);
        break;
    case KERNEL_PROCESS_ADOPT:
        adopt(k);
        break;
    case KERNEL_PROCESS_HANDLERS:
        handlers(k);
        break;
    default:
        kserve_status(k, ERR_UNSUPPORTED);
    }
}

const struct kserve kserve_process = {
    IFACE_KERNEL_PROCESS, IFACE_KERNEL_PROCESS_TEXT, call,
};
