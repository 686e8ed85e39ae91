/*
 * quit.c - `quit STATUS` ends at once.
 */
#include "tests/sips/peer.h"

int main(int argc, char **argv)
{
    return (int)number_arg(argc, argv, 1, 0);
}
