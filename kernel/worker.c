/*
 * worker.c - the kernel threads that start programs: compiling takes long, so that it is done by a
 * thread that can be preempted, with a stack that fits the compiler. There are a few, so that a
 * large module, or a handler that is slow to end, does not hold up the others. One program is
 * started by one of them at a time: what is asked for twice is compiled once.
 */
#include "kernel/kernel.h"
#include "iface/kernel_process.h"

#define STACK (256ul << 10)
#define JOBS_MAX 64u
#define WORKERS 4u

struct job {
    struct link link;
    struct spawn sp;
    char args[];
};

static struct lock lock = LOCK(RANK_REGISTRY);     /* of all below */
static struct link jobs = { &jobs, &jobs };
static uint32_t njobs;
static struct worker {
    bool idle;
    const struct program *program;      /* that it is starting */
    struct event more;
} workers[WORKERS];

static void finish(struct job *j)
{
    struct { struct kernel_process_spawn_ans a; char reason[START_REASON_MAX]; } ans = { 0 };
    struct process *p = NULL;

    ans.a.status = sip_spawn(&j->sp, &p, ans.reason, sizeof ans.reason);
    if (ans.a.status < 0 && j->sp.stdio)
        object_drop(j->sp.stdio);
    if (p)
        ans.a.pid = p->pid;
    if (!kserve_answer(j->sp.token, j->sp.asker, &ans,
                       (uint32_t)(sizeof ans.a + strlen(ans.reason)), p ? &p->o : NULL) && p)
        process_undo(&p->o);
}

/* Does another worker start the same? Then its image will be there soon. */
static bool at_work(const struct program *p)
{
    for (unsigned i = 0; i < WORKERS; i++)
        if (workers[i].program && memcmp(workers[i].program->hash, p->hash, sizeof p->hash) == 0)
            return true;
    return false;
}

/* The next one for w, which has done what it did. What it leaves here, because a program is being
 * started already, is found by the one that starts it. */
static struct job *next(struct worker *w)
{
    struct job *found = NULL;

    lock_take(&lock);
    w->program = NULL;
    for (struct link *l = jobs.next; l != &jobs && !found; l = l->next)
        if (!at_work(container_of(l, struct job, link)->sp.program))
            found = container_of(l, struct job, link);
    if (found) {
        list_del(&found->link);
        w->program = found->sp.program;
        njobs--;
    }
    w->idle = !found;
    lock_drop(&lock);
    return found;
}

static void work(void *arg)
{
    struct worker *w = arg;
    struct job *j;

    for (;;) {
        while ((j = next(w))) {
            finish(j);
            kfree(j);
            sched_point();
        }
        event_wait(&w->more, FOREVER);
    }
}

/* Queues it; one of those who have nothing to do is taken for it. */
static bool queue(struct job *j)
{
    struct worker *w = NULL;
    bool room;

    lock_take(&lock);
    if ((room = njobs < JOBS_MAX)) {
        list_push(&jobs, &j->link);
        njobs++;
        for (unsigned i = 0; i < WORKERS && !w; i++)
            w = workers[i].idle ? &workers[i] : NULL;
        if (w)
            w->idle = false;
    }
    lock_drop(&lock);
    if (w)
        event_set(&w->more);
    return room;
}

bool workers_idle(void)
{
    bool idle;

    lock_take(&lock);
    idle = njobs == 0;
    for (unsigned i = 0; i < WORKERS; i++)
        idle &= workers[i].idle;
    lock_drop(&lock);
    return idle;
}

err_t worker_spawn(const struct spawn *sp)
{
    struct job *j;

    if (!(j = kzalloc(sizeof *j + sp->args_len)))
        return ERR_NO_MEMORY;
    j->sp = *sp;
    j->sp.args = j->args;
    memcpy(j->args, sp->args, sp->args_len);
    if (queue(j))
        return 0;
    kfree(j);
    return ERR_FULL;
}

void worker_init(void)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        struct worker *w = &workers[i];
        struct thread *t = thread_create(NULL, "worker", STACK, work, w);
        assert(t, "no memory for the workers");
        w->more = (struct event)EVENT;
        sched_start(t);
    }
}
