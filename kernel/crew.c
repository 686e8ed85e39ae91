/*
 * crew.c - compiling on all CPUs: a kernel thread for each CPU but one, which joins in when a large
 * module is compiled. Function bodies are independent, and the image does not depend on who
 * compiles them (wasm.h). One module at a time; whoever comes second compiles alone.
 */
#include "kernel/kernel.h"

#define STACK (256ul << 10)

static struct lock lock = LOCK(RANK_TABLE);     /* of the four below */
static struct wasm_image *job;
static unsigned inside;                         /* who works on it, besides its owner */
static struct event left = EVENT;               /* the last one has left */
static struct event come[CPU_MAX];
static unsigned members;

static void help(struct wasm_image *img)
{
    wasm_compile_work(img);
    lock_take(&lock);
    if (--inside == 0)
        event_set(&left);
    lock_drop(&lock);
}

static void member(void *arg)
{
    struct event *call = arg;
    struct wasm_image *img;

    for (;;) {
        event_wait(call, FOREVER);
        lock_take(&lock);
        if ((img = job))
            inside++;
        lock_drop(&lock);
        if (img)
            help(img);
    }
}

/* False: there is nobody, or they work for somebody else. */
static bool call_all(struct wasm_image *img)
{
    bool mine;

    lock_take(&lock);
    if ((mine = members && !job))
        job = img;
    lock_drop(&lock);
    for (unsigned i = 0; mine && i < members; i++)
        event_set(&come[i]);
    return mine;
}

static void send_home(void)
{
    bool wait;

    do {
        lock_take(&lock);
        job = NULL;
        wait = inside > 0;
        lock_drop(&lock);
        if (wait)
            event_wait(&left, FOREVER);
    } while (wait);
}

void crew_compile(struct wasm_image *img)
{
    bool helped = call_all(img);

    wasm_compile_work(img);
    if (helped)
        send_home();
}

void crew_init(void)
{
    struct thread *t;

    for (unsigned i = 0; i + 1 < cpus_up(); i++) {
        come[i] = (struct event)EVENT;
        if (!(t = thread_create(NULL, "compiler", STACK, member, &come[i])))
            return;
        sched_start(t);
        members++;
    }
}
