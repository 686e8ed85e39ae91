/*
 * echo.c - prints its arguments.
 */
#include "sips/sip.h"

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("%s%s", i > 1 ? " " : "", argv[i]);
    puts("");
    return 0;
}
