/*
 * trap.c - `trap KIND` does what ends a program, one kind for each trap of wasm; `trap list`
 * names them.
 */
#include "sips/sip.h"

static volatile int zero, minus_one = -1, smallest = INT32_MIN;
static volatile float nan_value;
static volatile uintptr_t far_away = 0xfffffff0;
static volatile uint32_t sink;

static int add(int a, int b)
{
    return a + b;
}

static int (*volatile binary)(int, int) = add;
static uint32_t deeper(uint32_t n);
static uint32_t (*volatile recurse)(uint32_t) = deeper;

static uint32_t deeper(uint32_t n)
{
    return recurse(n + 1) ^ n;
}

static void unreachable(void)
{
    __builtin_trap();
}

static void load(void)
{
    sink = *(volatile uint32_t *)far_away;
}

static void store(void)
{
    *(volatile uint32_t *)far_away = 1;
}

static void fill(void)
{
    memset((void *)far_away, 0, 0x1000);
}

static void div_zero(void)
{
    sink = (uint32_t)(7 / zero);
}

static void overflow(void)
{
    sink = (uint32_t)(smallest / minus_one);
}

static void conversion(void)
{
    nan_value = __builtin_nanf("");
    sink = (uint32_t)__builtin_wasm_trunc_s_i32_f32(nan_value);
}

static void signature(void)
{
    ((void (*)(double))(uintptr_t)binary)(1.0);
}

static void element(void)
{
    ((void (*)(void))far_away)();
}

static void uninitialized(void)
{
    binary = (int (*)(int, int))(uintptr_t)zero;
    sink = (uint32_t)binary(1, 2);
}

static __externref_t table[0];

static void table_access(void)
{
    __builtin_wasm_table_set(table, 0, __builtin_wasm_table_get(table, (int)far_away));
}

static void stack(void)
{
    sink = recurse(0);
}

static const struct { const char *name; void (*run)(void); } kinds[] = {
    { "unreachable", unreachable }, { "memory", load }, { "store", store }, { "fill", fill },
    { "div0", div_zero }, { "overflow", overflow }, { "conversion", conversion },
    { "signature", signature }, { "element", element }, { "uninitialized", uninitialized },
    { "table", table_access }, { "stack", stack },
};

int main(int argc, char **argv)
{
    for (uint32_t i = 0; argc == 2 && i < COUNT(kinds); i++)
        if (!strcmp(argv[1], kinds[i].name)) {
            kinds[i].run();
            printf("trap: %s did not trap\n", argv[1]);
            return 1;
        }
    printf("usage: trap KIND   where KIND is one of");
    for (uint32_t i = 0; i < COUNT(kinds); i++)
        printf(" %s", kinds[i].name);
    puts("");
    return argc == 2 && !strcmp(argv[1], "list") ? 0 : 2;
}
