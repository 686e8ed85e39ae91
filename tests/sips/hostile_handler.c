/*
 * hostile_handler.c - hostile.h as the handler of `clock`, and its own client.
 */
#include "sips/thread.h"
#include "tests/sips/hostile.h"
#include "iface/clock.h"

SERVE(IFACE_CLOCK, CLIENTS, 2);
USE(IFACE_CLOCK, CLOCK, 3);
