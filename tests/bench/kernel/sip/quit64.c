/*
 * quit64.c - the same with 64 KiB.
 */
#include "sips/sip.h"

static volatile uint8_t data[65536] = { [0 ... 65535] = 1 };

int main(int argc, char **argv)
{
    return data[argc] - 1;
}
