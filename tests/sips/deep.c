/*
 * deep.c - `deep call` and `deep runtime`: recursion without end, with a system call or a call of
 * the runtime at every level: the stack must end before the kernel's part of it.
 */
#include "tests/sips/peer.h"

static volatile uint32_t sink;
static char block[64];
static uint32_t with_call(uint32_t n);
static uint32_t with_runtime(uint32_t n);
static uint32_t (*volatile call)(uint32_t) = with_call;
static uint32_t (*volatile runtime)(uint32_t) = with_runtime;

static uint32_t with_call(uint32_t n)
{
    uint32_t t = (uint32_t)sys_clock();

    return call(n + 1) ^ t;
}

static uint32_t with_runtime(uint32_t n)
{
    memset(block, (int)n, sink + 40);
    return runtime(n + 1) + (uint32_t)__builtin_wasm_memory_grow(0, 0) + block[n & 31];
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "call"))
        return (int)call(0);
    return (int)runtime(0);
}
