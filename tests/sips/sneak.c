/*
 * sneak.c - uses a port that its manifest does not declare.
 */
#include "tests/sips/peer.h"

PORTS(2e8, 2ef);
PORT_IN8(outside, 0x2f0);

int main(int argc, char **argv)
{
    return (int)outside();
}
