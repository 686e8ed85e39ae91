/* hello.c - the smallest program, for cold starts. */
#include <stdio.h>

int main(void)
{
    puts("Hello, world!");
    return 0;
}
