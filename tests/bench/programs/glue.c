/* glue.c - functions that wasi-libc declares and does not define; see glue.h. */
#include <stdio.h>
#include <stdlib.h>

int system(const char *command)
{
    return -1;
}

FILE *tmpfile(void)
{
    return NULL;
}

char *tmpnam(char *s)
{
    return NULL;
}
