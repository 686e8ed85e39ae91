/*
 * forever.c - an endless loop without any call.
 */
#include "tests/sips/peer.h"

int main(int argc, char **argv)
{
    volatile uint32_t n = 0;

    for (;;)
        n++;
}
