/*
 * echo.c - prints its arguments; with none, the lines that it reads, until the end of input.
 */
#include "sips/sip.h"

int main(int argc, char **argv)
{
    static char line[1024];

    for (int i = 1; i < argc; i++)
        printf("%s%s", i > 1 ? " " : "", argv[i]);
    if (argc > 1)
        puts("");
    while (argc <= 1 && read_line(line, sizeof line) >= 0)
        puts(line);
    return 0;
}
