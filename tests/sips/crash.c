/*
 * crash.c - traps at once.
 */
#include "tests/sips/peer.h"

int main(int argc, char **argv)
{
    __builtin_trap();
}
