/*
 * hello.c - the smallest program: says hello, and to whom it is told.
 */
#include "sips/sip.h"

int main(int argc, char **argv)
{
    printf("Hello, %s!\n", argc > 1 ? argv[1] : "world");
    return 0;
}
