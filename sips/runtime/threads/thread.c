/*
 * thread.c - threads: starting one, and waiting for its end.
 *
 * Each is an instance of the module with globals of its own (kernel/sip_thread.c). Its stack for
 * addressable variables and, above that, its thread-local variables stand in one block of malloc.
 * The kernel calls thread_start, which makes the stack pointer of that block, and says that it has
 * ended when nothing there is used any more: so it is written in assembly. What it wakes may have
 * freed *t by then; then that is a wake for no reason, which everybody who waits is ready for.
 */
#include "sips/thread.h"

#define ALIGN 16u

_Static_assert(offsetof(struct thread, stack_top) == 0 && offsetof(struct thread, ended) == 4,
               "thread_start says so");

void __wasm_init_tls(void *at);
void thread_main(uint32_t number, struct thread *t);

/* void thread_start(uint32_t number, struct thread *t) */
__asm__(".globaltype __stack_pointer, i32\n"
        ".functype thread_main (i32, i32) -> ()\n"
        ".section .text.thread_start,\"\",@\n"
        ".globl thread_start\n"
        ".type thread_start,@function\n"
        ".export_name thread_start, thread_start\n"
        "thread_start:\n"
        ".functype thread_start (i32, i32) -> ()\n"
        "local.get 1\n" "i32.load 0\n" "global.set __stack_pointer\n"
        "local.get 0\n" "local.get 1\n" "call thread_main\n"
        "local.get 1\n" "i32.const 1\n" "i32.atomic.store 4\n"
        "local.get 1\n" "i32.const -1\n" "memory.atomic.notify 4\n" "drop\n"
        "end_function\n");

static _Thread_local uint32_t own_number;

uint32_t thread_number(void)
{
    return own_number;
}

static uintptr_t align_up(uintptr_t a, uintptr_t to)
{
    return (a + to - 1) & ~(to - 1);
}

/* Where the thread-local variables stand. */
static void *locals(const struct thread *t)
{
    return (void *)align_up(t->stack_top, __builtin_wasm_tls_align());
}

void thread_main(uint32_t number, struct thread *t)
{
    if (__builtin_wasm_tls_size())
        __wasm_init_tls(locals(t));
    own_number = number;
    t->fn(t->arg);
}

int32_t thread_create(struct thread *t, void (*fn)(void *), void *arg, uint32_t stack)
{
    int32_t r;

    stack = (uint32_t)align_up(stack ? stack : THREAD_STACK, ALIGN);
    t->fn = fn;
    t->arg = arg;
    t->ended = 0;
    t->memory = malloc(stack + __builtin_wasm_tls_size() + __builtin_wasm_tls_align());
    if (!t->memory)
        return ERR_NO_MEMORY;
    t->stack_top = (uint32_t)(uintptr_t)t->memory + stack;
    if ((r = sys_thread(ADDR(t))) < 0)
        free(t->memory);
    return r;
}

void thread_join(struct thread *t)
{
    while (!__atomic_load_n(&t->ended, __ATOMIC_ACQUIRE))
        futex_wait(&t->ended, 0, FOREVER);
    free(t->memory);
    t->memory = NULL;
}
