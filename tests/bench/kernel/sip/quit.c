/*
 * quit.c - ends at once: what kbench.c starts.
 */
#include "sips/sip.h"

int main(int argc, char **argv)
{
    return 0;
}
