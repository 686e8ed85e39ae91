/*
 * sip.c - the life of a SIP after its start, above all its end; and processes, which are what
 * others hold of it.
 *
 * A SIP ends by exit, by a trap, or because somebody kills it. Each marks it as dying, with its
 * status (sip_dying: the first one counts). From then on its threads leave: one that is in the
 * kernel or in the image at its next way out of the kernel (sched_out), for which its CPU is
 * interrupted; one that is blocked or in a run queue is stopped where it stands (stop_threads). The
 * last one to go, or who stopped it, calls sip_end, on a stack that is not the SIP's. What does not
 * succeed at once is left to the reaper, a kernel thread that tries again every millisecond.
 *
 * The order in sip_end: handles close, which answers callers with ERR_PEER and tells peers; ports
 * go; memory goes (of a large SIP a little later, and bit by bit: grave.c); whoever holds the
 * process gets MSG_EXIT. After it, nothing in the kernel remembers the SIP but its process object,
 * if somebody holds that.
 */
#include "kernel/kernel.h"

#define RETRY_NS NS_PER_MS
#define STOP_BATCH 32u

static struct lock lock = LOCK(RANK_TABLE);     /* of the list, last_pid, graves */
static struct link sips = { &sips, &sips };     /* in order of pid */
static uint32_t last_pid;
static struct link graves = { &graves, &graves };   /* dying, for the reaper (`all`) */
static struct event reap_more = EVENT, bury_more = EVENT;

uint32_t sip_list(uint32_t after, struct sip *to[], uint32_t n)
{
    uint32_t found = 0;

    lock_take(&lock);
    for (struct link *l = sips.next; l != &sips && found < n; l = l->next)
        if (container_of(l, struct sip, all)->pid > after)
            to[found++] = container_of(l, struct sip, all);
    lock_drop(&lock);
    return found;
}

struct sip *sip_next(uint32_t after)
{
    struct sip *s;

    return sip_list(after, &s, 1) ? s : NULL;
}

struct sip *sip_find(uint32_t pid)
{
    struct sip *s = pid ? sip_next(pid - 1) : NULL;

    return s && s->pid == pid ? s : NULL;
}

size_t sip_pages(void)
{
    size_t n = 0;

    lock_take(&lock);
    for (struct link *l = sips.next; l != &sips; l = l->next)
        n += container_of(l, struct sip, all)->slot->pages;
    lock_drop(&lock);
    return n;
}

void sip_enter(struct sip *s)
{
    s->running = true;
    s->started = clock_ns();
    lock_take(&lock);
    s->pid = ++last_pid;
    list_push(&sips, &s->all);
    lock_drop(&lock);
}

/* Memory that SIPs asked for is theirs whether they have touched it or not, and the kernel and
 * small programs keep an eighth: whoever asks for all does not take the pages of the others. */
bool memory_promise(int64_t bytes)
{
    static size_t charged;
    size_t all = page_count_total() * PAGE_SIZE;
    size_t now = __atomic_add_fetch(&charged, (size_t)bytes, __ATOMIC_RELAXED);

    if (bytes > 0 && now > all - all / 8) {
        __atomic_fetch_sub(&charged, (size_t)bytes, __ATOMIC_RELAXED);
        return false;
    }
    return true;
}

bool sip_charge(struct sip *s, int64_t bytes)
{
    if (!memory_promise(bytes))
        return false;
    __atomic_fetch_add(&s->charged, (size_t)bytes, __ATOMIC_RELAXED);
    return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void give_back(struct reclaim *r)
{
    kfree(container_of(r, struct sip, reclaim));
}

static void process_put(struct process *p);

void sip_free(struct sip *s)
{
    sched_hold();
    for (uint32_t h = 0; h < s->handles->cap; h++)
        handle_close(s, h);
    port_release(s);
    if (s->in)
        wasm_instance_free(s->in);
    wasm_host_free_all(s);
    if (s->slot)
        slot_free(s->slot);
    for (uint32_t i = 1; i < s->nmems; i++)
        if (s->more_mem[i - 1].ctx)
            slot_free(s->more_mem[i - 1].ctx);
    futexes_free(s->futexes);
    if (s->image)
        image_put(s->image);
    if (s->charged)
        sip_charge(s, -(int64_t)s->charged);
    account_put(s->account);
    handles_free(s->handles);
    kfree(s->why);
    kfree(s->args);
    reclaim(&s->reclaim, give_back);
    if (grave_any())
        event_set(&bury_more);
    sched_unhold();
}

/* It has no thread. Tells who holds the process, last of all. */
static void sip_end(struct sip *s)
{
    struct process *p = s->process;
    struct exit_info info = s->info;

    assert(!s->ended && !s->nthreads, "a SIP ends once, without threads");
    lock_take(&s->lock);
    s->ended = true;
    lock_drop(&s->lock);
    lock_take(&lock);
    list_del(&s->all);
    lock_drop(&lock);
    if (s->quota.cpu)
        __atomic_fetch_sub(&quota_shares, 1, __ATOMIC_RELAXED);
    policy_forget(s->pid);
    sip_free(s);
    lock_take(&p->lock);
    p->info = info;
    dwell(DWELL_ENDED, NULL);
    __atomic_store_n(&p->sip, NULL, __ATOMIC_RELEASE);      /* process_wait may read info now */
    object_notify(&p->o);
    lock_drop(&p->lock);
    event_set(&p->ended);
    process_put(p);
}

bool sip_dying(struct sip *s, const struct exit_info *info)
{
    bool first;

    lock_take(&s->lock);
    if ((first = !s->dying))
        s->info = *info;
    __atomic_store_n(&s->dying, true, __ATOMIC_RELEASE);
    lock_drop(&s->lock);
    return first;
}

/* Takes t, which will not run again, out of its SIP; true: it was the last one. */
static bool thread_gone(struct thread *t)
{
    struct sip *s = t->sip;
    bool last;

    lock_take(&s->lock);
    list_del(&t->of_sip);
    sip_thread_gone(t);
    s->tsc += t->tsc;
    last = --s->nthreads == 0;
    lock_drop(&s->lock);
    thread_free(t);
    return last;
}

/* Stops those that can be, interrupts the others; true: no thread is left, and it was us who took
 * the last one. */
static bool stop_threads(struct sip *s)
{
    struct thread *t[STOP_BATCH];
    struct link *l;
    uint32_t n, stopped = 1;

    while (stopped) {
        n = stopped = 0;
        lock_take(&s->lock);
        for (l = s->threads.next; l != &s->threads && n < STOP_BATCH; l = l->next)
            t[n++] = container_of(l, struct thread, of_sip);
        lock_drop(&s->lock);
        for (uint32_t i = 0; i < n; i++) {
            if (thread_stop(t[i])) {
                stopped++;
                if (thread_gone(t[i]))
                    return true;
            } else if (glance(t[i]->core) != this_core()) {
                cpu_wake(glance(t[i]->core)->cpu->id);
            }
        }
    }
    return false;
}

/*
 * What could not be stopped at once is the reaper's. Whoever takes the last thread away ends the
 * SIP and takes it out of every list then; hence it can still be put into one while it has threads.
 */
static void leave_to_reaper(struct sip *s)
{
    lock_take(&lock);
    if (__atomic_load_n(&s->nthreads, __ATOMIC_RELAXED)) {
        list_del(&s->all);
        list_push(&graves, &s->all);
    }
    lock_drop(&lock);
}

/* False: it is left to the reaper. */
static bool stop_now(struct sip *s)
{
    bool ended = stop_threads(s);

    if (ended)
        sip_end(s);
    else
        leave_to_reaper(s);
    return ended;
}

static void stop(struct sip *s)
{
    if (!stop_now(s))
        event_set(&reap_more);
}

static void reap(void *arg)
{
    struct link round, *l;

    for (;;) {
        event_wait(&reap_more, list_looks_empty(&graves) ? FOREVER
                   : (int64_t)(clock_ns() + RETRY_NS));
        list_init(&round);
        lock_take(&lock);
        while ((l = list_pop(&graves)))
            list_push(&round, l);
        lock_drop(&lock);
        while ((l = list_first(&round)))
            stop_now(container_of(l, struct sip, all));     /* or later: it sleeps in between */
    }
}

/* Gives back what large SIPs had, while others run. */
static void bury(void *arg)
{
    for (;;) {
        event_wait(&bury_more, FOREVER);
        while (grave_step())
            sched_point();
    }
}

/* On the CPU's stack: the thread is gone, and what that means for its SIP. */
static void end_thread(void *arg)
{
    struct thread *t = arg;
    struct sip *s = t->sip;

    if (thread_gone(t))
        sip_end(s);
    else if (guess(s->dying))
        stop(s);
}

_Noreturn void sip_leave(void)
{
    struct thread *t = this_thread();

    if (t->sip->call)
        sip_call_end(t->sip, WASM_TRAP_KILLED);
    sched_leave(end_thread, t);
}

_Noreturn void sip_exit(int32_t status)
{
    struct exit_info info = { .status = status };

    sip_dying(this_thread()->sip, &info);
    sip_leave();
}

bool sip_kill(struct sip *s)
{
    struct exit_info info = { .status = 128 + WASM_TRAP_KILLED, .trap = WASM_TRAP_KILLED };

    sched_hold();
    ksnprintf(info.text, sizeof info.text, "%s", wasm_trap_text(WASM_TRAP_KILLED));
    sched_unhold();
    if (!sip_dying(s, &info))
        return false;
    if (this_thread()->sip != s)
        stop(s);
    else
        sched_ask();                    /* it leaves on its way out of this call */
    return true;
}

void sip_init(void)
{
    struct thread *t = thread_create(NULL, "reaper", 65536, reap, NULL);
    struct thread *u = thread_create(NULL, "burier", 16384, bury, NULL);

    assert(t && u, "no memory for the reaper");
    t->priority = t->level = PRIORITY_HIGH;
    sched_start(t);
    sched_start(u);
}

/* ---- processes ------------------------------------------------------------------------------- */

struct process *process_make(struct sip *s)
{
    struct process *p = kzalloc(sizeof *p);

    if (!p)
        return NULL;
    p->lock = (struct lock)LOCK(RANK_OBJECT);
    p->ended = (struct event)EVENT;
    object_init(&p->o, HANDLE_PROCESS, &p->lock);
    p->refs = 2;
    p->sip = s;
    return p;
}

struct process *process_of(uint32_t pid)
{
    struct process *p = NULL;

    lock_take(&lock);
    for (struct link *l = sips.next; l != &sips && !p; l = l->next)
        if (container_of(l, struct sip, all)->pid == pid)
            p = container_of(l, struct sip, all)->process;
    if (p)
        __atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
    lock_drop(&lock);
    return p;
}

static void process_give_back(struct reclaim *r)
{
    kfree(container_of(r, struct process, reclaim));
}

static void process_put(struct process *p)
{
    if (__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) == 0)
        reclaim(&p->reclaim, process_give_back);
}

err_t process_receive(struct process *p, const struct rx *rx)
{
    struct parcel c = { .kind = MSG_EXIT, .data = (const uint8_t *)&p->info,
                        .len = sizeof p->info };
    err_t r;

    if (p->sip)
        return ERR_EMPTY;
    if (p->told)
        return ERR_PEER;
    r = msg_deliver(p->o.owner, rx, p->o.number, &c);
    p->told = r >= 0;
    return r;
}

void process_drop(struct process *p)
{
    process_put(p);
}

void process_orphan(struct process *p)
{
    lock_take(&p->lock);
    p->orphan = true;
    lock_drop(&p->lock);
    process_put(p);
}

void process_undo(struct object *o)
{
    struct process *p = container_of(o, struct process, o);
    struct sip *s = __atomic_load_n(&p->sip, __ATOMIC_ACQUIRE);

    if (s)
        sip_kill(s);
    object_drop(o);
}

err_t process_adopt(uint32_t pid, struct object **o)
{
    struct process *p = process_of(pid);
    bool orphan;

    if (!p)
        return ERR_NOT_FOUND;
    lock_take(&p->lock);
    orphan = p->orphan;
    p->orphan = false;
    lock_drop(&p->lock);
    if (orphan)
        *o = &p->o;             /* with this reference */
    else
        process_put(p);
    return orphan ? 0 : ERR_BUSY;
}

bool process_wait(struct process *p, int64_t deadline)
{
    while (__atomic_load_n(&p->sip, __ATOMIC_ACQUIRE))
        if (!event_wait(&p->ended, deadline))
            return !__atomic_load_n(&p->sip, __ATOMIC_ACQUIRE);
    return true;
}
