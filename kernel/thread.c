/*
 * thread.c - the table of threads, and the tokens that name a thread's present call.
 *
 * A token is the thread's index plus one, and above it the generation of its call: when the call
 * ends, however it ends, the generation moves on and the token is stale. A generation that comes
 * round again does no harm, since an answer must also come from the owner of the endpoint that the
 * call went to. Generations live beside the threads, so that an index can be reused.
 */
#include "kernel/kernel.h"

#define THREADS_MAX 16384u
#define TOKEN_BITS 15

static struct thread *table[THREADS_MAX];
static uint16_t generation[THREADS_MAX];
static uint16_t free_index[THREADS_MAX];
static uint32_t nfree;

void thread_init(void)
{
    for (nfree = 0; nfree < THREADS_MAX; nfree++)
        free_index[nfree] = (uint16_t)(THREADS_MAX - 1 - nfree);
}

static void thread_main(void *arg)
{
    struct thread *t = arg;

    irq_on();
    t->entry(t->arg);
    panic("thread %u: its entry returned", t->index);
}

/* Readies the stack; false if there is no memory for it. */
static bool make_stack(struct thread *t, size_t size)
{
    uintptr_t top;

    if (t->sip) {
        top = t->sip->slot->stack_top;
        if (!fill_checked((void *)(top - 256), 0, 256))
            return false;
    } else if (size) {
        top = t->stack_top = kstack_alloc(size);
        t->stack_size = size;
        if (!top)
            return false;
    } else {
        return true;
    }
    context_init(&t->ctx, top, thread_main, t);
    return true;
}

struct thread *thread_create(struct sip *sip, const char *name, size_t stack_size,
                             void (*entry)(void *), void *arg)
{
    struct thread *t;

    if (nfree == 0 || !(t = kzalloc(sizeof *t)))
        return NULL;
    t->sip = sip;
    t->name = name;
    t->entry = entry;
    t->arg = arg;
    t->state = THREAD_KERNEL;
    list_init(&t->run);
    list_init(&t->of_sip);
    list_init(&t->blocked);
    if (!make_stack(t, stack_size)) {
        kfree(t);
        return NULL;
    }
    t->index = free_index[--nfree];
    t->gen = generation[t->index];
    t->answered = (uint16_t)(t->gen - 1);
    table[t->index] = t;
    return t;
}

void thread_free(struct thread *t)
{
    generation[t->index] = (uint16_t)(t->gen + 1);
    table[t->index] = NULL;
    free_index[nfree++] = (uint16_t)t->index;
    if (t->stack_top)
        kstack_free(t->stack_top, t->stack_size);
    kfree(t);
}

uint32_t thread_token(const struct thread *t)
{
    return (t->index + 1) | (uint32_t)t->gen << TOKEN_BITS;
}

struct thread *thread_of_token(uint32_t token, uint16_t *gen)
{
    uint32_t index = (token & ((1u << TOKEN_BITS) - 1)) - 1;

    *gen = (uint16_t)(token >> TOKEN_BITS);
    return index < THREADS_MAX ? table[index] : NULL;
}
