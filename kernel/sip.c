/*
 * sip.c - the life of a SIP after its start, above all its end; and processes, which are what
 * others hold of it.
 *
 * A SIP ends by exit, by a trap, or because somebody kills it; each leads to sip_end, which runs
 * on a stack that is not the SIP's. The order there: threads stop; handles close, which answers
 * callers with ERR_PEER and tells peers; ports go; whoever holds the process gets MSG_EXIT; memory
 * goes. After it, nothing in the kernel remembers the SIP but its process object, if somebody
 * holds that.
 */
#include "kernel/kernel.h"

static struct link sips = { &sips, &sips };     /* in order of pid; lock: the list's */
static uint32_t last_pid;

struct sip *sip_find(uint32_t pid)
{
    struct sip *s = pid ? sip_next(pid - 1) : NULL;

    return s && s->pid == pid ? s : NULL;
}

struct sip *sip_next(uint32_t after)
{
    for (struct link *l = sips.next; l != &sips; l = l->next) {
        struct sip *s = container_of(l, struct sip, all);
        if (s->pid > after)
            return s;
    }
    return NULL;
}

size_t sip_pages(void)
{
    size_t n = 0;

    for (struct link *l = sips.next; l != &sips; l = l->next)
        n += container_of(l, struct sip, all)->slot->pages;
    return n;
}

void sip_enter(struct sip *s)
{
    s->pid = ++last_pid;
    s->running = true;
    s->started = clock_ns();
    list_push(&sips, &s->all);
}

/* Memory that SIPs asked for is theirs whether they have touched it or not, and the kernel and
 * small programs keep an eighth: whoever asks for all does not take the pages of the others. */
bool sip_charge(struct sip *s, int64_t bytes)
{
    static size_t charged;
    size_t all = page_count_total() * PAGE_SIZE;

    if (bytes > 0 && charged + (size_t)bytes > all - all / 8)
        return false;
    charged += (size_t)bytes;
    s->charged += (size_t)bytes;
    return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void end_threads(struct sip *s)
{
    struct link *l;

    while ((l = list_pop(&s->threads))) {
        struct thread *t = container_of(l, struct thread, of_sip);
        wait_done(t);
        if (t->call_end)
            chan_call_done(t);
        list_del(&t->blocked);
        sched_remove(t);
        thread_free(t);
    }
}

void sip_free(struct sip *s)
{
    sched_hold();
    end_threads(s);
    for (uint32_t h = 0; h < s->handle_cap; h++)
        handle_close(s, h);
    port_release(s);
    if (s->in)
        wasm_instance_free(s->in);
    wasm_host_free_all(s);
    if (s->slot)
        slot_free(s->slot);
    if (s->image)
        image_put(s->image);
    sip_charge(s, -(int64_t)s->charged);
    account_put(s->account);
    manifest_free(s->manifest);
    kfree(s->why);
    kfree(s->handle);
    kfree(s->args);
    kfree(s);
    sched_unhold();
}

void sip_end(struct sip *s)
{
    struct process *p = s->process;
    struct exit_info info = s->info;

    assert(!s->ending, "a SIP ends once");
    s->ending = true;
    list_del(&s->all);
    sip_free(s);
    if (!p)
        return;
    p->sip = NULL;
    p->info = info;
    if (p->kwaiter && p->kwaiter->state == THREAD_KERNEL)   /* else its deadline has passed */
        sched_wake(p->kwaiter, 0);
    object_notify(&p->o);
}

static void end_current(void *arg)
{
    sip_end(arg);
}

_Noreturn void sip_leave(struct sip *s)
{
    sched_leave(end_current, s);
}

_Noreturn void sip_exit(int32_t status)
{
    struct sip *s = this_thread()->sip;

    s->info.status = status;
    sip_leave(s);
}

void sip_killed(struct sip *s)
{
    const char *text;

    sched_hold();
    text = wasm_trap_text(WASM_TRAP_KILLED);
    sched_unhold();
    s->info.status = 128 + WASM_TRAP_KILLED;
    s->info.trap = WASM_TRAP_KILLED;
    ksnprintf(s->info.text, sizeof s->info.text, "%s", text);
}

err_t sip_kill(uint32_t pid)
{
    struct sip *s = sip_find(pid);

    if (!s)
        return ERR_NOT_FOUND;
    sip_killed(s);
    if (this_thread()->sip == s)
        sip_leave(s);
    sip_end(s);
    return 0;
}

/* ---- processes ------------------------------------------------------------------------------- */

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
    if (p->sip)
        p->sip->process = NULL;
    kfree(p);
}

bool process_wait(struct process *p, int64_t deadline)
{
    if (!p->sip)
        return true;
    p->kwaiter = this_thread();
    sched_block(THREAD_KERNEL, deadline);
    p->kwaiter = NULL;
    return !p->sip;
}
