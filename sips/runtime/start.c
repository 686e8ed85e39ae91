/*
 * start.c - entry and exit of a program: fetches the arguments, calls main, flushes, ends.
 */
#include "sips/sip.h"

#define ARGS_BYTES MSG_BYTES_MAX
#define ARGS_MAX 256

int main(int argc, char **argv);

/* Cuts the NUL-terminated strings of n bytes at `text` into argv. */
static int split(char *text, uint32_t n, char **argv)
{
    int argc = 0;

    for (uint32_t i = 0; i < n && argc < ARGS_MAX; i += strlen(text + i) + 1)
        argv[argc++] = text + i;
    argv[argc] = NULL;
    return argc;
}

__attribute__((export_name("_start"))) void _start(void);
void _start(void)
{
    static char text[ARGS_BYTES + 1];
    static char *argv[ARGS_MAX + 1];
    int32_t n = sys_args(ADDR(text), ARGS_BYTES);

    if (n < 0)
        n = 0;
    if (n > (int32_t)ARGS_BYTES)
        n = ARGS_BYTES;
    exit(main(split(text, (uint32_t)n, argv), argv));
}

_Noreturn void exit(int status)
{
    flush();
    sys_exit((uint32_t)status);
    __builtin_unreachable();
}
