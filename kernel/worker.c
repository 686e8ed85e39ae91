/*
 * worker.c - the kernel threads that start programs: compiling takes long, so that it is done by a
 * thread that can be preempted, with a stack that fits the compiler. There are a few, so that a
 * large module, or a handler that is slow to end, does not hold up the others.
 */
#include "kernel/kernel.h"
#include "iface/kernel_process.h"

#define STACK (256ul << 10)
#define JOBS_MAX 64u
#define WORKERS 4u

struct job {
    struct link link;
    uint32_t token;                 /* 0: nobody waits for it */
    struct spawn sp;
    char args[];
};

static struct lock lock = LOCK(RANK_REGISTRY);     /* of all below */
static struct link jobs = { &jobs, &jobs };
static uint32_t njobs;
static struct worker { bool idle; struct event more; } workers[WORKERS];

static err_t start(struct job *j, struct process **process, char *reason)
{
    err_t e = store_find(j->args, &j->sp.program);

    if (e == ERR_EXISTS)
        ksnprintf(reason, START_REASON_MAX, "%.64s: more than one program begins so", j->args);
    else if (e < 0)
        ksnprintf(reason, START_REASON_MAX, "%.64s: no such program", j->args);
    else
        e = sip_spawn(&j->sp, process, reason, START_REASON_MAX);
    if (e < 0 && j->sp.stdio)
        object_drop(j->sp.stdio);
    return e;
}

static void finish(struct job *j)
{
    struct { struct kernel_process_spawn_ans a; char reason[START_REASON_MAX]; } ans = { 0 };
    struct process *p = NULL;

    ans.a.status = start(j, &p, ans.reason);
    if (p)
        ans.a.pid = p->pid;
    if (!j->token && ans.a.status < 0)
        panic("%s: %s", j->args, ans.reason);
    if (j->token)
        kserve_answer(j->token, &ans, (uint32_t)(sizeof ans.a + strlen(ans.reason)),
                      p ? &p->o : NULL);
    else
        object_drop(&p->o);
}

static struct job *next(struct worker *w)
{
    struct link *l;

    lock_take(&lock);
    if ((l = list_pop(&jobs)))
        njobs--;
    w->idle = !l;
    lock_drop(&lock);
    return l ? container_of(l, struct job, link) : NULL;
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

err_t worker_spawn(uint32_t token, const struct spawn *sp)
{
    struct job *j;

    if (!(j = kzalloc(sizeof *j + sp->args_len)))
        return ERR_NO_MEMORY;
    j->token = token;
    j->sp = *sp;
    j->sp.args = j->args;
    memcpy(j->args, sp->args, sp->args_len);
    if (queue(j))
        return 0;
    kfree(j);
    return ERR_FULL;
}

void worker_first(const char *args, uint32_t args_len)
{
    struct spawn sp = { .args = args, .args_len = args_len, .trusted = true };
    err_t e = worker_spawn(0, &sp);

    assert(e >= 0, "the first program can be queued");
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
